"""The list of one connection: what the last test found, and what launches, rosters and links show by themselves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from lti_tool.admin.checks import Check, last_test
from lti_tool.db import Session
from lti_tool.lms.models import LmsCourse, Roster, RosterMember
from lti_tool.lms.roster import Trouble
from lti_tool.lti import offer
from lti_tool.lti.models import LaunchCount, LaunchFault
from lti_tool.organisations.models import Deployment, Platform
from lti_tool.spaces.models import PlacedLink
from lti_tool.web.language import local

MANY = 5
"""Launches of a kind on one day from which its last moment may be shown: a lone night shift is not told apart."""
LATELY = timedelta(hours=24)


@dataclass(frozen=True)
class Came:
    """The launches of one day, role, way and device that went well."""

    day: date
    role: str
    way: str
    device: str
    launches: int
    last_at: datetime | None


@dataclass(frozen=True)
class Checklist:
    """All points of one connection."""

    tested_at: datetime | None
    connection: list[Check]
    arrivals: list[Check]

    @property
    def checks(self) -> list[Check]:
        """Both halves."""
        return [*self.connection, *self.arrivals]


def checklist(db: Session, platform_id: uuid.UUID, *, now: datetime) -> Checklist:
    """The list of a platform. Seven queries."""
    tested_at, found = last_test(db, platform_id)
    tested = {check.name: check for check in found}
    seen = {check.name: check for check in observed(db, platform_id, now=now)}
    clock = seen.pop("clock", None)
    if clock is not None and (tested_at is None or clock.state == "fault"):
        tested["clock"] = clock
    if "own_keys" in seen and tested.get("own_keys", Check("own_keys", "wait")).state == "wait":
        tested["own_keys"] = seen["own_keys"]
    names = ("keys", "own_keys", "clock", "roster", "scopes", "deployments")
    connection = [
        tested.get(name) or seen.get(name) or Check(name, "wait")
        for name in names
        if name in tested or name in seen or name in {"keys", "own_keys", "clock"}
    ]
    arrivals = [seen[name] for name in ("as_admin", "as_learner", "frame", "phone", "link")]
    return Checklist(tested_at, connection, arrivals)


def observed(db: Session, platform_id: uuid.UUID, *, now: datetime) -> list[Check]:
    """What shows without asking the LMS. A point that doesn't matter for this platform is left out."""
    platform = db.execute(
        select(Platform.roster, Platform.grades, Platform.scopes, Platform.key_set, Platform.key_set_fetched_at).where(
            Platform.id == platform_id
        )
    ).one()
    found = []
    if platform.key_set:
        found.append(Check("keys", "done", {"keys": len(platform.key_set)}))
    found += _clock(db, platform_id, now)
    if platform.roster:
        found.append(_roster(db, platform_id))
    wanted = offer.scopes_of(roster=platform.roster, grades=platform.grades, notices=False)
    missing = [scope for scope in wanted if platform.scopes is not None and scope not in platform.scopes]
    if missing:
        found.append(Check("scopes", "fault", {"missing": missing}))
    waiting = list(
        db.scalars(
            select(Deployment.deployment_id)
            .where(Deployment.platform_id == platform_id, Deployment.accepted_at.is_(None))
            .order_by(Deployment.first_seen_at)
        )
    )
    if waiting:
        found.append(Check("deployments", "fault", {"waiting": len(waiting), "first": waiting[0]}, "L04"))
    return [*found, *_arrivals(db, platform_id), *_link(db, platform_id)]


def came(db: Session, platform_id: uuid.UUID) -> list[Came]:
    """The counts of what went well, all that is kept."""
    columns = (
        LaunchCount.day,
        LaunchCount.role,
        LaunchCount.way,
        LaunchCount.device,
        func.sum(LaunchCount.launches),
        func.max(LaunchCount.last_at),
    )
    query = (
        select(*columns)
        .where(LaunchCount.platform_id == platform_id, LaunchCount.outcome == "ok")
        .group_by(LaunchCount.day, LaunchCount.role, LaunchCount.way, LaunchCount.device)
    )
    return [Came(*row) for row in db.execute(query)]


