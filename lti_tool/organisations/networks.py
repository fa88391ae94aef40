"""Networks: organisations whose admins agreed to work together, on a sheet that says who is the controller of what.

No organisation owns a network. Whoever agreed to its sheet may invite another one and write a new version; the
others are asked again, and until they answer what they agreed to holds for them.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import re
import secrets
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import aliased

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.organisations.addresses import WrongInput
from lti_tool.organisations.models import Network, NetworkInvitation, NetworkMember, NetworkSheet, Organisation
from lti_tool.organisations.operations import plain_text, short_name

INVITATION_LIFE = timedelta(days=14)
LONGEST_SHEET = 20_000
"""Characters."""
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True)
class Agreement:
    """That an organisation is in a network."""

    organisation: str
    agreed_at: datetime
    version: int


@dataclass(frozen=True)
class InNetwork:
    """A network as one of its organisations sees it."""

    id: uuid.UUID
    name: str
    version: int
    """Of the newest sheet."""
    agreed_version: int
    """Of the sheet that this organisation agreed to."""
    members: tuple[Agreement, ...]
    """By name."""

    @property
    def asks_again(self) -> bool:
        """The sheet changed since this organisation agreed."""
        return self.agreed_version < self.version


@dataclass(frozen=True)
class Invited:
    """What a code opens: the sheet, to be read before one agrees."""

    network_id: uuid.UUID
    name: str
    invited_by: str
    sheet: str
    version: int
    already: bool
    """The organisation is in this network."""


def template(language: str) -> str:
    """A sheet to begin with, in Markdown."""
    file = importlib.resources.files("lti_tool") / "docs" / language / "network-sheet.md"
    return file.read_text("utf-8").strip()


def add_network(db: Session, *, slug: str, name: str, now: datetime, sheet: str = "") -> uuid.UUID:
    """Make a network of organisations with its first sheet (default: the template). Returns its id.

    Raises `WrongInput`.
    """
    slug, name = short_name(slug), plain_text(name, "The name", 200)
    if db.scalar(select(Network.id).where(Network.slug == slug)):
        raise WrongInput(f"There is a network called {slug} already.")
    network = Network(id=new_id(now), slug=slug, name=name, created_at=now, sheet_version=1)
    db.add(network)
    db.flush()
    db.add(NetworkSheet(network_id=network.id, version=1, text=sheet or template("nl"), written_at=now))
    db.flush()
    return network.id


def found_network(
    db: Session, organisation_id: uuid.UUID, *, name: str, sheet: str, now: datetime, by: uuid.UUID | None = None
) -> uuid.UUID:
    """An admin makes a network and is the first to agree. Its short name gets a silent suffix when it is taken: that
    others have a network of that name is nobody's business. Raises `WrongInput`."""
    network_id = add_network(db, slug=_free_slug(db, name), name=name, sheet=sheet, now=now)
    join_network(db, network_id, organisation_id, now=now, by=by)
    return network_id


def join_network(
    db: Session,
    network_id: uuid.UUID,
    organisation_id: uuid.UUID,
    *,
    now: datetime,
    by: uuid.UUID | None = None,
) -> None:
    """The admins of an organisation agree to the newest sheet of a network. Doing so twice changes nothing."""
    version = db.scalar(select(Network.sheet_version).where(Network.id == network_id).with_for_update())
    row = insert(db, NetworkMember).values(
        network_id=network_id, organisation_id=organisation_id, agreed_at=now, sheet_version=version
    )
    again = row.on_conflict_do_update(
        index_elements=["network_id", "organisation_id"],
        set_={"agreed_at": now, "sheet_version": version},
        where=NetworkMember.sheet_version < version,
    )
    if db.execute(again.returning(NetworkMember.network_id)).first() is None:
        return
    _note(db, "join_network", network_id, organisation_id, now, by)


def networks(db: Session, organisation_id: uuid.UUID) -> list[InNetwork]:
    """The networks of an organisation, by name, each with who agreed when. One query."""
    mine = aliased(NetworkMember)
    query = (
        select(
            Network.id, Network.name, Network.sheet_version, mine.sheet_version,
            Organisation.name, NetworkMember.agreed_at, NetworkMember.sheet_version,
        )
        .join(mine, and_(mine.network_id == Network.id, mine.organisation_id == organisation_id))
        .join(NetworkMember, NetworkMember.network_id == Network.id)
        .join(Organisation, Organisation.id == NetworkMember.organisation_id)
        .order_by(func.lower(Network.name), Network.id, func.lower(Organisation.name), Organisation.id)
    )  # fmt: skip
    found: dict[tuple[uuid.UUID, str, int, int], list[Agreement]] = {}
    for network_id, name, version, agreed, organisation, at, theirs in db.execute(query):
        found.setdefault((network_id, name, version, agreed), []).append(Agreement(organisation, at, theirs))
    return [InNetwork(*key, tuple(members)) for key, members in found.items()]


def network(db: Session, organisation_id: uuid.UUID, network_id: uuid.UUID) -> InNetwork | None:
    """One of them; None for a network that the organisation is not in."""
    return next((one for one in networks(db, organisation_id) if one.id == network_id), None)


def sheet_of(db: Session, network: InNetwork, version: int) -> str:
    """A version of a network's sheet, in Markdown; empty for a network from before there were sheets."""
    of_it = (NetworkSheet.network_id == network.id, NetworkSheet.version == version)
    return db.scalar(select(NetworkSheet.text).where(*of_it)) or ""


