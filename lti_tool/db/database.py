"""One engine with two ways in: reading, which can't write, and writing, which is a writer from its first statement."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from lti_tool.db.base import Base

try:  # the standard library's SQLite may be older than 3.51.3, which fixed a corruption bug in WAL mode
    import pysqlite3 as sqlite
except ImportError:  # no wheel for this machine
    import sqlite3 as sqlite

PATIENCE = 15.0
"""Seconds that a writer waits for another one."""
FIXED_SQLITE = (3, 51, 3)
_writing = threading.local()


def in_write_transaction() -> bool:
    """True while this thread holds a write transaction. `connectors.http` refuses to go out then."""
    return bool(getattr(_writing, "depth", 0))


class Database:
    """The database of one running product, on SQLite (WAL) or PostgreSQL."""

    def __init__(self, address: str, *, pool_size: int = 10) -> None:
        url = make_url(address)
        self.dialect = url.get_backend_name()
        if self.dialect == "sqlite":
            self._writer = self._sqlite(address, pool_size, read_only=False)
            self._reader = self._sqlite(address, pool_size, read_only=True)
        else:
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")
            self._writer = create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)
            self._reader = self._writer.execution_options(postgresql_readonly=True)

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations and tests."""
        return self._writer

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent view; a write in it is refused by the database itself."""
        with Session(self._reader, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that reads one moment of the database, however long it takes and whoever writes meanwhile."""
        engine = self._reader
        if self.dialect == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self, *, patience: float = PATIENCE) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on any error.

        `patience`: seconds to wait for another writer; then it raises `sqlalchemy.exc.OperationalError`.
        """
        if in_write_transaction():
            raise RuntimeError("a write transaction inside a write transaction would wait for itself")
        _writing.depth = 1
        try:
            engine = self._writer.execution_options(patience=patience) if patience != PATIENCE else self._writer
            with Session(engine, expire_on_commit=False) as session, session.begin():
                if patience != PATIENCE and self.dialect == "postgresql":
                    session.execute(text(f"SET LOCAL lock_timeout = {int(patience * 1000)}"))
                yield session
        finally:
            _writing.depth = 0

    def dispose(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()

    @staticmethod
    def _sqlite(address: str, pool_size: int, *, read_only: bool) -> Engine:
        in_memory = make_url(address).database in {None, "", ":memory:"}
        if in_memory:
            raise ValueError("SQLite needs a file: several threads share it")
        engine = create_engine(address, module=sqlite, poolclass=QueuePool, pool_size=pool_size, max_overflow=pool_size)

        @event.listens_for(engine, "connect")
        def _tune(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # we begin transactions ourselves
            cursor = connection.cursor()
            for pragma in (
                "journal_mode=WAL",
                "synchronous=NORMAL",
                "foreign_keys=ON",
                f"busy_timeout={int(PATIENCE * 1000)}",
                f"query_only={'ON' if read_only else 'OFF'}",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            patience = connection.get_execution_options().get("patience")
            if patience is not None:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={int(patience * 1000)}")
            try:
                # A plain BEGIN that writes later fails with "database is locked" under load; no time-out helps.
                connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
            finally:
                if patience is not None:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")

        return engine


def sqlite_is_old() -> bool:
    """True when the SQLite at hand may corrupt a database in WAL mode (bug fixed in 3.51.3)."""
    return tuple(sqlite.sqlite_version_info) < FIXED_SQLITE


def insert(db: Session, table: type[Base]) -> sqlite_dialect.Insert:
    """An insert that knows `on_conflict_do_…`, of the dialect at hand; both dialects have the same methods."""
    if db.get_bind().dialect.name == "postgresql":
        return postgresql_dialect.insert(table)  # type: ignore[return-value]
    return sqlite_dialect.insert(table)
