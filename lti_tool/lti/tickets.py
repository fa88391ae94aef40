"""Tickets: a good launch that waits because the browser gave no cookie back, and a page that goes on in a tab.

A ticket is used once, and is no session: in the frame it needs the proof that the platform's storage kept, in a tab the
person says who they are.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, select, update

from lti_tool.db import Session, insert
from lti_tool.lti import launches, operations
from lti_tool.lti.library import hashed
from lti_tool.lti.login import Storage, storage_of
from lti_tool.lti.models import TabTicket
from lti_tool.lti.operations import Launch, WalkedIn
from lti_tool.lti.refusals import LaunchRefused, SwitchedOff
from lti_tool.organisations.models import Organisation, Platform
from lti_tool.people import viewer as viewers
from lti_tool.people.models import Person
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.links import Placement
from lti_tool.web import session
from lti_tool.web.look import Look, look

HELD = timedelta(minutes=10)
ASKED = timedelta(seconds=60)
_DONE = timedelta(minutes=10)


@dataclass(frozen=True)
class Held:
    """The browser gave no cookie back: the launch waits. `storage`: who may have a proof of it."""

    ticket: str
    storage: Storage | None = None


@dataclass(frozen=True)
class StillHeld:
    """The proof was not right, or no session can live in this frame: the launch waits for a tab of its own."""

    frame_hosts: str
    language: str
    lms: str
    why: str


@dataclass(frozen=True)
class Asked:
    """In the new tab: what its form and its cookie must hold, and whose name is on the launch."""

    ticket: str
    cookie: str
    name: str
    language: str
    from_page: bool
    """It goes on from a page in a frame, and not from a link."""
    look: Look | None
    """Of the organisation of whom it asks about."""


def hold(db: Session, launch: Launch, *, now: datetime) -> Held:
    """Keep a good launch for ten minutes."""
    said, ticket, login = launch.claims, secrets.token_urlsafe(32), launch.known.login
    placement = asdict(launch.placement)
    del placement["organisation_id"], placement["platform_id"]
    proof = login.proof_hash if login else None
    row = {
        "kind": "held",
        "person_id": operations.person_of(db, launch, now=now),
        "platform_id": launch.known.platform.id,
        "placement": placement,
        "proof_hash": proof,
        "frame_hosts": said.frame_hosts[:1000],
        "frame_token": said.frame_token,
        "back_href": said.back_href,
        "back_label": said.back_label,
        "counted": said.counted,
        "language": said.language,
        "role": said.role,
        "expires_at": now + HELD,
    }
    db.execute(insert(db, TabTicket).values(token_hash=hashed(ticket), **row))
    storage = storage_of(launch.known.platform, launch.state, login.storage_target) if login and proof else None
    return Held(ticket, storage)


def prove(
    db: Session, ticket: str, proof: str, *, keeps_cookies: bool, device: launches.Device = "desk", now: datetime
) -> WalkedIn | StillHeld:
    """Walk in within the frame by what the platform's storage gave back. The proof may be shown once; whatever comes of
    it, the ticket still opens a tab. Raises `LaunchRefused`."""
    mine = (TabTicket.token_hash == hashed(ticket), TabTicket.kind == "held", TabTicket.expires_at > now)
    query = select(TabTicket.proof_hash, TabTicket.frame_hosts, TabTicket.language, Platform.name)
    row = db.execute(query.outerjoin(Platform, Platform.id == TabTicket.platform_id).where(*mine)).first()
    if row is None:
        raise LaunchRefused("L02", "no such held ticket: used or old")
    right = row.proof_hash is not None and hmac.compare_digest(row.proof_hash, hashed(proof))
    if not (right and keeps_cookies):
        db.execute(update(TabTicket).where(*mine).values(proof_hash=None))
        why = "the frame keeps no cookies" if right else "the platform's storage gave no proof"
        return StillHeld(row.frame_hosts, row.language, row.name or "", why)
    held = take(db, ticket, "held", None, now)
    chosen = {name: held[name] for name in ("frame_hosts", "frame_token")}
    return _walk_in(db, held, chosen, way="storage", device=device, now=now)


def of_page(db: Session, viewer: Viewer, path: str, *, now: datetime) -> str:
    """A ticket of 60 seconds for going on at a page of one's own session, in a tab."""
    ticket = secrets.token_urlsafe(32)
    row = {
        "kind": "held",
        "person_id": viewer.person_id,
        "placement": {},
        "path": path,
        "frame_hosts": viewer.frame_hosts,
        "frame_token": viewer.frame_token,
        "back_href": viewer.back_href,
        "back_label": viewer.back_label,
        "counted": viewer.counted,
        "language": viewer.language,
        "expires_at": now + ASKED,
    }
    db.execute(insert(db, TabTicket).values(token_hash=hashed(ticket), **row))
    return ticket


