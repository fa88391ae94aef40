"""Everything that reads about conversations, always for a viewer. No query here grows with the size of a space."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select, tuple_, union_all

from lti_tool.conversations import ranges
from lti_tool.conversations.models import Conversation, Kind, Post, ReadMark
from lti_tool.db import Session
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import Membership

SCREEN = 20
"""Posts of a first screen, and conversations of a list."""
BEFORE = 5
"""Of these, how many stand before the post that an address names."""
RECENT = 200
"""So many conversations of a space, the last ones that moved, are looked at for what is new."""


@dataclass(frozen=True)
class Listed:
    """A conversation in a list."""

    id: uuid.UUID
    number: int
    kind: str
    title: str
    starter_name: str
    last_author_name: str
    last_post_at: datetime
    post_count: int
    new: int
    """Posts the viewer has not seen."""


@dataclass(frozen=True)
class ConversationHere:
    """A conversation as one viewer opens it."""

    id: uuid.UUID
    number: int
    kind: str
    title: str
    started_by: uuid.UUID | None
    started_at: datetime
    last_number: int
    post_count: int
    seen: ranges.Ranges
    """What the viewer saw before this page."""
    opened: bool
    """Whether they were here before."""
    seen_at: datetime | None
    """When they last saw something new."""
    before_at: datetime | None
    """The visit before that one."""
    anchor_root: int | None
    """The root of the post that the address names; None when there is no such post."""

    @property
    def new(self) -> int:
        """Posts the viewer has not seen."""
        return self.last_number - ranges.count(self.seen)


@dataclass(frozen=True)
class Window:
    """Some posts in the order of display, and whether there are more on either side."""

    rows: list[Row[*tuple[Any, ...]]] = field(default_factory=list)
    before: bool = False
    after: bool = False


@dataclass(frozen=True)
class OwnPost:
    """A post of the viewer's own."""

    id: uuid.UUID
    conversation_id: uuid.UUID
    conversation_number: int
    space_id: uuid.UUID
    title: str
    number: int
    markdown: str
    created_at: datetime
    alone: bool
    """Nobody else wrote in the conversation (and stayed)."""


def _seen_before(space: SpaceHere) -> ColumnElement[int]:
    """How many posts of a conversation that was never opened count as seen: those from before one joined.

    For somebody who does not take part nothing counts as new until they open it.
    """
    if space.joined_at is None:
        return Conversation.last_number.expression
    earlier = (
        select(func.count())
        .where(Post.conversation_id == Conversation.id, Post.created_at <= space.joined_at)
        .correlate(Conversation)
        .scalar_subquery()
    )
    return case(
        (Conversation.started_at > space.joined_at, 0),
        (Conversation.last_post_at <= space.joined_at, Conversation.last_number),
        else_=earlier,
    )


def _mark(viewer: Viewer) -> ColumnElement[bool]:
    return and_(ReadMark.conversation_id == Conversation.id, ReadMark.person_id == viewer.person_id)


def _listed(viewer: Viewer, space: SpaceHere) -> Select[*tuple[Any, ...]]:
    new = Conversation.last_number - func.coalesce(ReadMark.seen_count, _seen_before(space))
    return (
        select(
            Conversation.id, Conversation.number, Conversation.kind, Conversation.title, Conversation.starter_name,
            Conversation.last_author_name, Conversation.last_post_at, Conversation.post_count, new.label("new"),
        )
        .outerjoin(ReadMark, _mark(viewer))
        .where(Conversation.space_id == space.id, Conversation.post_count > 0)
        .order_by(Conversation.last_post_at.desc(), Conversation.number.desc())
    )  # fmt: skip


def conversations(
    db: Session,
    viewer: Viewer,
    space: SpaceHere,
    *,
    show: str = "all",
    before: tuple[datetime, int] | None = None,
) -> tuple[list[Listed], bool]:
    """A screen of the conversations of a space, the last ones that moved first, and whether there are older ones.

    `show`: all, questions, experiences or unanswered; `before`: last_post_at and number of the last one shown.
    """
    query = _listed(viewer, space).limit(SCREEN + 1)
    if show == "experiences":
        query = query.where(Conversation.kind == Kind.EXPERIENCE.value)
    elif show in {"questions", "unanswered"}:
        query = query.where(Conversation.kind == Kind.QUESTION.value)
    if show == "unanswered":
        query = query.where(Conversation.post_count == 1)
    if before:
        here = tuple_(Conversation.last_post_at, Conversation.number)
        query = query.where(here < tuple_(literal(before[0], Conversation.last_post_at.type), literal(before[1])))
    found = [Listed(*row) for row in db.execute(query)]
    return found[:SCREEN], len(found) > SCREEN


def latest(db: Session, viewer: Viewer, space: SpaceHere, *, most: int = 5) -> list[Listed]:
    """The conversations that the start of a space shows: with something new first, then the last ones that moved."""
    recent = _listed(viewer, space).limit(RECENT).subquery()
    new_first = case((recent.c.new > 0, 0), else_=1)
    query = select(recent).order_by(new_first, recent.c.last_post_at.desc(), recent.c.number.desc()).limit(most)
    return [Listed(*row) for row in db.execute(query)]


def count_new(db: Session, viewer: Viewer, space: SpaceHere) -> int:
    """In how many conversations of a space there is something new."""
    recent = _listed(viewer, space).limit(RECENT).subquery()
    return db.scalar(select(func.count()).select_from(recent).where(recent.c.new > 0)) or 0


