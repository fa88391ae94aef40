"""Leerkring: a learning space for hospitals, opened from an LMS by LTI 1.3.

`create_app()` is assembly only: it takes the rooms in order and puts their models, jobs, slots and views together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from lti_tool.db import Database
    from lti_tool.settings import Settings

ROOMS = (
    "jobs",
    "web",
    "activity",
    "audit",
    "organisations",
    "people",
    "spaces",
    "lms",
    "conversations",
    "record",
    "reports",
    "rights",
    "home",
    "lti",
    "admin",
)
"""From the ground up; import rules hold the order."""


def furniture(piece: str) -> Iterator[ModuleType]:
    """The module of that name of every room that has one: `models`, `views`, `jobs` or `slots`."""
    for room in ROOMS:
        name = f"lti_tool.{room}.{piece}"
        if find_spec(name):
            yield import_module(name)


def load_models() -> None:
    """Make every table known."""
    import_module("lti_tool.db.installation")
    for _ in furniture("models"):
        pass


def create_app(
    settings: Settings, *, database: Database | None = None, clock: Callable[[], datetime] | None = None
) -> Flask:
    """The web application. Tests hand in their own database and clock."""
    from flask import Flask, g
    from werkzeug.middleware.proxy_fix import ProxyFix

    from lti_tool.db import Database
    from lti_tool.web import errors, forms, headers, log, pages
    from lti_tool.web.health import room as health
    from lti_tool.web.runtime import Runtime, system_clock

    load_models()
    app = Flask("lti_tool", static_folder="web/static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = forms.MAX_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = forms.MAX_BODY
    app.config["MAX_FORM_PARTS"] = 200
    app.extensions["leerkring"] = Runtime(
        settings, database or Database(settings.database_address), clock or system_clock
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    @app.before_request
    def _time() -> None:
        g.now = app.extensions["leerkring"].clock()

    for part in (log, pages, errors, headers):
        part.install(app)
    for _ in furniture("jobs"):
        pass
    for _ in furniture("slots"):
        pass
    app.register_blueprint(health)
    for views in furniture("views"):
        app.register_blueprint(views.room)
    return app
