"""The list of participants is read to its end or not at all, and nothing in it tells who stayed away."""

from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import responses
from sqlalchemy import select, text

from lti_tool.db import Base, Database
from lti_tool.jobs.models import QueuedJob
from lti_tool.jobs.queue import Job, failed
from lti_tool.jobs.schedule import Work
from lti_tool.lms import counts, jobs, roster
from lti_tool.lms.models import LmsCourse, RosterCount, RosterMember
from lti_tool.lms.roster import SCOPE, Trouble, members_of
from lti_tool.lti import offer
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lms.conftest import HOME, MEMBERS, Course, onward, page, recorded

Lms = responses.RequestsMock
FIRST = f"{MEMBERS}?limit=500"


def subjects(course: Course, known: range | list[object]) -> set[object]:
    """Which of these stand in the list, told by who holds the key."""
    key = "a secret of the tests, long enough"
    here = {bytes(member.pseudonym) for member in course.members}
    return {one for one in known if counts.pseudonym(key, course.id, str(one)) in here}


def test_we_ask_the_scope_that_we_were_registered_for() -> None:
    assert SCOPE == offer.ROSTER_SCOPE


def test_moodles_recorded_list_is_read_by_pages_of_its_own_links(course: Course, lms: Lms) -> None:
    first, second = recorded("moodle/nrps_limit.json"), recorded("moodle/nrps_limit_page2.json")
    last = {**recorded("moodle/nrps_all.json")["body"]}
    last["members"] = last["members"][20:]

    def local(url: str) -> str:
        return url.replace("http://127.0.0.1:8045", HOME)

    base = local(first["request"]["url"].partition("?")[0])
    with course.database.writing() as db:
        db.scalars(select(LmsCourse)).one().memberships_url = base
    lms.get(f"{base}?limit=500", json=first["body"], headers={"Link": local(first["headers"]["Link"])})
    lms.get(local(second["request"]["url"]), json=second["body"], headers={"Link": local(second["headers"]["Link"])})
    lms.get(f"{base}?limit=10&from=20", json=last)
    course.read()
    everybody = recorded("moodle/nrps_all.json")["body"]["members"]
    teachers = [one["user_id"] for one in everybody if "Instructor" in one["roles"]]
    assert len(course.members) == len(everybody) == 62
    assert sum(member.teaches for member in course.members) == len(teachers)
    assert (course.roster.error, course.roster.read_at, course.roster.asked_at) == ("", course.world.clock(), None)
    asked = [call.request for call in lms.calls if call.request.method == "GET"]
    assert {request.headers["Accept"] for request in asked} == {roster.MEDIA_TYPE}
    assert all("from=" in (request.url or "") or (request.url or "").endswith("limit=500") for request in asked)


def test_canvas_is_asked_at_the_address_it_gave(course: Course, lms: Lms) -> None:
    course.set_platform(product="canvas")
    lms.get(MEMBERS, json=recorded("canvas/nrps_course_members.json"))
    course.read()
    assert [call.request.url for call in lms.calls if call.request.method == "GET"] == [MEMBERS]
    assert len(course.members) == 3
    assert sum(member.teaches for member in course.members) == 2


def test_a_group_of_canvas_is_of_learners_its_leader_too(course: Course) -> None:
    assert [one.teaches for one in members_of(recorded("canvas/nrps_group_members.json"))] == [False]


def test_of_a_member_only_the_id_and_the_role_are_taken(course: Course) -> None:
    taken = members_of(recorded("moodle/nrps_all.json")["body"])
    assert {tuple(dataclasses.asdict(one)) for one in taken} == {("user_id", "teaches")}


@pytest.mark.parametrize(
    ("roles", "leads"),
    [
        (["Learner"], False),
        (["Instructor"], True),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"], False),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"], True),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"], True),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#Grader"], True),
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor", "Learner"], False),
        (["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"], False),
        (["Learner", "Instructor"], True),
        (["Manager"], True),
        ([], False),
        (None, False),
        ("Instructor", False),
        ([None, 3, {"a": 1}], False),
    ],
)
def test_roles_in_full_and_short(roles: Any, leads: bool) -> None:
    body = {"members": [{"user_id": "1", "roles": roles}]}
    assert [one.teaches for one in members_of(body)] == [leads]


