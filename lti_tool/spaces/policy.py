"""Who may see and do what in a space: `access.md` as code, and nothing else. Pure, so a test can ask every case."""

from __future__ import annotations

import enum


class Level(enum.StrEnum):
    """How open a space is."""

    OPEN = "open"
    KNOCK = "knock"
    PRIVATE = "private"
    HIDDEN = "hidden"


class Standing(enum.StrEnum):
    """What somebody is to a space. A role in an LMS makes nobody more than a colleague."""

    STRANGER = "stranger"
    OUTSIDER = "outsider"
    COLLEAGUE = "colleague"
    OFFICE = "office"
    """A colleague to whom the organisation gave a role (admin, HR, officer), not a member."""
    OBSERVER = "observer"
    MEMBER = "member"
    SUPPORTER = "supporter"
    LEAD = "lead"


class Action(enum.StrEnum):
    """What one may want."""

    LEARN = "learn that it exists"
    CHARTER = "charter, trekkers"
    MEMBERS = "list of members"
    READ = "conversations: read"
    WRITE = "conversations: write"
    MODERATE = "move and split threads, pin, welcome, answer the report queue"
    LEAD = "settings, level, doors, mirror, roles, closing"
    JOIN = "join"
    """One click: an open space, or one whose door lets in."""
    KNOCK = "knock"
    LEAVE = "leave"
    OWN = "own words: edit, withdraw"


class Answer(enum.Enum):
    """What the policy says."""

    YES = "yes"
    NO = "no"
    JOIN_FIRST = "join first"


_A = Action
_TAKING_PART = frozenset({_A.LEARN, _A.CHARTER, _A.MEMBERS, _A.READ, _A.WRITE, _A.LEAVE, _A.OWN})
_INSIDE = {
    Standing.MEMBER: _TAKING_PART,
    Standing.SUPPORTER: _TAKING_PART | {_A.MODERATE},
    Standing.LEAD: _TAKING_PART | {_A.MODERATE, _A.LEAD},
}
_EXISTS = frozenset({_A.LEARN, _A.CHARTER})


def allowed(
    standing: Standing, level: Level, *, through_door: bool = False, lets_in: bool = False
) -> frozenset[Action]:
    """All that somebody may do. `through_door`: they came by a door of this space; `lets_in`: one that lets in."""
    if standing in _INSIDE:
        return _INSIDE[standing]
    if standing is Standing.OBSERVER:
        # May become a member by the same way as a colleague; own words remain from when they were one.
        own = _EXISTS | {_A.LEAVE, _A.OWN}
        if level is Level.OPEN:
            return own | {_A.READ, _A.JOIN}
        if lets_in:
            return own | {_A.JOIN}
        return own | {_A.KNOCK} if level is Level.KNOCK else own
    if standing not in {Standing.COLLEAGUE, Standing.OFFICE}:
        return frozenset()
    joining = {_A.JOIN} if level is Level.OPEN or (through_door and lets_in) else set()
    match level:
        case Level.OPEN if standing is Standing.COLLEAGUE:
            return _EXISTS | {_A.MEMBERS, _A.READ} | joining
        case Level.OPEN:
            return _EXISTS | joining
        case Level.KNOCK:
            return _EXISTS | (joining or {_A.KNOCK})
        case _:
            return _EXISTS | joining if through_door else frozenset()


def may(
    action: Action, standing: Standing, level: Level, *, through_door: bool = False, lets_in: bool = False
) -> Answer:
    """Yes, no, or "join first" for a colleague who wants to write where one click lets them in."""
    can = allowed(standing, level, through_door=through_door, lets_in=lets_in)
    if action in can:
        return Answer.YES
    if action is _A.WRITE and _A.READ in can and _A.JOIN in can:
        return Answer.JOIN_FIRST
    return Answer.NO
