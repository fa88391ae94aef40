"""Persons, identities, grants and the staff list."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class Person(Base):
    """A human in one organisation."""

    __tablename__ = "person"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(300), default="")
    """As the LMS gave it; empty when it gives none."""
    chosen_name: Mapped[str] = mapped_column(String(80), default="")
    """How colleagues see them, when they chose that themselves."""
    email: Mapped[str] = mapped_column(String(320), default="")
    staff_id: Mapped[uuid.UUID | None] = mapped_column(
        Id, ForeignKey("staff_member.id", ondelete="SET NULL"), unique=True
    )
    """Their row in the staff list, once met."""
    language: Mapped[str] = mapped_column(String(2), default="")
    """Their own choice; empty follows the launch."""
    theme: Mapped[str] = mapped_column(String(10), default="")
    """`day`, `dark`, `contrast`; empty follows the browser."""
    is_test: Mapped[bool] = mapped_column(default=False)
    """A test user of an LMS: never counted."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    arrived_at: Mapped[datetime] = mapped_column(Utc)
    """The day of the last launch matters to retention, not to anybody else."""


class Identity(Base):
    """That human's `sub` on one platform."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("platform_id", "subject"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(255))
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    staff_number: Mapped[str] = mapped_column(String(100), default="")
    """What the LMS said their personnel number is; met again when the staff list comes later."""


class Grant(Base):
    """A role in the organisation: admin, hr or officer. Given by command or console, never by an LMS."""

    __tablename__ = "organisation_grant"

    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(10), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    given_at: Mapped[datetime] = mapped_column(Utc)


class SignInLink(Base):
    """A one-time address that signs in somebody who has no LMS, with a role."""

    __tablename__ = "sign_in_link"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(Utc)


class StaffMember(Base):
    """One row of the staff list of an organisation. Kept by the organisation, not by the person."""

    __tablename__ = "staff_member"
    __table_args__ = (
        UniqueConstraint("organisation_id", "number"),
        Index("ix_staff_member_department", "organisation_id", "department"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    number: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(300), default="")
    email: Mapped[str] = mapped_column(String(320), default="")
    cluster: Mapped[str] = mapped_column(String(200), default="")
    department: Mapped[str] = mapped_column(String(200), default="")
    function_family: Mapped[str] = mapped_column(String(200), default="")
    profession: Mapped[str] = mapped_column(String(200), default="")
    manager: Mapped[bool] = mapped_column(default=False)
    starts_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)


class StaffCode(Base):
    """A one-use code by which a person claims their row in the staff list."""

    __tablename__ = "staff_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    staff_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("staff_member.id", ondelete="CASCADE"), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Utc)


register(Identity.person_id, OnErase.DELETE, export=("subject", "staff_number"))
register(Grant.person_id, OnErase.DELETE, export=("role", "given_at"))
register(SignInLink.person_id, OnErase.DELETE, export=("expires_at",))
