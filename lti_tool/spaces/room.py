"""The room of spaces, and what its views share."""

from __future__ import annotations

from flask import redirect
from flask.typing import ResponseReturnValue

from lti_tool.web.routes import Room

room = Room("spaces", "lti_tool.spaces.views")


def see(path: str) -> ResponseReturnValue:
    """Look there."""
    return redirect(path, 303)
