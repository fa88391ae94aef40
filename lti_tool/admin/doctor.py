"""`leerkring doctor`: is this installation well, and every LMS that is connected to it?

Changes nothing but the notes of the last test, and ends within half a minute, whatever hangs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, make_url, select
from sqlalchemy.exc import SQLAlchemyError

import lti_tool
from connectors import probe
from lti_tool.admin import checks, queries, words
from lti_tool.admin.checks import Heard, Listener, State
from lti_tool.admin.observed import checklist
from lti_tool.db import Database, Session, migrations
from lti_tool.db.database import sqlite_is_old
from lti_tool.db.encryption import Cipher, WrongKey
from lti_tool.db.installation import is_demo
from lti_tool.jobs import queue
from lti_tool.jobs.models import Lease, QueuedJob
from lti_tool.lti.offer import Addresses
from lti_tool.organisations import keys
from lti_tool.organisations.addresses_seen import in_words
from lti_tool.organisations.models import ToolKey
from lti_tool.organisations.queries import PlatformRow, platforms
from lti_tool.settings import Settings, SettingsError, load
from lti_tool.web.language import speaking
from lti_tool.web.runtime import system_clock

LONGEST = 27.0
"""Seconds for everything."""
_DATABASE = 8.0
_AT_ONCE = 12
LITTLE, TOO_LITTLE = 2 * 1024**3, 300 * 1024**2
"""Bytes of free disk from which one is warned, and from which nothing may be written soon."""
LATE = timedelta(minutes=15)
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `about`: the installation, or an LMS; `text` and `todo` in English."""

    about: str
    name: str
    state: State
    text: str
    todo: str = ""
    code: str = ""


def examine(environ: Mapping[str, str] | None = None) -> list[Finding]:
    """Look at everything, in the order in which one thing needs the other."""
    ends = time.monotonic() + LONGEST
    try:
        settings = load(environ)
    except SettingsError as error:
        return [_own("settings", "fault", line) for line in str(error).splitlines()]
    found = [_own("settings", "done", "The settings are complete."), *_disk(settings)]
    if not settings.database_url and not _file(settings).exists():
        return [*found, _own("database", "fault", "There is no database yet.", "Run `leerkring db upgrade`.")]
    lti_tool.load_models()
    database = Database(settings.database_address)
    try:
        shape = _within(_DATABASE, lambda: _shape(database, settings), None)
        if shape is None:
            shape = [_own("database", "fault", "The database does not answer.", "Is it on, and reachable from here?")]
        found += shape
        if any(one.state == "fault" for one in shape):
            return found
        found += _keys(database, settings)
        found += _work(database, system_clock())
        mine = _platforms(database)
        addresses: list[Finding] = []
        errors: list[str] = []
        tasks = [_task(lambda: addresses.extend(_address(database, settings)), errors)]
        on = [one for one in mine if not one.switched_off_at]
        tasks += [_task(partial(_test, database, one, settings), errors) for one in on]
        late = _all(tasks, ends - 2.0)
        found += addresses
        for one in mine:
            found += _platform(database, settings, one)
        if late or errors:
            why = f" ({', '.join(sorted(set(errors)))})" if errors else ""
            what = (
                f"{late + len(errors)} of the tests did not end well or in time{why}; what is said of those is older."
            )
            found.append(_own("time", "fault", what, "Run `leerkring doctor` once more."))
    finally:
        database.dispose()
    return found


def _own(name: str, state: State, text: str, todo: str = "") -> Finding:
    return Finding("Leerkring", name, state, text, todo)


def _within(seconds: float, do: Callable[[], T], otherwise: T) -> T:
    """What it gives, unless it takes too long. What hangs is left behind."""
    given: list[T] = []
    thread = threading.Thread(target=lambda: given.append(do()), daemon=True)
    thread.start()
    thread.join(seconds)
    return given[0] if given else otherwise


