"""Taking and freezing the figures of a quarter; the programs that may fetch them and their tokens."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from lti_tool.activity import operations as activity
from lti_tool.activity import queries as activity_queries
from lti_tool.activity.quarters import Quarter
from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.reports.counting import count
from lti_tool.reports.models import ApiClient, ApiToken, ReportSnapshot, Status
from lti_tool.reports.suppression import FLOOR, Row, publish
from lti_tool.settings import Settings
from lti_tool.web.language import local
from lti_tool.web.text import one_line

DEPARTMENT = "department"
OFTEN = timedelta(days=7)
"""Two tables of one quarter can be subtracted, so the schedule makes one a week at most."""

SCOPES = {"reports:read": "Read the figures per group."}
TOKEN_LIFE = timedelta(hours=1)


class CannotReport(ValueError):
    """No such figures can be taken or fixed. The message is a sentence for the person who asked."""


def take_snapshot(
    db: Session,
    settings: Settings,
    organisation_id: uuid.UUID,
    period: str,
    *,
    now: datetime,
    force: bool = True,
    actor_id: uuid.UUID | None = None,
) -> bool:
    """Take the provisional figures of a quarter (`2026-Q4`) that runs or is over. Returns whether it did.

    The command always takes them. The schedule and the page say `force=False`: then figures of less than a
    week ago stay, and so do frozen ones. Raises `CannotReport`, with force also for a frozen quarter.
    """
    quarter = _begun(period, now)
    before = _standing(db, organisation_id, quarter)
    if before and before.status == Status.FROZEN:
        if force:
            raise CannotReport(f"The figures of {quarter} are frozen; they do not change any more.")
        return False
    if before and not force and now - before.taken_at < OFTEN:
        return False
    _store(db, settings, organisation_id, quarter, Status.PROVISIONAL, now=now, actor_id=actor_id)
    return True


def freeze(
    db: Session,
    settings: Settings,
    organisation_id: uuid.UUID,
    period: str,
    *,
    now: datetime,
    actor_id: uuid.UUID | None = None,
) -> bool:
    """Count a quarter that is over for the last time, and fix it. Returns False when it was frozen already.

    Raises `CannotReport` while the quarter runs.
    """
    quarter = _begun(period, now)
    if quarter.last >= local(now).date():
        raise CannotReport(f"{quarter} is not over yet. {quarter.previous} is over.")
    before = _standing(db, organisation_id, quarter)
    if before and before.status == Status.FROZEN:
        return False
    _store(db, settings, organisation_id, quarter, Status.FROZEN, now=now, actor_id=actor_id)
    forget_frozen_year(db, organisation_id, quarter.year)
    return True


def take_due_snapshots(db: Session, settings: Settings, organisation_id: uuid.UUID, *, now: datetime) -> None:
    """What the schedule does: the running quarter, and the last one as long as it waits to be frozen."""
    running = Quarter.of(local(now).date())
    take_snapshot(db, settings, organisation_id, str(running), now=now, force=False)
    if _standing(db, organisation_id, running.previous):
        take_snapshot(db, settings, organisation_id, str(running.previous), now=now, force=False)


def forget_frozen_year(db: Session, organisation_id: uuid.UUID, year: int) -> None:
    """Forget the folded activity of a year once nothing of it can be counted again.

    That is when its last quarter is frozen, and so is every other one that has any.
    """
    frozen = set(
        db.scalars(
            select(ReportSnapshot.period).where(
                ReportSnapshot.organisation_id == organisation_id, ReportSnapshot.status == Status.FROZEN
            )
        )
    )
    if {f"{year}-Q4", *activity_queries.quarters(db, organisation_id, year)} <= frozen:
        activity.forget_year(db, organisation_id, year)


def _begun(period: str, now: datetime) -> Quarter:
    try:
        quarter = Quarter.parse(period)
    except ValueError as error:
        raise CannotReport(str(error)) from None
    if quarter.first > local(now).date():
        raise CannotReport(f"{quarter} has not begun yet.")
    return quarter


def _standing(db: Session, organisation_id: uuid.UUID, quarter: Quarter) -> Any:
    query = select(ReportSnapshot.status, ReportSnapshot.taken_at).where(
        ReportSnapshot.organisation_id == organisation_id,
        ReportSnapshot.period == str(quarter),
        ReportSnapshot.by == DEPARTMENT,
    )
    return db.execute(query).first()


def _store(
    db: Session,
    settings: Settings,
    organisation_id: uuid.UUID,
    quarter: Quarter,
    status: Status,
    *,
    now: datetime,
    actor_id: uuid.UUID | None,
) -> None:
    today = local(now)
    on = min(today.date(), quarter.last)
    zone = today.tzinfo
    assert zone is not None  # noqa: S101 - local() gives one
    groups = count(db, settings.secret_key, organisation_id, quarter, on=on, zone=zone)
    table = publish(groups, floor=FLOOR)
    values = {
        "status": status.value,
        "taken_at": now,
        "floor": FLOOR,
        "rows": [_rounded(row) for row in table.rows],
        "total": _rounded(table.total),
    }
    key = {"organisation_id": organisation_id, "period": str(quarter), "by": DEPARTMENT}
    row = insert(db, ReportSnapshot).values(id=new_id(now), **key, **values)
    still = ReportSnapshot.status == Status.PROVISIONAL  # also when somebody froze it a moment ago
    db.execute(row.on_conflict_do_update(index_elements=list(key), set_=values, where=still))
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=actor_id,
        action="reports.freeze" if status is Status.FROZEN else "reports.snapshot",
        subject=f"report:{quarter}/{DEPARTMENT}",
        now=now,
    )


def _rounded(row: Row) -> dict[str, Any]:
    """As it is stored and served; a third of an hour has two decimals."""
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(row).items()}


def create_client(
    db: Session, organisation_id: uuid.UUID, name: str, scopes: Iterable[str], *, now: datetime
) -> tuple[str, str]:
    """Make a client. Returns its id and its secret, which is kept nowhere else. Raises `CannotReport`."""
    name = one_line(name)[:200]
    wanted = sorted(set(scopes))
    if not name:
        raise CannotReport("A client needs a name.")
    if not wanted or not set(wanted) <= set(SCOPES):
        raise CannotReport(f"A client needs scopes that exist: {', '.join(SCOPES)}.")
    client_id, secret = secrets.token_hex(12), secrets.token_urlsafe(32)
    client = ApiClient(
        id=new_id(now),
        organisation_id=organisation_id,
        client_id=client_id,
        name=name,
        secret_hash=_hash(secret),
        scopes=" ".join(wanted),
        created_at=now,
    )
    db.add(client)
    db.flush()
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=None,
        action="reports.create_client",
        subject=f"api_client:{client.id}",
        now=now,
    )
    return client_id, secret


def remove_client(db: Session, organisation_id: uuid.UUID, client_id: str, *, now: datetime) -> bool:
    """Take a client and its tokens away. Returns False when the organisation has no such client."""
    mine = (ApiClient.client_id == client_id, ApiClient.organisation_id == organisation_id)
    key = None if "\0" in client_id else db.scalar(delete(ApiClient).where(*mine).returning(ApiClient.id))
    if key is None:
        return False
    subject = f"api_client:{key}"
    audit.note(
        db, organisation_id=organisation_id, actor_id=None, action="reports.remove_client", subject=subject, now=now
    )
    return True


@dataclass(frozen=True)
class Caller:
    """A client of the API, and what it may do now."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    scopes: frozenset[str]


