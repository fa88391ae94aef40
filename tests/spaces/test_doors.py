"""A link in a course opens a space once somebody who teaches there has chosen it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest

from lti_tool.db import Database, new_id
from lti_tool.organisations.models import Platform
from lti_tool.spaces import doors
from lti_tool.spaces.links import Placement
from lti_tool.spaces.policy import Level
from tests.conftest import StandingClock
from tests.spaces.test_spaces_pages import START, role, text
from tests.world import Somebody, World


@dataclass
class Course:
    """A link in a course of an LMS."""

    database: Database
    clock: StandingClock
    organisation: uuid.UUID
    platform: uuid.UUID
    link: str = "link-1"

    def walk_in(self, who: Somebody, *, teaches: bool = False, space: str | None = None) -> str:
        placement = Placement(
            self.organisation, self.platform, "course-1", self.link, "Leer van elkaar", "Basis IC", teaches, space
        )
        with self.database.writing() as db:
            return doors.enter_by_door(db, who.viewer, placement, now=self.clock())


@pytest.fixture
def linde(world: World) -> uuid.UUID:
    return world.organisation()


@pytest.fixture
def course(database: Database, clock: StandingClock, linde: uuid.UUID) -> Course:
    return make_course(database, clock, linde)


def make_course(database: Database, clock: StandingClock, organisation: uuid.UUID, name: str = "moodle") -> Course:
    with database.writing() as db:
        platform = Platform(
            id=new_id(clock()), organisation_id=organisation, name=name, issuer=f"https://{name}.example",
            client_id="1", auth_url="https://lms.example/a", token_url="https://lms.example/t",
            jwks_url="https://lms.example/j", created_at=clock(), key_fetches=[],
        )  # fmt: skip
        db.add(platform)
        return Course(database, clock, organisation, platform.id)


def test_a_learner_who_comes_too_early_gets_a_friendly_page(world: World, course: Course, linde: uuid.UUID) -> None:
    fatma = world.somebody(linde)
    path = course.walk_in(fatma)
    page = fatma.get(path)
    assert page.status_code == 200
    assert "Je docent kiest nog een ruimte" in text(page)
    assert "Basis IC" in text(page)
    assert 'href="/spaces"' in text(page)
    assert fatma.post(path, space="new").status_code == 403


def test_a_teacher_starts_a_space_behind_the_link(
    world: World, course: Course, linde: uuid.UUID, database: Database
) -> None:
    noor, fatma = world.somebody(linde, "Noor de Wit"), world.somebody(linde)
    early = course.walk_in(fatma)
    path = course.walk_in(noor, teaches=True)
    assert "Een nieuwe ruimte" in text(noor.get(path))
    form = noor.post(path, space="new").location
    assert form.startswith("/spaces/new?door=")
    page = text(noor.get(form))
    assert 'value="Leer van elkaar"' in page
    door = path.rsplit("/", 1)[1]
    space = noor.post("/spaces/new", **START | {"level": "private"}, door=door, lets_in="yes").location
    # Fatma's page of before leads on by itself.
    onward = fatma.get(early)
    assert (onward.status_code, onward.location) == (303, space)
    assert course.walk_in(fatma) == space
    assert course.walk_in(world.somebody(linde, "Kees")) == f"{space}/join"
    assert fatma.post(f"{space}/join", way="member", name="Fatma Yilmaz").status_code == 303


def test_a_trekker_opens_a_door_to_a_space_they_lead(
    world: World, course: Course, linde: uuid.UUID, database: Database
) -> None:
    noor, fatma = world.somebody(linde, "Noor de Wit"), world.somebody(linde)
    space = world.space(noor, "Nachtvogels", Level.HIDDEN)
    other = world.space(fatma, "Van een ander", Level.OPEN)
    path = course.walk_in(noor, teaches=True)
    page = text(noor.get(path))
    assert "Een deur naar ‘Nachtvogels’" in page
    assert "Van een ander" not in page
    assert noor.post(path, space=str(other.id)).status_code == 403
    assert noor.post(path, space="nothing").status_code == 422
    noor.post(path, space=str(space.id))
    assert noor.get(path).location == f"/s/{space.slug}"
    # Through the door Fatma learns that it exists, but this door lets nobody in.
    home = course.walk_in(fatma).removesuffix("/join")
    assert fatma.get(home).status_code == 200
    assert fatma.get(f"{home}/t").status_code == 403
    assert fatma.post(f"{home}/join", way="member", name="Fatma Yilmaz").status_code == 403
    door = path.rsplit("/", 1)[1]
    assert noor.post(f"{home}/doors/{door}", lets_in="yes").status_code == 303
    assert fatma.post(f"{home}/join", way="member", name="Fatma Yilmaz").status_code == 303
    assert role(database, space, fatma) == "member"


def test_a_trekker_hears_that_nobody_can_come_in(world: World, course: Course, linde: uuid.UUID) -> None:
    noor, fatma = world.somebody(linde, "Noor de Wit"), world.somebody(linde)
    space = world.space(noor, "Nachtvogels", Level.PRIVATE)
    world.member(space, fatma)
    home, told = f"/s/{space.slug}", "Nu kan niemand erbij komen"
    assert told in text(noor.get(home))
    assert told not in text(fatma.get(home))
    path = course.walk_in(noor, teaches=True)
    noor.post(path, space=str(space.id))
    assert told in text(noor.get(home))
    noor.post(f"{home}/doors/{path.rsplit('/', 1)[1]}", lets_in="yes")
    assert told not in text(noor.get(home))


def test_one_space_has_doors_in_two_lms_of_two_organisations(
    world: World, course: Course, linde: uuid.UUID, database: Database, clock: StandingClock
) -> None:
    vecht = world.organisation("vecht", "Thuiszorg Vecht")
    network = world.network(linde, vecht)
    canvas = make_course(database, clock, vecht, "canvas")
    noor, petra = world.somebody(linde, "Noor de Wit"), world.somebody(vecht, "Petra Jansen")
    space = world.space(noor, "Wondzorg", Level.PRIVATE, network)
    noor.post(course.walk_in(noor, teaches=True), space=str(space.id), lets_in="yes")
    world.member(space, petra, "lead")
    petra.post(canvas.walk_in(petra, teaches=True), space=str(space.id), lets_in="yes")
    settings = text(noor.get(f"/s/{space.slug}/settings"))
    assert settings.count("Haal deze deur weg") == 2
    assert "Basis IC · De Linde" in settings
    assert "Basis IC · Thuiszorg Vecht" in settings
    for here, organisation in ((course, linde), (canvas, vecht)):
        learner = world.somebody(organisation, "Nieuw")
        assert here.walk_in(learner) == f"/s/{space.slug}/join"
        assert learner.post(f"/s/{space.slug}/join", way="member", name="Nieuw").status_code == 303


def test_a_door_to_a_space_of_others_says_so_and_names_nothing(
    world: World, course: Course, linde: uuid.UUID, database: Database, clock: StandingClock
) -> None:
    elsewhere = world.organisation("elders", "Zorggroep Elders")
    noor, olaf = world.somebody(linde, "Noor de Wit"), world.somebody(elsewhere, "Olaf")
    space = world.space(noor, "Geheim genoeg", Level.HIDDEN)
    noor.post(course.walk_in(noor, teaches=True), space=str(space.id), lets_in="yes")
    path = course.walk_in(olaf)
    assert path.startswith("/doors/")
    page = olaf.get(path)
    assert page.status_code == 200
    assert "Deze ruimte is voor andere collega’s" in text(page)
    assert "eheim" not in text(page)


def test_a_door_answers_only_who_came_through_it(world: World, course: Course, linde: uuid.UUID) -> None:
    noor, fatma = world.somebody(linde, "Noor de Wit"), world.somebody(linde)
    path = course.walk_in(noor, teaches=True)
    assert fatma.get(path).status_code == 404
    assert fatma.post(path, space="new").status_code == 404
    assert fatma.post("/spaces/new", **START, door=path.rsplit("/", 1)[1]).status_code == 303
    assert noor.get(path).status_code == 200  # still leads nowhere


def test_a_link_that_names_an_open_space_needs_no_teacher(world: World, course: Course, linde: uuid.UUID) -> None:
    world.space(world.somebody(linde, "Noor de Wit"))
    world.space(world.somebody(linde, "Ali"), "Besloten kring", Level.PRIVATE)
    fatma = world.somebody(linde)
    assert course.walk_in(fatma, space="delier-op-de-ic") == "/s/delier-op-de-ic/join"
    course.link = "link-2"
    assert course.walk_in(fatma, space="besloten-kring").startswith("/doors/")


def test_a_door_taken_away_asks_its_teacher_again(world: World, course: Course, linde: uuid.UUID) -> None:
    noor, fatma = world.somebody(linde, "Noor de Wit"), world.somebody(linde)
    space = world.space(noor, "Nachtvogels", Level.PRIVATE)
    path = course.walk_in(noor, teaches=True)
    noor.post(path, space=str(space.id), lets_in="yes")
    course.walk_in(fatma)
    assert fatma.get(f"/s/{space.slug}").status_code == 200
    assert noor.post(f"/s/{space.slug}/doors/{path.rsplit('/', 1)[1]}/close").status_code == 303
    assert fatma.get(f"/s/{space.slug}").status_code == 404
    assert "Waar gaat deze link heen?" in text(noor.get(path))


def test_who_came_by_a_door_does_not_learn_of_the_next_space_behind_it(
    world: World, course: Course, linde: uuid.UUID, database: Database, clock: StandingClock
) -> None:
    noor, fatma = world.somebody(linde, "Noor de Wit"), world.somebody(linde)
    first = world.space(noor, level=Level.PRIVATE)
    second = world.space(noor, title="Nachtvogels", level=Level.HIDDEN)
    door = uuid.UUID(course.walk_in(noor, teaches=True).rsplit("/", 1)[1])
    with database.writing() as db:
        doors.open_door(db, noor.viewer, door, first.id, now=clock())
    course.walk_in(fatma)
    assert fatma.get(f"/s/{first.slug}").status_code == 200
    noor.post(f"/s/{first.slug}/doors/{door}/close", page=f"/s/{first.slug}/settings")
    with database.writing() as db:
        doors.open_door(db, noor.viewer, door, second.id, now=clock())
    assert fatma.get(f"/s/{second.slug}").status_code == 404
