"""Models and migrations agree on both databases, and an upgrade keeps what was there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

import lti_tool
from lti_tool.db import Base, Database, migrations

PARTITION = re.compile(r"activity_(default|\d{4}_\d{2})")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    lti_tool.load_models()
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"m{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield database
    database.dispose()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def _known(item: Any, name: str, kind: str, reflected: bool, other: Any) -> bool:
    return not (kind == "table" and PARTITION.fullmatch(name or ""))


def test_models_and_migrations_agree(empty: Database) -> None:
    migrations.upgrade(empty.engine)
    with empty.engine.connect() as connection:
        options = {"include_object": _known, "compare_type": False}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    assert differences == []


def test_an_upgrade_keeps_what_was_there(empty: Database) -> None:
    """A hospital that began with conversations only gets portfolio and reports, and keeps its people and words."""
    migrations.upgrade(empty.engine, "0001")
    with empty.engine.begin() as connection:
        as_id = (lambda value: value) if empty.dialect == "postgresql" else (lambda value: value.bytes)
        organisation, person = uuid.uuid4(), uuid.uuid4()
        connection.execute(
            text("INSERT INTO organisation (id, slug, name, created_at) VALUES (:id, 'de-linde', 'De Linde', :at)"),
            {"id": as_id(organisation), "at": "2026-01-01 00:00:00"},
        )
        connection.execute(
            text(
                "INSERT INTO person (id, organisation_id, name, chosen_name, email, language, theme, is_test,"
                " created_at, arrived_at) VALUES (:id, :organisation, 'Fatma Yilmaz', '', '', '', '', false, :at, :at)"
            ),
            {"id": as_id(person), "organisation": as_id(organisation), "at": "2026-01-01 00:00:00"},
        )
    migrations.upgrade(empty.engine)
    with empty.engine.connect() as connection:
        assert migrations.current(connection) == migrations.head()
        assert connection.execute(text("SELECT name FROM person")).scalar_one() == "Fatma Yilmaz"
        assert connection.execute(text("SELECT count(*) FROM moment")).scalar_one() == 0


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    migrations.upgrade(empty.engine)
    migrations.upgrade(empty.engine)
