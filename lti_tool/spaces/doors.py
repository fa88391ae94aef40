"""Doors: a place in an LMS course finds its space, is opened, and taken away."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.organisations.models import NetworkMember
from lti_tool.people.viewer import Viewer
from lti_tool.spaces import access
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.links import Placement, may_place, settle
from lti_tool.spaces.models import Door, Membership, Passage, Space
from lti_tool.spaces.operations import start, trail
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.web.errors import NotAllowed, NotFound
from lti_tool.web.text import one_line


def enter_by_door(db: Session, viewer: Viewer, placement: Placement, *, now: datetime) -> str:
    """Walk in from a course. Returns the path of the page that the door leads to; finds or remembers the door."""
    find = _door_of(viewer, placement)
    door = db.execute(find).first()
    door_id = door.id if door else _remember_door(db, placement, now)
    passage = {"teaches": placement.teaches, "passed_at": now}
    through = insert(db, Passage).values(door_id=door_id, person_id=viewer.person_id, **passage)
    db.execute(through.on_conflict_do_update(index_elements=["door_id", "person_id"], set_=passage))
    came_before = door is not None and door.person_id is not None
    if door is None or not (door.slug or door.copy_of or door.shut):
        opened = settle(db, placement, door_id)
        if opened:
            door = db.execute(find).one()
        elif opened is None and placement.space_slug:
            slug = _open_by_custom_field(db, viewer, door_id, placement.space_slug, now)
            return f"/doors/{door_id}" if slug is None else f"/s/{slug}" if came_before else f"/s/{slug}/join"
    if door is None or not door.slug or not door.colleague:
        return f"/doors/{door_id}"
    return f"/s/{door.slug}" if door.role or came_before else f"/s/{door.slug}/join"


def _door_of(viewer: Viewer, placement: Placement) -> Any:
    return (
        select(
            Door.id, Door.copy_of, Door.shut, Space.slug, Membership.role, Passage.person_id,
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
    )  # fmt: skip


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
    _lead_to(db, viewer, door, space_id, lets_in=lets_in, now=now)


def _lead_to(db: Session, viewer: Viewer, door: Door, space_id: uuid.UUID, *, lets_in: bool, now: datetime) -> None:
    door.space_id, door.opened_by, door.lets_in, door.copy_of = space_id, viewer.person_id, lets_in, None
    audit.note(
        db,
        organisation_id=viewer.organisation_id,
        actor_id=viewer.person_id,
        action="spaces.open_door",
        subject=f"door:{door.id}",
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


@dataclass(frozen=True)
class Copied:
    """A door that is a copy of another, as its teacher meets it."""

    space: SpaceHere
    """Where the other leads."""
    lets_in: bool
    """Some door of that space lets in, so this one probably should."""

    @property
    def may_keep(self) -> bool:
        """May let it lead to the same space."""
        return may_place(self.space)

    @property
    def may_renew(self) -> bool:
        """May begin a new space after its model."""
        return self.space.may(Action.CHARTER)


def copied(db: Session, viewer: Viewer, door_id: uuid.UUID, *, now: datetime) -> Copied | None:
    """What a copied link was a copy of; None when it is none, or it was answered, or the viewer may not answer or not
    know of that space. What a link was copied from can be typed into it, so no answer may tell that one is there."""
    origin = db.scalar(select(Door.copy_of).where(Door.id == door_id, Door.space_id.is_(None)))
    if origin is None or not may_open(db, viewer, door_id):
        return None
    space = access.find_by_id(db, viewer, origin, now=now)
    if space is None or not space.may(Action.LEARN):
        return None
    others = select(Door.id).where(Door.space_id == space.id, Door.lets_in.is_(True))
    return Copied(space, lets_in=db.scalar(select(others.exists())) or False)


def keep_same(db: Session, viewer: Viewer, door_id: uuid.UUID, *, lets_in: bool, now: datetime) -> str:
    """A copied link leads to the same space; it lets in only when a trekker says so. Returns the slug. Raises
    `NotAllowed`."""
    found, door = copied(db, viewer, door_id, now=now), db.get(Door, door_id)
    if found is None or door is None or not found.may_keep:
        raise NotAllowed(cause="a copied link to a space of others")
    _lead_to(db, viewer, door, found.space.id, lets_in=lets_in and found.space.may(Action.LEAD), now=now)
    return found.space.slug


def begin_empty(db: Session, viewer: Viewer, door_id: uuid.UUID, *, lets_in: bool, now: datetime) -> str:
    """A copied link leads to a new space after the model of the old: its title, what it is for and how open it is; no
    contents, no members, and the teacher is its trekker. Returns the slug. Raises `NotAllowed`."""
    found, door = copied(db, viewer, door_id, now=now), db.get(Door, door_id)
    if found is None or door is None or not found.may_renew:
        raise NotAllowed(cause="a copied link to a space of others")
    model = found.space
    mine = (NetworkMember.network_id == model.network_id, NetworkMember.organisation_id == viewer.organisation_id)
    shared = model.network_id and db.scalar(select(NetworkMember.network_id).where(*mine))
    space = start(
        db,
        viewer,
        title=model.title,
        what_for=model.what_for,
        level=model.level,
        network_id=shared or None,
        now=now,
    )
    _lead_to(db, viewer, door, space.id, lets_in=lets_in, now=now)
    return space.slug


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
    shut = update(Door).where(*mine).values(space_id=None, lets_in=False, shut=True)
    if db.execute(shut.returning(Door.id)).first() is None:
        raise NotFound
    # Who came by for this space must not learn of the next one behind the same door.
    db.execute(delete(Passage).where(Passage.door_id == door_id, Passage.teaches.is_(False)))
    trail(db, space, viewer, "spaces.close_door", f"door:{door_id}", now)
