"""The tool's own keys: made, published, rotated; private halves encrypted at rest.

A key is first *next* (published, nobody signs with it), then *current*, then *previous* (published, its private half
is gone). A rotation gives the next key the moment from which it signs, late enough for an LMS that keeps our key set
for an hour to know it by then; so at no moment does anything that we signed meet an LMS that can't check it.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Row, delete, select, text, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.organisations.models import Organisation, ToolKey

MAX_AGE = timedelta(minutes=5)
"""How long our own `Cache-Control` lets anybody in between keep the key set."""
PUBLISHED_FIRST = timedelta(hours=1) + MAX_AGE
"""How long a key is published before it signs: an LMS keeps our key set for an hour, and what it fetched may have been
kept in between."""
STILL_PUBLISHED = timedelta(days=30)
"""How long a retired key stays in the key set, for what it signed."""


@dataclass(frozen=True)
class SigningKey:
    """The current key: its id and its private half as PEM."""

    kid: str
    pem: str


@dataclass(frozen=True)
class Rotation:
    """The key that takes over, and from when."""

    kid: str
    signs_from: datetime
    begun: bool
    """False when it was under way already."""


@dataclass(frozen=True)
class _Keys:
    """The keys that are not retired, in their parts."""

    current: Row[Any] | None
    appointed: Row[Any] | None
    """Takes over later; then a rotation is under way."""
    next: Row[Any] | None
    over: Sequence[Row[Any]]
    """Signed before the current one."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do here."""
        return bool(self.current and self.current.signs_from and self.next and not self.over)


def ensure_key(db: Session, cipher: Cipher, *, now: datetime) -> str:
    """The id of the current key. Makes it and the next one where they are missing, and retires those that are over."""
    keys = _look(db, now)
    if not keys.complete:
        _alone(db)
        keys = _tend(db, cipher, now)
    assert keys.current is not None  # noqa: S101 - `_tend` made it
    return str(keys.current.kid)


def rotate_keys(db: Session, cipher: Cipher, *, now: datetime, at_once: bool = False) -> Rotation:
    """Let the next key take over once every LMS can know it. While that is under way, asking again changes nothing.

    `at_once`: for keys that leaked. None of those that we had is published any longer, and a new one signs from now:
    until an LMS fetches our key set again it refuses our service calls and deep links, and trusts the leaked one.
    """
    _alone(db)
    if at_once:
        db.execute(delete(ToolKey))
        keys = _tend(db, cipher, now)
        took_over = keys.current
    else:
        keys = _tend(db, cipher, now)
        if keys.appointed is not None:
            return Rotation(keys.appointed.kid, keys.appointed.signs_from, begun=False)
        took_over = keys.next
    assert took_over is not None  # noqa: S101 - `_tend` made it
    signs_from = now if at_once else max(now, took_over.created_at + PUBLISHED_FIRST)
    db.execute(update(ToolKey).where(ToolKey.id == took_over.id).values(signs_from=signs_from))
    _tend(db, cipher, now)
    for organisation_id in db.scalars(select(Organisation.id)).all():
        action = "organisations.replace_keys" if at_once else "organisations.rotate_keys"
        subject = f"tool_key:{took_over.id}"
        audit.note(db, organisation_id=organisation_id, actor_id=None, action=action, subject=subject, now=now)
    return Rotation(took_over.kid, signs_from, begun=True)


def clear(db: Session, cipher: Cipher, *, now: datetime) -> None:
    """Keep a next key ready, take the private halves of those that are over, forget what was published long enough."""
    ensure_key(db, cipher, now=now)
    db.execute(delete(ToolKey).where(ToolKey.retired_at <= now - STILL_PUBLISHED))


def public_keys(db: Session, *, now: datetime) -> list[dict[str, Any]]:
    """The key set that platforms read: current, next, previous. Each has kid, alg and use.

    The current one is first: there are platforms that try the first key whatever its id.
    """
    still = ToolKey.retired_at.is_(None) | (ToolKey.retired_at > now - STILL_PUBLISHED)
    columns = (ToolKey.public_jwk, ToolKey.retired_at, *_COLUMNS)
    rows = db.execute(select(*columns).where(still).order_by(ToolKey.created_at.desc(), ToolKey.id.desc())).all()
    current = _parts([row for row in reversed(rows) if row.retired_at is None], now).current
    return [row.public_jwk for row in sorted(rows, key=lambda row: row is not current)]


def signing_key(db: Session, cipher: Cipher, *, now: datetime) -> SigningKey | None:
    """The current key, or None before the first is made. Raises `WrongKey`."""
    current = _look(db, now, ToolKey.private_key).current
    if current is None or current.private_key is None:
        return None
    pem = cipher.decrypt(current.private_key, table="tool_key", row=current.id, column="private_key")
    return SigningKey(current.kid, pem.decode())


_COLUMNS = (ToolKey.id, ToolKey.kid, ToolKey.created_at, ToolKey.signs_from)


def _look(db: Session, now: datetime, *more: Any) -> _Keys:
    query = select(*_COLUMNS, *more).where(ToolKey.retired_at.is_(None)).order_by(ToolKey.created_at, ToolKey.id)
    return _parts(db.execute(query).all(), now)


def _parts(rows: Sequence[Row[Any]], now: datetime) -> _Keys:
    """The parts that keys have at this moment; `rows`: those that are not retired, oldest first."""
    signed = sorted((row for row in rows if row.signs_from and row.signs_from <= now), key=lambda row: row.signs_from)
    appointed = next((row for row in rows if row.signs_from and row.signs_from > now), None)
    waiting = [row for row in rows if row.signs_from is None]
    if signed:
        return _Keys(signed[-1], appointed, waiting[-1] if waiting else None, signed[:-1])
    # An older version had one key and no next one, and did not write down since when it signed.
    return _Keys(waiting[0] if waiting else None, appointed, waiting[1] if waiting[1:] else None, ())


def _tend(db: Session, cipher: Cipher, now: datetime) -> _Keys:
    """Bring the keys in order. The caller has them for itself. Returns what stands."""
    keys = _look(db, now)
    if keys.current is None:
        _make(db, cipher, now, signs_from=now)
    elif keys.current.signs_from is None:
        since = {"signs_from": keys.current.created_at}
        db.execute(update(ToolKey).where(ToolKey.id == keys.current.id).values(since))
    if keys.next is None:
        _make(db, cipher, now, signs_from=None)
    if keys.over and keys.current is not None:
        gone = {"retired_at": keys.current.signs_from, "private_key": None}
        db.execute(update(ToolKey).where(ToolKey.id.in_([row.id for row in keys.over])).values(gone))
    return keys if keys.complete else _look(db, now)


def _alone(db: Session) -> None:
    """Let no other transaction change keys until this one ends; a row lock can't, as long as there is no row.

    On SQLite a writing transaction is alone anyway. Who reads the keys does not wait.
    """
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("LOCK TABLE tool_key IN SHARE ROW EXCLUSIVE MODE"))


def _make(db: Session, cipher: Cipher, now: datetime, *, signs_from: datetime | None) -> None:
    row, kid = new_id(now), uuid.uuid4().hex
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    numbers = key.public_key().public_numbers()
    material = {"n": _base64url(numbers.n), "e": _base64url(numbers.e)}
    # Moodle fetches the key set again for every token when a key has no "alg" (mod/lti/locallib.php).
    public = {"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", **material}
    private = cipher.encrypt(pem, table="tool_key", row=row, column="private_key")
    db.add(ToolKey(id=row, kid=kid, public_jwk=public, private_key=private, created_at=now, signs_from=signs_from))
    db.flush()


def _base64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
