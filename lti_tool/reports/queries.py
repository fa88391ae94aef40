"""Everything that reads published figures: one row a report, of one organisation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from lti_tool.db import Session
from lti_tool.people.models import Person, StaffMember
from lti_tool.reports.counting import not_in_staff_list
from lti_tool.reports.models import ApiClient, ReportSnapshot, Status
from lti_tool.reports.operations import DEPARTMENT

COLUMNS = ("group", "people", "took_part", "released_hours", "accredited_hours", "accredited_points")
"""Of a row, in the order of the API and the CSV."""


@dataclass(frozen=True)
class Report:
    """The figures of a quarter as they may be shown. A cell that is None is hidden."""

    period: str
    by: str
    status: Status
    as_of: datetime
    floor: int
    rows: list[dict[str, Any]]
    total: dict[str, Any]


def report(db: Session, organisation_id: uuid.UUID, period: str, by: str = DEPARTMENT) -> Report | None:
    """The report of a quarter, or None when no figures were taken."""
    query = select(
        ReportSnapshot.period,
        ReportSnapshot.by,
        ReportSnapshot.status,
        ReportSnapshot.taken_at,
        ReportSnapshot.floor,
        ReportSnapshot.rows,
        ReportSnapshot.total,
    )
    mine = (ReportSnapshot.organisation_id == organisation_id, ReportSnapshot.by == by)
    found = db.execute(query.where(*mine, ReportSnapshot.period == period)).first()
    if found is None:
        return None
    return Report(found[0], found[1], Status(found[2]), *found[3:])


def periods(db: Session, organisation_id: uuid.UUID, by: str = DEPARTMENT) -> list[str]:
    """The quarters that have figures, the latest first."""
    query = select(ReportSnapshot.period).where(
        ReportSnapshot.organisation_id == organisation_id, ReportSnapshot.by == by
    )
    return sorted(db.scalars(query), reverse=True)


@dataclass(frozen=True)
class StaffList:
    """How far the staff list goes, now."""

    rows: int
    unmatched: int
    """Colleagues who came through an LMS and are in no row of it."""


def staff_list(db: Session, organisation_id: uuid.UUID, *, now: datetime) -> StaffList:
    """How many rows the list has, and how many colleagues are not in it."""
    listed = select(func.count()).select_from(StaffMember).where(StaffMember.organisation_id == organisation_id)
    soon = now + timedelta(seconds=1)
    unmatched = select(func.count()).select_from(Person).where(not_in_staff_list(organisation_id, soon))
    found = db.execute(select(listed.scalar_subquery(), unmatched.scalar_subquery())).one()
    return StaffList(*found)


def clients(db: Session, organisation_id: uuid.UUID) -> list[dict[str, str]]:
    """The programs that may fetch figures, oldest first, as an admin reads them."""
    columns = (ApiClient.client_id, ApiClient.name, ApiClient.scopes, ApiClient.created_at)
    query = select(*columns).where(ApiClient.organisation_id == organisation_id).order_by(ApiClient.id)
    return [
        {
            "client_id": row.client_id,
            "name": row.name,
            "scopes": row.scopes,
            "created_at": f"{row.created_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        for row in db.execute(query)
    ]
