"""An LMS that is registered, and the admin of its organisation at a screen."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from lti_tool.db import Database
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform, add_platform
from tests.world import Somebody, World

Connect = Callable[..., uuid.UUID]


@pytest.fixture
def linde(world: World) -> uuid.UUID:
    return world.organisation()


@pytest.fixture
def bram(world: World, linde: uuid.UUID) -> Somebody:
    """The admin of De Linde."""
    return world.somebody(linde, "Bram Smit", "admin")


@pytest.fixture
def bea(world: World) -> Somebody:
    """The admin of another organisation on the same installation."""
    return world.somebody(world.organisation("vecht", "Thuiszorg Vecht"), "Bea Admin", "admin")


@pytest.fixture
def connect(database: Database, clock: Callable[[], datetime], linde: uuid.UUID) -> Connect:
    """Register an LMS of De Linde, or of another organisation by its slug."""

    def connect(name: str = "Moodle van De Linde", **more: Any) -> uuid.UUID:
        host = f"https://{name.lower().replace(' ', '-')}.example"
        values = {
            "organisation": "de-linde",
            "name": name,
            "issuer": host,
            "client_id": "abc",
            "auth_url": f"{host}/auth",
            "token_url": f"{host}/token",
            "jwks_url": f"{host}/keys",
            "product": "moodle",
            **more,
        }
        with database.writing() as db:
            return add_platform(db, NewPlatform(**values), now=clock(), reach=Reach(loopback=True, private=True))

    return connect
