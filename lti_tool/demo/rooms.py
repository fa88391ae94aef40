"""What a platform knows of a course: who takes part, its links, its gradebook, and what it was copied from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lti_tool.demo.shapes import INSTRUCTOR, LEARNER, Course, Link, User


@dataclass(frozen=True)
class Enrolled:
    """Somebody in a course, with their roles there."""

    user: User
    roles: tuple[str, ...] = (LEARNER,)

    @property
    def learns(self) -> bool:
        """Whether grades are kept for them."""
        return LEARNER in self.roles

    @property
    def teaches(self) -> bool:
        """Whether they may change the course."""
        return INSTRUCTOR in self.roles


@dataclass
class Score:
    """What the gradebook holds of one learner. `given` is scaled to the maximum of the line; None: nothing final."""

    given: float | None
    at: datetime
    comment: str = ""
    progress: str = ""


@dataclass
class LineItem:
    """A column of the gradebook."""

    number: int
    label: str
    maximum: float
    resource_id: str = ""
    tag: str = ""
    link_id: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    """Echoed to who made it and not stored, as Moodle does with its start and end."""
    scores: dict[str, Score] = field(default_factory=dict)
    """By `User.subject`."""


@dataclass
class Room:
    """A course at work."""

    course: Course
    people: Sequence[Enrolled] = ()
    links: list[Link] = field(default_factory=list)
    items: dict[int, LineItem] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    """The courses that this one was copied from, the latest first."""
    _numbers: int = 0

    def number(self) -> int:
        """The next number of this course, for a link or a line."""
        self._numbers += 1
        return self._numbers

    def link(self, link_id: str) -> Link | None:
        """By id."""
        return next((link for link in self.links if link.id == link_id), None)

    def enrolled(self, subject: str) -> Enrolled | None:
        """Somebody of this course, by `User.subject`."""
        return next((one for one in self.people if one.user.subject == subject), None)

    def items_of(self, link_id: str) -> Iterator[LineItem]:
        """The lines that belong to a link."""
        return (item for item in self.items.values() if item.link_id == link_id)

    def copy(self, key: str, title: str) -> Room:
        """A new course with the same links and people and an empty gradebook, as an LMS makes for the next group.
        The links keep their custom fields and get ids of their own."""
        made = Room(Course(key, title, self.course.label), self.people, history=(self.course.id, *self.history))
        for link in self.links:
            made.links.append(replace(link, id=f"{key}-{made.number()}", history=(link.id, *link.history)))
        return made
