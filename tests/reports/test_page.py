"""HR sees groups, never a colleague; nobody else sees the report at all."""

import csv
import io
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
import structlog

from lti_tool.audit.models import AuditEntry
from lti_tool.reports import pages
from lti_tool.web.routes import ROUTES
from tests.conftest import StandingClock
from tests.reports.hospital import Hospital, all_of
from tests.world import Somebody, World

PAGES = ("/reports", "/reports?period=2026-Q4", "/reports/activity.csv", "/reports/activity.csv?period=2026-Q4")


@pytest.fixture
def hospital(world: World) -> Hospital:
    return Hospital(world)


@pytest.fixture
def hr(world: World, hospital: Hospital) -> Somebody:
    return world.somebody(hospital.id, "Marijke Jonker", "hr")


def fill(hospital: Hospital) -> None:
    """Departments with every figure, one that hides them, and small ones that are shown together."""
    for name, people, took in (
        ("Chirurgie", 26, 13),
        ("Geriatrie", 20, 12),
        ("Kinderafdeling", 15, 4),
        ("Röntgen & co", 30, 11),
        ("Apotheek", 12, 3),
        ("Fysiotherapie", 6, 6),
    ):
        rows = hospital.staff(name, people)
        for row in rows[:took]:
            person = hospital.person(row, name="Fatma Yilmaz", email="fatma@delinde.example")
            hospital.did(person)
            hospital.shared(person, 50)
            hospital.passed(row, "2.5", "2")
    hospital.did(hospital.person(name="Ömer Zonderlijst"))


def text(answer: Any) -> str:
    """What a page says, without its tags."""
    plain = re.sub(r"<[^>]+>", "", answer.get_data(as_text=True).replace("\n", " "))
    return re.sub(r"\s+", " ", plain.replace("\xa0", " ")).replace("&amp;", "&")


# --- who ---


@pytest.mark.parametrize("path", PAGES)
def test_only_hr_sees_the_report(world: World, hospital: Hospital, hr: Somebody, path: str) -> None:
    fill(hospital)
    hospital.snapshot()
    assert hr.get(path).status_code == 200
    assert world.stranger().get(path).status_code == 401
    for roles in ((), ("admin",), ("officer",)):
        assert world.somebody(hospital.id, "Iemand", *roles).get(path).status_code == 404


def test_only_hr_may_ask_for_figures(world: World, hospital: Hospital, hr: Somebody) -> None:
    assert world.somebody(hospital.id, "Iemand").post("/reports/snapshot").status_code == 404
    assert hr.post("/reports/snapshot").status_code == 303
    assert hospital.report()


def test_the_way_to_the_report_is_under_the_face_of_hr(world: World, hospital: Hospital, hr: Somebody) -> None:
    assert 'href="/reports"' in hr.get("/spaces").get_data(as_text=True)
    assert 'href="/reports"' not in world.somebody(hospital.id, "Iemand").get("/spaces").get_data(as_text=True)


def test_every_route_of_the_report_is_for_hr_or_a_token() -> None:
    declared = {name: access.name for name, access in ROUTES.items() if name.startswith("reports.")}
    assert {name for name, access in declared.items() if access == "public"} == {"reports.token", "reports.openapi"}
    assert set(declared.values()) == {"public", "organisation: hr", "api: reports:read"}


# --- what ---


def test_the_page_says_the_figures_in_words_bars_and_a_table(hospital: Hospital, hr: Somebody) -> None:
    fill(hospital)
    hospital.snapshot()
    page = text(hr.get("/reports"))
    assert "Van 4 groepen is een cijfer te zien. Daar deden 46 van de 95 collega’s mee." in page
    assert "Dat zijn er 48 van elke 100." in page
    assert "Voorlopig, stand van wo 25 nov. Dit kan nog veranderen." in page
    assert "Alleen groepen. Geen namen, geen berichten, geen ranglijst." in page
    assert "Waarom staat er ‘verborgen’?" in page
    order = [page.index(name, page.index("als tabel")) for name in ("Chirurgie", "Geriatrie", "Röntgen & co")]
    assert order == sorted(order)
    assert "Kleine groepen" in page
    assert "(small groups)" not in page


