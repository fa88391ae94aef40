"""The tool's own keys: made, published, rotated; private halves encrypted at rest."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Select, delete, select, update

from lti_tool.db import Session, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.organisations.models import ToolKey

STILL_PUBLISHED = timedelta(days=30)
"""How long a retired key stays in the key set, for platforms that have the old one cached."""


@dataclass(frozen=True)
class SigningKey:
    """The current key: its id and its private half as PEM."""

    kid: str
    pem: str


def ensure_key(db: Session, cipher: Cipher, *, now: datetime) -> str:
    """The id of the current key, made when there is none."""
    current = db.scalar(_current().with_only_columns(ToolKey.kid))
    return current or _make(db, cipher, now)


def rotate_keys(db: Session, cipher: Cipher, *, now: datetime) -> str:
    """Make a new key and retire the current one. Returns the new key's id."""
    db.execute(delete(ToolKey).where(ToolKey.retired_at < now - STILL_PUBLISHED))
    db.execute(update(ToolKey).where(ToolKey.retired_at.is_(None)).values(retired_at=now, private_key=None))
    return _make(db, cipher, now)


def public_keys(db: Session, *, now: datetime) -> list[dict[str, Any]]:
    """The key set that platforms read: current first, then retired ones. Each has kid, alg and use."""
    published = select(ToolKey.public_jwk).where(
        ToolKey.retired_at.is_(None) | (ToolKey.retired_at > now - STILL_PUBLISHED)
    )
    return list(db.scalars(published.order_by(ToolKey.created_at.desc(), ToolKey.id.desc())))


def signing_key(db: Session, cipher: Cipher) -> SigningKey | None:
    """The current key, or None before the first is made. Raises `WrongKey`."""
    row = db.execute(_current().with_only_columns(ToolKey.id, ToolKey.kid, ToolKey.private_key)).first()
    if row is None or row.private_key is None:
        return None
    pem = cipher.decrypt(row.private_key, table="tool_key", row=row.id, column="private_key")
    return SigningKey(row.kid, pem.decode())


def _current() -> Select[ToolKey]:
    return (
        select(ToolKey)
        .where(ToolKey.retired_at.is_(None))
        .order_by(ToolKey.created_at.desc(), ToolKey.id.desc())
        .limit(1)
    )


def _make(db: Session, cipher: Cipher, now: datetime) -> str:
    row, kid = new_id(now), uuid.uuid4().hex
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    numbers = key.public_key().public_numbers()
    material = {"n": _base64url(numbers.n), "e": _base64url(numbers.e)}
    # Moodle fetches the key set again for every token when a key has no "alg" (mod/lti/locallib.php).
    public = {"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", **material}
    private = cipher.encrypt(pem, table="tool_key", row=row, column="private_key")
    db.add(ToolKey(id=row, kid=kid, public_jwk=public, private_key=private, created_at=now))
    db.flush()
    return kid


def _base64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
