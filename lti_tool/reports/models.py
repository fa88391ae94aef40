"""Published figures of a quarter, and the programs that may fetch them."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.base import Json


class Status(enum.StrEnum):
    """Whether figures may still change."""

    PROVISIONAL = "provisional"
    FROZEN = "frozen"


class ReportSnapshot(Base):
    """The figures of one organisation and quarter as they may be shown: suppressed before they are stored.

    A provisional one is replaced by the next; a frozen one never changes. Groups only: nothing of a person.
    """

    __tablename__ = "report_snapshot"
    __table_args__ = (UniqueConstraint("organisation_id", "period", "by"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    period: Mapped[str] = mapped_column(String(7))
    """`2026-Q4`."""
    by: Mapped[str] = mapped_column(String(20))
    """`department`."""
    status: Mapped[str] = mapped_column(String(20))
    taken_at: Mapped[datetime] = mapped_column(Utc)
    floor: Mapped[int]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """`suppression.Row` as dictionaries."""
    total: Mapped[dict[str, Any]] = mapped_column(Json)


class ApiClient(Base):
    """A program of an organisation (an HR system) that may ask for tokens."""

    __tablename__ = "api_client"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256; the secret is random and long, so a slow hash adds nothing."""
    scopes: Mapped[str] = mapped_column(String(300))
    """What its tokens may do, space separated."""
    created_at: Mapped[datetime] = mapped_column(Utc)


class ApiToken(Base):
    """A token of a client, for an hour."""

    __tablename__ = "api_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("api_client.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str] = mapped_column(String(300))
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class TokenAsk(Base):
    """How often somebody asked for a token within a minute. No address stands in it."""

    __tablename__ = "token_ask"

    who: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """Keyed hash of client and address."""
    begun_at: Mapped[datetime] = mapped_column(Utc, index=True)
    asks: Mapped[int]
