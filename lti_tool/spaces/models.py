"""Spaces, memberships, doors and who came through them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class Space(Base):
    """A learning space, owned by one organisation, open to more through a network."""

    __tablename__ = "space"

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    network_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("network.id"), index=True)
    """The organisations whose people may take part as colleagues do; None: only the owner's."""
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    what_for: Mapped[str] = mapped_column(Text)
    """The shared why, in Markdown."""
    what_for_html: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(10))
    started_by: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(Utc)
    shared_at: Mapped[datetime | None] = mapped_column(Utc)
    """When somebody besides its starter first took part. From then on more readers take the space's consent."""


class Counter(Base):
    """The last number given out in a space, per kind of thing. Locked last in a transaction, never goes back."""

    __tablename__ = "space_counter"

    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Membership(Base):
    """Somebody takes part. Leaving removes the row."""

    __tablename__ = "membership"

    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(10))
    """lead, supporter, member or observer."""
    quality: Mapped[str] = mapped_column(String(60), default="")
    """A word that fits, if one likes: "Flinke Fatma"."""
    joined_at: Mapped[datetime] = mapped_column(Utc)
    welcome: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether they like to be welcomed: for two weeks their name stands with the trekkers."""


class Departure(Base):
    """Somebody left: what they wrote stays readable to themself for a while."""

    __tablename__ = "departure"

    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    left_at: Mapped[datetime] = mapped_column(Utc, index=True)


class Knock(Base):
    """Somebody asks to come in."""

    __tablename__ = "knock"

    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    message: Mapped[str] = mapped_column(String(300), default="")
    welcome: Mapped[bool] = mapped_column(default=True, server_default=true())
    knocked_at: Mapped[datetime] = mapped_column(Utc)


class Door(Base):
    """A place in an LMS course. It opens a space once somebody who teaches there, or leads one, has chosen it."""

    __tablename__ = "door"
    __table_args__ = (UniqueConstraint("platform_id", "context_id", "resource_link_id"),)

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    """The organisation of the LMS, not of the space."""
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"))
    context_id: Mapped[str] = mapped_column(String(255), default="")
    resource_link_id: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(300), default="")
    context_title: Mapped[str] = mapped_column(String(300), default="")
    space_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("space.id", ondelete="SET NULL"), index=True)
    lets_in: Mapped[bool] = mapped_column(default=False)
    """Whoever comes through may join with one click, also where the space is closed to others."""
    opened_by: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    found_at: Mapped[datetime] = mapped_column(Utc)
    copy_of: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("space.id", ondelete="SET NULL"), index=True)
    """The link is a copy of one to this space, and its teacher did not say yet what they want with it."""
    shut: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A trekker took the door away: what the link says opens no space by itself any more."""


class PlacedLink(Base):
    """A link that was picked for a course. Its key stands in the link; whoever comes by it first opens the door."""

    __tablename__ = "placed_link"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    """The organisation of the LMS, not of the space."""
    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    context_id: Mapped[str] = mapped_column(String(255), default="")
    """The course it was picked for. In another one it is a copy."""
    context_title: Mapped[str] = mapped_column(String(300), default="")
    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"), index=True)
    lets_in: Mapped[bool] = mapped_column(default=False)
    placed_by: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    placed_at: Mapped[datetime] = mapped_column(Utc)
    door_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("door.id", ondelete="SET NULL"), index=True)
    """The door that it opened. Another link with the same key is a copy."""
    used: Mapped[bool] = mapped_column(default=False)
    """It opens no second door, not even when the first is gone."""


class ContextCopy(Base):
    """The LMS told us that one course is a copy of another."""

    __tablename__ = "context_copy"

    platform_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("platform.id", ondelete="CASCADE"), primary_key=True)
    context_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    origin_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    copied_at: Mapped[datetime] = mapped_column(Utc)


class Passage(Base):
    """Somebody came through a door. Lets them learn that a closed space exists."""

    __tablename__ = "passage"

    door_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("door.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    teaches: Mapped[bool] = mapped_column(default=False)
    """The LMS said, at the last launch, that they teach in that course. It offers to open a door, nothing more."""
    passed_at: Mapped[datetime] = mapped_column(Utc)


register(Space.started_by, OnErase.DETACH, export=("title", "slug", "started_at"))
register(Membership.person_id, OnErase.DELETE, export=("space_id", "role", "quality", "joined_at", "welcome"))
register(Departure.person_id, OnErase.DELETE, export=("space_id", "left_at"))
register(Knock.person_id, OnErase.DELETE, export=("space_id", "message", "knocked_at"))
register(PlacedLink.placed_by, OnErase.DETACH, export=("space_id", "context_id", "placed_at"))
register(Door.opened_by, OnErase.DETACH, export=("title", "context_title"))
register(Passage.person_id, OnErase.DELETE, export=("door_id", "teaches", "passed_at"))
