"""Models and migrations agree on both databases, and an upgrade keeps what was there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Boolean, Column, text, true
from sqlalchemy.exc import IntegrityError

from lti_tool.db import Base, Database, migrations
from tests.conftest import without_tables

PARTITION = re.compile(r"activity_(default|\d{4}_\d{2})")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table."""
    with without_tables(request, tmp_path) as database:
        yield database


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


def test_a_table_that_is_made_anew_keeps_what_points_at_it(empty: Database) -> None:
    """SQLite copies and drops a table for many a change; with links switched on that deletes what hangs on it."""
    migrations.upgrade(empty.engine, "0001")
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        links = "INTEGER REFERENCES parent (id) ON DELETE CASCADE"
        connection.execute(text(f"CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id {links})"))
        connection.execute(text("INSERT INTO parent VALUES (1)"))
        connection.execute(text("INSERT INTO child VALUES (1, 1)"))

    def change() -> None:
        with migrations.rebuilding(empty.engine) as connection:
            operations = Operations(MigrationContext.configure(connection))
            with operations.batch_alter_table("parent") as parent:
                parent.add_column(Column("on", Boolean, server_default=true(), nullable=False))

    change()
    with empty.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM child")).scalar_one() == 1
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO child VALUES (2, 99)"))


def test_a_change_that_leaves_rows_pointing_nowhere_is_undone(empty: Database) -> None:
    migrations.upgrade(empty.engine, "0001")
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id))")
        )
    with (
        pytest.raises((migrations.BrokenLinks, IntegrityError)),
        migrations.rebuilding(empty.engine) as connection,
    ):
        connection.execute(text("INSERT INTO child VALUES (1, 99)"))
    with empty.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM child")).scalar_one() == 0
