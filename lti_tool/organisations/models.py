"""Organisations, networks, platforms with their key sets, deployments and the tool's own keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc


class Organisation(Base):
    """A tenant: a hospital, a care group."""

    __tablename__ = "organisation"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc)


class Network(Base):
    """A named set of organisations whose admins agreed to work together."""

    __tablename__ = "network"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc)


class NetworkMember(Base):
    """An organisation that agreed to work in a network."""

    __tablename__ = "network_member"

    network_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("network.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("organisation.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    agreed_at: Mapped[datetime] = mapped_column(Utc)


class Platform(Base):
    """An LMS registered over LTI 1.3. Hosted Canvas shares one issuer: the client id decides."""

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    auth_url: Mapped[str] = mapped_column(String(1000))
    token_url: Mapped[str] = mapped_column(String(1000))
    jwks_url: Mapped[str] = mapped_column(String(1000))
    product: Mapped[str] = mapped_column(String(20), default="other")
    """`moodle`, `canvas` or `other`: which customs of that LMS hold."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    key_set: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    """The public keys of the last good answer; None before the first."""
    key_set_fetched_at: Mapped[datetime | None] = mapped_column(Utc)
    key_fetches: Mapped[list[float]] = mapped_column(JSON, default=list)
    """When (POSIX seconds) it was asked for lately; in the row, so that all workers share one limit."""


class Deployment(Base):
    """One placement of the tool in a platform. Waits for the admin while `accepted_at` is empty."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    deployment_id: Mapped[str] = mapped_column(String(255))
    """As the platform calls it."""
    first_seen_at: Mapped[datetime] = mapped_column(Utc)
    last_seen_at: Mapped[datetime | None] = mapped_column(Utc)
    """Within an hour or so; empty when no launch came from it yet."""
    accepted_at: Mapped[datetime | None] = mapped_column(Utc)


class ToolKey(Base):
    """A key pair of this tool. One is current; retired ones stay published for those who cached them."""

    __tablename__ = "tool_key"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """PEM, encrypted for this row. Empty once retired: nobody signs with it any more."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    retired_at: Mapped[datetime | None] = mapped_column(Utc)
