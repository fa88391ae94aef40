"""How the last 30 days went: rough counts per day, and each refusal with its moment. Nobody can be told apart."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from lti_tool.db import Session
from lti_tool.lti.launches import FAULTS_PER_HOUR, KEPT
from lti_tool.lti.models import LaunchCount, LaunchFault
from lti_tool.organisations.models import Platform

PAGE = 50


@dataclass(frozen=True)
class Day:
    """One day: how many came in, and how often it failed."""

    day: date
    good: int
    refused: int


@dataclass(frozen=True)
class Fault:
    """One refusal."""

    id: uuid.UUID
    at: datetime
    code: str
    cause: str
    deployment: str
    browser: str
    platform: str


def days(db: Session, organisation_id: uuid.UUID, code: str = "") -> list[Day]:
    """Each day on which something happened, latest first; with `code` only refusals of that code count."""
    query = (
        select(LaunchCount.day, LaunchCount.outcome, func.sum(LaunchCount.launches))
        .join(Platform, Platform.id == LaunchCount.platform_id)
        .where(Platform.organisation_id == organisation_id)
        .group_by(LaunchCount.day, LaunchCount.outcome)
    )
    found: dict[date, list[int]] = {}
    for day, outcome, launches in db.execute(query):
        if outcome == "ok":
            found.setdefault(day, [0, 0])[0] += int(launches)
        elif code in {"", outcome}:
            found.setdefault(day, [0, 0])[1] += int(launches)
    return [Day(day, *counts) for day, counts in sorted(found.items(), reverse=True)]


def codes(db: Session, organisation_id: uuid.UUID) -> list[tuple[str, int]]:
    """The codes that occurred, with how often."""
    query = (
        select(LaunchFault.code, func.count())
        .join(Platform, Platform.id == LaunchFault.platform_id)
        .where(Platform.organisation_id == organisation_id)
        .group_by(LaunchFault.code)
        .order_by(LaunchFault.code)
    )
    return [(code, count) for code, count in db.execute(query)]


def refusals(
    db: Session, organisation_id: uuid.UUID, *, code: str = "", before: uuid.UUID | None = None
) -> tuple[list[Fault], uuid.UUID | None]:
    """The refusals, latest first, a page at a time; and from where the next page goes on, or None."""
    query = (
        select(
            LaunchFault.id,
            LaunchFault.at,
            LaunchFault.code,
            LaunchFault.cause,
            LaunchFault.deployment,
            LaunchFault.browser,
            Platform.name,
        )
        .join(Platform, Platform.id == LaunchFault.platform_id)
        .where(Platform.organisation_id == organisation_id)
        .order_by(LaunchFault.id.desc())
        .limit(PAGE + 1)
    )
    if code:
        query = query.where(LaunchFault.code == code)
    if before is not None:
        query = query.where(LaunchFault.id < before)
    rows = [Fault(*row) for row in db.execute(query)]
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def since(now: datetime) -> datetime:
    """Where the log begins."""
    return now - timedelta(days=KEPT.days)


__all__ = ["FAULTS_PER_HOUR", "Day", "Fault", "codes", "days", "refusals", "since"]
