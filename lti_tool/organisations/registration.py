"""How an LMS may register itself: one-use invitation codes, and what is stored when it did.

Only stores. The talk with the LMS is `lti.registration`'s; between `take` and `store` it goes out, outside any
transaction, so a code is first taken, and used up only when the LMS said yes.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from sqlalchemy import delete, select, update

from connectors.http import origin
from lti_tool.audit import operations as audit
from lti_tool.db import Session
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Organisation, Platform, RegistrationCode
from lti_tool.organisations.operations import (
    NewPlatform,
    accept_deployment,
    add_platform,
    checked_platform,
    is_of_another,
)

CODE_LIFE = timedelta(days=7)
TAKEN_FOR = timedelta(minutes=2)
"""Longer than an LMS may take to answer; a process that died meanwhile blocks the code no longer than this."""
_REMEMBERED = timedelta(days=30)
_LETTERS = "ACDEFGHJKLMNPQRTUVWXY34679"
"""Without the ones that look alike on paper: no B and 8, I and 1, O and 0, S and 5, Z and 2."""


class OfAnotherOrganisation(Exception):
    """The LMS is registered for an organisation that this code is not of."""


@dataclass(frozen=True)
class Code:
    """What a typed code turned out to be. `wrong`: there is none like it; `busy`: a registration is under way."""

    state: Literal["good", "wrong", "used", "old", "busy"]
    organisation_id: uuid.UUID | None = None
    organisation: str = ""
    """Slug."""
    name: str = ""
    """Of the organisation."""


@dataclass(frozen=True)
class Registered:
    """A platform that an organisation has already, as the question "update or new?" shows it."""

    id: uuid.UUID
    name: str
    created_at: datetime


def make_code(db: Session, organisation_id: uuid.UUID, *, now: datetime, by: uuid.UUID | None = None) -> str:
    """A new one-use code, valid for a week, such as `ACDE-FGHJ-KLMN`. It is stored as a hash: shown once."""
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    row = RegistrationCode(
        code_hash=_hash(code), organisation_id=organisation_id, created_at=now, expires_at=now + CODE_LIFE
    )
    db.add(row)
    db.flush()
    audit.note(db, organisation_id=organisation_id, actor_id=by, action="organisations.invite_platform", now=now)
    return code


def look_at_code(db: Session, typed: str, taker: uuid.UUID, *, now: datetime) -> Code:
    """What a typed code is good for. Hyphens, spaces and capitals don't matter. `taker`: the registration that asks."""
    found = select(
        RegistrationCode.organisation_id,
        RegistrationCode.used_at,
        RegistrationCode.expires_at,
        RegistrationCode.taken_by,
        RegistrationCode.taken_at,
        Organisation.slug,
        Organisation.name,
    ).join(Organisation, Organisation.id == RegistrationCode.organisation_id)
    # Locked, so that of two registrations with one code the second one waits for the first.
    row = db.execute(found.where(RegistrationCode.code_hash == _hash(typed)).with_for_update()).first()
    if row is None:
        return Code("wrong")
    if row.used_at is not None:
        return Code("used")
    if row.expires_at <= now:
        return Code("old")
    if row.taken_by not in {None, taker} and row.taken_at is not None and row.taken_at > now - TAKEN_FOR:
        return Code("busy")
    return Code("good", row.organisation_id, row.slug, row.name)


def take(db: Session, typed: str, taker: uuid.UUID, *, now: datetime) -> None:
    """Keep a good code for this registration while it is under way."""
    mine = RegistrationCode.code_hash == _hash(typed)
    db.execute(update(RegistrationCode).where(mine).values(taken_by=taker, taken_at=now))


def let_go(db: Session, taker: uuid.UUID) -> None:
    """The LMS said no: the code is free for another try."""
    mine = (RegistrationCode.taken_by == taker, RegistrationCode.used_at.is_(None))
    db.execute(update(RegistrationCode).where(*mine).values(taken_by=None, taken_at=None))


def use_up(db: Session, taker: uuid.UUID, *, now: datetime) -> None:
    """The LMS is registered: nobody registers another one with this code."""
    db.execute(update(RegistrationCode).where(RegistrationCode.taken_by == taker).values(used_at=now))


