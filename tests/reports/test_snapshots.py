"""Figures are published once a week at most, under the rules of suppression, and a frozen quarter never changes."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, select

from lti_tool.activity.models import ActivityFold
from lti_tool.audit.models import AuditEntry
from lti_tool.jobs.schedule import Work
from lti_tool.record.models import Share
from lti_tool.reports import jobs, operations, queries
from lti_tool.reports.models import ApiToken, Status
from lti_tool.reports.suppression import NOT_IN_STAFF_LIST, SMALL_GROUPS
from tests.conftest import StandingClock
from tests.reports.hospital import Hospital, all_of, rows, took_part
from tests.world import World

HIDDEN = (None, None, None, None)


@pytest.fixture
def hospital(world: World) -> Hospital:
    return Hospital(world)


def schedule(hospital: Hospital) -> None:
    with hospital.writing() as db:
        jobs.snapshots(Work(db, hospital.now, hospital.settings))


def test_a_snapshot_holds_what_may_be_shown(hospital: Hospital) -> None:
    staff = hospital.staff("IC", 20)
    for row in staff[:12]:
        person = hospital.person(row)
        hospital.did(person)
        hospital.shared(person, 20)
        hospital.passed(row, "1.25", "1.5")
    hospital.department("Kinderafdeling", 15, took_part=3)
    report = hospital.snapshot()
    assert report.status is Status.PROVISIONAL
    assert (report.as_of, report.floor) == (hospital.now, 10)
    assert rows(report) == {"IC": (20, 12, 4.0, 15.0, 18.0), "Kinderafdeling": (15, *HIDDEN)}
    assert report.total["people"] == 35


def test_hours_have_two_decimals(hospital: Hospital) -> None:
    for row in hospital.staff("IC", 20)[:10]:
        hospital.shared(hospital.person(row), 1)
    assert rows(hospital.snapshot())["IC"][2] == 0.17


def test_a_tiny_hospital_shows_only_nulls(hospital: Hospital) -> None:
    for person in hospital.department("IC", 6, took_part=6):
        hospital.shared(person, 60)
    hospital.department("SEH", 3, took_part=3)
    report = hospital.snapshot()
    assert rows(report) == {SMALL_GROUPS: (None, *HIDDEN)}
    assert set(report.total.values()) == {"(all)", None}


def test_a_hospital_without_anybody_can_be_reported(hospital: Hospital) -> None:
    assert rows(hospital.snapshot()) == {SMALL_GROUPS: (None, *HIDDEN)}


def test_who_is_not_in_the_staff_list_is_the_last_row(hospital: Hospital) -> None:
    hospital.department("Zorg", 20, took_part=11)
    for _ in range(12):
        hospital.did(hospital.person())
    hospital.person()
    report = hospital.snapshot()
    assert list(rows(report)) == ["Zorg", NOT_IN_STAFF_LIST]
    assert rows(report)[NOT_IN_STAFF_LIST][:2] == (13, 12)


def test_two_organisations_never_mix(hospital: Hospital, world: World) -> None:
    other = Hospital(world, "vecht", "Thuiszorg Vecht")
    hospital.department("Zorg", 30, took_part=12)
    other.department("Zorg", 20, took_part=15)
    other.department("Wijk", 20, took_part=15)
    assert took_part(hospital.snapshot()) == {"Zorg": 12}
    assert took_part(other.snapshot()) == {"Zorg": 15, "Wijk": 15}
    assert took_part(hospital.report()) == {"Zorg": 12}


def test_a_withdrawn_share_is_gone_from_the_next_snapshot(hospital: Hospital, world: World) -> None:
    shared = [hospital.shared(hospital.person(row), 60) for row in hospital.staff("IC", 20)[:11]]
    assert rows(hospital.snapshot())["IC"][2] == 11.0
    with world.database.writing() as db:
        db.execute(delete(Share).where(Share.moment_id == shared[0]))
    assert rows(hospital.snapshot())["IC"][2] == 10.0
    with world.database.writing() as db:
        db.execute(delete(Share).where(Share.moment_id == shared[1]))
    assert rows(hospital.snapshot())["IC"][2] is None


# --- when ---


def test_the_schedule_takes_one_a_week_at_most(hospital: Hospital, clock: StandingClock) -> None:
    hospital.department("IC", 20, took_part=12)
    schedule(hospital)
    first = hospital.report()
    hospital.department("IC", 20, took_part=12)
    for _ in range(6):
        clock.forward(days=1)
        schedule(hospital)
        assert hospital.report() == first
    clock.forward(days=1)
    schedule(hospital)
    assert took_part(hospital.report()) == {"IC": 24}


def test_the_command_always_takes_one(hospital: Hospital) -> None:
    hospital.department("IC", 20, took_part=12)
    hospital.snapshot()
    hospital.department("IC", 20, took_part=12)
    assert took_part(hospital.snapshot(force=False)) == {"IC": 12}
    assert took_part(hospital.snapshot()) == {"IC": 24}


def test_a_quarter_that_is_over_is_counted_until_it_is_frozen(hospital: Hospital, clock: StandingClock) -> None:
    schedule(hospital)
    clock.now = datetime(2027, 1, 8, 3, tzinfo=UTC)
    schedule(hospital)
    assert hospital.report("2026-Q4").as_of == clock.now
    hospital.freeze("2026-Q4")
    frozen = hospital.report("2026-Q4")
    clock.forward(days=8)
    schedule(hospital)
    assert hospital.report("2026-Q4") == frozen
    assert hospital.report("2027-Q1").as_of == clock.now


def test_one_hospital_that_can_not_be_counted_does_not_stop_the_others(
    hospital: Hospital, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Hospital(world, "aa", "Eerste op alfabet")
    real = operations.take_due_snapshots

    def fails_for_one(db: object, settings: object, organisation_id: object, **more: object) -> None:
        real(db, settings, organisation_id, **more)  # type: ignore[arg-type]
        if organisation_id == other.id:
            raise ValueError

    monkeypatch.setattr(operations, "take_due_snapshots", fails_for_one)
    schedule(hospital)
    assert hospital.report()
    with world.database.reading() as db:
        assert queries.report(db, other.id, "2026-Q4") is None


@pytest.mark.parametrize(
    ("period", "sentence"), [("2026", "quarter"), ("2026-Q5", "quarter"), ("2027-Q1", "not begun")]
)
def test_a_wrong_period_is_refused_with_a_sentence(hospital: Hospital, period: str, sentence: str) -> None:
    with pytest.raises(operations.CannotReport, match=sentence):
        hospital.snapshot(period)
    with pytest.raises(operations.CannotReport, match=sentence):
        hospital.freeze(period)


# --- frozen ---


def test_a_quarter_that_runs_can_not_be_frozen(hospital: Hospital, clock: StandingClock) -> None:
    with pytest.raises(operations.CannotReport, match=r"not over yet. 2026-Q3 is over"):
        hospital.freeze("2026-Q4")
    clock.now = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    with pytest.raises(operations.CannotReport):
        hospital.freeze("2026-Q4")
    clock.forward(hours=1)
    assert hospital.freeze("2026-Q4").status is Status.FROZEN


def test_frozen_figures_never_change(hospital: Hospital, clock: StandingClock) -> None:
    day = date(2026, 9, 1)
    hospital.department("IC", 20)
    for person in [hospital.person() for _ in range(12)]:
        hospital.did(person, day)
    frozen = hospital.freeze("2026-Q3")
    hospital.staff("IC", 20)
    for _ in range(12):
        hospital.did(hospital.person(), day)
    clock.forward(days=30)
    with pytest.raises(operations.CannotReport, match="frozen"):
        hospital.snapshot("2026-Q3")
    assert hospital.snapshot("2026-Q3", force=False) == frozen
    assert hospital.freeze("2026-Q3") == frozen


def test_folded_activity_goes_when_its_year_is_frozen(hospital: Hospital, world: World, clock: StandingClock) -> None:
    clock.now = datetime(2027, 1, 5, tzinfo=UTC)
    other = Hospital(world, "vecht", "Thuiszorg Vecht")
    for day in (date(2026, 8, 20), date(2026, 12, 1), date(2027, 1, 3)):
        hospital.did(hospital.person(), day)
    other.did(other.person(), date(2026, 12, 1))
    hospital.fold()

    def quarters() -> list[tuple[bool, str]]:
        with world.database.reading() as db:
            return sorted((fold.organisation_id == hospital.id, fold.quarter) for fold in all_of(db, ActivityFold))

    hospital.freeze("2026-Q4")
    assert (True, "2026-Q3") in quarters()
    hospital.freeze("2026-Q3")
    assert quarters() == [(False, "2026-Q4"), (True, "2027-Q1")]
    clock.forward(days=70)
    hospital.fold()  # the raw activity of December is folded once more when it is forgotten
    schedule(hospital)
    assert quarters() == [(False, "2026-Q4"), (True, "2027-Q1")]


def test_taking_and_freezing_are_in_the_audit_trail(hospital: Hospital, world: World) -> None:
    hospital.snapshot()
    hospital.freeze("2026-Q3")
    with world.database.reading() as db:
        trail = [(entry.action, entry.subject) for entry in all_of(db, AuditEntry)]
    assert ("reports.snapshot", "report:2026-Q4/department") in trail
    assert ("reports.freeze", "report:2026-Q3/department") in trail


def test_tokens_that_are_over_are_forgotten(hospital: Hospital, world: World, clock: StandingClock) -> None:
    hospital.token()
    clock.forward(minutes=59)
    hospital.token()
    clock.forward(minutes=2)
    with world.database.writing() as db:
        jobs.clear_tokens(Work(db, clock.now, hospital.settings))
        assert len(db.scalars(select(ApiToken.token_hash)).all()) == 1