def new_conversations(db: Session, viewer: Viewer, space: SpaceHere) -> list[tuple[uuid.UUID, int]]:
    """Id and last number of the conversations with something new."""
    recent = _listed(viewer, space).add_columns(Conversation.last_number).limit(RECENT).subquery()
    return [(row.id, row.last_number) for row in db.execute(select(recent).where(recent.c.new > 0))]


def conversation(
    db: Session, viewer: Viewer, space: SpaceHere, number: int, *, anchor: int | None = None
) -> ConversationHere | None:
    """A conversation with what the viewer saw of it, and where the post `anchor` stands."""
    root = select(Post.root_number).where(Post.conversation_id == Conversation.id, Post.number == (anchor or 0))
    unopened = case((ReadMark.seen.is_(None), _seen_before(space)), else_=0)
    query = (
        select(
            Conversation.id, Conversation.number, Conversation.kind, Conversation.title, Conversation.started_by,
            Conversation.started_at, Conversation.last_number, Conversation.post_count,
            ReadMark.seen, ReadMark.seen_at, ReadMark.before_at, unopened.label("earlier"),
            (root.scalar_subquery() if anchor else literal(None)).label("anchor_root"),
        )
        .outerjoin(ReadMark, _mark(viewer))
        .where(Conversation.space_id == space.id, Conversation.number == number)
    )  # fmt: skip
    row = db.execute(query).first()
    if row is None:
        return None
    earlier: ranges.Ranges = [(1, row.earlier)] if row.earlier else []
    return ConversationHere(
        *row[:8],
        seen=earlier if row.seen is None else ranges.parse(row.seen),
        opened=row.seen is not None,
        seen_at=row.seen_at,
        before_at=row.before_at,
        anchor_root=row.anchor_root,
    )


def _posts(space: SpaceHere, conversation_id: uuid.UUID) -> Select[*tuple[Any, ...]]:
    # The chip "trekker" says what somebody is now, the other words what they were when writing.
    now_role = and_(Membership.space_id == space.id, Membership.person_id == Post.author_id)
    return (
        select(
            Post.number, Post.root_number, Post.reply_to, Post.author_id, Post.author_name, Post.author_line, Post.html,
            Post.created_at, Post.edited_at, Post.withdrawn_at, Membership.role,
        )
        .outerjoin(Membership, now_role)
        .where(Post.conversation_id == conversation_id)
    )  # fmt: skip


def posts(
    db: Session,
    space: SpaceHere,
    here: ConversationHere,
    *,
    anchor: int | None = None,
    side: str = "",
    most: int = SCREEN,
) -> Window:
    """Some posts in display order: the first ones, or `after`, `before` or `around` the post `anchor`."""
    query, order = _posts(space, here.id), (Post.root_number, Post.number)
    if anchor is None or here.anchor_root is None:
        rows = list(db.execute(query.order_by(*order).limit(most + 1)))
        return Window(rows[:most], False, len(rows) > most)
    place, named = tuple_(*order), tuple_(literal(here.anchor_root), literal(anchor))
    earlier = query.where(place < named).order_by(Post.root_number.desc(), Post.number.desc())
    if side == "before":
        rows = list(db.execute(earlier.limit(most + 1)))
        return Window(rows[:most][::-1], len(rows) > most, True)
    if side == "after":
        rows = list(db.execute(query.where(place > named).order_by(*order).limit(most + 1)))
        return Window(rows[:most], True, len(rows) > most)
    later = query.where(place >= named).order_by(*order).limit(most - BEFORE + 1).subquery()
    both = union_all(select(earlier.limit(BEFORE + 1).subquery()), select(later))
    rows = sorted(db.execute(both), key=lambda row: (row.root_number, row.number))
    at = next(i for i, row in enumerate(rows) if row.number == anchor)
    more_before, more_after = at > BEFORE, len(rows) - at > most - BEFORE
    return Window(rows[1 if more_before else 0 : -1 if more_after else None], more_before, more_after)


def first_new(db: Session, here: ConversationHere) -> int | None:
    """The number of the first post, in display order, that the viewer has not seen."""
    missing = ranges.gaps(here.seen, here.last_number)[:50]
    if not missing:
        return None
    unseen = or_(*(Post.number.between(first, last) for first, last in missing))
    query = select(Post.number).where(Post.conversation_id == here.id, unseen)
    return db.scalar(query.order_by(Post.root_number, Post.number).limit(1))


def answered(db: Session, here: ConversationHere, number: int) -> Row[*tuple[Any, ...]] | None:
    """The post that somebody wants to answer: author_name, and whether it is there; None for an unknown one."""
    query = select(Post.author_name, Post.withdrawn_at, Post.html)
    return db.execute(query.where(Post.conversation_id == here.id, Post.number == number)).first()


def search(db: Session, here: ConversationHere, words: str, *, most: int = 50) -> list[Row[*tuple[Any, ...]]]:
    """The posts of a conversation in which these words stand, in order: number, author_name, created_at, markdown."""
    query = (
        select(Post.number, Post.author_name, Post.created_at, Post.markdown)
        .where(
            Post.conversation_id == here.id,
            Post.withdrawn_at.is_(None),
            or_(
                Post.markdown.icontains(words, autoescape=True),
                Post.author_name.icontains(words, autoescape=True),
            ),
        )
        .order_by(Post.root_number, Post.number)
        .limit(most)
    )
    return list(db.execute(query))