@pytest.mark.parametrize("status", ["Inactive", "Deleted", "suspended"])
def test_who_is_not_active_is_absent(status: str) -> None:
    assert members_of({"members": [{"status": status, "user_id": "1", "roles": []}]}) == []


def test_odd_members_are_passed_over_and_odd_pages_are_broken() -> None:
    odd = [
        None,
        "x",
        {},
        {"user_id": None},
        {"user_id": ""},
        {"user_id": []},
        {"user_id": True},
        {"user_id": 1001 * "x"},
    ]
    assert [one.user_id for one in members_of({"members": [*odd, {"user_id": 7}]})] == ["7"]
    for body in (None, [], "x", {}, {"members": None}, {"members": {"a": 1}}):
        with pytest.raises(roster.BrokenAnswer):
            members_of(body)


def test_a_member_on_two_pages_is_one_with_the_roles_of_both(course: Course, lms: Lms) -> None:
    lms.get(FIRST, json=page(1, 2, 2), headers=onward(f"{MEMBERS}?from=2"))
    lms.get(f"{MEMBERS}?from=2", json=page(1, roles=("Instructor",)), headers=onward(f"{MEMBERS}?from=3"))
    lms.get(f"{MEMBERS}?from=3", json=page(1, 3))
    course.read()
    assert subjects(course, range(5)) == {1, 2, 3}
    assert sum(member.teaches for member in course.members) == 1


def test_who_is_gone_is_swept_only_after_the_last_page(course: Course, lms: Lms, clock: StandingClock) -> None:
    lms.get(FIRST, json=page(*range(1, 41)))
    course.read()
    clock.forward(hours=1)
    lms.replace("GET", FIRST, json=page(1, 2, 99), headers=onward(f"{MEMBERS}?from=2"))
    lms.get(f"{MEMBERS}?from=2", status=500)
    course.read()
    assert course.roster.error == Trouble.LATER
    assert subjects(course, range(1, 41)) == set(range(1, 41)), "the old list stays"
    with course.database.reading() as db:
        assert counts.learners(db, course.id) == 40, "and nobody of the new one counts yet"
    assert course.roster.asked_at, "it is tried again"
    lms.replace("GET", f"{MEMBERS}?from=2", json=page(3))
    clock.forward(minutes=5)
    course.queue.run_due()
    assert subjects(course, range(1, 100)) == {1, 2, 3, 99}
    assert (course.roster.error, course.roster.asked_at) == ("", None)


def test_who_was_in_a_half_reading_and_left_again_is_swept(course: Course, lms: Lms, clock: StandingClock) -> None:
    lms.get(FIRST, json=page(1, 99), headers=onward(f"{MEMBERS}?from=2"))
    lms.get(f"{MEMBERS}?from=2", status=503)
    course.read()
    lms.replace("GET", FIRST, json=page(1))
    clock.forward(minutes=5)
    course.queue.run_due()
    assert subjects(course, [1, 99]) == {1}


@pytest.mark.parametrize(
    ("answer", "trouble", "tried_again"),
    [
        ({"status": 500}, Trouble.LATER, True),
        ({"status": 429}, Trouble.LATER, True),
        ({"body": "<html>Log in</html>", "content_type": "text/html"}, Trouble.BROKEN, True),
        ({"json": {"nobody": []}}, Trouble.BROKEN, True),
        ({"json": page(1), "headers": onward(FIRST)}, Trouble.BROKEN, True),
        ({"json": page(1), "headers": onward("https://evil.example/m")}, Trouble.BROKEN, True),
        ({"status": 403}, Trouble.NOT_ALLOWED, False),
        ({"status": 404}, Trouble.GONE, False),
        ({"status": 400}, Trouble.REFUSED, False),
    ],
)
def test_what_can_go_wrong_leaves_the_list_and_says_why(
    course: Course, lms: Lms, clock: StandingClock, answer: dict[str, Any], trouble: Trouble, tried_again: bool
) -> None:
    lms.get(FIRST, json=page(*range(30)))
    course.read()
    clock.forward(hours=1)
    lms.replace("GET", FIRST, **answer)
    course.read()
    assert course.roster.error == trouble
    assert course.roster.read_at == clock() - timedelta(hours=1)
    assert (course.roster.asked_at is not None) is tried_again
    with course.database.reading() as db:
        assert counts.learners(db, course.id) == 30
        assert bool(failed(db)) is not tried_again, "what is not tried again lies in sight of the admin"
    assert "evil.example" not in "".join(call.request.url or "" for call in lms.calls)


