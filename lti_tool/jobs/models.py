"""Who keeps the schedule, and when each task last ran."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Utc


class Lease(Base):
    """The right to do something alone, until a moment."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(Utc)


class ScheduledRun(Base):
    """The last run of a task of the schedule."""

    __tablename__ = "scheduled_run"

    task: Mapped[str] = mapped_column(String(100), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str] = mapped_column(String(200), default="")
    """The kind of error of the last run; empty when it went well."""
