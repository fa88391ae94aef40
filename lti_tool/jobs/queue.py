"""The queue: work that begins as a row in the caller's transaction and is done later, outside any transaction.

At least once: a job whose process was killed is taken over when its lease is over, so whoever does the work must
bear doing it twice. Many processes and machines share one queue, on SQLite and PostgreSQL.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import case, delete, event, exists, or_, select, update
from sqlalchemy.orm import aliased

from lti_tool.db import Database, Session, insert, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.models import QueuedJob
from lti_tool.settings import Settings

log = structlog.get_logger()
LEASE = timedelta(seconds=90)
"""How long a process that says nothing keeps a job. While it lives it says something every third of that."""
LIMIT = 8
"""Tries before a job is left lying, for somebody to look at."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=20), timedelta(hours=1)
POLL = 2.0
"""Seconds between two looks for what another process put in."""
THREADS = 4
KEPT_FAILED = timedelta(days=30)


class Later(Exception):
    """The work can't be done now. It is tried again after `after`, or after the usual pause. The message is stored
    for the admin: a code or a host, no names."""

    def __init__(self, why: str = "", after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class GiveUp(Exception):
    """Trying again is of no use. The message is stored for the admin: a code or a host, no names."""


@dataclass(frozen=True)
class Job:
    """What a handler gets. It opens its own transactions; nothing is open when it begins."""

    database: Database
    payload: dict[str, Any]
    settings: Settings
    clock: Callable[[], datetime]
    cipher: Cipher
    key: str = ""
    attempt: int = 1
    stopping: Callable[[], bool] = field(default=lambda: False)
    """Whether the process wants to end: long work looks now and then, and raises `Later`."""

    @property
    def last(self) -> bool:
        """Whether nobody tries again when this try fails too."""
        return self.attempt >= LIMIT


Handler = Callable[[Job], None]


@dataclass(frozen=True)
class Failed:
    """A job that was left lying, for the console."""

    id: uuid.UUID
    kind: str
    key: str
    error: str
    attempts: int
    failed_at: datetime


_handlers: dict[str, Handler] = {}
_queues: weakref.WeakSet[Queue] = weakref.WeakSet()


def work(kind: str) -> Callable[[Handler], Handler]:
    """Say who does this kind of work."""

    def put(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return put


def enqueue(
    db: Session,
    kind: str,
    key: str,
    payload: dict[str, Any] | None = None,
    *,
    now: datetime,
    due: datetime | None = None,
    lane: str = "",
) -> None:
    """Put work in the queue, in the caller's transaction; there is one job per kind and key.

    When it waits already, the new payload and the earlier moment count. When it is being done, it is done once more
    afterwards. When it had failed, it begins anew. `payload`: ids, no contents. `lane`: of jobs in the same lane
    about one at a time is done, so that a slow LMS keeps one thread busy and not all.
    """
    due = due or now
    row = insert(db, QueuedJob).values(
        id=new_id(now), kind=kind, key=key, payload=payload or {}, lane=lane, created_at=now, due_at=due
    )
    lies = QueuedJob.failed_at.is_not(None)
    row = row.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={
            "payload": row.excluded.payload,
            "lane": row.excluded.lane,
            "version": QueuedJob.version + 1,
            "due_at": case((or_(lies, QueuedJob.due_at > due), row.excluded.due_at), else_=QueuedJob.due_at),
            "attempts": case((lies, 0), else_=QueuedJob.attempts),
            "error": case((lies, ""), else_=QueuedJob.error),
            "failed_at": None,
        },
    )
    db.execute(row)
    if due <= now:
        event.listen(db, "after_commit", lambda _session: wake(), once=True)


def waiting(db: Session, kind: str, key: str) -> bool:
    """Whether this work waits or is being done."""
    mine = (QueuedJob.kind == kind, QueuedJob.key == key, QueuedJob.failed_at.is_(None))
    return db.scalar(select(QueuedJob.id).where(*mine)) is not None


def failed(db: Session, *, most: int = 50) -> list[Failed]:
    """What was left lying, newest first."""
    query = (
        select(QueuedJob.id, QueuedJob.kind, QueuedJob.key, QueuedJob.error, QueuedJob.attempts, QueuedJob.failed_at)
        .where(QueuedJob.failed_at.is_not(None))
        .order_by(QueuedJob.failed_at.desc(), QueuedJob.id)
        .limit(most)
    )
    return [Failed(*row) for row in db.execute(query)]  # type: ignore[arg-type]  # the query asks for those with a day


def retry(db: Session, job_id: uuid.UUID, *, now: datetime) -> bool:
    """Begin a failed job anew. False when there is none (any more)."""
    anew = {"failed_at": None, "attempts": 0, "error": "", "due_at": now}
    mine = (QueuedJob.id == job_id, QueuedJob.failed_at.is_not(None))
    done = db.execute(update(QueuedJob).where(*mine).values(**anew).returning(QueuedJob.id)).first()
    if done:
        event.listen(db, "after_commit", lambda _session: wake(), once=True)
    return done is not None


def wake() -> None:
    """Let the queue of this process look at once."""
    for queue in list(_queues):
        queue.wake()


def pause(attempt: int) -> timedelta:
    """How long to wait after this many tries: twice as long each time, up to an hour."""
    return min(FIRST_PAUSE * float(2 ** (attempt - 1)), LONGEST_PAUSE)


@dataclass(frozen=True)
class _Claimed:
    id: uuid.UUID
    kind: str
    key: str
    payload: dict[str, Any]
    version: int
    attempt: int


class Queue:
    """Does the work, in threads of this process."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        threads: int = THREADS,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._cipher = Cipher(settings.encryption_key)
        self._holder = secrets.token_hex(8)
        self._size = threads
        self._threads: list[threading.Thread] = []
        self._stop, self._over = threading.Event(), threading.Event()
        self._look = threading.Condition()
        self._looks = 0
        self._running: set[uuid.UUID] = set()

    def start(self) -> None:
        """Work in threads until `stop`."""
        _queues.add(self)
        names = [f"queue-{number}" for number in range(self._size)]
        self._threads = [threading.Thread(target=self._loop, name=name, daemon=True) for name in names]
        self._threads.append(threading.Thread(target=self._stay, name="queue-lease", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, *, patience: float = 20.0) -> None:
        """Begin nothing new, and wait for what is being done. What then still runs is taken over by others."""
        self._stop.set()
        _queues.discard(self)
        self.wake()
        ends = time.monotonic() + patience
        *workers, lease = self._threads or [threading.current_thread()]
        for thread in workers:
            thread.join(timeout=max(0.0, ends - time.monotonic()))
        self._over.set()
        if self._threads:
            lease.join(timeout=1)

    def wake(self) -> None:
        """Look at once."""
        with self._look:
            self._looks += 1
            self._look.notify_all()

    def run_due(self) -> list[str]:
        """Do all that is due now, here. Returns the kinds that were done or tried."""
        done = []
        while claimed := self._claim():
            self._do(claimed)
            done.append(claimed.kind)
        return done

    def _loop(self) -> None:
        while not self._stop.is_set():
            looks = self._looks
            try:
                claimed = self._claim()
                if claimed:
                    self._do(claimed)
                    continue
            except Exception as error:  # the database may be away for a while; the work waits
                log.error("queue", error=type(error).__name__)
            with self._look:
                if self._looks == looks and not self._stop.is_set():
                    self._look.wait(timeout=POLL)

    def _stay(self) -> None:
        """Say that this process lives, so that nobody takes its work over."""
        while not self._over.wait(LEASE.total_seconds() / 3):
            running = list(self._running)
            if not running:
                continue
            try:
                with self._database.writing() as db:
                    mine = (QueuedJob.holder == self._holder, QueuedJob.id.in_(running))
                    db.execute(update(QueuedJob).where(*mine).values(leased_until=self._clock() + LEASE))
            except Exception as error:
                log.error("queue lease", error=type(error).__name__)

    def _claim(self) -> _Claimed | None:
        now = self._clock()
        free = or_(QueuedJob.leased_until.is_(None), QueuedJob.leased_until <= now)
        other = aliased(QueuedJob)
        in_lane = exists().where(other.lane == QueuedJob.lane, other.lane != "", other.leased_until > now)
        due = (
            select(QueuedJob.id)
            .where(
                QueuedJob.failed_at.is_(None),
                QueuedJob.due_at <= now,
                free,
                QueuedJob.kind.in_(list(_handlers)),
                ~in_lane,
            )
            .order_by(QueuedJob.due_at, QueuedJob.id)
            .limit(1)
        )
        with self._database.reading() as db:  # most looks find nothing, and need not hold up a writer
            if db.scalar(due) is None:
                return None
        columns = (
            QueuedJob.id, QueuedJob.kind, QueuedJob.key, QueuedJob.payload, QueuedJob.version, QueuedJob.attempts,
        )  # fmt: skip
        with self._database.writing() as db:
            job_id = db.scalar(due.with_for_update(skip_locked=True, of=QueuedJob))
            if job_id is None:
                return None
            mine = {"holder": self._holder, "leased_until": now + LEASE, "attempts": QueuedJob.attempts + 1}
            taken = update(QueuedJob).where(QueuedJob.id == job_id).values(**mine).returning(*columns)
            claimed = _Claimed(*db.execute(taken).one())
        self._running.add(claimed.id)
        return claimed

    def _do(self, claimed: _Claimed) -> None:
        try:
            if claimed.attempt > LIMIT:  # each time its process ended: it may be what ends them
                self._fail(claimed, "the process that did it ended each time")
                return
            job = Job(
                self._database, claimed.payload, self._settings, self._clock, self._cipher,
                key=claimed.key, attempt=claimed.attempt, stopping=self._stop.is_set,
            )  # fmt: skip
            try:
                _handlers[claimed.kind](job)
            except GiveUp as error:
                self._fail(claimed, str(error))
            except Later as error:
                self._again(claimed, str(error), error.after)
            except Exception as error:
                log.error("job failed", kind=claimed.kind, error=type(error).__name__)
                self._again(claimed, type(error).__name__, None)
            else:
                self._finish(claimed)
        finally:
            self._running.discard(claimed.id)

    def _finish(self, claimed: _Claimed) -> None:
        with self._database.writing() as db:
            mine = (QueuedJob.id == claimed.id, QueuedJob.holder == self._holder)
            done = delete(QueuedJob).where(*mine, QueuedJob.version == claimed.version).returning(QueuedJob.id)
            if db.execute(done).first() is None:
                once_more = {"holder": "", "leased_until": None, "attempts": 0, "error": ""}
                db.execute(update(QueuedJob).where(*mine).values(**once_more))

    def _again(self, claimed: _Claimed, why: str, after: timedelta | None) -> None:
        if self._stop.is_set():
            after = timedelta(0)  # another process, or this one when it is back
        elif claimed.attempt >= LIMIT:
            self._fail(claimed, why)
            return
        due = self._clock() + (after if after is not None else pause(claimed.attempt))
        values: dict[str, Any] = {"holder": "", "leased_until": None, "error": why[:200], "due_at": due}
        if self._stop.is_set():
            values["attempts"] = claimed.attempt - 1
        self._write(claimed, values)

    def _fail(self, claimed: _Claimed, why: str) -> None:
        values = {"holder": "", "leased_until": None, "error": why[:200], "failed_at": self._clock()}
        self._write(claimed, values)

    def _write(self, claimed: _Claimed, values: dict[str, Any]) -> None:
        """What was asked anew while it was being done, is not forgotten by how it went this time."""
        with self._database.writing() as db:
            mine = (QueuedJob.id == claimed.id, QueuedJob.holder == self._holder)
            asked_anew = db.scalar(select(QueuedJob.version).where(*mine)) != claimed.version
            if asked_anew and "failed_at" in values:
                values = {**values, "failed_at": None, "attempts": 0, "due_at": self._clock()}
            db.execute(update(QueuedJob).where(*mine).values(**values))


def clear_failed(db: Session, now: datetime) -> None:
    """Forget what lay there for a month."""
    db.execute(delete(QueuedJob).where(QueuedJob.failed_at < now - KEPT_FAILED))
