"""The LMS changes its keys in the middle of a shift, and nobody notices: no launch fails, and a key that was withdrawn
is not trusted for longer than a day.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import RSAKey
from sqlalchemy import select

import lti_tool
from lti_tool.db import Database
from lti_tool.jobs.queue import Queue
from lti_tool.jobs.schedule import Work
from lti_tool.lti import keysets
from lti_tool.lti.jobs import renew_key_sets
from lti_tool.organisations.models import Platform as PlatformRow
from tests.conftest import StandingClock
from tests.platform import FATMA, VISIT, LyingPlatform, Visitor, key_of_all_tests, new_key

PER_SECOND = 20


@pytest.fixture
def warm(visitor: Visitor, platform: LyingPlatform) -> Visitor:
    """The first launch was long ago: the key set is kept."""
    assert visitor.launch().status_code == 303
    assert platform.fetched == 1
    return visitor


def rush(apps: list[Flask], platform: LyingPlatform, seconds: float, meanwhile: Callable[[], None]) -> list[int]:
    """Twenty launches a second by several processes, each in a thread of its own, while something happens."""

    def launch(number: int) -> int:
        user = dataclasses.replace(FATMA, subject=f"u{number}", staff_number=f"HR{number}", name=f"Persoon {number}")
        visit = dataclasses.replace(VISIT, user=user)
        return Visitor(apps[number % len(apps)].test_client(), platform).launch(visit).status_code

    with ThreadPoolExecutor(24) as pool:
        began, jobs = time.monotonic(), []
        for number in range(int(seconds * PER_SECOND)):
            time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
            if number == int(seconds * PER_SECOND) // 2:
                meanwhile()
            jobs.append(pool.submit(launch, number))
        return [job.result() for job in jobs]


@pytest.fixture
def apps(app: Flask, settings: Any, database: Database, clock: StandingClock) -> list[Flask]:
    """Three web processes of one installation."""
    return [app, *(lti_tool.create_app(settings, database=database, clock=clock) for _ in range(2))]


def slowly(platform: LyingPlatform, keys: Callable[[], list[RSAKey]]) -> Callable[[], Any]:
    """The LMS's key set, by a server that takes its time."""

    def answer() -> Any:
        time.sleep(0.4)
        return {"keys": [key.as_dict(private=False) for key in keys()]}

    return answer


def test_the_new_key_is_published_before_it_signs(warm: Visitor, platform: LyingPlatform, apps: list[Flask]) -> None:
    old, fresh = key_of_all_tests(), new_key()
    platform.key_set_answer = slowly(platform, lambda: [old, fresh])

    def rotate() -> None:
        platform.key = fresh

    assert set(rush(apps, platform, 4, rotate)) == {303}
    assert platform.fetched == 2, "one asked, and the others waited for the answer"


def test_the_new_key_signs_at_once_and_the_old_one_is_gone(
    warm: Visitor, platform: LyingPlatform, apps: list[Flask]
) -> None:
    """As Moodle does it: nothing is published beforehand, and who clicked just before arrives just after."""
    fresh = new_key()
    platform.key_set_answer = slowly(platform, lambda: [platform.key])
    under_way = [warm.authorize(warm.login()) for _ in range(3)]

    def rotate() -> None:
        platform.key = fresh

    assert set(rush(apps, platform, 4, rotate)) == {303}
    assert [warm.post(fields).status_code for fields in under_way] == [303, 303, 303]
    assert platform.fetched == 2


def test_who_waits_for_a_fetch_is_not_refused_by_the_limit(
    warm: Visitor, platform: LyingPlatform, apps: list[Flask], database: Database
) -> None:
    gate, fresh = threading.Event(), new_key()
    platform.key = fresh

    def answer() -> Any:
        gate.wait(5)
        return {"keys": [fresh.as_dict(private=False)]}

    platform.key_set_answer = answer
    with ThreadPoolExecutor(12) as pool:
        jobs = [pool.submit(Visitor(apps[n % 3].test_client(), platform).launch) for n in range(12)]
        time.sleep(0.8)
        gate.set()
        assert {job.result().status_code for job in jobs} == {303}
    assert platform.fetched == 2


def test_a_process_that_was_killed_while_it_fetched_keeps_nobody_waiting_for_long(
    warm: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keysets, "_PATIENCE", 0.2)
    platform.key = new_key()
    with database.writing() as db:
        db.scalars(select(PlatformRow)).one().key_fetch_until = clock() + timedelta(seconds=10)
    assert warm.launch().status_code == 401
    clock.forward(seconds=11)
    assert warm.launch().status_code == 303


def test_a_key_that_was_withdrawn_is_trusted_for_a_day_at_most(
    warm: Visitor, platform: LyingPlatform, clock: StandingClock
) -> None:
    began, stolen = clock(), platform.key
    platform.key = new_key()
    platform.key_set_answer = lambda: {"keys": [platform.key.as_dict(private=False)]}
    platform.sign_with, platform.header = stolen, {"kid": stolen.kid}
    clock.forward(hours=23)
    assert warm.launch().status_code == 303, "nobody told us yet"
    clock.forward(minutes=51)
    assert warm.launch().status_code == 303, "read anew, but the old key counts for minutes more"
    assert platform.fetched == 2
    clock.forward(minutes=6)
    assert clock() - began < timedelta(days=1)
    assert warm.launch().status_code == 401


def test_a_platform_that_can_not_be_reached_does_not_lock_a_hospital_out(
    warm: Visitor, platform: LyingPlatform, clock: StandingClock
) -> None:
    platform.key_set_answer = lambda: {"no": "keys"}
    clock.forward(days=2)
    assert [warm.launch().status_code for _ in range(5)] == [303] * 5
    assert platform.fetched == 1 + keysets.MAX_FETCHES


def test_the_schedule_reads_the_sets_anew_so_that_no_launch_has_to(
    app: Flask, warm: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock, settings: Any
) -> None:
    queue = Queue(database, settings, clock)

    def an_hour_passes() -> None:
        clock.forward(hours=1)
        with database.writing() as db:
            renew_key_sets(Work(db, clock(), settings))
        queue.run_due()

    for _ in range(19):
        an_hour_passes()
    assert platform.fetched == 1
    an_hour_passes()
    assert platform.fetched == 2
    clock.forward(hours=10)
    assert warm.launch().status_code == 303
    assert platform.fetched == 2
