"""A copy of all that is held of a person, and their erasure. The rooms' registry says what that is."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from lti_tool.activity import operations as activity
from lti_tool.audit import operations as audit
from lti_tool.db import Session, personal_data
from lti_tool.people.models import Person, StaffMember
from lti_tool.record.models import FormalRecord


def copy_of(db: Session, person_id: uuid.UUID) -> dict[str, Any]:
    """All that is held of a person, as plain values for JSON: themselves, then table by table."""
    person = db.get_one(Person, person_id)
    held: dict[str, Any] = {
        "person": [
            {
                "name": person.name,
                "chosen_name": person.chosen_name,
                "email": person.email,
                "language": person.language,
                "created_at": person.created_at,
                "arrived_at": person.arrived_at,
            }
        ],
        **personal_data.export(db, person_id),
    }
    if person.staff_id:
        staff = StaffMember.__table__.c
        held["staff_member"] = _rows(db, select(*staff).where(staff.id == person.staff_id))
        records = FormalRecord.__table__.c
        held["formal_record"] = _rows(db, select(*records).where(records.staff_id == person.staff_id))
    return {table: [_plain(row) for row in rows] for table, rows in held.items()}


def erase(db: Session, secret_key: str, person_id: uuid.UUID, organisation_id: uuid.UUID, *, now: datetime) -> None:
    """Erase a person. Their words become "withdrawn", what organisations keep for a reason stays without a name.

    The staff list and the formal records are the organisation's, not the product's: they stay. Published group
    figures stay too. Raises `LookupError` when the person is not of that organisation.
    """
    person = db.get(Person, person_id)
    if person is None or person.organisation_id != organisation_id:
        raise LookupError("there is no such person in this organisation")
    activity.forget_person(db, secret_key, person_id)
    personal_data.erase(db, person_id)
    db.execute(delete(Person).where(Person.id == person_id))
    # Without the id: the trail must not keep what was just erased.
    audit.note(db, organisation_id=organisation_id, actor_id=None, action="rights.erase", now=now)


def _rows(db: Session, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(query).mappings()]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value
