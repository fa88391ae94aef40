"""Raw activity, and what is left of it after the nightly fold."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import DDL, Date, ForeignKey, Index, LargeBinary, String, event
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id
from lti_tool.db.personal_data import OnErase, register


class Kind(enum.StrEnum):
    """What counts as taking part. Opening a page of a space is `read`; nothing else is watched."""

    READ = "read"
    CAME = "came"
    WROTE = "wrote"
    TRIED = "tried"


class Activity(Base):
    """One row per person, space, kind and day, whatever the number of times: there is nothing to rank by."""

    __tablename__ = "activity"
    # The fold and the forgetting go by day, which PostgreSQL also splits it by (see `activity.partitions`);
    # a report asks of one person at a time whether there was anything in a quarter.
    __table_args__ = (
        Index("ix_activity_person_day", "person_id", "day"),
        {"postgresql_partition_by": "RANGE (day)"},
    )

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    space_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    """The organisation of the person."""
    space_organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    """The organisation that owns the space."""


# Holds the months that nobody made a partition for yet; so tables that are made from the models can be used.
_default = DDL("CREATE TABLE activity_default PARTITION OF activity DEFAULT")  # type: ignore[no-untyped-call]
event.listen(Activity.__table__, "after_create", _default.execute_if(dialect="postgresql"))


class ActivityFold(Base):
    """One row per pseudonym, space and quarter: enough to count heads, too little to follow anybody."""

    __tablename__ = "activity_fold"
    __table_args__ = (Index("ix_activity_fold_organisation_quarter", "organisation_id", "quarter"),)

    pseudonym: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    """Keyed hash of the person, see `activity.operations.pseudonym`."""
    space_id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    quarter: Mapped[str] = mapped_column(String(7), primary_key=True)
    """`2026-Q4`."""
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    """The organisation of the person."""
    read: Mapped[bool] = mapped_column(default=False)
    came: Mapped[bool] = mapped_column(default=False)
    wrote: Mapped[bool] = mapped_column(default=False)
    tried: Mapped[bool] = mapped_column(default=False)


class FoldMark(Base):
    """How far the nightly fold came. One row."""

    __tablename__ = "activity_fold_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date)
    """All days before this one are folded."""


register(Activity.person_id, OnErase.DELETE, export=("space_id", "kind", "day"))
