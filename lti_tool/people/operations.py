"""Everything that changes a person: arriving by a launch, meeting the staff list, roles, own choices."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.people.models import Grant, Identity, Person, SignInLink, StaffCode, StaffMember
from lti_tool.web.text import one_line

ROLES = ("admin", "hr", "officer")
LINK_LIFE = timedelta(hours=24)
CODE_LIFE = timedelta(days=14)


@dataclass(frozen=True)
class Arrival:
    """What a launch says of the person. All but organisation, platform and subject may be empty."""

    organisation_id: uuid.UUID
    platform_id: uuid.UUID
    subject: str
    name: str = ""
    email: str = ""
    staff_number: str = ""
    number_from_link: bool = False
    """The number was not the platform's own word: it makes nobody somebody who was here before."""
    is_test: bool = False


def arrive(db: Session, arrival: Arrival, *, now: datetime) -> uuid.UUID:
    """The person of this identity, made when new, and met with the staff list by number. Returns the person's id."""
    name, email = one_line(arrival.name)[:300], arrival.email.strip()[:320]
    known = db.execute(
        select(Identity.person_id, Identity.staff_number, Person.staff_id)
        .join(Person, Person.id == Identity.person_id)
        .where(Identity.platform_id == arrival.platform_id, Identity.subject == arrival.subject)
    ).first()
    staff_id = None
    if arrival.staff_number and (known is None or known.staff_id is None):
        staff_id = _free_row(db, arrival.organisation_id, arrival.staff_number)
    if known is None:
        return _new_person(db, arrival, name, email, staff_id, now)
    values: dict[str, object] = {**_said(name, email), "is_test": arrival.is_test, "arrived_at": now}
    if staff_id:
        values["staff_id"] = staff_id
    db.execute(update(Person).where(Person.id == known.person_id).values(**values))
    if arrival.staff_number and arrival.staff_number != known.staff_number:
        mine = (Identity.platform_id == arrival.platform_id) & (Identity.subject == arrival.subject)
        db.execute(update(Identity).where(mine).values(staff_number=arrival.staff_number[:100]))
    person_id: uuid.UUID = known.person_id
    return person_id


def _said(name: str, email: str) -> dict[str, str]:
    """What a launch tells of somebody. Of one person one link may tell the name and another not (in Moodle that is
    a switch of each activity), so silence takes nothing away."""
    return {key: value for key, value in (("name", name), ("email", email)) if value}


def _new_person(
    db: Session, arrival: Arrival, name: str, email: str, staff_id: uuid.UUID | None, now: datetime
) -> uuid.UUID:
    """Never two of one: a course page with two frames brings somebody new in twice at the same moment."""
    person = {"organisation_id": arrival.organisation_id, "name": name, "email": email, "is_test": arrival.is_test}
    row = insert(db, Person).values(**person, id=new_id(now), created_at=now, arrived_at=now)
    person_id = None if staff_id else _same_colleague(db, arrival, name, email)
    made = None
    if person_id is None:
        made = db.scalar(row.values(staff_id=staff_id).on_conflict_do_nothing().returning(Person.id))
        # Nobody is made when their row in the staff list was taken a moment ago.
        person_id = made or _same_colleague(db, arrival, name, email)
    if person_id is None:
        person_id = made = db.scalar(row.returning(Person.id))
    identity = {"id": new_id(now), "platform_id": arrival.platform_id, "subject": arrival.subject}
    mine = insert(db, Identity).values(**identity, person_id=person_id, staff_number=arrival.staff_number[:100])
    kept: uuid.UUID | None = db.scalar(mine.on_conflict_do_nothing().returning(Identity.person_id))
    if kept is None:
        if made:
            db.execute(delete(Person).where(Person.id == made))
        theirs = (Identity.platform_id == arrival.platform_id, Identity.subject == arrival.subject)
        kept = db.scalars(select(Identity.person_id).where(*theirs)).one()
    return kept


def _same_colleague(db: Session, arrival: Arrival, name: str, email: str) -> uuid.UUID | None:
    """Who came from another LMS of the organisation before: one person, by the number that this LMS gives."""
    if not arrival.staff_number or arrival.number_from_link:
        return None
    same = (
        select(Person.id)
        .join(StaffMember, StaffMember.id == Person.staff_id)
        .where(StaffMember.organisation_id == arrival.organisation_id, StaffMember.number == arrival.staff_number)
    )
    person_id = db.scalar(same)
    if person_id and (said := _said(name, email)):
        db.execute(update(Person).where(Person.id == person_id).values(**said))
    return person_id


def _free_row(db: Session, organisation_id: uuid.UUID, number: str) -> uuid.UUID | None:
    """The row of the staff list with this number, unless somebody has it."""
    row = (
        select(StaffMember.id)
        .outerjoin(Person, Person.staff_id == StaffMember.id)
        .where(StaffMember.organisation_id == organisation_id, StaffMember.number == number, Person.id.is_(None))
    )
    return db.scalar(row)


