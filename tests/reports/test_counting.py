"""Each figure counts whom it says it counts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from lti_tool.activity.models import Kind
from lti_tool.activity.quarters import Quarter
from lti_tool.people.models import StaffMember
from lti_tool.reports.counting import count
from lti_tool.reports.suppression import NOT_IN_STAFF_LIST, Amount, Group
from lti_tool.web.language import local
from tests.conftest import StandingClock
from tests.reports.hospital import SPACE, Hospital
from tests.world import World

Q4 = Quarter(2026, 4)


@pytest.fixture
def hospital(world: World) -> Hospital:
    return Hospital(world)


def groups(hospital: Hospital, quarter: Quarter = Q4, on: date | None = None) -> dict[str, Group]:
    """What is counted, before anything is hidden."""
    zone = local(hospital.now).tzinfo
    assert zone is not None
    with hospital.world.database.reading() as db:
        key = hospital.settings.secret_key
        day = on or min(hospital.now.date(), quarter.last)
        found = count(db, key, hospital.id, quarter, on=day, zone=zone)
    assert len({group.name for group in found}) == len(found)
    return {group.name: group for group in found}


def figures(hospital: Hospital, name: str = "IC") -> tuple[int, int]:
    group = groups(hospital)[name]
    return group.people, group.took_part


# --- people ---


def test_people_are_the_rows_of_the_staff_list_whether_they_came_or_not(hospital: Hospital) -> None:
    hospital.department("IC", 5, took_part=2)
    assert figures(hospital) == (5, 2)


def test_who_left_before_the_end_is_in_no_group_and_no_figure(hospital: Hospital) -> None:
    stayed, left = hospital.staff("IC", 1), hospital.staff("IC", 1, ends_on=date(2026, 11, 24))
    for row in (*stayed, *left):
        person = hospital.person(row)
        hospital.did(person)
        hospital.shared(person, 60)
        hospital.passed(row, "2", "3")
    group = groups(hospital)["IC"]
    assert (group.people, group.took_part) == (1, 1)
    assert group.released_hours == Amount(Decimal(1), 1)
    assert group.accredited_hours == Amount(Decimal(2), 1)
    assert NOT_IN_STAFF_LIST not in groups(hospital)


@pytest.mark.parametrize(
    ("starts", "ends", "people"),
    [
        (None, None, 1),
        (date(2026, 12, 31), None, 1),
        (date(2027, 1, 1), None, 0),
        (None, date(2026, 12, 31), 1),
        (None, date(2026, 12, 30), 0),
    ],
)
def test_the_last_day_of_the_quarter_decides(
    hospital: Hospital, clock: StandingClock, starts: date | None, ends: date | None, people: int
) -> None:
    clock.now = datetime(2027, 1, 10, tzinfo=UTC)
    hospital.staff("IC", starts_on=starts, ends_on=ends)
    found = groups(hospital)
    assert (found["IC"].people if "IC" in found else 0) == people


def test_who_is_in_no_list_is_a_group_of_its_own(hospital: Hospital) -> None:
    hospital.department("IC", 3, took_part=1)
    for came in (True, True, False):
        person = hospital.person()
        if came:
            hospital.did(person)
        hospital.shared(person, 30)
    group = groups(hospital)[NOT_IN_STAFF_LIST]
    assert (group.people, group.took_part, group.released_hours) == (3, 2, Amount(Decimal("1.5"), 3))


def test_who_only_has_a_sign_in_link_is_no_colleague_to_count(hospital: Hospital) -> None:
    hospital.did(hospital.person(by_lms=False))
    assert NOT_IN_STAFF_LIST not in groups(hospital)


def test_who_came_for_the_first_time_after_the_quarter_is_not_in_it(hospital: Hospital, clock: StandingClock) -> None:
    clock.now = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    hospital.person()
    clock.forward(minutes=2)  # midnight in Amsterdam
    hospital.person()
    clock.forward(days=3)
    assert groups(hospital)[NOT_IN_STAFF_LIST].people == 1


def test_a_row_that_is_taken_off_the_list_leaves_its_person_uncounted_twice(hospital: Hospital, world: World) -> None:
    first, _second = hospital.staff("IC", 2)
    person = hospital.person(first)
    hospital.did(person)
    hospital.passed(first, "2")
    with world.database.writing() as db:
        db.delete(db.get(StaffMember, first))
    found = groups(hospital)
    assert (found["IC"].people, found["IC"].took_part, found["IC"].accredited_hours) == (1, 0, Amount())
    assert (found[NOT_IN_STAFF_LIST].people, found[NOT_IN_STAFF_LIST].took_part) == (1, 1)


def test_a_test_user_is_nobody(hospital: Hospital) -> None:
    person = hospital.person(is_test=True)
    listed = hospital.person(hospital.staff("IC")[0], is_test=True)
    for somebody in (person, listed):
        hospital.did(somebody)
        hospital.shared(somebody, 60)
    group = groups(hospital)["IC"]
    assert (group.people, group.took_part, group.released_hours) == (1, 0, Amount())
    assert NOT_IN_STAFF_LIST not in groups(hospital)


def test_what_is_not_counted_is_never_counted(hospital: Hospital) -> None:
    person = hospital.person(hospital.staff("IC")[0])
    hospital.did(person, counted=False)
    assert figures(hospital) == (1, 0)


# --- took part ---


@pytest.mark.parametrize("kind", list(Kind))
def test_reading_coming_writing_and_trying_are_all_taking_part(hospital: Hospital, kind: Kind) -> None:
    person = hospital.person(hospital.staff("IC")[0])
    hospital.did(person, kind=kind)
    assert figures(hospital) == (1, 1)


def test_a_person_counts_once_however_often_and_wherever(hospital: Hospital, world: World) -> None:
    elsewhere = world.organisation("elders", "Elders")
    person = hospital.person(hospital.staff("IC")[0])
    hospital.did(person)
    hospital.did(person, kind=Kind.WROTE)
    hospital.did(person, date(2026, 11, 11), space_id=hospital.id)
    hospital.did(person, date(2026, 11, 12), space_id=elsewhere, space_organisation_id=elsewhere)
    assert figures(hospital) == (1, 1)


def test_a_space_of_another_hospital_counts_for_ones_own(hospital: Hospital, world: World) -> None:
    other = Hospital(world, "vecht", "Thuiszorg Vecht")
    person = hospital.person(hospital.staff("IC")[0])
    hospital.did(person, space_id=other.id, space_organisation_id=other.id)
    other.staff("IC")
    assert figures(hospital) == (1, 1)
    assert figures(other) == (1, 0)


def test_only_days_in_the_quarter_count(hospital: Hospital) -> None:
    for day in (date(2026, 9, 30), date(2026, 10, 1)):
        hospital.did(hospital.person(hospital.staff("IC")[0]), day)
    assert figures(hospital) == (2, 1)


def test_who_is_raw_and_folded_counts_once(hospital: Hospital, clock: StandingClock) -> None:
    person = hospital.person(hospital.staff("IC")[0])
    hospital.did(person)
    hospital.fold()
    assert figures(hospital) == (1, 1)
    clock.forward(days=1)
    hospital.did(person, clock.now.date(), Kind.WROTE)
    assert figures(hospital) == (1, 1)


def test_heads_are_still_right_when_only_the_fold_is_left(hospital: Hospital, clock: StandingClock) -> None:
    hospital.department("IC", 4, took_part=3)
    hospital.did(hospital.person())
    hospital.fold()
    clock.forward(days=150)
    hospital.fold()
    group = groups(hospital)
    assert (group["IC"].took_part, group[NOT_IN_STAFF_LIST].took_part) == (3, 1)
    assert groups(hospital, Quarter(2027, 1))["IC"].took_part == 0


# --- hours and points ---


def test_hours_are_the_minutes_that_were_shared_in_the_quarter(hospital: Hospital) -> None:
    one, two, three = (hospital.person(row) for row in hospital.staff("IC", 3))
    hospital.shared(one, 20)
    hospital.shared(one, 25, date(2026, 10, 1))
    hospital.shared(two, 45)
    hospital.shared(two, 600, date(2026, 9, 30))
    hospital.shared(two, 600, share=False)
    hospital.shared(three, 0)
    assert groups(hospital)["IC"].released_hours == Amount(Decimal("1.5"), 2)


def test_hours_and_points_each_count_who_brought_them(hospital: Hospital) -> None:
    one, two, _three = hospital.staff("IC", 3)
    hospital.passed(one, "1.10", "0")
    hospital.passed(one, "2.20", "4.5", date(2026, 12, 31))
    hospital.passed(two, "0.05", "0")
    hospital.passed(two, "99", "99", date(2027, 1, 1))
    hospital.passed(two, "8", "0", accreditor="")  # a course that nobody accredited
    group = groups(hospital)["IC"]
    assert group.accredited_hours == Amount(Decimal("3.35"), 2)
    assert group.accredited_points == Amount(Decimal("4.5"), 1)


def test_figures_need_a_fixed_number_of_queries(hospital: Hospital, world: World) -> None:
    from sqlalchemy import event

    def queries() -> int:
        seen: list[str] = []
        engine = world.database._reader

        def note(_c: object, _k: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        groups(hospital)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    hospital.department("IC", 2, took_part=1)
    few = queries()
    for name in ("SEH", "Geriatrie", "Chirurgie"):
        for person in hospital.department(name, 6, took_part=5):
            hospital.shared(person, 10)
            hospital.did(person, hospital.now.date() - timedelta(days=3), Kind.WROTE, space_id=SPACE)
    assert queries() == few
