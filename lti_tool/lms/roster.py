"""The list of participants of a course (Names and Role Provisioning Services 2.0): read page by page, kept without
names, and swept of who is gone only after the last page.

Roles in it are for counting. Who may do what never depends on this list: Moodle calls its non-editing teachers
learners here and teachers at a launch.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, and_, case, delete, not_, or_, select, update

from connectors.http import BrokenAnswer, ConnectorError, Gone, NotAllowed, Refused, TryLater
from lti_tool.db import Session, insert
from lti_tool.jobs.queue import GiveUp, Job, Later, enqueue
from lti_tool.lms import counts
from lti_tool.lms.models import LmsCourse, Roster, RosterMember
from lti_tool.lms.tokens import services
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
KIND = "lms roster"
PAGE = {"moodle": 500, "canvas": 0, "other": 200}
"""Members to ask for at a time. Moodle gives all at once when nobody asks, which for 10,000 is too long an answer;
Canvas gives 50 and never more."""
BUSY = timedelta(hours=3)
"""After this long a reading that did not end is not called busy any more."""
AGAIN = timedelta(minutes=1)
"""A button does not read a list that was read this short ago."""
LONGEST_ID = 1000

_TEACHES = frozenset({"instructor", "teachingassistant", "contentdeveloper", "administrator", "manager", "mentor"})
_LEARNS = frozenset({"learner", "student", "member"})


class Trouble(enum.StrEnum):
    """Why a list could not be read. The words are in `words.py`."""

    OFF = "off"
    """The admin does not allow it, or switched the platform off."""
    NO_SCOPE = "no_scope"
    NO_ADDRESS = "no_address"
    NOT_ALLOWED = "not_allowed"
    GONE = "gone"
    REFUSED = "refused"
    LATER = "later"
    BROKEN = "broken"
    EMPTY = "empty"


@dataclass(frozen=True)
class Member:
    """What we take of somebody in the list."""

    user_id: str
    teaches: bool


def why_not(memberships_url: str | None, allowed: bool, scopes: list[str] | None, off: bool) -> Trouble | None:
    """Why a list can't be read at all; None when it can be tried. `scopes`: None when nobody knows them."""
    if off or not allowed:
        return Trouble.OFF
    if scopes is not None and SCOPE not in scopes:
        return Trouble.NO_SCOPE
    return None if memberships_url else Trouble.NO_ADDRESS


def ask(
    db: Session, course_id: uuid.UUID, platform_id: uuid.UUID, *, now: datetime, due: datetime | None = None
) -> None:
    """Have the list of a course read. Nothing happens when that goes on already, or was done a moment ago."""
    busy = and_(Roster.asked_at.is_not(None), Roster.asked_at > now - BUSY, Roster.begun_at.is_not(None))
    fresh = and_(Roster.read_at.is_not(None), Roster.read_at > now - AGAIN)
    anew = {"asked_at": now, "begun_at": None, "so_far": 0}
    row = insert(db, Roster).values(course_id=course_id, **anew)
    idle = not_(or_(busy, fresh))
    row = row.on_conflict_do_update(index_elements=["course_id"], set_=anew, where=idle)
    if db.execute(row.returning(Roster.course_id)).first():
        lane = f"roster {platform_id}"
        enqueue(db, KIND, str(course_id), {"course": str(course_id)}, now=now, due=due, lane=lane)


def refresh(job: Job) -> None:
    """Read the list of a course, all pages. Raises `Later` or `GiveUp`; then the list is the one before."""
    course_id = uuid.UUID(job.payload["course"])
    plan = _begin(job, course_id)
    if plan is None:
        return
    try:
        _read(job, plan)
    except TryLater as error:
        _note(job, plan, Trouble.LATER, over=job.last)
        raise Later(str(error), error.after) from None
    except BrokenAnswer as error:
        _note(job, plan, Trouble.BROKEN, over=job.last)
        raise Later(str(error)) from None
    except (NotAllowed, Gone, Refused) as error:
        kinds = {NotAllowed: Trouble.NOT_ALLOWED, Gone: Trouble.GONE, Refused: Trouble.REFUSED}
        _note(job, plan, kinds[type(error)], over=True)
        raise GiveUp(str(error)) from None
    except (ConnectorError, LookupError) as error:
        _note(job, plan, Trouble.REFUSED, over=True)
        raise GiveUp(type(error).__name__) from None


@dataclass(frozen=True)
class _Plan:
    course_id: uuid.UUID
    platform_id: uuid.UUID
    url: str
    product: str
    round: int


def _begin(job: Job, course_id: uuid.UUID) -> _Plan | None:
    now = job.clock()
    query = (
        select(
            LmsCourse.memberships_url, Platform.roster, Platform.scopes, Platform.switched_off_at,
            Platform.id, Platform.product,
        )
        .join(Platform, Platform.id == LmsCourse.platform_id)
        .where(LmsCourse.id == course_id)
    )  # fmt: skip
    with job.database.writing() as db:
        found = db.execute(query).first()
        if found is None:
            return None
        url, allowed, scopes, off, platform_id, product = found
        trouble = why_not(url, allowed, scopes, off is not None)
        if trouble:
            values: dict[str, Any] = {"error": trouble.value, "asked_at": None}
            row = insert(db, Roster).values(course_id=course_id, **values)
            db.execute(row.on_conflict_do_update(index_elements=["course_id"], set_=values))
            if trouble is Trouble.OFF:
                forget(db, [course_id])
            return None
        row = insert(db, Roster).values(course_id=course_id, asked_at=now, begun_at=now, so_far=0, round=1)
        again = {"round": Roster.round + 1, "begun_at": now, "so_far": 0}
        row = row.on_conflict_do_update(index_elements=["course_id"], set_=again)
        number = db.scalars(row.returning(Roster.round)).one()
    return _Plan(course_id, platform_id, url, product, number)


