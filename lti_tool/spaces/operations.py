"""Everything that changes a space: starting, joining, knocking, leaving, settings. Doors stand in `doors.py`."""

from __future__ import annotations

import re
import secrets
import unicodedata
import uuid
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.organisations.models import NetworkMember
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import Counter, Departure, Knock, Membership, Space
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.web.errors import NotAllowed, NotFound, Refusal
from lti_tool.web.language import lazy
from lti_tool.web.text import one_line, tidy, to_html

OWN_WORDS = timedelta(days=90)
"""How long what one wrote stays readable to oneself after leaving."""
RESERVED = frozenset({"new"})


class LastLead(Refusal):
    """The last trekker wants to leave."""

    code, status = "S01", 409
    title = lazy("Jij bent de enige trekker")
    sentence = lazy("Maak eerst iemand anders trekker. Dan kun je weggaan.")


def start(
    db: Session,
    viewer: Viewer,
    *,
    title: str,
    what_for: str,
    level: Level,
    network_id: uuid.UUID | None = None,
    now: datetime,
) -> Space:
    """Start a space; its starter is its first trekker. A taken slug gets a silent suffix.

    Raises `NotAllowed` for a network that the viewer's organisation is not in.
    """
    agreed = (NetworkMember.network_id == network_id, NetworkMember.organisation_id == viewer.organisation_id)
    if network_id is not None and db.scalar(select(NetworkMember.network_id).where(*agreed)) is None:
        raise NotAllowed(cause="a network of other organisations")
    title, what_for = one_line(title), tidy(what_for)
    space = Space(
        id=new_id(now),
        organisation_id=viewer.organisation_id,
        network_id=network_id,
        slug=free_slug(db, title, level),
        title=title,
        what_for=what_for,
        what_for_html=to_html(what_for),
        level=level.value,
        started_by=viewer.person_id,
        started_at=now,
    )
    db.add(space)
    db.flush()
    db.add(Membership(space_id=space.id, person_id=viewer.person_id, role=Standing.LEAD.value, joined_at=now))
    db.flush()
    return space


def free_slug(db: Session, title: str, level: Level) -> str:
    """A readable address for a title, not taken yet. The suffix tells nothing about who has the other.

    A closed space never takes the plain one: whoever started a space with the same title would see that it is taken.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "ruimte"
    if level in {Level.PRIVATE, Level.HIDDEN}:
        return f"{slug}-{secrets.token_hex(4)}"
    taken = set(db.scalars(select(Space.slug).where(Space.slug.like(f"{slug}%")))) | RESERVED
    if slug not in taken:
        return slug
    return next(name for name in (f"{slug}-{n}" for n in range(2, len(taken) + 3)) if name not in taken)


def next_number(db: Session, space_id: uuid.UUID, kind: str) -> int:
    """The next number of a kind of thing in a space. Locks the counter until the transaction ends: take it last."""
    row = insert(db, Counter).values(space_id=space_id, kind=kind, last=1)
    row = row.on_conflict_do_update(index_elements=["space_id", "kind"], set_={"last": Counter.last + 1})
    number = db.scalar(row.returning(Counter.last))
    return int(number or 0)


def join(
    db: Session,
    space: SpaceHere,
    viewer: Viewer,
    *,
    observer: bool = False,
    quality: str = "",
    welcome: bool = True,
    now: datetime,
) -> None:
    """Take part, or watch from the tribune. For a member nothing changes but the quality."""
    if space.standing in {Standing.LEAD, Standing.SUPPORTER, Standing.MEMBER}:
        return
    if not space.may(Action.JOIN):
        raise NotAllowed(space=space)
    role = Standing.OBSERVER if observer else Standing.MEMBER
    values = {"role": role.value, "quality": one_line(quality)[:60], "welcome": welcome}
    row = insert(db, Membership).values(space_id=space.id, person_id=viewer.person_id, joined_at=now, **values)
    db.execute(row.on_conflict_do_update(index_elements=["space_id", "person_id"], set_=values))
    _share(db, space, now)
    db.execute(delete(Knock).where(Knock.space_id == space.id, Knock.person_id == viewer.person_id))


def _share(db: Session, space: SpaceHere, now: datetime) -> None:
    db.execute(update(Space).where(Space.id == space.id, Space.shared_at.is_(None)).values(shared_at=now))


def leave(db: Session, space: SpaceHere, viewer: Viewer, *, now: datetime) -> None:
    """Leave at once, without a reason. Coming again by the same door is possible. Raises `LastLead`."""
    if space.standing is Standing.LEAD and len(_leads(db, space)) < 2 and space.members > 1:
        raise LastLead
    mine = (Membership.space_id == space.id, Membership.person_id == viewer.person_id)
    if db.execute(delete(Membership).where(*mine).returning(Membership.person_id)).first():
        row = insert(db, Departure).values(space_id=space.id, person_id=viewer.person_id, left_at=now)
        db.execute(row.on_conflict_do_update(index_elements=["space_id", "person_id"], set_={"left_at": now}))


def forget_departures(db: Session, now: datetime) -> int:
    """Forget who left more than 90 days ago; then their own words close to them too. Returns how many."""
    old = delete(Departure).where(Departure.left_at <= now - OWN_WORDS)
    return len(db.execute(old.returning(Departure.person_id)).all())


def knock(db: Session, space: SpaceHere, viewer: Viewer, *, message: str, welcome: bool = True, now: datetime) -> None:
    """Ask to come in; asking again changes the message."""
    if not space.may(Action.KNOCK):
        raise NotAllowed(space=space)
    values = {"message": one_line(message)[:300], "welcome": welcome, "knocked_at": now}
    row = insert(db, Knock).values(space_id=space.id, person_id=viewer.person_id, **values)
    db.execute(row.on_conflict_do_update(index_elements=["space_id", "person_id"], set_=values))


def withdraw_knock(db: Session, space: SpaceHere, viewer: Viewer) -> None:
    """Stop asking. Nothing happens when one didn't."""
    db.execute(delete(Knock).where(Knock.space_id == space.id, Knock.person_id == viewer.person_id))