def test_pages_without_an_end_are_given_up(course: Course, lms: Lms) -> None:
    def more(request: Any) -> tuple[int, dict[str, str], str]:
        number = int((request.params or {}).get("from", 0)) + 1
        return 200, onward(f"{MEMBERS}?from={number}"), json.dumps(page(number))

    lms.add_callback("GET", MEMBERS, callback=more)
    course.read()
    assert course.roster.error == Trouble.BROKEN
    assert sum(call.request.method == "GET" for call in lms.calls) <= 501


def test_a_token_that_is_no_longer_taken_is_asked_anew_half_way(course: Course, lms: Lms) -> None:
    lms.get(FIRST, json=page(1), headers=onward(f"{MEMBERS}?from=2"))
    lms.get(f"{MEMBERS}?from=2", status=401)
    lms.get(f"{MEMBERS}?from=2", json=page(2))
    course.read()
    assert subjects(course, [1, 2]) == {1, 2}


def test_an_empty_list_is_believed_the_second_time(course: Course, lms: Lms, clock: StandingClock) -> None:
    lms.get(FIRST, json=page(*range(30)))
    course.read()
    lms.replace("GET", FIRST, json=page())
    clock.forward(hours=1)
    course.read()
    assert (len(course.members), course.roster.error) == (30, Trouble.EMPTY)
    clock.forward(hours=1)
    course.read()
    assert (len(course.members), course.roster.error) == (0, "")


def test_the_admin_and_the_grant_come_first(course: Course, lms: Lms) -> None:
    lms.get(FIRST, json=page(*range(30)))
    course.read()
    course.set_platform(roster=False)
    course.world.clock.forward(hours=1)  # type: ignore[attr-defined]
    course.read()
    assert course.roster.error == Trouble.OFF
    assert course.members == [], "what may not be read is not kept either"
    course.set_platform(roster=True, scopes=["https://purl.imsglobal.org/spec/lti-ags/scope/score"])
    asked = len(lms.calls)
    course.read()
    assert course.roster.error == Trouble.NO_SCOPE
    course.set_platform(scopes=None)
    with course.database.writing() as db:
        db.scalars(select(LmsCourse)).one().memberships_url = ""
    course.read()
    assert course.roster.error == Trouble.NO_ADDRESS
    assert len(lms.calls) == asked, "nothing went out"


def test_progress_is_seen_while_it_goes_on(course: Course, lms: Lms) -> None:
    seen: list[tuple[int, bool, Any]] = []

    def second(request: Any) -> tuple[int, dict[str, str], str]:
        now = course.roster
        seen.append((now.so_far, now.asked_at is not None, now.begun_at))
        return 200, {}, json.dumps(page(3))

    lms.get(FIRST, json=page(1, 2), headers=onward(f"{MEMBERS}?from=2"))
    lms.add_callback("GET", f"{MEMBERS}?from=2", callback=second)
    course.read()
    assert seen == [(2, True, course.world.clock())]
    assert course.roster.so_far == 3


