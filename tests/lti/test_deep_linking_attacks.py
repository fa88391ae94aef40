"""Attacks on the picker: tokens of nobody, other tenants, and requests that no honest platform makes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from lti_tool.db import Database
from lti_tool.demo.shapes import Unacceptable
from lti_tool.lti.models import Picking
from lti_tool.organisations.models import Deployment
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.organisations.operations import add_organisation
from lti_tool.people.models import Person
from lti_tool.spaces.models import Space
from lti_tool.spaces.policy import Level
from tests.conftest import StandingClock
from tests.lti.conftest import register
from tests.lti.picking import Dialog, answer_in, click, said_in
from tests.platform import FATMA, INSTRUCTOR, TOOL, LyingPlatform, Visitor, lying_platform

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
NEW = {"title": "Nachtvogels", "what_for": "Samen de nacht door.", "level": "private"}


@pytest.mark.parametrize("token", ["", "x", "0" * 32, "1" * 32 + "." + "0" * 64, "é.ü", "\0", "a" * 5000])
def test_a_made_up_token_is_nobodys(dialog: Dialog, token: str) -> None:
    dialog.open()
    for path in ("", "/new", "/place", "/start", "/cancel"):
        assert dialog.send(path, token=token, **NEW).status_code == 400


def test_a_token_whose_signature_was_changed_is_nobodys(dialog: Dialog) -> None:
    dialog.open()
    name, mac = dialog.token.split(".")
    assert dialog.send("", token=f"{name}.{mac[:-1]}{'0' if mac[-1] != '0' else '1'}").status_code == 400
    assert dialog.send("", token=name).status_code == 400
    assert dialog.send("", token=f"{name}.{mac}").status_code == 200


@pytest.fixture
def elsewhere(database: Database, clock: StandingClock) -> Iterator[LyingPlatform]:
    """The LMS of another organisation on the same installation."""
    with database.writing() as db:
        add_organisation(db, slug="elders", name="Zorggroep Elders", now=clock())
    tool = dataclasses.replace(TOOL, client_id="client-2")
    with lying_platform(clock=clock, tools=[tool]) as other:
        more = {"organisation": "elders", "name": "Moodle van Elders", "client_id": tool.client_id}
        register(database, other, clock(), **more)
        yield other


def test_another_organisation_picks_among_its_own(
    app: Flask, elsewhere: LyingPlatform, space: Callable[..., Space], dialog: Dialog
) -> None:
    made = space("Van De Linde")
    theirs = Dialog(app, elsewhere)
    theirs.open()
    assert "Van De Linde" not in theirs.text
    page = theirs.press("/place", space=str(made.id))
    assert page.status_code == 422
    assert "Van De Linde" not in theirs.text
    assert "kun je niet meer kiezen" in theirs.text


def test_a_token_answers_for_its_own_tenant_alone(
    app: Flask, elsewhere: LyingPlatform, space: Callable[..., Space], dialog: Dialog
) -> None:
    """Whoever shows the token of another organisation's picking acts in that picking, never in their own."""
    made = space("Van De Linde", Level.PRIVATE)
    theirs = Dialog(app, elsewhere)
    theirs.open()
    assert theirs.send("/place", space=str(made.id)).status_code == 422
    page = theirs.press("/start", **NEW)
    _key, token = answer_in(page)
    _header, said = said_in(page, theirs.client)
    assert said["aud"] == elsewhere.issuer
    with pytest.raises(Unacceptable):
        dialog.platform.pickings.take(_key, token)


def test_a_link_of_one_organisation_opens_nothing_at_another(
    app: Flask, elsewhere: LyingPlatform, space: Callable[..., Space], dialog: Dialog
) -> None:
    made = space("Geheim genoeg", Level.HIDDEN)
    dialog.open()
    dialog.press("/place", space=str(made.id), latch=str(made.id))
    (link,) = dialog.bring().links
    visitor = Visitor(app.test_client(), elsewhere)
    typed = dataclasses.replace(link, title="Zelf getypt")
    page = click(visitor, typed, user=FATMA, roles=(INSTRUCTOR,))
    assert page.location.startswith("/doors/")
    assert "eheim" not in visitor.client.get(page.location).get_data(as_text=True)


BAD_SETTINGS: dict[str, Any] = {
    "no settings": None,
    "settings are a list": [],
    "settings are empty": {},
    "no return url": {"deep_link_return_url": None},
    "return url of another host": {"deep_link_return_url": "https://evil.example/return"},
    "return url that a browser reads as another host": {"deep_link_return_url": "https://evil.example\\@{host}/"},
    "return url with a user": {"deep_link_return_url": "http://evil.example@{host}/"},
    "return url on another port": {"deep_link_return_url": "http://127.0.0.1:1/return"},
    "return url that is a script": {"deep_link_return_url": "javascript:alert(1)"},
    "return url without a scheme": {"deep_link_return_url": "//{host}/return"},
    "return url of a file": {"deep_link_return_url": "file://{host}/return"},
    "return url with a line in it": {"deep_link_return_url": "http://{host}/a\nb"},
    "return url that is a number": {"deep_link_return_url": 7},
    "return url far too long": {"deep_link_return_url": "http://{host}/" + "a" * 2000},
    "no accept types": {"accept_types": None},
    "accept types is a text": {"accept_types": "ltiResourceLink"},
    "accept types without links": {"accept_types": ["html", "file"]},
    "no targets": {"accept_presentation_document_targets": None},
    "empty targets": {"accept_presentation_document_targets": []},
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_a_known_bad_request_to_pick(dialog: Dialog, platform: LyingPlatform, name: str, database: Database) -> None:
    lie = BAD_SETTINGS[name]
    host = platform.issuer.removeprefix("http://")

    def change(said: dict[str, Any]) -> None:
        if not lie:
            said.pop(DL + "deep_linking_settings")
            if lie is not None:
                said[DL + "deep_linking_settings"] = lie
            return
        for key, value in lie.items():
            settings = said[DL + "deep_linking_settings"]
            settings.pop(key, None)
            if value is not None:
                settings[key] = value.replace("{host}", host) if isinstance(value, str) else value

    platform.change = change
    page = dialog.open()
    assert page.status_code == 400, page.get_data(as_text=True)
    assert "Code L05" in dialog.text
    with database.reading() as db:
        assert not db.scalars(select(Picking.id)).all()
        assert not db.scalars(select(Person.id)).all()


def test_an_address_that_the_admin_named_is_the_platforms(
    dialog: Dialog, platform: LyingPlatform, database: Database
) -> None:
    address = "https://school.example/return"
    platform.change = lambda said: said[DL + "deep_linking_settings"].update(deep_link_return_url=address)
    assert dialog.open().status_code == 400
    with database.writing() as db:
        db.execute(update(PlatformRow).values(frame_hosts="https://school.example"))
    assert dialog.open().status_code == 200


@pytest.mark.parametrize("what", [PlatformRow, Deployment])
def test_a_picker_that_stands_open_ends_when_its_lms_is_switched_off(
    dialog: Dialog, database: Database, clock: StandingClock, what: type[PlatformRow | Deployment]
) -> None:
    """We sign nothing any more for who is switched off."""
    dialog.open()
    token = dialog.token
    with database.writing() as db:
        db.execute(update(what).values(switched_off_at=clock()))
    for path in ("", "/new", "/place", "/start", "/cancel"):
        answer = dialog.send(path, token=token, **NEW)
        assert answer.status_code >= 400
        assert "Leerkring staat hier uit" in answer.get_data(as_text=True), path
        assert 'name="JWT"' not in answer.get_data(as_text=True)