def meet_staff_list(db: Session, organisation_id: uuid.UUID) -> int:
    """Meet everybody who arrived before the list did, by the number their LMS gave. Returns how many met."""
    unmet = (
        select(Person.id, StaffMember.id)
        .join(Identity, Identity.person_id == Person.id)
        .join(
            StaffMember,
            (StaffMember.organisation_id == Person.organisation_id) & (StaffMember.number == Identity.staff_number),
        )
        .where(Person.organisation_id == organisation_id, Person.staff_id.is_(None), Identity.staff_number != "")
        .order_by(Person.id)
    )
    taken = set(db.scalars(select(Person.staff_id).where(Person.staff_id.is_not(None))))
    met = 0
    for person_id, staff_id in db.execute(unmet).all():
        if staff_id not in taken:
            db.execute(update(Person).where(Person.id == person_id).values(staff_id=staff_id))
            taken.add(staff_id)
            met += 1
    return met


def make_staff_code(db: Session, organisation_id: uuid.UUID, number: str, *, now: datetime) -> str | None:
    """A one-use code for a row of the staff list; None when there is no such row."""
    staff_id = db.scalar(
        select(StaffMember.id).where(StaffMember.organisation_id == organisation_id, StaffMember.number == number)
    )
    if staff_id is None:
        return None
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    code = "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(3))
    db.execute(delete(StaffCode).where(StaffCode.staff_id == staff_id))
    db.add(StaffCode(code_hash=_code_hash(code), staff_id=staff_id, expires_at=now + CODE_LIFE))
    db.flush()
    return code


def use_staff_code(db: Session, person_id: uuid.UUID, organisation_id: uuid.UUID, code: str, *, now: datetime) -> bool:
    """Meet the staff list by a one-use code. False when the code is unknown, used or old, or the row is taken."""
    found = db.scalar(
        delete(StaffCode)
        .where(StaffCode.code_hash == _code_hash(code), StaffCode.expires_at > now)
        .returning(StaffCode.staff_id)
    )
    return found is not None and confirm_staff_row(db, person_id, organisation_id, found)


def confirm_staff_row(db: Session, person_id: uuid.UUID, organisation_id: uuid.UUID, staff_id: uuid.UUID) -> bool:
    """The person says: this row is me. False when it is somebody else's or of another organisation."""
    number = db.scalar(
        select(StaffMember.number).where(StaffMember.id == staff_id, StaffMember.organisation_id == organisation_id)
    )
    if number is None or _free_row(db, organisation_id, number) is None:
        return False
    mine = (Person.id == person_id, Person.organisation_id == organisation_id, Person.staff_id.is_(None))
    return db.execute(update(Person).where(*mine).values(staff_id=staff_id).returning(Person.id)).first() is not None


def _code_hash(code: str) -> bytes:
    return hashlib.sha256(code.upper().replace("-", "").replace(" ", "").encode()).digest()


def grant(
    db: Session, organisation_id: uuid.UUID, role: str, person_id: uuid.UUID, *, now: datetime, by: uuid.UUID | None
) -> None:
    """Give a role in the organisation. Raises `LookupError` when the person is not of that organisation."""
    person = db.get(Person, person_id)
    if person is None or person.organisation_id != organisation_id:
        raise LookupError("there is no such person in this organisation")
    row = insert(db, Grant).values(person_id=person_id, role=role, organisation_id=organisation_id, given_at=now)
    db.execute(row.on_conflict_do_nothing())
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=by,
        action=f"people.grant_{role}",
        subject=f"person:{person_id}",
        now=now,
    )


def grant_by_link(
    db: Session,
    organisation_id: uuid.UUID,
    role: str,
    *,
    name: str = "",
    now: datetime,
    by: uuid.UUID | None = None,
) -> str:
    """Make a person without an LMS, with a role, and the token of a one-time sign-in address."""
    person = Person(id=new_id(now), organisation_id=organisation_id, name=name, created_at=now, arrived_at=now)
    db.add(person)
    db.flush()
    grant(db, organisation_id, role, person.id, now=now, by=by)
    return make_sign_in_link(db, person.id, now=now)


def make_sign_in_link(db: Session, person_id: uuid.UUID, *, now: datetime) -> str:
    """The token of a new one-time sign-in address of somebody; an earlier one ends."""
    token = secrets.token_urlsafe(32)
    db.execute(delete(SignInLink).where(SignInLink.person_id == person_id))
    link = {"token_hash": token_hash(token), "person_id": person_id}
    db.add(SignInLink(**link, expires_at=now + LINK_LIFE))
    db.flush()
    return token


def token_hash(token: str) -> bytes:
    """What of a one-time address is stored."""
    return hashlib.sha256(token.encode()).digest()


def use_sign_in_link(db: Session, token: str, *, now: datetime) -> uuid.UUID | None:
    """The person of a one-time address, which then is used up; None when it was used or is old."""
    used = delete(SignInLink).where(SignInLink.token_hash == token_hash(token), SignInLink.expires_at > now)
    return db.scalar(used.returning(SignInLink.person_id))


def choose(db: Session, person_id: uuid.UUID, **choices: str) -> None:
    """Keep a person's own choices: `chosen_name`, `language`, `theme`."""
    if set(choices) - {"chosen_name", "language", "theme"}:
        raise ValueError("not a choice of a person")
    db.execute(update(Person).where(Person.id == person_id).values(**choices))
