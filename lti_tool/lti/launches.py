"""How launches go: counts per day, and what was refused. For the organisation's admin, and fit for its works council.

A success is only counted: no row says who came in, nor when, but for the last moment of a kind of launch, which is
taken off the next day but one. A refusal keeps its moment, code, cause and browser, because it must be found in the
log of an LMS; never a person, a token, or anything that was sent.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import structlog
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.db import Database, Session, insert, new_id
from lti_tool.lti.models import LaunchCount, LaunchFault
from lti_tool.organisations.models import Deployment
from lti_tool.web.language import local

if TYPE_CHECKING:
    from lti_tool.lti.operations import Launch
    from lti_tool.lti.refusals import LaunchRefused

log = structlog.get_logger()
KEPT = timedelta(days=30)
FAULTS_PER_HOUR = 20
"""Of one code and platform that are kept: whoever posts rubbish fills no table, and pushes no other code out."""

Way = Literal["cookie", "frame", "storage", "tab"]
"""How the browser proved that it began this launch: a cookie in a window of its own; a (partitioned) cookie inside a
frame of another site; the platform's storage; or not at all, so that it went on in a tab."""
Device = Literal["desk", "phone"]

_KEY = ("platform_id", "day", "outcome", "kind", "role", "way", "device")
_upserts: dict[str, Any] = {}


def device(user_agent: str) -> Device:
    """Of a browser by what it calls itself; a tablet is a desk."""
    return "phone" if re.search(r"Mobi", user_agent) and "iPad" not in user_agent else "desk"


def way(*, proof: Literal["cookie", "storage", "tab"], fetch_destination: str) -> Way:
    """The way of a launch. `fetch_destination`: the header `Sec-Fetch-Dest`, empty in an old browser."""
    return "frame" if proof == "cookie" and fetch_destination in {"iframe", "frame"} else proof


def count(db: Session, launch: Launch, way: Way, device: Device, *, now: datetime) -> None:
    """Count a launch that went well. The last statement of its transaction: its row is one that all launches of the
    platform share, so nobody may wait for something else while holding it."""
    add(db, launch.known.platform.id, "ok", kind=launch.kind, role=launch.role, way=way, device=device, now=now)


def add(
    db: Session, platform_id: uuid.UUID, outcome: str, *, kind: str, role: str, way: str, device: str, now: datetime
) -> None:
    """Count one. `outcome`: `ok` or the code of the refusal. One statement."""
    values = (platform_id, local(now).date(), outcome, kind, role, way, device)
    db.connection().execute(_upsert(db), {**dict(zip(_KEY, values, strict=True)), "last_at": now})


def _upsert(db: Session) -> Any:
    # Made once for each kind of database: making it takes longer than running it.
    dialect = db.get_bind().dialect.name
    if dialect not in _upserts:
        row = insert(db, LaunchCount).values(launches=1, **{name: bindparam(name) for name in (*_KEY, "last_at")})
        more = {"launches": LaunchCount.launches + 1, "last_at": row.excluded.last_at}
        _upserts[dialect] = row.on_conflict_do_update(index_elements=_KEY, set_=more)
    return _upserts[dialect]


def note_fault(database: Database, refused: LaunchRefused, *, browser: str, device: Device, now: datetime) -> None:
    """Keep a refusal for the admin of its platform, if it is of one. In short transactions of its own, after the
    launch's; a busy database must not cost the reader their error page."""
    if refused.platform_id is None:
        return
    lately = (
        LaunchFault.platform_id == refused.platform_id,
        LaunchFault.code == refused.code,
        LaunchFault.at > now - timedelta(hours=1),
    )
    # A deployment that nobody knows is only a text that somebody sent.
    theirs = (Deployment.platform_id == refused.platform_id, Deployment.deployment_id == refused.deployment)
    try:
        with database.reading() as db:
            if (db.scalar(select(func.count()).where(*lately)) or 0) >= FAULTS_PER_HOUR:
                return
            deployment = db.scalar(select(Deployment.deployment_id).where(*theirs)) or ""
        with database.writing(patience=2.0) as db:
            db.execute(
                insert(db, LaunchFault).values(
                    id=new_id(now),
                    platform_id=refused.platform_id,
                    at=now,
                    code=refused.code,
                    cause=refused.cause[:200],
                    deployment=deployment,
                    browser=browser[:60],
                )
            )
            add(db, refused.platform_id, refused.code, kind="link", role="", way="", device=device, now=now)
    except SQLAlchemyError as error:
        log.warning("launch fault not kept", error=type(error).__name__)


def clear(db: Session, now: datetime) -> None:
    """Remove what is older than 30 days, and take the moments off what is older than yesterday."""
    today = local(now).date()
    db.execute(delete(LaunchCount).where(LaunchCount.day < today - KEPT))
    db.execute(delete(LaunchFault).where(LaunchFault.at < now - KEPT))
    over = (LaunchCount.day < today - timedelta(days=1), LaunchCount.last_at.is_not(None))
    db.execute(update(LaunchCount).where(*over).values(last_at=None))
