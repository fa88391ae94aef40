"""Doors: a place in an LMS course finds its space, is opened, and taken away."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.people.viewer import Viewer
from lti_tool.spaces import access
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import Door, Membership, Passage, Space
from lti_tool.spaces.operations import trail
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.web.errors import NotAllowed, NotFound
from lti_tool.web.text import one_line


@dataclass(frozen=True)
class Placement:
    """A place in an LMS course, as a launch describes it."""

    organisation_id: uuid.UUID
    platform_id: uuid.UUID
    context_id: str
    resource_link_id: str
    title: str = ""
    context_title: str = ""
    teaches: bool = False
    space_slug: str | None = None
    page: str = ""
    """A page of the organisation itself that the link leads to instead: `reports` or `admin`."""


def enter_by_door(db: Session, viewer: Viewer, placement: Placement, *, now: datetime) -> str:
    """Walk in from a course. Returns the path of the page that the door leads to; finds or remembers the door."""
    door = db.execute(
        select(
            Door.id, Space.slug, Membership.role, Passage.person_id,
            access.is_colleague(viewer).label("colleague"),
        )
        .outerjoin(Space, Space.id == Door.space_id)
        .outerjoin(Membership, (Membership.space_id == Space.id) & (Membership.person_id == viewer.person_id))
        .outerjoin(Passage, (Passage.door_id == Door.id) & (Passage.person_id == viewer.person_id))
        .where(
            Door.platform_id == placement.platform_id,
            Door.context_id == placement.context_id[:255],
            Door.resource_link_id == placement.resource_link_id[:255],
        )
    ).first()  # fmt: skip
    door_id = door.id if door else _remember_door(db, placement, now)
    passage = {"teaches": placement.teaches, "passed_at": now}
    through = insert(db, Passage).values(door_id=door_id, person_id=viewer.person_id, **passage)
    db.execute(through.on_conflict_do_update(index_elements=["door_id", "person_id"], set_=passage))
    slug = door.slug if door else None
    if slug is None and placement.space_slug:
        slug = _open_by_custom_field(db, viewer, door_id, placement.space_slug, now)
    if slug is None or (door and door.slug and not door.colleague):
        return f"/doors/{door_id}"
    if door and (door.role or door.person_id):
        return f"/s/{slug}"
    return f"/s/{slug}/join"


def _remember_door(db: Session, placement: Placement, now: datetime) -> uuid.UUID:
    door_id = new_id(now)
    found = insert(db, Door).values(
        id=door_id,
        organisation_id=placement.organisation_id,
        platform_id=placement.platform_id,
        context_id=placement.context_id[:255],
        resource_link_id=placement.resource_link_id[:255],
        title=one_line(placement.title)[:300],
        context_title=one_line(placement.context_title)[:300],
        lets_in=False,
        found_at=now,
    )
    key = ["platform_id", "context_id", "resource_link_id"]
    return db.scalars(found.on_conflict_do_update(index_elements=key, set_={"found_at": now}).returning(Door.id)).one()


def _open_by_custom_field(db: Session, viewer: Viewer, door_id: uuid.UUID, slug: str, now: datetime) -> str | None:
    """A link that names its space opens it by itself, when everybody of this organisation may know of that space."""
    space = access.find(db, viewer, slug, now=now)
    if space is None or space.level not in {Level.OPEN, Level.KNOCK} or not space.may(Action.LEARN):
        return None
    db.execute(update(Door).where(Door.id == door_id).values(space_id=space.id))
    return space.slug


def open_door(
    db: Session, viewer: Viewer, door_id: uuid.UUID, space_id: uuid.UUID, *, lets_in: bool = False, now: datetime
) -> None:
    """Make a door lead to a space that the viewer leads. Raises `NotAllowed`, or `NotFound` for another's door."""
    door = db.get(Door, door_id)
    if door is None or not may_open(db, viewer, door_id):
        raise NotFound
    leads = select(Membership.person_id).where(
        Membership.space_id == space_id,
        Membership.person_id == viewer.person_id,
        Membership.role == Standing.LEAD.value,
    )
    if db.scalar(leads) is None:
        raise NotAllowed
    door.space_id, door.opened_by, door.lets_in = space_id, viewer.person_id, lets_in
    audit.note(
        db,
        organisation_id=viewer.organisation_id,
        actor_id=viewer.person_id,
        action="spaces.open_door",
        subject=f"door:{door_id}",
        now=now,
    )


def may_open(db: Session, viewer: Viewer, door_id: uuid.UUID) -> bool:
    """The viewer taught in that course when they last came by, and the door leads nowhere yet."""
    return bool(
        db.scalar(
            select(func.count())
            .select_from(Passage)
            .join(Door, Door.id == Passage.door_id)
            .where(
                Passage.door_id == door_id,
                Passage.person_id == viewer.person_id,
                Passage.teaches.is_(True),
                Door.space_id.is_(None),
            )
        )
    )


def set_door(
    db: Session, space: SpaceHere, viewer: Viewer, door_id: uuid.UUID, *, lets_in: bool, now: datetime
) -> None:
    """Say whether a door of this space lets people in."""
    mine = (Door.id == door_id, Door.space_id == space.id)
    if db.execute(update(Door).where(*mine).values(lets_in=lets_in).returning(Door.id)).first() is None:
        raise NotFound
    trail(db, space, viewer, "spaces.set_door", f"door:{door_id}", now)


def close_door(db: Session, space: SpaceHere, viewer: Viewer, door_id: uuid.UUID, *, now: datetime) -> None:
    """Take a door away: the course's link asks its teacher again where it leads."""
    mine = (Door.id == door_id, Door.space_id == space.id)
    shut = update(Door).where(*mine).values(space_id=None, lets_in=False)
    if db.execute(shut.returning(Door.id)).first() is None:
        raise NotFound
    # Who came by for this space must not learn of the next one behind the same door.
    db.execute(delete(Passage).where(Passage.door_id == door_id, Passage.teaches.is_(False)))
    trail(db, space, viewer, "spaces.close_door", f"door:{door_id}", now)
