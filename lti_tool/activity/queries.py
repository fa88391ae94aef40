"""Who took part, for counting heads: raw activity by person, folded activity by pseudonym."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from lti_tool.activity.models import Activity, ActivityFold
from lti_tool.activity.quarters import Quarter
from lti_tool.db import Session


def took_part(person_id: Any, quarter: Quarter) -> ColumnElement[bool]:
    """In a query: this person read, came, wrote or tried anywhere in the quarter.

    Looks at raw activity, by one seek per person; what is older stands in `pseudonyms`.
    """
    days = Activity.day.between(quarter.first, quarter.last)
    return exists().where(Activity.person_id == person_id, days)


def pseudonyms(db: Session, organisation_id: uuid.UUID, quarter: Quarter) -> frozenset[bytes]:
    """Those of the organisation's people who took part in the quarter, as far as it was folded."""
    query = select(ActivityFold.pseudonym).distinct()
    mine = query.where(ActivityFold.organisation_id == organisation_id, ActivityFold.quarter == str(quarter))
    return frozenset(bytes(pseudonym) for pseudonym in db.scalars(mine))


def quarters(db: Session, organisation_id: uuid.UUID, year: int) -> frozenset[str]:
    """The quarters of a year of which the organisation has folded activity."""
    query = (
        select(ActivityFold.quarter)
        .distinct()
        .where(ActivityFold.organisation_id == organisation_id, ActivityFold.quarter.like(f"{year}-%"))
    )
    return frozenset(db.scalars(query))