def test_of_two_who_read_the_same_list_the_older_one_changes_nothing(
    course: Course, lms: Lms, settings: Settings, clock: StandingClock
) -> None:
    """A process that was held up for longer than its lease comes back while another one reads."""

    def job() -> Job:
        return Job(course.database, {"course": str(course.id)}, settings, clock, course.queue._cipher)

    def overtaken(request: Any) -> tuple[int, dict[str, str], str]:
        lms.replace("GET", FIRST, json=page(1, 2, 3))
        roster.refresh(job())
        return 200, {}, json.dumps(page(7))

    course.ask()
    lms.add_callback("GET", FIRST, callback=overtaken)
    roster.refresh(job())
    assert subjects(course, range(10)) == {1, 2, 3}
    assert course.roster.whole == 2


def test_a_button_pressed_often_reads_once(course: Course, lms: Lms, clock: StandingClock) -> None:
    lms.get(FIRST, json=page(1))
    for _ in range(5):
        course.ask()
    course.queue.run_due()
    course.read()
    assert sum(call.request.method == "GET" for call in lms.calls) == 1
    clock.forward(minutes=2)
    course.read()
    assert sum(call.request.method == "GET" for call in lms.calls) == 2


def test_once_a_day_the_schedule_reads_the_lists_of_courses_with_a_door(
    course: Course, lms: Lms, clock: StandingClock, settings: Settings
) -> None:
    lms.get(FIRST, json=page(1))

    def hour() -> None:
        with course.database.writing() as db:
            jobs.read_rosters(Work(db, clock(), settings))
        clock.forward(hours=1)
        course.queue.run_due()

    for _ in range(49):
        hour()
    assert 2 <= sum(call.request.method == "GET" for call in lms.calls) <= 3
    course.set_platform(roster=False)
    asked = len(lms.calls)
    for _ in range(30):
        hour()
    assert len(lms.calls) == asked
    with course.database.writing() as db:
        jobs.forget_rosters(Work(db, clock(), settings))
    assert course.members == []


def test_a_course_out_of_use_is_neither_read_nor_remembered(
    course: Course, lms: Lms, clock: StandingClock, settings: Settings
) -> None:
    lms.get(FIRST, json=page(1))
    course.read()
    clock.forward(days=91)
    with course.database.writing() as db:
        jobs.read_rosters(Work(db, clock(), settings))
        assert db.scalars(select(QueuedJob)).all() == []
        jobs.forget_rosters(Work(db, clock(), settings))
    assert course.members == []


def everything(database: Database) -> str:
    """All that stands in the database, as text; bytes by their hexadecimal digits and as they are."""
    with database.reading() as db:
        cells = [
            str(cell if not isinstance(cell, bytes | memoryview) else (bytes(cell), bytes(cell).hex()))
            for table in Base.metadata.sorted_tables
            for row in db.execute(text(f'SELECT * FROM "{table.name}"'))
            for cell in row
        ]
    return "\n".join(cells)


def test_nothing_of_who_stayed_away_stands_anywhere(course: Course, lms: Lms) -> None:
    body = recorded("moodle/nrps_all.json")["body"]
    lms.get(FIRST, json=body)
    course.read()
    held = everything(course.database)
    assert len(course.members) == 62
    for one in body["members"]:
        for field in ("name", "family_name", "email", "lis_person_sourcedid", "ext_user_username"):
            assert one[field] not in held, field


def test_one_person_in_two_courses_is_two_strangers() -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    assert counts.pseudonym("k", one, "7") != counts.pseudonym("k", other, "7")
    assert counts.pseudonym("k", one, "7") != counts.pseudonym("another key", one, "7")


def test_a_non_editing_teacher_of_moodle_is_not_counted_as_invited_once_they_came(course: Course, lms: Lms) -> None:
    (joke,) = recorded("moodle/fact_nonediting_teacher_roles.json")["body"]["nrps_member"]
    assert joke["roles"] == ["Learner"]
    lms.get(FIRST, json={"members": [joke, *page(*range(100, 140))["members"]]})
    course.comes(joke["user_id"], teaches=True)
    course.read()
    with course.database.reading() as db:
        assert db.scalars(select(RosterCount.invited)).one() == 40
        assert db.scalars(select(RosterMember.teaches).where(RosterMember.teaches)).all() == []