def _arrivals(db: Session, platform_id: uuid.UUID) -> list[Check]:
    rows = came(db, platform_id)

    def point(name: str, counts: Callable[[Came], bool]) -> Check:
        mine = [row for row in rows if counts(row)]
        if not mine:
            return Check(name, "wait")
        day = max(row.day for row in mine)
        of_day = [row for row in mine if row.day == day]
        moments = [row.last_at for row in of_day if row.last_at is not None]
        enough = sum(row.launches for row in of_day) >= MANY
        last = max(moments) if moments and enough else None
        ways = sorted({row.way for row in of_day})
        return Check(name, "done", {"day": day.isoformat(), "at": last.isoformat() if last else "", "ways": ways})

    return [
        point("as_admin", lambda row: row.role == "admin"),
        point("as_learner", lambda row: row.role == "learner"),
        point("frame", lambda row: row.way in {"frame", "storage", "tab"}),
        point("phone", lambda row: row.device == "phone"),
    ]


def _clock(db: Session, platform_id: uuid.UUID, now: datetime) -> list[Check]:
    """A launch that was refused for its time tells more than a server's answer to us, until the next test."""
    tested_at, _found = last_test(db, platform_id)
    since = max(tested_at, now - LATELY) if tested_at else now - LATELY
    cause = db.scalar(
        select(LaunchFault.cause)
        .where(LaunchFault.platform_id == platform_id, LaunchFault.code == "L06", LaunchFault.at > since)
        .order_by(LaunchFault.at.desc())
        .limit(1)
    )
    if cause is None:
        return []
    told = re.search(r"(\d+) seconds", cause)
    seconds = int(told[1]) if told else 0
    ahead = seconds if "from now" in cause or "not valid yet" in cause else -seconds
    return [Check("clock", "fault", {"ahead": ahead, "launch": local(now).date().isoformat()}, "L06")]


def _roster(db: Session, platform_id: uuid.UUID) -> Check:
    courses = (
        select(Roster.read_at, Roster.error, Roster.asked_at, Roster.course_id, Roster.whole)
        .join(LmsCourse, LmsCourse.id == Roster.course_id)
        .where(LmsCourse.platform_id == platform_id)
    )
    rows = db.execute(courses.order_by(Roster.course_id)).all()
    whole = [row for row in rows if row.whole]
    broken = [row.error for row in rows if row.error]
    if not whole and set(broken) - {Trouble.LATER.value}:
        broken = [error for error in broken if error != Trouble.LATER.value]
        return Check("roster", "fault", {"error": broken[0], "courses": len(broken)}, "L05")
    if not whole:
        return Check("roster", "wait")
    # In how many courses somebody stands is nobody's business here: members of each are added up.
    members = db.scalar(
        select(func.count())
        .select_from(RosterMember)
        .join(Roster, Roster.course_id == RosterMember.course_id)
        .join(LmsCourse, LmsCourse.id == Roster.course_id)
        .where(LmsCourse.platform_id == platform_id, Roster.whole > 0, RosterMember.first_round <= Roster.whole)
    )
    return Check("roster", "done", {"members": members or 0, "courses": len(whole), "broken": len(broken)})


def _link(db: Session, platform_id: uuid.UUID) -> list[Check]:
    placed = select(func.count(), func.count().filter(PlacedLink.used)).where(PlacedLink.platform_id == platform_id)
    links, used = db.execute(placed).one()
    if not used:
        return [Check("link", "wait", {"placed": links})]
    courses = db.scalar(
        select(func.count(PlacedLink.context_id.distinct())).where(
            PlacedLink.platform_id == platform_id, PlacedLink.used.is_(True)
        )
    )
    # The LMS took an answer that we signed: it can read our key.
    return [Check("link", "done", {"courses": courses or 0}), Check("own_keys", "done", {"why": "link"})]
