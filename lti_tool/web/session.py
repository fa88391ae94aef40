"""Sessions: rows in the database, found by the hash of an opaque cookie."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from flask import Response, request
from sqlalchemy import ColumnElement, delete, insert, or_, update

from lti_tool.db import Database, Session, random_id
from lti_tool.web.models import WebSession

COOKIE = "__Host-leerkring"
IDLE = timedelta(minutes=45)
"""A ward PC is shared: who walks away is out before the next colleague sits down."""
LONGEST = timedelta(hours=13)
"""One shift with its handovers."""
_TOUCH = timedelta(minutes=5)


def token_hash(token: str) -> bytes:
    """What of a token is stored."""
    return hashlib.sha256(token.encode()).digest()


def current_token() -> str | None:
    """The cookie of this request."""
    return request.cookies.get(COOKIE) or None


def begin(
    db: Session,
    person_id: uuid.UUID,
    *,
    now: datetime,
    frame_hosts: str = "",
    frame_token: str = "",
    back_href: str = "",
    back_label: str = "",
    counted: bool = True,
    language: str = "nl",
) -> str:
    """Begin a session, or go on with the one of this browser when it is the same person's. Returns the token."""
    place = {
        "frame_hosts": frame_hosts[:1000],
        "frame_token": frame_token[:100],
        "back_href": back_href[:1000],
        "back_label": back_label[:300],
        "counted": counted,
        "language": language,
        "seen_at": now,
    }
    if token := current_token():
        kept = update(WebSession).where(
            WebSession.token_hash == token_hash(token), WebSession.person_id == person_id, alive(now)
        )
        if db.execute(kept.values(**place).returning(WebSession.id)).first():
            return token
    token = secrets.token_urlsafe(32)
    row = {"id": random_id(), "token_hash": token_hash(token), "person_id": person_id, "created_at": now}
    db.execute(insert(WebSession).values(**row, **place))
    return token


def alive(now: datetime) -> ColumnElement[bool]:
    """The condition for a session that still holds."""
    return (WebSession.seen_at > now - IDLE) & (WebSession.created_at > now - LONGEST)


def attach(response: Response, token: str) -> Response:
    """Give the browser its cookie. Browsers accept `Secure` over http on loopback."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="None", path="/", partitioned=True)
    return response


def end(db: Session, session_id: uuid.UUID) -> None:
    """End a session at once."""
    db.execute(delete(WebSession).where(WebSession.id == session_id))


def forget(response: Response) -> Response:
    """Take the cookie back."""
    response.set_cookie(COOKIE, "", max_age=0, secure=True, httponly=True, samesite="None", path="/", partitioned=True)
    return response


def touch(database: Database, session_id: uuid.UUID, seen_at: datetime, now: datetime) -> None:
    """Keep a session alive: at most once in five minutes, in a short statement of its own."""
    if now - seen_at < _TOUCH:
        return
    with database.writing() as db:
        db.execute(update(WebSession).where(WebSession.id == session_id).values(seen_at=now))


def clear(db: Session, now: datetime) -> int:
    """Remove the sessions that ended. Returns how many."""
    over = delete(WebSession).where(or_(WebSession.seen_at <= now - IDLE, WebSession.created_at <= now - LONGEST))
    return len(db.execute(over.returning(WebSession.id)).all())
