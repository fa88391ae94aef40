"""What an LMS offers us over its services, and what we keep of it: tokens, courses, rosters, confirmations."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class ServiceToken(Base):
    """A token of one platform, for one host and one set of scopes: tenants and hosts can't mix."""

    __tablename__ = "service_token"
    __table_args__ = (UniqueConstraint("platform_id", "host", "scopes_hash"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"))
    host: Mapped[str] = mapped_column(String(300))
    scopes_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    token: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted for this row."""
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class LmsCourse(Base):
    """The services that an LMS offers for one of its courses, as the last launch said."""

    __tablename__ = "lms_course"
    __table_args__ = (UniqueConstraint("platform_id", "context_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"))
    context_id: Mapped[str] = mapped_column(String(255))
    memberships_url: Mapped[str] = mapped_column(String(1000), default="")
    """Of its list of participants; empty when it offers none."""
    lineitems_url: Mapped[str] = mapped_column(String(1000), default="")
    """Of the columns of its gradebook."""
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    """What the launch said we may do with grades."""
    seen_at: Mapped[datetime] = mapped_column(Utc)


class LmsLink(Base):
    """A link that has a column in the gradebook of its own."""

    __tablename__ = "lms_link"

    course_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("lms_course.id", ondelete="CASCADE"), primary_key=True)
    resource_link_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    lineitem_url: Mapped[str] = mapped_column(String(1000), default="")


class Roster(Base):
    """How far the list of participants of a course was read."""

    __tablename__ = "roster"

    course_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("lms_course.id", ondelete="CASCADE"), primary_key=True)
    asked_at: Mapped[datetime | None] = mapped_column(Utc)
    """Set while a reading waits or goes on."""
    begun_at: Mapped[datetime | None] = mapped_column(Utc)
    so_far: Mapped[int] = mapped_column(default=0)
    """Members of the reading that goes on."""
    round: Mapped[int] = mapped_column(default=0)
    """Number of the last reading that began."""
    whole: Mapped[int] = mapped_column(default=0)
    """Number of the last reading that got to the end; 0 before the first."""
    read_at: Mapped[datetime | None] = mapped_column(Utc)
    """When that was."""
    error: Mapped[str] = mapped_column(String(20), default="")
    """Why the last reading did not get to the end, see `roster.Trouble`."""


class RosterMember(Base):
    """Somebody in the list of a course: no name, no e-mail, no number of the LMS. Absentees stay strangers to us.

    While a reading goes on, the list is still the last whole one: rows with `first_round` up to `Roster.whole`.
    """

    __tablename__ = "roster_member"

    course_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("lms_course.id", ondelete="CASCADE"), primary_key=True)
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    """Keyed, of this course alone: the same person in another course has another one."""
    teaches: Mapped[bool] = mapped_column(default=False)
    """For counting only: in Moodle a list and a launch disagree about some teachers. Opens nothing."""
    first_round: Mapped[int]
    last_round: Mapped[int]


class RosterCount(Base):
    """What the trekkers of a space were last shown about a course. Taken anew when enough people changed."""

    __tablename__ = "roster_count"

    course_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("lms_course.id", ondelete="CASCADE"), primary_key=True)
    space_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    invited: Mapped[int]
    joined: Mapped[int]
    looked: Mapped[int]
    """How many of the others came to look."""
    basis: Mapped[bytes] = mapped_column(LargeBinary)
    """Who those were: shortened pseudonyms, so that a later count can be compared with it."""
    counted_at: Mapped[datetime] = mapped_column(Utc)


class ConfirmingSpace(Base):
    """A space whose trekker lets members have their taking part confirmed in the LMS. Off without a row."""

    __tablename__ = "confirming_space"

    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime] = mapped_column(Utc)


class LineItem(Base):
    """The column of a gradebook in which a space's confirmations stand, found or made once per link."""

    __tablename__ = "line_item"

    course_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("lms_course.id", ondelete="CASCADE"), primary_key=True)
    resource_link_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    space_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    url: Mapped[str] = mapped_column(String(1000), default="")
    """Empty until it was found or made."""
    maker: Mapped[str] = mapped_column(String(32), default="")
    making_until: Mapped[datetime | None] = mapped_column(Utc)
    """Somebody is finding or making it: the others wait, so that there are never two."""


class Confirmation(Base):
    """Somebody had their taking part in a space confirmed in the LMS, by their own hand."""

    __tablename__ = "confirmation"
    __table_args__ = (UniqueConstraint("person_id", "space_id"), Index("ix_confirmation_space_id", "space_id"))

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"))
    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"))
    course_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("lms_course.id", ondelete="CASCADE"), index=True)
    resource_link_id: Mapped[str] = mapped_column(String(255))
    label: Mapped[str] = mapped_column(String(300), default="")
    """Of the course, as the LMS called it."""
    wanted: Mapped[bool] = mapped_column(default=True)
    """True: it must stand there. False: it was withdrawn."""
    state: Mapped[str] = mapped_column(String(10))
    """`waits`, `arrived` (what was wanted is there), or `failed`."""
    why: Mapped[str] = mapped_column(String(20), default="")
    """Why it failed, or waits; see `confirmations.WHY`."""
    asked_at: Mapped[datetime] = mapped_column(Utc)
    sent_at: Mapped[datetime | None] = mapped_column(Utc)
    """The moment on the last score that we tried to send: the next one must be later."""


register(
    Confirmation.person_id,
    OnErase.DELETE,
    export=("space_id", "label", "wanted", "state", "asked_at", "sent_at"),
)
