"""The key sets of platforms: kept in the platform's row, fetched when first needed and for an unknown key.

At most three times a minute per platform, counted in the row so that all workers share the limit. Never for a
token without a key id or with a bad signature, and a broken answer is never kept.
"""

from __future__ import annotations

import base64
import functools
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from sqlalchemy import select, update

from connectors.http import BrokenAnswer, ConnectorError, Http, json_of
from lti_tool.db import Database
from lti_tool.db.database import in_write_transaction
from lti_tool.lti.refusals import LaunchRefused
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform

MAX_FETCHES = 3
PER_SECONDS = 60
MAX_KEYS = 50

KeySet = Sequence[dict[str, Any]]


class KeySets:
    """Finds the key of a platform that signed a token. `http` makes the session that fetches."""

    def __init__(
        self, database: Database, *, reach: Reach, now: datetime, http: Callable[[], Http] | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._http = http or functools.partial(
            Http,
            address_guard=reach.allows,
            in_write_transaction=in_write_transaction,
            timeout=(3.05, 5.0),
            deadline=8.0,
            max_bytes=256 * 1024,
            retries=0,
        )

    def key(self, platform_id: uuid.UUID, jwks_url: str, kept: KeySet | None, kid: str) -> RSAPublicKey:
        """The key with this id. Raises `LaunchRefused`."""
        found = pick(kept, kid)
        if found is None:
            found = pick(self._fresh(platform_id, jwks_url, kid), kid)
        if found is None:
            raise LaunchRefused("L05", "the key set has no such key")
        return found

    def _fresh(self, platform_id: uuid.UUID, jwks_url: str, kid: str) -> KeySet:
        kept, allowed = self._may_fetch(platform_id, kid)
        if not allowed:
            if kept is None:
                raise LaunchRefused("L05", "the key set was asked for too often")
            return kept
        try:
            with self._http() as http:
                keys = usable(json_of(http.get(jwks_url, headers={"Accept": "application/json"})))
        except ConnectorError as error:
            raise LaunchRefused("L05", f"key set: {type(error).__name__}: {error}") from None
        with self._database.writing() as db:
            db.execute(
                update(Platform).where(Platform.id == platform_id).values(key_set=keys, key_set_fetched_at=self._now)
            )
        return keys

    def _may_fetch(self, platform_id: uuid.UUID, kid: str) -> tuple[KeySet | None, bool]:
        """What is kept by now, and whether to fetch again; if so, that is noted."""
        moment = self._now.timestamp()
        with self._database.writing() as db:
            row = db.execute(
                select(Platform.key_set, Platform.key_fetches).where(Platform.id == platform_id).with_for_update()
            ).one()
            lately = [at for at in row.key_fetches if moment - PER_SECONDS < at <= moment]
            if pick(row.key_set, kid) is not None or len(lately) >= MAX_FETCHES:
                return row.key_set, False
            db.execute(update(Platform).where(Platform.id == platform_id).values(key_fetches=[*lately, moment]))
        return row.key_set, True


def usable(answer: Any) -> list[dict[str, Any]]:
    """The RSA signing keys of a JWK set, public parts only. Raises `BrokenAnswer` when there is none."""
    keys = answer.get("keys") if isinstance(answer, dict) else None
    if not isinstance(keys, list):
        raise BrokenAnswer("the answer is not a key set")
    kept = [
        {name: key[name] for name in ("kid", "n", "e")}
        for key in keys[:MAX_KEYS]
        if isinstance(key, dict)
        and key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and all(isinstance(key.get(name), str) and key[name] for name in ("kid", "n", "e"))
    ]
    if not kept:
        raise BrokenAnswer("the key set has no RSA key for signing")
    return kept


def pick(keys: KeySet | None, kid: str) -> RSAPublicKey | None:
    """The key with this id, if it is there and can be read."""
    for key in keys or ():
        if key["kid"] == kid:
            return _public_key(key["n"], key["e"])
    return None


@functools.lru_cache(maxsize=256)
def _public_key(n: str, e: str) -> RSAPublicKey | None:
    """Made once per process: by the material itself, so no platform can get another one's key."""
    try:
        key = RSAPublicNumbers(_number(e), _number(n)).public_key()
    except ValueError:
        return None
    return key if key.key_size >= 2048 else None


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
