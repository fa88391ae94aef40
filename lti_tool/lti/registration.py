"""An LMS registers itself: from its admin opening our page to the platform being stored.

The steps are kept in one row. We go out between two transactions and never inside one: the row is marked before we
ask the LMS, so a double click asks once, and what an LMS did whose answer is lost is not forgotten.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import RowMapping, delete, func, select, update

from lti_tool.db import Database, Session, insert, random_id
from lti_tool.db.encryption import Cipher
from lti_tool.lti import configuration as configurations
from lti_tool.lti import registering
from lti_tool.lti import registration_refusals as refusals
from lti_tool.lti.configuration import Configuration
from lti_tool.lti.models import PendingRegistration
from lti_tool.lti.offer import Addresses
from lti_tool.lti.registering import Answer, Choices
from lti_tool.organisations import keys
from lti_tool.organisations import registration as organisations
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform
from lti_tool.organisations.registration import Code, Registered
from lti_tool.settings import Settings

LIFE = timedelta(hours=1)
"""Of the form; Moodle's and Canvas's tokens live as long."""
REMEMBERED = timedelta(days=1)
SENDING = timedelta(seconds=45)
"""Longer than an LMS may take to answer; after that the process that asked is gone."""
MAX_LOOKS = 10
MAX_WRONG_CODES = 5
MAX_FROM_ONE_ADDRESS, IN = 30, timedelta(minutes=10)
WAIT = 20.0
"""Seconds that the second of two clicks waits for what the first one brings."""
_TABLE, _COLUMN = "pending_registration", "token"


@dataclass(frozen=True)
class Tool:
    """What we are: handed in, so that nothing here asks for a request or a global."""

    database: Database
    settings: Settings
    cipher: Cipher

    @property
    def reach(self) -> Reach:
        """Where we may go."""
        return Reach.of(self.settings)


@dataclass(frozen=True)
class Opened:
    """The form may be shown. `token` stands in it."""

    token: str
    configuration: Configuration
    updates: bool = False
    """The LMS asks to change a registration that we have."""
    switches: dict[str, bool] | None = None
    """How names, emails, roster and grades stand in what it changes, so that changing one doesn't change the others."""
    code: Code | None = None
    """What is wrong with the code that was typed."""
    before: list[Registered] = field(default_factory=list)
    """The organisation has this LMS already: update one of these, or make a new one?"""


@dataclass(frozen=True)
class Done:
    """Registered, now or earlier."""

    client_id: str
    product: str
    lms: str
    host: str
    issuer: str
    updated: bool


@dataclass(frozen=True)
class Wish:
    """The form as it was sent."""

    token: str
    code: str
    choices: Choices
    choice: str = ""
    """`new`, or the id of the platform to update; empty when not asked yet."""


def open_page(tool: Tool, url: str, token: str, *, asked_from: str, now: datetime) -> Opened | Done:
    """An admin opened our page from their LMS. Raises `RegistrationRefused`."""
    says = registering.read_token(token)
    if says.expires is not None and says.expires < now.timestamp():
        raise refusals.TooLate("the token says so")
    row = _enter(tool, token, asked_from, now)
    if row["state"] == "done":
        return _done(row)
    if row["configuration"] is not None:
        if _hopeless(row, Configuration.from_json(row["configuration"]["lms"])) and not _sending(row, now):
            raise _lost(row, None)
        return _opened(row, sign(tool, row["id"]))
    try:
        found = configurations.fetch(url, token, reach=tool.reach)
    except configurations.Unreachable as error:
        raise refusals.CannotRead(error.seen) from None
    except configurations.Lying as error:
        raise refusals.Contradicts(error) from None
    if not token and found.product in {"moodle", "canvas"}:
        raise refusals.NoToken("no registration_token", lms=found.product_name, host=found.host)
    client_id = registering.current(found, token, reach=tool.reach) if says.updates else ""
    with tool.database.writing() as db:
        holder = _holder(db, found, client_id)
        switches = organisations.switches(db, holder[0]) if holder else None
        kept_json = {"lms": found.to_json(), "client_id": client_id if holder else "", "switches": switches}
        db.execute(_mine(row["id"]).values(configuration=kept_json, state="open"))
    return Opened(sign(tool, row["id"]), found, holder is not None, switches)