Task = threading.Thread
_turns = threading.BoundedSemaphore(_AT_ONCE)


def _task(do: Callable[[], object], errors: list[str]) -> Task:
    def run() -> None:
        try:
            with _turns:
                do()
        except Exception as error:  # of one LMS: the others are still to be looked at
            errors.append(type(error).__name__)

    return threading.Thread(target=run, daemon=True)


def _all(tasks: list[Task], ends: float) -> int:
    """Do them side by side. Returns how many did not end in time."""
    for task in tasks:
        task.start()
    for task in tasks:
        task.join(max(0.0, ends - time.monotonic()))
    return sum(task.is_alive() for task in tasks)


def _file(settings: Settings) -> Path:
    return Path(make_url(settings.database_address).database or "")


def _disk(settings: Settings) -> list[Finding]:
    folder = settings.data_dir.absolute()
    if not folder.is_dir():
        what = f"The folder for data, {folder}, is not there."
        return [_own("disk", "fault", what, "Make it, or set LEERKRING_DATA_DIR.")]
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        what = f"The folder for data, {folder}, can't be written: {os.strerror(error.errno or 0)}."
        return [_own("disk", "fault", what, "Give the account that runs Leerkring the right to write there.")]
    free = shutil.disk_usage(folder).free
    state: State = "done" if free > LITTLE else "wait" if free > TOO_LITTLE else "fault"
    todo = "" if state == "done" else "Make room before nothing can be written any more."
    return [_own("disk", state, f"{folder} can be written; {free / 1024**3:.1f} GB is free.", todo)]


def _shape(database: Database, settings: Settings) -> list[Finding]:
    try:
        with database.reading() as db:
            current = migrations.current(db.connection())
            demo = current is not None and is_demo(db)
    except SQLAlchemyError as error:
        what = f"The database can't be used ({type(error).__name__})."
        return [_own("database", "fault", what, "Is LEERKRING_DATABASE_URL right, and may this account enter it?")]
    if current != migrations.head():
        what = f"The database has the shape {current or 'of nothing yet'}; this version needs {migrations.head()}."
        return [_own("database", "fault", what, "Make a backup, then run `leerkring db upgrade`.")]
    found = [_own("database", "done", f"The database ({database.dialect}) has the right shape.")]
    if database.dialect == "sqlite" and sqlite_is_old():
        what = "This SQLite can damage a database (fixed in 3.51.3)."
        found.append(_own("sqlite", "wait", what, "Use PostgreSQL, or a machine for which there is a newer SQLite."))
    if demo and not settings.loopback:
        what = "This is the data of a demo, with made-up people and open doors."
        found.append(_own("demo", "fault", what, "Set LEERKRING_DATA_DIR or LEERKRING_DATABASE_URL to another place."))
    return found


def _keys(database: Database, settings: Settings) -> list[Finding]:
    cipher = Cipher(settings.encryption_key)
    with database.reading() as db:
        columns = (ToolKey.id, ToolKey.private_key)
        rows = db.execute(select(*columns).where(ToolKey.private_key.is_not(None))).all()
    if not rows:
        return [_own("keys", "wait", "Leerkring has no keys of its own yet. The first LMS to ask makes them.")]
    try:
        for row in rows:
            cipher.decrypt(row.private_key, table="tool_key", row=row.id, column="private_key")
    except WrongKey:
        what = "The keys of this tool were encrypted with another LEERKRING_ENCRYPTION_KEY."
        return [_own("keys", "fault", what, "Put the one back that was set when they were made.")]
    return [_own("keys", "done", "The keys of this tool can be read.")]


