"""What people did is folded every night and forgotten after 90 days, and heads stay countable."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from lti_tool.activity import operations, queries
from lti_tool.activity.models import Activity, ActivityFold, Kind
from lti_tool.activity.quarters import Quarter
from tests.conftest import StandingClock
from tests.reports.hospital import SPACE, Hospital, all_of
from tests.world import World

SECRET = "a secret of the tests, long enough"


@pytest.fixture
def hospital(world: World) -> Hospital:
    return Hospital(world)


def folds(hospital: Hospital) -> list[tuple[Any, ...]]:
    with hospital.world.database.reading() as db:
        found = all_of(db, ActivityFold)
    return sorted((bytes(f.pseudonym), f.space_id.int, f.quarter, f.read, f.came, f.wrote, f.tried) for f in found)


def raw_days(hospital: Hospital) -> list[date]:
    with hospital.world.database.reading() as db:
        return sorted(db.scalars(select(Activity.day)))


def test_all_kinds_of_a_person_space_and_quarter_become_one_row(hospital: Hospital) -> None:
    person = hospital.person()
    hospital.did(person, date(2026, 11, 1), Kind.READ)
    hospital.did(person, date(2026, 11, 1), Kind.WROTE)
    hospital.did(person, date(2026, 11, 20), Kind.TRIED)
    hospital.fold()
    name = operations.pseudonym(SECRET, person, 2026)
    assert folds(hospital) == [(name, SPACE.int, "2026-Q4", True, False, True, True)]


def test_a_quarter_ends_at_midnight(hospital: Hospital, clock: StandingClock) -> None:
    clock.now = datetime(2027, 1, 2, 3, tzinfo=UTC)
    person = hospital.person()
    hospital.did(person, date(2026, 12, 31))
    hospital.did(person, date(2027, 1, 1))
    hospital.fold()
    assert sorted(fold[2] for fold in folds(hospital)) == ["2026-Q4", "2027-Q1"]


def test_the_pseudonym_of_another_year_is_another(hospital: Hospital, clock: StandingClock) -> None:
    clock.now = datetime(2027, 1, 2, 3, tzinfo=UTC)
    person = hospital.person()
    hospital.did(person, date(2026, 12, 31))
    hospital.did(person, date(2027, 1, 1))
    hospital.fold()
    assert len({fold[0] for fold in folds(hospital)}) == 2


def test_what_is_noted_late_in_the_evening_is_of_that_day_in_amsterdam(hospital: Hospital, world: World) -> None:
    person = hospital.person()
    late = datetime(2026, 9, 30, 22, 30, tzinfo=UTC)  # half past midnight in Amsterdam
    with world.database.writing() as db:
        fact = {"person_id": person, "organisation_id": hospital.id, "space_id": SPACE}
        operations.note(db, **fact, space_organisation_id=hospital.id, kind=Kind.READ, now=late)
    assert raw_days(hospital) == [date(2026, 10, 1)]


def test_folding_again_changes_nothing(hospital: Hospital) -> None:
    for _ in range(3):
        person = hospital.person()
        hospital.did(person)
        hospital.did(person, kind=Kind.CAME)
    hospital.fold()
    once = folds(hospital)
    hospital.fold()
    assert folds(hospital) == once


def test_what_happens_after_a_fold_is_in_the_next(hospital: Hospital, clock: StandingClock) -> None:
    person = hospital.person()
    today = clock.now.date()
    hospital.did(person, today, Kind.READ)
    hospital.fold()
    hospital.did(person, today, Kind.WROTE)
    clock.forward(days=1)
    hospital.fold()
    assert [fold[3:] for fold in folds(hospital)] == [(True, False, True, False)]


def test_a_missed_week_is_folded_at_the_next_chance(hospital: Hospital, clock: StandingClock) -> None:
    hospital.fold()
    person = hospital.person()
    hospital.did(person, clock.now.date() + timedelta(days=2))
    clock.forward(days=7)
    hospital.fold()
    assert len(folds(hospital)) == 1


def test_nothing_is_forgotten_unfolded_also_when_it_was_filled_in_later(
    hospital: Hospital, clock: StandingClock
) -> None:
    hospital.fold()
    person = hospital.person()
    hospital.did(person, clock.now.date() - timedelta(days=120))
    hospital.fold()
    assert raw_days(hospital) == []
    assert [fold[2] for fold in folds(hospital)] == ["2026-Q3"]


def test_raw_activity_is_kept_for_90_days(hospital: Hospital, clock: StandingClock) -> None:
    person = hospital.person()
    today = clock.now.date()
    for days in (89, 90, 91):
        hospital.did(person, today - timedelta(days=days))
    hospital.fold()
    assert raw_days(hospital) == [today - timedelta(days=90), today - timedelta(days=89)]


def test_a_kill_half_way_leaves_everything_as_it_was(
    hospital: Hospital, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_BATCH", 2)
    for _ in range(3):
        hospital.did(hospital.person(), clock.now.date() - timedelta(days=100))
    real, calls = operations._fold_in, []

    def killed(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit
        real(*arguments)

    monkeypatch.setattr(operations, "_fold_in", killed)
    with pytest.raises(SystemExit):
        hospital.fold()
    assert folds(hospital) == []
    assert len(raw_days(hospital)) == 3
    hospital.fold()
    assert len(folds(hospital)) == 3
    assert raw_days(hospital) == []


def test_many_rows_are_folded_some_at_a_time(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_BATCH", 3)
    sizes: list[int] = []
    real = operations._fold_in
    monkeypatch.setattr(operations, "_fold_in", lambda *a: (sizes.append(len(a[3])), real(*a)))
    for _ in range(5):
        person = hospital.person()
        for kind in Kind:
            hospital.did(person, kind=kind)
    hospital.fold()
    assert sum(sizes) == 5
    assert max(sizes) <= 3
    assert len(folds(hospital)) == 5
    assert all(fold[3:] == (True, True, True, True) for fold in folds(hospital))


def test_who_asks_to_be_forgotten_is_forgotten_in_the_fold_too(hospital: Hospital, world: World) -> None:
    one, other = hospital.person(), hospital.person()
    hospital.did(one)
    hospital.did(other)
    hospital.fold()
    with world.database.writing() as db:
        operations.forget_person(db, SECRET, one)
    assert [fold[0] for fold in folds(hospital)] == [operations.pseudonym(SECRET, other, 2026)]


def test_test_users_and_staff_in_disguise_leave_nothing(hospital: Hospital, world: World) -> None:
    hospital.did(hospital.person(), counted=False)
    assert raw_days(hospital) == []


def test_a_fold_names_nobody_without_the_key(hospital: Hospital, world: World) -> None:
    person = hospital.person()
    hospital.did(person)
    hospital.fold()
    with world.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(ActivityFold)) == 1
        quarter = Quarter(2026, 4)
        assert queries.pseudonyms(db, hospital.id, quarter) == {operations.pseudonym(SECRET, person, 2026)}
    assert operations.pseudonym("another secret of the tests, as long", person, 2026) != folds(hospital)[0][0]


@pytest.mark.parametrize("text", ["2026", "2026-Q5", "2026-Q0", "2026-q4", "Q4-2026", "2026-Q4 ", "２０26-Q4", ""])
def test_a_period_that_is_no_quarter_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="2026-Q4"):
        Quarter.parse(text)


def test_quarters_follow_each_other() -> None:
    fourth = Quarter.parse("2026-Q4")
    assert (fourth.first, fourth.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert str(fourth.next) == "2027-Q1"
    assert fourth.next.previous == fourth
    assert Quarter.of(date(2026, 3, 31)) == Quarter(2026, 1)
