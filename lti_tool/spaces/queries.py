"""Everything that reads about spaces, always for a viewer."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from lti_tool.db import Session
from lti_tool.organisations.models import Network, NetworkMember, Organisation
from lti_tool.people.models import Person, StaffMember
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere, is_colleague, passages, reaches
from lti_tool.spaces.models import Door, Knock, Membership, Passage, Space
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.web.text import initials

NEW = timedelta(days=14)
"""So long somebody who joined may be welcomed."""


@dataclass(frozen=True)
class Listed:
    """A space in a list."""

    id: uuid.UUID
    slug: str
    title: str
    what_for_html: str
    level: Level
    organisation_name: str
    role: str | None
    members: int
    knocked: bool


@dataclass(frozen=True)
class Someone:
    """A person who takes part, as members see them."""

    id: uuid.UUID
    name: str
    role: str
    quality: str
    profession: str
    department: str
    organisation_name: str
    manager: bool

    @property
    def initials(self) -> str:
        """For the face."""
        return initials(self.name)

    @property
    def seed(self) -> int:
        """The colour of the face."""
        return self.id.bytes[-1]


@dataclass(frozen=True)
class DoorHere:
    """A door as the person who came through it, or the trekker of its space, sees it."""

    id: uuid.UUID
    title: str
    context_title: str
    space_slug: str | None
    teaches: bool
    lets_in: bool
    organisation_name: str = ""


def spaces_of(db: Session, viewer: Viewer, *, most: int = 200) -> list[Listed]:
    """The spaces the viewer takes part in, then those they may know of; each group by title."""
    taking = aliased(Membership)
    members = (
        select(func.count())
        .select_from(taking)
        .join(Person, Person.id == taking.person_id)
        .where(taking.space_id == Space.id, taking.role != Standing.OBSERVER.value, reaches(Person.organisation_id))
    )
    knocked = select(Knock.person_id).where(Knock.space_id == Space.id, Knock.person_id == viewer.person_id)
    mine = and_(Membership.space_id == Space.id, Membership.person_id == viewer.person_id)
    known = or_(Space.level.in_((Level.OPEN.value, Level.KNOCK.value)), passages(viewer).exists())
    query = (
        select(
            Space.id, Space.slug, Space.title, Space.what_for_html, Space.level,
            Organisation.name.label("organisation_name"), Membership.role,
            members.scalar_subquery().label("members"), knocked.exists().label("knocked"),
        )
        .join(Organisation, Organisation.id == Space.organisation_id)
        .outerjoin(Membership, mine)
        .where(is_colleague(viewer), or_(Membership.person_id.is_not(None), known))
        .order_by(case((Membership.person_id.is_(None), 1), else_=0), func.lower(Space.title), Space.id)
        .limit(most)
    )  # fmt: skip
    return [Listed(**{**row._asdict(), "level": Level(row.level)}) for row in db.execute(query)]


@dataclass(frozen=True)
class Pickable:
    """A space to which a link may be picked, or that one takes part in."""

    id: uuid.UUID
    slug: str
    title: str
    level: Level
    started_at: datetime
    organisation_name: str
    role: str | None

    @property
    def leads(self) -> bool:
        """The viewer is a trekker of it."""
        return self.role == Standing.LEAD.value

    @property
    def may_place(self) -> bool:
        """A link to a closed space is made by its trekkers."""
        return self.leads or self.level in {Level.OPEN, Level.KNOCK}


def pickable(
    db: Session, viewer: Viewer, *, words: str = "", chosen: Collection[uuid.UUID] = (), most: int = 8
) -> list[Pickable]:
    """What a teacher may pick from: first what they chose already, then what they take part in, then what else they may
    know of. `words` must stand in the title. One query."""
    mine = and_(Membership.space_id == Space.id, Membership.person_id == viewer.person_id)
    named = Space.level.in_((Level.OPEN.value, Level.KNOCK.value))
    is_chosen = Space.id.in_(chosen)
    like = words.translate({ord(c): f"\\{c}" for c in "\\%_"})
    # SQLite knows capitals of ASCII only, so a title is also looked for as it was typed, and with a capital.
    same = [Space.title.like(f"%{one}%", escape="\\") for one in (like, like[:1].upper() + like[1:])]
    found = or_(func.lower(Space.title).like(f"%{like.lower()}%", escape="\\"), *same)
    query = (
        select(
            Space.id, Space.slug, Space.title, Space.level, Space.started_at,
            Organisation.name.label("organisation_name"), Membership.role,
        )
        .join(Organisation, Organisation.id == Space.organisation_id)
        .outerjoin(Membership, mine)
        .where(is_colleague(viewer), or_(Membership.person_id.is_not(None), named))
        .order_by(
            case(
                (is_chosen, 0),
                (Membership.role == Standing.LEAD.value, 1),
                (and_(Membership.person_id.is_not(None), named), 2),
                (Membership.person_id.is_not(None), 3),
                else_=4,
            ),
            func.lower(Space.title),
            Space.id,
        )
        .limit(most)
    )  # fmt: skip
    if words:
        query = query.where(or_(found, is_chosen))
    return [Pickable(**{**row._asdict(), "level": Level(row.level)}) for row in db.execute(query)]


def networks_of(db: Session, viewer: Viewer) -> list[tuple[uuid.UUID, str, list[str]]]:
    """The networks that the viewer's organisation agreed to, with the names of all in them.

    A new space may be opened to one.
    """
    mine = select(NetworkMember.network_id).where(
        NetworkMember.organisation_id == viewer.organisation_id, NetworkMember.agreed_at.is_not(None)
    )
    query = (
        select(Network.id, Network.name, Organisation.name)
        .join(NetworkMember, NetworkMember.network_id == Network.id)
        .join(Organisation, Organisation.id == NetworkMember.organisation_id)
        .where(Network.id.in_(mine), NetworkMember.agreed_at.is_not(None))
        .order_by(Network.name, Network.id, Organisation.name)
    )
    found: dict[tuple[uuid.UUID, str], list[str]] = {}
    for network_id, name, organisation in db.execute(query):
        found.setdefault((network_id, name), []).append(organisation)
    return [(network_id, name, organisations) for (network_id, name), organisations in found.items()]


def own_organisation(db: Session, viewer: Viewer) -> str:
    """The name of the viewer's organisation."""
    return db.scalar(select(Organisation.name).where(Organisation.id == viewer.organisation_id)) or ""


