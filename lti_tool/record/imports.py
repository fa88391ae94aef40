"""Formal records (courses, certificates, accredited points) from a file of the academy or the LMS."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, tuple_, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, new_id
from lti_tool.people.models import StaffMember
from lti_tool.record.models import FormalRecord
from lti_tool.web import csv_files
from lti_tool.web.csv_files import Result, Row
from lti_tool.web.language import _

COLUMNS = (
    "number", "title", "provider", "accreditor", "points", "hours", "category", "completed_on", "certificate",
)  # fmt: skip
REQUIRED = ("number", "title", "completed_on")
_TEXTS = {"accreditor": 200, "category": 200, "certificate": 300}
_NUMBERS = {"points": 10_000, "hours": 10_000}
_NOBODY = uuid.UUID(int=0)
_BATCH = 500
Values = dict[str, Any]


class _Key(NamedTuple):
    """What makes a record one record: whose it is, what it was, when, and with whom."""

    staff_id: uuid.UUID
    title: str
    completed_on: date
    provider: str


def import_records(db: Session, organisation_id: uuid.UUID, source: csv_files.Source, now: datetime) -> Result:
    """Take in formal records. Good rows are kept, bad ones told; a column that isn't there changes nothing.

    The same staff number, title, day and provider is the same record. Raises `csv_files.BadFile` when the
    file can't be read at all.
    """
    table = csv_files.Table(source, known=COLUMNS, required=REQUIRED)
    result = Result()
    numbers = select(StaffMember.number, StaffMember.id).where(StaffMember.organisation_id == organisation_id)
    staff: dict[str, uuid.UUID] = {row.number: row.id for row in db.execute(numbers)}
    seen: dict[int, int] = {}
    for batch in csv_files.batches(table, _BATCH):
        good: dict[_Key, Values] = {}
        for row in batch:
            key, values = _read(row, table.columns, staff)
            if row.problems:
                result.refuse(row.problems)
                continue
            which, what = _digest(key), _digest(values.values())
            if which not in seen:
                seen[which] = what
                good[key] = values
            elif seen[which] == what:
                result.unchanged += 1
            else:
                row.refuse("title", _("Dit resultaat staat eerder in het bestand, met andere gegevens."))
                result.refuse(row.problems)
        _keep(db, organisation_id, good, now, result)
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=None,
        action="record.import_records",
        subject=f"organisation:{organisation_id}",
        now=now,
    )
    return result


def _read(row: Row, columns: Collection[str], staff: dict[str, uuid.UUID]) -> tuple[_Key, Values]:
    """A row's key and its further values; what is wrong is in `row.problems`."""
    number = "" if row.problems else row.text("number", 100, required=True)
    if number and number not in staff:
        row.refuse("number", _("Dit nummer staat niet in de personeelslijst."))
    if not number:
        return _Key(_NOBODY, "", date.min, ""), {}
    day = row.day("completed_on", required=True) or date.min
    title = row.text("title", 300, required=True)
    key = _Key(staff.get(number, _NOBODY), title, day, row.text("provider", 200))
    values: Values = {name: row.text(name, most) for name, most in _TEXTS.items() if name in columns}
    values |= {name: row.number(name, below=below) for name, below in _NUMBERS.items() if name in columns}
    return key, values


def _keep(db: Session, organisation_id: uuid.UUID, good: dict[_Key, Values], now: datetime, result: Result) -> None:
    if not good:
        return
    names = list(next(iter(good.values())))
    columns = [getattr(FormalRecord, name) for name in ("id", *_Key._fields, *names)]
    some = tuple_(FormalRecord.staff_id, FormalRecord.title, FormalRecord.completed_on).in_(
        {(key.staff_id, key.title, key.completed_on) for key in good}
    )
    found = db.execute(select(*columns).where(some)).mappings()
    known = {_Key(*(row[name] for name in _Key._fields)): row for row in found}
    new: list[Values] = []
    changed: list[Values] = []
    for key, values in good.items():
        row = known.get(key)
        if row is None:
            made = {"id": new_id(now), "organisation_id": organisation_id, "imported_at": now}
            new.append({**made, **key._asdict(), **values})
        elif any(row[name] != value for name, value in values.items()):
            changed.append({"row": row["id"], "at": now, **{f"new_{name}": values[name] for name in names}})
    if new:
        db.execute(insert(FormalRecord), new)
    if changed:
        table: Any = FormalRecord.__table__
        setting: Values = {name: bindparam(f"new_{name}") for name in names}
        setting["imported_at"] = bindparam("at")
        db.connection().execute(update(table).where(table.c.id == bindparam("row")).values(setting), changed)
    result.added += len(new)
    result.changed += len(changed)
    result.unchanged += len(good) - len(new) - len(changed)


def _digest(values: Iterable[object]) -> int:
    """Eight bytes instead of a row: a file of any length is compared with itself in little memory."""
    text = "\x1f".join(str(value) for value in values)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
