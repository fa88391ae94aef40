"""Everything that reads about conversations, always for a viewer. No query here grows with the size of a space.

Statements are made once and kept: making one costs more than asking it.
"""

from __future__ import annotations

import functools
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from lti_tool.conversations import ranges
from lti_tool.conversations.models import Conversation, Kind, Post, ReadMark
from lti_tool.db import Id, Session, Utc
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


_ME = bindparam("me", type_=Id())
_SPACE = bindparam("space", type_=Id())
_JOINED = bindparam("joined_at", type_=Utc())
_CONVERSATION = bindparam("conversation", type_=Id())
_Found = Select[*tuple[Any, ...]]


def _values(viewer: Viewer, space: SpaceHere) -> dict[str, object]:
    return {"me": viewer.person_id, "space": space.id, "joined_at": space.joined_at}


def _seen_before(joined: bool) -> ColumnElement[int]:
    """How many posts of a conversation that was never opened count as seen: those from before one joined.

    For somebody who does not take part nothing counts as new until they open it.
    """
    if not joined:
        return Conversation.last_number.expression
    earlier = (
        select(func.count())
        .where(Post.conversation_id == Conversation.id, Post.created_at <= _JOINED)
        .correlate(Conversation)
        .scalar_subquery()
    )
    return case(
        (Conversation.started_at > _JOINED, 0),
        (Conversation.last_post_at <= _JOINED, Conversation.last_number),
        else_=earlier,
    )


def _mark() -> ColumnElement[bool]:
    return and_(ReadMark.conversation_id == Conversation.id, ReadMark.person_id == _ME)


def _listed(joined: bool) -> _Found:
    new = Conversation.last_number - func.coalesce(ReadMark.seen_count, _seen_before(joined))
    return (
        select(
            Conversation.id, Conversation.number, Conversation.kind, Conversation.title, Conversation.starter_name,
            Conversation.last_author_name, Conversation.last_post_at, Conversation.post_count, new.label("new"),
        )
        .outerjoin(ReadMark, _mark())
        .where(Conversation.space_id == _SPACE, Conversation.post_count > 0)
        .order_by(Conversation.last_post_at.desc(), Conversation.number.desc())
    )  # fmt: skip


@functools.cache
def _list(joined: bool, show: str, older: bool) -> _Found:
    query = _listed(joined).limit(SCREEN + 1)
    if show == "experiences":
        query = query.where(Conversation.kind == Kind.EXPERIENCE.value)
    elif show in {"questions", "unanswered"}:
        query = query.where(Conversation.kind == Kind.QUESTION.value)
    if show == "unanswered":
        query = query.where(Conversation.post_count == 1)
    if older:
        last = tuple_(bindparam("last_at", type_=Utc()), bindparam("last_number", type_=Integer()))
        query = query.where(tuple_(Conversation.last_post_at, Conversation.number) < last)
    return query


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
    values = _values(viewer, space)
    if before:
        values |= {"last_at": before[0], "last_number": before[1]}
    statement = _list(space.joined_at is not None, show, before is not None)
    found = [Listed(*row) for row in db.execute(statement, values)]
    return found[:SCREEN], len(found) > SCREEN


@functools.cache
def _latest(joined: bool, most: int) -> _Found:
    recent = _listed(joined).limit(RECENT).subquery()
    new_first = case((recent.c.new > 0, 0), else_=1)
    return select(recent).order_by(new_first, recent.c.last_post_at.desc(), recent.c.number.desc()).limit(most)


def latest(db: Session, viewer: Viewer, space: SpaceHere, *, most: int = 5) -> list[Listed]:
    """The conversations that the start of a space shows: with something new first, then the last ones that moved."""
    statement = _latest(space.joined_at is not None, most)
    return [Listed(*row) for row in db.execute(statement, _values(viewer, space))]


@functools.cache
def _new(joined: bool) -> _Found:
    recent = _listed(joined).add_columns(Conversation.last_number).limit(RECENT).subquery()
    return select(recent.c.id, recent.c.last_number).where(recent.c.new > 0)


@functools.cache
def _count(joined: bool) -> Select[int]:
    return select(func.count()).select_from(_new(joined).subquery())


