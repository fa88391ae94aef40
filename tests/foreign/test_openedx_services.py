"""Open edX lets a teacher pick a space, gives its roster, and takes a confirmation in its gradebook."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.db import Database
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.queue import Queue
from lti_tool.lms import confirmations, roster
from lti_tool.lms.models import LmsCourse, RosterMember
from lti_tool.organisations import keys
from lti_tool.organisations.models import Platform
from lti_tool.people.models import Identity
from lti_tool.people.viewer import Viewer, of_person
from lti_tool.settings import Settings
from lti_tool.spaces import access, operations
from lti_tool.spaces.access import SpaceHere
from lti_tool.web.runtime import system_clock
from tests.foreign.conftest import OpenEdx, launch

pytestmark = [pytest.mark.foreign, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture(autouse=True)
def _key(database: Database, settings: Settings) -> None:
    with database.writing() as db:
        keys.ensure_key(db, Cipher(settings.encryption_key), now=system_clock())


def pick(client: FlaskClient, openedx: OpenEdx) -> str:
    """A teacher begins a space in the picker of Open edX; the JWT that comes back."""
    said = {"user_id": "edx-1", "role": "staff", "name": "Noor de Wit", "message_type": "LtiDeepLinkingRequest"}
    page = launch(client, openedx, **said).get_data(as_text=True)
    new = {"title": "Nachtvogels", "what_for": "Om de nacht samen door te komen.", "level": "open"}
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token, page
    answer = client.post("/lti/pick/start", data={"token": html.unescape(token[1]), **new}).get_data(as_text=True)
    assert re.search(r'action="http://127.0.0.1:\d+/picked"', answer), answer
    found = re.search(r'name="JWT" value="([^"]+)"', answer)
    assert found, answer
    return found[1]


def test_it_takes_what_a_teacher_picked_and_launches_it(client: FlaskClient, openedx: OpenEdx) -> None:
    (item,) = openedx.ask("picked", token=pick(client, openedx))
    assert (item["type"], item["title"]) == ("ltiResourceLink", "Nachtvogels")
    assert "url" not in item or item["url"].endswith("/lti/launch")
    learner = client.application.test_client()
    answer = launch(learner, openedx, user_id="edx-12", role="student", custom=item["custom"])
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert "/s/nachtvogels" in answer.headers["Location"]


def test_it_refuses_what_somebody_else_signed(client: FlaskClient, openedx: OpenEdx) -> None:
    head, body, signature = pick(client, openedx).split(".")
    forged = f"{head}.{body}.{signature[:-6]}AAAAAA"
    assert "error" in openedx.ask("picked", token=forged)


def test_its_roster_is_read_page_by_page(
    client: FlaskClient, openedx: OpenEdx, tool: Flask, database: Database, settings: Settings
) -> None:
    assert launch(client, openedx, user_id="edx-12", role="student").status_code == 303
    learner, teacher = (
        f"http://purl.imsglobal.org/vocab/lis/v2/membership#{role}" for role in ("Learner", "Instructor")
    )
    openedx.course.members = [{"user_id": f"edx-{n}", "roles": [learner], "name": f"Cursist {n}"} for n in range(4)]
    openedx.course.members.append({"user_id": "edx-1", "roles": [teacher]})
    queue = Queue(database, settings, system_clock)
    with database.writing() as db:
        course = db.scalars(select(LmsCourse.id)).one()
        roster.ask(db, course, tool.extensions["openedx"], now=system_clock())
    queue.run_due()
    with database.reading() as db:
        kept = db.scalars(select(RosterMember.teaches)).all()
    assert sorted(kept) == [False, False, False, True], "who stands there twice is one, with both roles"
    assert openedx.course.pages == [0, 2, 4]


def test_its_gradebook_takes_a_confirmation_by_the_learners_own_hand(
    client: FlaskClient, openedx: OpenEdx, database: Database, settings: Settings
) -> None:
    (item,) = openedx.ask("picked", token=pick(client, openedx))
    learner = client.application.test_client()
    launch(learner, openedx, user_id="edx-12", role="student", custom=item["custom"])
    queue, now = Queue(database, settings, system_clock), system_clock()

    def here(db: Any, subject: str) -> tuple[Viewer, SpaceHere]:
        person = db.scalars(select(Identity.person_id).where(Identity.subject == subject)).one()
        viewer = of_person(db, person, now=now)
        space = access.find(db, viewer, "nachtvogels", now=now)
        assert space
        return viewer, space

    with database.writing() as db:
        db.execute(update(Platform).values(grades=True))
        confirmations.switch(db, *here(db, "edx-1"), on=True, now=now)
        viewer, space = here(db, "edx-12")
        operations.join(db, space, viewer, now=now)
        confirmations.confirm(db, *here(db, "edx-12"), now=now)
    queue.run_due()
    (column,), (score,) = openedx.course.items, openedx.course.scores
    assert column["resourceLinkId"] == "link-7"
    assert (score["userId"], score["activityProgress"], score["gradingProgress"]) == (
        "edx-12",
        "Completed",
        "FullyGraded",
    )
    assert (score["scoreGiven"], score["scoreMaximum"]) == (1, 1)
