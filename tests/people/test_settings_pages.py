"""One's own choices, one's row in the staff list, and the way out of a shared computer."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from sqlalchemy import select

from lti_tool.db import Database, new_id
from lti_tool.people import operations
from lti_tool.people.models import Person, StaffMember
from lti_tool.web import session
from lti_tool.web.models import WebSession
from tests.conftest import StandingClock
from tests.world import World


def text(response: object) -> str:
    return html.unescape(response.get_data(as_text=True))  # type: ignore[attr-defined]


def person(database: Database, who: uuid.UUID) -> Person:
    with database.reading() as db:
        return db.get_one(Person, who)


@pytest.fixture
def staff(database: Database, clock: StandingClock) -> object:
    def add(organisation: uuid.UUID, number: str, **more: str) -> uuid.UUID:
        with database.writing() as db:
            row = StaffMember(id=new_id(clock()), organisation_id=organisation, number=number, **more)
            db.add(row)
            return row.id

    return add


def test_a_name_is_chosen_and_given_back(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    answer = fatma.post("/me/settings/name", name="  Fatma   Y. ")
    assert person(database, fatma.id).chosen_name == "Fatma Y."
    page = text(fatma.get(answer.location))
    assert "Je bent Fatma." in page
    assert "Bewaard." in page
    fatma.post("/me/settings/name", name="")
    assert person(database, fatma.id).chosen_name == ""
    refused = fatma.post("/me/settings/name", name="x" * 81)
    assert refused.status_code == 422
    assert "1 teken te lang" in text(refused)
    assert "x" * 81 in text(refused)


def test_language_and_theme_are_kept(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    fatma.post("/me/settings/language", language="en")
    fatma.post("/me/settings/theme", theme="dark")
    page = text(fatma.get("/spaces"))
    assert '<html lang="en" data-theme="dark">' in page
    fatma.post("/me/settings/theme", theme="")
    assert "data-theme" not in text(fatma.get("/spaces"))
    assert fatma.post("/me/settings/language", language="xx").status_code == 400
    assert fatma.post("/me/settings/theme", theme="pink").status_code == 400


def test_the_staff_list_asks_is_this_you_and_never_decides(world: World, database: Database, staff: object) -> None:
    organisation = world.organisation()
    fatma = world.somebody(organisation, email="F.Yilmaz@delinde.example")
    row = staff(organisation, "1004", name="F. Yilmaz", email="f.yilmaz@DeLinde.example", department="IC-A")  # type: ignore[operator]
    page = text(fatma.get("/me/settings"))
    assert "Ben jij dit?" in page
    assert person(database, fatma.id).staff_id is None
    assert fatma.post("/me/settings/staff", staff=str(row)).status_code == 303
    assert person(database, fatma.id).staff_id == row
    page = text(fatma.get("/me/settings"))
    assert "1004" in page
    assert "Ben jij dit?" not in page


def test_no_row_is_offered_when_there_are_two_or_it_is_elsewhere_or_taken(
    world: World, database: Database, staff: object
) -> None:
    organisation, other = world.organisation(), world.organisation("vecht", "Thuiszorg Vecht")
    fatma = world.somebody(organisation, email="ic@delinde.example")
    theirs = staff(other, "9", email="ic@delinde.example")  # type: ignore[operator]
    assert "Ben jij dit?" not in text(fatma.get("/me/settings"))
    assert fatma.post("/me/settings/staff", staff=str(theirs)).status_code == 403
    one = staff(organisation, "1", email="ic@delinde.example")  # type: ignore[operator]
    world.somebody(organisation, "Wie het eerst kwam", staff_id=one)
    assert "Ben jij dit?" not in text(fatma.get("/me/settings"))
    staff(organisation, "2", email="ic@delinde.example")  # type: ignore[operator]
    assert "Ben jij dit?" not in text(fatma.get("/me/settings"))
    nobody = world.somebody(organisation, "Zonder adres")
    staff(organisation, "3", email="")  # type: ignore[operator]
    assert "Ben jij dit?" not in text(nobody.get("/me/settings"))


def test_a_code_of_hr_works_once(world: World, database: Database, clock: StandingClock, staff: object) -> None:
    organisation = world.organisation()
    fatma, kees = world.somebody(organisation), world.somebody(organisation, "Kees")
    row = staff(organisation, "1004", department="IC-A")  # type: ignore[operator]
    with database.writing() as db:
        code = operations.make_staff_code(db, organisation, "1004", now=clock())
    assert code
    refused = kees.post("/me/settings/code", code="AAAA-BBBB-CCCC")
    assert refused.status_code == 422
    assert "Deze code werkt niet" in text(refused)
    assert 'value="AAAA-BBBB-CCCC"' in text(refused)
    assert fatma.post("/me/settings/code", code=f" {code.lower()} ").status_code == 303
    assert person(database, fatma.id).staff_id == row
    assert kees.post("/me/settings/code", code=code).status_code == 422


def test_not_you_ends_the_session_on_this_computer(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    assert "Niet jij?" in text(fatma.get("/spaces"))
    answer = fatma.post("/me/leave-session")
    assert (answer.status_code, answer.location) == (303, "/signed-out")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "Je bent uitgelogd op deze computer" in text(fatma.get("/signed-out"))
    with database.reading() as db:
        assert db.scalar(select(WebSession.id).where(WebSession.person_id == fatma.id)) is None
    assert fatma.get("/spaces").status_code == 401


def test_a_one_time_address_asks_first_and_works_once(world: World, database: Database, clock: StandingClock) -> None:
    organisation = world.organisation()
    with database.writing() as db:
        token = operations.grant_by_link(db, organisation, "hr", now=clock())
    scanner, hilde, thief = world.stranger(), world.stranger(), world.stranger()
    for _ in range(3):
        page = scanner.get(f"/signin/{token}")
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    elsewhere = hilde.post(f"/signin/{token}", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 400
    answer = hilde.post(f"/signin/{token}", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.location) == (303, "/reports")
    cookie = re.match(rf"{session.COOKIE}=([^;]+)", answer.headers["Set-Cookie"])
    assert cookie
    hilde.set_cookie(session.COOKIE, cookie[1], secure=True)
    assert hilde.get("/spaces", base_url="https://localhost").status_code == 200
    assert thief.post(f"/signin/{token}").status_code == 410
    assert thief.get(f"/signin/{token}").status_code == 410
    assert "Dit adres werkt niet meer" in text(thief.get("/signin/nothing"))


def test_a_one_time_address_is_over_after_a_day(world: World, database: Database, clock: StandingClock) -> None:
    organisation = world.organisation()
    with database.writing() as db:
        token = operations.grant_by_link(db, organisation, "admin", now=clock())
    clock.forward(hours=24, seconds=1)
    assert world.stranger().post(f"/signin/{token}").status_code == 410
