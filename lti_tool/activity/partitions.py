"""On PostgreSQL raw activity is split by month: forgetting and counting touch few rows at any size.

What no month was made for yet lands in the default partition; months are made ahead, while it can't hold them.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from lti_tool.db import Session

AHEAD = 2
"""Months that are made before they begin."""


def make_ahead(db: Session, today: date) -> list[str]:
    """Make the partitions of the coming months. Returns the names of those it made; nothing on SQLite."""
    if db.get_bind().dialect.name != "postgresql":
        return []
    parts = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'activity'::regclass")
    there = set(db.scalars(parts))
    made = []
    first = _next_month(today)
    for _ in range(AHEAD):
        after, name = _next_month(first), f"activity_{first:%Y_%m}"
        if name not in there:
            values = f"FROM ('{first}') TO ('{after}')"
            db.execute(text(f"CREATE TABLE {name} PARTITION OF activity FOR VALUES {values}"))
            made.append(name)
        first = after
    return made


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
