"""Launches that don't go through: in the reader's language, with a line for the helpdesk, without a name."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from lti_tool.db import Database
from lti_tool.organisations.models import Deployment
from lti_tool.organisations.operations import accept_deployment
from tests.conftest import StandingClock
from tests.lti.conftest import register
from tests.lti.helpers import arrivals
from tests.platform import LTI, LyingPlatform, Visitor, lying_platform

SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15"
CHROME = "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"


def another_deployment(platform: LyingPlatform, name: str = "2") -> None:
    platform.change = lambda said: {**said, LTI + "deployment_id": name}


def test_the_line_for_the_helpdesk_holds_code_time_lms_deployment_and_browser(
    visitor: Visitor, platform: LyingPlatform
) -> None:
    platform.change = lambda said: said.pop("exp")
    for agent, browser in ((SAFARI, "Safari 19"), (CHROME, "Chrome 156"), ("", "")):
        fields = visitor.authorize(visitor.login())
        answer = visitor.client.post("/lti/launch", data=fields, headers={"User-Agent": agent})
        page = answer.get_data(as_text=True)
        for part in ("Code L05", "wo 25 nov 2026, 07:52", "Moodle van De Linde", "koppeling 1", browser):
            assert part in page
        assert "Fatma" not in page


@pytest.mark.parametrize(
    ("locale", "accept", "language"),
    [("nl", "en", "nl"), ("en", "nl", "en"), ("de", "en-GB,en", "en"), ("de", "fr", "nl"), (None, "en", "en")],
)
def test_a_refusal_speaks_the_readers_language(
    visitor: Visitor, platform: LyingPlatform, locale: str | None, accept: str, language: str
) -> None:
    platform.change = lambda said: {**said, "exp": 1, LTI + "launch_presentation": {"locale": locale}}
    fields = visitor.authorize(visitor.login())
    answer = visitor.client.post("/lti/launch", data=fields, headers={"Accept-Language": accept})
    assert f'<html lang="{language}"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("login_required", 401, "L02"),
        ("launch_no_longer_valid", 400, "L02"),
        ("unauthorized_client", 403, "L04"),
        ("access_denied", 403, "L08"),
        ("invalid_request_object", 401, "L05"),
        ("<script>alert(1)</script>", 401, "L05"),
        ("x" * 5000, 401, "L05"),
    ],
)
def test_the_platforms_own_error_is_a_page(visitor: Visitor, error: str, status: int, code: str) -> None:
    fields = visitor.authorize(visitor.login())
    with capture_logs() as logs:
        answer = visitor.post({"error": error, **fields})
    assert answer.status_code == 303, "a token that is there wins"
    fields = visitor.authorize(visitor.login())
    with capture_logs() as logs:
        told = {"error": error, "error_description": "Fatma Yildiz is not enrolled", "state": fields["state"]}
        answer = visitor.post(told)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert f"Code {code}" in page
    assert "Moodle van De Linde" in page
    assert "alert(1)" not in page + repr(logs)
    assert "Fatma" not in page + repr(logs)


def test_an_unknown_deployment_waits_for_the_admin(
    visitor: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock
) -> None:
    another_deployment(platform)
    for _ in range(2):
        answer = visitor.launch(lti_deployment_id=None)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 403
        assert "Leerkring staat hier nog niet aan" in page
        assert "Code L04" in page
        assert "koppeling 2" in page
    assert not arrivals(database)
    with database.reading() as db:
        waiting = db.execute(select(Deployment).where(Deployment.deployment_id == "2")).scalars().all()
    assert [(row.accepted_at, row.first_seen_at) for row in waiting] == [(None, clock())]
    with database.writing() as db:
        accept_deployment(db, waiting[0].platform_id, "2", now=clock())
    assert visitor.launch(lti_deployment_id=None).status_code == 303


def test_without_a_deployment_the_first_one_seen_is_accepted_and_later_ones_wait(
    app: object, database: Database, clock: StandingClock, visitor: Visitor
) -> None:
    with lying_platform(clock=clock) as platform:
        register(database, platform, clock(), deployment_ids=())
        walker = Visitor(visitor.client, platform)
        another_deployment(platform, "first")
        assert walker.launch(lti_deployment_id=None).status_code == 303
        another_deployment(platform, "second")
        assert walker.launch(lti_deployment_id=None).status_code == 403
        another_deployment(platform, "first")
        assert walker.launch(lti_deployment_id=None).status_code == 303


def test_a_login_that_is_not_signed_makes_no_deployment(visitor: Visitor, database: Database) -> None:
    visitor.login(lti_deployment_id="made up")
    with database.reading() as db:
        assert list(db.scalars(select(Deployment.deployment_id))) == ["1"]


def test_a_refused_launch_may_be_shown_in_any_frame_but_holds_nothing(
    visitor: Visitor, platform: LyingPlatform
) -> None:
    platform.change = lambda said: said.pop("exp")
    answer = visitor.launch()
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "<form" not in answer.get_data(as_text=True)
    assert "no-store" in answer.headers["Cache-Control"]
