"""Testing a connection: we ask the LMS for its keys, ask it for a token with our own, and compare the clocks.

What was found is stored as plain values; `admin.words` says it in a language. Shared by the console, the nightly test
and `leerkring doctor`.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Literal

import requests
from sqlalchemy import or_, select, update

from connectors import probe
from connectors.http import ConnectorError, Http, origin
from connectors.probe import Seen
from lti_tool.db import Database, Session, insert
from lti_tool.db.database import in_write_transaction
from lti_tool.db.encryption import Cipher, WrongKey
from lti_tool.lms.tokens import ServicePlatform, Services
from lti_tool.lti import offer
from lti_tool.lti.keysets import usable
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform, PlatformTest
from lti_tool.settings import Settings

LONGEST_TEST = 18.0
"""Seconds for all of it: somebody waits for the page."""
_ONE_REQUEST = 7.0
_LEAST = 1.0
"""Seconds under which another request is of no use."""
UNDER_WAY = timedelta(seconds=20)
MOST_SECONDS = 60
"""Of difference between two clocks: as much as a launch may have (`lti.message.LEEWAY`)."""

State = Literal["done", "fault", "wait"]
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Check:
    """One point of the list. `detail`: plain values for the words; `code`: of the catalogue, for the helpdesk."""

    name: str
    state: State
    detail: dict[str, Any] = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True)
class Heard:
    """One answer of an LMS."""

    post: bool
    asked_at: datetime
    took: float
    response: requests.Response

    def ahead(self) -> float | None:
        """Seconds that the clock over there is ahead of ours; None when it doesn't tell the time. A cache on the way
        tells how old its answer is; `Date` has whole seconds."""
        try:
            theirs = parsedate_to_datetime(self.response.headers.get("Date", ""))
        except ValueError:
            return None
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        age = self.response.headers.get("Age", "")
        theirs += timedelta(seconds=0.5 + (int(age) if age.isdecimal() and len(age) < 7 else 0))
        return (theirs - self.asked_at).total_seconds() - self.took / 2


class Listener(Http):
    """Keeps the answers it got, with the time, in the list that it is given."""

    def __init__(self, heard: list[Heard], clock: Clock, **limits: Any) -> None:
        super().__init__(**limits)
        self.heard, self._clock = heard, clock

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `Http`."""
        asked_at, began = self._clock(), time.monotonic()
        response = super().request(method, url, *args, **kwargs)
        self.heard.append(Heard(method == "POST", asked_at, time.monotonic() - began, response))
        return response


@dataclass(frozen=True)
class _Tested:
    """The platform under test."""

    id: uuid.UUID
    issuer: str
    client_id: str
    token_url: str
    jwks_url: str
    product: str
    scopes: list[str] | None
    roster: bool
    grades: bool
    key_set_fetched_at: datetime | None


def test_platform(
    database: Database, platform_id: uuid.UUID, *, settings: Settings, cipher: Cipher, clock: Clock
) -> list[Check] | None:
    """Test a connection and store what was found. Takes `LONGEST_TEST` seconds at most; not inside a transaction.

    None when a test of it is under way, so that a second click asks the LMS nothing. Raises `LookupError` when there
    is no such platform, or it is switched off.
    """
    ends = time.monotonic() + LONGEST_TEST
    with database.reading() as db:
        columns = (getattr(Platform, name) for name in _Tested.__dataclass_fields__)
        on = (Platform.id == platform_id, Platform.switched_off_at.is_(None))
        row = db.execute(select(*columns).where(*on)).first()
        if row is None:
            raise LookupError("no such platform, or it is switched off")
        platform = _Tested(*row)
        own = _own_key(db, cipher, clock())
    with database.writing() as db:
        if not _begin(db, platform_id, clock()):
            return None
        if own is None:
            keys.ensure_key(db, cipher, now=clock())
            own = keys.signing_key(db, cipher, now=clock())
    heard: list[Heard] = []
    session = partial(_session, heard, clock, Reach.of(settings), ends)
    theirs, key_set = _their_keys(platform, session)
    ours = _our_keys(database, platform, own, theirs, session, cipher=cipher, clock=clock, ends=ends)
    checks = [theirs, ours, _clocks(heard)]
    with database.writing() as db:
        stored: dict[str, Any] = {"tested_at": clock(), "results": [asdict(check) for check in checks]}
        db.execute(update(PlatformTest).where(PlatformTest.platform_id == platform_id).values(**stored))
        if key_set:
            same = (Platform.id == platform_id, Platform.jwks_url == platform.jwks_url)
            db.execute(update(Platform).where(*same).values(key_set=key_set, key_set_fetched_at=clock()))
    return checks


def last_test(db: Session, platform_id: uuid.UUID) -> tuple[datetime | None, list[Check]]:
    """When it was last tested, and what was found; None and nothing before the first time."""
    columns = (PlatformTest.tested_at, PlatformTest.results)
    row = db.execute(select(*columns).where(PlatformTest.platform_id == platform_id)).first()
    return (row.tested_at, [Check(**result) for result in row.results]) if row else (None, [])


