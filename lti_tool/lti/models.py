"""What is remembered between the steps of a launch. Rows live for minutes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class LoginState(Base):
    """A login that was sent on to the platform. Used up by the one launch that answers it."""

    __tablename__ = "login_state"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    nonce_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    """Issuer and client id are the platform's: a token of another one does not find this row."""
    target_link_uri: Mapped[str] = mapped_column(String(2000))
    deployment_id: Mapped[str] = mapped_column(String(255), default="")
    """What the login said; empty when it said nothing."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class TabTicket(Base):
    """A launch that is good, but waits for a tab of its own because the frame takes no cookies.

    `held`: in the form of the page in the frame. `asked`: in the new tab, which must show `cookie_hash` too.
    """

    __tablename__ = "tab_ticket"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(5))
    cookie_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    placement: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The place in the course, to walk in from once the tab is there."""
    back_href: Mapped[str] = mapped_column(String(1000), default="")
    back_label: Mapped[str] = mapped_column(String(300), default="")
    counted: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(2), default="nl")
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


register(TabTicket.person_id, OnErase.DELETE, export=("back_label", "language", "expires_at"))
