"""The staff list of an organisation, from a file of its HR system."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, new_id
from lti_tool.people import operations
from lti_tool.people.models import StaffMember
from lti_tool.web import csv_files
from lti_tool.web.csv_files import Row
from lti_tool.web.language import _

COLUMNS = (
    "number", "name", "email", "cluster", "department", "function_family", "profession", "manager",
    "start", "end",
)  # fmt: skip
REQUIRED = ("number", "department")
_TEXTS = {"name": 300, "email": 320}
_TEXTS |= dict.fromkeys(("cluster", "department", "function_family", "profession"), 200)
_BATCH = 500
Values = dict[str, Any]


@dataclass
class Result(csv_files.Result):
    """What the import did with the rows of the file, and with whom it met."""

    left_alone: int = 0
    """Rows of the staff list that the file does not name. They stay; only `end` ends a contract."""
    met: int = 0
    """People who came from an LMS before their row did, and now are known by their number."""


def import_staff(db: Session, organisation_id: uuid.UUID, source: csv_files.Source, now: datetime) -> Result:
    """Take in a staff list. Good rows are kept, bad ones told; a column that isn't there changes nothing.

    Raises `csv_files.BadFile` when the file can't be read at all.
    """
    table = csv_files.Table(source, known=COLUMNS, required=REQUIRED)
    result = Result()
    of_organisation = select(func.count()).where(StaffMember.organisation_id == organisation_id)
    known_before = db.scalar(of_organisation) or 0
    lines: dict[str, int] = {}
    named: set[str] = set()
    for batch in csv_files.batches(table, _BATCH):
        good: dict[str, Values] = {}
        bad: set[str] = set()
        for row in batch:
            number, values = _read(row, table.columns, lines)
            if row.problems:
                result.refuse(row.problems)
                bad.add(number)
            else:
                good[number] = values
        named |= _keep(db, organisation_id, good, bad, now, result)
    result.left_alone = known_before - len(named)
    result.met = operations.meet_staff_list(db, organisation_id)
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=None,
        action="people.import_staff",
        subject=f"organisation:{organisation_id}",
        now=now,
    )
    return result


def _read(row: Row, columns: Iterable[str], lines: dict[str, int]) -> tuple[str, Values]:
    """A row's number and its values by the names of the table; what is wrong is in `row.problems`."""
    if row.problems:
        return "", {}
    number = row.text("number", 100, required=True)
    values: Values = {
        name: row.text(name, most, required=name in REQUIRED) for name, most in _TEXTS.items() if name in columns
    }
    if "manager" in columns:
        values["manager"] = row.yes("manager")
    for column, name in (("start", "starts_on"), ("end", "ends_on")):
        if column in columns:
            values[name] = row.day(column)
    starts, ends = values.get("starts_on"), values.get("ends_on")
    if starts and ends and ends < starts:
        row.refuse("end", _("Het einde ligt voor het begin."))
    if number in lines:
        row.refuse("number", _("Dit nummer staat al op regel %(line)s.", line=lines[number]))
    elif not row.problems:
        lines[number] = row.line
    return number, values


def _keep(
    db: Session,
    organisation_id: uuid.UUID,
    good: dict[str, Values],
    bad: set[str],
    now: datetime,
    result: Result,
) -> set[str]:
    """Write a batch. Returns those of its numbers, good or bad, that were known before."""
    query = select(StaffMember.id, StaffMember.number, *(getattr(StaffMember, name) for name in _names(good)))
    mine = (StaffMember.organisation_id == organisation_id, StaffMember.number.in_(good.keys() | bad))
    known = {row["number"]: row for row in db.execute(query.where(*mine)).mappings()}
    new: list[Values] = []
    changed: list[Values] = []
    for number, values in good.items():
        row = known.get(number)
        if row is None:
            new.append({"id": new_id(now), "organisation_id": organisation_id, "number": number, **values})
        elif any(row[name] != value for name, value in values.items()):
            changed.append({"row": row["id"], **{f"new_{name}": value for name, value in values.items()}})
    if new:
        db.execute(insert(StaffMember), new)
    if changed:
        values = {name: bindparam(f"new_{name}") for name in _names(good)}
        table: Any = StaffMember.__table__
        db.connection().execute(update(table).where(table.c.id == bindparam("row")).values(values), changed)
    result.added += len(new)
    result.changed += len(changed)
    result.unchanged += len(good) - len(new) - len(changed)
    return set(known)


def _names(rows: dict[str, Values]) -> Iterable[str]:
    return next(iter(rows.values()), {}).keys()
