"""No cookie came back: not an error, but a page that opens a tab of one's own, without anybody being pushed into
another name.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from lti_tool.db import Database
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.web.session import COOKIE
from tests.conftest import StandingClock
from tests.lti.helpers import arrivals
from tests.platform import FATMA, VISIT, LyingPlatform, Visitor

TAB_COOKIE = "__Host-lti-tab"


def ticket_in(answer: TestResponse) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', answer.get_data(as_text=True))
    assert found, answer.get_data(as_text=True)
    return found[1]


def asks(tab: FlaskClient, ticket: str) -> TestResponse:
    """Bring a ticket to a tab. Returns the page with the question."""
    sent = tab.post("/lti/tab", data={"ticket": ticket})
    assert sent.status_code == 303
    assert sent.headers["Location"] == "/lti/tab"
    return tab.get("/lti/tab")


@pytest.fixture
def held(visitor: Visitor) -> TestResponse:
    """A launch in a frame that keeps no cookies."""
    fields = visitor.authorize(visitor.login())
    visitor.client._cookies.clear()
    return visitor.post(fields)


@pytest.fixture
def tab(app: Flask) -> FlaskClient:
    """A tab of one's own: no cookies of the frame in it."""
    return app.test_client()


def cookies(answer: TestResponse) -> dict[str, str]:
    return {line.split("=", 1)[0]: line for line in answer.headers.getlist("Set-Cookie")}


def test_no_cookie_is_a_page_with_a_way_out(held: TestResponse, platform: LyingPlatform) -> None:
    page = held.get_data(as_text=True)
    assert held.status_code == 200
    assert "Deze pagina opent hier niet" in page
    assert "Code L01" in page
    assert 'method="post" action="/lti/tab" target="_blank"' in page
    assert COOKIE not in cookies(held)
    assert f"frame-ancestors 'self' {platform.issuer}" in held.headers["Content-Security-Policy"]
    assert not any(secret in page for secret in ("Fatma", "Yildiz", "HR20009", "eyJ"))


def test_the_whole_way_in_a_tab_of_ones_own(
    held: TestResponse, tab: FlaskClient, visitor: Visitor, database: Database
) -> None:
    sent = tab.post("/lti/tab", data={"ticket": ticket_in(held)})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/lti/tab")
    cookie = cookies(sent)[TAB_COOKIE]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=60"):
        assert part in cookie.split("; ")
    for _ in range(2):  # it may be reloaded
        asked = tab.get("/lti/tab")
        assert asked.status_code == 200
        assert "Verder als Fatma?" in asked.get_data(as_text=True)
    assert "frame-ancestors 'self';" in asked.headers["Content-Security-Policy"] + ";"
    entered = tab.post("/lti/tab/continue", data={"ticket": ticket_in(asked), "answer": "yes"})
    assert entered.status_code == 303
    assert COOKIE in cookies(entered)
    assert "Max-Age=0" in cookies(entered)[TAB_COOKIE]
    for _ in range(2):
        assert tab.get(entered.headers["Location"]).status_code == 200
    (arrived,) = arrivals(database)
    assert arrived["subject"] == FATMA.subject
    assert arrived["context_title"] == "Wondzorg 2026"
    assert visitor.launch().headers["Location"] == entered.headers["Location"], "the same address as in the frame"


def test_every_ticket_is_used_once(held: TestResponse, tab: FlaskClient, app: Flask) -> None:
    first = ticket_in(held)
    second = ticket_in(asks(tab, first))
    stranger = app.test_client()
    again = stranger.post("/lti/tab", data={"ticket": first})
    assert again.status_code == 400
    assert "Code L02" in again.get_data(as_text=True)
    mine = tab.get_cookie(TAB_COOKIE)
    assert mine
    assert tab.post("/lti/tab/continue", data={"ticket": second, "answer": "yes"}).status_code == 303
    stranger.set_cookie(TAB_COOKIE, mine.value)
    assert stranger.post("/lti/tab/continue", data={"ticket": second, "answer": "yes"}).status_code == 400


def test_a_held_ticket_lasts_ten_minutes(held: TestResponse, tab: FlaskClient, clock: StandingClock) -> None:
    clock.forward(minutes=10)
    assert tab.post("/lti/tab", data={"ticket": ticket_in(held)}).status_code == 400


