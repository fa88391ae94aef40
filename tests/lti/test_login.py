"""The login that a platform starts: by GET and POST, with and without a client id, sent on at once."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from lti_tool.db import Database
from lti_tool.jobs.schedule import Work, tasks
from lti_tool.lti.models import LoginState
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lti.conftest import register
from tests.platform import BASE_URL, TOOL, VISIT, LyingPlatform, Visitor, lying_platform


def rows(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(LoginState)) or 0


@pytest.mark.parametrize("method", ["post", "get"])
@pytest.mark.parametrize("client_id", [TOOL.client_id, None])
def test_a_login_is_sent_on_at_once(
    visitor: Visitor, platform: LyingPlatform, database: Database, method: str, client_id: str | None
) -> None:
    answer = visitor.login(method=method, client_id=client_id)
    assert answer.status_code == 302
    address, query = answer.headers["Location"].split("?")
    asked = {name: values for name, (values,) in parse_qs(query).items()}
    assert address == platform.auth_url
    assert len(asked.pop("state")) > 30
    assert len(asked.pop("nonce")) > 30
    assert asked.pop("lti_message_hint")
    assert asked == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": TOOL.client_id,
        "redirect_uri": f"{BASE_URL}/lti/launch",
        "login_hint": VISIT.user.subject,
    }
    assert rows(database) == 1


@pytest.mark.parametrize("method", ["post", "get"])
def test_either_way_leads_in(visitor: Visitor, method: str) -> None:
    assert visitor.launch(method=method).status_code == 303
    assert visitor.launch(method=method, client_id=None).status_code == 303


def test_without_a_client_id_the_issuer_must_have_one_platform(
    visitor: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock
) -> None:
    register(database, platform, clock(), client_id="client-2")
    answer = visitor.login(client_id=None)
    assert answer.status_code == 403
    assert "Code L03" in answer.get_data(as_text=True)
    assert visitor.login().status_code == 302


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"iss": None}, 400, "L03"),
        ({"iss": "https://unknown.example"}, 403, "L03"),
        ({"iss": "\x00"}, 400, "L03"),
        ({"iss": "x" * 5000}, 400, "L03"),
        ({"client_id": "client-of-another-tool"}, 403, "L03"),
        ({"login_hint": None}, 400, "L05"),
        ({"target_link_uri": None}, 400, "L05"),
        ({"target_link_uri": "https://evil.example/lti/launch"}, 400, "L05"),
        ({"target_link_uri": "http://localhost:5000.evil.example/"}, 400, "L05"),
        ({"target_link_uri": "http://localhost:5000@evil.example/"}, 400, "L05"),
        ({"target_link_uri": "http://localhost:5001/lti/launch"}, 400, "L05"),
        ({"target_link_uri": "https://localhost:5000/lti/launch"}, 400, "L05"),
        ({"target_link_uri": "//localhost:5000/lti/launch"}, 400, "L05"),
        ({"target_link_uri": "javascript:alert(1)"}, 400, "L05"),
        ({"target_link_uri": "http://localhost:5000/\r\nSet-Cookie: a=b"}, 400, "L05"),
        ({"lti_deployment_id": "y" * 300}, 400, "L05"),
    ],
)
def test_a_login_that_can_not_be_is_a_page(
    visitor: Visitor, database: Database, changed: dict[str, str | None], status: int, code: str
) -> None:
    answer = visitor.login(**changed)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert f"Code {code}" in answer.get_data(as_text=True)
    assert rows(database) == 0


def test_a_visit_by_hand_is_a_page_too(app: Flask, database: Database) -> None:
    for answer in (app.test_client().get("/lti/login"), app.test_client().post("/lti/launch")):
        assert answer.status_code == 400
        assert answer.mimetype == "text/html"


def test_nobody_logged_in_at_moodle_is_a_page_not_moodles_dead_end(
    app: Flask, database: Database, clock: StandingClock, visitor: Visitor
) -> None:
    """Moodle starts a login of user 0, to which its auth.php can only say "Invalid request" (mod/lti/auth.php:58)."""
    with lying_platform(clock=clock) as platform:
        register(database, platform, clock(), product="moodle")
        answer = Visitor(visitor.client, platform).login(login_hint="0")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "Log eerst in bij je leeromgeving" in page
    assert "Moodle van De Linde" in page
    assert rows(database) == 0
    assert visitor.login(login_hint="0").status_code == 302, "elsewhere 0 may be somebody"


def test_canvas_calls_it_deployment_id_in_its_documents(visitor: Visitor, database: Database) -> None:
    visitor.login(lti_deployment_id=None, deployment_id="17:abc")
    with database.reading() as db:
        assert db.scalar(select(LoginState.deployment_id)) == "17:abc"


def test_what_an_lms_calls_itself_can_not_be_more_than_text(visitor: Visitor) -> None:
    page = visitor.login(iss='https://x.example"><script>alert(1)</script>').get_data(as_text=True)
    assert "alert(1)" not in page


def test_two_tabs_at_once_do_not_disturb_each_other(visitor: Visitor) -> None:
    first, second = (visitor.authorize(visitor.login()) for _ in range(2))
    assert visitor.post(first).status_code == 303
    assert visitor.post(second).status_code == 303


def test_three_hundred_people_of_one_hospital_log_in_within_a_minute(app: Flask, platform: LyingPlatform) -> None:
    statuses = {Visitor(app.test_client(), platform).login().status_code for _ in range(300)}
    assert statuses == {302}


def test_the_schedule_clears_logins_nobody_came_back_from(
    visitor: Visitor, database: Database, clock: StandingClock, settings: Settings
) -> None:
    visitor.login()
    clock.forward(minutes=9)
    visitor.login()
    clock.forward(minutes=2)
    (clear,) = (task for task in tasks() if task.name.startswith("lti: clear logins"))
    with database.writing() as db:
        clear.do(Work(db, clock(), settings))
    assert rows(database) == 1


def test_the_platforms_own_address_is_not_an_open_redirect(visitor: Visitor) -> None:
    """The browser is only ever sent to the address that an admin registered."""
    location = visitor.login(auth_url="https://evil.example", redirect_uri="https://evil.example").headers["Location"]
    assert urlsplit(location).netloc == urlsplit(visitor.platform.auth_url).netloc
    assert "evil" not in location
