"""What the console shows of an organisation: platforms and counts, never contents or names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select

from lti_tool.db import Session
from lti_tool.jobs.models import ScheduledRun
from lti_tool.organisations.models import NetworkMember, Organisation
from lti_tool.people.models import Identity, Person, StaffMember
from lti_tool.spaces.models import Space


@dataclass(frozen=True)
class State:
    """Counts of an organisation."""

    staff: int
    arrived: int
    """People who came in through an LMS at least once."""
    unmatched: int
    """Of them, in no row of the staff list."""
    spaces: int


def state(db: Session, organisation_id: uuid.UUID) -> State:
    """The counts, in one query."""
    staff = select(func.count()).where(StaffMember.organisation_id == organisation_id)
    came = select(Identity.person_id).where(Identity.person_id == Person.id).exists()
    arrived = select(func.count()).where(Person.organisation_id == organisation_id, Person.is_test.is_(False), came)
    spaces = select(func.count()).where(Space.organisation_id == organisation_id)
    row = db.execute(
        select(
            staff.scalar_subquery(),
            arrived.scalar_subquery(),
            arrived.where(Person.staff_id.is_(None)).scalar_subquery(),
            spaces.scalar_subquery(),
        )
    ).one()
    return State(*row)


def failing_tasks(db: Session) -> list[str]:
    """Names of the schedule's tasks whose last run failed."""
    return list(db.scalars(select(ScheduledRun.task).where(ScheduledRun.error != "").order_by(ScheduledRun.task)))


def spaces_in_network(db: Session, organisation_id: uuid.UUID, network_id: uuid.UUID) -> tuple[int, int]:
    """How many spaces are open to a network: of this organisation, and of the others in it."""
    of_network = select(func.count()).where(Space.network_id == network_id)
    others = select(NetworkMember.organisation_id).where(NetworkMember.network_id == network_id)
    row = db.execute(
        select(
            of_network.where(Space.organisation_id == organisation_id).scalar_subquery(),
            of_network.where(
                Space.organisation_id != organisation_id, Space.organisation_id.in_(others)
            ).scalar_subquery(),
        )
    ).one()
    return row[0], row[1]


def default_language(db: Session, organisation_id: uuid.UUID) -> str:
    """Of who comes into this organisation without saying theirs."""
    return db.scalar(select(Organisation.language).where(Organisation.id == organisation_id)) or ""
