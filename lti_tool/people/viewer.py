"""The viewer of a request: who looks, and what their organisation entrusted to them. One query."""

from __future__ import annotations

import functools
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select

from lti_tool.db import Session, random_id
from lti_tool.organisations.models import Organisation
from lti_tool.people.models import Grant, Person, StaffMember
from lti_tool.web.language import _
from lti_tool.web.models import WebSession
from lti_tool.web.routes import set_viewer_loader
from lti_tool.web.session import IDLE, LONGEST, token_hash
from lti_tool.web.text import initials, one_line

LONGEST_NAME = 80
"""Characters of a name that one chooses."""


def short(name: str) -> str:
    """A name of an LMS as it fits the form in which one may choose another."""
    return one_line(name)[:LONGEST_NAME].strip()


@dataclass(frozen=True)
class Viewer:
    """A person at a screen. Rooms pass it to every query."""

    person_id: uuid.UUID
    organisation_id: uuid.UUID
    session_id: uuid.UUID
    given_name: str
    roles: frozenset[str]
    language: str
    theme: str
    counted: bool
    frame_hosts: str
    back_href: str
    back_label: str
    seen_at: datetime
    staff_id: uuid.UUID | None = None
    department: str = ""
    profession: str = ""
    organisation_slug: str = ""
    organisation_name: str = ""
    accent: str = ""
    """Of their organisation, `#rrggbb`; empty is Leerkring's own."""
    logo_hash: str = ""
    """Of their organisation's logo; empty when it has none."""
    frame_token: str = ""
    """What Canvas wants back in messages from its frame."""

    @property
    def has_name(self) -> bool:
        """False when the LMS gave none and the person chose none."""
        return bool(self.given_name)

    @property
    def display_name(self) -> str:
        """The name colleagues see."""
        return self.given_name or _("Collega zonder naam")

    @property
    def name_to_type(self) -> str:
        """The name as it stands in a form where one may choose another."""
        return short(self.given_name)

    @property
    def first_name(self) -> str:
        """For "Je bent Fatma"."""
        return self.given_name.split()[0] if self.given_name else _("een collega zonder naam")

    @property
    def initials(self) -> str:
        """For the face."""
        return initials(self.given_name)


@functools.cache
def _by_token() -> Select[*tuple[Any, ...]]:
    # Made once: making it costs more than asking.
    return (
        select(
            Person.id,
            Person.organisation_id,
            WebSession.id,
            Person.name,
            Person.chosen_name,
            Person.language,
            WebSession.language,
            Person.theme,
            WebSession.counted,
            Person.is_test,
            WebSession.frame_hosts,
            WebSession.frame_token,
            WebSession.back_href,
            WebSession.back_label,
            WebSession.seen_at,
            Person.staff_id,
            StaffMember.department,
            StaffMember.profession,
            Organisation.slug,
            Organisation.name,
            Organisation.language,
            Organisation.accent,
            Organisation.logo_hash,
            Grant.role,
        )
        .join(Person, Person.id == WebSession.person_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .outerjoin(StaffMember, StaffMember.id == Person.staff_id)
        .outerjoin(Grant, (Grant.person_id == Person.id) & (Grant.organisation_id == Person.organisation_id))
        .where(
            WebSession.token_hash == bindparam("token_hash"),
            WebSession.seen_at > bindparam("seen_after"),
            WebSession.created_at > bindparam("made_after"),
        )
    )


def load(db: Session, token: str, now: datetime) -> Viewer | None:
    """The viewer that a session's cookie stands for, or None when it ended."""
    values = {"token_hash": token_hash(token), "seen_after": now - IDLE, "made_after": now - LONGEST}
    rows = db.execute(_by_token(), values).all()
    if not rows:
        return None
    (
        person_id, organisation_id, session_id, name, chosen, own_language, launch_language, theme, counted,
        is_test, frame_hosts, frame_token, back_href, back_label, seen_at, staff_id, department, profession,
        slug, organisation_name, default_language, accent, logo_hash, _role,
    ) = rows[0]  # fmt: skip
    return Viewer(
        person_id=person_id,
        organisation_id=organisation_id,
        session_id=session_id,
        given_name=chosen or name,
        roles=frozenset(str(row[-1]) for row in rows if row[-1]),
        language=own_language or launch_language or default_language,
        theme=theme,
        counted=counted and not is_test,
        frame_hosts=frame_hosts,
        frame_token=frame_token,
        back_href=back_href,
        back_label=back_label,
        seen_at=seen_at,
        staff_id=staff_id,
        department=department or "",
        profession=profession or "",
        organisation_slug=slug,
        organisation_name=organisation_name,
        accent=accent,
        logo_hash=logo_hash,
    )


def of_person(db: Session, person_id: uuid.UUID, *, now: datetime) -> Viewer:
    """A person as a viewer without a session, for work that is done in their name. Raises `LookupError`."""
    row = db.execute(
        select(
            Person.organisation_id, Person.name, Person.chosen_name, Person.language, Person.is_test,
            Person.staff_id, StaffMember.department, StaffMember.profession,
            Organisation.slug, Organisation.name.label("organisation_name"),
            Organisation.language.label("default_language"), Organisation.accent, Organisation.logo_hash,
        )
        .join(Organisation, Organisation.id == Person.organisation_id)
        .outerjoin(StaffMember, StaffMember.id == Person.staff_id)
        .where(Person.id == person_id)
    ).first()  # fmt: skip
    if row is None:
        raise LookupError("there is no such person")
    return Viewer(
        person_id=person_id,
        organisation_id=row.organisation_id,
        session_id=random_id(),
        given_name=row.chosen_name or row.name,
        roles=frozenset(db.scalars(select(Grant.role).where(Grant.person_id == person_id))),
        language=row.language or row.default_language,
        theme="",
        counted=not row.is_test,
        frame_hosts="",
        back_href="",
        back_label="",
        seen_at=now,
        staff_id=row.staff_id,
        department=row.department or "",
        profession=row.profession or "",
        organisation_slug=row.slug,
        organisation_name=row.organisation_name,
        accent=row.accent,
        logo_hash=row.logo_hash,
    )


set_viewer_loader(load)
