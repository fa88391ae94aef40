"""Links that somebody picked for a course, and what becomes of their copies.

A key in the link opens its space at the first launch, once, in the course that it was picked for. Every other link
with that key, and every link whose LMS says that it was copied from a known one, is a copy: its teacher is asked once
whether it leads to the same space or to a new, empty one.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import ContextCopy, Door, Membership, PlacedLink, Space
from lti_tool.spaces.operations import trail
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.web.errors import NotAllowed
from lti_tool.web.text import one_line

_NAMED = (Level.OPEN.value, Level.KNOCK.value)


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
    placed: str = ""
    """The key of a picked link."""
    link_history: Sequence[str] = ()
    """Links that this one was copied from, latest first, as the LMS says."""
    context_history: Sequence[str] = ()
    """The same of the course."""


@dataclass(frozen=True)
class Course:
    """The course that somebody picks for."""

    organisation_id: uuid.UUID
    platform_id: uuid.UUID
    context_id: str
    title: str = ""


def may_place(space: SpaceHere) -> bool:
    """Whether a viewer may make a link to a space: to one that all their colleagues may know of, or that they lead."""
    return space.standing is Standing.LEAD or (space.level.value in _NAMED and space.may(Action.LEARN))


def place(db: Session, viewer: Viewer, space: SpaceHere, course: Course, *, lets_in: bool, now: datetime) -> str:
    """Make the key of a new link to a space. Raises `NotAllowed`, also when who doesn't lead wants it to let in."""
    if not may_place(space) or (lets_in and not space.may(Action.LEAD)):
        raise NotAllowed(space=space)
    key = secrets.token_urlsafe(24)
    row = {
        "organisation_id": course.organisation_id,
        "platform_id": course.platform_id,
        "context_id": course.context_id[:255],
        "context_title": one_line(course.title)[:300],
        "space_id": space.id,
        "lets_in": lets_in,
        "placed_by": viewer.person_id,
        "placed_at": now,
        "used": False,
    }
    db.execute(insert(db, PlacedLink).values(key_hash=_hash(key), **row))
    audit.note(
        db,
        organisation_id=viewer.organisation_id,
        actor_id=viewer.person_id,
        action="spaces.place_link",
        subject=f"space:{space.id}",
        now=now,
    )
    return key


@dataclass(frozen=True)
class Waiting:
    """A picked link that nobody clicked yet, as the trekker of its space sees it."""

    key: str
    """Of its row; not the key in the link."""
    context_title: str
    lets_in: bool
    placed_at: datetime


def waiting(db: Session, space: SpaceHere) -> list[Waiting]:
    """The picked links to a space that still open a door, for its trekkers; newest first."""
    if not space.may(Action.LEAD):
        return []
    query = (
        select(PlacedLink.key_hash, PlacedLink.context_title, PlacedLink.lets_in, PlacedLink.placed_at)
        .where(PlacedLink.space_id == space.id, PlacedLink.used.is_(False))
        .order_by(PlacedLink.placed_at.desc(), PlacedLink.key_hash)
        .limit(50)
    )
    return [Waiting(key.hex(), title, lets_in, at) for key, title, lets_in, at in db.execute(query)]


def take_back(db: Session, space: SpaceHere, viewer: Viewer, key: str, *, now: datetime) -> None:
    """A picked link opens nothing any more: its teacher is asked where it leads. Nothing happens when it was used or
    taken back."""
    try:
        key_hash = bytes.fromhex(key)
    except ValueError:
        return
    mine = (PlacedLink.key_hash == key_hash, PlacedLink.space_id == space.id, PlacedLink.used.is_(False))
    if db.execute(delete(PlacedLink).where(*mine).returning(PlacedLink.space_id)).first():
        trail(db, space, viewer, "spaces.take_link_back", f"space:{space.id}", now)


def settle(db: Session, placement: Placement, door_id: uuid.UUID) -> bool | None:
    """Find out where a door leads that nobody opened yet. True: its picked link opened it. False: it is a copy, or a
    picked link that doesn't hold any more, so its teacher chooses. None: nothing is known of the link."""
    if placement.placed:
        link = db.execute(_by_key(placement)).mappings().first()
        if link and link["context_id"] == placement.context_id[:255] and _take(db, placement, link, door_id):
            return _open(db, link, door_id)
        if link:
            if link["door_id"] != door_id:
                _copied(db, door_id, link["leads_to"])
            return False
    origin = _origin(db, placement, door_id)
    if origin is None:
        return None
    _copied(db, door_id, origin)
    return False