def reopen(tool: Tool, form_token: str, *, now: datetime) -> Opened | Done:
    """The form again, for example in the other language. Raises `RegistrationRefused`."""
    with tool.database.reading() as db:
        row = _row(db, tool, form_token, now)
    return _done(row) if row["state"] == "done" else _opened(row, form_token)


def register(tool: Tool, wish: Wish, *, clock: Callable[[], datetime]) -> Opened | Done:
    """The admin pressed the button. `Opened` when something must be typed or chosen yet. Raises
    `RegistrationRefused`."""
    ends = time.monotonic() + WAIT
    while True:
        now = clock()
        with tool.database.writing() as db:
            row = _row(db, tool, wish.token, now, lock=True)
            step = _step(db, row, wish, now)
        if step != "wait":
            break
        if time.monotonic() > ends:
            raise _lost(row, None)
        time.sleep(0.2)
    if step == "guessing":
        lms = Configuration.from_json(row["configuration"]["lms"])
        raise refusals.TooManyCodes("wrong codes", lms=lms.product_name, host=lms.host)
    if step == "lost":
        raise _lost(row, None)
    if not isinstance(step, tuple):
        return step
    code, instead_of = step
    answer = _ask(tool, row, wish, now=clock)
    return _store(tool, row, wish, code, instead_of, answer, clock())


def sign(tool: Tool, row_id: uuid.UUID) -> str:
    """The token of the form: nobody else can make one, and it is good for one registration."""
    mark = hmac.new(tool.settings.secret_key.encode(), b"registration" + row_id.bytes, hashlib.sha256)
    return f"{row_id.hex}.{mark.hexdigest()[:32]}"


def clear(db: Session, now: datetime) -> None:
    """Forget registrations a day after their hour; the tokens of those that went nowhere at once."""
    late = PendingRegistration.expires_at
    db.execute(
        update(PendingRegistration).where(late <= now, PendingRegistration.token.is_not(None)).values(token=None)
    )
    db.execute(delete(PendingRegistration).where(late <= now - REMEMBERED))


Step = Opened | Done | Literal["wait", "guessing", "lost"] | tuple[Code, uuid.UUID | None]


def _sending(row: RowMapping, now: datetime) -> bool:
    return bool(row["state"] == "sending" and row["sent_at"] > now - SENDING)


def _hopeless(row: RowMapping, lms: Configuration) -> bool:
    """We asked before, and the answer is unknown. Only Moodle tells when asked again whether it did it the first time;
    another LMS might register us twice."""
    return row["sent_at"] is not None and lms.product != "moodle"


def _step(db: Session, row: RowMapping, wish: Wish, now: datetime) -> Step:
    """What to do with the form, in one short transaction: show something, wait for who is sending, or send."""
    if row["state"] == "done":
        return _done(row)
    if _sending(row, now):
        return "wait"
    if row["wrong_codes"] >= MAX_WRONG_CODES:
        return "guessing"
    lms = Configuration.from_json(row["configuration"]["lms"])
    if _hopeless(row, lms):
        return "lost"
    code = organisations.look_at_code(db, wish.code, row["id"], now=now)
    if code.state != "good" or code.organisation_id is None:
        if code.state == "wrong":
            db.execute(_mine(row["id"]).values(wrong_codes=PendingRegistration.wrong_codes + 1))
        return Opened(wish.token, lms, bool(row["configuration"]["client_id"]), code=code)
    client_id = row["configuration"]["client_id"]
    holder = _holder(db, lms, client_id)
    if holder is not None and holder[1] != code.organisation_id:
        raise refusals.OfAnother("the LMS updates another organisation's platform", host=lms.host)
    instead_of = holder[0] if holder else None
    if instead_of is None:
        before = organisations.registered_before(db, code.organisation_id, issuer=lms.issuer, jwks_url=lms.jwks_url)
        known = {str(one.id): one.id for one in before}
        if before and wish.choice != "new" and wish.choice not in known:
            return Opened(wish.token, lms, before=before)
        instead_of = known.get(wish.choice)
    organisations.take(db, wish.code, row["id"], now=now)
    db.execute(_mine(row["id"]).values(state="sending", sent_at=now))
    return code, instead_of