def registered_before(db: Session, organisation_id: uuid.UUID, *, issuer: str, jwks_url: str) -> list[Registered]:
    """The organisation's platforms that are this LMS: the same issuer, and keys from the same host, for all hosted
    Canvas shares one issuer. Latest first."""
    query = (
        select(Platform.id, Platform.name, Platform.created_at, Platform.jwks_url)
        .where(Platform.organisation_id == organisation_id, Platform.issuer == issuer)
        .order_by(Platform.created_at.desc(), Platform.id.desc())
    )
    return [
        Registered(row.id, row.name, row.created_at)
        for row in db.execute(query)
        if origin(row.jwks_url) == origin(jwks_url)
    ]


class Addressed(Protocol):
    """Where an LMS has its keys and tokens."""

    @property
    def jwks_url(self) -> str:
        """Of its keys."""

    @property
    def token_url(self) -> str:
        """Of its tokens."""


def owner(
    db: Session, *, issuer: str, client_id: str, like: Addressed | None = None
) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The platform and the organisation that have this client id, or None. `like`: only the same LMS, with its keys
    and tokens on the same hosts."""
    query = select(Platform.id, Platform.organisation_id, Platform.jwks_url, Platform.token_url).where(
        Platform.issuer == issuer, Platform.client_id == client_id
    )
    row = db.execute(query).first()
    if row is None or (like and _hosts(row.jwks_url, row.token_url) != _hosts(like.jwks_url, like.token_url)):
        return None
    return row.id, row.organisation_id


def _hosts(*urls: str) -> list[str]:
    return [origin(url).lower() for url in urls]


def switches(db: Session, platform_id: uuid.UUID) -> dict[str, bool]:
    """What the admin let a platform give: names, emails, roster and grades."""
    query = select(Platform.names, Platform.emails, Platform.roster, Platform.grades).where(Platform.id == platform_id)
    return dict(db.execute(query).mappings().one())


def store(
    db: Session, new: NewPlatform, *, instead_of: uuid.UUID | None, now: datetime, reach: Reach
) -> tuple[uuid.UUID, bool]:
    """Store an LMS that registered itself: a new platform, or new values of one. Returns its id, and True when it was
    there before. People and doors stay with a platform that is updated; its old client id no longer comes in.

    Raises `OfAnotherOrganisation`, and `WrongInput` for addresses that can't be.
    """
    organisation_id = db.scalar(select(Organisation.id).where(Organisation.slug == new.organisation))
    if organisation_id is None or is_of_another(db, organisation_id, new):
        raise OfAnotherOrganisation
    holder = owner(db, issuer=new.issuer, client_id=new.client_id)
    if holder is not None:
        if owner(db, issuer=new.issuer, client_id=new.client_id, like=new) is None:
            # All hosted Canvas shares an issuer, and who answered says which client id it is: another server must
            # not become one that is here, with all its people.
            raise OfAnotherOrganisation
        instead_of = holder[0]
    elif instead_of is not None:
        mine = (Platform.id == instead_of, Platform.organisation_id == organisation_id)
        if db.scalar(select(Platform.id).where(*mine, Platform.issuer == new.issuer)) is None:
            instead_of = None
    if instead_of is None:
        new = replace(new, name=_free_name(db, organisation_id, new.name))
        return add_platform(db, new, now=now, reach=reach), False
    values = checked_platform(new, reach)
    del values["name"]  # an admin may have given it another one
    # The keys of before may not be those of now, and who re-registers wants it on.
    fresh = {"key_set": None, "key_set_fetched_at": None, "switched_off_at": None}
    db.execute(update(Platform).where(Platform.id == instead_of).values(**values, **fresh))
    for deployment_id in dict.fromkeys(new.deployment_ids):
        accept_deployment(db, instead_of, deployment_id, now=now)
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=None,
        action="organisations.update_platform",
        subject=f"platform:{instead_of}",
        now=now,
    )
    return instead_of, True


def _free_name(db: Session, organisation_id: uuid.UUID, name: str) -> str:
    """The second connection with one LMS gets another name, or an admin can't tell them apart."""
    taken = set(db.scalars(select(Platform.name).where(Platform.organisation_id == organisation_id)))
    number = 2
    found = name
    while found in taken:
        found, number = f"{name} {number}", number + 1
    return found


def clear_codes(db: Session, now: datetime) -> None:
    """Forget codes a month after their time, so that until then a late one hears what happened to it."""
    db.execute(delete(RegistrationCode).where(RegistrationCode.expires_at < now - _REMEMBERED))


def _hash(code: str) -> bytes:
    plain = "".join(c for c in code.upper()[:100] if c.isascii() and c.isalnum())
    return hashlib.sha256(plain.encode()).digest()