def invite(
    db: Session, organisation_id: uuid.UUID, network: InNetwork, *, now: datetime, by: uuid.UUID | None = None
) -> str:
    """A one-use code by which another organisation may read the sheet and agree. Told once, kept as a hash."""
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    db.execute(delete(NetworkInvitation).where(NetworkInvitation.expires_at <= now))
    db.add(
        NetworkInvitation(
            code_hash=_hash(code),
            network_id=network.id,
            organisation_id=organisation_id,
            expires_at=now + INVITATION_LIFE,
        )
    )
    _note(db, "invite_to_network", network.id, organisation_id, now, by)
    return code


def open_invitations(db: Session, organisation_id: uuid.UUID, network: InNetwork, *, now: datetime) -> int:
    """How many codes of this organisation nobody used yet."""
    return db.scalar(select(func.count()).where(*_own_invitations(organisation_id, network.id, now))) or 0


def withdraw_invitations(
    db: Session, organisation_id: uuid.UUID, network: InNetwork, *, now: datetime, by: uuid.UUID | None = None
) -> None:
    """The codes of this organisation that nobody used end."""
    db.execute(delete(NetworkInvitation).where(*_own_invitations(organisation_id, network.id, now)))
    _note(db, "withdraw_network_invitations", network.id, organisation_id, now, by)


def invited(db: Session, organisation_id: uuid.UUID, code: str, *, now: datetime) -> Invited | None:
    """What a code opens; None when it is unknown, used or old."""
    member = (
        select(NetworkMember.network_id)
        .where(NetworkMember.network_id == Network.id, NetworkMember.organisation_id == organisation_id)
        .exists()
    )
    row = db.execute(
        select(
            Network.id, Network.name, Organisation.name, func.coalesce(NetworkSheet.text, ""), Network.sheet_version,
            member,
        )
        .join(NetworkInvitation, NetworkInvitation.network_id == Network.id)
        .join(Organisation, Organisation.id == NetworkInvitation.organisation_id)
        .outerjoin(
            NetworkSheet,
            and_(NetworkSheet.network_id == Network.id, NetworkSheet.version == Network.sheet_version),
        )
        .where(NetworkInvitation.code_hash == _hash(code), NetworkInvitation.expires_at > now)
    ).first()  # fmt: skip
    return Invited(*row) if row else None


def accept_invitation(
    db: Session, organisation_id: uuid.UUID, code: str, *, version: int, now: datetime, by: uuid.UUID | None = None
) -> uuid.UUID | None:
    """Agree to the sheet that was read, and use the code up. Returns the network's id.

    None when the code is unknown, used or old, or when the sheet is no longer of this version.
    """
    found = invited(db, organisation_id, code, now=now)
    if found is None or found.version != version:
        return None
    used = delete(NetworkInvitation).where(NetworkInvitation.code_hash == _hash(code))
    if db.execute(used.returning(NetworkInvitation.code_hash)).first() is None:
        return None
    join_network(db, found.network_id, organisation_id, now=now, by=by)
    return found.network_id


def write_sheet(
    db: Session,
    organisation_id: uuid.UUID,
    network: InNetwork,
    *,
    text: str,
    now: datetime,
    by: uuid.UUID | None = None,
) -> None:
    """A new version of the sheet, to which its writer agrees and the others are asked to. The same text is no new
    version."""
    if text == sheet_of(db, network, network.version):
        return
    version = db.scalar(
        update(Network)
        .where(Network.id == network.id)
        .values(sheet_version=Network.sheet_version + 1)
        .returning(Network.sheet_version)
    )
    db.add(NetworkSheet(network_id=network.id, version=version, text=text, written_at=now))
    db.flush()
    _note(db, "write_network_sheet", network.id, organisation_id, now, by)
    join_network(db, network.id, organisation_id, now=now, by=by)


def leave_network(
    db: Session, organisation_id: uuid.UUID, network: InNetwork, *, now: datetime, by: uuid.UUID | None = None
) -> None:
    """The organisation works in the network no longer. Spaces close for who got in by it, both ways
    (`spaces.access.is_colleague`); nothing is deleted, and who agrees again is back where they were."""
    mine = (NetworkMember.network_id == network.id, NetworkMember.organisation_id == organisation_id)
    db.execute(delete(NetworkMember).where(*mine))
    db.execute(
        delete(NetworkInvitation).where(
            NetworkInvitation.network_id == network.id, NetworkInvitation.organisation_id == organisation_id
        )
    )
    _note(db, "leave_network", network.id, organisation_id, now, by)


def _own_invitations(
    organisation_id: uuid.UUID, network_id: uuid.UUID, now: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        NetworkInvitation.network_id == network_id,
        NetworkInvitation.organisation_id == organisation_id,
        NetworkInvitation.expires_at > now,
    )


def _hash(code: str) -> bytes:
    plain = re.sub(r"[\s-]", "", code).upper()
    return hashlib.sha256(b"network" + plain.encode("utf-8", "replace")).digest()


def _free_slug(db: Session, name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "netwerk"
    taken = db.scalar(select(Network.id).where(Network.slug == slug))
    return f"{slug}-{secrets.token_hex(4)}" if taken else slug


def _note(
    db: Session, action: str, network_id: uuid.UUID, organisation_id: uuid.UUID, now: datetime, by: uuid.UUID | None
) -> None:
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=by,
        action=f"organisations.{action}",
        subject=f"network:{network_id}",
        now=now,
    )
