"""An admin connects their LMS on one screen: at a Moodle and a Canvas that answer what real ones answered."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import func, select

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database
from lti_tool.lti.models import PendingRegistration
from lti_tool.organisations.models import Deployment, Platform, RegistrationCode
from lti_tool.organisations.operations import add_organisation
from lti_tool.organisations.registration import make_code
from tests.conftest import StandingClock
from tests.lti.registrar import CANVAS, TOOL, Admin, Registrar, in_parallel, lms, spots_of

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"
CURRENT = "/mod/lti/openid-registration.php"


@pytest.fixture
def moodle(clock: StandingClock) -> Iterator[Registrar]:
    with lms("moodle", clock) as registrar:
        yield registrar


@pytest.fixture
def canvas(clock: StandingClock) -> Iterator[Registrar]:
    with lms("canvas", clock) as registrar:
        yield registrar


def code_of(database: Database, organisation: uuid.UUID, clock: StandingClock) -> str:
    with database.writing() as db:
        return make_code(db, organisation, now=clock())


@pytest.fixture
def code(database: Database, organisation: uuid.UUID, clock: StandingClock) -> str:
    return code_of(database, organisation, clock)


def platforms(database: Database) -> list[Platform]:
    with database.reading() as db:
        found = list(db.scalars(select(Platform).order_by(Platform.created_at, Platform.id)))
        db.expunge_all()
        return found


def test_moodle_is_connected_with_one_typed_field_and_no_cookie(
    app: Flask, moodle: Registrar, database: Database, organisation: uuid.UUID, code: str
) -> None:
    admin = Admin(app.test_client(use_cookies=False), moodle)
    page = admin.open(moodle.token())
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Koppel Leerkring aan Moodle" in text
    assert "Moodle 4.5.6" in text
    assert moodle.address.removeprefix("http://") in text
    assert "Set-Cookie" not in page.headers
    made = admin.send(page, code)
    text = made.get_data(as_text=True)
    assert made.status_code == 200, text
    assert "De koppeling is gemaakt" in text
    assert "Nog 2 stappen in Moodle" in text
    assert "Show in activity chooser" in text
    assert "op het potlood" in text, "as the card of Moodle 4.5 has it"
    assert 'href="/install/moodle"' in text
    assert f'href="{moodle.address}/mod/lti/toolconfigure.php"' in text
    assert "Set-Cookie" not in made.headers

    (platform,) = platforms(database)
    assert platform.organisation_id == organisation
    assert (platform.issuer, platform.client_id) == (moodle.address, "BB09xavJUBfO3Md")
    assert platform.jwks_url == f"{moodle.address}/mod/lti/certs.php"
    assert (platform.product, platform.version) == ("moodle", "4.5.6")
    assert (platform.names, platform.emails, platform.roster, platform.grades) == (True, False, True, False)
    assert platform.scopes == [NRPS]
    with database.reading() as db:
        assert db.execute(select(Deployment.deployment_id, Deployment.accepted_at)).one().deployment_id == "3"
        assert db.scalars(select(RegistrationCode.used_at)).one() is not None
        assert "organisations.add_platform" in set(db.scalars(select(AuditEntry.action)))
        kept = db.execute(select(PendingRegistration.state, PendingRegistration.token)).one()
        assert tuple(kept) == ("done", None), "the token of the LMS is not kept longer than needed"


def test_what_moodle_is_asked(app: Flask, moodle: Registrar, code: str) -> None:
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token()), code, emails="yes", grades="yes")
    (asked,) = moodle.asked
    assert asked["redirect_uris"] == ["http://localhost:5000/lti/launch"]
    assert asked["jwks_uri"] == "http://localhost:5000/lti/jwks"
    assert asked["scope"].split() == [
        NRPS,
        "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
        "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    ], "and no notices, for Moodle offers none"
    tool = asked[TOOL]
    assert tool["domain"] == "localhost:5000"
    assert tool["claims"] == ["iss", "sub", "name", "given_name", "family_name", "email"]
    assert tool["custom_parameters"] == {
        "person_sourcedid": "$Person.sourcedId",
        "context_id_history": "$Context.id.history",
        "resource_link_id_history": "$ResourceLink.id.history",
    }
    assert [message["type"] for message in tool["messages"]] == ["LtiResourceLinkRequest", "LtiDeepLinkingRequest"]
    assert not [name for name in tool if name.startswith(CANVAS)]


def test_what_is_switched_off_is_not_asked(app: Flask, moodle: Registrar, database: Database, code: str) -> None:
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token()), code, names="", roster="")
    (asked,) = moodle.asked
    assert asked["scope"] == ""
    assert asked[TOOL]["claims"] == ["iss", "sub"]
    (platform,) = platforms(database)
    assert (platform.names, platform.roster, platform.scopes) == (False, False, [])


def test_canvas_gets_its_own_keys(app: Flask, canvas: Registrar, database: Database, code: str) -> None:
    admin = Admin(app.test_client(use_cookies=False), canvas)
    page = admin.open(canvas.token("10000000000042"))
    text = page.get_data(as_text=True)
    assert "St Jude Trust" in text, "the customer that Canvas names"
    assert spots_of(page) == ["link_selection", "assignment_selection", "course_navigation", "account_navigation"]
    made = admin.send(page, code, spots=["link_selection", "course_navigation", "account_navigation", "nonsense"])
    assert made.status_code == 200, made.get_data(as_text=True)
    assert 'id="client-id">10000000000042<' in made.get_data(as_text=True)
    (asked,) = canvas.asked
    assert asked["scope"].split() == [NRPS, NOTICES]
    tool = asked[TOOL]
    assert tool[CANVAS + "privacy_level"] == "name_only"
    assert tool["custom_parameters"]["canvas_user_id"] == "$Canvas.user.id"
    spots = {message["placements"][0]: message for message in tool["messages"]}
    assert list(spots) == ["link_selection", "course_navigation", "account_navigation"]
    assert spots["link_selection"]["type"] == "LtiDeepLinkingRequest"
    menu = spots["course_navigation"]
    assert menu["type"] == "LtiResourceLinkRequest"
    assert menu[CANVAS + "course_navigation/default_enabled"] is False
    assert (menu[CANVAS + "visibility"], menu[CANVAS + "display_type"]) == ("members", "full_width_in_context")
    assert spots["account_navigation"]["custom_parameters"] == {"page": "office"}
    assert spots["account_navigation"][CANVAS + "visibility"] == "admins"
    (platform,) = platforms(database)
    assert (platform.name, platform.product) == ("St Jude Trust", "canvas")
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Deployment)) == 0, "Canvas tells it at the first launch"


def test_the_form_speaks_both_languages_and_keeps_what_was_typed(
    app: Flask, canvas: Registrar, code: str, clock: StandingClock
) -> None:
    admin = Admin(app.test_client(), canvas)
    assert '<html lang="en"' in admin.open(canvas.token("1"), language="en-GB,en;q=0.9").get_data(as_text=True)
    page = admin.open(canvas.token("2"))
    english = admin.send(page, "ACDE-half", spots=["course_navigation"], to="en", names="")
    text = english.get_data(as_text=True)
    assert english.status_code == 200
    assert '<html lang="en"' in text
    assert 'value="ACDE-half"' in text
    assert spots_of(english) == ["course_navigation"]
    assert not canvas.asked, "the button for the language registers nothing"
    made = admin.send(english, code)
    assert '<html lang="en"' in made.get_data(as_text=True)
    (asked,) = canvas.asked
    assert [message["label"] for message in asked[TOOL]["messages"]] == ["Leerkring"]
    assert asked[TOOL][CANVAS + "privacy_level"] == "anonymous"
    assert asked[TOOL]["description"].startswith("A place to learn")


def test_a_double_click_registers_once_and_both_see_the_answer(
    app: Flask, moodle: Registrar, database: Database, code: str
) -> None:
    admin = Admin(app.test_client(), moodle)
    page = admin.open(moodle.token())
    arrived, go = threading.Event(), threading.Event()

    def hold() -> Response | None:
        arrived.set()
        assert go.wait(10)
        return None

    moodle.after = hold

    def second() -> Any:
        assert arrived.wait(10)
        threading.Timer(0.5, go.set).start()
        return Admin(app.test_client(), moodle).send(page, code)

    answers = in_parallel(lambda: admin.send(page, code), second)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("De koppeling is gemaakt" in answer.get_data(as_text=True) for answer in answers)
    assert len(moodle.asked) == len(platforms(database)) == 1


def test_the_page_opened_again_shows_what_is_left_to_do(app: Flask, moodle: Registrar, code: str) -> None:
    admin, token = Admin(app.test_client(), moodle), moodle.token()
    page = admin.open(token)
    admin.send(page, code)
    for again in (admin.open(token), admin.send(page, code)):
        assert again.status_code == 200
        assert "Nog 2 stappen in Moodle" in again.get_data(as_text=True)
    assert len(moodle.asked) == moodle.looks == 1


def test_an_answer_that_got_lost_is_found_again_in_moodle(
    app: Flask, moodle: Registrar, database: Database, code: str
) -> None:
    admin = Admin(app.test_client(), moodle)
    page = admin.open(moodle.token())
    moodle.after = lambda: Response("<h1>Bad gateway</h1>", 502, content_type="text/html")
    lost = admin.send(page, code, emails="yes")
    assert lost.status_code == 502
    assert "R04" in lost.get_data(as_text=True)
    assert "Bad gateway" not in lost.get_data(as_text=True)
    assert not platforms(database)
    found = admin.send(lost, code)
    assert "De koppeling is gemaakt" in found.get_data(as_text=True), found.get_data(as_text=True)
    (platform,) = platforms(database)
    assert (platform.client_id, platform.emails) == ("BB09xavJUBfO3Md", True), "as Moodle's token says"
    assert len(moodle.made) == 1


def test_canvas_is_never_asked_twice_when_its_answer_got_lost(
    app: Flask, canvas: Registrar, database: Database, code: str
) -> None:
    admin, token = Admin(app.test_client(), canvas), canvas.token("10000000000042")
    page = admin.open(token)
    canvas.after = lambda: Response("", 504)
    assert admin.send(page, code).status_code == 502
    for again in (admin.send(page, code), admin.open(token)):
        assert "R04" in again.get_data(as_text=True)
    assert len(canvas.asked) == 1
    canvas.after = lambda: None
    anew = admin.open(canvas.token("10000000000043"))
    assert "De koppeling is gemaakt" in admin.send(anew, code).get_data(as_text=True), "the code is still good"
    assert [platform.client_id for platform in platforms(database)] == ["10000000000043"]


def test_moodle_changes_what_it_registered(
    app: Flask, moodle: Registrar, database: Database, organisation: uuid.UUID, code: str, clock: StandingClock
) -> None:
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token()), code)
    clock.forward(days=1)
    page = admin.open(moodle.token(update=True))
    assert "Werk de koppeling met Moodle bij" in page.get_data(as_text=True)
    made = admin.send(page, code_of(database, organisation, clock), emails="yes")
    assert "De koppeling is bijgewerkt" in made.get_data(as_text=True)
    (platform,) = platforms(database)
    assert platform.emails
    with database.reading() as db:
        assert "organisations.update_platform" in set(db.scalars(select(AuditEntry.action)))


def test_who_updates_finds_the_switches_as_they_stand(
    app: Flask, moodle: Registrar, database: Database, organisation: uuid.UUID, code: str, clock: StandingClock
) -> None:
    """What an admin chose a year ago is not undone because somebody presses the button without looking."""
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token()), code, names="", roster="", grades="yes")
    clock.forward(days=1)
    token = moodle.token(update=True)
    for page in (admin.open(token), admin.open(token)):
        text = page.get_data(as_text=True)
        on = {name for name in ("names", "emails", "roster", "grades") if f'name="{name}" value="yes" checked' in text}
        assert on == {"grades"}
    admin.send(page, code_of(database, organisation, clock))
    (platform,) = platforms(database)
    assert (platform.names, platform.emails, platform.roster, platform.grades) == (False, False, False, True)


@pytest.mark.parametrize("choice", ["update", "new"])
def test_an_lms_that_is_there_already_asks_update_or_new(
    app: Flask,
    moodle: Registrar,
    database: Database,
    organisation: uuid.UUID,
    code: str,
    clock: StandingClock,
    choice: str,
) -> None:
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token("first")), code)
    (before,) = platforms(database)
    clock.forward(days=1)
    second = code_of(database, organisation, clock)
    asked = admin.send(admin.open(moodle.token("second")), second, emails="yes")
    assert asked.status_code == 422
    assert "Bijwerken of nieuw?" in asked.get_data(as_text=True)
    assert len(moodle.asked) == 1, "nothing was sent yet"
    made = admin.send(asked, second, choice=str(before.id) if choice == "update" else "new")
    assert made.status_code == 200, made.get_data(as_text=True)
    now = platforms(database)
    if choice == "update":
        assert [(one.id, one.client_id, one.emails) for one in now] == [(before.id, "second", True)]
    else:
        assert [one.client_id for one in now] == ["first", "second"]
        assert now[1].name == f"{now[0].name} 2", "or an admin can't tell them apart"


def test_a_foreign_organisation_neither_sees_nor_changes_a_connection(
    app: Flask, moodle: Registrar, database: Database, code: str, clock: StandingClock
) -> None:
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token()), code)
    with database.writing() as db:
        other = add_organisation(db, slug="vecht", name="Thuiszorg Vecht", now=clock())
    theirs = code_of(database, other, clock)
    refused = admin.send(admin.open(moodle.token(update=True)), theirs)
    assert refused.status_code == 409
    assert "R06" in refused.get_data(as_text=True)
    assert "De Linde" not in refused.get_data(as_text=True)
    assert len(moodle.asked) == 1
    # A new connection to the same LMS is theirs alone, without a question that would tell them of the first.
    made = admin.send(admin.open(moodle.token("another")), theirs)
    assert made.status_code == 200
    assert {platform.organisation_id for platform in platforms(database)} >= {other}


def test_an_lms_that_takes_the_client_id_of_another_one_gets_nowhere(
    app: Flask, moodle: Registrar, database: Database, code: str, clock: StandingClock
) -> None:
    admin = Admin(app.test_client(), moodle)
    admin.send(admin.open(moodle.token("mine")), code)
    with database.writing() as db:
        other = add_organisation(db, slug="vecht", name="Thuiszorg Vecht", now=clock())
    moodle.used.clear()
    moodle.tokens.clear()
    refused = admin.send(admin.open(moodle.token("mine", life=1800)), code_of(database, other, clock))
    assert refused.status_code == 409
    (platform,) = platforms(database)
    assert platform.organisation_id != other


def test_another_lms_with_a_client_id_that_is_known_is_not_spoken_for(
    app: Flask, moodle: Registrar, database: Database, code: str, clock: StandingClock
) -> None:
    """Our key speaks for all, and Moodle does not look for whom our word was: who registers another hospital's client
    id would be told what opens its rosters and grades."""
    Admin(app.test_client(), moodle).send(Admin(app.test_client(), moodle).open(moodle.token("mine")), code)
    with database.writing() as db:
        other = add_organisation(db, slug="vecht", name="Thuiszorg Vecht", now=clock())
    with lms("moodle", clock) as evil:
        admin = Admin(app.test_client(), evil)
        refused = admin.send(admin.open(evil.token("mine", life=1800)), code_of(database, other, clock))
    assert refused.status_code == 409
    assert "De Linde" not in refused.get_data(as_text=True)
    (platform,) = platforms(database)
    assert platform.organisation_id != other
    assert platform.issuer == moodle.address


def _canvas_of_all(said: dict[str, Any]) -> None:
    said["issuer"] = "https://canvas.instructure.com"


def test_another_server_does_not_become_an_lms_that_is_there(
    app: Flask, canvas: Registrar, database: Database, organisation: uuid.UUID, code: str, clock: StandingClock
) -> None:
    """All hosted Canvas says the same issuer, and who answers says which client id it is."""
    canvas.change = _canvas_of_all
    admin = Admin(app.test_client(), canvas)
    assert admin.send(admin.open(canvas.token("mine")), code).status_code == 200
    (before,) = platforms(database)
    with lms("canvas", clock) as evil:
        evil.change = _canvas_of_all
        stranger = Admin(app.test_client(), evil)
        taken = stranger.send(stranger.open(evil.token("mine", life=1800)), code_of(database, organisation, clock))
    assert taken.status_code == 409
    (platform,) = platforms(database)
    assert (platform.id, platform.jwks_url, platform.token_url) == (before.id, before.jwks_url, before.token_url)


def test_a_stranger_does_not_read_how_the_switches_of_an_lms_stand(
    app: Flask, canvas: Registrar, database: Database, code: str, clock: StandingClock
) -> None:
    canvas.change = _canvas_of_all
    admin = Admin(app.test_client(), canvas)
    admin.send(admin.open(canvas.token("mine")), code, names="", roster="", grades="yes")

    def claims_to_be_it(said: dict[str, Any]) -> None:
        _canvas_of_all(said)
        said["registration_endpoint"] = said["registration_endpoint"].partition("/api/")[0] + CURRENT

    with lms("canvas", clock) as evil:
        evil.change = claims_to_be_it
        token = evil.token("mine", life=1800, update=True)
        evil.tokens[token] = "mine"
        page = Admin(app.test_client(), evil).open(token).get_data(as_text=True)
    assert "Werk de koppeling" not in page
    assert 'name="grades" value="yes" checked' not in page
