"""A link that was picked opens its space once, in its own course. A copy of it asks its teacher once."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.spaces import access, doors, links, operations
from lti_tool.spaces.links import Placement
from lti_tool.spaces.models import Door, Membership, Space
from lti_tool.spaces.policy import Level
from lti_tool.web.errors import NotAllowed
from tests.conftest import StandingClock
from tests.spaces.test_doors import make_course
from tests.spaces.test_spaces_pages import role, text
from tests.world import Somebody, World

ASKED = "Zelfde ruimte of een nieuwe, lege?"


@dataclass
class Lms:
    """Courses of one LMS, in which links are picked and clicked."""

    database: Database
    clock: StandingClock
    organisation: uuid.UUID
    platform: uuid.UUID
    spot: Placement = field(init=False)

    def __post_init__(self) -> None:
        self.spot = Placement(
            self.organisation, self.platform, "course-1", "link-1", title="Leer van elkaar", context_title="Basis IC"
        )

    def pick(
        self, who: Somebody, space: Space, *, lets_in: bool = False, course: str = "course-1", title: str = ""
    ) -> str:
        """Pick a space for a course. Returns the key in the link."""
        with self.database.writing() as db:
            here = access.find_by_id(db, who.viewer, space.id, now=self.clock())
            assert here
            place = links.Course(self.organisation, self.platform, course, title)
            return links.place(db, who.viewer, here, place, lets_in=lets_in, now=self.clock())

    def click(self, who: Somebody, **spot: Any) -> str:
        """Click a link. Returns where one lands."""
        with self.database.writing() as db:
            return doors.enter_by_door(db, who.viewer, replace(self.spot, **spot), now=self.clock())


@pytest.fixture
def linde(world: World) -> uuid.UUID:
    return world.organisation()


@pytest.fixture
def lms(database: Database, clock: StandingClock, linde: uuid.UUID) -> Lms:
    return Lms(database, clock, linde, make_course(database, clock, linde).platform)


@pytest.fixture
def noor(world: World, linde: uuid.UUID) -> Somebody:
    return world.somebody(linde, "Noor de Wit")


@pytest.fixture
def fatma(world: World, linde: uuid.UUID) -> Somebody:
    return world.somebody(linde)


@pytest.mark.parametrize("level", Level)
def test_a_picked_link_opens_its_space_for_whoever_comes_first(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody, level: Level, database: Database
) -> None:
    space = world.space(noor, level=level)
    key = lms.pick(noor, space, lets_in=True)
    assert lms.click(fatma, placed=key) == f"/s/{space.slug}/join"
    assert fatma.post(f"/s/{space.slug}/join", way="member", name="Fatma Yilmaz").status_code == 303
    assert role(database, space, fatma) == "member"
    assert lms.click(fatma, placed=key) == f"/s/{space.slug}"


def test_a_picked_link_that_lets_nobody_in_shows_that_the_space_exists(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    space = world.space(noor, "Nachtvogels", Level.HIDDEN)
    home = lms.click(fatma, placed=lms.pick(noor, space)).removesuffix("/join")
    assert fatma.get(home).status_code == 200
    assert fatma.post(f"{home}/join", way="member", name="Fatma Yilmaz").status_code == 403


def test_only_a_trekker_picks_a_closed_space_and_only_a_trekker_lets_in(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    closed, open_ = world.space(noor, level=Level.PRIVATE), world.space(noor, "Open", Level.OPEN)
    for standing in ("member", "supporter", "observer"):
        world.member(closed, fatma, standing)
        with pytest.raises(NotAllowed):
            lms.pick(fatma, closed)
    lms.pick(fatma, open_)
    with pytest.raises(NotAllowed):
        lms.pick(fatma, open_, lets_in=True)


@pytest.mark.parametrize("elsewhere", [{"context_id": "course-2"}, {"resource_link_id": "link-2"}])
def test_a_copy_asks_its_teacher_once_and_the_learner_reads_that_they_still_choose(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody, elsewhere: dict[str, str]
) -> None:
    space = world.space(noor, level=Level.PRIVATE)
    key = lms.pick(noor, space, lets_in=True)
    lms.click(noor, placed=key, teaches=True)
    early = lms.click(fatma, placed=key, **elsewhere)
    assert early.startswith("/doors/")
    page = text(fatma.get(early))
    assert "Je docent kiest nog een ruimte" in page
    assert "Delier" not in page
    assert fatma.get(f"/s/{space.slug}").status_code == 404, "a copy that nobody answered tells of no closed space"
    path = lms.click(noor, placed=key, teaches=True, **elsewhere)
    page = text(noor.get(path))
    assert ASKED in page
    assert "‘Delier op de IC’" in page
    assert 'name="lets_in" value="yes" checked' in page, "as its model"
    assert noor.post(path, space="same", lets_in="yes").location == f"/s/{space.slug}"
    assert lms.click(noor, placed=key, teaches=True, **elsewhere) == f"/s/{space.slug}"
    assert ASKED not in text(noor.get(path, follow_redirects=True))
    assert fatma.get(early).location == f"/s/{space.slug}"
    assert fatma.post(f"/s/{space.slug}/join", way="member", name="Fatma Yilmaz").status_code == 303
    assert lms.click(noor, placed=key, teaches=True) == f"/s/{space.slug}", "the original asks nothing"


def test_a_copy_that_is_clicked_before_its_original_is_still_the_copy(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    space = world.space(noor, level=Level.KNOCK)
    key = lms.pick(noor, space)
    assert lms.click(fatma, placed=key, context_id="course-2", space_slug=space.slug).startswith("/doors/")
    assert lms.click(fatma, placed=key, space_slug=space.slug) == f"/s/{space.slug}/join"


def test_a_new_empty_space_takes_the_agreements_over_and_nothing_else(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody, linde: uuid.UUID, database: Database
) -> None:
    old = world.space(noor, "Wondzorg 🩹", Level.PRIVATE)
    world.member(old, fatma)
    key = lms.pick(noor, old, lets_in=True)
    lms.click(noor, placed=key, teaches=True)
    path = lms.click(noor, placed=key, context_id="course-2", teaches=True)
    home = noor.post(path, space="empty", lets_in="yes").location
    assert home != f"/s/{old.slug}"
    with database.reading() as db:
        new = db.scalars(select(Space).where(Space.id != old.id)).one()
        assert (new.title, new.what_for, new.level) == (old.title, old.what_for, old.level)
        people = db.execute(select(Membership.person_id, Membership.role).where(Membership.space_id == new.id)).all()
    assert [tuple(row) for row in people] == [(noor.id, "lead")]
    assert home == f"/s/{new.slug}"
    newcomer = world.somebody(linde, "Nieuw")
    assert lms.click(newcomer, placed=key, context_id="course-2") == f"{home}/join"
    assert newcomer.post(f"{home}/join", way="member", name="Nieuw").status_code == 303


def test_a_double_click_makes_one_space(world: World, lms: Lms, noor: Somebody, database: Database) -> None:
    key = lms.pick(noor, world.space(noor, level=Level.PRIVATE))
    lms.click(noor, placed=key)
    path = lms.click(noor, placed=key, context_id="course-2", teaches=True)
    first, second = (noor.post(path, space="empty", form_key="one") for _ in range(2))
    assert first.location == second.location
    assert noor.post(path, space="empty").location == first.location
    with database.reading() as db:
        assert len(db.scalars(select(Space.id)).all()) == 2


def test_a_teacher_who_may_not_know_the_old_space_reads_nothing_of_it(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    old = world.space(noor, "Geheim genoeg", Level.HIDDEN)
    own = world.space(fatma, "Eigen ruimte", Level.PRIVATE)
    key = lms.pick(noor, old, lets_in=True)
    lms.click(noor, placed=key)
    path = lms.click(fatma, placed=key, context_id="course-2", teaches=True)
    new = lms.click(fatma, resource_link_id="another", context_id="course-2", teaches=True)

    def without_ids(page: str) -> str:
        return re.sub(r"(nonce|value|src|href|action)=\"[^\"]*\"", "", page)

    page = text(fatma.get(path))
    assert "Waar gaat deze link heen?" in page
    assert without_ids(page) == without_ids(text(fatma.get(new))), "as of a link that was never copied"
    for space in ("same", "empty"):
        assert fatma.post(path, space=space).status_code == fatma.post(new, space=space).status_code == 403
    assert fatma.post(path, space=str(own.id)).status_code == 303
    assert lms.click(fatma, placed=key, context_id="course-2", teaches=True) == f"/s/{own.slug}"
    assert fatma.get(f"/s/{old.slug}").status_code == 404


def test_who_knows_the_old_space_but_does_not_lead_it_may_only_begin_a_new_one(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    old = world.space(noor, level=Level.PRIVATE)
    world.member(old, fatma)
    key = lms.pick(noor, old)
    lms.click(noor, placed=key)
    path = lms.click(fatma, placed=key, context_id="course-2", teaches=True)
    page = text(fatma.get(path))
    assert "Van die ruimte ben je geen trekker" in page
    assert 'value="same"' not in page
    assert fatma.post(path, space="same").status_code == 403
    assert fatma.post(path, space="empty").status_code == 303


def test_a_copy_to_an_open_space_is_kept_by_any_teacher_but_lets_nobody_in_without_a_trekker(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody, linde: uuid.UUID
) -> None:
    space = world.space(noor, level=Level.KNOCK)
    key = lms.pick(noor, space)
    lms.click(noor, placed=key)
    path = lms.click(fatma, placed=key, context_id="course-2", teaches=True)
    assert fatma.post(path, space="same", lets_in="yes").location == f"/s/{space.slug}"
    kees = world.somebody(linde, "Kees")
    lms.click(kees, placed=key, context_id="course-2")
    assert kees.post(f"/s/{space.slug}/join", way="member", name="Kees").status_code == 403


def test_the_history_that_an_lms_fills_in_tells_of_a_copy(world: World, lms: Lms, noor: Somebody) -> None:
    space = world.space(noor, level=Level.PRIVATE)
    path = lms.click(noor, teaches=True)
    noor.post(path, space=str(space.id))
    copies = {
        "link": {"resource_link_id": "9", "context_id": "c9", "link_history": ("8", "link-1")},
        "course": {"resource_link_id": "10", "context_id": "c10", "context_history": ("course-1",)},
    }
    for name, spot in copies.items():
        asked = lms.click(noor, teaches=True, **spot)
        assert ASKED in text(noor.get(asked)), name
        noor.post(asked, space="same")
        assert lms.click(noor, teaches=True, **spot) == f"/s/{space.slug}", name


def test_a_course_with_several_doors_is_matched_by_the_title_of_the_link(
    world: World, lms: Lms, noor: Somebody
) -> None:
    spaces = {title: world.space(noor, title, Level.PRIVATE) for title in ("Delier", "Wondzorg")}
    for title, space in spaces.items():
        noor.post(lms.click(noor, teaches=True, resource_link_id=title, title=title), space=str(space.id))
    there = {"context_id": "c2", "context_history": ("course-1",), "teaches": True}
    page = text(noor.get(lms.click(noor, resource_link_id="21", title="Wondzorg", **there)))
    assert "‘Wondzorg’" in page
    # Which of the two it is a copy of is anybody's guess, so it is asked like any new link.
    page = text(noor.get(lms.click(noor, resource_link_id="22", title="Iets anders", **there)))
    assert ASKED not in page


def test_the_menu_of_a_copied_canvas_course_is_a_copy_of_the_menu(world: World, lms: Lms, noor: Somebody) -> None:
    menu, other = world.space(noor, "Menu", Level.PRIVATE), world.space(noor, "Opdracht", Level.PRIVATE)
    noor.post(lms.click(noor, teaches=True, context_id="a", resource_link_id="a"), space=str(menu.id))
    noor.post(lms.click(noor, teaches=True, context_id="a", resource_link_id="b"), space=str(other.id))
    with lms.database.writing() as db:
        for _ in range(2):
            links.note_copy(db, lms.platform, "z", ["a", "a"], now=lms.clock())
    page = text(noor.get(lms.click(noor, teaches=True, context_id="z", resource_link_id="z")))
    assert ASKED in page
    assert "‘Menu’" in page


@pytest.mark.parametrize("said", [{}, {"placed": "x" * 32}, {"context_history": ("nobody",)}])
def test_a_link_of_which_nothing_is_known_is_asked_as_before(
    world: World, lms: Lms, noor: Somebody, said: dict[str, Any]
) -> None:
    page = text(noor.get(lms.click(noor, teaches=True, **said)))
    assert "Waar gaat deze link heen?" in page


def test_a_key_of_another_organisation_is_no_key(
    world: World, lms: Lms, noor: Somebody, database: Database, clock: StandingClock
) -> None:
    space = world.space(noor, "Geheim genoeg", Level.HIDDEN)
    key = lms.pick(noor, space, lets_in=True)
    elsewhere = world.organisation("elders", "Zorggroep Elders")
    theirs = Lms(database, clock, elsewhere, make_course(database, clock, elsewhere, "canvas").platform)
    olaf = world.somebody(elsewhere, "Olaf")
    page = text(olaf.get(theirs.click(olaf, placed=key, teaches=True)))
    assert "eheim" not in page
    assert ASKED not in page
    assert olaf.get(f"/s/{space.slug}").status_code == 404
    assert lms.click(noor, placed=key) == f"/s/{space.slug}", "nor did they use it up"


def test_a_course_that_moved_to_the_other_lms_of_the_organisation_is_a_copy(
    world: World, lms: Lms, noor: Somebody, linde: uuid.UUID, database: Database, clock: StandingClock
) -> None:
    space = world.space(noor, level=Level.PRIVATE)
    key = lms.pick(noor, space)
    other = Lms(database, clock, linde, make_course(database, clock, linde, "new-moodle").platform)
    assert ASKED in text(noor.get(other.click(noor, placed=key, teaches=True)))


def test_a_forged_history_opens_nothing(world: World, lms: Lms, noor: Somebody, fatma: Somebody) -> None:
    """In Moodle who edits a link can type custom fields: they then teach there, and may name any course."""
    space = world.space(noor, "Geheim genoeg", Level.HIDDEN)
    noor.post(lms.click(noor, teaches=True), space=str(space.id), lets_in="yes")
    forged = {"context_id": "c2", "context_history": ("course-1",), "link_history": ("link-1",), "teaches": True}
    page = text(fatma.get(path := lms.click(fatma, **forged)))
    assert "eheim" not in page
    assert fatma.post(path, space="same", lets_in="yes").status_code == 403
    assert fatma.get(f"/s/{space.slug}").status_code == 404


def test_the_word_of_who_is_no_trekker_any_more_opens_no_closed_space(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    space = world.space(noor, level=Level.PRIVATE)
    world.member(space, fatma, "lead")
    key = lms.pick(fatma, space, lets_in=True)
    world.member(space, fatma, "member")
    path = lms.click(fatma, placed=key, teaches=True)
    assert "Waar gaat deze link heen?" in text(fatma.get(path))
    assert lms.click(noor, placed=key, teaches=True) == path, "the trekker may still choose"
    assert noor.post(path, space=str(space.id)).status_code == 303


@pytest.mark.parametrize("level", [Level.OPEN, Level.PRIVATE])
def test_a_door_that_was_taken_away_does_not_come_back_by_what_its_link_says(
    world: World, lms: Lms, noor: Somebody, level: Level
) -> None:
    space = world.space(noor, level=level)
    said = {"placed": lms.pick(noor, space), "space_slug": space.slug, "link_history": ("link-0",)}
    lms.click(noor, teaches=True, **said)
    with lms.database.reading() as db:
        door = db.scalars(select(Door.id)).one()
    noor.post(f"/s/{space.slug}/doors/{door}/close", page=f"/s/{space.slug}/settings")
    path = lms.click(noor, teaches=True, **said)
    assert "Waar gaat deze link heen?" in text(noor.get(path))
    noor.post(path, space=str(space.id))
    assert lms.click(noor, teaches=True, **said) == f"/s/{space.slug}"


def test_a_space_that_is_gone_leaves_its_links_to_their_teachers(
    world: World, lms: Lms, noor: Somebody, database: Database
) -> None:
    space = world.space(noor, level=Level.PRIVATE)
    key = lms.pick(noor, space)
    lms.click(noor, placed=key)
    lms.click(noor, placed=key, context_id="c2", teaches=True)
    with database.writing() as db:
        db.delete(db.get(Space, space.id))
    for course in ("course-1", "c2"):
        page = text(noor.get(lms.click(noor, placed=key, context_id=course, teaches=True)))
        assert "Waar gaat deze link heen?" in page


def test_starting_a_space_answers_the_question_too(world: World, lms: Lms, noor: Somebody) -> None:
    key = lms.pick(noor, world.space(noor, level=Level.PRIVATE))
    lms.click(noor, placed=key)
    path = lms.click(noor, placed=key, context_id="c2", teaches=True)
    with lms.database.writing() as db:
        made = operations.start(
            db, noor.viewer, title="Anders", what_for="Iets anders.", level=Level.OPEN, now=lms.clock()
        )
        doors.open_door(db, noor.viewer, uuid.UUID(path.rsplit("/", 1)[1]), made.id, now=lms.clock())
    assert lms.click(noor, placed=key, context_id="c2", teaches=True) == f"/s/{made.slug}"
    assert noor.get(path).location == f"/s/{made.slug}"


def test_a_trekker_sees_links_that_nobody_clicked_yet_and_takes_them_back(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    space, shut = world.space(noor, "Nachtvogels", Level.PRIVATE), "Nu kan niemand erbij komen"
    home, settings = f"/s/{space.slug}", f"/s/{space.slug}/settings"
    assert shut in text(noor.get(home))
    keys = [lms.pick(noor, space, lets_in=True, title=title) for title in ("Wondzorg", "Basis IC")]
    assert shut not in text(noor.get(home)), "who clicks the link comes in"
    page = text(noor.get(settings))
    assert "Links die nog niemand aanklikte" in page
    assert page.count("Haal deze link weg") == 2
    assert not any(key in page for key in keys)
    rows = re.findall(r'name="link" value="([0-9a-f]{64})"', page)
    wrong = ("", "x", "00" * 32, keys[0])
    for link in (*wrong, rows[0], rows[0]):
        assert noor.post(f"{home}/links/take-back", page=settings, link=link).status_code == 303
    assert text(noor.get(settings)).count("Haal deze link weg") == 1
    paths = [lms.click(fatma, placed=key, resource_link_id=key) for key in keys]
    assert sorted(path.startswith(f"{home}/join") for path in paths) == [False, True]
    assert "Links die nog niemand aanklikte" not in text(noor.get(settings))


def test_a_trekker_takes_back_links_of_their_own_space_alone(
    world: World, lms: Lms, noor: Somebody, fatma: Somebody
) -> None:
    hers, his = world.space(noor, "Van Noor", Level.PRIVATE), world.space(fatma, "Van Fatma", Level.PRIVATE)
    key = lms.pick(noor, hers)
    page = text(noor.get(f"/s/{hers.slug}/settings"))
    row = re.findall(r'name="link" value="([0-9a-f]{64})"', page)[0]
    settings = f"/s/{his.slug}/settings"
    assert fatma.post(f"/s/{his.slug}/links/take-back", page=settings, link=row).status_code == 303
    assert lms.click(noor, placed=key) == f"/s/{hers.slug}"