def _work(database: Database, now: datetime) -> list[Finding]:
    """Whether somebody does what happens later."""
    with database.reading() as db:
        held = db.scalar(select(Lease.until).where(Lease.name == "schedule"))
        tasks, lying = queries.failing_tasks(db), queue.failed(db)
        found = [_schedule(held is not None and held > now), *(_failed(task) for task in tasks), _queue(db, now)]
    if lying:
        kinds = ", ".join(sorted({job.kind for job in lying}))
        what = f"Work was left lying after many tries: {len(lying)} times ({kinds}; last: {lying[0].error or '-'})."
        found.append(_own("queue", "fault", what, "The status page of the organisation says what to do."))
    return found


def _schedule(alive: bool) -> Finding:
    if alive:
        return _own("schedule", "done", "The schedule is kept.")
    return _own("schedule", "fault", "Nobody keeps the schedule.", "Start `leerkring serve` or `leerkring worker`.")


def _failed(task: str) -> Finding:
    return _own("schedule", "fault", f"Work of the schedule failed: {task}.", "The log of the server says more.")


def _queue(db: Session, now: datetime) -> Finding:
    overdue = (QueuedJob.failed_at.is_(None), QueuedJob.leased_until.is_(None), QueuedJob.due_at < now - LATE)
    late = db.scalar(select(func.count()).select_from(QueuedJob).where(*overdue)) or 0
    if late:
        what = f"{late} pieces of work wait for more than a quarter of an hour."
        return _own("queue", "fault", what, "Start `leerkring worker`, or more of them.")
    return _own("queue", "done", "Nothing waits too long in the queue.")


def _address(database: Database, settings: Settings) -> list[Finding]:
    """Whether the address that people and LMSs use leads to this installation."""
    heard: list[Heard] = []
    url = Addresses(settings.base_url).jwks

    def one() -> Listener:
        # No guard: it is our own address, which may be on a private network.
        return Listener(heard, system_clock, timeout=(3.05, 5.0), deadline=8.0, max_bytes=256 * 1024, retries=0)

    seen = probe.look(url, http_factory=one, expect="jwks")
    if not seen.ok:
        with speaking("en"):
            what, how_long, _who = in_words(seen)
        todo = "Is `leerkring serve` running, and do name, certificate and proxy lead to it, also from this machine?"
        return [_own("address", "fault", f"{settings.base_url} does not lead to Leerkring. {what} {how_long}", todo)]
    with database.reading() as db:
        ours = {key["kid"] for key in keys.public_keys(db, now=system_clock())}
    theirs = {key.get("kid") for key in heard[-1].response.json()["keys"]}
    if ours and not ours & theirs:
        what = f"{settings.base_url} leads to another installation: it publishes other keys."
        return [_own("address", "fault", what, "Is LEERKRING_BASE_URL or the database that of another one?")]
    return [_own("address", "done", f"{settings.base_url} leads to Leerkring.")]


def _platforms(database: Database) -> list[PlatformRow]:
    with database.reading() as db:
        return platforms(db)


def _test(database: Database, platform: PlatformRow, settings: Settings) -> None:
    cipher = Cipher(settings.encryption_key)
    checks.test_platform(database, platform.id, settings=settings, cipher=cipher, clock=system_clock)


def _platform(database: Database, settings: Settings, platform: PlatformRow) -> list[Finding]:
    about = f"{platform.name} ({platform.organisation})"
    if platform.switched_off_at:
        return [Finding(about, "off", "wait", "It is switched off.")]
    now, own = system_clock(), Addresses(settings.base_url).jwks
    lms = words.Lms(platform.name, platform.product, platform.issuer, platform.jwks_url, platform.client_id, own)
    with database.reading() as db:
        found = checklist(db, platform.id, now=now).checks
    with speaking("en"):
        return [_finding(about, point) for point in words.points(found, lms, now=now)]


def _finding(about: str, point: words.Point) -> Finding:
    text = ": ".join(part for part in (point.title, point.end) if part)
    if point.meaning:
        text = f"{text}. {' '.join(point.meaning)}"
    return Finding(about, point.name, point.state, text, point.todo.striptags() or point.line, point.code)


__all__ = ["Finding", "examine"]
