"""On PostgreSQL raw activity is split by month; on SQLite nothing happens."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import insert, text

from lti_tool.activity import partitions
from lti_tool.activity.models import Activity
from lti_tool.db import Database, random_id


def test_months_are_made_ahead_and_once(database: Database) -> None:
    with database.writing() as db:
        made = partitions.make_ahead(db, date(2026, 11, 25))
        again = partitions.make_ahead(db, date(2026, 11, 26))
        later = partitions.make_ahead(db, date(2026, 12, 1))
    if database.dialect == "postgresql":
        assert (made, again, later) == (["activity_2026_12", "activity_2027_01"], [], ["activity_2027_02"])
    else:
        assert (made, again, later) == ([], [], [])


def test_a_fact_lands_in_its_month(world: Any, database: Database) -> None:
    organisation = world.organisation()
    fatma = world.somebody(organisation)
    fact = {"person_id": fatma.id, "space_id": random_id(), "kind": "read", "organisation_id": organisation}
    with database.writing() as db:
        partitions.make_ahead(db, date(2026, 11, 25))
        for day in (date(2026, 11, 25), date(2026, 12, 31)):
            db.execute(insert(Activity).values(day=day, space_organisation_id=organisation, **fact))
    if database.dialect == "postgresql":
        with database.reading() as db:
            kept = db.execute(text("SELECT tableoid::regclass::text, day FROM activity ORDER BY day")).all()
        assert [name for name, _ in kept] == ["activity_default", "activity_2026_12"]