def _read(job: Job, plan: _Plan) -> None:
    lms = services(job.database, plan.platform_id, cipher=job.cipher, reach=Reach.of(job.settings), clock=job.clock)
    key = job.settings.secret_key
    address = _limited(plan.url, PAGE.get(plan.product, PAGE["other"]))
    for page in lms.get_paginated_data([SCOPE], address, accept=MEDIA_TYPE):
        if not _store(job, plan, key, members_of(page["body"])):
            return  # somebody else reads it meanwhile: this process was held up for longer than its lease
        if job.stopping():
            raise Later("stopped half-way", timedelta(0))
    _finish(job, plan)


def _limited(url: str, limit: int) -> str:
    if not limit or "limit=" in url.partition("?")[2]:
        return url
    return f"{url}{'&' if '?' in url else '?'}limit={limit}"


def members_of(body: Any) -> list[Member]:
    """The active members of a page. Raises `BrokenAnswer`. Names, addresses and numbers are not even looked at."""
    members = body.get("members") if isinstance(body, dict) else None
    if not isinstance(members, list):
        raise BrokenAnswer("the answer holds no members")
    found = []
    for one in members:
        if not isinstance(one, dict) or str(one.get("status") or "Active").lower() != "active":
            continue
        user_id = one.get("user_id")
        if isinstance(user_id, int) and not isinstance(user_id, bool):
            user_id = str(user_id)
        if isinstance(user_id, str) and 0 < len(user_id) <= LONGEST_ID:
            found.append(Member(user_id, _leads(one.get("roles"))))
    return found


def _leads(roles: Any) -> bool:
    """Leads the course rather than learns in it. Roles come in full or short; those of the institution say nothing."""
    said = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    inside = [role for role in said if "/institution/" not in role and "/system/" not in role]
    words = {role.rpartition("#")[2].rpartition("/")[2].lower() for role in inside}
    if any("membership/Instructor#" in role for role in inside):
        return True
    # In a group of Canvas the leader is a member as well, and one of those who learn.
    return bool(words & _TEACHES) and not ("manager" in words and words & _LEARNS)


def _store(job: Job, plan: _Plan, key: str, members: Iterable[Member]) -> bool:
    """Keep one page. False when another reading of this list began since."""
    teaches: dict[bytes, bool] = {}
    for one in members:
        who = counts.pseudonym(key, plan.course_id, one.user_id)
        teaches[who] = teaches.get(who, False) or one.teaches
    with job.database.writing() as db:
        mine = (Roster.course_id == plan.course_id, Roster.round == plan.round)
        so_far = update(Roster).where(*mine).values(so_far=Roster.so_far + len(teaches))
        if db.execute(so_far.returning(Roster.round)).first() is None:
            return False
        table = cast(Table, RosterMember.__table__)
        row = insert(db, cast(Any, table))
        given = row.excluded
        # Somebody with two enrolments may be on two pages: leading in one is leading.
        both = case((table.c.last_round == given.last_round, or_(table.c.teaches, given.teaches)), else_=given.teaches)
        row = row.on_conflict_do_update(
            index_elements=["course_id", "pseudonym"], set_={"teaches": both, "last_round": given.last_round}
        )
        rows = [
            {
                "course_id": plan.course_id,
                "pseudonym": who,
                "teaches": leads,
                "first_round": plan.round,
                "last_round": plan.round,
            }
            for who, leads in teaches.items()
        ]
        if rows:
            db.connection().execute(row, rows)
    return True


def _finish(job: Job, plan: _Plan) -> None:
    """The last page is in: who was not on any is gone, and the counts are taken."""
    now = job.clock()
    with job.database.writing() as db:
        mine = (Roster.course_id == plan.course_id, Roster.round == plan.round)
        roster = db.execute(select(Roster.whole, Roster.error).where(*mine).with_for_update()).first()
        if roster is None:
            return
        members = (RosterMember.course_id == plan.course_id, RosterMember.last_round == plan.round)
        nobody = db.scalar(select(RosterMember.pseudonym).where(*members).limit(1)) is None
        if nobody and roster.whole and roster.error != Trouble.EMPTY:
            # An LMS that answers an empty list where there was one may be ill. The second time it is believed.
            db.execute(update(Roster).where(*mine).values(error=Trouble.EMPTY.value, asked_at=None))
            return
        gone = (RosterMember.course_id == plan.course_id, RosterMember.last_round < plan.round)
        db.execute(delete(RosterMember).where(*gone))
        done = {"whole": plan.round, "read_at": now, "error": "", "asked_at": None}
        db.execute(update(Roster).where(*mine).values(**done))
        counts.take(db, plan.course_id, job.settings.secret_key, now=now)


def _note(job: Job, plan: _Plan, trouble: Trouble, *, over: bool) -> None:
    values: dict[str, Any] = {"error": trouble.value, **({"asked_at": None} if over else {})}
    with job.database.writing() as db:
        mine = (Roster.course_id == plan.course_id, Roster.round == plan.round)
        db.execute(update(Roster).where(*mine).values(**values))


def forget(db: Session, course_ids: Iterable[uuid.UUID]) -> None:
    """Keep nothing of who is in these courses."""
    for course_id in course_ids:
        db.execute(delete(RosterMember).where(RosterMember.course_id == course_id))
        counts.forget(db, course_id)
        never = {"whole": 0, "read_at": None}
        db.execute(update(Roster).where(Roster.course_id == course_id).values(**never))
