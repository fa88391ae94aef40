"""Everything a person may read about themselves."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from lti_tool.db import Session
from lti_tool.organisations.models import Organisation
from lti_tool.people.models import Grant, Person, SignInLink, StaffMember
from lti_tool.people.viewer import Viewer


@dataclass(frozen=True)
class StaffRow:
    """A row of the staff list, as the person it may be about sees it."""

    id: uuid.UUID
    name: str
    number: str
    department: str
    profession: str
    manager: bool


@dataclass(frozen=True)
class Myself:
    """What somebody's own settings show."""

    name: str
    """As the LMS gave it."""
    chosen_name: str
    email: str
    organisation_name: str
    has_list: bool
    """Their organisation has a staff list."""


def myself(db: Session, viewer: Viewer) -> Myself:
    """The viewer's own row."""
    listed = select(StaffMember.id).where(StaffMember.organisation_id == viewer.organisation_id).exists()
    query = (
        select(Person.name, Person.chosen_name, Person.email, Organisation.name, listed)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(Person.id == viewer.person_id)
    )
    return Myself(*db.execute(query).one())


def staff_row(db: Session, viewer: Viewer) -> StaffRow | None:
    """The row of the staff list that the viewer met; None before."""
    if viewer.staff_id is None:
        return None
    row = db.execute(_rows().where(StaffMember.id == viewer.staff_id)).first()
    return StaffRow(*row) if row else None


def perhaps_me(db: Session, viewer: Viewer) -> StaffRow | None:
    """The one free row of their organisation with the viewer's e-mail address. None when there are more, or none.

    Only to be asked about ("is this you?"): no row is ever met silently by name or e-mail.
    """
    if viewer.staff_id is not None:
        return None
    mine = select(func.lower(Person.email)).where(Person.id == viewer.person_id, Person.email != "").scalar_subquery()
    same = (StaffMember.organisation_id == viewer.organisation_id, func.lower(StaffMember.email) == mine)
    rows = db.execute(_rows().where(*same).limit(2)).all()
    if len(rows) != 1:
        return None
    row = StaffRow(*rows[0])
    taken = db.scalar(select(Person.id).where(Person.staff_id == row.id))
    return None if taken else row


def _rows() -> Select[uuid.UUID, str, str, str, str, bool]:
    return select(
        StaffMember.id,
        StaffMember.name,
        StaffMember.number,
        StaffMember.department,
        StaffMember.profession,
        StaffMember.manager,
    )


def sign_in_link_holds(db: Session, token: str, *, now: datetime) -> bool:
    """A one-time address can still be used. Looking does not use it up."""
    held = select(SignInLink.person_id).where(
        SignInLink.token_hash == hashlib.sha256(token.encode()).digest(), SignInLink.expires_at > now
    )
    return db.scalar(held) is not None


def roles_of(db: Session, person_id: uuid.UUID) -> frozenset[str]:
    """The roles that somebody's organisation gave them."""
    return frozenset(db.scalars(select(Grant.role).where(Grant.person_id == person_id)))
