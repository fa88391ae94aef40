"""`/healthz` (the process answers) and `/readyz` (it can do its work)."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.db import migrations
from lti_tool.web.routes import PUBLIC, Here, Room
from lti_tool.web.runtime import runtime

room = Room("health", __name__)


@room.get("/healthz", access=PUBLIC, transaction="own")
def healthz(_here: Here) -> ResponseReturnValue:
    """Alive."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@room.get("/readyz", access=PUBLIC, transaction="own")
def readyz(_here: Here) -> ResponseReturnValue:
    """The database answers and has the shape that this version needs."""
    try:
        with runtime().database.reading() as db:
            db.execute(text("SELECT 1"))
            ready = migrations.current(db.connection()) == migrations.head()
    except SQLAlchemyError:
        ready = False
    word, status = ("ready\n", 200) if ready else ("not ready: run `leerkring db upgrade`\n", 503)
    return Response(word, status, content_type="text/plain; charset=utf-8")
