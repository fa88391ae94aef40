"""A course of an LMS that offers its services, with a door to a space, and the queue that asks for them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import responses
from sqlalchemy import select

from lti_tool.db import Database, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.queue import Queue
from lti_tool.lms import roster
from lti_tool.lms.models import LmsCourse, Roster, RosterMember
from lti_tool.lms.operations import CourseServices, note_services
from lti_tool.organisations import keys
from lti_tool.organisations.models import Platform
from lti_tool.people.models import Identity
from lti_tool.settings import Settings
from lti_tool.spaces.models import Door, Passage, Space
from tests.conftest import StandingClock
from tests.world import Somebody, World

RECORDED = Path(__file__).parents[1] / "recordings"
HOME = "https://lms.example"
MEMBERS = f"{HOME}/memberships"
ITEMS = f"{HOME}/2/lineitems?type_id=1"
AGS_SCOPES = tuple(f"https://purl.imsglobal.org/spec/lti-ags/scope/{name}" for name in ("lineitem", "score"))


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


@dataclass
class Course:
    """A course with a link that is a door to a space."""

    world: World
    queue: Queue
    organisation: uuid.UUID
    platform: uuid.UUID
    id: uuid.UUID
    door: uuid.UUID
    space: Space
    lead: Somebody

    @property
    def database(self) -> Database:
        return self.world.database

    def ask(self) -> None:
        """Somebody wants the list read."""
        with self.database.writing() as db:
            roster.ask(db, self.id, self.platform, now=self.world.clock())

    def read(self) -> None:
        """The list is read, now."""
        self.ask()
        self.queue.run_due()

    @property
    def roster(self) -> Roster:
        with self.database.reading() as db:
            return db.scalars(select(Roster).where(Roster.course_id == self.id)).one()

    @property
    def members(self) -> list[RosterMember]:
        with self.database.reading() as db:
            return list(db.scalars(select(RosterMember).where(RosterMember.course_id == self.id)))

    def set_platform(self, **values: Any) -> None:
        with self.database.writing() as db:
            platform = db.get_one(Platform, self.platform)
            for name, value in values.items():
                setattr(platform, name, value)

    def comes(self, subject: str, name: str = "", *, teaches: bool = False, joins: bool = False) -> Somebody:
        """Somebody of the course opens its link, and perhaps takes part."""
        who = self.world.somebody(self.organisation, name or f"Collega {subject}")
        now = self.world.clock()
        with self.database.writing() as db:
            db.add(Identity(id=new_id(now), platform_id=self.platform, subject=subject, person_id=who.id))
            db.add(Passage(door_id=self.door, person_id=who.id, teaches=teaches, passed_at=now))
        if joins:
            self.world.member(self.space, who)
        return who


@pytest.fixture
def course(world: World, database: Database, settings: Settings, clock: StandingClock) -> Course:
    organisation = world.organisation()
    lead = world.somebody(organisation, "Olivia Trekker")
    space = world.space(lead)
    now = clock()
    with database.writing() as db:
        keys.ensure_key(db, Cipher(settings.encryption_key), now=now)
        platform = Platform(
            id=new_id(now), organisation_id=organisation, name="Leerplein", issuer=HOME, client_id="1",
            auth_url=f"{HOME}/auth", token_url=f"{HOME}/token", jwks_url=f"{HOME}/jwks", product="moodle",
            created_at=now, key_fetches=[],
        )  # fmt: skip
        db.add(platform)
        db.flush()
        door = Door(
            id=new_id(now), organisation_id=organisation, platform_id=platform.id, context_id="2",
            resource_link_id="1", title="Leerruimte wondzorg", context_title="Wondzorg 2026", space_id=space.id,
            found_at=now,
        )  # fmt: skip
        db.add(door)
        offered = CourseServices(memberships_url=MEMBERS, lineitems_url=ITEMS, scopes=AGS_SCOPES)
        note_services(db, platform.id, "2", "1", offered, now=now)
        course_id = db.scalars(select(LmsCourse.id)).one()
    queue = Queue(database, settings, clock)
    return Course(world, queue, organisation, platform.id, course_id, door.id, space, lead)


@pytest.fixture
def lms() -> Iterator[responses.RequestsMock]:
    """The LMS, as far as a test says; it always gives tokens."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{HOME}/token", json={"access_token": "t1", "token_type": "Bearer", "expires_in": 3600})
        yield mock


def page(*subjects: object, roles: tuple[str, ...] = ("Learner",), **more: Any) -> dict[str, Any]:
    """A page of members."""
    members = [{"status": "Active", "roles": list(roles), "user_id": str(one), **more} for one in subjects]
    return {"id": MEMBERS, "context": {"id": "2"}, "members": members}


def onward(url: str) -> dict[str, str]:
    """The header that names the next page."""
    return {"Link": f'<{url}>; rel="next"'}


@pytest.fixture
def confirming(course: Course) -> Course:
    """A course whose admin lets grades through, of a space whose trekker switched it on."""
    course.set_platform(grades=True)
    course.lead.post(f"/s/{course.space.slug}/confirming", on="yes")
    return course


@pytest.fixture
def fatma(confirming: Course) -> Somebody:
    return confirming.comes("12", "Fatma Yilmaz", joins=True)
