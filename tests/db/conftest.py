"""Databases without a table, and rows of every table for what must hold for all of them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    cast,
    inspect,
    select,
    text,
)

from lti_tool.db import Base, Database, Id, Utc, backup, migrations
from lti_tool.db.backup_format import kept_tables
from lti_tool.db.encryption import Cipher
from lti_tool.db.restore import Restored, restore
from lti_tool.record.models import Hundredths
from lti_tool.settings import Settings
from tests.conftest import StandingClock, without_tables

Rows = dict[str, list[tuple[Any, ...]]]
Save = Callable[..., backup.Written]
Load = Callable[..., Restored]


@pytest.fixture
def cipher(settings: Settings) -> Cipher:
    return Cipher(settings.encryption_key)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kring.backup"


@pytest.fixture
def save(file: Path, cipher: Cipher, settings: Settings, clock: StandingClock) -> Save:
    def do(database: Database, path: Path = file, **more: Any) -> backup.Written:
        return backup.write(database, path, cipher=cipher, secret_key=settings.secret_key, now=clock(), **more)

    return do


@pytest.fixture
def load(file: Path, cipher: Cipher, settings: Settings) -> Load:
    def do(database: Database, path: Path = file, cipher: Cipher = cipher, secret: str = "") -> Restored:
        return restore(database, path, cipher=cipher, secret_key=secret or settings.secret_key)

    return do


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another database, of either kind, without a single table."""
    with without_tables(request, tmp_path) as database:
        yield database


@pytest.fixture
def live(database: Database) -> Database:
    """The database of the tests, which is made from the models, with its revision written down."""
    with database.engine.begin() as connection:
        command.stamp(migrations.config(connection), "head")
    return database


def fill(database: Database, tables: list[Table], many: int = 3) -> None:
    """Rows in every one of these tables: ends of ranges, other alphabets, nothing where nothing may be."""
    ids: dict[str, list[Any]] = {}
    with database.writing() as db:
        for table in tables:
            for number in range(many):
                row = {column.name: _value(column, number, ids) for column in table.columns}
                db.execute(table.insert().values(row))
                for column in table.columns:
                    ids.setdefault(f"{table.name}.{column.name}", []).append(row[column.name])


def _value(column: Any, number: int, ids: dict[str, list[Any]]) -> Any:
    if column.nullable and number == 0:
        return None if not isinstance(column.type, JSON) else text("NULL")
    for key in column.foreign_keys:
        return ids[key.target_fullname][number]
    odd = [f"{number} “naïef” Ιώ 👩🏽‍⚕️ '\"\\ \n\t;", f"{number}", f"{number}\u2028\x7f{{}}"][number % 3]
    match column.type:
        case Id():
            return uuid.uuid4()
        case Utc():
            return datetime(2026, 3, 29, 1, 30, 0, 123456 * number, UTC) + timedelta(days=4000 * number)
        case Hundredths():
            return Decimal("-0.01") if number else Decimal("12345.67")
        case Boolean():
            return number % 2 == 0
        case Date():
            return date(1, 1, 1) if number == 1 else date(2026, 11, 1 + number)
        case Integer():
            return 2**31 - 1 - number
        case LargeBinary():
            return os.urandom((column.type.length or 3000) - 1) + bytes([number])
        case JSON():
            return [JSON.NULL, {"é": [1, None, 2.5, "\ud83d", "👩🏽‍⚕️\x00"], "": {}}, []][number % 3]
        case String():
            return odd[: column.type.length]
    raise AssertionError(f"how is {column} filled?")


def rows(database: Database, tables: list[Table]) -> Rows:
    """All that is in these tables, as it is stored but for the way the two kinds of database write it."""
    found: Rows = {}
    with database.reading() as db:
        for table in tables:
            read = [cast(c, Text).label(c.name) if isinstance(c.type, JSON) else c for c in table.columns]
            found[table.name] = sorted((tuple(row) for row in db.execute(select(*read))), key=repr)
    return found


def tables_of(database: Database) -> list[str]:
    return inspect(database.engine).get_table_names()


def in_order() -> list[Table]:
    """The tables that come along, in an order in which rows can be made."""
    kept = {table.name for table in kept_tables()}
    return [table for table in Base.metadata.sorted_tables if table.name in kept]
