"""The made-up world of the practice LMS, as data. `load()` reads it and refuses it when a reference is wrong.

Nobody in it exists. Conversations are dated relative to now; moments and formal records carry real dates.
"""

from __future__ import annotations

import csv
import functools
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FOLDER = Path(__file__).parent
ZONE = ZoneInfo("Europe/Amsterdam")
STAFF_HEADER = "number,name,email,cluster,department,function_family,profession,manager,start,end"
RECORDS_HEADER = "number,title,provider,accreditor,points,hours,category,completed_on,certificate"


class _Piece(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Organisation(_Piece):
    """A tenant. `lms` is what its practice LMS calls itself."""

    slug: str
    name: str
    kind: str
    lms: str


class Network(_Piece):
    """Organisations (slugs) that agreed to work together."""

    slug: str
    name: str
    organisations: tuple[str, ...] = Field(min_length=2)


class Person(_Piece):
    """Somebody who walks in from the practice LMS. A person without a name has no staff number either."""

    key: str
    organisation: str
    role: Literal["learner", "teacher", "admin"]
    """What the LMS says of them in the course."""
    number: str = ""
    name: str = ""
    ward: str = ""
    profession: str = ""
    grant: Literal["", "admin", "hr"] = ""
    """The role that the organisation gives them in Leerkring itself."""
    quality: str = ""
    """An alliterating quality, as leads like to introduce themselves."""
    persona: str = ""
    """Second line in the list of the course page; only the personas have one."""
    persona_does: str = ""


class Post(_Piece):
    """A post. Its number is its place in the conversation, from 1; `body` is Markdown."""

    author: str
    days_ago: int = Field(ge=1)
    """At least one, so that no post lies in the future whatever the hour."""
    at: time
    body: str = Field(min_length=1, max_length=4000)
    reply_to: int | None = None

    def posted_at(self, now: datetime) -> datetime:
        """When it was written, seen from `now` (aware); in the time zone of the hospital."""
        return datetime.combine(now.astimezone(ZONE).date() - timedelta(days=self.days_ago), self.at, ZONE)


class Conversation(_Piece):
    """A conversation; the first post starts it."""

    kind: Literal["question", "experience"]
    title: str = Field(min_length=1, max_length=90)
    posts: tuple[Post, ...] = Field(alias="post", min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Conversation:
        for number, post in enumerate(self.posts, 1):
            if post.reply_to is not None and not 1 <= post.reply_to < number:
                raise ValueError(f"{self.title}: post {number} answers {post.reply_to}, not before it")
        times = [(-post.days_ago, post.at) for post in self.posts]
        if times != sorted(times):
            raise ValueError(f"{self.title}: posts are not in the order of their times")
        return self


class Space(_Piece):
    """A learning space. People are keys, `doors` are titles of courses."""

    slug: str
    title: str
    organisation: str
    level: Literal["open", "knock", "private", "hidden"]
    started_days_ago: int
    theme: str
    why: str
    leads: tuple[str, ...] = Field(min_length=1)
    supporters: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    network: str = ""
    conversations: tuple[Conversation, ...] = Field(alias="conversation")

    @property
    def what_for(self) -> str:
        """Theme and shared why, in one text of a few sentences."""
        return f"{self.theme}. {self.why}"

    @property
    def writers(self) -> frozenset[str]:
        """Who may write here: everybody who joined but the tribune."""
        return frozenset((*self.leads, *self.supporters, *self.members))

    def memberships(self) -> Iterator[tuple[str, Literal["lead", "supporter", "member", "observer"]]]:
        """Each person's key with their level of taking part."""
        yield from ((key, "lead") for key in self.leads)
        yield from ((key, "supporter") for key in self.supporters)
        yield from ((key, "member") for key in self.members)
        yield from ((key, "observer") for key in self.observers)


class Item(_Piece):
    """One line of a course page. A link without a space has not been opened yet."""

    kind: Literal["page", "elearning", "link"]
    title: str
    body: str = ""
    points: int | None = None
    space: str = ""


class Section(_Piece):
    """A part of a course page."""

    title: str
    items: tuple[Item, ...] = Field(alias="item", min_length=1)


class Course(_Piece):
    """A course page of the practice LMS."""

    key: str
    organisation: str
    category: str
    title: str
    sections: tuple[Section, ...] = Field(alias="section", min_length=1)

    @property
    def links(self) -> tuple[Item, ...]:
        """The items that launch Leerkring."""
        return tuple(item for section in self.sections for item in section.items if item.kind == "link")


class Moment(_Piece):
    """A learning moment of somebody's portfolio; `shared` means with HR."""

    person: str
    kind: Literal["read", "took_part", "helped", "tried", "met", "own"]
    date: date
    minutes: int = Field(gt=0, le=480)
    title: str = Field(max_length=90)
    learnt: str
    will_do: str
    shared: bool


class StaffRow(_Piece):
    """A row of a staff file."""

    number: str = Field(min_length=1)
    name: str = Field(min_length=1)
    email: str
    cluster: str
    department: str
    function_family: str
    profession: str
    manager: bool
    start: date
    end: date | None

    @field_validator("manager", mode="before")
    @classmethod
    def _yes(cls, value: object) -> object:
        return {"ja": True, "": False}.get(str(value), value)

    @field_validator("end", mode="before")
    @classmethod
    def _still_here(cls, value: object) -> object:
        return value or None


class RecordRow(_Piece):
    """A row of a file of formal records. Without an accreditor there are hours but no points."""

    number: str
    title: str = Field(min_length=1)
    provider: str
    accreditor: str
    points: float = Field(ge=0)
    hours: float = Field(gt=0)
    category: str
    completed_on: date
    certificate: str


class World(_Piece):
    """All of it. `staff` and `records` go by the slug of the organisation."""

    organisations: tuple[Organisation, ...]
    networks: tuple[Network, ...]
    people: tuple[Person, ...]
    """The personas first, in the order of the course page."""
    spaces: tuple[Space, ...]
    courses: tuple[Course, ...]
    moments: tuple[Moment, ...]
    staff: dict[str, tuple[StaffRow, ...]]
    records: dict[str, tuple[RecordRow, ...]]

    @property
    def personas(self) -> tuple[Person, ...]:
        """Who one can walk in as, in order."""
        return tuple(person for person in self.people if person.persona)

    def person(self, key: str) -> Person:
        """By key; `KeyError` when there is none."""
        return {person.key: person for person in self.people}[key]

    def staff_row(self, person: Person) -> StaffRow | None:
        """The row of the staff file that is theirs."""
        return next((row for row in self.staff[person.organisation] if row.number == person.number), None)

    @model_validator(mode="after")
    def _references(self) -> World:
        faults = [*_faults_of_people(self), *_faults_of_spaces(self), *_faults_of_courses(self)]
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _faults_of_people(world: World) -> Iterator[str]:
    slugs = {organisation.slug for organisation in world.organisations}
    yield from _twice("person", [person.key for person in world.people])
    for network in world.networks:
        yield from (
            f"network {network.slug}: no organisation {slug}" for slug in network.organisations if slug not in slugs
        )
    for person in world.people:
        if person.organisation not in slugs:
            yield f"{person.key}: no organisation {person.organisation}"
        elif bool(person.number) != bool(person.name):
            yield f"{person.key}: a name and a staff number go together"
        elif person.number:
            row = world.staff_row(person)
            if row is None or (row.name, row.profession) != (person.name, person.profession):
                yield f"{person.key}: not so in the staff file"
    keys = {person.key for person in world.people}
    yield from (
        f"moment {moment.title}: no person {moment.person}" for moment in world.moments if moment.person not in keys
    )
    if not set(world.staff) == set(world.records) == slugs:
        yield "every organisation needs one staff file and one file of records"
    for slug in slugs:
        numbers = [row.number for row in world.staff[slug]]
        yield from _twice(f"{slug}: staff number", numbers)
        yield from (
            f"{slug}: record of unknown {row.number}" for row in world.records[slug] if row.number not in numbers
        )


def _faults_of_spaces(world: World) -> Iterator[str]:
    yield from _twice("space", [space.slug for space in world.spaces])
    home = {person.key: person.organisation for person in world.people}
    networks = {network.slug: network.organisations for network in world.networks}
    for space in world.spaces:
        if space.network and space.organisation not in networks.get(space.network, ()):
            yield f"{space.slug}: not an organisation of network {space.network}"
        welcome = {space.organisation, *networks.get(space.network, ())}
        joined = [key for key, _ in space.memberships()]
        yield from _twice(f"{space.slug}: member", joined)
        yield from (f"{space.slug}: {key} cannot be a member" for key in joined if home.get(key) not in welcome)
        for conversation in space.conversations:
            for number, post in enumerate(conversation.posts, 1):
                if post.author not in space.writers:
                    yield f"{space.slug}, {conversation.title}, {number}: {post.author} does not write here"
                if post.days_ago >= space.started_days_ago:
                    yield f"{space.slug}, {conversation.title}, {number}: older than its space"


def _faults_of_courses(world: World) -> Iterator[str]:
    yield from _twice("course", [course.key for course in world.courses])
    links = sorted((item.space, course.title) for course in world.courses for item in course.links if item.space)
    doors = sorted((space.slug, title) for space in world.spaces for title in space.doors)
    if links != doors:
        yield f"links in courses and doors of spaces differ: {set(links) ^ set(doors)}"
    for course in world.courses:
        items = [item for section in course.sections for item in section.items]
        yield from (f"{item.title}: only a link opens a space" for item in items if item.space and item.kind != "link")
        yield from (f"{item.title}: a page needs a text" for item in items if item.kind == "page" and not item.body)


def _twice(what: str, names: list[str]) -> Iterator[str]:
    yield from (f"{what} {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))


def staff_file(organisation: str) -> Path:
    """The staff file of an organisation (slug), fit for `leerkring people import`."""
    return FOLDER / f"staff-{organisation}.csv"


def records_file(organisation: str) -> Path:
    """The formal records of an organisation (slug), fit for `leerkring records import`."""
    return FOLDER / f"records-{organisation}.csv"


@functools.cache
def load() -> World:
    """Read the whole world, once. Raises `pydantic.ValidationError` that names every wrong reference."""
    organisations = _toml("organisations.toml")
    slugs = [row["slug"] for row in organisations["organisation"]]
    return World.model_validate(
        {
            "organisations": organisations["organisation"],
            "networks": organisations["network"],
            "people": _toml("people.toml")["person"],
            "spaces": [_toml(f"spaces/{path.name}") for path in sorted((FOLDER / "spaces").glob("*.toml"))],
            "courses": _toml("courses.toml")["course"],
            "moments": _toml("moments.toml")["moment"],
            "staff": {slug: _csv(staff_file(slug), STAFF_HEADER) for slug in slugs},
            "records": {slug: _csv(records_file(slug), RECORDS_HEADER) for slug in slugs},
        }
    )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def _csv(path: Path, header: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if ",".join(rows.fieldnames or ()) != header:
            raise ValueError(f"{path.name}: the header is not {header}")
        return list(rows)
