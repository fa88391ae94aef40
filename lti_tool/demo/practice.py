"""The Oefenziekenhuis: an LMS without Leerkring, in which whoever tries it connects Leerkring themselves.

What happens in it (tools, courses, links, grades) is kept in memory, as long as the demo runs.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from connectors.http import ConnectorError, Http, json_of
from lti_tool.demo.content import FOLDER
from lti_tool.demo.platform import Enrolled, Link, Platform, Room, Tool, Visit
from lti_tool.demo.shapes import ADMINISTRATOR, INSTRUCTOR, LEARNER, Course, User

PRODUCTS = {"moodle": "Moodle", "canvas": "Canvas"}
_ROLES = {"learner": (LEARNER,), "teacher": (INSTRUCTOR,), "admin": (ADMINISTRATOR,)}
_MOST = 1_000_000


class _Piece(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PracticePerson(_Piece):
    """Somebody with an account in this LMS."""

    key: str
    name: str
    number: str
    role: Literal["learner", "teacher", "admin"]
    does: str

    @property
    def user(self) -> User:
        """Their account."""
        given, _, family = self.name.partition(" ")
        email = f"{self.key}@oefenziekenhuis.example"
        return User(self.key, self.name, given, family, email, self.number)


class PracticeCourse(_Piece):
    """A course that is there at the beginning."""

    key: str
    title: str
    label: str
    intro: str


class FirstSpace(_Piece):
    """The space that there is to look at and to put in a course, before anybody began one."""

    title: str
    what_for: str
    question: str
    text: str


class PracticeWorld(_Piece):
    """Who and what is there at the beginning."""

    slug: str
    name: str
    host: str
    """Who began the first space."""
    more: tuple[str, ...]
    """Names of further learners."""
    space: FirstSpace
    people: tuple[PracticePerson, ...] = Field(alias="person")
    courses: tuple[PracticeCourse, ...] = Field(alias="course")

    @property
    def everybody(self) -> tuple[PracticePerson, ...]:
        """Also those whom nobody walks in as."""
        rest = (
            PracticePerson(key=f"cursist-{number}", name=name, number=f"OZ{100 + number}", role="learner", does="")
            for number, name in enumerate(self.more, 1)
        )
        return (*self.people, *rest)

    def person(self, key: str) -> PracticePerson | None:
        """By key."""
        return next((person for person in self.everybody if person.key == key), None)

    def first(self, role: str) -> PracticePerson:
        """The first person with this role."""
        return next(person for person in self.people if person.role == role)


@functools.cache
def world() -> PracticeWorld:
    """Read it, once."""
    return PracticeWorld.model_validate(tomllib.loads((FOLDER / "practice.toml").read_text(encoding="utf-8")))


class Letters(Protocol):
    """What Leerkring sends to the hospital outside of the LMS: by post, so to speak."""

    def code(self) -> str:
        """A new one-use code for registering."""

    def sign_in(self) -> str:
        """A new one-time address that opens the organisation's console."""


@dataclass
class Practice:
    """The LMS at work."""

    platform: Platform
    register_url: str
    letters: Letters
    intros: dict[str, str] = field(default_factory=dict)
    """What a course is about, by course."""

    def room(self, key: str) -> Room | None:
        """A course."""
        return self.platform.rooms.get(key)

    def switch_product(self, product: str) -> None:
        """Behave like another LMS, and begin anew: tools, links and copied courses are gone."""
        platform = self.platform
        platform.product = product
        platform.tools.clear()
        platform.handlers.clear()
        platform.rooms.clear()
        platform.rooms.update(_rooms())

    def activate(self, client_id: str) -> None:
        """The admin switches a tool on."""
        self.platform.tools[client_id] = replace(self.platform.tools[client_id], active=True)

    def remove(self, client_id: str) -> None:
        """The admin throws a tool away. Its links stay and lead nowhere, as in Moodle."""
        self.platform.tools.pop(client_id, None)

    @property
    def tool(self) -> Tool | None:
        """The tool that courses use: the last one that is on."""
        return next((tool for tool in reversed(self.platform.tools.values()) if tool.active), None)

    def visit(self, person: PracticePerson, room: Room, link: Link) -> Visit | None:
        """Somebody opens a link; None when no tool is on."""
        if self.tool is None:
            return None
        back = f"{self.platform.issuer}/cursus/{room.course.id}"
        return Visit(self.tool, person.user, room.course, link, _ROLES[person.role], back)

    def menu_visit(self, person: PracticePerson, room: Room | None) -> Visit | None:
        """Somebody opens the tool in the menu of a course, or of the whole account (None), as Canvas has them."""
        spot = "course_navigation" if room else "account_navigation"
        if self.tool is None or spot not in self.tool.spots:
            return None
        place = room.course if room else Course("account-1", world().name, kind="Account")
        link = Link(place.id, place.title, custom=self.tool.spots[spot])
        return Visit(self.tool, person.user, place, link, _ROLES[person.role], placement=spot)

    def pick(self, person: PracticePerson, room: Room) -> Visit | None:
        """A teacher picks contents; None when no tool is on."""
        if self.tool is None:
            return None
        return self.platform.pickings.begin(self.tool, person.user, _ROLES[person.role], room)

    def copy(self, key: str) -> Room:
        """Copy a course for the next group."""
        rooms, base = self.platform.rooms, key.split("_")[0]
        number = next(n for n in range(2, _MOST) if f"{base}_{n}" not in rooms)
        title = f"{rooms[base].course.title} (groep {number})"
        self.intros[f"{base}_{number}"] = self.intros[key]
        return self.platform.copy_course(key, f"{base}_{number}", title)

    def enrol(self, room: Room, key: str, *, inside: bool) -> None:
        """Take a learner into a course, or out of it."""
        person = world().person(key)
        others = [one for one in room.people if one.user.subject != key]
        if person and person.role == "learner":
            room.people = [*others, Enrolled(person.user, _ROLES["learner"])] if inside else others


def make(origin: str, tool: str, letters: Letters, *, fetch: Callable[[str], Any] | None = None) -> Practice:
    """The LMS at its beginning. `origin` and `tool` are addresses without a slash; `fetch` reads JSON of the tool."""
    begin = world()
    platform = Platform(
        f"{origin}/{begin.slug}",
        name=begin.name,
        product="moodle",
        fetch_json=fetch or fetch_json,
        send_json=send_json,
    )
    platform.rooms.update(_rooms())
    intros = {course.key: course.intro for course in begin.courses}
    return Practice(platform, f"{tool}/lti/register", letters, intros)


def _rooms() -> dict[str, Room]:
    people, courses = world().everybody, world().courses
    everybody = [Enrolled(person.user, _ROLES[person.role]) for person in people if person.role != "admin"]
    return {one.key: Room(Course(one.key, one.title, one.label), list(everybody)) for one in courses}


def _here(ip: str) -> bool:
    return ipaddress.ip_address(ip.partition("%")[0]).is_loopback


def fetch_json(url: str) -> Any:
    """Read JSON on this machine, as the LMS reads a tool's key set. Raises `ValueError`."""
    try:
        return json_of(Http(address_guard=_here).get(url))
    except ConnectorError as error:
        raise ValueError(f"{url} can't be read: {type(error).__name__}") from None


def send_json(url: str, body: Any) -> None:
    """Post JSON once, as the LMS sends a notice. Canvas does not try again either."""
    with contextlib.suppress(ConnectorError):
        Http(address_guard=_here).post(url, json=body)
