"""Having one's taking part confirmed in the gradebook of the LMS: by the learner's own hand, one word, never a grade.

Off until the admin lets grades through and the trekker switches it on for a space. What is sent is that somebody
completed something, as 1 of 1, because an LMS such as Moodle keeps nothing else.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.jobs.queue import enqueue
from lti_tool.lms.models import Confirmation, ConfirmingSpace, LmsCourse, LmsLink
from lti_tool.organisations.models import Platform
from lti_tool.people.models import Identity
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import Door, Passage, Space
from lti_tool.spaces.policy import Action, Standing
from lti_tool.web.errors import NotAllowed, NotFound

KIND = "lms score"
TAKES_PART = frozenset({Standing.MEMBER, Standing.SUPPORTER, Standing.LEAD})
_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCORE, LINE_ITEM = _AGS + "score", _AGS + "lineitem"

OFF, NO_GRADES, NO_SCOPE, NO_PLACE, TEACHER, NO_COURSE = (
    "off", "no_grades", "no_scope", "no_place", "teacher", "no_course",
)  # fmt: skip
"""Why it can't be done."""
NOT_A_LEARNER, NEWER, NOT_ALLOWED, GONE, KEPT, REFUSED, LATER = (
    "not_learner", "newer", "not_allowed", "gone", "kept", "refused", "later",
)  # fmt: skip
"""What came of it. `newer`: somebody filled in something else since; `kept`: the LMS does not take it back."""


@dataclass(frozen=True)
class Place:
    """A link in a course where a confirmation could stand."""

    course_id: uuid.UUID
    platform_id: uuid.UUID
    context_id: str
    resource_link_id: str
    lms: str
    course: str
    product: str
    grades: bool
    granted: list[str] | None
    off: bool
    lineitems_url: str
    lineitem_url: str
    scopes: list[str]
    teaches: bool

    @property
    def why_not(self) -> str:
        """Why nothing can be confirmed there; empty when it can."""
        if not self.grades or self.off:
            return NO_GRADES
        if SCORE not in self.scopes or (self.granted is not None and SCORE not in self.granted):
            return NO_SCOPE
        if self.teaches:
            return TEACHER
        # The course menu of Canvas is no link: a column for it would be an assignment that all see.
        in_menu = self.product == "canvas" and self.resource_link_id == self.context_id
        can_make = self.lineitems_url and LINE_ITEM in self.scopes and not in_menu
        return "" if self.lineitem_url or can_make else NO_PLACE


@dataclass(frozen=True)
class Mine:
    """A confirmation, as its learner sees it."""

    id: uuid.UUID
    space: str
    slug: str
    course: str
    lms: str
    wanted: bool
    state: str
    why: str
    asked_at: datetime


def _places() -> Select[
    uuid.UUID, uuid.UUID, str, str, str, str, str, bool, list[str] | None, bool, str, str, list[str]
]:
    return (
        select(
            LmsCourse.id, Platform.id, Door.context_id, Door.resource_link_id, Platform.name, Door.context_title,
            Platform.product, Platform.grades, Platform.scopes, Platform.switched_off_at.is_not(None),
            LmsCourse.lineitems_url, func.coalesce(LmsLink.lineitem_url, ""), LmsCourse.scopes,
        )
        .select_from(Door)
        .join(Platform, Platform.id == Door.platform_id)
        .join(LmsCourse, (LmsCourse.platform_id == Platform.id) & (LmsCourse.context_id == Door.context_id))
        .outerjoin(
            LmsLink, (LmsLink.course_id == LmsCourse.id) & (LmsLink.resource_link_id == Door.resource_link_id)
        )
        .limit(50)
    )  # fmt: skip


def places_of_space(db: Session, viewer: Viewer, space: SpaceHere) -> list[Place]:
    """All links to a space whose course is known, for its trekkers."""
    if not space.may(Action.LEAD):
        return []
    rows = db.execute(_places().where(Door.space_id == space.id).order_by(Door.context_title, Door.id))
    return [Place(*row, teaches=False) for row in rows]


def places_of_mine(db: Session, viewer: Viewer, space: SpaceHere) -> list[Place]:
    """The links by which the viewer came to a space, the last one first."""
    query = (
        _places()
        .add_columns(Passage.teaches)
        .join(Passage, (Passage.door_id == Door.id) & (Passage.person_id == viewer.person_id))
        .where(
            Door.space_id == space.id,
            Platform.id.in_(select(Identity.platform_id).where(Identity.person_id == viewer.person_id)),
        )
        .order_by(Passage.passed_at.desc())
    )
    return [Place(*row) for row in db.execute(query)]


def is_on(db: Session, space_id: uuid.UUID) -> bool:
    """Whether members of this space may have their taking part confirmed."""
    return db.scalar(select(ConfirmingSpace.space_id).where(ConfirmingSpace.space_id == space_id)) is not None


