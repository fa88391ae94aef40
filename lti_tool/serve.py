"""Serving for real: gunicorn with threads, the schedule in one process, a start that stops with a sentence."""

from __future__ import annotations

import atexit
import signal
import threading
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

import lti_tool
from lti_tool.db import Database, migrations
from lti_tool.db.database import sqlite_is_old
from lti_tool.db.installation import is_demo
from lti_tool.jobs.queue import Queue
from lti_tool.jobs.schedule import Schedule
from lti_tool.settings import Settings, SettingsError
from lti_tool.web import log
from lti_tool.web.runtime import system_clock

WRONG_SHAPE = "The database has the shape of another version. Run `leerkring db upgrade` first."


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn, configured by us instead of by a file."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Our options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)
        if "control_socket_disable" in self.cfg.settings:  # since 25.1; it wants a home folder
            self.cfg.set("control_socket_disable", True)

    def load(self) -> Any:
        """One app per worker. Each keeps a schedule, of which the lease decides whose runs, and works on the queue."""
        log.configure()
        app = lti_tool.create_app(self._settings)
        runtime = app.extensions["leerkring"]
        schedule = Schedule(runtime.database, self._settings, runtime.clock)
        schedule.start()
        atexit.register(schedule.stop)
        queue = Queue(runtime.database, self._settings, runtime.clock)
        queue.start()
        atexit.register(queue.stop)
        return app


def run(settings: Settings, *, bind: str, workers: int, threads: int) -> int:
    """Serve until told to stop. Raises `SettingsError` when the database can't be used."""
    prepare(settings)
    options = {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "accesslog": None,
        "timeout": 60,
        "graceful_timeout": 30,
        "forwarded_allow_ips": "",
        "limit_request_line": 8190,
    }
    _Server(settings, options).run()
    return 0


def work(settings: Settings, *, threads: int) -> int:
    """Keep the schedule and work on the queue, without pages, until told to stop. Raises `SettingsError`."""
    prepare(settings)
    log.configure()
    for _ in lti_tool.furniture("jobs"):
        pass
    database = Database(settings.database_address)
    schedule = Schedule(database, settings, system_clock)
    queue = Queue(database, settings, system_clock, threads=threads)
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    schedule.start()
    queue.start()
    structlog.get_logger().info("working", threads=threads)
    told.wait()
    queue.stop()
    schedule.stop()
    database.dispose()
    return 0


def prepare(settings: Settings) -> None:
    """Look at the database before the first request does: a new one is filled, an old one is not touched."""
    lti_tool.load_models()
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_address)
    try:
        with database.reading() as db:
            current = migrations.current(db.connection())
        if current is None:
            migrations.upgrade(database.engine)
        elif current != migrations.head():
            raise SettingsError(WRONG_SHAPE)
        with database.reading() as db:
            if is_demo(db):
                raise SettingsError(
                    "This is the data of a demo, with made-up people and open doors. "
                    "Set LEERKRING_DATA_DIR or LEERKRING_DATABASE_URL to a place of its own."
                )
    except SQLAlchemyError as error:
        raise SettingsError(
            f"LEERKRING_DATABASE_URL can't be used ({type(error).__name__}): is the database there, "
            "and may this account enter it?"
        ) from None
    finally:
        database.dispose()
    if database.dialect == "sqlite" and sqlite_is_old():
        structlog.get_logger().warning("this SQLite can damage a database (fixed in 3.51.3): use PostgreSQL")