def authenticate(db: Session, client_id: str, secret: str) -> Caller | None:
    """The client of this id and secret, with all it may ever do."""
    query = select(ApiClient.id, ApiClient.organisation_id, ApiClient.scopes, ApiClient.secret_hash)
    # PostgreSQL refuses the character 0 in a text.
    found = None if "\0" in client_id else db.execute(query.where(ApiClient.client_id == client_id)).first()
    known = bytes(found.secret_hash) if found else bytes(32)
    if not hmac.compare_digest(known, _hash(secret)) or found is None:
        return None
    return Caller(found.id, found.organisation_id, frozenset(found.scopes.split()))


def issue_token(db: Session, client: Caller, scopes: Iterable[str], *, now: datetime) -> str:
    """A token for an hour, for scopes that the client has."""
    token = secrets.token_urlsafe(32)
    granted = " ".join(sorted(client.scopes & set(scopes)))
    db.add(ApiToken(token_hash=_hash(token), client_id=client.id, scopes=granted, expires_at=now + TOKEN_LIFE))
    db.flush()
    return token


def caller(db: Session, token: str, *, now: datetime) -> Caller | None:
    """Whose token this is, while it holds."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", token):
        return None
    found = db.execute(
        select(ApiClient.id, ApiClient.organisation_id, ApiToken.scopes)
        .join(ApiToken, ApiToken.client_id == ApiClient.id)
        .where(ApiToken.token_hash == _hash(token), ApiToken.expires_at > now)
    ).first()
    return Caller(found.id, found.organisation_id, frozenset(found.scopes.split())) if found else None


def clear_tokens(db: Session, *, now: datetime) -> None:
    """Forget the tokens that are over."""
    db.execute(delete(ApiToken).where(ApiToken.expires_at <= now))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