def switch(db: Session, viewer: Viewer, space: SpaceHere, *, on: bool, now: datetime) -> None:
    """Let members have it confirmed, or no more. Raises `NotAllowed` where no course takes it."""
    if on and all(place.why_not for place in places_of_space(db, viewer, space)):
        raise NotAllowed(space=space, cause="no course takes confirmations")
    if on:
        db.execute(insert(db, ConfirmingSpace).values(space_id=space.id, since=now).on_conflict_do_nothing())
    else:
        db.execute(delete(ConfirmingSpace).where(ConfirmingSpace.space_id == space.id))
    audit.note(
        db,
        organisation_id=space.organisation_id,
        actor_id=viewer.person_id,
        action=f"lms.confirming_{'on' if on else 'off'}",
        subject=f"space:{space.id}",
        now=now,
    )


def place_for(db: Session, viewer: Viewer, space: SpaceHere) -> tuple[Place | None, str]:
    """Where the viewer's taking part would be confirmed, or why it can't be."""
    if not is_on(db, space.id):
        return None, OFF
    places = places_of_mine(db, viewer, space)
    good = next((place for place in places if not place.why_not), None)
    if good:
        return good, ""
    return (places[0], places[0].why_not) if places else (None, NO_COURSE)


def confirm(db: Session, viewer: Viewer, space: SpaceHere, *, now: datetime) -> None:
    """The viewer wants it to stand there. Asking again is harmless. Raises `NotAllowed`."""
    place, why = place_for(db, viewer, space)
    if place is None or why or space.standing not in TAKES_PART:
        raise NotAllowed(space=space, cause=f"no confirmation: {why}")
    there = {
        "course_id": place.course_id,
        "resource_link_id": place.resource_link_id,
        "label": place.course,
        "wanted": True,
        "state": "waits",
        "why": "",
        "asked_at": now,
    }
    row = insert(db, Confirmation).values(
        id=new_id(now), person_id=viewer.person_id, space_id=space.id, sent_at=None, **there
    )
    row = row.on_conflict_do_update(
        index_elements=["person_id", "space_id"],
        set_=there,
        where=~((Confirmation.state == "arrived") & Confirmation.wanted),
    )
    made = db.scalar(row.returning(Confirmation.id))
    if made:
        _send(db, made, place.platform_id, now)


def withdraw(db: Session, viewer: Viewer, confirmation_id: uuid.UUID, *, now: datetime) -> None:
    """The viewer takes it back, as far as the LMS lets them. Raises `NotFound` for another's."""
    mine = (Confirmation.id == confirmation_id, Confirmation.person_id == viewer.person_id)
    unsent = delete(Confirmation).where(*mine, Confirmation.sent_at.is_(None)).returning(Confirmation.id)
    if db.execute(unsent).first():
        return  # nothing of it ever left
    values = {"wanted": False, "state": "waits", "why": "", "asked_at": now}
    changed = update(Confirmation).where(*mine).values(**values).returning(Confirmation.course_id)
    course_id = db.scalar(changed)
    if course_id is None:
        raise NotFound
    platform_id = db.scalars(select(LmsCourse.platform_id).where(LmsCourse.id == course_id)).one()
    _send(db, confirmation_id, platform_id, now)


def _send(db: Session, confirmation_id: uuid.UUID, platform_id: uuid.UUID, now: datetime) -> None:
    key = str(confirmation_id)
    enqueue(db, KIND, key, {"confirmation": key}, now=now, lane=f"scores {platform_id}")


def _mine(viewer: Viewer) -> Select[uuid.UUID, str, str, str, str, bool, str, str, datetime]:
    return (
        select(
            Confirmation.id, Space.title, Space.slug, Confirmation.label, Platform.name, Confirmation.wanted,
            Confirmation.state, Confirmation.why, Confirmation.asked_at,
        )
        .join(Space, Space.id == Confirmation.space_id)
        .join(LmsCourse, LmsCourse.id == Confirmation.course_id)
        .join(Platform, Platform.id == LmsCourse.platform_id)
        .where(Confirmation.person_id == viewer.person_id)
        .order_by(Confirmation.asked_at.desc(), Confirmation.id)
    )  # fmt: skip


def mine_in(db: Session, viewer: Viewer, space: SpaceHere) -> Mine | None:
    """The viewer's confirmation for a space."""
    row = db.execute(_mine(viewer).where(Confirmation.space_id == space.id)).first()
    return Mine(*row) if row else None


def all_mine(db: Session, viewer: Viewer) -> list[Mine]:
    """All of the viewer's, also of spaces they left."""
    return [Mine(*row) for row in db.execute(_mine(viewer).limit(100))]