def test_an_answer_may_take_a_minute(held: TestResponse, tab: FlaskClient, clock: StandingClock) -> None:
    asked = asks(tab, ticket_in(held))
    clock.forward(seconds=60)
    answer = tab.post("/lti/tab/continue", data={"ticket": ticket_in(asked), "answer": "yes"})
    assert answer.status_code == 400
    assert "Klik daar nog een keer op de link" in answer.get_data(as_text=True)


def test_nobody_can_push_a_colleague_into_another_name(held: TestResponse, tab: FlaskClient, app: Flask) -> None:
    """The attacker exchanges the ticket in their own browser and lets the victim's browser post the answer."""
    victim = app.test_client()
    stolen = ticket_in(asks(tab, ticket_in(held)))
    pushed = victim.post("/lti/tab/continue", data={"ticket": stolen, "answer": "yes"})
    assert pushed.status_code == 400
    assert COOKIE not in cookies(pushed)
    victim.set_cookie(TAB_COOKIE, "made up")
    assert victim.post("/lti/tab/continue", data={"ticket": stolen, "answer": "yes"}).status_code == 400
    assert tab.post("/lti/tab/continue", data={"ticket": stolen, "answer": "yes"}).status_code == 303


def test_a_held_ticket_is_no_answer_and_an_answer_no_held_ticket(held: TestResponse, tab: FlaskClient) -> None:
    first = ticket_in(held)
    assert tab.post("/lti/tab/continue", data={"ticket": first, "answer": "yes"}).status_code == 400
    second = ticket_in(asks(tab, first))
    tab._cookies.clear()
    assert tab.post("/lti/tab", data={"ticket": second}).status_code == 400


def test_not_me_opens_nothing(held: TestResponse, tab: FlaskClient, database: Database) -> None:
    asked = ticket_in(asks(tab, ticket_in(held)))
    answer = tab.post("/lti/tab/continue", data={"ticket": asked, "answer": "no"})
    assert answer.status_code == 303
    assert "Er is niets geopend" in tab.get(answer.headers["Location"]).get_data(as_text=True)
    assert COOKIE not in cookies(answer)
    assert tab.post("/lti/tab/continue", data={"ticket": asked, "answer": "yes"}).status_code == 400
    assert [row["counted"] for row in arrivals(database)] == [None], "a person, but no session"


@pytest.mark.parametrize("fields", [{}, {"ticket": ""}, {"ticket": "\x00"}, {"ticket": "x" * 10_000}])
def test_no_ticket_is_a_page(tab: FlaskClient, organisation: Any, fields: dict[str, str]) -> None:
    for address in ("/lti/tab", "/lti/tab/continue"):
        answer = tab.post(address, data=fields)
        assert answer.status_code == 400
        assert "Code L02" in answer.get_data(as_text=True)


def test_without_a_name_the_question_is_still_a_question(app: Flask, visitor: Visitor, tab: FlaskClient) -> None:
    nameless = dataclasses.replace(VISIT, user=dataclasses.replace(FATMA, name="", given_name="", family_name=""))
    fields = visitor.authorize(visitor.login(nameless))
    visitor.client._cookies.clear()
    asked = asks(tab, ticket_in(visitor.post(fields)))
    assert "Verder zonder naam?" in asked.get_data(as_text=True)