def test_when_all_may_be_told_it_is_told_of_all(hospital: Hospital, hr: Somebody) -> None:
    hospital.department("Chirurgie", 30, took_part=15)
    hospital.department("Geriatrie", 30, took_part=12)
    hospital.snapshot()
    page = text(hr.get("/reports"))
    assert "Van de 60 collega’s deden er 27 mee. Dat zijn er 45 van elke 100." in page


def test_a_frozen_quarter_says_so(hospital: Hospital, hr: Somebody) -> None:
    hospital.staff("Chirurgie", 30)
    hospital.freeze("2026-Q3")
    assert "Vastgesteld op wo 25 nov. Deze cijfers veranderen niet meer." in text(hr.get("/reports"))


def test_one_chooses_among_quarters_that_have_figures(hospital: Hospital, hr: Somebody) -> None:
    hospital.staff("Chirurgie", 30)
    hospital.freeze("2026-Q3")
    hospital.snapshot("2026-Q4")
    html = hr.get("/reports").get_data(as_text=True)
    assert html.index("/reports?period=2026-Q4") < html.index("/reports?period=2026-Q3")
    assert "Vastgesteld" in text(hr.get("/reports?period=2026-Q3"))
    for period in ("2026-Q2", "nonsense", ""):
        assert hr.get(f"/reports?period={period}").status_code == 404


def test_before_there_is_anything_the_page_says_what_to_do(
    hospital: Hospital, hr: Somebody, clock: StandingClock
) -> None:
    page = text(hr.get("/reports"))
    assert "Er is nog geen personeelslijst." in page
    assert "Maak nu de eerste stand" in page
    assert hr.get("/reports/activity.csv").status_code == 404
    hospital.staff("Chirurgie", 30)
    assert "Er is nog geen personeelslijst." not in text(hr.get("/reports"))
    hr.post("/reports/snapshot")
    assert "Er is nog geen groep waarvan we mogen laten zien" in text(hr.get("/reports"))
    first = hospital.report()
    clock.forward(minutes=30)
    hr.post("/reports/snapshot")
    assert hospital.report() == first, "once a week, for HR too"


def test_hr_is_told_how_many_are_in_no_list_but_no_small_number(hospital: Hospital, hr: Somebody) -> None:
    hospital.staff("Chirurgie", 30)
    hospital.snapshot()
    assert "Nu is dat niemand." in text(hr.get("/reports"))
    hospital.person()
    assert "Nu zijn dat er minder dan 10." in text(hr.get("/reports"))
    for _ in range(10):
        hospital.person()
    assert "Nu zijn dat er 11." in text(hr.get("/reports"))


def test_the_spreadsheet_is_one_of_the_readers_language(world: World, hospital: Hospital, hr: Somebody) -> None:
    fill(hospital)
    hospital.snapshot()
    body = hr.get("/reports/activity.csv").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff")), delimiter=";"))
    found = {row["Afdeling"]: (row["Collega’s"], row["Deed mee"], row["Uren gedeeld"]) for row in rows}
    assert found["Chirurgie"] == ("26", "13", "10,83")
    assert found["Kinderafdeling"] == ("15", "verborgen", "verborgen")
    assert not [name for name in found if "(" in name], "groups are called as on the page"
    english = world.somebody(hospital.id, "Jo", "hr", language="en").get("/reports/activity.csv")
    assert "10.83" in english.get_data(as_text=True)
    assert "hidden" in english.get_data(as_text=True)


