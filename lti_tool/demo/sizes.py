"""`leerkring seed`: made-up people and conversations in one organisation, to see how a full space feels."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_tool.conversations import operations as conversations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.db import Session, new_id
from lti_tool.demo import content
from lti_tool.people.models import Person
from lti_tool.people.viewer import of_person
from lti_tool.spaces import access
from lti_tool.spaces import operations as spaces
from lti_tool.spaces.models import Membership
from lti_tool.spaces.policy import Level, Standing


@dataclass(frozen=True)
class Size:
    """How much is made: `longest` is one conversation more, of so many posts."""

    people: int
    conversations: int
    posts: int
    longest: int


SIZES = {"small": Size(20, 10, 5, 30), "medium": Size(60, 50, 20, 500), "large": Size(1000, 400, 20, 1000)}


@dataclass(frozen=True)
class Made:
    """What was made, and the address of the space it is in."""

    space: str
    people: int
    conversations: int
    posts: int


def seed(db: Session, organisation_id: uuid.UUID, size: Size, *, now: datetime) -> Made:
    """Make an open space with people who talk in it. Made-up people are test users: nothing counts them."""
    people = _people(db, organisation_id, size.people, now)
    began = now - timedelta(days=60)
    viewers = [of_person(db, person, now=now) for person in people]
    texts = itertools.cycle(
        [post.body for space in content.load().spaces for c in space.conversations for post in c.posts]
    )
    titles = itertools.cycle([c.title for space in content.load().spaces for c in space.conversations])
    space = spaces.start(
        db,
        viewers[0],
        title="Proefruimte",
        what_for="Om te zien hoe een volle ruimte voelt.",
        level=Level.OPEN,
        now=began,
    )
    for person in people[1:]:
        db.add(Membership(space_id=space.id, person_id=person, role=Standing.MEMBER.value, quality="", joined_at=began))
    db.flush()
    here = [access.find(db, viewer, space.slug, now=began) for viewer in viewers]
    writers = itertools.cycle([(viewer, place) for viewer, place in zip(viewers, here, strict=True) if place])
    lengths = [*[size.posts] * size.conversations, size.longest]
    step = timedelta(days=59) / sum(lengths)
    moments = (began + step * number for number in itertools.count(1))
    for length in lengths:
        viewer, place = next(writers)
        start = NewConversation(kind="question", title=next(titles), text=next(texts))
        number = conversations.start(db, viewer, place, start, now=next(moments))
        for post in range(2, length + 1):
            viewer, place = next(writers)
            answered = post // 2 if post % 3 == 0 else None
            conversations.reply(
                db, viewer, place, number, NewPost(text=next(texts), reply_to=answered), now=next(moments)
            )
    return Made(space.slug, len(people), len(lengths), sum(lengths))


def _people(db: Session, organisation_id: uuid.UUID, many: int, now: datetime) -> list[uuid.UUID]:
    names = [row.name for rows in content.load().staff.values() for row in rows]
    made = []
    for number in range(many):
        name = names[number % len(names)] + (f" {number // len(names) + 1}" if number >= len(names) else "")
        person = Person(
            id=new_id(now), organisation_id=organisation_id, name=name, created_at=now, arrived_at=now, is_test=True
        )
        db.add(person)
        made.append(person.id)
    db.flush()
    return made
