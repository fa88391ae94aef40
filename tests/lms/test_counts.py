"""How many were invited and came to look: told from the floor up, and told so that nobody is told on."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
import responses
from sqlalchemy import select

from lti_tool.lms.counts import say
from lti_tool.lms.models import RosterCount
from lti_tool.settings import Settings
from lti_tool.spaces.pages import FLOOR
from tests.conftest import StandingClock
from tests.lms.conftest import MEMBERS, Course, page

Lms = responses.RequestsMock
FIRST = f"{MEMBERS}?limit=500"


def part(course: Course, who: Any = None) -> str:
    """What the trekker reads about the courses, as plain text."""
    html = (who or course.lead).get(f"/s/{course.space.slug}/people").get_data(as_text=True)
    found = re.search(r'<section id="invited".*?</section>', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def numbers(text: str) -> list[int]:
    """The counts in a text, without those in times and days, and without the floor."""
    plain = re.sub(r"(gelezen|geteld|Begonnen) .*?\d\d:\d\d", "", text.partition("Je ziet aantallen")[0])
    return [int(number) for number in re.findall(r"\d+", plain.replace("Wondzorg 2026", ""))]


def lists(lms: Lms, *subjects: object) -> None:
    lms.remove("GET", FIRST)
    lms.get(FIRST, json=page(*subjects))


def reads_again(course: Course, clock: StandingClock) -> None:
    clock.forward(minutes=2)
    course.read()


def test_a_trekker_reads_how_many_were_invited_and_how_many_came_to_look(course: Course, lms: Lms) -> None:
    lists(lms, *range(212))
    for subject in range(37):
        course.comes(str(subject), joins=subject < 20)
    course.read()
    text = part(course)
    assert "212 collega’s zijn uitgenodigd" in text
    assert "37 kwamen kijken" in text


def test_before_the_first_reading_it_says_so(course: Course) -> None:
    assert "Deze lijst lazen we nog niet" in part(course)
    assert numbers(part(course)) == []


@pytest.mark.parametrize("joined", [0, 1, 5, 10, 30])
@pytest.mark.parametrize("invited", [0, 1, 9, 10, 11, 19, 20, 21, 25, 29, 30, 31, 40, 60])
def test_no_count_puts_anybody_in_a_small_group(invited: int, joined: int) -> None:
    """Somebody who knows the course and the members asks of every answer: which numbers of lookers can it mean?"""
    others = invited - joined
    if others < 0:
        return
    meant: dict[Any, set[int]] = {}
    for looked in range(others + 1):
        meant.setdefault(say(invited, joined, looked), set()).add(looked)
    for said, possible in meant.items():
        if said.kind == "exact":
            (looked,) = possible
            assert looked >= FLOOR, "few who looked"
            assert others - looked >= FLOOR, "few who did not"
        else:
            # Neither "nobody" nor "everybody" can be told from "some".
            assert len(possible) >= min(FLOOR, others + 1), (said, possible)
            if others:
                assert possible != {0}
                assert possible != {others}


def test_under_the_floor_there_is_no_number_at_all(course: Course, lms: Lms) -> None:
    lists(lms, *range(FLOOR - 1))
    course.comes("1")
    course.read()
    assert numbers(part(course)) == [FLOOR]
    assert "Minder dan 10 collega’s zijn uitgenodigd" in part(course)


def test_a_small_rest_is_silent_whatever_it_did(course: Course, lms: Lms, clock: StandingClock) -> None:
    lists(lms, *range(19))
    texts = set()
    for subject in range(19):
        course.comes(str(subject))
        reads_again(course, clock)
        texts.add(re.sub(r"gelezen .*?:\d\d", "", part(course)))
    assert len(texts) == 1


def test_asking_one_colleague_to_look_changes_no_figure(course: Course, lms: Lms, clock: StandingClock) -> None:
    """The trekker counts, sends Fatma a message, and counts again."""
    lists(lms, *range(100))
    for subject in range(15):
        course.comes(str(subject))
    course.read()
    before = numbers(part(course))
    assert before == [100, 15]
    for subject in range(15, 15 + FLOOR - 1):
        course.comes(str(subject))
        reads_again(course, clock)
        assert numbers(part(course)) == before
    course.comes("99")
    reads_again(course, clock)
    assert numbers(part(course)) == [100, 15 + FLOOR]


def test_somebody_who_joins_and_somebody_who_is_taken_off_the_list_change_no_figure(
    course: Course, lms: Lms, clock: StandingClock
) -> None:
    lists(lms, *range(100))
    people = [course.comes(str(subject)) for subject in range(15)]
    course.read()
    course.world.member(course.space, people[0])
    reads_again(course, clock)
    assert numbers(part(course)) == [100, 15]
    lists(lms, *range(1, 100))
    reads_again(course, clock)
    assert numbers(part(course)) == [99, 15], "who is invited the LMS shows anyhow; who looked is as it was"


def test_nobody_else_looks_the_same_as_a_few(course: Course, lms: Lms, clock: StandingClock) -> None:
    lists(lms, *range(100))
    for subject in range(30):
        course.comes(str(subject), joins=True)
    course.read()
    nobody = part(course)
    assert "30 doen mee. Verder kwamen minder dan 10" in nobody
    for subject in range(30, 39):
        course.comes(str(subject))
    reads_again(course, clock)
    assert numbers(part(course)) == numbers(nobody)


def test_who_is_no_learner_of_the_course_is_in_no_count(course: Course, lms: Lms) -> None:
    """Teachers, people of other courses, and Canvas's made-up student."""
    lms.get(FIRST, json={"members": [*page(*range(40))["members"], *page("t", roles=("Instructor",))["members"]]})
    course.comes("t", teaches=True)
    course.comes("not in the list")
    test_user = course.comes("1")
    with course.database.writing() as db:
        from lti_tool.people.models import Person

        db.get_one(Person, test_user.id).is_test = True
    course.read()
    with course.database.reading() as db:
        row = db.scalars(select(RosterCount)).one()
    assert (row.invited, row.joined, row.looked) == (40, 0, 0)


