"""What an LMS offers for a course: noted at a launch, when it changed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_tool.db import Session, insert, new_id
from lti_tool.lms.models import LmsCourse, LmsLink

SEEN_AGAIN = timedelta(days=7)
"""A launch notes that a course is still in use when the last note is older."""


@dataclass(frozen=True)
class CourseServices:
    """What a launch says that the LMS offers for its course. Empty is: not offered."""

    memberships_url: str = ""
    lineitems_url: str = ""
    lineitem_url: str = ""
    """The column of this very link."""
    scopes: tuple[str, ...] = ()
    """What we may do with grades, sorted."""
    notices_url: str = ""
    """Where to ask for notices of a copied course; not kept, see `lti`."""

    @property
    def of_course(self) -> tuple[str, str, tuple[str, ...]]:
        """What holds for the whole course."""
        return self.memberships_url, self.lineitems_url, self.scopes


NONE = CourseServices()


def note_services(
    db: Session,
    platform_id: uuid.UUID,
    context_id: str,
    resource_link_id: str,
    services: CourseServices,
    *,
    of_link: bool = True,
    now: datetime,
) -> None:
    """Note what a launch said about its course, and `of_link` about its link. Call it when something changed."""
    course = {
        "memberships_url": services.memberships_url,
        "lineitems_url": services.lineitems_url,
        "scopes": list(services.scopes),
        "seen_at": now,
    }
    row = insert(db, LmsCourse).values(id=new_id(now), platform_id=platform_id, context_id=context_id, **course)
    row = row.on_conflict_do_update(index_elements=["platform_id", "context_id"], set_=course)
    course_id = db.scalars(row.returning(LmsCourse.id)).one()
    if not of_link:
        return
    link = {"lineitem_url": services.lineitem_url}
    mine = insert(db, LmsLink).values(course_id=course_id, resource_link_id=resource_link_id, **link)
    db.execute(mine.on_conflict_do_update(index_elements=["course_id", "resource_link_id"], set_=link))