def _begin(db: Session, platform_id: uuid.UUID, now: datetime) -> bool:
    row = insert(db, PlatformTest).values(platform_id=platform_id, started_at=now, tested_at=None, results=[])
    free = or_(PlatformTest.started_at <= now - UNDER_WAY, PlatformTest.started_at <= PlatformTest.tested_at)
    row = row.on_conflict_do_update(index_elements=["platform_id"], set_={"started_at": now}, where=free)
    return db.scalar(row.returning(PlatformTest.platform_id)) is not None


def _session(heard: list[Heard], clock: Clock, reach: Reach, ends: float) -> Listener:
    return Listener(
        heard,
        clock,
        address_guard=reach.allows,
        in_write_transaction=in_write_transaction,
        timeout=(min(3.05, _ONE_REQUEST), _ONE_REQUEST),
        deadline=min(_ONE_REQUEST, max(_LEAST, ends - time.monotonic())),
        max_bytes=256 * 1024,
        retries=0,
    )


def _own_key(db: Session, cipher: Cipher, now: datetime) -> keys.SigningKey | WrongKey | None:
    try:
        return keys.signing_key(db, cipher, now=now)
    except WrongKey as error:
        return error


Sessions = Callable[[], Listener]


def _their_keys(platform: _Tested, session: Sessions) -> tuple[Check, list[dict[str, Any]] | None]:
    """Their key set, as far as launches can use it."""
    used: list[Listener] = []

    def one() -> Listener:
        used.append(session())
        return used[-1]

    seen = probe.look(platform.jwks_url, http_factory=one, expect="jwks")
    found: list[dict[str, Any]] = []
    if seen.ok:
        try:
            found = usable(used[-1].heard[-1].response.json())
        except (ConnectorError, ValueError):
            seen = Seen(False, "not_keys", seen.seconds, seen.host, seen.status, seen.content_type)
    if not found:
        kept = platform.key_set_fetched_at is not None
        return Check("keys", "fault", {"seen": asdict(seen), "kept": kept}, "L05"), None
    return Check("keys", "done", {"keys": len(found), "seconds": round(seen.seconds, 1)}), found


def _our_keys(
    database: Database,
    platform: _Tested,
    own: keys.SigningKey | WrongKey | None,
    theirs: Check,
    session: Sessions,
    *,
    cipher: Cipher,
    clock: Clock,
    ends: float,
) -> Check:
    """Whether they read ours: a token is given only to a signature that they could verify."""
    if not isinstance(own, keys.SigningKey):
        return Check("own_keys", "fault", {"why": "encryption" if own else "none"}, "L05")
    wanted = offer.scopes_of(roster=platform.roster, grades=platform.grades, notices=False, offered=platform.scopes)
    # By a scope that is not granted one learns at least whether they know us.
    scopes = wanted or [offer.ROSTER_SCOPE]
    token_host = origin(platform.token_url)
    if theirs.state == "fault" and origin(platform.jwks_url) == token_host:
        seen = theirs.detail["seen"]
        if seen["what"] not in {"html", "not_json", "not_keys", "status", "large"}:
            # The same host just didn't answer; waiting for it once more tells nothing.
            return Check("own_keys", "fault", {"why": "silent", "seen": seen}, "L05")
    http = session()
    about = ServicePlatform(platform.id, platform.issuer, platform.client_id, platform.token_url, platform.product)
    before = len(http.heard)
    try:
        Services(database, about, own, cipher=cipher, http=http, clock=clock).fresh_access_token(scopes)
    except ConnectorError:
        if len(http.heard) == before:
            return _no_answer(platform.token_url, session, ends)
        return _refused(platform, http.heard[-1].response, granted=bool(wanted))
    return Check("own_keys", "done", {"seconds": round(http.heard[-1].took, 1)})


def _no_answer(url: str, session: Sessions, ends: float) -> Check:
    seen = Seen(False, "silent", 0.0, origin(url).partition("//")[2])
    if ends - time.monotonic() > _LEAST:
        looked = probe.look(url, http_factory=session, expect="any")
        seen = seen if looked.ok else looked
    return Check("own_keys", "fault", {"why": "silent", "seen": asdict(seen)}, "L05")


def _refused(platform: _Tested, response: requests.Response, *, granted: bool) -> Check:
    """What a token service means by its no."""
    host = origin(platform.token_url).partition("//")[2]
    try:
        said = response.json()
    except ValueError:
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    error = error if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else ""
    detail: dict[str, Any] = {"status": response.status_code, "error": error, "host": host}
    if error == "invalid_scope":
        # Moodle looks at the signature first (mod/lti/token.php), so this no says that it could read our key.
        if platform.product == "moodle" and not granted:
            return Check("own_keys", "done", {"why": "scope", **detail})
        return Check("own_keys", "wait", {"why": "scope", **detail})
    if not isinstance(said, dict):
        # Moodle shows an error page when it can't fetch our key set (lib/classes/…/curl_security_helper).
        return Check("own_keys", "fault", {"why": "page", **detail}, "L05")
    return Check("own_keys", "fault", {"why": "refused", **detail}, "L05")


def _clocks(heard: list[Heard]) -> Check:
    """The difference between the clocks, by what was not cached on the way if there is such an answer."""
    for one in sorted(heard, key=lambda one: not one.post):
        ahead = one.ahead()
        if ahead is not None:
            state: State = "done" if abs(ahead) < MOST_SECONDS else "fault"
            return Check("clock", state, {"ahead": round(ahead)}, "" if state == "done" else "L06")
    return Check("clock", "wait")