def test_only_who_may_welcome_reads_it(course: Course, lms: Lms) -> None:
    lists(lms, *range(100))
    course.read()
    world = course.world
    people = {
        role: world.somebody(course.organisation, f"Persoon {role}") for role in ("supporter", "member", "observer")
    }
    for role, who in people.items():
        world.member(course.space, who, role)
    people["colleague"] = world.somebody(course.organisation, "Persoon erbuiten")
    people["hr"] = world.somebody(course.organisation, "Persoon HR", "hr")
    assert part(course) != ""
    assert part(course, people.pop("supporter")) != ""
    for who in people.values():
        assert part(course, who) == ""
        assert who.get(f"/s/{course.space.slug}/people/invited").status_code == 403


def test_absentees_are_named_nowhere_and_newcomers_only_when_they_like(
    course: Course, lms: Lms, clock: StandingClock
) -> None:
    lms.get(FIRST, json=page(*range(100), name="Afwezige Anna", email="anna@delinde.example"))
    course.comes("1", "Kijker Karel")
    course.comes("2", "Nieuwe Nora", joins=True)
    shy = course.world.somebody(course.organisation, "Stille Stef")
    home = f"/s/{course.space.slug}"
    assert shy.post(f"{home}/join", way="member", quiet="yes").status_code == 303
    course.read()

    def welcomed() -> str:
        html = course.lead.get(f"{home}/people").get_data(as_text=True)
        assert "Afwezige" not in html
        assert "Kijker" not in html, "who only looked stays unnamed"
        return html.partition("Verwelkom")[2].partition("</section>")[0]

    assert "Nieuwe Nora" in welcomed()
    assert "Stille Stef" not in welcomed()
    assert "Olivia" not in welcomed()
    member = course.comes("3", "Lid Lia", joins=True)
    assert "Verwelkom" not in member.get(f"{home}/people").get_data(as_text=True)
    clock.forward(days=15)
    lead = course.world.again(course.lead)
    assert "Verwelkom" not in lead.get(f"{home}/people").get_data(as_text=True)


