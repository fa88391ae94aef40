"""A session that is over keeps the place: who comes in again by their course lands where they wanted."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.spaces.policy import Level
from lti_tool.web.wishes import COOKIE
from tests.conftest import StandingClock
from tests.platform import FATMA, VISIT, Link, LyingPlatform, Visit, Visitor
from tests.world import Somebody, World

FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def noor(world: World, organisation: object, platform: LyingPlatform) -> Somebody:
    return world.somebody(organisation, "Noor de Wit")  # type: ignore[arg-type]


@pytest.fixture
def visit(world: World, noor: Somebody, visitor: Visitor) -> Visit:
    """A link to an open space; who comes by it came before."""
    space = world.space(noor, "Delier")
    visit = dataclasses.replace(VISIT, link=Link("9", "Delier", custom={"space": space.slug}))
    visitor.launch(visit)
    return visit


def wish(client: FlaskClient) -> str:
    cookie = client.get_cookie(COOKIE)
    return unquote(cookie.value) if cookie else ""


def loses_session(visitor: Visitor, clock: StandingClock, path: str) -> None:
    clock.forward(hours=2)
    assert visitor.client.get(path, headers=FRAME).status_code == 401


def test_a_page_behind_the_same_door_is_found_back(visitor: Visitor, visit: Visit, clock: StandingClock) -> None:
    loses_session(visitor, clock, "/s/delier/t?filter=new")
    assert wish(visitor.client) == "/s/delier/t?filter=new"
    assert visitor.launch(visit).headers["Location"] == "/s/delier/t?filter=new"
    assert wish(visitor.client) == "", "once"
    assert visitor.launch(visit).headers["Location"] == "/s/delier"


def test_ones_own_pages_are_found_back(visitor: Visitor, visit: Visit, clock: StandingClock) -> None:
    loses_session(visitor, clock, "/me/portfolio")
    assert visitor.launch(visit).headers["Location"] == "/me/portfolio"


def test_the_page_of_a_form_that_came_too_late_is_found_back(
    visitor: Visitor, visit: Visit, clock: StandingClock
) -> None:
    clock.forward(hours=2)
    headers = {**FRAME, "Referer": "http://localhost/s/delier/t/new?kind=question"}
    answer = visitor.client.post("/s/delier/t/new", data={"text": "Te laat"}, headers=headers)
    assert answer.status_code == 401
    assert wish(visitor.client) == "/s/delier/t/new?kind=question"


def test_who_clicks_another_link_wants_to_be_there(
    visitor: Visitor, visit: Visit, clock: StandingClock, world: World, noor: Somebody
) -> None:
    other = world.space(noor, "Overdracht")
    there = dataclasses.replace(VISIT, link=Link("10", "Overdracht", custom={"space": other.slug}))
    visitor.launch(there)
    loses_session(visitor, clock, "/s/delier/t")
    assert visitor.launch(there).headers["Location"] == "/s/overdracht"
    assert wish(visitor.client) == ""


def test_the_colleague_after_you_lands_at_the_door(
    visitor: Visitor, visit: Visit, clock: StandingClock, platform: LyingPlatform
) -> None:
    """They were never in: the door asks them first, whatever stands in this browser."""
    loses_session(visitor, clock, "/s/delier/t")
    kees = dataclasses.replace(FATMA, subject="99", name="Kees Bakker", staff_number="HR99")
    assert visitor.launch(dataclasses.replace(visit, user=kees)).headers["Location"] == "/s/delier/join"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/s/delier/t",
        "//evil.example",
        "/\\evil.example",
        "/s/delier/../../evil",
        "/s/delier/nowhere/at/all",
        "/me/../lti/tab",
        "/me/leave-session",
        "/s/delier/t\r\nSet-Cookie: a=b",
        "/s/delier/t?" + "x" * 1000,
    ],
)
def test_a_wish_that_somebody_made_up_leads_nowhere(visitor: Visitor, visit: Visit, path: str) -> None:
    visitor.client.set_cookie(COOKIE, quote(path, safe=""))
    answer = visitor.launch(visit)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/s/delier"


def test_a_wish_opens_nothing(
    visitor: Visitor, visit: Visit, world: World, noor: Somebody, clock: StandingClock
) -> None:
    hidden = world.space(noor, "Geheim", Level.HIDDEN)
    visitor.client.set_cookie(COOKIE, quote(f"/s/{hidden.slug}", safe=""))
    assert visitor.launch(visit).headers["Location"] == "/s/delier"


def test_what_a_script_asks_for_is_no_wish(visitor: Visitor, visit: Visit, clock: StandingClock, app: Flask) -> None:
    clock.forward(hours=2)
    asked = visitor.client.get("/s/delier/t", headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"})
    assert asked.status_code == 401
    assert wish(visitor.client) == ""
    assert wish(app.test_client()) == ""
