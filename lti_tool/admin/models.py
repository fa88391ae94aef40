"""What an admin confirmed by their own hand, because no test can see it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc


class Acknowledgement(Base):
    """Something that an organisation saw to. Who of its admins said so stands in the audit trail."""

    __tablename__ = "acknowledgement"

    organisation_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("organisation.id", ondelete="CASCADE"), primary_key=True
    )
    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    """`roles`, `privacy` or `council`, see `admin.agreements`."""
    at: Mapped[datetime] = mapped_column(Utc)
    """The last time."""
