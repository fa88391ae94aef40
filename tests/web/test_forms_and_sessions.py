"""A form belongs to one person, one session and one click."""

from __future__ import annotations

import re
import socket
import time

from flask import Flask
from sqlalchemy import func, select, text

from lti_tool.db import Database
from lti_tool.spaces.models import Space
from lti_tool.web import session
from lti_tool.web.forms import MAX_BODY
from tests.conftest import StandingClock
from tests.platform import served
from tests.world import World

START = {"title": "Delier op de IC", "what_for": "Minder delier.", "level": "open"}


def count(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(Space)) or 0


def token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_form_of_fatmas_tab_is_not_posted_in_noors_name(world: World, database: Database) -> None:
    organisation = world.organisation()
    fatma, noor = world.somebody(organisation), world.somebody(organisation, "Noor de Wit")
    tab = fatma.get("/spaces/new").get_data(as_text=True)
    # Noor launches in the same browser: its cookie is hers from now on.
    cookie = noor.client.get_cookie(session.COOKIE, domain="localhost")
    assert cookie
    fatma.client.set_cookie(session.COOKIE, cookie.value, domain="localhost", path="/", secure=True)
    answer = fatma.client.post("/spaces/new", data={**START, "csrf": token(tab)})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Code E02" in page
    assert "Dit tabblad is van iemand anders" in page
    # What Fatma typed is not shown to Noor.
    assert "Minder delier" not in page
    assert count(database) == 0


def test_a_form_without_its_token_is_not_taken(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    for data in ({}, {"csrf": ""}, {"csrf": "x" * 32}, {"csrf": "é"}):
        assert fatma.client.post("/spaces/new", data={**START, **data}).status_code == 409
    assert count(database) == 0


def test_a_new_session_of_the_same_person_has_another_token(world: World) -> None:
    organisation = world.organisation()
    fatma = world.somebody(organisation)
    other = world.somebody(organisation)
    assert token(fatma.get("/spaces").get_data(as_text=True)) != token(other.get("/spaces").get_data(as_text=True))


def test_a_form_key_counts_for_one_person(world: World, database: Database) -> None:
    organisation = world.organisation()
    fatma, noor = world.somebody(organisation), world.somebody(organisation, "Noor de Wit")
    assert fatma.post("/spaces/new", form_key="same", **START).location == "/s/delier-op-de-ic"
    assert noor.post("/spaces/new", form_key="same", **START).location == "/s/delier-op-de-ic-2"


def test_a_refused_form_may_be_sent_again_with_the_same_key(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    assert fatma.post("/spaces/new", form_key="one", **START | {"level": ""}).status_code == 422
    assert fatma.post("/spaces/new", form_key="one", **START).status_code == 303
    assert count(database) == 1


def test_an_idle_session_is_over_after_45_minutes_and_a_used_one_goes_on(world: World, clock: StandingClock) -> None:
    organisation = world.organisation()
    fatma, noor = world.somebody(organisation), world.somebody(organisation, "Noor de Wit")
    for _ in range(4):
        clock.forward(minutes=20)
        assert fatma.get("/spaces").status_code == 200
    assert noor.get("/spaces").status_code == 401


def test_no_session_outlives_a_shift(world: World, clock: StandingClock) -> None:
    fatma = world.somebody(world.organisation())
    for _ in range(26):
        assert fatma.get("/spaces").status_code == 200
        clock.forward(minutes=30)
    assert fatma.get("/spaces").status_code == 401


def test_a_body_that_is_too_large_is_refused_in_words(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    answer = fatma.post("/spaces/new", **START | {"what_for": "x" * MAX_BODY})
    assert answer.status_code == 413
    assert "Code E07" in answer.get_data(as_text=True)
    assert count(database) == 0


def test_every_page_has_its_headers(world: World) -> None:
    fatma = world.somebody(world.organisation())
    for path in ("/spaces", "/docs/help", "/nowhere"):
        headers = fatma.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors" in policy
        assert "default-src 'none'" in policy
        assert "X-Frame-Options" not in headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "private, no-store"


def test_who_sends_half_a_form_keeps_no_writer_waiting(app: Flask, database: Database) -> None:
    with served(app) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            head = f"POST /lti/tab HTTP/1.1\r\nHost: localhost\r\nCookie: {session.COOKIE}=anything\r\n"
            kind = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nticket="
            stranger.sendall((head + kind).encode())
            time.sleep(0.5)
            with database.writing(patience=1) as db:
                db.execute(text("DELETE FROM login_state"))
