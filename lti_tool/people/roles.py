"""Who in an organisation is admin, HR or officer: seen, given by a one-time address, and taken away."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, or_, select

from lti_tool.audit import operations as audit
from lti_tool.db import Session
from lti_tool.people.models import Grant, Identity, Person, SignInLink
from lti_tool.people.operations import ROLES, grant, make_sign_in_link, token_hash, use_sign_in_link
from lti_tool.web import session
from lti_tool.web.models import WebSession


class LastAdmin(Exception):
    """Nobody else could open the console then."""


@dataclass
class Holder:
    """Somebody with roles."""

    person_id: uuid.UUID
    name: str
    """As colleagues see it; may be empty."""
    by_launch: bool
    """They come in from an LMS."""
    link_until: datetime | None
    """A one-time address of theirs waits until then."""
    roles: list[str] = field(default_factory=list)
    since: datetime | None = None
    """When the first of them was given."""


def holders(db: Session, organisation_id: uuid.UUID, *, now: datetime) -> list[Holder]:
    """Everybody with a role in the organisation, longest first. One query."""
    link = (
        select(func.max(SignInLink.expires_at))
        .where(SignInLink.person_id == Person.id, SignInLink.expires_at > now)
        .scalar_subquery()
    )
    query = (
        select(
            Grant.person_id,
            Grant.role,
            Grant.given_at,
            Person.chosen_name,
            Person.name,
            _from_lms(Person.id).label("by_launch"),
            link.label("link_until"),
        )
        .join(Person, Person.id == Grant.person_id)
        .where(Grant.organisation_id == organisation_id)
        .order_by(Grant.given_at, Grant.person_id)
    )
    found: dict[uuid.UUID, Holder] = {}
    for row in db.execute(query):
        new = Holder(row.person_id, row.chosen_name or row.name, row.by_launch, row.link_until, since=row.given_at)
        found.setdefault(row.person_id, new).roles.append(row.role)
    for holder in found.values():
        holder.roles.sort(key=ROLES.index)
    return list(found.values())


def new_link(db: Session, organisation_id: uuid.UUID, person_id: uuid.UUID, *, now: datetime, by: uuid.UUID) -> str:
    """The token of a fresh one-time address for somebody with a role. Raises `LookupError` when they have none here,
    or come in from an LMS: whoever holds the address would be that colleague, in all their spaces."""
    mine = (Grant.person_id == person_id, Grant.organisation_id == organisation_id, ~_from_lms(Grant.person_id))
    if db.scalar(select(Grant.role).where(*mine).limit(1)) is None:
        raise LookupError("nobody with a role in this organisation")
    _note(db, organisation_id, "link", person_id, now, by)
    return make_sign_in_link(db, person_id, now=now)


def take_away(
    db: Session, organisation_id: uuid.UUID, role: str, person_id: uuid.UUID, *, now: datetime, by: uuid.UUID
) -> None:
    """Take a role away, at once. Who had nothing but roles, and no LMS, is signed out.

    Raises `LastAdmin`, and `LookupError` when that person has no such role in this organisation.
    """
    here = Grant.organisation_id == organisation_id
    # Locked together, so that two admins can't take each other's role at the same moment.
    admins = select(Grant.person_id).where(here, Grant.role == "admin").order_by(Grant.person_id).with_for_update()
    others = [admin for admin in db.scalars(admins) if admin != person_id]
    if role == "admin" and db.scalar(select(_can_come(others, now))) is not True:
        mine = (here, Grant.person_id == person_id, Grant.role == role)
        if db.scalar(select(Grant.role).where(*mine)) is not None:
            raise LastAdmin
    gone = delete(Grant).where(here, Grant.role == role, Grant.person_id == person_id)
    if db.scalar(gone.returning(Grant.person_id)) is None:
        raise LookupError("nobody with that role in this organisation")
    _note(db, organisation_id, f"take_away_{role}", person_id, now, by)
    has_more = select(Grant.role).where(Grant.person_id == person_id).limit(1)
    if db.scalar(has_more) is None and db.scalar(select(_from_lms(person_id))) is not True:
        db.execute(delete(SignInLink).where(SignInLink.person_id == person_id))
        db.execute(delete(WebSession).where(WebSession.person_id == person_id))


def may_take_over(db: Session, token: str, organisation_id: uuid.UUID, person_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether somebody who is in already may have what a one-time address holds: it is of their organisation, and of
    somebody who comes from no LMS. Looking does not use it up."""
    held = (SignInLink.token_hash == token_hash(token), SignInLink.expires_at > now)
    theirs = (Person.organisation_id == organisation_id, Person.id != person_id, ~_from_lms(Person.id))
    found = select(Person.id).join(SignInLink, SignInLink.person_id == Person.id).where(*held, *theirs)
    return db.scalar(found) is not None


def take_over(db: Session, token: str, organisation_id: uuid.UUID, person_id: uuid.UUID, *, now: datetime) -> bool:
    """Use a one-time address up for oneself: its roles are from now on those of who comes in by a launch. False when
    that may not be (any more)."""
    if not may_take_over(db, token, organisation_id, person_id, now=now):
        return False
    giver = use_sign_in_link(db, token, now=now)
    if giver is None:
        return False
    mine = (Grant.person_id == giver, Grant.organisation_id == organisation_id)
    for role in db.scalars(delete(Grant).where(*mine).returning(Grant.role)).all():
        grant(db, organisation_id, role, person_id, now=now, by=person_id)
    db.execute(delete(WebSession).where(WebSession.person_id == giver))
    return True


def _from_lms(person_id: object) -> ColumnElement[bool]:
    return exists().where(Identity.person_id == person_id)


def _can_come(people: list[uuid.UUID], now: datetime) -> ColumnElement[bool]:
    """Whether one of these can still come in: from an LMS, by an address that waits, or by a session that lasts."""
    return or_(
        exists().where(Identity.person_id.in_(people)),
        exists().where(SignInLink.person_id.in_(people), SignInLink.expires_at > now),
        exists().where(WebSession.person_id.in_(people), session.alive(now)),
    )


def _note(
    db: Session, organisation_id: uuid.UUID, what: str, person_id: uuid.UUID, now: datetime, by: uuid.UUID
) -> None:
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=by,
        action=f"people.{what}",
        subject=f"person:{person_id}",
        now=now,
    )
