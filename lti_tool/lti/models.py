"""What is remembered between the steps of a launch. Rows live for minutes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, LargeBinary, String
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
    proof_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """Of what our page put into the platform's storage; empty when there was none to put it in."""
    storage_target: Mapped[str] = mapped_column(String(100), default="", server_default="")
    """The platform's frame that keeps it (`lti_storage_target`)."""
    again: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The login itself, encrypted, to begin it once more in a window of its own."""
    used_at: Mapped[datetime | None] = mapped_column(Utc)
    """Kept after its use until it expires, so that who reloads a launch is led on instead of being refused."""
    session_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """The session that it led to: SHA-256 of its cookie."""
    path: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    """And the page."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class TabTicket(Base):
    """A launch that is good, but waits for a tab of its own because the frame takes no cookies.

    `held`: in the form of the page in the frame. `asked`: in the new tab, which must show `cookie_hash` too.
    `allow`: in the one button by which an admin lets a deployment in that waits; `placement` names it.
    """

    __tablename__ = "tab_ticket"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(5))
    cookie_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    platform_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    """Empty when it is about a page and not about a launch."""
    placement: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The place in the course, to walk in from once the tab is there."""
    path: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    """The page to go on at, with its query and fragment; empty when the place in the course decides."""
    proof_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """What the platform's storage must give back for walking in within the frame; see `LoginState`."""
    frame_hosts: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    frame_token: Mapped[str] = mapped_column(String(100), default="", server_default="")
    back_href: Mapped[str] = mapped_column(String(1000), default="")
    back_label: Mapped[str] = mapped_column(String(300), default="")
    counted: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(2), default="nl")
    role: Mapped[str] = mapped_column(String(10), default="", server_default="")
    """For counting the launch once it is through, see `launches`."""
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class Picking(Base):
    """A teacher picks what a new link leads to. Used up by what they answer."""

    __tablename__ = "picking"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), index=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    deployment_id: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str] = mapped_column(String(255), default="")
    context_title: Mapped[str] = mapped_column(String(300), default="")
    answer_to: Mapped[bytes] = mapped_column(LargeBinary)
    """Address and `data` of the answer, encrypted for this row: Moodle's address holds a session key."""
    product: Mapped[str] = mapped_column(String(100), default="")
    multiple: Mapped[bool] = mapped_column(default=False)
    window: Mapped[bool] = mapped_column(default=False)
    """The LMS can open a link in a tab of its own when we say so."""
    frame_hosts: Mapped[str] = mapped_column(String(1000), default="")
    language: Mapped[str] = mapped_column(String(2), default="nl")
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


class NoticeSeen(Base):
    """A notice of a platform that was taken in. It may come twice."""

    __tablename__ = "notice_seen"

    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Utc, index=True)


class LaunchCount(Base):
    """How many launches of a platform went how on one day: counts, so that no row tells who came in when."""

    __tablename__ = "launch_count"

    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10), primary_key=True)
    """`ok`, or the code of the refusal."""
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    """`link` or `pick` (deep linking)."""
    role: Mapped[str] = mapped_column(String(10), primary_key=True)
    """`learner`, `teacher`, `admin`, or empty when that was not known."""
    way: Mapped[str] = mapped_column(String(10), primary_key=True)
    """How the browser proved itself: `cookie`, `frame`, `storage`, `tab` (see `launches.Way`), or empty."""
    device: Mapped[str] = mapped_column(String(10), primary_key=True)
    """`desk` or `phone`."""
    launches: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime | None] = mapped_column(Utc)
    """Of today and yesterday only: a lone launch of a night shift must not be told apart for a month."""


class LaunchFault(Base):
    """A launch that was refused, for the admin: when, what and where from. No person, no token."""

    __tablename__ = "launch_fault"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Utc, index=True)
    code: Mapped[str] = mapped_column(String(10))
    cause: Mapped[str] = mapped_column(String(200))
    """For the admin's help: never a name, a token or anything that was sent."""
    deployment: Mapped[str] = mapped_column(String(255), default="")
    browser: Mapped[str] = mapped_column(String(60), default="")


class PendingRegistration(Base):
    """An LMS that asked to be registered, from the moment its admin opened our page until a day after.

    `asked`: its configuration was not read yet. `open`: the form is there. `sending`: we wait for its answer.
    `unsure`: it may have registered us, but its answer is lost. `done`.
    """

    __tablename__ = "pending_registration"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    """Random; signed, it is the token of the form."""
    asked_from: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    """Keyed hash of the browser's address, to count by."""
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    """Of the LMS's registration token: opened again, it is the same registration."""
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The LMS's registration token, encrypted for this row. Gone once used."""
    configuration: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What was read and found good, see `configuration.Configuration`."""
    state: Mapped[str] = mapped_column(String(8), default="asked")
    looks: Mapped[int] = mapped_column(default=0)
    """How often the configuration was asked for."""
    wrong_codes: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(Utc)
    platform_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What the last page shows."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)


register(TabTicket.person_id, OnErase.DELETE, export=("back_label", "language", "expires_at"))
register(Picking.person_id, OnErase.DELETE, export=("context_title", "expires_at"))