def people_of(
    db: Session,
    viewer: Viewer,
    space: SpaceHere,
    *,
    roles: tuple[str, ...] = (),
    after: uuid.UUID | None = None,
    most: int = 100,
) -> list[Someone]:
    """Who takes part, by name, from the one after `after`; only trekkers for whoever may not see the members.

    Empty for who may not even that.
    """
    if not space.may(Action.MEMBERS):
        if not space.may(Action.CHARTER):
            return []
        roles = (Standing.LEAD.value,)
    place = func.lower(_shown_name())
    query = _someone(space).order_by(place, Person.id).limit(most)
    if roles:
        query = query.where(Membership.role.in_(roles))
    if after is not None:
        # Of this space only: the place of anybody else in the alphabet is nobody's business.
        theirs = select(Membership.person_id).where(Membership.space_id == space.id)
        last = select(place).where(Person.id == after, Person.id.in_(theirs)).scalar_subquery()
        query = query.where(or_(place > last, and_(place == last, Person.id > after)))
    return [Someone(**row._asdict()) for row in db.execute(query)]


def knocks_of(db: Session, viewer: Viewer, space: SpaceHere) -> list[tuple[uuid.UUID, str, str, datetime]]:
    """Who knocked: id, name, message, when. Only for trekkers and supporters."""
    if not space.may(Action.MODERATE):
        return []
    query = (
        select(Person.id, _shown_name(), Knock.message, Knock.knocked_at)
        .join(Person, Person.id == Knock.person_id)
        .where(Knock.space_id == space.id)
        .order_by(Knock.knocked_at)
        .limit(100)
    )
    return [(person, name, message, at) for person, name, message, at in db.execute(query)]


