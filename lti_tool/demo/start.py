"""`leerkring demo`: the tool on `localhost` and the practice LMS on `127.0.0.1`, one process, one port, SQLite."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

import lti_tool
from lti_tool.db import Database, migrations
from lti_tool.db.installation import is_demo, state
from lti_tool.demo import content, letters, lms, practice, practice_views, seed
from lti_tool.demo.frames import Frames
from lti_tool.jobs.queue import Queue
from lti_tool.jobs.schedule import Schedule
from lti_tool.settings import Settings, SettingsError
from lti_tool.web import log
from lti_tool.web.runtime import system_clock

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def run(folder: Path, port: int) -> int:
    """Start everything, print the address to open, and serve until told to stop."""
    with contextlib.ExitStack() as closing:
        listening = [closing.enter_context(at) for at in _listen(port)]
        port = listening[0].getsockname()[1]
        settings = _settings(folder, port)
        database = open_data(settings)
        closing.callback(database.dispose)
        sys.stdout.write(f"http://127.0.0.1:{port}/\n")
        sys.stdout.flush()
        app = build(settings, database, port)
        schedule = Schedule(database, settings, system_clock)
        schedule.start()
        closing.callback(schedule.stop)
        queue = Queue(database, settings, system_clock)
        queue.start()
        closing.callback(queue.stop)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        servers = [make_server(at.getsockname()[0], port, app, threaded=True, fd=at.fileno()) for at in listening]
        for server in servers[1:]:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        servers[0].serve_forever()
    return 0


def open_data(settings: Settings) -> Database:
    """The demo's own database. Raises `SettingsError` when the folder holds a real one."""
    lti_tool.load_models()
    database = Database(settings.database_address)
    with database.reading() as db:
        current = migrations.current(db.connection())
        real = current is not None and not is_demo(db)
    if real:
        database.dispose()
        raise SettingsError(f"{settings.data_dir} holds real data. Give the demo a folder of its own: --data.")
    if current != migrations.head():
        migrations.upgrade(database.engine)
    if current is None:  # said at once, so that a demo that was stopped half-way is still known as one
        with database.writing() as db:
            state(db, "demo", "empty")
    return database


def build(settings: Settings, database: Database, port: int) -> Wsgi:
    """The tool and the practice LMS behind one port: the name in the address decides."""
    log.configure(json=False)
    frames = Frames()
    world = content.load()
    origin = f"http://127.0.0.1:{port}"
    platforms = {
        organisation.slug: lms.platform_for(origin, settings.base_url, organisation, fetch_json=practice.fetch_json)
        for organisation in world.organisations
    }
    tool = lti_tool.create_app(settings, database=database)
    runtime = tool.extensions["leerkring"]
    seed.fill(runtime, platforms, world)
    empty = practice.world()
    post = letters.FromLeerkring(runtime, seed.begin_hospital(runtime, empty))
    hospital = practice.make(origin, settings.base_url, post)
    more = {empty.slug: practice_views.create_app(hospital, frames)}
    return by_host(tool.wsgi_app, lms.create_app(platforms, frames, more), frames)  # type: ignore[arg-type]


def by_host(tool: Wsgi, lms_app: Wsgi, frames: Frames) -> Wsgi:
    """Send `localhost` to the tool and everything else to the practice LMS.

    With the switch "as if cookies are not allowed" the tool gets no cookies in a frame, as in a strict browser.
    """

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").rsplit(":", 1)[0] != "localhost":
            return lms_app(environ, start)
        if not frames.cookies and environ.get("HTTP_SEC_FETCH_DEST") == "iframe":
            environ.pop("HTTP_COOKIE", None)
        return tool(environ, start)

    return app


def _listen(port: int) -> list[socket.socket]:
    """IPv4, and IPv6 where there is any: a browser may try either for `localhost`."""
    try:
        first = _bound(socket.AF_INET, "127.0.0.1", port)
    except OSError as error:
        raise SettingsError(f"Port {port} can't be used: {error.strerror}. Choose another: --port 5001.") from None
    try:
        return [first, _bound(socket.AF_INET6, "::1", first.getsockname()[1])]
    except OSError:
        return [first]


def _bound(family: int, host: str, port: int) -> socket.socket:
    at = socket.socket(family, socket.SOCK_STREAM)
    try:
        at.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        at.bind((host, port))
        at.listen(128)
    except OSError:
        at.close()
        raise
    return at


def _settings(folder: Path, port: int) -> Settings:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Settings(
            base_url=f"http://localhost:{port}",
            secret_key=_kept(folder / "secret_key", lambda: secrets.token_urlsafe(48)),
            encryption_key=_kept(folder / "encryption_key", lambda: base64.b64encode(os.urandom(32)).decode()),
            data_dir=folder,
            allow_private_addresses=True,
        )
    except OSError as error:
        raise SettingsError(f"{folder} can't be used for data: {error.strerror}.") from None


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text().strip()