def _holder(db: Session, lms: Configuration, client_id: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The platform, with its organisation, that an LMS says it changes; only if that is the same LMS."""
    return organisations.owner(db, issuer=lms.issuer, client_id=client_id, like=lms) if client_id else None


def _enter(tool: Tool, token: str, asked_from: str, now: datetime) -> RowMapping:
    """The row of this registration, made when new. Counts, so that nobody lets us fetch addresses without end."""
    token_hash = hashlib.sha256(token.encode()).digest() if token else None
    place = hmac.new(tool.settings.secret_key.encode(), b"asked from" + asked_from.encode(), hashlib.sha256).digest()
    row_id = random_id()
    with tool.database.writing() as db:
        found = None
        if token_hash:
            same = select(*PendingRegistration.__table__.columns).where(PendingRegistration.token_hash == token_hash)
            found = db.execute(same.order_by(PendingRegistration.created_at).limit(1)).mappings().first()
        if found is None:
            lately = (PendingRegistration.asked_from == place, PendingRegistration.created_at > now - IN)
            if (db.scalar(select(func.count()).where(*lately)) or 0) >= MAX_FROM_ONE_ADDRESS:
                raise refusals.TooOften("too many registrations from one address")
            kept = tool.cipher.encrypt(token.encode(), table=_TABLE, row=row_id, column=_COLUMN) if token else None
            values = {"id": row_id, "asked_from": place, "token_hash": token_hash, "token": kept, "state": "asked"}
            times = {"created_at": now, "expires_at": now + LIFE}
            made = insert(db, PendingRegistration).values(**values, **times, looks=1, wrong_codes=0)
            return db.execute(made.returning(*PendingRegistration.__table__.columns)).mappings().one()
        if found["state"] == "done":
            return found
        if found["expires_at"] <= now:
            raise refusals.TooLate("the form is over an hour old")
        if found["configuration"] is None:
            if found["looks"] >= MAX_LOOKS:
                raise refusals.TooOften("one registration asked too often")
            db.execute(_mine(found["id"]).values(looks=PendingRegistration.looks + 1))
        return found


def _row(db: Session, tool: Tool, form_token: str, now: datetime, *, lock: bool = False) -> RowMapping:
    """The row of a form. Raises `TooLate`."""
    name = form_token.partition(".")[0]
    try:
        row_id = uuid.UUID(hex=name)
    except ValueError:
        raise refusals.TooLate("no such form") from None
    if not hmac.compare_digest(form_token.encode(), sign(tool, row_id).encode()):
        raise refusals.TooLate("a form that is not ours")
    row = _load(db, row_id, lock=lock)
    if row is None or (row["state"] != "done" and row["expires_at"] <= now) or row["configuration"] is None:
        raise refusals.TooLate("the form is over an hour old")
    return row


def _load(db: Session, row_id: uuid.UUID, *, lock: bool = False) -> RowMapping | None:
    query = select(*PendingRegistration.__table__.columns).where(PendingRegistration.id == row_id)
    return db.execute(query.with_for_update() if lock else query).mappings().first()


def _mine(row_id: uuid.UUID) -> Any:
    return update(PendingRegistration).where(PendingRegistration.id == row_id)


def _opened(row: RowMapping, token: str) -> Opened:
    kept = row["configuration"]
    return Opened(token, Configuration.from_json(kept["lms"]), bool(kept["client_id"]), kept.get("switches"))


def _done(row: RowMapping) -> Done:
    return Done(**row["result"])


def _lost(row: RowMapping, met: Any) -> refusals.AnswerLost:
    lms = Configuration.from_json(row["configuration"]["lms"])
    # Moodle tells when asked again whether it did it the first time.
    return refusals.AnswerLost(met, lms=lms.product_name, host=lms.host, may_retry=lms.product == "moodle")


def _token(tool: Tool, row: RowMapping) -> str:
    if row["token"] is None:
        return ""
    return tool.cipher.decrypt(row["token"], table=_TABLE, row=row["id"], column=_COLUMN).decode()


def _ask(tool: Tool, row: RowMapping, wish: Wish, *, now: Callable[[], datetime]) -> Answer:
    """Ask the LMS. What it did is noted whatever happens. Raises `RegistrationRefused`."""
    lms = Configuration.from_json(row["configuration"]["lms"])
    token = _token(tool, row)
    asked_before = row["sent_at"] is not None
    request = registering.body(lms, wish.choices, Addresses(tool.settings.base_url))
    try:
        return registering.send(lms, request, token, reach=tool.reach)
    except registering.Lost as error:
        with tool.database.writing() as db:
            db.execute(_mine(row["id"]).values(state="unsure"))
            organisations.let_go(db, row["id"])
        raise _lost(row, error.seen) from None
    except registering.SaidNo as error:
        says = registering.read_token(token)
        if error.used and asked_before and lms.product == "moodle" and says.subject and not says.updates:
            # It did it the first time, and we never heard. The client id stands in Moodle's token (its `sub`).
            return Answer(says.subject, "", tuple(registering.asked_scopes(lms, wish.choices)))
        with tool.database.writing() as db:
            db.execute(_mine(row["id"]).values(state="open", sent_at=None))
            organisations.let_go(db, row["id"])
        if error.used:
            raise refusals.UsedBefore("the LMS says so", lms=lms.product_name, host=lms.host) from None
        if not token and error.seen.status in {401, 403}:
            raise refusals.NoToken("the LMS wants a token", lms=lms.product_name, host=lms.host) from None
        if says.expires is not None and says.expires < now().timestamp():
            raise refusals.TooLate("the token ended meanwhile", lms=lms.product_name, host=lms.host) from None
        raise refusals.SaysNo(error.seen, lms=lms.product_name, host=lms.host) from None


def _store(
    tool: Tool, row: RowMapping, wish: Wish, code: Code, instead_of: uuid.UUID | None, answer: Answer, now: datetime
) -> Done:
    """The one transaction that makes it ours: platform, deployment, code used up, row done."""
    lms = Configuration.from_json(row["configuration"]["lms"])
    new = NewPlatform(
        organisation=code.organisation,
        name=_name(lms),
        issuer=lms.issuer,
        client_id=answer.client_id,
        auth_url=lms.auth_url,
        token_url=lms.token_url,
        jwks_url=lms.jwks_url,
        deployment_ids=(answer.deployment_id,) if answer.deployment_id else (),
        product=lms.product,
        version=lms.version,
        names=wish.choices.names,
        emails=wish.choices.emails,
        roster=wish.choices.roster,
        grades=wish.choices.grades,
        scopes=answer.scopes,
    )
    try:
        with tool.database.writing() as db:
            platform_id, updated = organisations.store(db, new, instead_of=instead_of, now=now, reach=tool.reach)
            organisations.use_up(db, row["id"], now=now)
            keys.ensure_key(db, tool.cipher, now=now)
            done = Done(answer.client_id, lms.product, lms.product_name, lms.host, lms.issuer, updated)
            kept = {"state": "done", "token": None, "platform_id": platform_id, "result": asdict(done)}
            db.execute(_mine(row["id"]).values(**kept))
    except organisations.OfAnotherOrganisation:
        with tool.database.writing() as db:
            organisations.let_go(db, row["id"])
            db.execute(_mine(row["id"]).values(state="unsure"))
        raise refusals.OfAnother("the client id is another organisation's", host=lms.host) from None
    return done


def _name(lms: Configuration) -> str:
    """What the console calls it until an admin gives it another name."""
    return lms.account or f"{lms.product_name or 'LMS'} ({lms.host})"
