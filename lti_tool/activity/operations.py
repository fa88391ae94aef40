"""Noting what happened, folding it every night, forgetting it after 90 days."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, tuple_

from lti_tool.activity.models import Activity, ActivityFold, FoldMark, Kind
from lti_tool.activity.quarters import Quarter
from lti_tool.db import Session, insert
from lti_tool.web.language import local

KEEP = timedelta(days=90)
_BATCH = 2000


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
    """Note one fact; the same fact on a day is one row. Test users and staff in disguise leave none."""
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
    return str(Quarter.of(day))


def pseudonym(secret_key: str, person_id: uuid.UUID, year: int) -> bytes:
    """Sixteen bytes that stand for a person within one year. Only the product's key can make them."""
    message = b"activity fold" + person_id.bytes + year.to_bytes(2, "big")
    return hmac.new(secret_key.encode(), message, hashlib.sha256).digest()[:16]


def fold(db: Session, secret_key: str, now: datetime) -> None:
    """Fold raw activity into one row per pseudonym, space and quarter, and forget what is older than 90 days.

    Takes the days since the last fold, and whatever it is about to forget, so a day that was filled in later
    (by an import or made-up people) is folded too. Runs again without harm: a fold only ever gains kinds.
    """
    today = local(now).date()
    oldest = today - KEEP
    mark = db.get(FoldMark, 1)
    for day in _days(db, before=oldest, since=mark.day if mark else date.min):
        for rows in _batches(db, day):
            _fold_in(db, secret_key, Quarter.of(day), rows)
    db.execute(delete(Activity).where(Activity.day < oldest))
    if mark:
        mark.day = today
    else:
        db.add(FoldMark(id=1, day=today))
    db.flush()


def _days(db: Session, *, before: date, since: date) -> Iterator[date]:
    """The days with activity that are before the one or since the other."""
    day = db.scalar(select(func.min(Activity.day)))
    while day is not None:
        wanted = day < before or day >= since
        if wanted:
            yield day
        rest = Activity.day > day if wanted else Activity.day >= since
        day = db.scalar(select(func.min(Activity.day)).where(rest))


def _batches(db: Session, day: date) -> Iterator[Sequence[Any]]:
    """The activity of a day, some rows at a time, in the order of the key."""
    key = (Activity.person_id, Activity.space_id, Activity.kind)
    query = select(*key, Activity.organisation_id).where(Activity.day == day).order_by(*key).limit(_BATCH)
    rows = db.execute(query).all()
    while rows:
        yield rows
        last = tuple_(*key) > tuple_(*rows[-1][:3], types=[column.type for column in key])
        rows = db.execute(query.where(last)).all()


def _fold_in(db: Session, secret_key: str, quarter: Quarter, rows: Sequence[Any]) -> None:
    row = insert(db, ActivityFold)
    gained = {kind.value: or_(getattr(ActivityFold, kind), getattr(row.excluded, kind)) for kind in Kind}
    values = [
        {
            "pseudonym": pseudonym(secret_key, found.person_id, quarter.year),
            "space_id": found.space_id,
            "quarter": str(quarter),
            "organisation_id": found.organisation_id,
            **{kind.value: kind == found.kind for kind in Kind},
        }
        for found in rows
    ]
    db.execute(row.on_conflict_do_update(index_elements=["pseudonym", "space_id", "quarter"], set_=gained), values)


def forget_person(db: Session, secret_key: str, person_id: uuid.UUID) -> None:
    """Forget what was folded of a person, for their erasure: no column of it points at them."""
    years = {int(quarter[:4]) for quarter in db.scalars(select(ActivityFold.quarter).distinct())}
    theirs = [pseudonym(secret_key, person_id, year) for year in years]
    db.execute(delete(ActivityFold).where(ActivityFold.pseudonym.in_(theirs)))


def forget_year(db: Session, organisation_id: uuid.UUID, year: int) -> None:
    """Forget the folded activity of a year whose figures are frozen."""
    db.execute(
        delete(ActivityFold).where(
            ActivityFold.organisation_id == organisation_id, ActivityFold.quarter.like(f"{year}-%")
        )
    )