def test_who_knocked_and_rather_had_no_welcome_has_none_when_let_in(course: Course) -> None:
    from lti_tool.spaces.policy import Level

    world = course.world
    space = world.space(course.lead, "Klop maar", Level.KNOCK)
    for name, more in (("Graag Gerda", {}), ("Stille Stef", {"quiet": "yes"})):
        who = world.somebody(course.organisation, name)
        assert who.post(f"/s/{space.slug}/join", way="knock", **more).status_code == 303
        course.lead.post(f"/s/{space.slug}/knocks/{who.id}", let_in="yes")
    html = course.lead.get(f"/s/{space.slug}/people").get_data(as_text=True)
    welcomed = html.partition("Verwelkom")[2].partition("</section>")[0]
    assert "Graag Gerda" in welcomed
    assert "Stille Stef" not in welcomed


def test_the_button_reads_and_the_part_says_how_far_it_is(course: Course, lms: Lms, clock: StandingClock) -> None:
    home = f"/s/{course.space.slug}/people"
    lists(lms, *range(30))
    assert "data-poll" not in course.lead.get(home).get_data(as_text=True)
    pressed = course.lead.post(f"{home}/invited")
    assert pressed.headers["Location"] == f"{home}#invited"
    waits = course.lead.get(f"{home}/invited").get_data(as_text=True)
    assert f'data-poll="{home}/invited"' in waits
    assert "wacht op haar beurt" in waits
    course.queue.run_due()
    done = course.lead.get(f"{home}/invited").get_data(as_text=True)
    assert "data-poll" not in done
    assert "30 collega’s zijn uitgenodigd" in done


def test_while_it_is_read_one_sees_how_many_so_far(
    course: Course, lms: Lms, settings: Settings, clock: StandingClock
) -> None:
    seen: list[str] = []

    def second(request: Any) -> tuple[int, dict[str, str], str]:
        seen.append(part(course))
        return 500, {}, ""

    lms.get(FIRST, json=page(*range(17)), headers={"Link": f'<{MEMBERS}?from=2>; rel="next"'})
    lms.add_callback("GET", f"{MEMBERS}?from=2", callback=second)
    course.read()
    assert "17 deelnemers tot nu toe. Begonnen wo 25 nov, 07:52" in seen[0]
    assert "gaf even geen antwoord" in part(course)
    assert "We proberen het zo weer" in part(course)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"roster": False}, "De beheerder van Leerplein deelt geen deelnemerslijsten."),
        ({"scopes": []}, "Leerplein geeft ons geen toestemming voor de lijst."),
    ],
)
def test_why_a_list_can_not_be_read_is_said_in_words_without_a_button(
    course: Course, values: dict[str, Any], words: str
) -> None:
    course.set_platform(**values)
    assert words in part(course)
    assert "Ververs" not in part(course)


def test_a_page_of_many_courses_costs_as_many_queries_as_one_of_one(course: Course, clock: StandingClock) -> None:
    from lti_tool.db import new_id
    from lti_tool.spaces.models import Door
    from tests.lti.test_cost import statements

    address = f"/s/{course.space.slug}/people"
    with statements(course.database) as few:
        course.lead.get(address)
    with course.database.writing() as db:
        for number in itertools.islice(itertools.count(10), 20):
            db.add(
                Door(
                    id=new_id(clock()),
                    organisation_id=course.organisation,
                    platform_id=course.platform,
                    context_id=str(number),
                    resource_link_id="1",
                    space_id=course.space.id,
                    found_at=clock(),
                )
            )
    with statements(course.database) as many:
        course.lead.get(address)
    assert len(many) == len(few)
