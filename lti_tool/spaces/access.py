"""The access that routes of a space declare: finds the space for the viewer with one query, asks the policy."""

from __future__ import annotations

import functools
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from lti_tool.activity.models import Activity, Kind
from lti_tool.db import Id, Session
from lti_tool.organisations.models import Network, NetworkMember, Organisation
from lti_tool.people.models import Person, StaffMember
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.models import Door, Membership, Passage, Space
from lti_tool.spaces.policy import Action, Answer, Level, Standing, may
from lti_tool.web.errors import JoinFirst, NotAllowed, NotFound, SignInFirst
from lti_tool.web.forms import typed_texts
from lti_tool.web.language import local
from lti_tool.web.routes import Here


@dataclass(frozen=True)
class SpaceHere:
    """A space as one viewer meets it."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    slug: str
    title: str
    what_for: str
    what_for_html: str
    level: Level
    organisation_name: str
    network_id: uuid.UUID | None
    network_name: str
    standing: Standing
    joined_at: datetime | None
    through_door: bool
    lets_in: bool
    members: int
    """People who take part (observers not counted)."""
    managers: int
    """How many of them the staff list calls manager."""
    read_today: bool
    """Their reading was noted today, so a page needs no write for it."""

    def may(self, action: Action) -> bool:
        """Yes from the policy."""
        return self.answer(action) is Answer.YES

    def answer(self, action: Action) -> Answer:
        """What the policy says."""
        return may(action, self.standing, self.level, through_door=self.through_door, lets_in=self.lets_in)


@dataclass(frozen=True)
class InSpace:
    """The route's `<slug>` names a space in which the viewer may do this."""

    action: Action

    @property
    def name(self) -> str:
        """For the access tests."""
        return f"space: {self.action.value}"

    def admit(self, here: Here) -> SpaceHere:
        """The space. A viewer who may not learn that it exists gets what a wrong address gets."""
        if here.viewer is None:
            raise SignInFirst
        space = find(here.db, here.viewer, here.arguments["slug"], now=here.now)
        if space is None or not space.may(Action.LEARN):
            raise NotFound
        match space.answer(self.action):
            case Answer.YES:
                return space
            case Answer.JOIN_FIRST:
                raise JoinFirst(space=space, typed=typed_texts())
            case _:
                raise NotAllowed(space=space)


def find(db: Session, viewer: Viewer, slug: str, *, now: datetime) -> SpaceHere | None:
    """The space of this slug as the viewer meets it, or None. Says nothing yet about what they may."""
    row = db.execute(_by_slug(), {**_values(viewer, now), "slug": slug}).first()
    return _space(viewer, row) if row else None


def find_by_id(db: Session, viewer: Viewer, space_id: uuid.UUID, *, now: datetime) -> SpaceHere | None:
    """The same by id, for what points at a space from elsewhere."""
    row = db.execute(_by_id(), {**_values(viewer, now), "id": space_id}).first()
    return _space(viewer, row) if row else None


def is_colleague(viewer: Viewer) -> ColumnElement[bool]:
    """In a query on `Space`: the viewer's organisation owns it, or is in its network."""
    return reaches(viewer.organisation_id)


def reaches(organisation_id: Any) -> ColumnElement[bool]:
    """In a query on `Space`: people of this organisation (an id or a column) may come in at all. A network holds only
    while both that organisation and the owner of the space are in it."""
    theirs, owners = aliased(NetworkMember), aliased(NetworkMember)
    in_network = exists().where(
        theirs.network_id == Space.network_id,
        theirs.organisation_id == organisation_id,
        owners.network_id == Space.network_id,
        owners.organisation_id == Space.organisation_id,
    )
    return or_(Space.organisation_id == organisation_id, in_network)


def passages(viewer: Viewer) -> Select[uuid.UUID]:
    """In a query on `Space`: the viewer came through a door of it."""
    return (
        select(Passage.door_id)
        .join(Door, Door.id == Passage.door_id)
        .where(Passage.person_id == viewer.person_id, Door.space_id == Space.id)
    )


class _Anybody:
    """Stands for the viewer in a query that is made once and asked often: making it costs more than asking."""

    person_id: Any = bindparam("me", type_=Id())
    organisation_id: Any = bindparam("my_organisation", type_=Id())


def _values(viewer: Viewer, now: datetime) -> dict[str, object]:
    return {"me": viewer.person_id, "my_organisation": viewer.organisation_id, "today": local(now).date()}


@functools.cache
def _by_slug() -> Select[*tuple[Any, ...]]:
    return _query().where(Space.slug == bindparam("slug"))


@functools.cache
def _by_id() -> Select[*tuple[Any, ...]]:
    return _query().where(Space.id == bindparam("id", type_=Id()))


def _query() -> Select[*tuple[Any, ...]]:
    viewer: Any = _Anybody
    mine, owners = aliased(Membership), aliased(NetworkMember)
    taking_part = and_(Membership.space_id == Space.id, Membership.role != "observer", reaches(Person.organisation_id))
    members = (
        select(func.count())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(taking_part)
        .scalar_subquery()
    )
    managers = (
        select(func.count())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(StaffMember, StaffMember.id == Person.staff_id)
        .where(taking_part, StaffMember.manager.is_(True))
        .scalar_subquery()
    )
    read_today = exists().where(
        Activity.person_id == viewer.person_id,
        Activity.space_id == Space.id,
        Activity.kind == Kind.READ.value,
        Activity.day == bindparam("today"),
    )
    return (
        select(
            Space.id, Space.organisation_id, Space.slug, Space.title, Space.what_for, Space.what_for_html,
            Space.level, Organisation.name.label("organisation_name"), Space.network_id,
            func.coalesce(Network.name, "").label("network_name"), mine.role, mine.joined_at,
            passages(viewer).exists().label("through_door"),
            passages(viewer).where(Door.lets_in.is_(True)).exists().label("lets_in"),
            is_colleague(viewer).label("colleague"),
            members.label("members"), managers.label("managers"), read_today.label("read_today"),
        )
        .join(Organisation, Organisation.id == Space.organisation_id)
        .outerjoin(owners, and_(owners.network_id == Space.network_id, owners.organisation_id == Space.organisation_id))
        .outerjoin(Network, Network.id == owners.network_id)
        .outerjoin(mine, and_(mine.space_id == Space.id, mine.person_id == viewer.person_id))
    )  # fmt: skip


def standing_of(viewer: Viewer, role: str | None, colleague: bool) -> Standing:
    """What a viewer is to a space, from their membership's role and their organisation. A membership sleeps while the
    organisation is not in the network of the space."""
    if not colleague:
        return Standing.OUTSIDER
    if role:
        return Standing(role)
    return Standing.OFFICE if viewer.roles else Standing.COLLEAGUE


def _space(viewer: Viewer, row: Row[*tuple[Any, ...]]) -> SpaceHere:
    found = row._asdict()
    role, colleague = found.pop("role"), found.pop("colleague")
    found["level"] = Level(found["level"])
    return SpaceHere(standing=standing_of(viewer, role, colleague), **found)