def test_a_held_launch_is_used_up(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    visitor.client._cookies.clear()
    assert visitor.post(fields).status_code == 200
    again = visitor.post(fields)
    assert again.status_code == 400
    assert "Deze link is al een keer gebruikt" in again.get_data(as_text=True)


def test_who_goes_back_or_clicks_twice_is_led_on(held: TestResponse, tab: FlaskClient, clock: StandingClock) -> None:
    first = ticket_in(held)
    second = ticket_in(asks(tab, first))
    entered = tab.post("/lti/tab/continue", data={"ticket": second, "answer": "yes"})
    twice = tab.post("/lti/tab/continue", data={"ticket": second, "answer": "yes"})
    assert twice.headers["Location"] == entered.headers["Location"]
    assert COOKIE not in cookies(twice), "nobody is let in a second time"
    back = tab.get("/lti/tab").get_data(as_text=True)
    assert "Je bent al binnen" in back
    assert f'href="{entered.headers["Location"]}"' in back
    from_the_frame = tab.post("/lti/tab", data={"ticket": first})
    assert (from_the_frame.status_code, from_the_frame.headers["Location"]) == (303, "/lti/tab")
    clock.forward(minutes=11)
    late = tab.get("/lti/tab")
    assert late.status_code == 400
    assert "Deze vraag is voorbij" in late.get_data(as_text=True)


def test_going_back_shows_nobody_the_page_of_the_colleague_before(
    held: TestResponse, tab: FlaskClient, app: Flask
) -> None:
    second = ticket_in(asks(tab, ticket_in(held)))
    tab.post("/lti/tab/continue", data={"ticket": second, "answer": "yes"})
    assert app.test_client().get("/lti/tab").status_code == 400
    tab.delete_cookie(COOKIE)
    assert tab.get("/lti/tab").status_code == 400


FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}


def own_tab_of(visitor: Visitor, page_at: str, **fields: str) -> TestResponse:
    """Press "Eigen tabblad" on a page in the frame."""
    page = visitor.client.get(page_at, headers=FRAMED).get_data(as_text=True)
    form = page.split("data-own-tab")[1].split("</form>")[0]
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return visitor.client.post("/lti/tab/open", data={**hidden, **fields}, headers=FRAMED)


def test_a_page_in_a_frame_goes_on_in_a_tab_with_its_query(visitor: Visitor, app: Flask, clock: StandingClock) -> None:
    visitor.launch()
    ready = own_tab_of(visitor, "/me/portfolio?year=2026")
    assert ready.status_code == 200
    tab = app.test_client()
    asked = asks(tab, ticket_in(ready))
    assert "Deze pagina stond open als Fatma Yildiz." in asked.get_data(as_text=True)
    entered = tab.post("/lti/tab/continue", data={"ticket": ticket_in(asked), "answer": "yes"})
    assert entered.headers["Location"] == "/me/portfolio?year=2026"
    assert tab.get(entered.headers["Location"]).status_code == 200
    late = ticket_in(own_tab_of(visitor, "/me/portfolio"))
    clock.forward(seconds=60)
    assert app.test_client().post("/lti/tab", data={"ticket": late}).status_code == 400


def test_where_frame_and_tab_share_their_cookies_the_frame_lives_on(visitor: Visitor, platform: LyingPlatform) -> None:
    visitor.launch()
    asked = asks(visitor.client, ticket_in(own_tab_of(visitor, "/spaces")))
    visitor.client.post("/lti/tab/continue", data={"ticket": ticket_in(asked), "answer": "yes"})
    page = visitor.client.get("/spaces", headers=FRAMED)
    assert f"frame-ancestors 'self' {platform.issuer}" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/lti/tab",
        "/nowhere",
        "/static/script.js",
        "",
        "x",
    ],
)
def test_a_tab_leads_to_our_own_pages_only(visitor: Visitor, path: str) -> None:
    visitor.launch()
    assert own_tab_of(visitor, "/spaces", path=path).status_code == 400


def test_a_window_of_its_own_has_no_button_for_one(visitor: Visitor) -> None:
    visitor.launch()
    assert "data-own-tab" in visitor.client.get("/spaces", headers=FRAMED).get_data(as_text=True)
    window = visitor.client.get("/spaces", headers={"Sec-Fetch-Dest": "document"}).get_data(as_text=True)
    assert "data-own-tab" not in window
    assert "frame.js" not in window


def test_a_launch_that_waits_ends_when_its_lms_is_switched_off(
    held: TestResponse, tab: FlaskClient, database: Database, clock: StandingClock
) -> None:
    """The console says: nobody comes in from there any more."""
    page = asks(tab, ticket_in(held))
    with database.writing() as db:
        db.execute(update(PlatformRow).values(switched_off_at=clock()))
    answer = tab.post("/lti/tab/continue", data={"ticket": ticket_in(page)})
    assert "Leerkring staat hier uit" in answer.get_data(as_text=True)
    assert COOKIE not in cookies(answer)
    assert tab.get("/spaces").status_code == 401
