"""The trail."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class AuditEntry(Base):
    """One privileged act."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_organisation_at", "organisation_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"))
    actor_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    """None when it was done by the command line or the schedule."""
    action: Mapped[str] = mapped_column(String(60))
    """Room and verb, such as `spaces.let_in`."""
    subject: Mapped[str] = mapped_column(String(100), default="")
    """Table and id of what it was done to."""
    at: Mapped[datetime] = mapped_column(Utc)


register(AuditEntry.actor_id, OnErase.DETACH, export=("action", "subject", "at"))
