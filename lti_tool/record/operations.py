"""Everything that changes a portfolio. Only its own person can; nobody else learns that anything happened."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from lti_tool.db import Session, insert, new_id
from lti_tool.people.viewer import Viewer
from lti_tool.record.models import Moment, MomentKind, Share, SkippedSuggestion
from lti_tool.web.errors import NotFound, Refusal
from lti_tool.web.language import lazy
from lti_tool.web.text import one_line, tidy

HR = "hr"
SUGGEST_FOR = timedelta(days=365)
"""How long activity is suggested, and how long a skipped suggestion is remembered."""


class AlreadyThere(Refusal):
    """This suggestion was taken before, perhaps in another tab."""

    code, status = "P01", 409
    title = lazy("Dit leermoment heb je al")
    sentence = lazy("Dit staat al in je portfolio. Wat je hier typte, is niet bewaard.")

    def __init__(self, moment_id: uuid.UUID) -> None:
        super().__init__(cause="a suggestion taken twice")
        self.moment_id = moment_id


class NotCounted(Refusal):
    """Somebody who looks round as a learner, or a test user, wants to share."""

    code, status = "P02", 409
    title = lazy("Delen kan nu niet")
    sentence = lazy("Je bent hier als testgebruiker of om rond te kijken. Daarom telt delen niet mee.")


@dataclass(frozen=True)
class What:
    """What the learner says of one moment."""

    kind: MomentKind
    title: str
    happened_on: date
    minutes: int
    learned: str = ""
    plan: str = ""

    def values(self) -> dict[str, object]:
        """As they are stored."""
        texts = {"title": one_line(self.title), "learned": tidy(self.learned), "plan": tidy(self.plan)}
        return {**asdict(self), "kind": self.kind.value, **texts}


def add(db: Session, viewer: Viewer, what: What, *, source: str | None = None, now: datetime) -> uuid.UUID:
    """Keep a moment, perhaps taken from a suggestion. Returns its id. Raises `AlreadyThere`."""
    owner = {"person_id": viewer.person_id, "organisation_id": viewer.organisation_id}
    times = {"created_at": now, "changed_at": now}
    row = insert(db, Moment).values(id=new_id(now), source=source, **owner, **what.values(), **times)
    made: uuid.UUID | None = db.scalar(row.on_conflict_do_nothing().returning(Moment.id))
    if made is None:
        before = select(Moment.id).where(Moment.person_id == viewer.person_id, Moment.source == source)
        raise AlreadyThere(db.scalars(before).one())
    return made


def change(db: Session, viewer: Viewer, moment_id: uuid.UUID, what: What, *, now: datetime) -> None:
    """Change one's own moment. Raises `NotFound`, also for somebody else's."""
    changed = update(Moment).where(*_own(viewer, moment_id)).values(**what.values(), changed_at=now)
    if db.execute(changed.returning(Moment.id)).first() is None:
        raise NotFound


def remove(db: Session, viewer: Viewer, moment_id: uuid.UUID, *, now: datetime) -> None:
    """Delete one's own moment and its share; its suggestion stays away. Raises `NotFound`."""
    gone = delete(Moment).where(*_own(viewer, moment_id)).returning(Moment.id, Moment.source)
    row = db.execute(gone).first()
    if row is None:
        raise NotFound
    if row.source:
        skip(db, viewer, [row.source], now=now)


def share(db: Session, viewer: Viewer, moment_id: uuid.UUID, *, now: datetime) -> None:
    """Let one's own moment count in HR's group figures. Raises `NotFound`, `NotCounted`."""
    _must_be_own(db, viewer, moment_id)
    if not viewer.counted:
        raise NotCounted
    row = insert(db, Share).values(moment_id=moment_id, receiver=HR, shared_at=now)
    db.execute(row.on_conflict_do_nothing())


def withdraw(db: Session, viewer: Viewer, moment_id: uuid.UUID) -> None:
    """Take a share back: the row is gone, and nothing tells that it was there. Raises `NotFound`."""
    _must_be_own(db, viewer, moment_id)
    db.execute(delete(Share).where(Share.moment_id == moment_id, Share.receiver == HR))


def skip(db: Session, viewer: Viewer, sources: Iterable[str], *, now: datetime) -> None:
    """Don't suggest these again."""
    rows = [{"person_id": viewer.person_id, "source": source, "skipped_at": now} for source in sources]
    if rows:
        db.execute(insert(db, SkippedSuggestion).values(rows).on_conflict_do_nothing())


def forget_skipped(db: Session, now: datetime) -> None:
    """Forget what was skipped before anything that may still be suggested."""
    db.execute(delete(SkippedSuggestion).where(SkippedSuggestion.skipped_at < now - SUGGEST_FOR))


def _own(viewer: Viewer, moment_id: uuid.UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Moment.id == moment_id, Moment.person_id == viewer.person_id


def _must_be_own(db: Session, viewer: Viewer, moment_id: uuid.UUID) -> None:
    if db.scalar(select(Moment.id).where(*_own(viewer, moment_id))) is None:
        raise NotFound