def ask(db: Session, ticket: str, *, now: datetime) -> str:
    """Exchange a held ticket for one of 60 seconds that only this browser can use. Returns what its cookie must hold.
    Raises `LaunchRefused`."""
    held = take(db, ticket, "held", None, now)
    cookie = secrets.token_urlsafe(32)
    row = {**held, "token_hash": hashed(_ticket_of(cookie)), "kind": "asked", "cookie_hash": hashed(cookie)}
    db.execute(insert(db, TabTicket).values({**row, "expires_at": now + ASKED}))
    return cookie


def asked(db: Session, cookie: str, *, now: datetime) -> Asked | None:
    """What the tab with this cookie asks; None when that was answered, or is too old."""
    mine = (TabTicket.cookie_hash == hashed(cookie), TabTicket.kind == "asked", TabTicket.expires_at > now)
    theirs = (Organisation.slug, Organisation.name, Organisation.accent, Organisation.logo_hash)
    query = (
        select(Person.chosen_name, Person.name, TabTicket.language, TabTicket.path, *theirs)
        .join(TabTicket, TabTicket.person_id == Person.id)
        .join(Organisation, Organisation.id == Person.organisation_id)
    )
    row = db.execute(query.where(*mine)).first()
    if row is None:
        return None
    chosen, name, language, path, *organisation = row
    return Asked(_ticket_of(cookie), cookie, chosen or name, language, bool(path), look(*organisation))


def done(db: Session, token: str | None, *, now: datetime) -> str | None:
    """The page that this browser's session was led to from a tab's question, for who goes back to it; None when there
    is none, or when the session ended."""
    if not token or viewers.load(db, token, now) is None:
        return None
    mine = (TabTicket.cookie_hash == session.token_hash(token), TabTicket.kind == "done", TabTicket.expires_at > now)
    return db.scalar(select(TabTicket.path).where(*mine).order_by(TabTicket.expires_at.desc()).limit(1))


def go_on(db: Session, ticket: str, cookie: str, *, device: launches.Device = "desk", now: datetime) -> WalkedIn:
    """Walk in from the tab. Needs the ticket and the cookie, so nobody can push somebody into another name.
    Raises `LaunchRefused`."""
    row = take(db, ticket, "asked", cookie, now)
    # Where frame and tab share their cookies, it is one session, and the frame goes on living.
    chosen = {name: row[name] if row["path"] else "" for name in ("frame_hosts", "frame_token")}
    walked = _walk_in(db, row, chosen, way="tab", device=device, now=now)
    over = {
        **row,
        "kind": "done",
        "token_hash": hashed(secrets.token_urlsafe(32)),
        "cookie_hash": session.token_hash(walked.token),
        "path": walked.path,
        "placement": {},
        "expires_at": now + _DONE,
    }
    db.execute(insert(db, TabTicket).values(over))
    return walked


def drop(db: Session, ticket: str, cookie: str, *, now: datetime) -> None:
    """It isn't me: the ticket is gone. Raises `LaunchRefused`."""
    take(db, ticket, "asked", cookie, now)


def take(db: Session, ticket: str, kind: str, cookie: str | None, now: datetime) -> RowMapping:
    """Use up a ticket. Of two that show it at once, one gets it. Raises `LaunchRefused`."""
    mine = [TabTicket.token_hash == hashed(ticket), TabTicket.kind == kind, TabTicket.expires_at > now]
    if cookie is not None:
        mine.append(TabTicket.cookie_hash == hashed(cookie))
    row = db.execute(delete(TabTicket).where(*mine).returning(*TabTicket.__table__.columns)).mappings().first()
    if row is None:
        raise LaunchRefused("L02", f"no such {kind} ticket: used, old or of another browser")
    return row


def _walk_in(
    db: Session,
    row: RowMapping,
    chosen: Mapping[str, str],
    *,
    way: launches.Way,
    device: launches.Device,
    now: datetime,
) -> WalkedIn:
    kept = {name: row[name] for name in ("back_href", "back_label", "counted", "language")}
    token = session.begin(db, row["person_id"], now=now, **{**kept, **chosen})
    if row["path"]:
        return WalkedIn(token, row["path"])
    platform = select(Platform.organisation_id, Platform.switched_off_at).where(Platform.id == row["platform_id"])
    organisation_id, off = db.execute(platform).one()
    if off:
        raise SwitchedOff("the platform was switched off meanwhile")
    placement = Placement(organisation_id, row["platform_id"], **row["placement"])
    walked = WalkedIn(token, operations.enter(db, token, placement, now))
    launches.add(db, row["platform_id"], "ok", kind="link", role=row["role"], way=way, device=device, now=now)
    return walked


def _ticket_of(cookie: str) -> str:
    """What the form must hold beside its cookie: made of it, so that the page can be shown again."""
    return hashlib.sha256(b"ticket of " + cookie.encode()).hexdigest()