def test_numbers_of_a_column_have_the_same_decimals() -> None:
    assert pages._aligned([11.25, None, 1450.0, 3.5]) == ["11,25", None, "1.450,00", "3,50"]
    assert pages._aligned([12.0, 3690.0]) == ["12", "3.690"]
    assert pages._aligned([None]) == [None]


# --- attacks ---


def test_nothing_that_hr_gets_holds_a_person_or_what_they_wrote(world: World, hospital: Hospital, hr: Somebody) -> None:
    fill(hospital)
    hospital.snapshot()
    stranger, token = world.stranger(), hospital.token()
    api = "/api/v1/reports/activity"
    given = [hr.get(path) for path in PAGES]
    given += [stranger.get(api, headers=token), stranger.get(api, headers=token | {"Accept": "text/csv"})]
    with world.database.reading() as db:
        from lti_tool.people.models import Person, StaffMember

        ids = {str(row.id) for table in (Person, StaffMember) for row in all_of(db, table)}
        numbers = {row.number for row in all_of(db, StaffMember)}
    for answer in given:
        assert answer.status_code == 200
        body = answer.get_data(as_text=True).replace("Marijke Jonker", "")
        for secret in ("Fatma", "Yilmaz", "Ömer", "delinde.example", "Geheime", "Scholing", "Fysiotherapie"):
            assert secret not in body
        assert not any(value in body or value.replace("-", "") in body for value in ids)
        assert not any(f'"{number}"' in body or f">{number}<" in body for number in numbers)


def test_the_report_of_another_hospital_is_not_there(world: World, hospital: Hospital, hr: Somebody) -> None:
    other = Hospital(world, "vecht", "Thuiszorg Vecht")
    other.department("Wijk", 20, took_part=15)
    other.snapshot()
    for query in ("", f"?organisation={other.id}", f"?organisation_id={other.id}"):
        assert "Wijk" not in text(hr.get("/reports" + query))
    assert hr.get("/reports/activity.csv").status_code == 404


def test_a_department_with_a_wicked_name_is_only_text(hospital: Hospital, hr: Somebody) -> None:
    hospital.department("<script>alert(1)</script>", 20, took_part=12)
    hospital.department("=cmd|' /C calc'!A0", 20, took_part=12)
    hospital.snapshot()
    assert "<script>alert" not in hr.get("/reports").get_data(as_text=True)
    assert "'=cmd" in hr.get("/reports/activity.csv").get_data(as_text=True)


def test_readings_are_in_the_audit_trail_and_no_log_has_a_name(world: World, hospital: Hospital, hr: Somebody) -> None:
    fill(hospital)
    hospital.snapshot()
    world.app.testing = False
    with structlog.testing.capture_logs() as logs:
        for path in PAGES:
            hr.get(path)
        world.stranger().get("/api/v1/reports/activity", headers=hospital.token())
    with world.database.reading() as db:
        trail = [entry for entry in all_of(db, AuditEntry) if entry.action == "reports.read"]
    assert [entry.subject for entry in trail if entry.actor_id == hr.id] == ["report:2026-Q4/department"] * 4
    written = repr(logs) + repr([(entry.action, entry.subject) for entry in trail])
    for name in ("Fatma", "Marijke", "Jonker", "Chirurgie", "Geheime"):
        assert name not in written


def test_a_page_of_a_quarter_costs_a_fixed_number_of_queries(
    world: World, hospital: Hospital, hr: Somebody, clock: StandingClock
) -> None:
    from sqlalchemy import event

    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    for number in range(30):
        hospital.department(f"Afdeling {number}", 12, took_part=0)
    for person in [hospital.person() for _ in range(12)]:
        hospital.did(person, date(2026, 11, 1))
    clock.now = datetime(2026, 11, 25, 7, tzinfo=UTC)
    hospital.snapshot()
    event.listen(world.database._reader, "before_cursor_execute", note)
    assert hr.get("/reports").status_code == 200
    event.remove(world.database._reader, "before_cursor_execute", note)
    assert len(seen) <= 5
