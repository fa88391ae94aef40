"""The history of the data model, and the commands that walk it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_HERE = Path(__file__).parent


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file of its own."""
    made = Config()
    made.set_main_option("script_location", str(_HERE))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


@functools.cache
def head() -> str | None:
    """The newest revision that this version knows."""
    return ScriptDirectory.from_config(config()).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision of a database; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring a database to a revision, in one transaction."""
    with rebuilding(engine) as connection:
        upgrade_on(connection, revision)


class BrokenLinks(Exception):
    """Rows point at rows that are not there."""


@contextlib.contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """One transaction in which tables may be made anew: links between rows are checked at its end.

    Many a change of a table on SQLite copies it, drops it and renames the copy. With foreign keys on, dropping it
    deletes what points at it (https://www.sqlite.org/lang_altertable.html#otheralter), and they can't be turned off
    within a transaction. Raises `BrokenLinks`.
    """
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise BrokenLinks
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


def upgrade_on(connection: Connection, revision: str = "head") -> None:
    """Bring a database to a revision, within the transaction of the connection."""
    command.upgrade(config(connection), revision)


def known() -> set[str]:
    """Every revision that this version knows."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
