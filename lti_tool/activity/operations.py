"""Noting what happened, folding it every night, forgetting it after 90 days."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Executable, case, delete, func, or_, select

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
    for quarter, first, last in _spans(db, before=oldest, since=mark.day if mark else date.min):
        query = _by_person_and_space(first, last)
        for rows in db.execute(query, execution_options={"yield_per": _BATCH}).partitions():
            _fold_in(db, secret_key, quarter, rows)
    db.execute(delete(Activity).where(Activity.day < oldest))
    if mark:
        mark.day = today
    else:
        db.add(FoldMark(id=1, day=today))
    db.flush()


def _spans(db: Session, *, before: date, since: date) -> Iterator[tuple[Quarter, date, date]]:
    """The days with activity before the one day and from the other on, cut at the borders of quarters."""
    oldest, newest = db.execute(select(func.min(Activity.day), func.max(Activity.day))).one()
    if oldest is None:
        return
    spans = [(oldest, before - timedelta(days=1)), (since, newest)] if since > before else [(oldest, newest)]
    for first, last in spans:
        quarter = Quarter.of(first)
        while quarter.first <= last:
            yield quarter, max(first, quarter.first), min(last, quarter.last)
            quarter = quarter.next


def _by_person_and_space(first: date, last: date) -> Executable:
    who = (Activity.person_id, Activity.space_id, Activity.organisation_id)
    kinds = (func.max(case((Activity.kind == kind.value, 1), else_=0)).label(kind.value) for kind in Kind)
    return select(*who, *kinds).where(Activity.day.between(first, last)).group_by(*who)


def _fold_in(db: Session, secret_key: str, quarter: Quarter, rows: Sequence[Any]) -> None:
    row = insert(db, ActivityFold)
    gained = {kind.value: or_(getattr(ActivityFold, kind), getattr(row.excluded, kind)) for kind in Kind}
    values = [
        {
            "pseudonym": pseudonym(secret_key, found.person_id, quarter.year),
            "space_id": found.space_id,
            "quarter": str(quarter),
            "organisation_id": found.organisation_id,
            **{kind.value: bool(getattr(found, kind)) for kind in Kind},
        }
        for found in rows
    ]
    key = ["pseudonym", "space_id", "quarter"]
    db.execute(row.on_conflict_do_update(index_elements=key, set_=gained), values)


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