def answer_knock(
    db: Session, space: SpaceHere, viewer: Viewer, person_id: uuid.UUID, *, let_in: bool, now: datetime
) -> None:
    """Let somebody in, or not. Raises `NotFound` when they did not knock (any more)."""
    theirs = (Knock.space_id == space.id, Knock.person_id == person_id)
    knocked = db.execute(delete(Knock).where(*theirs).returning(Knock.welcome)).first()
    if knocked is None:
        raise NotFound
    if let_in:
        row = insert(db, Membership).values(
            space_id=space.id,
            person_id=person_id,
            role=Standing.MEMBER.value,
            quality="",
            welcome=knocked.welcome,
            joined_at=now,
        )
        row = row.on_conflict_do_update(
            index_elements=["space_id", "person_id"],
            set_={"role": Standing.MEMBER.value},
            where=Membership.role == Standing.OBSERVER.value,
        )
        db.execute(row)
        _share(db, space, now)
    trail(db, space, viewer, "spaces.let_in" if let_in else "spaces.turn_away", f"person:{person_id}", now)


def set_role(
    db: Session, space: SpaceHere, viewer: Viewer, person_id: uuid.UUID, role: Standing, *, now: datetime
) -> None:
    """Make a member trekker, supporter or member. The last trekker stays one (`LastLead`)."""
    if role not in {Standing.LEAD, Standing.SUPPORTER, Standing.MEMBER}:
        raise ValueError("not a role of a member")
    if role is not Standing.LEAD and _leads(db, space) == {person_id}:
        raise LastLead
    theirs = (Membership.space_id == space.id, Membership.person_id == person_id, Membership.role != "observer")
    changed = update(Membership).where(*theirs).values(role=role.value)
    if db.execute(changed.returning(Membership.person_id)).first() is None:
        raise NotFound
    trail(db, space, viewer, f"spaces.make_{role.value}", f"person:{person_id}", now)


def _leads(db: Session, space: SpaceHere) -> set[uuid.UUID]:
    """The trekkers, locked: of two who go at the same moment, the second meets a space with one."""
    leads = select(Membership.person_id).where(Membership.space_id == space.id, Membership.role == Standing.LEAD.value)
    return set(db.scalars(leads.order_by(Membership.person_id).with_for_update()))


def change(
    db: Session, space: SpaceHere, viewer: Viewer, *, title: str, what_for: str, level: Level, now: datetime
) -> None:
    """Change what a space is called and for, and how open it is. The address stays.

    Raises `WiderAudience` when more people would read what others wrote here, also those who left: that takes the
    consent of the space, which comes with proposals. A space that was only its starter's may still be opened.
    """
    order = list(Level)
    wider = order.index(level) < order.index(space.level)
    if wider and db.scalar(select(Space.shared_at).where(Space.id == space.id)) is not None:
        raise WiderAudience
    what_for = tidy(what_for)
    values = {"title": one_line(title), "what_for": what_for, "what_for_html": to_html(what_for), "level": level}
    db.execute(update(Space).where(Space.id == space.id).values(**values))
    trail(db, space, viewer, "spaces.change", f"space:{space.id}", now)


class WiderAudience(Refusal):
    """More people would read what was written for few."""

    code, status = "S02", 409
    title = lazy("Meer mensen laten meelezen kan nog niet")
    sentence = lazy("Wat hier staat, is voor minder mensen geschreven. Daarom kan de ruimte wel dichter, niet opener.")


def trail(db: Session, space: SpaceHere, viewer: Viewer, action: str, subject: str, now: datetime) -> None:
    """Note in the audit trail what a trekker or supporter did in their space."""
    audit.note(
        db,
        organisation_id=space.organisation_id,
        actor_id=viewer.person_id,
        action=action,
        subject=subject,
        now=now,
    )
