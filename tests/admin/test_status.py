"""The status page says how it stands in words, ticks by what it sees, and gives nobody's coming and going away."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_tool.db import Database, new_id
from lti_tool.jobs.models import QueuedJob, ScheduledRun
from lti_tool.lms.models import LmsCourse, Roster, RosterMember
from lti_tool.lti.launches import add
from lti_tool.lti.models import LaunchCount
from lti_tool.organisations.models import Platform, PlatformTest
from lti_tool.people.models import Identity, Person, StaffMember
from lti_tool.spaces.models import PlacedLink
from tests.admin.conftest import Connect
from tests.conftest import StandingClock
from tests.world import Somebody, World


def page(who: Somebody, path: str = "/admin") -> str:
    return str(who.get(path).get_data(as_text=True))


def points(html: str) -> dict[str, tuple[str, str]]:
    """Title of each point to its state and the words at the right."""
    found = re.findall(
        r'<li class="check check-(\w+)">.*?<p><span class="vh">[^<]*</span>(.*?)</p><p class="meta">(.*?)</p>',
        html,
        re.S,
    )
    return {title: (state, end) for state, title, end in found}


def launched(database: Database, platform: uuid.UUID, at: datetime, times: int = 1, **how: str) -> None:
    with database.writing() as db:
        for _ in range(times):
            values = {"kind": "link", "role": "learner", "way": "cookie", "device": "desk", **how}
            add(db, platform, "ok", **values, now=at)


def good_test(database: Database, platform: uuid.UUID, at: datetime) -> None:
    results = [
        {"name": "keys", "state": "done", "detail": {"keys": 2}, "code": ""},
        {"name": "own_keys", "state": "done", "detail": {}, "code": ""},
        {"name": "clock", "state": "done", "detail": {"ahead": 3}, "code": ""},
    ]
    with database.writing() as db:
        db.add(PlatformTest(platform_id=platform, started_at=at, tested_at=at, results=results))


def test_a_new_connection_waits_and_says_for_what(bram: Somebody, connect: Connect) -> None:
    connect()
    html = page(bram)
    assert "<h1>Moodle van De Linde is gekoppeld</h1>" in html, "nothing was seen to work yet"
    assert "0 van de 13 punten zijn goed. 13 punten wachten nog." in html
    assert {state for state, _ in points(html).values()} == {"wait"}
    assert "Nog niet getest" in html
    assert "Open de cursus op je telefoon en tik op de link." in html


def test_points_become_green_by_what_happens(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    good_test(database, moodle, clock())
    launched(database, moodle, clock(), role="admin")
    launched(database, moodle, clock() - timedelta(days=1), way="frame")
    launched(database, moodle, clock() - timedelta(days=9), device="phone", role="teacher")
    seen = points(page(bram))
    assert seen["Sleutels van Moodle gelezen"] == ("done", "2 sleutels")
    assert seen["De klok van Moodle loopt gelijk"] == ("done", "3 seconden verschil")
    assert seen["Als beheerder"] == ("done", "vandaag")
    assert seen["Als deelnemer"] == ("done", "gisteren")
    assert seen["In een kader zonder cookies"] == ("done", "gisteren")
    assert seen["Vanaf een telefoon"] == ("done", "ma 16 nov")
    assert "7 van de 13 punten zijn goed. 6 punten wachten nog." in page(bram)


def test_the_time_of_a_lone_launch_is_nobodys_business(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    launched(database, moodle, clock(), times=4)
    assert points(page(bram))["Als deelnemer"] == ("done", "vandaag")
    launched(database, moodle, clock())
    assert points(page(bram))["Als deelnemer"] == ("done", "vandaag 07:52")


@pytest.mark.parametrize("way", ["frame", "storage", "tab"])
def test_every_way_without_third_party_cookies_counts(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock, way: str
) -> None:
    moodle = connect()
    launched(database, moodle, clock())
    assert points(page(bram))["In een kader zonder cookies"][0] == "wait"
    launched(database, moodle, clock(), way=way)
    html = page(bram)
    assert points(html)["In een kader zonder cookies"][0] == "done"
    assert ("Open in een eigen tabblad" in html) is (way == "tab")


def test_a_roster_and_a_placed_link_tick_by_themselves(
    world: World, bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle, space = connect(), world.space(bram)
    with database.writing() as db:
        course = LmsCourse(id=new_id(clock()), platform_id=moodle, context_id="2", scopes=[], seen_at=clock())
        db.add(course)
        db.flush()
        db.add(Roster(course_id=course.id, round=2, whole=1, read_at=clock()))
        for number in range(212):
            seen = {"first_round": 1, "last_round": 1}
            db.add(RosterMember(course_id=course.id, pseudonym=bytes([number]) * 16, **seen))
        db.add(RosterMember(course_id=course.id, pseudonym=b"new" * 5 + b"x", first_round=2, last_round=2))
        link = {"organisation_id": bram.viewer.organisation_id, "platform_id": moodle, "space_id": space.id}
        db.add(PlacedLink(key_hash=b"1" * 32, context_id="2", placed_at=clock(), **link))
    found = points(page(bram))
    assert found["Deelnemerslijst gelezen"] == ("done", "212 collega’s")
    assert found["Ruimte in een cursus gezet"][0] == "wait"
    assert found["Moodle leest onze sleutels"][0] == "wait"
    with database.writing() as db:
        db.execute(update(PlacedLink).values(used=True))
    found = points(page(bram))
    assert found["Ruimte in een cursus gezet"] == ("done", "1 cursus")
    assert found["Moodle leest onze sleutels"][0] == "done", "it took an answer that we signed"


def test_a_roster_that_cannot_be_read_is_a_fault_with_a_way_out(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    with database.writing() as db:
        course = LmsCourse(id=new_id(clock()), platform_id=moodle, context_id="2", scopes=[], seen_at=clock())
        db.add(course)
        db.flush()
        db.add(Roster(course_id=course.id, error="not_allowed"))
    html = page(bram)
    assert points(html)["Deelnemerslijst niet gelezen"][0] == "fault"
    assert "namen en rollen mag opvragen" in html
    with database.writing() as db:
        db.execute(update(Platform).values(roster=False))
    assert "Deelnemerslijst" not in page(bram), "what is not agreed is no point"


def test_agreements_are_noted_with_their_day(
    bram: Somebody, connect: Connect, clock: StandingClock, database: Database
) -> None:
    connect()
    clock.forward(minutes=1)
    assert "Vastgesteld</button>" in page(bram)
    bram.post("/admin/agreements/privacy")
    answer = bram.post("/admin/agreements/council")
    assert answer.headers["Location"] == "/admin/council"
    found = points(page(bram))
    assert found["Privacytekst vastgesteld"] == ("done", "wo 25 nov")
    assert found["Stukken voor de ondernemingsraad opgehaald"] == ("done", "wo 25 nov")
    papers = page(bram, "/admin/council")
    assert "Wat HR ziet" in papers
    assert "Druk af" in papers
    assert bram.post("/admin/agreements/everything").status_code == 404


def test_colleagues_in_the_staff_list_are_counted_not_named(
    world: World, bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle, organisation = connect(), bram.viewer.organisation_id
    people = [world.somebody(organisation, f"Collega {number}") for number in range(3)]
    with database.writing() as db:
        row = StaffMember(id=new_id(clock()), organisation_id=organisation, number="7", name="Fatma")
        db.add(row)
        for number, who in enumerate(people):
            db.add(Identity(id=new_id(clock()), platform_id=moodle, subject=str(number), person_id=who.id))
    assert "geeft nog geen personeelsnummer door" in page(bram)
    with database.writing() as db:
        db.execute(update(Person).where(Person.id == people[0].id).values(staff_id=row.id))
    html = page(bram)
    assert points(html)["Collega’s herkend in de personeelslijst"] == ("done", "1 collega")
    assert "2 van hen die binnenkwamen, staan nog niet in de lijst." in html
    assert "Collega 0" not in html


def test_work_that_fails_in_the_background_is_told_with_what_to_do(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    with database.writing() as db:
        for task in ("fold", "sweep"):
            db.add(ScheduledRun(task=task, started_at=clock(), finished_at=clock(), error="TimeoutError"))
        job = {"payload": {}, "created_at": clock(), "due_at": clock(), "failed_at": clock(), "error": "x.example 503"}
        db.add(QueuedJob(id=new_id(clock()), kind="k", key=str(moodle), **job))
        db.add(QueuedJob(id=new_id(clock()), kind="k", key=str(uuid.uuid4()), **job))
    html = page(bram)
    assert "Werk op de achtergrond mislukte: fold" in html
    assert "Werk op de achtergrond mislukte: sweep" in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "a button copies what belongs to it"
    assert points(html)["Werk op de achtergrond bleef liggen"] == ("fault", "1 keer")


def test_with_two_connections_the_one_that_asks_something_comes_first(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle, canvas = connect(), connect("Canvas van De Linde", product="canvas")
    good_test(database, moodle, clock())
    with database.writing() as db:
        fault = {"name": "clock", "state": "fault", "detail": {"ahead": -94}, "code": "L06"}
        db.add(PlatformTest(platform_id=canvas, started_at=clock(), tested_at=clock(), results=[fault]))
    assert "<h1>Canvas van De Linde werkt bijna</h1>" in page(bram)
    assert "<h1>Moodle van De Linde werkt bijna</h1>" in page(bram, f"/admin?platform={moodle}")
    assert "<h1>Canvas" in page(bram, "/admin?platform=nonsense")


def test_the_line_for_the_helpdesk_holds_no_name(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    with database.writing() as db:
        fault = {"name": "clock", "state": "fault", "detail": {"ahead": -94}, "code": "L06"}
        db.add(PlatformTest(platform_id=moodle, started_at=clock(), tested_at=clock(), results=[fault]))
    found = re.search(r'id="help-clock">(.*?)</p>', page(bram), re.S)
    assert found
    line = re.sub(r"<[^>]+>", "", found[1])
    for part in ("code L06", "wo 25 nov 2026, 07:52", "Moodle van De Linde", "loopt achter", "94 seconden"):
        assert part in line
    assert "Bram" not in line


def test_the_page_asks_a_fixed_number_of_questions(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    from tests.lti.test_cost import statements

    moodle = connect()
    with statements(database) as few:
        page(bram)
    for day in range(30):
        launched(database, moodle, clock() - timedelta(days=day), role="teacher", way="storage", device="phone")
    with statements(database) as many:
        page(bram)
    assert len(many) == len(few) <= 30


def test_english(bram: Somebody, connect: Connect, database: Database) -> None:
    connect()
    with database.writing() as db:
        db.execute(update(Person).where(Person.id == bram.id).values(language="en"))
    assert '<html lang="en">' in page(bram)


def test_counts_of_the_day_stand_under_the_day_of_amsterdam(database: Database, connect: Connect) -> None:
    moodle = connect()
    launched(database, moodle, datetime.fromisoformat("2026-11-24T23:30:00+00:00"))
    with database.reading() as db:
        assert db.scalars(select(LaunchCount.day)).one() == date(2026, 11, 25)


def test_a_connection_that_is_off_has_no_button_to_test(bram: Somebody, connect: Connect, database: Any) -> None:
    connect()
    with database.writing() as db:
        db.execute(update(Platform).values(switched_off_at=datetime.now().astimezone()))
    html = page(bram)
    assert "<h1>Moodle van De Linde staat uit</h1>" in html
    assert "Test opnieuw</button>" not in html
    assert "Zet weer aan" in html
