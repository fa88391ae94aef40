"""Drafts: what somebody was writing, kept on the server until it is posted, or 60 days."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, delete, select

from lti_tool.conversations.forms import LARGEST_NUMBER
from lti_tool.conversations.models import Conversation, Draft, Kind
from lti_tool.db import Id, Session, insert
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.web.errors import NotFound

KEEP = timedelta(days=60)
LONGEST = 100_000
"""Characters that are kept: more than a post may have, so that a text that is too long is not lost either."""
_PLACE = re.compile(r"t([1-9][0-9]{0,9})(?:([re])([1-9][0-9]{0,9}))?")


@dataclass(frozen=True)
class Kept:
    """A draft."""

    place: str
    title: str
    text: str
    saved_at: datetime

    @property
    def reply(self) -> int | None:
        """Number of the post that it answers."""
        found = _PLACE.fullmatch(self.place)
        return int(found[3]) if found and found[2] == "r" else None


def save(
    db: Session,
    viewer: Viewer,
    space: SpaceHere,
    place: str,
    *,
    title: str = "",
    text: str = "",
    now: datetime,
) -> bool:
    """Keep what is being written at a place; an empty text forgets it. Returns whether there is something kept.

    Raises `NotFound` for a place that isn't there.
    """
    conversation = _conversation(db, space, place)
    if not (title.strip() or text.strip()):
        mine = (Draft.person_id == viewer.person_id, Draft.space_id == space.id, Draft.place == place)
        db.execute(delete(Draft).where(*mine))
        return False
    # PostgreSQL refuses the character 0 in a text.
    title, text = (value.replace("\0", "")[:LONGEST] for value in (title, text))
    values = {"conversation": conversation, "title": title, "text": text, "saved_at": now}
    row = insert(db, Draft).values(person_id=viewer.person_id, space_id=space.id, place=place, **values)
    db.execute(row.on_conflict_do_update(index_elements=["person_id", "space_id", "place"], set_=values))
    return True


@functools.cache
def _of_conversation() -> Select[str, str, str, datetime]:
    return (
        select(Draft.place, Draft.title, Draft.text, Draft.saved_at)
        .where(
            Draft.person_id == bindparam("me", type_=Id()),
            Draft.space_id == bindparam("space", type_=Id()),
            Draft.conversation == bindparam("number"),
        )
        .order_by(Draft.saved_at.desc())
        .limit(20)
    )


def of_conversation(db: Session, viewer: Viewer, space: SpaceHere, conversation: int) -> dict[str, Kept]:
    """The viewer's drafts in a conversation (0: for new ones), by place, the last one first."""
    values = {"me": viewer.person_id, "space": space.id, "number": conversation}
    return {row.place: Kept(*row) for row in db.execute(_of_conversation(), values)}


def clear(db: Session, now: datetime) -> int:
    """Remove the drafts that nobody touched for 60 days. Returns how many."""
    old = delete(Draft).where(Draft.saved_at < now - KEEP)
    return len(db.execute(old.returning(Draft.person_id)).all())


def _conversation(db: Session, space: SpaceHere, place: str) -> int:
    if place in set(Kind):
        return 0
    found = _PLACE.fullmatch(place)
    if found is None:
        raise NotFound(cause="a draft for a place that can't be")
    number, post = int(found[1]), int(found[3] or 0)
    if number > LARGEST_NUMBER:
        raise NotFound(cause="a draft for a place that can't be")
    here = (Conversation.space_id == space.id, Conversation.number == number)
    last: int | None = db.scalar(select(Conversation.last_number).where(*here))
    if last is None or post > last:
        raise NotFound(cause="a draft for a place that isn't there")
    return number
