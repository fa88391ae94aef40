"""The front door's room, and what its views share."""

from __future__ import annotations

from flask import Response, make_response, redirect

from lti_tool.web.routes import Room

room = Room("lti", __name__, url_prefix="/lti")


def redirected(url: str, status: int) -> Response:
    """A redirect that a cookie may be put on."""
    return make_response(redirect(url, status))
