"""Sessions and receipts of forms."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class WebSession(Base):
    """One person in one browser, with what the launch said about the place they came from."""

    __tablename__ = "web_session"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the opaque cookie, so that a copy of the database opens no session."""
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    frame_hosts: Mapped[str] = mapped_column(String(1000), default="")
    """Origins that may show our pages in a frame, space separated."""
    frame_token: Mapped[str] = mapped_column(String(100), default="", server_default="")
    """What Canvas wants back in a message about the frame's height (`$com.instructure.PostMessageToken`)."""
    back_href: Mapped[str] = mapped_column(String(1000), default="")
    back_label: Mapped[str] = mapped_column(String(300), default="")
    language: Mapped[str] = mapped_column(String(2), default="nl")
    """Language of the launch; the person's own choice wins."""
    counted: Mapped[bool] = mapped_column(default=True)
    """False for a test user and for staff who act as a learner: nothing they do is counted."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    seen_at: Mapped[datetime] = mapped_column(Utc, index=True)


class FormReceipt(Base):
    """A form that was accepted once, and where its sender was sent: a double click ends at the same place."""

    __tablename__ = "form_receipt"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """SHA-256 of the form's key and its sender."""
    location: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(Utc, index=True)


register(WebSession.person_id, OnErase.DELETE, export=("created_at", "seen_at", "back_label", "language"))