def count_new(db: Session, viewer: Viewer, space: SpaceHere) -> int:
    """In how many conversations of a space there is something new."""
    return db.scalar(_count(space.joined_at is not None), _values(viewer, space)) or 0


def new_conversations(db: Session, viewer: Viewer, space: SpaceHere) -> list[tuple[uuid.UUID, int]]:
    """Id and last number of the conversations with something new."""
    found = db.execute(_new(space.joined_at is not None), _values(viewer, space))
    return [(conversation_id, last) for conversation_id, last in found]


@functools.cache
def _conversation(joined: bool) -> _Found:
    root = select(Post.root_number).where(
        Post.conversation_id == Conversation.id, Post.number == bindparam("anchor", type_=Integer())
    )
    unopened = case((ReadMark.seen.is_(None), _seen_before(joined)), else_=0)
    return (
        select(
            Conversation.id, Conversation.number, Conversation.kind, Conversation.title, Conversation.started_by,
            Conversation.started_at, Conversation.last_number, Conversation.post_count,
            ReadMark.seen, ReadMark.seen_at, ReadMark.before_at,
            unopened.label("earlier"), root.scalar_subquery().label("anchor_root"),
        )
        .outerjoin(ReadMark, _mark())
        .where(Conversation.space_id == _SPACE, Conversation.number == bindparam("number"))
    )  # fmt: skip


def conversation(
    db: Session, viewer: Viewer, space: SpaceHere, number: int, *, anchor: int | None = None
) -> ConversationHere | None:
    """A conversation with what the viewer saw of it, and where the post `anchor` stands."""
    values = {**_values(viewer, space), "number": number, "anchor": anchor or 0}
    row = db.execute(_conversation(space.joined_at is not None), values).first()
    if row is None:
        return None
    found = row._asdict()
    seen, earlier = found.pop("seen"), found.pop("earlier")
    before: ranges.Ranges = [(1, earlier)] if earlier else []
    return ConversationHere(**found, seen=before if seen is None else ranges.parse(seen), opened=seen is not None)


@functools.cache
def _posts(side: str, most: int) -> _Found | CompoundSelect[*tuple[Any, ...]]:
    # The chip "trekker" says what somebody is now, the other words what they were when writing.
    now_role = and_(Membership.space_id == _SPACE, Membership.person_id == Post.author_id)
    query = (
        select(
            Post.number, Post.root_number, Post.reply_to, Post.author_id, Post.author_name, Post.author_line, Post.html,
            Post.created_at, Post.edited_at, Post.withdrawn_at, Membership.role,
        )
        .outerjoin(Membership, now_role)
        .where(Post.conversation_id == _CONVERSATION)
    )  # fmt: skip
    order = (Post.root_number, Post.number)
    if not side:
        return query.order_by(*order).limit(most + 1)
    place = tuple_(*order)
    named = tuple_(bindparam("root", type_=Integer()), bindparam("anchor", type_=Integer()))
    earlier = query.where(place < named).order_by(Post.root_number.desc(), Post.number.desc())
    if side == "before":
        return earlier.limit(most + 1)
    if side == "after":
        return query.where(place > named).order_by(*order).limit(most + 1)
    later = query.where(place >= named).order_by(*order).limit(most - BEFORE + 1)
    return union_all(select(earlier.limit(BEFORE + 1).subquery()), select(later.subquery()))


def posts(
    db: Session,
    space: SpaceHere,
    here: ConversationHere,
    *,
    anchor: int | None = None,
    side: str = "",
    most: int = SCREEN,
) -> Window:
    """Some posts in display order: the first ones, or `after`, `before` or around (no side) the post `anchor`."""
    values: dict[str, object] = {"space": space.id, "conversation": here.id}
    if anchor is None or here.anchor_root is None:
        rows = list(db.execute(_posts("", most), values))
        return Window(rows[:most], False, len(rows) > most)
    values |= {"root": here.anchor_root, "anchor": anchor}
    rows = list(db.execute(_posts(side or "around", most), values))
    if side == "before":
        return Window(rows[:most][::-1], len(rows) > most, True)
    if side == "after":
        return Window(rows[:most], True, len(rows) > most)
    rows.sort(key=lambda row: (row.root_number, row.number))
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
