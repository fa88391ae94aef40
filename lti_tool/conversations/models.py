"""Conversations, their posts, what each reader has seen, and drafts."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.db import Base, Id, Utc
from lti_tool.db.personal_data import OnErase, register


class Kind(enum.StrEnum):
    """What a conversation begins with."""

    QUESTION = "question"
    EXPERIENCE = "experience"


class Conversation(Base):
    """A numbered conversation of a space. What a list shows stands in the row itself, so a list is one query."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("space_id", "number"),
        Index("ix_conversation_list", "space_id", "last_post_at", "number"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    space_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("space.id", ondelete="CASCADE"))
    number: Mapped[int]
    """Per space, never reused."""
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    """Empty when its starter took it back."""
    started_by: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    starter_name: Mapped[str] = mapped_column(String(300), default="")
    started_at: Mapped[datetime] = mapped_column(Utc)
    last_number: Mapped[int]
    """The highest number given to a post."""
    post_count: Mapped[int]
    """Posts that are not withdrawn; a conversation without any is in no list."""
    last_post_at: Mapped[datetime] = mapped_column(Utc)
    last_author_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"), index=True)
    last_author_name: Mapped[str] = mapped_column(String(300), default="")


class Post(Base):
    """A numbered post. Shown in the order of (root_number, number): a root with everything below it."""

    __tablename__ = "post"
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        Index("ix_post_display", "conversation_id", "root_number", "number"),
        Index("ix_post_time", "conversation_id", "created_at"),
        Index("ix_post_author", "author_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Id, primary_key=True)
    conversation_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("conversation.id", ondelete="CASCADE"))
    number: Mapped[int]
    root_number: Mapped[int]
    """Its own number for a post of the first level; of the second level the post it stands below."""
    reply_to: Mapped[int | None]
    """Number of the post it answers, which may itself be on the second level."""
    author_id: Mapped[uuid.UUID | None] = mapped_column(Id, ForeignKey("person.id"))
    author_name: Mapped[str] = mapped_column(String(300), default="")
    """As it was when writing; empty when the LMS gave none, and after withdrawing."""
    author_line: Mapped[str] = mapped_column(String(410), default="")
    """Profession and department as they were when writing."""
    markdown: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    """Sanitised, made when written."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    edited_at: Mapped[datetime | None] = mapped_column(Utc)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Utc)


class ReadMark(Base):
    """What somebody has seen of a conversation they opened."""

    __tablename__ = "read_mark"

    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seen: Mapped[str] = mapped_column(Text)
    """Numbers of posts as ranges: `1-20 480`."""
    seen_count: Mapped[int]
    """How many numbers that are, so that a list needs no arithmetic."""
    seen_at: Mapped[datetime] = mapped_column(Utc)
    before_at: Mapped[datetime | None] = mapped_column(Utc)
    """The visit before the one of `seen_at`: "new since"."""


class Draft(Base):
    """What somebody was writing, one per place. Never in the browser: a ward PC is shared."""

    __tablename__ = "draft"

    person_id: Mapped[uuid.UUID] = mapped_column(Id, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    space_id: Mapped[uuid.UUID] = mapped_column(
        Id, ForeignKey("space.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[str] = mapped_column(String(40), primary_key=True)
    """`question`, `experience` (a new conversation), `t12` (below conversation 12), `t12r4` (an answer to its post 4),
    `t12e4` (changing post 4)."""
    conversation: Mapped[int] = mapped_column(default=0)
    """Number of the conversation; 0 for a new one."""
    title: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    saved_at: Mapped[datetime] = mapped_column(Utc, index=True)


_TAKEN_BACK = {"starter_name": "", "title": ""}
register(
    Conversation.started_by,
    OnErase.DETACH,
    export=("number", "kind", "title", "started_at"),
    blank=_TAKEN_BACK,
)
register(Conversation.last_author_id, OnErase.DETACH, blank={"last_author_name": ""})
register(
    Post.author_id,
    OnErase.DETACH,
    export=(
        "conversation_id",
        "number",
        "author_name",
        "author_line",
        "markdown",
        "created_at",
        "edited_at",
        "withdrawn_at",
    ),
    # Without a text a post is shown as withdrawn; that it was there keeps the answers to it readable.
    blank={"author_name": "", "author_line": "", "markdown": "", "html": ""},
)
register(ReadMark.person_id, OnErase.DELETE, export=("conversation_id", "seen", "seen_at"))
register(Draft.person_id, OnErase.DELETE, export=("place", "title", "text", "saved_at"))
