"""Launches by a platform that others wrote and hospitals use: Open edX's `lti-consumer-xblock`."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.db import Database
from lti_tool.db.encryption import Cipher
from lti_tool.lms.tokens import services
from lti_tool.organisations import keys
from lti_tool.settings import Settings
from lti_tool.web.runtime import system_clock
from tests.foreign.conftest import NRPS, REACH, OpenEdx, launch
from tests.lti.helpers import arrivals

pytestmark = [pytest.mark.foreign, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.mark.parametrize(("role", "teaches"), [("student", False), ("staff", True), ("instructor", True)])
def test_it_launches_us(client: FlaskClient, openedx: OpenEdx, database: Database, role: str, teaches: bool) -> None:
    name, email = "Fatma Yildiz", "fatma@delinde.example"
    answer = launch(client, openedx, user_id="edx-12", role=role, name=name, email=email)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert client.get(answer.headers["Location"]).status_code == 200
    (arrived,) = arrivals(database)
    assert arrived["subject"] == "edx-12"
    assert (arrived["name"], arrived["email"]) == (name, email)
    assert arrived["teaches"] is teaches
    assert arrived["context_id"] == "course-v1:Linde+WOND+2026"
    assert arrived["resource_link_id"] == "link-7"


def test_it_launches_us_with_nothing_personal(client: FlaskClient, openedx: OpenEdx, database: Database) -> None:
    assert launch(client, openedx, user_id="edx-13", role="student").status_code == 303
    assert [row["name"] for row in arrivals(database)] == [""]


def test_it_gives_us_a_service_token(client: FlaskClient, tool: Flask, database: Database, settings: Settings) -> None:
    cipher = Cipher(settings.encryption_key)
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=system_clock())
    made = services(database, tool.extensions["openedx"], cipher=cipher, reach=REACH, clock=system_clock)
    assert len(made.get_access_token([NRPS]).split(".")) == 3
