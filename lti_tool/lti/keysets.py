"""The key sets of platforms: kept in the platform's row, fetched when first needed, for an unknown key, and when what
is kept is nearly a day old.

At most three times a minute per platform, counted in the row so that all workers share the limit. Never for a
token without a key id or with a bad signature, and a broken answer is never kept. One fetches and the others wait for
its answer, so that a platform that changes its keys in the middle of a shift loses no launch.
"""

from __future__ import annotations

import base64
import functools
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from sqlalchemy import Row, select, update

from connectors.http import BrokenAnswer, ConnectorError, Http, json_of
from lti_tool.db import Database, Session
from lti_tool.db.database import in_write_transaction
from lti_tool.lti.refusals import LaunchRefused
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform

log = structlog.get_logger()
MAX_FETCHES = 3
PER_SECONDS = 60
MAX_KEYS = 50
RENEW = timedelta(hours=20)
"""The schedule reads a set again that is older, so that no launch has to."""
MAX_AGE = timedelta(hours=23, minutes=50)
"""A launch reads it again first, where nobody did: a key that was withdrawn is trusted for a day at most."""
GRACE = timedelta(minutes=5)
"""How long a key still counts that is gone from the set: tokens signed with it are under way."""
_LEASE = timedelta(seconds=10)
"""Longer than a fetch may take."""
_PATIENCE = 9.0
_LOOK = 0.03
"""Seconds that one waits for somebody else's fetch, and between two looks."""

KeySet = Sequence[dict[str, Any]]
_STATE = (
    Platform.key_set,
    Platform.key_set_fetched_at,
    Platform.key_fetches,
    Platform.key_fetch_until,
    Platform.jwks_url,
)


@dataclass(frozen=True)
class _Turn:
    """Whether to fetch, to wait for somebody who does, or to make do with what is kept."""

    kept: KeySet | None
    fetch: bool = False
    wait: bool = False


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

    def key(
        self,
        platform_id: uuid.UUID,
        jwks_url: str,
        kept: KeySet | None,
        kid: str,
        *,
        fetched_at: datetime | None = None,
    ) -> RSAPublicKey:
        """The key with this id. `kept`, `fetched_at`: what the caller read of the platform. Raises `LaunchRefused`."""
        if kept is not None and fetched_at is not None and self._now - fetched_at >= MAX_AGE:
            try:
                kept = self._fresh(platform_id, jwks_url, lambda row: self._is_young(row, MAX_AGE))
            except ConnectorError as error:
                # It can't be reached, which says nothing about its keys: a whole hospital must not stand outside.
                log.warning("key set is old", error=type(error).__name__)
        found = self._pick(kept, kid)
        if found is None:
            try:
                kept = self._fresh(platform_id, jwks_url, lambda row: self._pick(row.key_set, kid) is not None)
            except ConnectorError as error:
                raise LaunchRefused("L05", f"key set: {type(error).__name__}: {error}") from None
            if kept is None:
                raise LaunchRefused("L05", "the key set was asked for too often")
            found = self._pick(kept, kid)
        if found is None:
            raise LaunchRefused("L05", "the key set has no such key")
        return found

    def renew(self, platform_id: uuid.UUID) -> None:
        """Read a set again that is older than `RENEW`, for the schedule. Raises `ConnectorError`."""
        self._fresh(platform_id, None, lambda row: self._is_young(row, RENEW))

    def _pick(self, keys: KeySet | None, kid: str) -> RSAPublicKey | None:
        return pick(keys, kid, at=self._now.timestamp())

    def _is_young(self, row: Row[Any], most: timedelta) -> bool:
        return row.key_set_fetched_at is not None and self._now - row.key_set_fetched_at < most

    def _fresh(self, platform_id: uuid.UUID, jwks_url: str | None, enough: Callable[[Row[Any]], bool]) -> KeySet | None:
        """What is kept once it is `enough`, or once nothing better is to be had. Raises `ConnectorError`."""
        ends = time.monotonic() + _PATIENCE
        while True:
            turn = self._turn(platform_id, enough)
            if turn.fetch:
                return self._fetch(platform_id, jwks_url)
            if not turn.wait or time.monotonic() >= ends:
                return turn.kept
            time.sleep(_LOOK)

    def _turn(self, platform_id: uuid.UUID, enough: Callable[[Row[Any]], bool]) -> _Turn:
        with self._database.reading() as db:  # those who wait hold up nobody who writes
            row = self._row(db, platform_id)
            if enough(row):
                return _Turn(row.key_set)
            if self._is_fetched(row):
                return _Turn(row.key_set, wait=True)
        with self._database.writing() as db:
            row = self._row(db, platform_id, lock=True)
            if enough(row):
                return _Turn(row.key_set)
            if self._is_fetched(row):
                return _Turn(row.key_set, wait=True)
            moment = self._now.timestamp()
            lately = [at for at in row.key_fetches if moment - PER_SECONDS < at <= moment]
            if len(lately) >= MAX_FETCHES:
                return _Turn(row.key_set)
            note = {"key_fetches": [*lately, moment], "key_fetch_until": self._now + _LEASE}
            db.execute(update(Platform).where(Platform.id == platform_id).values(**note))
        return _Turn(row.key_set, fetch=True)

    def _is_fetched(self, row: Row[Any]) -> bool:
        return row.key_fetch_until is not None and row.key_fetch_until > self._now

    @staticmethod
    def _row(db: Session, platform_id: uuid.UUID, *, lock: bool = False) -> Row[Any]:
        query = select(*_STATE).where(Platform.id == platform_id)
        return db.execute(query.with_for_update() if lock else query).one()

    def _fetch(self, platform_id: uuid.UUID, jwks_url: str | None) -> KeySet:
        found: list[dict[str, Any]] | None = None
        try:
            if jwks_url is None:
                with self._database.reading() as db:
                    jwks_url = self._row(db, platform_id).jwks_url
            with self._http() as http:
                found = usable(json_of(http.get(jwks_url, headers={"Accept": "application/json"})))
        finally:
            with self._database.writing() as db:
                values: dict[str, Any] = {"key_fetch_until": None}
                if found is not None:
                    found = self._with_those_just_gone(found, self._row(db, platform_id, lock=True).key_set)
                    values |= {"key_set": found, "key_set_fetched_at": self._now}
                db.execute(update(Platform).where(Platform.id == platform_id).values(**values))
        return found

    def _with_those_just_gone(self, found: list[dict[str, Any]], before: KeySet | None) -> list[dict[str, Any]]:
        """The new set, and for a few minutes what stood in the one before: whoever clicked before the change of keys
        arrives after it."""
        moment, there = self._now.timestamp(), {key["kid"] for key in found}
        until = moment + GRACE.total_seconds()
        gone = [{**key, "until": key.get("until", until)} for key in before or () if key["kid"] not in there]
        return [*found, *(key for key in gone if key["until"] > moment)][:MAX_KEYS]


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


def pick(keys: KeySet | None, kid: str, *, at: float = 0.0) -> RSAPublicKey | None:
    """The key with this id, if it is there and can be read. `at`: POSIX seconds; a key whose time is over by then is
    not there."""
    for key in keys or ():
        if key["kid"] == kid and key.get("until", at + 1) > at:
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
