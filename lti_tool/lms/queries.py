"""What a trekker sees of the courses that lead to their space: counts, and how far a list was read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from lti_tool.db import Session
from lti_tool.lms import counts, roster
from lti_tool.lms.counts import Looked
from lti_tool.lms.models import LmsCourse, Roster, RosterCount, RosterMember
from lti_tool.lms.roster import BUSY, Trouble
from lti_tool.organisations.models import Platform
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import Door
from lti_tool.spaces.pages import FLOOR
from lti_tool.spaces.policy import Action


@dataclass(frozen=True)
class CourseHere:
    """A course with a door to a space."""

    course_id: uuid.UUID | None
    """None until somebody opened its link since the LMS offers services."""
    platform_id: uuid.UUID
    title: str
    lms: str
    cannot: Trouble | None
    """Why its list can't be read at all."""
    error: Trouble | None
    """Why the last reading did not get to the end."""
    invited: int | None
    """How many learn there; None under the floor, or before the first reading."""
    looked: Looked | None
    counted_at: datetime | None
    read_at: datetime | None
    asked_at: datetime | None
    """Set while a reading waits or goes on."""
    begun_at: datetime | None
    so_far: int

    @property
    def busy(self) -> bool:
        """A reading waits or goes on."""
        return self.asked_at is not None


def courses_of(db: Session, viewer: Viewer, space: SpaceHere, *, now: datetime) -> list[CourseHere]:
    """The courses with a door to a space, for its trekkers and supporters. One query."""
    if not space.may(Action.MODERATE):
        return []
    doors = (
        select(Door.platform_id, Door.context_id, func.max(Door.context_title).label("title"))
        .where(Door.space_id == space.id, Door.context_id != "")
        .group_by(Door.platform_id, Door.context_id)
        .subquery()
    )
    learners = (
        select(func.count())
        .where(
            RosterMember.course_id == LmsCourse.id,
            RosterMember.first_round <= Roster.whole,
            RosterMember.teaches.is_(False),
        )
        .scalar_subquery()
    )
    query = (
        select(
            LmsCourse.id, Platform.id.label("platform_id"), doors.c.title, Platform.name,
            LmsCourse.memberships_url, Platform.roster, Platform.scopes, Platform.switched_off_at,
            Roster.error, Roster.read_at, Roster.asked_at, Roster.begun_at, Roster.so_far,
            learners.label("learners"),
            RosterCount.invited, RosterCount.joined, RosterCount.looked, RosterCount.counted_at,
        )
        .select_from(doors)
        .join(Platform, Platform.id == doors.c.platform_id)
        .outerjoin(
            LmsCourse, (LmsCourse.platform_id == doors.c.platform_id) & (LmsCourse.context_id == doors.c.context_id)
        )
        .outerjoin(Roster, Roster.course_id == LmsCourse.id)
        .outerjoin(RosterCount, (RosterCount.course_id == LmsCourse.id) & (RosterCount.space_id == space.id))
        .order_by(doors.c.title, Platform.name, doors.c.context_id)
        .limit(50)
    )  # fmt: skip
    found = []
    for row in db.execute(query):
        asked = row.asked_at if row.asked_at and row.asked_at > now - BUSY else None
        invited = row.learners if row.read_at and row.learners >= FLOOR else None
        found.append(
            CourseHere(
                course_id=row.id,
                platform_id=row.platform_id,
                title=row.title,
                lms=row.name,
                cannot=roster.why_not(row.memberships_url, row.roster, row.scopes, row.switched_off_at is not None),
                error=Trouble(row.error) if row.error else None,
                invited=invited,
                looked=counts.say(row.invited, row.joined, row.looked) if row.counted_at else None,
                counted_at=row.counted_at,
                read_at=row.read_at,
                asked_at=asked,
                begun_at=row.begun_at if asked else None,
                so_far=row.so_far or 0,
            )
        )
    return found
