"""What a launch offers of services is noted when it changed, and only where the platform itself lives."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.lms.models import LmsCourse, LmsLink
from lti_tool.lms.operations import NONE
from lti_tool.lti.offered import AGS, NRPS, PNS, read
from tests.conftest import StandingClock
from tests.lti.test_cost import statements
from tests.platform import VISIT, LyingPlatform, Visitor

HOME = ("https://moodle.example", "https://login.moodle.example/auth")
RECORDED = Path(__file__).parents[1] / "recordings" / "canvas"


def offers(**urls: Any) -> dict[str, Any]:
    return {
        NRPS: {"context_memberships_url": urls.get("members"), "service_versions": ["2.0"]},
        AGS: {"scope": urls.get("scope", []), "lineitems": urls.get("items"), "lineitem": urls.get("item")},
        PNS: {"platform_notification_service_url": urls.get("notices")},
    }


def test_what_canvas_offers_is_read_on_the_host_it_came_from() -> None:
    body = json.loads((RECORDED / "lti_id_token_course_navigation_learner.json").read_text())
    hosts = ("https://canvas.instructure.com", "https://canvas.stjude-trust.example")
    found = read(body, hosts)
    assert found.memberships_url == "https://canvas.stjude-trust.example/api/lti/courses/314/names_and_roles"
    assert found.lineitems_url == "https://canvas.stjude-trust.example/api/lti/courses/314/line_items"
    assert found.lineitem_url == ""
    assert found.notices_url == "https://canvas.stjude-trust.example/api/lti/notice-handlers/17"
    assert [scope.rsplit("/")[-1] for scope in found.scopes] == ["lineitem", "result.readonly", "score"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/members",
        "http://moodle.example/members",
        "https://moodle.example:8443/members",
        "https://moodle.example@evil.example/members",
        "https://evil.example@moodle.example/members",
        "https://moodle.example.evil.example/members",
        "https://moodle.example/members#x",
        "https://moodle.example/mem bers",
        "https://moodle.example/\r\nX: y",
        "https://moodle.example/ü",
        "https://school.instructure.com/members",
        "https://moodle.example/" + 1000 * "x",
        "file:///etc/passwd",
        "",
        None,
        7,
        ["https://moodle.example/members"],
        {"a": 1},
        "$Context.memberships.url",
    ],
)
def test_an_address_anywhere_else_is_as_if_it_was_not_there(url: Any) -> None:
    assert read(offers(members=url, items=url, item=url, notices=url), HOME) == NONE


def test_schools_that_instructure_hosts_have_their_own_host_below_it() -> None:
    offered = offers(members="https://school.instructure.com/m", items="https://instructure.com.evil.example/i")
    found = read(offered, ("https://canvas.instructure.com",), hosted_canvas=True)
    assert (found.memberships_url, found.lineitems_url) == ("https://school.instructure.com/m", "")
    plain = read(offers(members="http://school.instructure.com/m"), (), hosted_canvas=True)
    assert plain == NONE


@pytest.mark.parametrize("odd", [None, [], "x", 3, {"scope": "a b"}, {"scope": [1, None, "evil", 200 * "x"]}])
def test_odd_claims_offer_nothing(odd: Any) -> None:
    assert read({NRPS: odd, AGS: odd, PNS: odd}, HOME) == NONE


@pytest.fixture
def offering(platform: LyingPlatform, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the platform offer what a test says, from now on."""
    said: dict[str, Any] = {}
    honest = platform.claims

    def claims(visit: Any, nonce: str) -> dict[str, Any]:
        kept = {name: value for name, value in honest(visit, nonce).items() if name not in {NRPS, AGS, PNS}}
        return {**kept, **said}

    monkeypatch.setattr(platform, "claims", claims)

    def offer(**urls: str) -> None:
        said.clear()
        said.update(offers(**urls))

    return offer


def kept(database: Database) -> list[tuple[str, str, str, Any]]:
    with database.reading() as db:
        query = select(LmsCourse.context_id, LmsCourse.memberships_url, LmsCourse.lineitems_url, LmsCourse.seen_at)
        return [tuple(row) for row in db.execute(query)]


def test_an_ordinary_launch_writes_nothing_of_it(
    visitor: Visitor, platform: LyingPlatform, offering: Any, database: Database, clock: StandingClock
) -> None:
    home = platform.issuer
    offering(members=f"{home}/m", items=f"{home}/i", item=f"{home}/i/3", notices=f"{home}/n")
    visitor.launch()
    assert kept(database) == [(VISIT.course.id, f"{home}/m", f"{home}/i", clock())]  # type: ignore[union-attr]
    with database.reading() as db:
        assert db.scalars(select(LmsLink.lineitem_url)).all() == [f"{home}/i/3"]
    clock.forward(days=6)
    with statements(database) as seen:
        visitor.launch()
    assert not [one for one in seen if "lms_" in one and not one.startswith("SELECT")]
    clock.forward(days=1)
    visitor.launch()
    assert kept(database)[0][-1] == clock(), "that the course is in use is noted once a week"


def test_what_is_no_longer_offered_is_forgotten_and_what_moved_is_followed(
    visitor: Visitor, platform: LyingPlatform, offering: Any, database: Database
) -> None:
    home = platform.issuer
    offering(members=f"{home}/m", items=f"{home}/i")
    visitor.launch()
    offering(members=f"{home}/moved")
    visitor.launch()
    assert kept(database)[0][1:3] == (f"{home}/moved", "")
    offering()
    visitor.launch()
    assert kept(database)[0][1:3] == ("", "")


def test_a_course_without_services_leaves_no_row(visitor: Visitor, offering: Any, database: Database) -> None:
    offering()
    visitor.launch()
    visitor.launch(dataclasses.replace(VISIT, course=None))
    assert kept(database) == []
