"""Organisations, networks, platforms with their key sets, deployments and the tool's own keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc


class Organisation(Base):
    """A tenant: a hospital, a care group."""

    __tablename__ = "organisation"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc)
    language: Mapped[str] = mapped_column(String(2), default="nl", server_default="nl")
    """Of who comes in without saying theirs."""
    accent: Mapped[str] = mapped_column(String(7), default="", server_default="")
    """`#rrggbb` for what one can do; empty is Leerkring's own green. Passed the contrast check when it was chosen."""
    logo_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Of the image in `Logo`; empty when there is none."""


class Logo(Base):
    """The picture of an organisation, made anew from what was uploaded."""

    __tablename__ = "logo"

    organisation_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("organisation.id", ondelete="CASCADE"), primary_key=True
    )
    png: Mapped[bytes] = mapped_column(LargeBinary)


class RegistrationCode(Base):
    """A one-use code that lets an LMS register itself for an organisation."""

    __tablename__ = "registration_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Utc)
    """Kept for a while after use, so that a second use hears what happened instead of "wrong code"."""
    taken_by: Mapped[uuid.UUID | None] = mapped_column(Id)
    """The registration that is under way with it, so that no second one begins. Lapses after some minutes."""
    taken_at: Mapped[datetime | None] = mapped_column(Utc)


class Network(Base):
    """A named set of organisations whose admins agreed to work together."""

    __tablename__ = "network"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Utc)
    sheet_version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Of the newest `NetworkSheet`."""


class NetworkSheet(Base):
    """A version of what the admins of a network agree to: who is the controller of what. Older versions stay, because
    somebody agreed to them."""

    __tablename__ = "network_sheet"

    network_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("network.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    """Markdown."""
    written_at: Mapped[datetime] = mapped_column(Utc)


class NetworkInvitation(Base):
    """A one-use code by which another organisation may read the sheet of a network and agree."""

    __tablename__ = "network_invitation"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    network_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("network.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id", ondelete="CASCADE"))
    """Who invites. When it leaves, its invitations end."""
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class NetworkMember(Base):
    """An organisation that agreed to work in a network."""

    __tablename__ = "network_member"

    network_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("network.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("organisation.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    agreed_at: Mapped[datetime] = mapped_column(Utc)
    sheet_version: Mapped[int] = mapped_column(default=1, server_default="1")
    """The version of the sheet that its admin agreed to."""


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
    version: Mapped[str] = mapped_column(String(100), default="", server_default="")
    """As the LMS said at its registration."""
    names: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether the admin lets names through; without, what an LMS sends of it is not kept."""
    emails: Mapped[bool] = mapped_column(default=True, server_default=true())
    roster: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether lists of participants may be read."""
    grades: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a learner may have their taking part confirmed in the LMS."""
    scopes: Mapped[list[str] | None] = mapped_column(JSON)
    """What the LMS granted at its registration; None when it was registered by hand."""
    frame_hosts: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    """Further origins that may frame us, space separated, as the admin typed them (vanity hosts of Canvas)."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    switched_off_at: Mapped[datetime | None] = mapped_column(Utc)
    """Nobody comes in from there while it is set."""
    key_set: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
    """The public keys of the last good answer; None before the first."""
    key_set_fetched_at: Mapped[datetime | None] = mapped_column(Utc)
    key_fetches: Mapped[list[float]] = mapped_column(JSON, default=list)
    """When (POSIX seconds) it was asked for lately; in the row, so that all workers share one limit."""
    key_fetch_until: Mapped[datetime | None] = mapped_column(Utc)
    """Somebody is fetching it now, until then at most: others wait for the answer instead of asking too."""


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
    name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """What the admin calls it."""
    switched_off_at: Mapped[datetime | None] = mapped_column(Utc)
    notices_url: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    """Where we asked its LMS to tell us of copied courses; empty when it can't."""
    notices_asked_at: Mapped[datetime | None] = mapped_column(Utc)
    """While that is not done; then it is asked again a day later."""


class PlatformTest(Base):
    """What the last test of a platform found, for the console and `leerkring doctor`."""

    __tablename__ = "platform_test"

    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Utc)
    """Of the last test; who asks for another one meanwhile waits for its results."""
    tested_at: Mapped[datetime | None] = mapped_column(Utc)
    """When the results came in; empty before the first time."""
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class ToolKey(Base):
    """A key pair of this tool. The next one is published before it signs, so that an LMS that keeps our key set for
    an hour knows it by then; retired ones stay published for what they signed."""

    __tablename__ = "tool_key"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """PEM, encrypted for this row. Empty once retired: nobody signs with it any more."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    signs_from: Mapped[datetime | None] = mapped_column(Utc)
    """Empty while it is the next key; in the future when a rotation is under way."""
    retired_at: Mapped[datetime | None] = mapped_column(Utc)
