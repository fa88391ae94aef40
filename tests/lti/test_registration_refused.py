"""What can go wrong while an LMS is connected: each its own page, with what was seen and who can mend it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import func, select

from lti_tool.db import Database
from lti_tool.jobs.schedule import Work
from lti_tool.lti import jobs as lti_jobs
from lti_tool.lti import registration
from lti_tool.lti.models import PendingRegistration
from lti_tool.organisations.models import Platform, RegistrationCode
from lti_tool.organisations.registration import CODE_LIFE, make_code
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lti.registrar import Admin, Registrar, lms


@pytest.fixture
def moodle(clock: StandingClock) -> Iterator[Registrar]:
    with lms("moodle", clock) as registrar:
        yield registrar


@pytest.fixture
def canvas(clock: StandingClock) -> Iterator[Registrar]:
    with lms("canvas", clock) as registrar:
        yield registrar


@pytest.fixture
def code(database: Database, organisation: uuid.UUID, clock: StandingClock) -> str:
    with database.writing() as db:
        return make_code(db, organisation, now=clock())


@pytest.fixture
def admin(app: Flask, moodle: Registrar) -> Admin:
    return Admin(app.test_client(use_cookies=False), moodle)


def count(database: Database, table: Any) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_opened_in_a_browser_it_says_where_to_paste_the_address(app: Flask) -> None:
    page = app.test_client().get("/lti/register")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "http://localhost:5000/lti/register" in text
    assert "Add LTI Advantage" in text
    assert "<form" not in text


def test_a_wrong_a_used_and_an_old_code_are_told_apart(
    admin: Admin, moodle: Registrar, database: Database, organisation: uuid.UUID, code: str, clock: StandingClock
) -> None:
    page = admin.open(moodle.token("first"))
    wrong = admin.send(page, "ACDE-ACDE-ACDE", emails="yes")
    assert wrong.status_code == 422
    assert "Deze code kennen we niet" in wrong.get_data(as_text=True)
    assert 'value="ACDE-ACDE-ACDE"' in wrong.get_data(as_text=True)
    assert 'name="emails" value="yes" checked' in wrong.get_data(as_text=True), "nothing need be typed again"
    assert "Vul je code in" in admin.send(page, "").get_data(as_text=True)
    assert not moodle.asked
    # Typed as people type: small letters, without hyphens.
    assert admin.send(wrong, code.lower().replace("-", " ")).status_code == 200
    again = admin.send(admin.open(moodle.token("second")), code)
    assert again.status_code == 422
    assert "Deze code is al gebruikt" in again.get_data(as_text=True)
    with database.writing() as db:
        old = make_code(db, organisation, now=clock())
    clock.forward(days=CODE_LIFE.days, seconds=1)
    late = admin.send(admin.open(moodle.token("third")), old)
    assert late.status_code == 422
    assert "Deze code is verlopen" in late.get_data(as_text=True)
    assert len(moodle.asked) == 1


def test_in_canvas_it_appears_somewhere(app: Flask, canvas: Registrar, code: str) -> None:
    admin = Admin(app.test_client(), canvas)
    nowhere = admin.send(admin.open(canvas.token()), code, spots=[])
    assert nowhere.status_code == 422
    assert "Kies minstens één plek" in nowhere.get_data(as_text=True)
    assert not canvas.asked
    assert admin.send(nowhere, code, spots=["course_navigation"]).status_code == 200


def test_a_token_that_canvas_does_not_know_is_told_as_that(app: Flask, canvas: Registrar) -> None:
    refused = Admin(app.test_client(), canvas).open("a-token-of-yesterday")
    assert refused.status_code == 502
    assert "R01" in refused.get_data(as_text=True)
    assert "neemt het bewijs niet aan (code 401)" in refused.get_data(as_text=True)
    assert "Begin opnieuw" in refused.get_data(as_text=True)


def test_codes_can_not_be_guessed(admin: Admin, moodle: Registrar, code: str) -> None:
    page = admin.open(moodle.token())
    for _ in range(registration.MAX_WRONG_CODES):
        assert admin.send(page, "ACDE-ACDE-ACDE").status_code == 422
    stopped = admin.send(page, code)
    assert stopped.status_code == 429
    assert "R05" in stopped.get_data(as_text=True)
    assert not moodle.asked
    assert admin.send(admin.open(moodle.token("other")), code).status_code == 200, "who begins again may"


def test_one_code_registers_one_lms_also_when_two_try_at_once(
    app: Flask, admin: Admin, moodle: Registrar, database: Database, code: str
) -> None:
    first, second = admin.open(moodle.token("one")), admin.open(moodle.token("two"))
    answers: list[Any] = []

    def meanwhile() -> Response | None:
        if not answers:
            answers.append(Admin(app.test_client(), moodle).send(second, code))
        return None

    moodle.after = meanwhile
    assert admin.send(first, code).status_code == 200
    assert answers[0].status_code == 422
    assert "net in gebruik" in answers[0].get_data(as_text=True)
    assert count(database, Platform) == len(moodle.asked) == 1


@pytest.mark.parametrize("moment", ["token", "form"])
def test_after_an_hour_it_begins_anew(
    admin: Admin, moodle: Registrar, code: str, clock: StandingClock, moment: str
) -> None:
    token = moodle.token()
    page = admin.open(token)
    clock.forward(minutes=61)
    late = admin.open(token) if moment == "token" else admin.send(page, code)
    assert late.status_code == 410
    assert "L11" in late.get_data(as_text=True)
    assert "Het uur is voorbij" in late.get_data(as_text=True)
    assert not moodle.asked


def test_a_token_that_registered_something_else_is_told(admin: Admin, moodle: Registrar, code: str) -> None:
    token = moodle.token()
    page = admin.open(token)
    moodle.used.add(token)
    refused = admin.send(page, code)
    assert refused.status_code == 409
    assert "L11" in refused.get_data(as_text=True)
    assert "token_already_used" not in refused.get_data(as_text=True)


def test_without_a_token_moodle_and_canvas_are_not_registered(
    app: Flask, admin: Admin, moodle: Registrar, canvas: Registrar
) -> None:
    refused = admin.open()
    assert refused.status_code == 400
    assert "R07" in refused.get_data(as_text=True)
    assert Admin(app.test_client(), canvas).open().status_code == 502, "Canvas does not even tell who it is"


def test_an_lms_that_wants_no_token_gets_none(admin: Admin, moodle: Registrar, code: str, database: Database) -> None:
    moodle.change = lambda said: said["https://purl.imsglobal.org/spec/lti-platform-configuration"].update(
        product_family_code="sakai"
    )
    page = admin.open()
    assert "Koppel Leerkring aan Sakai" in page.get_data(as_text=True)
    refused = admin.send(page, code)  # this one does want it after all
    assert refused.status_code == 400
    assert "R07" in refused.get_data(as_text=True)
    moodle.tokens[""] = "from-sakai"
    moodle._moodle_refuses = lambda token, asked: None  # type: ignore[method-assign]
    assert "De koppeling is gemaakt" in admin.send(page, code).get_data(as_text=True)
    with database.reading() as db:
        assert db.execute(select(Platform.client_id, Platform.product)).one() == ("from-sakai", "other")


UNREADABLE: dict[str, tuple[str, str]] = {
    "/page": ("stuurt een webpagina", "Wie dit kan oplossen"),
    "/nothing-here": ("antwoordt met foutcode 404", "Kijk of dit het goede adres is"),
}


@pytest.mark.parametrize("path", UNREADABLE)
def test_a_configuration_that_is_none(admin: Admin, moodle: Registrar, path: str) -> None:
    refused = admin.open(moodle.token(), url=moodle.address + path)
    text = refused.get_data(as_text=True)
    assert refused.status_code == 502
    assert "R01" in text
    for words in UNREADABLE[path]:
        assert words in text
    assert "Log in" not in text, "nothing of what the other side wrote"


def test_addresses_where_nothing_is(admin: Admin, moodle: Registrar) -> None:
    for url, words in {
        "http://127.0.0.1:9/openid": "neemt de verbinding niet aan",
        "https://no-such-host.invalid/openid": "bestaat niet op internet",
        "https://169.254.169.254/latest": "afgeschermd netwerk",
        "javascript:alert(1)": "geen webadres",
        "not an address": "geen webadres",
    }.items():
        refused = admin.open(moodle.token(), url=url)
        assert refused.status_code == 502, url
        assert words in refused.get_data(as_text=True), url


def test_a_private_address_is_not_asked(
    settings: Settings, database: Database, clock: StandingClock, moodle: Registrar
) -> None:
    import lti_tool

    strict = settings.model_copy(update={"base_url": "https://leerkring.example", "allow_private_addresses": False})
    admin = Admin(lti_tool.create_app(strict, database=database, clock=clock).test_client(), moodle)
    for url in (moodle.configuration_url, "https://10.1.2.3/openid", "https://localhost/openid"):
        refused = admin.open(moodle.token(), url=url)
        assert refused.status_code == 502
        assert "We hebben niets opgevraagd" in refused.get_data(as_text=True), url
    assert moodle.looks == 0
    refused = admin.open(moodle.token(), url="http://moodle.hospital.example/openid")
    assert refused.status_code == 400
    assert "begint niet met https://" in refused.get_data(as_text=True)


def test_a_configuration_that_drips_is_cut_off(
    admin: Admin, moodle: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lti_tool.lti import configuration

    whole = configuration.http_for

    def hasty(reach: Any) -> Any:
        made = whole(reach)
        made._deadline = 1.0
        return made

    monkeypatch.setattr(configuration, "http_for", hasty)
    refused = admin.open(moodle.token(), url=moodle.address + "/slow")
    assert refused.status_code == 502
    assert "werd niet klaar" in refused.get_data(as_text=True)


PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
LIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another issuer": (lambda said: said.update(issuer="https://moodle.hospital.example"), "noemt zich moodle"),
    "keys elsewhere": (lambda said: said.update(jwks_uri="https://keys.evil.example/jwks"), "Dat hoort niet bij"),
    "login elsewhere": (lambda said: said.update(authorization_endpoint="https://evil.example/auth"), "evil.example"),
    "tokens elsewhere": (lambda said: said.update(token_endpoint="https://evil.example/token"), "evil.example"),
    "registers elsewhere": (lambda said: said.update(registration_endpoint="https://evil.example/r"), "evil.example"),
    "no id_token": (lambda said: said.update(response_types_supported=["code"]), "geen id_token"),
    "no response types": (lambda said: said.pop("response_types_supported"), "geen id_token"),
    "no RS256": (lambda said: said.update(id_token_signing_alg_values_supported=["HS256", "none"]), "geen RS256"),
    "no key proof": (
        lambda said: said.update(token_endpoint_auth_methods_supported=["client_secret_post"]),
        "geen private_key_jwt",
    ),
    "no jwks": (lambda said: said.pop("jwks_uri"), "ontbreekt een gegeven: jwks_uri"),
    "a number for an address": (lambda said: said.update(token_endpoint=7), "ontbreekt een gegeven"),
    "a password in it": (lambda said: said.update(token_endpoint="https://a:b@evil.example/t"), "niet bruikbaar"),
    "no LMS at all": (lambda said: said.pop(PLATFORM), "lti-platform-configuration"),
    "no links": (
        lambda said: said[PLATFORM].update(messages_supported=[{"type": "LtiDeepLinkingRequest"}]),
        "geen LtiResourceLinkRequest",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_configuration_that_lies_is_refused(admin: Admin, moodle: Registrar, lie: str) -> None:
    change, words = LIES[lie]
    moodle.change = change
    refused = admin.open(moodle.token())
    assert refused.status_code == 400
    assert "R02" in refused.get_data(as_text=True)
    assert words in refused.get_data(as_text=True)


ANSWERS: dict[str, tuple[int, str, str]] = {
    "400": (400, "R03", "vindt de aanvraag niet goed (code 400)"),
    "404": (404, "R03", "neemt het bewijs niet aan (code 404)"),
    "302": (302, "R03", "stuurt ons door"),
    "429": (429, "R03", "te druk"),
    "500": (500, "R04", "heeft een storing"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_the_lms_answers_is_told_in_words_and_the_code_stays_good(
    admin: Admin, moodle: Registrar, database: Database, code: str, answer: str
) -> None:
    status, page_code, words = ANSWERS[answer]
    secret = "<b>SQL error near Fatma</b>"
    page = admin.open(moodle.token())
    moodle.register = lambda token, asked: Response(  # type: ignore[method-assign]
        secret, status, headers={"Location": "/elsewhere"} if status == 302 else {}
    )
    refused = admin.send(page, code)
    text = refused.get_data(as_text=True)
    assert refused.status_code == 502
    assert page_code in text
    assert words in text
    assert "Fatma" not in text
    assert count(database, Platform) == 0
    del moodle.register
    assert admin.send(page, code).status_code == 200


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"client_id": ""}', '{"client_id": ["1"]}', "<html>"])
def test_a_yes_without_a_client_id_is_no_connection(
    admin: Admin, moodle: Registrar, database: Database, code: str, body: str
) -> None:
    page = admin.open(moodle.token())
    moodle.after = lambda: Response(body, 200, content_type="application/json")
    refused = admin.send(page, code)
    assert refused.status_code == 502
    assert "R04" in refused.get_data(as_text=True)
    assert count(database, Platform) == 0


def test_forms_that_are_not_ours(admin: Admin, moodle: Registrar, code: str) -> None:
    page = admin.open(moodle.token())
    for token in ("", "x", f"{uuid.uuid4().hex}.{'0' * 32}", "é" * 40, "\0"):
        refused = admin.send(page, code, token=token)
        assert refused.status_code == 410, token
        assert "L11" in refused.get_data(as_text=True)
    assert not moodle.asked


def test_nobody_lets_us_fetch_addresses_without_end(
    admin: Admin, moodle: Registrar, clock: StandingClock, database: Database
) -> None:
    for number in range(registration.MAX_FROM_ONE_ADDRESS):
        assert admin.open(moodle.token(str(number))).status_code == 200
    stopped = admin.open(moodle.token("one more"))
    assert stopped.status_code == 429
    assert "R08" in stopped.get_data(as_text=True)
    assert moodle.looks == registration.MAX_FROM_ONE_ADDRESS
    clock.forward(minutes=11)
    assert admin.open(moodle.token("later")).status_code == 200


def test_one_token_asks_for_its_configuration_ten_times_at_most(admin: Admin, moodle: Registrar) -> None:
    token = moodle.token()
    moodle.change = lambda said: said.pop("issuer")
    answers = [admin.open(token).status_code for _ in range(registration.MAX_LOOKS + 2)]
    assert answers == [400] * registration.MAX_LOOKS + [429, 429]


def test_tokens_of_an_lms_are_encrypted_and_go_after_their_hour(
    admin: Admin, moodle: Registrar, database: Database, clock: StandingClock, settings: Settings
) -> None:
    token = moodle.token()
    admin.open(token)
    with database.reading() as db:
        kept = db.scalars(select(PendingRegistration.token)).one()
    assert kept
    assert token.encode() not in bytes(kept)
    for days, rows, tokens in ((0, 1, 1), (0.05, 1, 0), (1.1, 0, 0)):
        clock.forward(days=days)
        with database.writing() as db:
            lti_jobs.clear_registrations(Work(db, clock(), settings))
        assert count(database, PendingRegistration) == rows
        with database.reading() as db:
            assert len([one for one in db.scalars(select(PendingRegistration.token)) if one]) == tokens


def test_a_code_is_kept_as_a_hash_and_forgotten_in_the_end(
    database: Database, code: str, clock: StandingClock, settings: Settings
) -> None:
    from lti_tool.organisations import jobs

    with database.reading() as db:
        assert code.encode() not in bytes(db.scalars(select(RegistrationCode.code_hash)).one())
    for days, left in ((30, 1), (8, 0)):
        clock.forward(days=days)
        with database.writing() as db:
            jobs.clear_codes(Work(db, clock(), settings))
        assert count(database, RegistrationCode) == left
