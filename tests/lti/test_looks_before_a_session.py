"""Pages of a launch that come before a session look and speak like the organisation whose LMS it is."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import datetime

from PIL import Image
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.organisations import logos, look
from lti_tool.people import viewer
from lti_tool.people.models import Person
from lti_tool.web.models import WebSession
from tests.platform import Visitor


def _dress(database: Database, organisation: uuid.UUID, now: datetime) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (300, 100), "navy").save(picture, "PNG")
    with database.writing() as db:
        look.choose(db, organisation, accent="#003082", language="en", now=now)
        look.keep_logo(db, organisation, logos.remake(picture.getvalue()), now=now)


def test_a_refused_launch_of_a_known_lms_has_the_look_of_its_organisation(
    visitor: Visitor, database: Database, organisation: uuid.UUID, clock: Callable[[], datetime]
) -> None:
    _dress(database, organisation, clock())
    refused = visitor.post({**visitor.authorize(visitor.login()), "state": "of-another-login"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 400
    assert '<link rel="stylesheet" href="/look/de-linde.css?v=' in page
    assert '<img class="logo" src="/look/de-linde/logo.png?v=' in page
    assert 'alt="De Linde"' in page


def test_a_page_for_an_lms_that_nobody_knows_has_our_own_look(
    visitor: Visitor, database: Database, organisation: uuid.UUID, clock: Callable[[], datetime]
) -> None:
    _dress(database, organisation, clock())
    page = visitor.login(iss="https://nobody.example").get_data(as_text=True)
    assert "/look/" not in page


def test_a_launch_that_says_no_language_gets_that_of_the_organisation(
    visitor: Visitor, database: Database, organisation: uuid.UUID, clock: Callable[[], datetime]
) -> None:
    _dress(database, organisation, clock())
    presentation = "https://purl.imsglobal.org/spec/lti/claim/launch_presentation"
    visitor.platform.change = lambda said: {name: said[name] for name in said if name not in {presentation, "locale"}}
    landed = visitor.launch()
    assert landed.status_code == 303
    with database.reading() as db:
        assert db.scalars(select(WebSession.language)).one() == ""
        person = db.scalars(select(Person.id)).one()
        assert viewer.of_person(db, person, now=clock()).language == "en"
    assert '<html lang="en"' in visitor.client.get("/spaces").get_data(as_text=True)
