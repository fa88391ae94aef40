"""Everything that changes a conversation: starting, posting, editing, withdrawing, what was read.

Each is called inside one write transaction. Contents go nowhere but into the conversation's own tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from markupsafe import escape
from sqlalchemy import delete, func, select, update

from lti_tool.activity import operations as activity
from lti_tool.activity.models import Kind as ActivityKind
from lti_tool.conversations import queries, ranges
from lti_tool.conversations.forms import ChangedPost, ChangedStart, NewConversation, NewPost
from lti_tool.conversations.models import Conversation, Draft, Post, ReadMark
from lti_tool.conversations.queries import OwnPost
from lti_tool.db import Session, insert, new_id
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.operations import next_number
from lti_tool.spaces.policy import Action
from lti_tool.web.errors import JoinFirst, NotAllowed, NotFound, Refusal
from lti_tool.web.language import lazy
from lti_tool.web.text import to_html

VISIT = timedelta(minutes=30)
"""Pages opened within this time are one visit."""


class AnswerGone(Refusal):
    """The post that somebody answers was withdrawn, or never was."""

    code, status = "C01", 409
    title = lazy("Dit bericht is er niet meer")
    sentence = lazy("Het bericht waarop je antwoordt, is er niet meer. Plaats je tekst onder het gesprek.")


def start(db: Session, viewer: Viewer, space: SpaceHere, new: NewConversation, *, now: datetime) -> int:
    """Start a conversation with its first post. Returns its number in the space."""
    _may_write(space)
    conversation = Conversation(
        id=new_id(now),
        space_id=space.id,
        kind=new.kind.value,
        title=new.title,
        started_by=viewer.person_id,
        starter_name=viewer.given_name[:300],
        started_at=now,
        last_number=1,
        post_count=1,
        last_post_at=now,
        last_author_id=viewer.person_id,
        last_author_name=viewer.given_name[:300],
    )
    conversation.number = next_number(db, space.id, "conversation")
    db.add(conversation)
    db.flush()
    _write(db, viewer, conversation.id, number=1, root=1, reply_to=None, text=new.text, now=now)
    drop_draft(db, viewer, space, new.kind.value)
    _wrote(db, viewer, space, conversation.id, 1, now)
    return conversation.number


def reply(db: Session, viewer: Viewer, space: SpaceHere, conversation: int, new: NewPost, *, now: datetime) -> int:
    """Write below a conversation, or an answer to one of its posts. Returns the number of the post.

    Raises `NotFound` for an unknown conversation and `AnswerGone` when there is nothing to answer.
    """
    _may_write(space)
    conversation_id = _id(db, space, conversation)
    root = None
    if new.reply_to is not None:
        answered = select(Post.root_number).where(
            Post.conversation_id == conversation_id,
            Post.number == new.reply_to,
            Post.withdrawn_at.is_(None),
            Post.html != "",
        )
        if (root := db.scalar(answered)) is None:
            raise AnswerGone
    # Locks the conversation: the numbers of two posts at the same moment follow each other.
    number = db.scalars(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(
            last_number=Conversation.last_number + 1,
            post_count=Conversation.post_count + 1,
            last_post_at=now,
            last_author_id=viewer.person_id,
            last_author_name=viewer.given_name[:300],
        )
        .returning(Conversation.last_number)
    ).one()
    root = root or number
    _write(db, viewer, conversation_id, number=number, root=root, reply_to=new.reply_to, text=new.text, now=now)
    drop_draft(db, viewer, space, place(conversation, reply=new.reply_to))
    _wrote(db, viewer, space, conversation_id, number, now)
    return number


def edit(db: Session, viewer: Viewer, own: OwnPost, new: ChangedPost, *, now: datetime) -> None:
    """Change one's own post, and the title when it is the first one. Nothing changes when nothing differs."""
    if new.text != own.markdown:
        changed = update(Post).where(Post.id == own.id, Post.author_id == viewer.person_id)
        db.execute(changed.values(markdown=new.text, html=_html(new.text), edited_at=now))
    if isinstance(new, ChangedStart) and own.number == 1:
        db.execute(update(Conversation).where(Conversation.id == own.conversation_id).values(title=new.title))
    _drop(db, viewer, own.space_id, place(own.conversation_number, edit=own.number))


def withdraw(db: Session, viewer: Viewer, own: OwnPost, *, now: datetime) -> None:
    """Take one's own words back: the text and the name leave the row, the number stays so that answers still fit.

    A conversation in which nobody else wrote loses its title too, and leaves the lists.
    """
    gone = update(Post).where(Post.id == own.id, Post.author_id == viewer.person_id, Post.withdrawn_at.is_(None))
    values = {"markdown": "", "html": "", "author_name": "", "author_line": "", "withdrawn_at": now}
    if db.execute(gone.values(**values).returning(Post.id)).first() is None:
        return
    left = (Post.conversation_id == own.conversation_id, Post.withdrawn_at.is_(None))
    count = db.scalar(select(func.count()).where(*left)) or 0
    last = db.execute(
        select(Post.created_at, Post.author_id, Post.author_name).where(*left).order_by(Post.number.desc()).limit(1)
    ).first()
    about: dict[str, object] = {"post_count": count}
    if last:
        about |= {"last_post_at": last[0], "last_author_id": last[1], "last_author_name": last[2]}
    else:
        about |= {"title": "", "last_author_id": None, "last_author_name": ""}
    if own.number == 1:
        about["starter_name"] = ""
    db.execute(update(Conversation).where(Conversation.id == own.conversation_id).values(**about))
    _drop(db, viewer, own.space_id, place(own.conversation_number, edit=own.number))


