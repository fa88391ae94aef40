"""Noting what happened, folding it every night, forgetting it after 90 days."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select

from lti_tool.activity.models import Activity, ActivityFold, Kind
from lti_tool.db import Session, insert
from lti_tool.web.language import local

KEEP = timedelta(days=90)


def note(
    db: Session,
    *,
    person_id: uuid.UUID,
    organisation_id: uuid.UUID,
    space_id: uuid.UUID,
    space_organisation_id: uuid.UUID,
    kind: Kind,
    now: datetime,
    counted: bool = True,
) -> None:
    """Note one fact; the same fact on the same day is one row. Test users and staff in disguise leave none."""
    if not counted:
        return
    fact = insert(db, Activity).values(
        person_id=person_id,
        organisation_id=organisation_id,
        space_id=space_id,
        space_organisation_id=space_organisation_id,
        kind=kind.value,
        day=local(now).date(),
    )
    db.execute(fact.on_conflict_do_nothing())


def quarter_of(day: date) -> str:
    """`2026-Q4`."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def pseudonym(secret_key: str, person_id: uuid.UUID, year: int) -> bytes:
    """Sixteen bytes that stand for a person within one year. Without the product's key nobody can make them."""
    message = b"activity fold" + person_id.bytes + year.to_bytes(2, "big")
    return hmac.new(secret_key.encode(), message, hashlib.sha256).digest()[:16]


def fold(db: Session, secret_key: str, now: datetime) -> None:
    """Fold raw activity into one row per pseudonym, space and quarter, and forget what is older than 90 days.

    Runs again without harm: kinds are a set.
    """
    raw = select(
        Activity.person_id, Activity.space_id, Activity.kind, Activity.day, Activity.organisation_id
    ).order_by(Activity.person_id)
    known: dict[tuple[bytes, uuid.UUID, str], tuple[uuid.UUID, set[str]]] = {}
    for person_id, space_id, kind, day, organisation_id in db.execute(raw):
        key = (pseudonym(secret_key, person_id, day.year), space_id, quarter_of(day))
        known.setdefault(key, (organisation_id, set()))[1].add(kind)
    for (name, space_id, quarter), (organisation_id, kinds) in known.items():
        where = (
            ActivityFold.pseudonym == name,
            ActivityFold.space_id == space_id,
            ActivityFold.quarter == quarter,
        )
        before = db.scalar(select(ActivityFold.kinds).where(*where)) or ""
        values = {"kinds": " ".join(sorted(kinds | set(before.split()))), "organisation_id": organisation_id}
        row = insert(db, ActivityFold).values(pseudonym=name, space_id=space_id, quarter=quarter, **values)
        row = row.on_conflict_do_update(index_elements=["pseudonym", "space_id", "quarter"], set_=values)
        db.execute(row)
    db.execute(delete(Activity).where(Activity.day < (now - KEEP).date()))
