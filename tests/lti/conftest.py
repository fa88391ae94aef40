"""An LMS that can lie, registered at a tool, and a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform, add_organisation, add_platform
from lti_tool.people import viewer as viewers
from lti_tool.people.models import Person
from lti_tool.spaces import operations as spaces
from lti_tool.spaces.models import Space
from lti_tool.spaces.policy import Level
from tests.lti.picking import Dialog
from tests.platform import TOOL, LyingPlatform, Visitor, lying_platform

REACH = Reach(loopback=True, private=True)


@pytest.fixture
def organisation(database: Database, clock: Callable[[], datetime]) -> uuid.UUID:
    with database.writing() as db:
        return add_organisation(db, slug="de-linde", name="De Linde", now=clock())


@pytest.fixture
def platform(database: Database, clock: Callable[[], datetime], organisation: uuid.UUID) -> Iterator[LyingPlatform]:
    with lying_platform(clock=clock) as platform:
        register(database, platform, clock())
        yield platform


def register(database: Database, platform: LyingPlatform, now: datetime, **more: Any) -> uuid.UUID:
    """Register a platform as an admin does."""
    new = NewPlatform(
        **{
            "organisation": "de-linde",
            "name": "Moodle van De Linde",
            "issuer": platform.issuer,
            "client_id": TOOL.client_id,
            "auth_url": platform.auth_url,
            "token_url": platform.token_url,
            "jwks_url": platform.jwks_url,
            "deployment_ids": (TOOL.deployment_id,),
            **more,
        }
    )
    with database.writing() as db:
        return add_platform(db, new, now=now, reach=REACH)


@pytest.fixture
def visitor(app: Flask, platform: LyingPlatform) -> Visitor:
    return Visitor(app.test_client(), platform)


@pytest.fixture
def dialog(app: Flask, platform: LyingPlatform) -> Dialog:
    """The picker of that LMS."""
    return Dialog(app, platform)


@pytest.fixture
def noor(dialog: Dialog, database: Database) -> uuid.UUID:
    """A teacher who has been in the picker before."""
    dialog.open()
    with database.reading() as db:
        return db.scalars(select(Person.id)).one()


@pytest.fixture
def space(database: Database, clock: Callable[[], datetime], noor: uuid.UUID) -> Callable[..., Space]:
    """Makes a space that Noor leads."""

    def make(title: str = "Delier op de IC", level: Level = Level.OPEN) -> Space:
        what_for = "Minder delier, samen uitgezocht."
        with database.writing() as db:
            viewer = viewers.of_person(db, noor, now=clock())
            return spaces.start(db, viewer, title=title, what_for=what_for, level=level, now=clock())

    return make
