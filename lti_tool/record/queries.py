"""Everything that reads a portfolio, for its own person; and the sums that the report may have of it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, extract, select, union

from lti_tool.conversations.models import Conversation, Kind
from lti_tool.conversations.own import Contribution, own_contributions
from lti_tool.db import Session
from lti_tool.people.viewer import Viewer
from lti_tool.record.models import FormalRecord, Moment, MomentKind, Share, SkippedSuggestion
from lti_tool.record.operations import HR, SUGGEST_FOR
from lti_tool.spaces import access
from lti_tool.spaces.policy import Action
from lti_tool.web.language import local

_SOURCE = re.compile(r"conversation:([0-9a-f]{32})")


@dataclass(frozen=True)
class OwnMoment:
    """A moment as its learner sees it."""

    id: uuid.UUID
    kind: MomentKind
    title: str
    happened_on: date
    minutes: int
    learned: str
    plan: str
    shared_at: datetime | None
    """When it was shared with HR; None: nobody else sees it."""


@dataclass(frozen=True)
class FormalResult:
    """A formal record as the person it is about sees it."""

    title: str
    provider: str
    accreditor: str
    points: Decimal
    hours: Decimal
    category: str
    completed_on: date
    certificate: str


@dataclass(frozen=True)
class Suggestion:
    """Something the learner did and may want to keep. It is not theirs until they take it."""

    source: str
    title: str
    """Of the conversation; empty when its starter took it back."""
    kind: MomentKind
    asked: bool
    """They asked the question; otherwise they thought along."""
    first_day: date
    last_day: date


def moments(db: Session, viewer: Viewer, year: int | None = None) -> list[OwnMoment]:
    """One's own moments, of a year or all, the last first."""
    query = _moments(viewer)
    if year is not None:
        query = query.where(Moment.happened_on.between(date(year, 1, 1), date(year, 12, 31)))
    return [_moment(row) for row in db.execute(query)]


def shared(db: Session, viewer: Viewer) -> list[OwnMoment]:
    """One's own moments that are shared with HR, the last first."""
    return [_moment(row) for row in db.execute(_moments(viewer).where(Share.moment_id.is_not(None)))]


def moment(db: Session, viewer: Viewer, moment_id: uuid.UUID) -> OwnMoment | None:
    """One's own moment; None for somebody else's and for one that never was."""
    row = db.execute(_moments(viewer).where(Moment.id == moment_id)).first()
    return _moment(row) if row else None


def moment_from(db: Session, viewer: Viewer, source: str) -> uuid.UUID | None:
    """The moment that was taken from this suggestion."""
    return db.scalar(select(Moment.id).where(Moment.person_id == viewer.person_id, Moment.source == source))


def formal_results(db: Session, viewer: Viewer, year: int | None = None) -> list[FormalResult]:
    """One's own formal records, of a year or all, the last first. Empty for who is in no staff list."""
    if viewer.staff_id is None:
        return []
    names = FormalResult.__dataclass_fields__
    query = (
        select(*(getattr(FormalRecord, name) for name in names))
        .where(FormalRecord.staff_id == viewer.staff_id)
        .order_by(FormalRecord.completed_on.desc(), FormalRecord.title)
    )
    if year is not None:
        query = query.where(FormalRecord.completed_on.between(date(year, 1, 1), date(year, 12, 31)))
    return [FormalResult(*row) for row in db.execute(query)]


def years(db: Session, viewer: Viewer) -> list[int]:
    """The years in which the viewer has moments or formal records, the last first."""
    own = select(extract("year", Moment.happened_on)).where(Moment.person_id == viewer.person_id)
    theirs = FormalRecord.staff_id == viewer.staff_id
    both = union(own, select(extract("year", FormalRecord.completed_on)).where(theirs))
    return sorted({int(year) for year in db.scalars(both)}, reverse=True)


def suggestions(db: Session, viewer: Viewer, now: datetime) -> list[Suggestion]:
    """What the learner did in the last twelve months, and neither took nor skipped; the last first."""
    taken = select(Moment.source).where(Moment.person_id == viewer.person_id, Moment.source.is_not(None))
    skipped = select(SkippedSuggestion.source).where(SkippedSuggestion.person_id == viewer.person_id)
    done = set(db.scalars(union(taken, skipped)))
    found = own_contributions(db, viewer, now - SUGGEST_FOR)
    return [_suggestion(one) for one in found if source_of(one.conversation_id) not in done]


def suggestion_of(db: Session, viewer: Viewer, conversation_id: uuid.UUID, now: datetime) -> Suggestion | None:
    """What the viewer may keep of one conversation, also when they only read it; None when they may not."""
    for one in own_contributions(db, viewer, now - SUGGEST_FOR):
        if one.conversation_id == conversation_id:
            return _suggestion(one)
    where = select(Conversation.space_id, Conversation.title).where(
        Conversation.id == conversation_id, Conversation.post_count > 0
    )
    row = db.execute(where).first()
    space = access.find_by_id(db, viewer, row.space_id, now=now) if row else None
    if row is None or space is None or not space.may(Action.READ):
        return None
    today = local(now).date()
    return Suggestion(source_of(conversation_id), row.title, MomentKind.READ, False, today, today)


def source_of(conversation_id: uuid.UUID) -> str:
    """The key of the suggestion that a conversation gives."""
    return f"conversation:{conversation_id.hex}"


def conversation_of(source: str) -> uuid.UUID | None:
    """The conversation that a suggestion's key names; None for anything else."""
    found = _SOURCE.fullmatch(source)
    return uuid.UUID(found[1]) if found else None


def _moments(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Moment.id, Moment.kind, Moment.title, Moment.happened_on, Moment.minutes, Moment.learned,
            Moment.plan, Share.shared_at,
        )
        .outerjoin(Share, (Share.moment_id == Moment.id) & (Share.receiver == HR))
        .where(Moment.person_id == viewer.person_id)
        .order_by(Moment.happened_on.desc(), Moment.id.desc())
    )  # fmt: skip


def _moment(row: Row[*tuple[Any, ...]]) -> OwnMoment:
    return OwnMoment(**{**row._asdict(), "kind": MomentKind(row.kind)})


def _suggestion(one: Contribution) -> Suggestion:
    asked = one.is_starter and one.kind == Kind.QUESTION
    return Suggestion(
        source_of(one.conversation_id), one.title, MomentKind.TOOK_PART, asked, one.first_day, one.last_day
    )
