"""The platform's storage as proof of a launch, for a frame whose cookies don't come back: the server's half. What the
browser does is in tests/e2e/test_frame.py.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from lti_tool.db import Database
from lti_tool.lti.models import LaunchCount, LoginState, TabTicket
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.web.session import COOKIE
from tests.conftest import StandingClock
from tests.lti.helpers import arrivals
from tests.platform import VISIT, LyingPlatform, Visitor

PROBE, STORED = "__Host-lti-probe", "__Host-lti-stored"
FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}
RECORDED = json.loads((Path(__file__).parents[1] / "recordings/canvas/lti_login_initiation.json").read_text())
TARGET = RECORDED["lti_storage_target"]


def login(visitor: Visitor, headers: dict[str, str] | None = None, **changed: str) -> TestResponse:
    fields = {**visitor.platform.begin(VISIT).fields, "lti_storage_target": TARGET, **changed}
    return visitor.client.post("/lti/login", data=fields, headers=FRAME if headers is None else headers)


def told(page: TestResponse) -> dict[str, str]:
    """What the page tells its script."""
    found = re.search(r"<(?:div|form)[^>]* data-storage=[^>]*>", page.get_data(as_text=True))
    assert found, page.get_data(as_text=True)
    return {name: value.replace("&amp;", "&") for name, value in re.findall(r'data-(\w+)="([^"]*)"', found[0])}


def cookies(answer: TestResponse) -> dict[str, str]:
    return {line.split("=", 1)[0]: line for line in answer.headers.getlist("Set-Cookie")}


def probe_of(answer: TestResponse) -> str:
    """Name of the cookie that shows whether cookies live there, set or taken back by this answer."""
    (name,) = (name for name in cookies(answer) if name.startswith(PROBE))
    return name


def ticket_in(answer: TestResponse) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', answer.get_data(as_text=True))
    assert found
    return found[1]


@dataclasses.dataclass
class Waiting:
    """A launch that is held, and what the platform's storage has of it."""

    client: FlaskClient
    page: TestResponse
    proof: str

    def shows(self, *, ticket: str = "", proof: str = "", probe: bool = True) -> TestResponse:
        if not probe:
            self.client.delete_cookie(probe_of(self.page))
        data = {"ticket": ticket or ticket_in(self.page), "proof": proof or self.proof}
        return self.client.post("/lti/launch/proof", data=data, headers=FRAME)


def held(visitor: Visitor, **changed: str) -> Waiting:
    """A launch whose cookie did not come back, in a frame with storage."""
    page = login(visitor, **changed)
    assert page.status_code == 200
    stored = told(page)
    asked = dict(pair.split("=", 1) for pair in urlsplit(stored["url"]).query.split("&"))
    fields = visitor.authorize(_sent_to(stored["url"]))
    assert fields["state"] == asked["state"]
    visitor.client._cookies.clear()
    waits = visitor.post(fields)
    assert waits.status_code == 200
    return Waiting(visitor.client, waits, stored["value"])


def _sent_to(url: str) -> Any:
    """The answer of a browser that went to this address by itself."""

    class Answer:
        status_code = 302
        headers = {"Location": url}  # noqa: RUF012

    return Answer()


@pytest.fixture
def waiting(visitor: Visitor) -> Waiting:
    return held(visitor)


def test_in_a_frame_with_storage_a_page_puts_the_proof_there_and_goes_on(
    visitor: Visitor, platform: LyingPlatform, database: Database
) -> None:
    page = login(visitor)
    stored = told(page)
    assert stored["storage"] == "put"
    assert stored["target"] == TARGET
    assert stored["origin"] == platform.issuer
    assert stored["url"].startswith(platform.auth_url + "?")
    assert f'href="{stored["url"].replace("&", "&amp;")}"' in page.get_data(as_text=True), "a link without script"
    (state,) = cookies(page)
    assert state.startswith("__Host-lti-"), "the cookie is set too"
    value = cookies(page)[state].split("=", 1)[1].split(";")[0]
    assert stored["value"] not in (value, "")
    assert value not in stored["key"]
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    nonces = set(re.findall(r'<script[^>]*nonce="([^"]+)"', page.get_data(as_text=True)))
    assert all(f"'nonce-{nonce}'" in policy for nonce in nonces)
    with database.reading() as db:
        row = db.execute(select(LoginState.proof_hash, LoginState.storage_target, LoginState.again)).one()
    assert row.storage_target == TARGET
    assert len(row.proof_hash) == 32
    assert stored["value"].encode() not in row.proof_hash
    assert VISIT.user.subject.encode() not in row.again


@pytest.mark.parametrize(
    ("headers", "changed"),
    [
        ({"Sec-Fetch-Dest": "document"}, {}),
        ({}, {}),
        (FRAME, {"lti_storage_target": ""}),
        (FRAME, {"lti_storage_target": "x" * 101}),
        (FRAME, {"lti_storage_target": '"><script>'}),
    ],
)
def test_everywhere_else_a_login_is_sent_on_at_once(
    visitor: Visitor, database: Database, headers: dict[str, str], changed: dict[str, str]
) -> None:
    """Outside a frame there is nobody to talk with, and a time-out would only keep people waiting."""
    answer = login(visitor, headers, **changed)
    assert answer.status_code == 302
    with database.reading() as db:
        assert db.scalar(select(LoginState.proof_hash)) is None


