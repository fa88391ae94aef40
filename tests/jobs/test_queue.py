"""The queue: asked once, done at least once, by one at a time, taken over from the dead, and visible when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.jobs import queue as queues
from lti_tool.jobs.models import QueuedJob
from lti_tool.jobs.queue import LEASE, LIMIT, GiveUp, Job, Later, Queue, enqueue, failed, pause, retry, waiting
from lti_tool.settings import Settings
from tests.conftest import StandingClock


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Only these kinds of work are known."""

    def put(**handlers: Callable[[Job], None]) -> None:
        monkeypatch.setattr(queues, "_handlers", handlers)

    return put


@pytest.fixture
def queue(database: Database, settings: Settings, clock: StandingClock) -> Queue:
    return Queue(database, settings, clock)


def ask(database: Database, clock: StandingClock, kind: str = "count", key: str = "1", **more: Any) -> None:
    with database.writing() as db:
        enqueue(db, kind, key, now=clock(), **more)


def rows(database: Database) -> list[QueuedJob]:
    with database.reading() as db:
        return list(db.scalars(select(QueuedJob).order_by(QueuedJob.id)))


def test_what_is_asked_is_done_once_and_leaves_no_row(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    done: list[dict[str, Any]] = []
    handle(count=lambda job: done.append(job.payload))
    ask(database, clock, payload={"id": "7"})
    assert queue.run_due() == ["count"]
    assert queue.run_due() == []
    assert done == [{"id": "7"}]
    assert rows(database) == []


def test_what_is_rolled_back_was_never_asked(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    handle(count=lambda job: None)
    with suppress(ZeroDivisionError), database.writing() as db:
        enqueue(db, "count", "1", now=clock())
        db.flush()
        raise ZeroDivisionError
    assert queue.run_due() == []


def test_asking_twice_is_one_job_with_the_last_payload_and_the_first_moment(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    done: list[Any] = []
    handle(count=lambda job: done.append(job.payload["n"]))
    ask(database, clock, payload={"n": 1}, due=clock() + LEASE)
    ask(database, clock, payload={"n": 2})
    ask(database, clock, payload={"n": 3}, due=clock() + LEASE)
    queue.run_due()
    clock.forward(hours=1)
    queue.run_due()
    assert done == [3]


def test_what_is_not_due_waits(database: Database, queue: Queue, clock: StandingClock, handle: Any) -> None:
    handle(count=lambda job: None)
    ask(database, clock, due=clock() + LEASE)
    assert queue.run_due() == []
    clock.forward(seconds=LEASE.total_seconds())
    assert queue.run_due() == ["count"]


def test_asked_anew_while_it_is_done_is_done_once_more(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    done: list[Any] = []

    def count(job: Job) -> None:
        done.append(job.payload["n"])
        if job.payload["n"] == 1:
            ask(database, clock, payload={"n": 2})

    handle(count=count)
    ask(database, clock, payload={"n": 1})
    queue.run_due()
    assert done == [1, 2]
    assert rows(database) == []


def test_nothing_is_open_while_a_job_runs(database: Database, queue: Queue, clock: StandingClock, handle: Any) -> None:
    """So it may talk to the outside, and others may write meanwhile."""
    seen: list[bool] = []

    def look(job: Job) -> None:
        with job.database.writing(patience=0.1) as db:
            seen.append(waiting(db, "count", "1"))

    handle(count=look)
    ask(database, clock)
    queue.run_due()
    assert seen == [True]


def test_who_fails_is_tried_again_ever_more_slowly_and_then_left_lying_in_sight(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    tried: list[int] = []

    def fail(job: Job) -> None:
        tried.append(job.attempt)
        raise Later("lms.example answered 503")

    handle(count=fail)
    ask(database, clock)
    for attempt in range(1, LIMIT + 1):
        assert queue.run_due() == ["count"], attempt
        assert queue.run_due() == [], "it waits in between"
        clock.forward(seconds=pause(attempt).total_seconds())
    assert tried == list(range(1, LIMIT + 1))
    assert [pause(n) <= pause(n + 1) for n in range(1, LIMIT)]
    with database.reading() as db:
        (lying,) = failed(db)
        assert not waiting(db, "count", "1")
    assert (lying.kind, lying.key, lying.attempts, lying.error) == ("count", "1", LIMIT, "lms.example answered 503")
    clock.forward(days=2)
    assert queue.run_due() == []
    with database.writing() as db:
        assert retry(db, lying.id, now=clock())
    assert queue.run_due() == ["count"]


def test_an_unknown_error_is_kept_by_its_kind_and_not_by_its_words(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    def fail(job: Job) -> None:
        raise RuntimeError("Fatma Yilmaz")

    handle(count=fail)
    ask(database, clock)
    queue.run_due()
    assert [row.error for row in rows(database)] == ["RuntimeError"]


def test_who_gives_up_is_not_tried_again_until_asked_anew(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    tried: list[int] = []

    def never(job: Job) -> None:
        tried.append(job.attempt)
        raise GiveUp("not allowed")

    handle(count=never)
    ask(database, clock)
    queue.run_due()
    clock.forward(days=1)
    assert queue.run_due() == []
    ask(database, clock)
    queue.run_due()
    assert tried == [1, 1]


def test_they_say_when_to_come_back(database: Database, queue: Queue, clock: StandingClock, handle: Any) -> None:
    def fail(job: Job) -> None:
        raise Later("busy", 10 * LEASE)

    handle(count=fail)
    ask(database, clock)
    queue.run_due()
    clock.forward(seconds=9 * LEASE.total_seconds())
    assert queue.run_due() == []
    clock.forward(seconds=LEASE.total_seconds())
    assert queue.run_due() == ["count"]


def test_of_a_lane_one_at_a_time_is_done(
    database: Database, settings: Settings, clock: StandingClock, handle: Any
) -> None:
    order: list[str] = []

    def slow(job: Job) -> None:
        order.append(job.key)
        if job.key == "a":
            order.extend(Queue(database, settings, clock).run_due())

    handle(roster=slow, score=lambda job: None)
    ask(database, clock, "roster", "a", lane="lms-1")
    ask(database, clock, "roster", "b", lane="lms-1")
    ask(database, clock, "score", "c", lane="lms-1 scores")
    Queue(database, settings, clock).run_due()
    assert order == ["a", "score", "b"], "while a runs, the other lane goes on and its own waits"


def test_work_of_a_kind_that_this_version_does_not_know_waits_for_one_that_does(
    database: Database, queue: Queue, clock: StandingClock, handle: Any
) -> None:
    handle(other=lambda job: None)
    ask(database, clock)
    assert queue.run_due() == []
    assert len(rows(database)) == 1


def test_a_button_starts_its_work_at_once_and_stopping_is_prompt(
    database: Database, settings: Settings, handle: Any
) -> None:
    from lti_tool.web.runtime import system_clock

    begun = threading.Event()
    handle(count=lambda job: begun.set())
    queue = Queue(database, settings, system_clock)
    queue.start()
    try:
        time.sleep(0.3)  # all threads have looked, and sleep
        asked = time.monotonic()
        with database.writing() as db:
            enqueue(db, "count", "1", now=system_clock())
        assert begun.wait(5)
        assert time.monotonic() - asked < queues.POLL / 2, "it was nudged, not polled"
    finally:
        stopping = time.monotonic()
        queue.stop()
    assert time.monotonic() - stopping < 2
    assert rows(database) == []


def test_who_is_told_to_stop_gives_its_work_back_untried(database: Database, settings: Settings, handle: Any) -> None:
    from lti_tool.web.runtime import system_clock

    begun = threading.Event()

    def long(job: Job) -> None:
        begun.set()
        while not job.stopping():
            time.sleep(0.01)
        raise Later("stopped half-way")

    handle(count=long)
    queue = Queue(database, settings, system_clock)
    queue.start()
    with database.writing() as db:
        enqueue(db, "count", "1", now=system_clock())
    assert begun.wait(10)
    queue.stop()
    (row,) = rows(database)
    assert (row.attempts, row.leased_until, row.holder) == (0, None, "")
    assert row.due_at <= system_clock()


WORKER = """
import sys, time
from pathlib import Path
import lti_tool
from lti_tool.db import Database
from lti_tool.jobs import queue
from lti_tool.settings import Settings
from lti_tool.web.runtime import system_clock

address, folder, name = sys.argv[1:]
lti_tool.load_models()

@queue.work("write")
def write(job):
    with Path(folder, job.key).open("a") as file:
        file.write(name + "\\n")
    if name == "doomed":
        Path(folder, "begun").touch()
        time.sleep(600)
    time.sleep(0.02)

queue.POLL = 0.1
key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
settings = Settings(base_url="http://localhost:5000", secret_key="x" * 40, encryption_key=key)
q = queue.Queue(Database(address), settings, system_clock, threads=2)
q.start()
Path(folder, name + ".ready").touch()
sys.stdin.readline()
q.stop()
"""


@pytest.fixture
def workers(database: Database, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    folder = tmp_path / "done"
    folder.mkdir()
    address = database.engine.url.render_as_string(hide_password=False)

    def start(name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, address, str(folder), name],
            stdin=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        started.append(process)
        until(lambda: (folder / f"{name}.ready").exists())
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_the_work_of_a_process_that_was_killed_is_taken_over(
    database: Database, workers: Any, tmp_path: Path, clock: StandingClock
) -> None:
    from lti_tool.web.runtime import system_clock

    folder = tmp_path / "done"
    doomed = workers("doomed")
    with database.writing() as db:
        enqueue(db, "write", "one", now=system_clock())
    until((folder / "begun").exists)
    os.kill(doomed.pid, signal.SIGKILL)
    doomed.wait()
    heir = workers("heir")
    time.sleep(0.5)
    assert (folder / "one").read_text() == "doomed\n", "its lease still runs"
    with database.writing() as db:  # the lease's minute and a half go by
        db.scalars(select(QueuedJob)).one().leased_until = system_clock()
    until(lambda: not rows(database))
    assert (folder / "one").read_text() == "doomed\nheir\n"
    heir.stdin.write("\n")
    heir.stdin.flush()
    assert heir.wait(20) == 0


def test_two_processes_share_the_work_and_do_none_of_it_twice(database: Database, workers: Any, tmp_path: Path) -> None:
    from lti_tool.web.runtime import system_clock

    folder = tmp_path / "done"
    workers("first")
    workers("second")
    with database.writing() as db:
        for number in range(60):
            enqueue(db, "write", f"job-{number}", now=system_clock())
    until(lambda: not rows(database))
    who = [path.read_text().split() for path in folder.glob("job-*")]
    assert len(who) == 60
    assert all(len(names) == 1 for names in who)
    assert {names[0] for names in who} == {"first", "second"}


def test_a_job_that_ends_every_process_is_left_lying(
    database: Database, settings: Settings, clock: StandingClock, handle: Any
) -> None:
    handle(count=lambda job: pytest.fail("nobody tries any more"))
    ask(database, clock)
    with database.writing() as db:
        row = db.scalars(select(QueuedJob)).one()
        row.attempts, row.holder, row.leased_until = LIMIT, "a dead one", clock()
    Queue(database, settings, clock).run_due()
    with database.reading() as db:
        assert [lying.kind for lying in failed(db)] == ["count"]
