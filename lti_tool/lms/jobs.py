"""What the schedule and the queue do with the services of an LMS."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select

from lti_tool.jobs.queue import work
from lti_tool.jobs.schedule import Work, task
from lti_tool.lms import confirmations, roster, scores
from lti_tool.lms.models import LmsCourse, Roster, RosterMember, ServiceToken
from lti_tool.organisations.models import Platform
from lti_tool.spaces.models import Door

DAILY = timedelta(hours=24)
SPREAD = 3600
"""Seconds over which the readings of one hour are spread."""
IN_USE = timedelta(days=90)
"""A course that nobody opened for so long is not read any more, and its list is forgotten."""
AT_ONCE = 200

work(roster.KIND)(roster.refresh)
work(confirmations.KIND)(scores.send)


@task("lms: clear old service tokens", every=timedelta(hours=6))
def clear(work: Work) -> None:
    """A token is a secret: it goes when it is of no use."""
    work.db.execute(delete(ServiceToken).where(ServiceToken.expires_at <= work.now))


@task("lms: read the lists of participants", every=timedelta(hours=1))
def read_rosters(work: Work) -> None:
    """Once a day the list of every course that has a door to a space, spread so that no LMS is asked all at once."""
    query = (
        select(LmsCourse.id, LmsCourse.platform_id)
        .join(Platform, Platform.id == LmsCourse.platform_id)
        .outerjoin(Roster, Roster.course_id == LmsCourse.id)
        .where(
            Platform.roster.is_(True),
            Platform.switched_off_at.is_(None),
            LmsCourse.memberships_url != "",
            LmsCourse.seen_at > work.now - IN_USE,
            _has_door(),
            or_(Roster.asked_at.is_(None), Roster.asked_at < work.now - roster.BUSY),
            or_(Roster.begun_at.is_(None), Roster.begun_at <= work.now - DAILY),
        )
        .order_by(Roster.begun_at, LmsCourse.id)
        .limit(AT_ONCE)
    )
    for course_id, platform_id in work.db.execute(query).all():
        due = work.now + timedelta(seconds=course_id.int % SPREAD)
        roster.ask(work.db, course_id, platform_id, now=work.now, due=due)


@task("lms: forget lists that are of no use", every=timedelta(hours=24))
def forget_rosters(work: Work) -> None:
    """Of a course without a door, out of use, or whose admin allows no lists any more."""
    query = (
        select(LmsCourse.id)
        .join(Platform, Platform.id == LmsCourse.platform_id)
        .where(
            exists().where(RosterMember.course_id == LmsCourse.id),
            or_(Platform.roster.is_(False), LmsCourse.seen_at <= work.now - IN_USE, ~_has_door()),
        )
    )
    roster.forget(work.db, work.db.scalars(query).all())


def _has_door() -> ColumnElement[bool]:
    return exists().where(
        Door.platform_id == LmsCourse.platform_id,
        Door.context_id == LmsCourse.context_id,
        Door.space_id.is_not(None),
    )
