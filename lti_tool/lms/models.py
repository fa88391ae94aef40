"""Service tokens that platforms gave us."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc


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
