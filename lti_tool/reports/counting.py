"""Counting an organisation's people per department, before anything is hidden. For `operations` only.

Who is counted, so that every contributor is one of the people of their group, and of one group only:

- *People of a department*: the rows of the staff list that hold on the day of counting (the quarter's last,
  or today while it runs), whether or not that colleague ever came here.
- *People not in the staff list*: persons of the organisation who have no row in it, came through an LMS, and
  had come by that day. Who was only given a sign-in link (HR, an admin) is not a colleague of a department.
- *Nobody else.* Who left before that day, or starts after it, is in no group, and what they did is in no
  figure. Test users are in none either. A row that was taken off the list takes its formal records along;
  its person, if still here, is then "not in the staff list".

Activity counts wherever it was, also in a space of another organisation. Hours and points count in the
quarter of a moment's day or a record's completion; who brought nothing of them is no contributor.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select

from lti_tool.activity import queries as activity
from lti_tool.activity.operations import pseudonym
from lti_tool.activity.quarters import Quarter
from lti_tool.db import Session
from lti_tool.people.models import Identity, Person, StaffMember
from lti_tool.record.models import FormalRecord, Moment, Share
from lti_tool.reports.suppression import NOT_IN_STAFF_LIST, Amount, Group

_NOBODY = Amount()
Key = tuple[bool, str]
"""In the staff list or not, and the department as the list writes it."""


def count(
    db: Session, secret_key: str, organisation_id: uuid.UUID, quarter: Quarter, *, on: date, zone: tzinfo
) -> list[Group]:
    """The figures of every department, and of those not in the staff list. A fixed number of queries.

    `on` is the day whose staff list holds, `zone` where that day is.
    """
    counted = _counted(organisation_id, on, zone)
    people: Counter[Key] = Counter(dict(_people_of_departments(db, organisation_id, on)))
    took_part: Counter[Key] = Counter()
    for key, took in _people_who_came(db, secret_key, organisation_id, quarter, counted):
        took_part[key] += took
        people[key] += not key[0]
    released = dict(_released(db, quarter, counted))
    hours = dict(_accredited(db, FormalRecord.hours, organisation_id, quarter, on))
    points = dict(_accredited(db, FormalRecord.points, organisation_id, quarter, on))
    return [
        Group(
            name=key[1] if key[0] else NOT_IN_STAFF_LIST,
            people=people[key],
            took_part=took_part[key],
            released_hours=released.get(key, _NOBODY),
            accredited_hours=hours.get(key, _NOBODY),
            accredited_points=points.get(key, _NOBODY),
        )
        for key in people
    ]


def not_in_staff_list(organisation_id: uuid.UUID, until: datetime) -> ColumnElement[bool]:
    """The condition on `Person` for colleagues who are in no list and had come before a moment."""
    return and_(
        Person.organisation_id == organisation_id,
        Person.is_test.is_(False),
        Person.staff_id.is_(None),
        Person.created_at < until,
        exists().where(Identity.person_id == Person.id),
    )


def _holds(on: date) -> ColumnElement[bool]:
    begun = or_(StaffMember.starts_on.is_(None), StaffMember.starts_on <= on)
    return and_(begun, or_(StaffMember.ends_on.is_(None), StaffMember.ends_on >= on))


def _counted(organisation_id: uuid.UUID, on: date, zone: tzinfo) -> ColumnElement[bool]:
    """The condition on `Person` and its (outer) joined `StaffMember`."""
    mine = and_(Person.organisation_id == organisation_id, Person.is_test.is_(False))
    listed = and_(mine, StaffMember.organisation_id == organisation_id, _holds(on))
    until = datetime.combine(on + timedelta(days=1), time.min, tzinfo=zone)
    return or_(listed, not_in_staff_list(organisation_id, until))


_LISTED = StaffMember.id.is_not(None)
_DEPARTMENT = StaffMember.department
"""Null for who is in no list."""


def _people_of_departments(db: Session, organisation_id: uuid.UUID, on: date) -> Iterator[tuple[Key, int]]:
    mine = select(StaffMember.department, func.count()).where(StaffMember.organisation_id == organisation_id)
    for department, people in db.execute(mine.where(_holds(on)).group_by(StaffMember.department)):
        yield (True, department), people


def _people_who_came(
    db: Session, secret_key: str, organisation_id: uuid.UUID, quarter: Quarter, counted: ColumnElement[bool]
) -> Iterator[tuple[Key, bool]]:
    """Each counted person once, with whether they took part. Activity itself stays in the database."""
    folded = activity.pseudonyms(db, organisation_id, quarter)
    raw = activity.took_part(Person.id, quarter)
    people = _of_persons(counted, Person.id, _LISTED, _DEPARTMENT, raw)
    for person_id, listed, department, took in db.execute(people):
        took = took or (bool(folded) and pseudonym(secret_key, person_id, quarter.year) in folded)
        yield (bool(listed), department or ""), bool(took)


def _of_persons(counted: ColumnElement[bool], *columns: Any) -> Select[Any]:
    met = StaffMember.id == Person.staff_id
    return select(*columns).select_from(Person).outerjoin(StaffMember, met).where(counted)


def _released(db: Session, quarter: Quarter, counted: ColumnElement[bool]) -> Iterator[tuple[Key, Amount]]:
    minutes = func.coalesce(func.sum(Moment.minutes), 0)
    query = (
        _of_persons(counted, _LISTED, _DEPARTMENT, minutes, func.count(distinct(Moment.person_id)))
        .join(Moment, and_(Moment.person_id == Person.id, Moment.organisation_id == Person.organisation_id))
        .join(Share, and_(Share.moment_id == Moment.id, Share.receiver == "hr"))
        .where(Moment.minutes > 0, Moment.happened_on.between(quarter.first, quarter.last))
        .group_by(_LISTED, _DEPARTMENT)
    )
    for listed, department, total, contributors in db.execute(query):
        yield (bool(listed), department or ""), Amount(Decimal(int(total)) / 60, contributors)


def _accredited(
    db: Session, column: Any, organisation_id: uuid.UUID, quarter: Quarter, on: date
) -> Iterator[tuple[Key, Amount]]:
    query = (
        select(StaffMember.department, func.sum(column), func.count(distinct(StaffMember.id)))
        .join(FormalRecord, FormalRecord.staff_id == StaffMember.id)
        .where(
            StaffMember.organisation_id == organisation_id,
            FormalRecord.organisation_id == organisation_id,
            _holds(on),
            column > 0,
            or_(FormalRecord.accreditor != "", FormalRecord.points > 0),
            FormalRecord.completed_on.between(quarter.first, quarter.last),
        )
        .group_by(StaffMember.department)
    )
    for department, total, contributors in db.execute(query):
        yield (True, department), Amount(total, contributors)
