"""Moments a learner chose, what of them is shared, skipped suggestions, and formal records."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, Dialect, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class Hundredths(TypeDecorator[Decimal]):
    """A number with two decimals, stored as a whole number: sums are exact on both databases."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Number to hundredths."""
        return None if value is None else round(value * 100)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Hundredths to number."""
        return None if value is None else Decimal(value).scaleb(-2)


class MomentKind(enum.StrEnum):
    """What kind of learning it was."""

    TOOK_PART = "took_part"
    HELPED = "helped"
    READ = "read"
    TRIED = "tried"
    MET = "met"
    OWN = "own"


class Moment(Base):
    """An item of somebody's own record. Nobody else sees it but by a `Share`."""

    __tablename__ = "moment"
    __table_args__ = (
        Index("ix_moment_person_happened_on", "person_id", "happened_on"),
        UniqueConstraint("person_id", "source"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    happened_on: Mapped[date] = mapped_column(Date)
    minutes: Mapped[int]
    learned: Mapped[str] = mapped_column(Text, default="")
    """What I learnt. Never leaves the portfolio."""
    plan: Mapped[str] = mapped_column(Text, default="")
    """What I'll do. Never leaves the portfolio."""
    source: Mapped[str | None] = mapped_column(String(100))
    """Key of the suggestion it was taken from, so that one suggestion is one moment."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    changed_at: Mapped[datetime] = mapped_column(Utc)


class Share(Base):
    """The learner gave a moment to a receiver. Withdrawing deletes the row, without a trace."""

    __tablename__ = "moment_share"

    moment_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("moment.id", ondelete="CASCADE"), primary_key=True)
    receiver: Mapped[str] = mapped_column(String(10), primary_key=True)
    """`hr`: counts in group figures (minutes and date, by department), nothing else."""
    shared_at: Mapped[datetime] = mapped_column(Utc)


class SkippedSuggestion(Base):
    """A suggestion that its person does not want."""

    __tablename__ = "skipped_suggestion"

    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str] = mapped_column(String(100), primary_key=True)
    skipped_at: Mapped[datetime] = mapped_column(Utc)


class FormalRecord(Base):
    """A course completion, certificate or accredited points of a row in the staff list; never edited."""

    __tablename__ = "formal_record"
    __table_args__ = (
        UniqueConstraint("staff_id", "title", "completed_on", "provider"),
        Index("ix_formal_record_organisation_completed_on", "organisation_id", "completed_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    staff_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("staff_member.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(300))
    provider: Mapped[str] = mapped_column(String(200), default="")
    accreditor: Mapped[str] = mapped_column(String(200), default="")
    points: Mapped[Decimal] = mapped_column(Hundredths, default=Decimal(0))
    hours: Mapped[Decimal] = mapped_column(Hundredths, default=Decimal(0))
    category: Mapped[str] = mapped_column(String(200), default="")
    completed_on: Mapped[date] = mapped_column(Date)
    certificate: Mapped[str] = mapped_column(String(300), default="")
    imported_at: Mapped[datetime] = mapped_column(Utc)


register(
    Moment.person_id,
    OnErase.DELETE,
    export=("kind", "title", "happened_on", "minutes", "learned", "plan", "created_at"),
)
register(SkippedSuggestion.person_id, OnErase.DELETE, export=("source", "skipped_at"))