def see(
    db: Session,
    viewer: Viewer,
    conversation_id: uuid.UUID,
    numbers: Iterable[int],
    *,
    joined_at: datetime | None,
    now: datetime,
) -> None:
    """Note that these posts were shown. What was written before somebody joined counts as seen from the start."""
    mine = (ReadMark.person_id == viewer.person_id, ReadMark.conversation_id == conversation_id)
    mark = db.execute(
        select(ReadMark.seen, ReadMark.seen_at, ReadMark.before_at).where(*mine).with_for_update()
    ).first()
    before_at = None
    if mark:
        seen = ranges.parse(mark.seen)
        before_at = mark.seen_at if now - mark.seen_at > VISIT else mark.before_at
    else:
        earlier = select(func.max(Post.number)).where(Post.conversation_id == conversation_id)
        if joined_at is not None:
            earlier = earlier.where(Post.created_at <= joined_at)
        last = db.scalar(earlier) or 0
        seen = [(1, last)] if last else []
    seen = ranges.join(seen, numbers)
    _mark(db, viewer, [(conversation_id, seen)], now, before_at)


def all_read(db: Session, viewer: Viewer, space: SpaceHere, *, now: datetime) -> None:
    """Everything that counts as new in this space has been read."""
    new = queries.new_conversations(db, viewer, space)
    _mark(db, viewer, [(conversation_id, [(1, last)]) for conversation_id, last in new if last], now, None)


def _mark(
    db: Session,
    viewer: Viewer,
    marks: list[tuple[uuid.UUID, ranges.Ranges]],
    now: datetime,
    before_at: datetime | None,
) -> None:
    if not marks:
        return
    rows = [
        {
            "person_id": viewer.person_id,
            "conversation_id": conversation_id,
            "seen": ranges.write(seen),
            "seen_count": ranges.count(seen),
            "seen_at": now,
            "before_at": before_at,
        }
        for conversation_id, seen in marks
    ]
    upsert = insert(db, ReadMark).values(rows)
    new = upsert.excluded
    upsert = upsert.on_conflict_do_update(
        index_elements=["person_id", "conversation_id"],
        set_={
            "seen": new.seen,
            "seen_count": new.seen_count,
            "seen_at": new.seen_at,
            "before_at": new.before_at,
        },
    )
    db.execute(upsert)


def note_reading(db: Session, viewer: Viewer, space: SpaceHere, *, now: datetime) -> None:
    """Note for the day that the viewer read in this space."""
    _note(db, viewer, space, ActivityKind.READ, now)


def place(conversation: int, *, reply: int | None = None, edit: int | None = None) -> str:
    """The name of a place where one may have a draft."""
    return f"t{conversation}" + (f"r{reply}" if reply else "") + (f"e{edit}" if edit else "")


def drop_draft(db: Session, viewer: Viewer, space: SpaceHere, where: str) -> None:
    """Forget the draft of a place."""
    _drop(db, viewer, space.id, where)


def _drop(db: Session, viewer: Viewer, space_id: uuid.UUID, where: str) -> None:
    mine = (Draft.person_id == viewer.person_id, Draft.space_id == space_id, Draft.place == where)
    db.execute(delete(Draft).where(*mine))


def _may_write(space: SpaceHere) -> None:
    if not space.may(Action.WRITE):
        raise JoinFirst(space=space) if space.may(Action.JOIN) else NotAllowed(space=space)


def _id(db: Session, space: SpaceHere, number: int) -> uuid.UUID:
    found = db.scalar(select(Conversation.id).where(Conversation.space_id == space.id, Conversation.number == number))
    if found is None:
        raise NotFound
    return found


def _write(
    db: Session,
    viewer: Viewer,
    conversation_id: uuid.UUID,
    *,
    number: int,
    root: int,
    reply_to: int | None,
    text: str,
    now: datetime,
) -> None:
    row = {
        "id": new_id(now),
        "conversation_id": conversation_id,
        "number": number,
        "root_number": root,
        "reply_to": reply_to,
        "author_id": viewer.person_id,
        "author_name": viewer.given_name[:300],
        "author_line": ", ".join(word for word in (viewer.profession, viewer.department) if word),
        "markdown": text,
        "html": _html(text),
        "created_at": now,
    }
    db.execute(insert(db, Post).values(**row))


def _html(text: str) -> str:
    # A text of which Markdown shows nothing (`[a]: b`) is shown as it was typed.
    return to_html(text).strip() or f"<p>{escape(text)}</p>"


def _wrote(
    db: Session, viewer: Viewer, space: SpaceHere, conversation_id: uuid.UUID, number: int, now: datetime
) -> None:
    see(db, viewer, conversation_id, [number], joined_at=space.joined_at, now=now)
    _note(db, viewer, space, ActivityKind.WROTE, now)


def _note(db: Session, viewer: Viewer, space: SpaceHere, kind: ActivityKind, now: datetime) -> None:
    activity.note(
        db,
        person_id=viewer.person_id,
        organisation_id=viewer.organisation_id,
        space_id=space.id,
        space_organisation_id=space.organisation_id,
        kind=kind,
        now=now,
        counted=viewer.counted,
    )
