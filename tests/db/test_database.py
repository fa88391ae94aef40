"""Reading can't write, writing is a writer from the start, ids sort, secrets stay where they belong."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from lti_tool.db import Database, new_id
from lti_tool.db.encryption import Cipher, WrongKey
from lti_tool.db.installation import Fact, state


def test_a_read_session_is_refused_by_the_database_when_it_writes(database: Database) -> None:
    with database.reading() as db, pytest.raises(DBAPIError):
        state(db, "demo", "yes")


def test_readers_and_writers_at_once_lose_nothing(database: Database) -> None:
    """A read and then a write in one transaction, from four threads: the classic way to "database is locked"."""
    with database.writing() as db:
        state(db, "count", "0")

    def add() -> None:
        for _ in range(25):
            with database.writing() as db:
                fact = db.scalars(select(Fact).where(Fact.name == "count").with_for_update()).one()
                fact.value = str(int(fact.value) + 1)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as db:
        assert db.scalars(select(Fact.value).where(Fact.name == "count")).one() == "100"


def test_an_error_leaves_nothing_behind(database: Database) -> None:
    def half() -> None:
        with database.writing() as db:
            state(db, "demo", "yes")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with database.reading() as db:
        assert db.scalar(select(Fact.value)) is None


def test_ids_sort_by_the_time_they_were_made() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    ids = [new_id(now) for _ in range(200)] + [new_id(now + timedelta(milliseconds=5))]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {made.version for made in ids} == {7}


def test_an_id_takes_sixteen_bytes_on_sqlite(database: Database, world: Any) -> None:
    organisation = world.organisation()
    if database.dialect == "sqlite":
        with database.reading() as db:
            kept = db.connection().exec_driver_sql("SELECT id FROM organisation").scalar_one()
        assert kept == organisation.bytes


def test_a_secret_opens_only_in_its_own_row_and_with_its_own_key() -> None:
    cipher, row = Cipher(b"k" * 32), uuid.uuid4()
    stored = cipher.encrypt(b"secret", table="tool_key", row=row, column="private_key")
    assert stored.startswith(cipher.key_id.encode() + b".")
    assert cipher.decrypt(stored, table="tool_key", row=row, column="private_key") == b"secret"
    with pytest.raises(WrongKey):
        cipher.decrypt(stored, table="tool_key", row=uuid.uuid4(), column="private_key")
    with pytest.raises(WrongKey):
        Cipher(b"x" * 32).decrypt(stored, table="tool_key", row=row, column="private_key")