def test_only_canvas_is_asked_around_its_frame(visitor: Visitor, database: Database) -> None:
    assert told(login(visitor))["fallback"] == ""
    with database.writing() as db:
        db.execute(update(PlatformRow).values(product="canvas"))
    assert told(login(visitor))["fallback"] == "*"


def test_with_its_cookie_a_launch_walks_in_and_what_is_stored_is_taken_out(
    visitor: Visitor, platform: LyingPlatform
) -> None:
    stored = told(login(visitor))
    answer = visitor.post(visitor.authorize(_sent_to(stored["url"])))
    assert answer.status_code == 303
    left = cookies(answer)[STORED]
    assert f"{stored['key']}|{TARGET}|{platform.issuer}" in left
    assert stored["value"] not in left
    assert "HttpOnly" not in left, "a script reads it"


def test_the_page_that_asks_has_no_proof_in_it(waiting: Waiting, platform: LyingPlatform) -> None:
    asks, html = told(waiting.page), waiting.page.get_data(as_text=True)
    assert asks["storage"] == "get"
    assert (asks["target"], asks["origin"]) == (TARGET, platform.issuer)
    assert waiting.proof not in html
    assert "Open in een eigen tabblad" in html, "the way that always works is on it"
    assert COOKIE not in cookies(waiting.page)
    probe = cookies(waiting.page)[probe_of(waiting.page)]
    assert ticket_in(waiting.page) not in probe
    for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert part in probe.split("; ")
    assert f"frame-ancestors 'self' {platform.issuer}" in waiting.page.headers["Content-Security-Policy"]


def test_the_proof_and_a_cookie_that_lives_lead_in(waiting: Waiting, database: Database, visitor: Visitor) -> None:
    answer = waiting.shows()
    assert answer.status_code == 303
    assert COOKIE in cookies(answer)
    assert "Max-Age=0" in cookies(answer)[probe_of(waiting.page)]
    page = waiting.client.get(answer.headers["Location"], headers=FRAME)
    assert page.status_code == 200
    assert f"frame-ancestors 'self' {visitor.platform.issuer}" in page.headers["Content-Security-Policy"]
    (arrived,) = arrivals(database)
    assert arrived["frame_hosts"] == visitor.platform.issuer
    with database.reading() as db:
        assert db.execute(select(LaunchCount.way, LaunchCount.launches)).all() == [("storage", 1)]
    fresh = visitor.launch()
    assert fresh.headers["Location"] == answer.headers["Location"], "the same page as by the cookie"


def test_it_leads_in_once(waiting: Waiting) -> None:
    assert waiting.shows().status_code == 303
    waiting.client.set_cookie(probe_of(waiting.page), "1")
    again = waiting.shows()
    assert again.status_code == 400
    assert "Code L02" in again.get_data(as_text=True)


def test_nobody_is_led_into_the_name_of_somebody_else(visitor: Visitor, app: Flask) -> None:
    """Who began a login knows its proof, and may post it from their own site in the browser of a victim, whose frame
    keeps cookies and has the one of another launch that waits."""
    attacker = held(visitor)
    victim = app.test_client()
    other = held(Visitor(victim, visitor.platform))
    victim.set_cookie(PROBE, "1")
    pushed = {"ticket": ticket_in(attacker.page), "proof": attacker.proof}
    answer = victim.post("/lti/launch/proof", data=pushed, headers={"Sec-Fetch-Site": "cross-site"})
    assert COOKIE not in cookies(answer)
    assert "Open in een eigen tabblad" in answer.get_data(as_text=True)
    assert COOKIE in cookies(other.shows()), "their own waits undisturbed"


def test_where_no_session_can_live_a_tab_is_the_way(waiting: Waiting, app: Flask) -> None:
    answer = waiting.shows(probe=False)
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    assert "Open in een eigen tabblad" in html
    assert "data-storage" not in html, "it is not asked a second time"
    assert COOKIE not in cookies(answer)
    tab = app.test_client()
    assert tab.post("/lti/tab", data={"ticket": ticket_in(answer)}).status_code == 303
    assert "Verder als Fatma?" in tab.get("/lti/tab").get_data(as_text=True)


@pytest.mark.parametrize("lie", ["of-nobody", "\x00", "x" * 5000, "é"])
def test_a_wrong_proof_leads_nobody_in_and_can_not_be_tried_again(waiting: Waiting, lie: str) -> None:
    answer = waiting.shows(proof=lie)
    assert answer.status_code == 200
    assert "Open in een eigen tabblad" in answer.get_data(as_text=True)
    assert COOKIE not in cookies(answer)
    assert COOKIE not in cookies(waiting.shows()), "the right one comes too late"


