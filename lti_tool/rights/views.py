"""Taking along what is yours."""

from __future__ import annotations

import json

from flask import Response
from flask.typing import ResponseReturnValue

from lti_tool.rights import operations
from lti_tool.web.routes import SIGNED_IN, Here, Room

room = Room("rights", __name__)


@room.get("/me/export.json", access=SIGNED_IN)
def export(here: Here) -> ResponseReturnValue:
    """All that is held of the viewer, as one file."""
    body = json.dumps(operations.copy_of(here.db, here.viewer.person_id), ensure_ascii=False, indent=2)
    response = Response(body, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="leerkring.json"'
    return response