def newcomers_of(db: Session, viewer: Viewer, space: SpaceHere, *, now: datetime) -> list[Someone]:
    """Who joined lately and likes to be welcomed, the last one first. Only for trekkers and supporters."""
    if not space.may(Action.MODERATE):
        return []
    query = _someone(space).where(
        Membership.role == Standing.MEMBER.value,
        Membership.welcome.is_(True),
        Membership.joined_at > now - NEW,
        Membership.person_id != viewer.person_id,
    )
    query = query.order_by(Membership.joined_at.desc(), Person.id).limit(10)
    return [Someone(**row._asdict()) for row in db.execute(query)]


def knocked_at(db: Session, viewer: Viewer, space: SpaceHere) -> datetime | None:
    """When the viewer asked to come in; None when they don't wait."""
    mine = select(Knock.knocked_at).where(Knock.space_id == space.id, Knock.person_id == viewer.person_id)
    return db.scalar(mine)


def organisations_of(db: Session, viewer: Viewer, space: SpaceHere) -> list[str]:
    """The organisations whose people are colleagues in a space: its owner first, then the others of its network."""
    others = (
        select(Organisation.name)
        .join(Space, Space.id == space.id)
        .join(NetworkMember, NetworkMember.organisation_id == Organisation.id)
        .where(
            NetworkMember.network_id == space.network_id,
            Organisation.id != space.organisation_id,
            reaches(Organisation.id),
        )
        .order_by(Organisation.name)
    )
    return [space.organisation_name, *(db.scalars(others) if space.network_id else ())]


def door_for(db: Session, viewer: Viewer, door_id: uuid.UUID) -> DoorHere | None:
    """A door the viewer came through; None for any other."""
    query = (
        select(Door.id, Door.title, Door.context_title, Space.slug, Passage.teaches, Door.lets_in)
        .join(Passage, and_(Passage.door_id == Door.id, Passage.person_id == viewer.person_id))
        .outerjoin(Space, Space.id == Door.space_id)
        .where(Door.id == door_id)
    )
    row = db.execute(query).first()
    return DoorHere(*row) if row else None


def doors_of(db: Session, viewer: Viewer, space: SpaceHere) -> list[DoorHere]:
    """The doors of a space, for its trekkers."""
    if not space.may(Action.LEAD):
        return []
    query = (
        select(Door.id, Door.title, Door.context_title, Door.lets_in, Organisation.name)
        .join(Organisation, Organisation.id == Door.organisation_id)
        .where(Door.space_id == space.id)
        .order_by(Door.context_title, Door.id)
    )
    return [
        DoorHere(door_id, title, course, space.slug, False, lets_in, name)
        for door_id, title, course, lets_in, name in db.execute(query)
    ]


def led_by(db: Session, viewer: Viewer) -> list[tuple[uuid.UUID, str]]:
    """The spaces a viewer leads: a door may lead there."""
    query = (
        select(Space.id, Space.title)
        .join(Membership, Membership.space_id == Space.id)
        .where(
            Membership.person_id == viewer.person_id,
            Membership.role == Standing.LEAD.value,
            is_colleague(viewer),
        )
        .order_by(Space.title)
    )
    return [(space_id, title) for space_id, title in db.execute(query)]


def _someone(space: SpaceHere) -> Select[*tuple[Any, ...]]:
    """Who takes part in a space, as `Someone`."""
    return (
        select(
            Person.id, _shown_name().label("name"), Membership.role, Membership.quality,
            func.coalesce(StaffMember.profession, "").label("profession"),
            func.coalesce(StaffMember.department, "").label("department"),
            Organisation.name.label("organisation_name"),
            func.coalesce(StaffMember.manager, False).label("manager"),
        )
        .join(Person, Person.id == Membership.person_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .outerjoin(StaffMember, StaffMember.id == Person.staff_id)
        .join(Space, Space.id == Membership.space_id)
        .where(Membership.space_id == space.id, reaches(Person.organisation_id))
    )  # fmt: skip


def _shown_name() -> ColumnElement[str]:
    return case((Person.chosen_name != "", Person.chosen_name), else_=Person.name)
