"""The launch log: what failed, when and what to do; how many came in, but roughly; and nobody in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lti_tool.admin.launch_log import PAGE
from lti_tool.admin.launch_views import roughly
from lti_tool.db import Database, new_id
from lti_tool.lti.launches import add
from lti_tool.lti.models import LaunchFault
from tests.admin.conftest import Connect
from tests.conftest import StandingClock
from tests.world import Somebody

OK = {"kind": "link", "role": "learner", "way": "frame", "device": "phone"}


def fault(database: Database, platform: Any, at: Any, code: str = "L05", cause: str = "the key id is missing") -> None:
    with database.writing() as db:
        rest = {"cause": cause, "deployment": "1", "browser": "Safari 19"}
        db.add(LaunchFault(id=new_id(at), platform_id=platform, at=at, code=code, **rest))
        add(db, platform, code, kind="link", role="", way="", device="desk", now=at)


def log(who: Somebody, query: str = "") -> str:
    return str(who.get(f"/admin/launches{query}").get_data(as_text=True))


def test_an_empty_log_says_so(bram: Somebody) -> None:
    assert "Er ging niets mis." in log(bram)
    assert "Nog niemand kwam binnen." in log(bram)


def test_a_refusal_says_what_when_where_and_what_to_do(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    fault(database, connect(), clock(), "L06", "expired 94 seconds ago")
    page = log(bram)
    for words in (
        "De klokken lopen niet gelijk.",
        "Code L06 · wo 25 nov, 07:52 · Moodle van De Linde · plek 1 · Safari 19",
        "expired 94 seconds ago",
        "gelijk te zetten met NTP",
        'data-copy="fault-1"',
    ):
        assert words in page


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "niemand"),
        (1, "1 tot 4 keer"),
        (4, "1 tot 4 keer"),
        (5, "5 tot 9 keer"),
        (9, "5 tot 9 keer"),
        (12, "ongeveer 10 keer"),
        (1234, "ongeveer 1.230 keer"),
    ],
)
def test_counts_are_rough(app: Any, count: int, words: str) -> None:
    with app.test_request_context():
        assert roughly(count) == words


def test_nobody_sees_when_a_lone_colleague_came_in_or_how(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle, night = connect(), clock() - timedelta(hours=5)
    with database.writing() as db:
        add(db, moodle, "ok", **OK, now=night)
    page = log(bram)
    assert "1 tot 4 keer" in page
    for told in ("02:52", "03:52", "telefoon", "phone", "learner", "deelnemer"):
        assert told not in page.lower(), told


def test_a_code_narrows_the_list(bram: Somebody, connect: Connect, database: Database, clock: StandingClock) -> None:
    moodle = connect()
    fault(database, moodle, clock(), "L05")
    fault(database, moodle, clock(), "L02", "the login is too old")
    page = log(bram, "?code=L02")
    assert "the login is too old" in page
    assert "of niemand was ingelogd" in page, "Moodle starts a login of nobody, and that is L02 too"
    assert "the key id is missing" not in page
    assert 'href="/admin/launches?code=L05"' in page
    assert "the key id is missing" in log(bram, "?code=%3Cscript%3E"), "nonsense chooses nothing"


def test_a_long_log_has_pages(bram: Somebody, connect: Connect, database: Database, clock: StandingClock) -> None:
    moodle = connect()
    for number in range(PAGE + 3):
        clock.forward(seconds=10)
        fault(database, moodle, clock(), cause=f"cause number {number:03}")
    first = log(bram)
    assert "cause number 052" in first
    assert "cause number 002" not in first
    onward = first.split("before=")[1].split('"')[0]
    second = log(bram, f"?before={onward}")
    assert "cause number 002" in second
    assert "cause number 003" not in second
    assert "Verder terug" not in second
    assert log(bram, "?before=nonsense").count("cause number") == PAGE
