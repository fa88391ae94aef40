"""Who keeps the schedule, when each task last ran, and the work that waits."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc


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


class QueuedJob(Base):
    """Work that waits, is being done, or was left lying. What is done has no row any more."""

    __tablename__ = "queued_job"
    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_queued_job_due", "failed_at", "due_at"))

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(200))
    """One job per kind and key."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Ids, no contents."""
    lane: Mapped[str] = mapped_column(String(100), default="", index=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    due_at: Mapped[datetime] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    """Goes up when it is asked anew, so that it is done once more when that happens half-way."""
    attempts: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(String(32), default="")
    leased_until: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str] = mapped_column(String(200), default="")
    """Of the last try: a code or a host."""
    failed_at: Mapped[datetime | None] = mapped_column(Utc)
    """When it was given up."""
