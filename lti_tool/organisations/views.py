"""What everybody may fetch of an organisation: its colours and its logo, to be kept for a year.

An address without the right version is not there, as for an organisation that isn't: nobody learns who is here.
"""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue

from lti_tool.organisations import look
from lti_tool.web.errors import NotFound
from lti_tool.web.headers import YEAR
from lti_tool.web.look import version
from lti_tool.web.routes import PUBLIC, Here, Room
from lti_tool.web.runtime import runtime

room = Room("organisations", __name__)


@room.get("/look/<organisation>.css", access=PUBLIC, transaction="own")
def stylesheet(here: Here, organisation: str) -> ResponseReturnValue:
    """The tokens that go over our own."""
    with runtime().database.reading() as db:
        found = look.of(db, organisation)
    if found is None or not any(found) or request.args.get("v") != version(organisation, *found):
        raise NotFound
    accent, logo_hash = found
    return _kept(look.stylesheet(accent, logo=bool(logo_hash)).encode(), "text/css")


@room.get("/look/<organisation>/logo.png", access=PUBLIC, transaction="own")
def logo(here: Here, organisation: str) -> ResponseReturnValue:
    """The logo as we made it."""
    with runtime().database.reading() as db:
        found = look.of(db, organisation)
        png = look.logo_of(db, organisation)
    if found is None or png is None or request.args.get("v") != version(organisation, *found):
        raise NotFound
    return _kept(png, "image/png")


def _kept(body: bytes, kind: str) -> Response:
    response = Response(body, mimetype=kind)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
