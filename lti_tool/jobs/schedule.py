"""The schedule: rooms say what must happen how often; one process at a time holds the lease and does it.

A task that is killed half-way is rolled back and runs again; each runs in a transaction of its own.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from lti_tool.db import Database, Session, insert
from lti_tool.jobs.models import Lease, ScheduledRun
from lti_tool.settings import Settings

log = structlog.get_logger()
LEASE = timedelta(minutes=5)
TICK = 30.0
"""Seconds between two looks at what is due."""


@dataclass(frozen=True)
class Work:
    """What a task gets: a write transaction and the time."""

    db: Session
    now: datetime
    settings: Settings


@dataclass(frozen=True)
class Task:
    """Something that must happen every so often."""

    name: str
    every: timedelta
    do: Callable[[Work], None]


_tasks: dict[str, Task] = {}


def task(name: str, *, every: timedelta) -> Callable[[Callable[[Work], None]], Callable[[Work], None]]:
    """Put a function on the schedule. Its name is what an admin reads."""

    def put(do: Callable[[Work], None]) -> Callable[[Work], None]:
        _tasks[name] = Task(name, every, do)
        return do

    return put


def tasks() -> list[Task]:
    """All tasks, by name."""
    return [_tasks[name] for name in sorted(_tasks)]


class Schedule:
    """Runs what is due while it holds the lease."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def run_due(self) -> list[str]:
        """Run what is due now. Returns the names of what ran; nothing when another process holds the lease."""
        if not self._hold():
            return []
        with self._database.reading() as db:
            last = {run.task: run.started_at for run in db.scalars(select(ScheduledRun))}
        ran = []
        for due in tasks():
            now = self._clock()
            if due.name in last and now - last[due.name] < due.every:
                continue
            self._run(due, now)
            ran.append(due.name)
        return ran

    def start(self) -> None:
        """Look every half minute, in a thread of this process."""
        self._thread = threading.Thread(target=self._loop, name="schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the task at hand and give the lease back."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=30)
        with self._database.writing() as db:
            lease = db.get(Lease, "schedule")
            if lease and lease.holder == self._holder:
                db.delete(lease)

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self.run_due()
            except Exception as error:
                log.error("schedule", error=type(error).__name__)
            self._stop.wait(TICK)

    def _hold(self) -> bool:
        now = self._clock()
        with self._database.writing() as db:
            mine = {"holder": self._holder, "until": now + LEASE}
            take = insert(db, Lease).values(name="schedule", **mine)
            take = take.on_conflict_do_update(
                index_elements=["name"],
                set_=mine,
                where=(Lease.until < now) | (Lease.holder == self._holder),
            )
            return db.execute(take.returning(Lease.name)).first() is not None

    def _run(self, due: Task, now: datetime) -> None:
        error = ""
        try:
            with self._database.writing() as db:
                due.do(Work(db, now, self._settings))
        except Exception as problem:  # one task must not stop the others; it is tried again at its next turn
            error = type(problem).__name__
            log.error("task failed", task=due.name, error=error)
        values = {"started_at": now, "finished_at": self._clock(), "error": error}
        with self._database.writing() as db:
            note = insert(db, ScheduledRun).values(task=due.name, **values)
            db.execute(note.on_conflict_do_update(index_elements=["task"], set_=values))
