"""How many were invited by a course, and how many came to look: counts that tell on nobody.

For the works council: suppose a trekker knows who is in the course (their LMS shows them) and who takes part (the
list of members shows that), looks at these counts every hour, and can add and subtract. The *others* are those in
the course who don't take part; how many of them came to look is what this page must guard. (k is the *floor*, 10.)

1. Fewer than k invited: no count at all.
2. Fewer than 2k others: nothing is said about them, whatever they did, so that the silence tells nothing either.
3. Fewer than k of them looked, none included: "fewer than k others". All but fewer than k, all included: "almost all".
   So neither "nobody else" nor "everybody else" is ever said, and nobody who stayed away stands in a small rest.
4. Looking again: a figure is replaced only when at least k people came or went in it. Who asks Fatma to have a look
   and then counts again, sees the same figure.
5. Never a name. Who stayed away is a pseudonym to us that is of use in one course only.

What this does not stop: a teacher who can fill a course with twenty people of whom they know what each did, and add
one more before the first count.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import case, delete, func, or_, select

from lti_tool.db import Session, insert
from lti_tool.lms.models import LmsCourse, Roster, RosterCount, RosterMember
from lti_tool.people.models import Identity, Person
from lti_tool.spaces.models import Door, Membership, Passage
from lti_tool.spaces.pages import FLOOR

SHORT = 8
"""Bytes of a pseudonym that are kept to compare two counts."""
_CHUNK = 500


@dataclass(frozen=True)
class Looked:
    """What may be said of who came to look. `none`: nothing (too few people); `few`: fewer than the floor besides
    those who take part; `most`: all but fewer than the floor; `exact`: `people`, those who take part included."""

    kind: Literal["none", "few", "most", "exact"]
    people: int = 0
    joined: int = 0


def pseudonym(key: str, course_id: uuid.UUID, user_id: str) -> bytes:
    """Who somebody is in the list of one course, for us alone."""
    return hmac.new(key.encode(), b"roster" + course_id.bytes + user_id.encode(), hashlib.sha256).digest()[:16]


def say(invited: int, joined: int, looked: int, *, floor: int = FLOOR) -> Looked:
    """What may be said. `joined`: of the invited, who take part; `looked`: of the others, who came to look."""
    others = invited - joined
    if invited < floor or others < 2 * floor:
        return Looked("none")
    if looked < floor:
        return Looked("few", joined=joined)
    if looked > others - floor:
        return Looked("most")
    return Looked("exact", joined + looked, joined)


def is_new(before: RosterCount | None, invited: int, joined: int, looked: frozenset[bytes]) -> bool:
    """Whether a count may replace the one before: enough people changed, or there was nothing to compare with."""
    if before is None or say(before.invited, before.joined, before.looked).kind == "none":
        return True
    kept = before.basis
    basis = {kept[at : at + SHORT] for at in range(0, len(kept), SHORT)}
    return len(basis ^ looked) >= FLOOR


def take(db: Session, course_id: uuid.UUID, key: str, *, now: datetime) -> None:
    """Count for every space that this course has a door to. Call it when the list was read to its end."""
    course = db.execute(select(LmsCourse.platform_id, LmsCourse.context_id).where(LmsCourse.id == course_id)).one()
    here = (Door.platform_id == course.platform_id, Door.context_id == course.context_id)
    found = db.scalars(select(Door.space_id).where(*here, Door.space_id.is_not(None)).distinct())
    spaces = {space_id for space_id in found if space_id is not None}
    gone = delete(RosterCount).where(RosterCount.course_id == course_id)
    db.execute(gone.where(RosterCount.space_id.not_in(spaces)) if spaces else gone)
    for space_id in sorted(spaces):
        _take(db, course_id, course.platform_id, course.context_id, space_id, key, now)


def _take(
    db: Session,
    course_id: uuid.UUID,
    platform_id: uuid.UUID,
    context_id: str,
    space_id: uuid.UUID,
    key: str,
    now: datetime,
) -> None:
    came_here = (
        select(Passage.person_id, func.max(case((Passage.teaches, 1), else_=0)).label("teaches"))
        .join(Door, Door.id == Passage.door_id)
        .where(Door.platform_id == platform_id, Door.context_id == context_id, Door.space_id == space_id)
        .group_by(Passage.person_id)
        .subquery()
    )
    known = (
        select(Identity.subject, Membership.person_id.is_not(None), came_here.c.teaches)
        .join(Person, Person.id == Identity.person_id)
        .outerjoin(Membership, (Membership.person_id == Person.id) & (Membership.space_id == space_id))
        .outerjoin(came_here, came_here.c.person_id == Person.id)
        .where(
            Identity.platform_id == platform_id,
            Person.is_test.is_(False),
            or_(Membership.person_id.is_not(None), came_here.c.person_id.is_not(None)),
        )
    )
    people = {
        pseudonym(key, course_id, subject): (bool(takes_part), bool(teaches))
        for subject, takes_part, teaches in db.execute(known)
    }
    listed = _listed(db, course_id, list(people))
    teachers = sum(people[who][1] for who in listed)
    joined = sum(takes_part and not teaches for takes_part, teaches in (people[who] for who in listed))
    looked = frozenset(who[:SHORT] for who in listed if people[who] == (False, False))
    invited = learners(db, course_id) - teachers
    before = db.get(RosterCount, (course_id, space_id))
    if not is_new(before, invited, joined, looked):
        return
    # Of a figure that is not said, nobody has anything to compare with.
    shown = looked if say(invited, joined, len(looked)).kind in {"exact", "most"} else frozenset()
    values = {
        "invited": invited,
        "joined": joined,
        "looked": len(looked),
        "basis": b"".join(sorted(shown)),
        "counted_at": now,
    }
    row = insert(db, RosterCount).values(course_id=course_id, space_id=space_id, **values)
    db.execute(row.on_conflict_do_update(index_elements=["course_id", "space_id"], set_=values))


def learners(db: Session, course_id: uuid.UUID) -> int:
    """How many learn in a course, by its last whole list."""
    query = (
        select(func.count())
        .select_from(RosterMember)
        .join(Roster, Roster.course_id == RosterMember.course_id)
        .where(
            RosterMember.course_id == course_id,
            RosterMember.first_round <= Roster.whole,
            RosterMember.teaches.is_(False),
        )
    )
    return db.scalar(query) or 0


def _listed(db: Session, course_id: uuid.UUID, people: list[bytes]) -> set[bytes]:
    """Who of these learn in the course."""
    found: set[bytes] = set()
    for at in range(0, len(people), _CHUNK):
        some = RosterMember.pseudonym.in_(people[at : at + _CHUNK])
        query = select(RosterMember.pseudonym).where(
            RosterMember.course_id == course_id, RosterMember.teaches.is_(False), some
        )
        found |= {bytes(one) for one in db.scalars(query)}
    return found


def forget(db: Session, course_id: uuid.UUID) -> None:
    """Forget what was shown."""
    db.execute(delete(RosterCount).where(RosterCount.course_id == course_id))
