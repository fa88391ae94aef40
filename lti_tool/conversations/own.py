"""What somebody wrote themself: their own words, and what other rooms may know of their taking part."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from lti_tool.conversations.models import Conversation, Post, ReadMark
from lti_tool.conversations.queries import OwnPost
from lti_tool.db import Session, Utc
from lti_tool.people.models import Person
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere, is_colleague, reaches, standing_of
from lti_tool.spaces.models import Departure, Membership, Space
from lti_tool.spaces.operations import OWN_WORDS
from lti_tool.spaces.policy import Action, Answer, Level, may
from lti_tool.web.language import local

SCREEN = 30


@dataclass(frozen=True)
class OwnWords:
    """A post of the viewer's own, in whatever space."""

    id: uuid.UUID
    number: int
    html: str
    created_at: datetime
    edited_at: datetime | None
    conversation_number: int
    title: str
    space_slug: str
    space_title: str
    readable: bool
    """Whether the viewer may read the conversation it stands in."""


@dataclass(frozen=True)
class Contribution:
    """Somebody's own part in a conversation."""

    conversation_id: uuid.UUID
    space_id: uuid.UUID
    space_slug: str
    number: int
    title: str
    kind: str
    first_day: date
    last_day: date
    posts: int
    is_starter: bool


@dataclass(frozen=True)
class Opened:
    """A conversation that somebody read."""

    conversation_id: uuid.UUID
    space_id: uuid.UUID
    space_slug: str
    number: int
    title: str
    kind: str
    last_day: date


def _own() -> Select[*tuple[Any, ...]]:
    others = aliased(Post)
    company = exists().where(
        others.conversation_id == Post.conversation_id,
        others.withdrawn_at.is_(None),
        or_(others.author_id != Post.author_id, others.author_id.is_(None)),
    )
    return (
        select(
            Post.id, Post.conversation_id, Conversation.number, Conversation.space_id, Conversation.title,
            Post.number, Post.markdown, Post.created_at, ~company,
        )
        .join(Conversation, Conversation.id == Post.conversation_id)
        .where(Post.withdrawn_at.is_(None))
    )  # fmt: skip


def post_in(db: Session, viewer: Viewer, space: SpaceHere, conversation: int, number: int) -> OwnPost | None:
    """A post of the viewer's own in a space, by its numbers; None for any other."""
    query = _own().where(
        Conversation.space_id == space.id,
        Conversation.number == conversation,
        Post.number == number,
        Post.author_id == viewer.person_id,
    )
    row = db.execute(query).first()
    return OwnPost(*row) if row else None


def post_by_id(db: Session, viewer: Viewer, post_id: uuid.UUID) -> OwnPost | None:
    """A post of the viewer's own, also in a space they left; None for any other."""
    row = db.execute(_own().where(Post.id == post_id, Post.author_id == viewer.person_id)).first()
    return OwnPost(*row) if row else None


def words(
    db: Session, viewer: Viewer, *, before: uuid.UUID | None = None, now: datetime
) -> tuple[list[OwnWords], bool]:
    """A screen of the viewer's own posts, the last first, and whether there are older ones.

    Those in spaces they take part in, or left less than 90 days ago, or may read.
    """
    left = exists().where(
        Departure.space_id == Space.id, Departure.person_id == viewer.person_id, Departure.left_at > now - OWN_WORDS
    )
    open_to_them = and_(Space.level == Level.OPEN.value, is_colleague(viewer))
    mine = and_(Membership.space_id == Space.id, Membership.person_id == viewer.person_id)
    query = (
        select(
            Post.id, Post.number, Post.html, Post.created_at, Post.edited_at,
            Conversation.number.label("conversation_number"), Conversation.title,
            Space.slug.label("space_slug"), Space.title.label("space_title"),
            Space.level, Membership.role, is_colleague(viewer).label("colleague"),
        )
        .join(Conversation, Conversation.id == Post.conversation_id)
        .join(Space, Space.id == Conversation.space_id)
        .outerjoin(Membership, mine)
        .where(
            Post.author_id == viewer.person_id,
            Post.withdrawn_at.is_(None),
            or_(Membership.person_id.is_not(None), left, open_to_them),
        )
        .order_by(Post.id.desc())
        .limit(SCREEN + 1)
    )  # fmt: skip
    if before is not None:
        query = query.where(Post.id < before)
    rows = list(db.execute(query))
    return [_words(viewer, row) for row in rows[:SCREEN]], len(rows) > SCREEN


def _words(viewer: Viewer, row: Any) -> OwnWords:
    standing = standing_of(viewer, row.role, row.colleague)
    readable = may(Action.READ, standing, Level(row.level)) is Answer.YES
    own = dict(zip(OwnWords.__annotations__, row, strict=False))
    # A title is somebody's words too, and may have changed since they left.
    title = row.title if readable else ""
    return OwnWords(**{**own, "title": title, "readable": readable})


def own_contributions(db: Session, viewer: Viewer, since: datetime) -> list[Contribution]:
    """In which conversations the viewer wrote since a moment, the last first; only of those they may read now.

    Withdrawn posts are not counted.
    """
    mine = and_(Membership.space_id == Space.id, Membership.person_id == viewer.person_id)
    query = (
        select(
            Conversation.id, Space.id, Space.slug, Conversation.number, Conversation.title, Conversation.kind,
            func.min(Post.created_at, type_=Utc()), func.max(Post.created_at, type_=Utc()),
            func.count(), Conversation.started_by == viewer.person_id,
            Space.level, Membership.role, is_colleague(viewer),
        )
        .join(Conversation, Conversation.id == Post.conversation_id)
        .join(Space, Space.id == Conversation.space_id)
        .outerjoin(Membership, mine)
        .where(Post.author_id == viewer.person_id, Post.withdrawn_at.is_(None), Post.created_at >= since)
        .group_by(Conversation.id, Space.id, Membership.role)
        .order_by(func.max(Post.created_at).desc(), Conversation.id)
    )  # fmt: skip
    return [
        Contribution(*row[:6], local(row[6]).date(), local(row[7]).date(), row[8], bool(row[9]))
        for row in db.execute(query)
        if may(Action.READ, standing_of(viewer, row[11], row[12]), Level(row[10])) is Answer.YES
    ]


def opened(db: Session, person_id: uuid.UUID, since: datetime) -> list[Opened]:
    """Which conversations somebody read since a moment, the last first; only of spaces they take part in."""
    query = (
        select(
            Conversation.id, Space.id, Space.slug, Conversation.number, Conversation.title, Conversation.kind,
            ReadMark.seen_at,
        )
        .join(Conversation, Conversation.id == ReadMark.conversation_id)
        .join(Space, Space.id == Conversation.space_id)
        .join(Membership, and_(Membership.space_id == Space.id, Membership.person_id == person_id))
        .join(Person, Person.id == Membership.person_id)
        .where(
            ReadMark.person_id == person_id,
            ReadMark.seen_at >= since,
            Conversation.post_count > 0,
            reaches(Person.organisation_id),
        )
        .order_by(ReadMark.seen_at.desc(), Conversation.id)
        .limit(200)
    )  # fmt: skip
    return [Opened(*row[:6], local(row[6]).date()) for row in db.execute(query)]
