"""A connection is tested by asking an LMS that may lie: about the time, its keys, our key, and how long it takes."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.admin import checks, jobs
from lti_tool.admin.checks import Check
from lti_tool.admin.observed import checklist
from lti_tool.db import Database, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.queue import Queue
from lti_tool.jobs.schedule import Work
from lti_tool.lti import offer
from lti_tool.lti.models import LaunchFault
from lti_tool.organisations.models import Platform, PlatformTest
from lti_tool.settings import Settings
from tests.admin.conftest import Connect
from tests.conftest import StandingClock
from tests.platform import TOOL, LyingPlatform, create_app
from tests.world import Somebody


class Lms:
    """A lying LMS on a socket, registered at De Linde."""

    def __init__(self, platform: LyingPlatform) -> None:
        self.platform = platform
        self.behind = timedelta(0)
        self.says_time = True
        self.answers: dict[str, Callable[[], Any]] = {}
        """Of an address, instead of the honest answer."""
        self.asked: list[str] = []
        self.id = uuid.UUID(int=0)


@pytest.fixture
def lms(app: Flask, connect: Connect, clock: StandingClock) -> Iterator[Lms]:
    platform = LyingPlatform(clock=lambda: datetime.now(UTC))
    platform._fetch_json = lambda _url: app.test_client().get("/lti/jwks").get_json()
    web, lms = create_app(platform), Lms(platform)

    @web.before_request
    def _instead() -> Any:
        from flask import request

        lms.asked.append(request.path)
        return lms.answers[request.path]() if request.path in lms.answers else None

    class Handler(WSGIRequestHandler):
        def date_time_string(self, _timestamp: float | None = None) -> str:
            return format_datetime(clock() - lms.behind, usegmt=True) if lms.says_time else "yesterday"

    server = make_server("127.0.0.1", 0, web, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.port}"
        platform.issuer = address
        lms.id = connect(
            issuer=address,
            client_id=TOOL.client_id,
            auth_url=platform.auth_url,
            token_url=platform.token_url,
            jwks_url=platform.jwks_url,
        )
        yield lms
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def run(database: Database, settings: Settings, clock: StandingClock) -> Callable[[Lms], dict[str, Check]]:
    def run(lms: Lms) -> dict[str, Check]:
        cipher = Cipher(settings.encryption_key)
        found = checks.test_platform(database, lms.id, settings=settings, cipher=cipher, clock=clock)
        assert found is not None
        return {check.name: check for check in found}

    return run


Run = Callable[[Lms], dict[str, Check]]


def status(who: Somebody) -> str:
    return str(who.get("/admin").get_data(as_text=True))


def test_an_honest_lms_is_green_on_all_three(lms: Lms, run: Run, database: Database, bram: Somebody) -> None:
    found = run(lms)
    assert {name: check.state for name, check in found.items()} == {
        "keys": "done",
        "own_keys": "done",
        "clock": "done",
    }
    assert found["keys"].detail["keys"] == 1
    with database.reading() as db:
        assert db.scalars(select(Platform.key_set)).one(), "what was read serves the next launch"
    page = status(bram)
    assert "Sleutels van Moodle gelezen" in page
    assert "1 sleutel" in page
    assert "Getest door Leerkring: wo 25 nov, 07:52" in page


@pytest.mark.parametrize(
    ("behind", "title"), [(94, "De klok van Moodle loopt achter"), (-94, "De klok van Moodle loopt voor")]
)
def test_a_clock_that_is_94_seconds_off(lms: Lms, run: Run, bram: Somebody, behind: int, title: str) -> None:
    lms.behind = timedelta(seconds=behind)
    clock = run(lms)["clock"]
    assert (clock.state, clock.code) == ("fault", "L06")
    assert abs(abs(clock.detail["ahead"]) - 94) <= 1
    page = status(bram)
    assert title in page
    assert "gelijk te zetten met NTP" in page
    assert "code L06" in page
    assert "Moodle van De Linde werkt bijna" in page


def test_what_a_cache_on_the_way_kept_is_no_older_clock(lms: Lms, clock: StandingClock) -> None:
    """An answer that was kept for five minutes has an old date, and says how old it is."""
    lms.behind = timedelta(seconds=300)
    lms.answers["/lti/jwks"] = lambda: Response("{}", headers={"Age": "300"})
    heard: list[Any] = []
    with checks.Listener(heard, clock) as session:
        session.get(lms.platform.jwks_url)
    assert abs(heard[0].ahead()) < 2


def test_an_lms_that_does_not_tell_the_time_waits(lms: Lms, run: Run) -> None:
    lms.says_time = False
    assert run(lms)["clock"].state == "wait"


def test_a_launch_that_was_too_early_or_late_counts_until_the_next_test(
    lms: Lms, run: Run, database: Database, clock: StandingClock
) -> None:
    def noted(cause: str) -> None:
        with database.writing() as db:
            at = {"id": new_id(clock()), "at": clock(), "platform_id": lms.id}
            db.add(LaunchFault(**at, code="L06", cause=cause, deployment="", browser=""))

    def seen() -> Check:
        with database.reading() as db:
            return next(check for check in checklist(db, lms.id, now=clock()).connection if check.name == "clock")

    noted("expired 94 seconds ago")
    assert (seen().state, seen().detail["ahead"]) == ("fault", -94)
    clock.forward(minutes=5)
    run(lms)
    assert seen().state == "done", "the clock was mended meanwhile"
    clock.forward(minutes=5)
    noted("issued 120 seconds from now")
    assert (seen().state, seen().detail["ahead"]) == ("fault", 120)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: Response("<html>Log in</html>", content_type="text/html"), "stuurt een webpagina"),
        (lambda: Response("{}", content_type="application/json"), "geen sleutels die we kunnen gebruiken"),
        (lambda: Response('{"keys": [{"kty": "RSA"}]}', content_type="application/json"), "geen sleutels"),
        (lambda: Response("gone", 410), "foutcode 410"),
    ],
)
def test_keys_that_are_none(lms: Lms, run: Run, bram: Somebody, answer: Callable[[], Response], words: str) -> None:
    lms.answers["/lti/jwks"] = answer
    assert run(lms)["keys"].state == "fault"
    page = status(bram)
    assert words in page
    assert "Niemand kan nu binnenkomen" in page
    assert "Moodle van De Linde werkt niet" in page
    assert lms.platform.jwks_url in page


def test_while_keys_of_before_are_kept_people_still_come_in(
    lms: Lms, run: Run, bram: Somebody, clock: StandingClock
) -> None:
    run(lms)
    clock.forward(minutes=1)
    lms.answers["/lti/jwks"] = lambda: Response("", 503)
    run(lms)
    assert "Binnenkomen lukt nog met de sleutels van eerder" in status(bram)


def test_a_key_that_they_do_not_know(lms: Lms, run: Run, bram: Somebody) -> None:
    lms.platform._fetch_json = lambda _url: {"keys": []}
    check = run(lms)["own_keys"]
    assert (check.state, check.detail["why"]) == ("fault", "refused")
    page = status(bram)
    assert "weigert onze handtekening" in page
    assert "http://localhost:5000/lti/jwks" in page


def test_moodle_that_may_not_open_our_address_shows_a_page(lms: Lms, run: Run, bram: Somebody) -> None:
    """`token_keyset_host_blocked.json`: its token service answers 404 with HTML."""
    lms.answers["/lti/token"] = lambda: Response("<!DOCTYPE html><title>Error</title>", 404, content_type="text/html")
    assert run(lms)["own_keys"].detail["why"] == "page"
    page = status(bram)
    assert "stuurt een foutpagina (404)" in page
    assert "geblokkeerde hosts" in page


@pytest.mark.parametrize(("product", "state"), [("moodle", "done"), ("other", "wait")])
def test_a_right_that_was_not_granted(
    lms: Lms, run: Run, database: Database, bram: Somebody, product: str, state: str
) -> None:
    """Moodle looks at the signature before the scope; of another LMS nobody knows."""
    with database.writing() as db:
        platform = db.scalars(select(Platform)).one()
        platform.scopes, platform.product = [], product
    no = '{"error": "invalid_scope"}'
    lms.answers["/lti/token"] = lambda: Response(no, 400, content_type="text/html")
    assert run(lms)["own_keys"].state == state
    page = status(bram)
    assert "geeft een recht niet" in page
    assert "de deelnemerslijst lezen" in page


def test_a_right_that_is_there_is_asked_for_by_name(lms: Lms, run: Run, database: Database) -> None:
    with database.writing() as db:
        db.scalars(select(Platform)).one().scopes = [offer.ROSTER_SCOPE]
    assert run(lms)["own_keys"].state == "done"


def test_a_slow_lms_costs_no_more_than_the_test_may(
    lms: Lms, run: Run, bram: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LONGEST_TEST", 2.0)
    monkeypatch.setattr(checks, "_ONE_REQUEST", 0.6)
    over = threading.Event()

    def slow() -> Response:
        over.wait(6)
        return Response("{}")

    lms.answers |= {"/lti/jwks": slow, "/lti/token": slow}
    began = time.monotonic()
    found = run(lms)
    took = time.monotonic() - began
    over.set()
    assert took < 3
    assert found["keys"].state == found["own_keys"].state == "fault"
    assert "geeft geen antwoord" in status(bram)


def test_nothing_listens_there(run: Run, lms: Lms, database: Database, bram: Somebody) -> None:
    with database.writing() as db:
        platform = db.scalars(select(Platform)).one()
        platform.jwks_url = platform.token_url = "http://127.0.0.1:9/"
    found = run(lms)
    assert found["own_keys"].detail["why"] == "silent"
    assert "neemt de verbinding niet aan" in status(bram)


def test_a_second_click_asks_nothing(
    lms: Lms, run: Run, bram: Somebody, database: Database, clock: StandingClock
) -> None:
    path = f"/admin/platforms/{lms.id}/test"
    with database.writing() as db:
        db.add(PlatformTest(platform_id=lms.id, started_at=clock(), tested_at=None, results=[]))
    answer = bram.post(path, page="/admin")
    assert answer.headers["Location"].endswith("done=busy")
    assert lms.asked == []
    clock.forward(seconds=21)
    assert bram.post(path, page="/admin").headers["Location"].endswith("done=tested"), "that test died"
    assert lms.asked


def test_the_button_needs_the_form_of_the_page(lms: Lms, bram: Somebody, world: Any) -> None:
    path = f"/admin/platforms/{lms.id}/test"
    assert bram.client.post(path).status_code == 409
    assert world.stranger().post(path).status_code == 401
    assert lms.asked == []


def test_each_connection_that_is_on_is_tested_when_it_is_new_and_every_day(
    lms: Lms, connect: Connect, database: Database, settings: Settings, clock: StandingClock
) -> None:
    off, queue = connect("Canvas van De Linde", client_id="off"), Queue(database, settings, clock)
    with database.writing() as db:
        db.get_one(Platform, off).switched_off_at = clock()

    def due() -> list[str]:
        with database.writing() as db:
            jobs.test_due(Work(db, clock(), settings))
        return queue.run_due()

    assert due() == [jobs.TEST]
    with database.reading() as db:
        tested = db.scalars(select(PlatformTest)).all()
    assert [(test.platform_id, test.tested_at) for test in tested] == [(lms.id, clock())]
    clock.forward(hours=23)
    assert due() == []
    clock.forward(hours=1)
    assert due() == [jobs.TEST]