def _by_key(placement: Placement) -> Any:
    # Of the organisation, not of the platform: a course may move from its old Moodle to its new one.
    mine = (PlacedLink.key_hash == _hash(placement.placed), PlacedLink.organisation_id == placement.organisation_id)
    return (
        select(
            PlacedLink.key_hash, PlacedLink.platform_id, PlacedLink.context_id, PlacedLink.space_id,
            func.coalesce(Door.space_id, PlacedLink.space_id).label("leads_to"),
            PlacedLink.lets_in, PlacedLink.placed_by, PlacedLink.door_id, Space.level,
            exists()
            .where(
                Membership.space_id == PlacedLink.space_id,
                Membership.person_id == PlacedLink.placed_by,
                Membership.role == Standing.LEAD.value,
            )
            .label("by_lead"),
        )
        .join(Space, Space.id == PlacedLink.space_id)
        .outerjoin(Door, Door.id == PlacedLink.door_id)
        .where(*mine)
    )  # fmt: skip


def _take(db: Session, placement: Placement, link: Any, door_id: uuid.UUID) -> bool:
    """Use the key up. Of two links that show it at once, one gets it."""
    fresh = (
        PlacedLink.key_hash == link["key_hash"],
        PlacedLink.platform_id == placement.platform_id,
        PlacedLink.used.is_(False),
    )
    taken = update(PlacedLink).where(*fresh).values(used=True, door_id=door_id)
    return db.execute(taken.returning(PlacedLink.space_id)).first() is not None


def _open(db: Session, link: Any, door_id: uuid.UUID) -> bool:
    """A closed space, and a door that lets in, stand on the word of who placed it: it counts while they lead."""
    if (link["level"] not in _NAMED or link["lets_in"]) and not link["by_lead"]:
        return False
    chosen = {"space_id": link["space_id"], "lets_in": link["lets_in"], "opened_by": link["placed_by"]}
    db.execute(update(Door).where(Door.id == door_id, Door.space_id.is_(None)).values(**chosen))
    return True


def _copied(db: Session, door_id: uuid.UUID, space_id: uuid.UUID) -> None:
    db.execute(update(Door).where(Door.id == door_id, Door.space_id.is_(None)).values(copy_of=space_id))


def _origin(db: Session, placement: Placement, door_id: uuid.UUID) -> uuid.UUID | None:
    """The space of the door that this one is a copy of, as far as the LMS tells."""
    courses = list(placement.context_history)
    if not courses and not placement.space_slug:  # a link that names its space needs no guess
        told = select(ContextCopy.origin_id).where(
            ContextCopy.platform_id == placement.platform_id, ContextCopy.context_id == placement.context_id[:255]
        )
        courses = list(db.scalars(told.order_by(ContextCopy.copied_at.desc(), ContextCopy.origin_id).limit(12)))
    if not courses and not placement.link_history:
        return None
    known = (
        select(Door.context_id, Door.resource_link_id, Door.title, Door.space_id)
        .where(
            Door.platform_id == placement.platform_id,
            Door.space_id.is_not(None),
            Door.id != door_id,
            or_(Door.resource_link_id.in_(placement.link_history), Door.context_id.in_(courses)),
        )
        .order_by(Door.found_at, Door.id)
        .limit(200)
    )
    doors = db.execute(known).all()
    for link in placement.link_history:
        if found := [door for door in doors if door.resource_link_id == link]:
            return found[0].space_id  # type: ignore[no-any-return]
    for course in courses:
        there = [door for door in doors if door.context_id == course]
        if placement.resource_link_id == placement.context_id:  # Canvas: the course's own menu has one link
            there = [door for door in there if door.resource_link_id == course]
        same = [door for door in there if door.title and door.title == placement.title] or there
        if len({door.space_id for door in same}) == 1:
            return same[0].space_id  # type: ignore[no-any-return]
    return None


def note_copy(db: Session, platform_id: uuid.UUID, context_id: str, origins: Sequence[str], *, now: datetime) -> None:
    """The LMS says that a course is a copy of others."""
    for origin_id in dict.fromkeys(origins):
        row = {"platform_id": platform_id, "context_id": context_id[:255], "origin_id": origin_id[:255]}
        db.execute(insert(db, ContextCopy).values(**row, copied_at=now).on_conflict_do_nothing())


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