def test_nobody_uses_the_ticket_or_the_proof_of_another(app: Flask, platform: LyingPlatform) -> None:
    """An attacker has a good launch of their own, and lets a colleague's browser bring it; or the other way round."""
    attacker, victim = (held(Visitor(app.test_client(), platform)) for _ in range(2))
    theirs = ticket_in(attacker.page)
    pushed = victim.shows(ticket=theirs)
    assert COOKIE not in cookies(pushed), "their ticket, with what this browser's storage has"
    assert COOKIE not in cookies(attacker.shows(ticket=ticket_in(victim.page)))


def test_it_may_take_ten_minutes(waiting: Waiting, clock: StandingClock) -> None:
    clock.forward(minutes=10)
    late = waiting.shows()
    assert late.status_code == 400
    assert "Klik daar nog een keer op de link" in late.get_data(as_text=True)


def test_a_launch_in_a_tab_is_no_longer_provable_in_the_frame(waiting: Waiting, app: Flask) -> None:
    ticket = ticket_in(waiting.page)
    assert app.test_client().post("/lti/tab", data={"ticket": ticket}).status_code == 303
    assert waiting.shows().status_code == 400


def test_without_storage_the_page_asks_nobody(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    visitor.client._cookies.clear()
    page = visitor.post(fields)
    assert "data-storage" not in page.get_data(as_text=True)
    assert not [name for name in cookies(page) if name.startswith(PROBE)]


def test_a_used_login_keeps_no_secret(waiting: Waiting, database: Database) -> None:
    with database.reading() as db:
        assert db.execute(select(LoginState.proof_hash, LoginState.again)).one() == (None, None)
        hashes = db.scalars(select(TabTicket.proof_hash)).all()
    assert all(waiting.proof.encode() not in (one or b"") for one in hashes)


def test_what_a_frame_hides_from_the_lms_is_begun_again_in_a_window_of_its_own(
    visitor: Visitor, platform: LyingPlatform, app: Flask
) -> None:
    url = told(login(visitor))["url"]
    state = dict(pair.split("=", 1) for pair in urlsplit(url).query.split("&"))["state"]
    data = {"error": "login_required", "state": state}
    answer = visitor.client.post("/lti/launch", data=data, headers=FRAME)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "Je leeromgeving herkent je hier niet" in html
    assert 'action="/lti/login" target="_blank"' in html
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    window = Visitor(app.test_client(), platform)
    sent_on = window.client.post("/lti/login", data=fields, headers={"Sec-Fetch-Dest": "document"})
    assert window.post(window.authorize(sent_on)).status_code == 303, "there it does work"
    outside = visitor.client.post("/lti/launch", data=data, headers={"Sec-Fetch-Dest": "document"})
    assert "/lti/login" not in outside.get_data(as_text=True), "a window that is one already offers none"


@pytest.mark.parametrize(
    ("error", "status", "code", "title"),
    [
        ("login_required", 401, "L02", "Je leeromgeving herkent je hier niet"),
        ("interaction_required", 401, "L02", "Je leeromgeving wil je eerst iets vragen"),
        ("unauthorized_client", 403, "L04", "Leerkring staat hier uit"),
        ("invalid_request_object", 401, "L05", "Je leeromgeving begrijpt Leerkring niet"),
        ("launch_no_longer_valid", 400, "L02", "Het openen duurde te lang"),
        ("temporarily_unavailable", 400, "L02", "Je leeromgeving is even niet bereikbaar"),
        ("server_error", 400, "L02", "Er ging iets mis bij je leeromgeving"),
        ("access_denied", 403, "L08", "Je hebt hier nog geen toegang"),
    ],
)
def test_every_error_of_an_lms_has_words_of_its_own(
    visitor: Visitor, error: str, status: int, code: str, title: str
) -> None:
    fields = visitor.authorize(visitor.login())
    answer = visitor.post({"error": error, "state": fields["state"]})
    html = answer.get_data(as_text=True)
    assert (answer.status_code, f"Code {code}" in html, title in html) == (status, True, True)
    assert "<form" not in html, "a window of its own would not help"


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("LtiSubmissionReviewRequest", "Leerkring heeft geen werk om na te kijken"),
        ("LtiStartAssessment", "Dit kan Leerkring niet laten zien"),
    ],
)
def test_what_leerkring_does_not_have_is_no_fault_of_the_connection(
    visitor: Visitor, platform: LyingPlatform, said: str, title: str
) -> None:
    platform.change = lambda body: {**body, "https://purl.imsglobal.org/spec/lti/claim/message_type": said}
    answer = visitor.launch()
    html = answer.get_data(as_text=True)
    assert (answer.status_code, title in html, "Code L13" in html) == (400, True, True)
    assert "koppeling" not in html.split("<main")[1].split('class="helpdesk')[0]


def test_a_visitor_of_a_public_course_hears_that_one_must_log_in(visitor: Visitor, platform: LyingPlatform) -> None:
    platform.change = lambda body: body.pop("sub")
    answer = visitor.launch()
    assert answer.status_code == 401
    assert "Deze cursus is openbaar, Leerkring niet." in answer.get_data(as_text=True)
