"""Public pages for whoever runs an LMS: how to connect it, in steps and in values. To be printed, too."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from lti_tool.admin.guides import BY_KEY, GUIDES, Guide
from lti_tool.admin.room import room
from lti_tool.admin.values import sheet
from lti_tool.lti.offer import Addresses
from lti_tool.web.errors import NotFound
from lti_tool.web.language import use
from lti_tool.web.pages import render
from lti_tool.web.routes import PUBLIC, Here


@room.get("/install", access=PUBLIC)
def install(here: Here) -> ResponseReturnValue:
    """Choose an LMS."""
    use(request.args.get("lang"))
    return render("install/index.html", guides=GUIDES)


@room.get("/install/<key>", access=PUBLIC)
def install_guide(here: Here, key: str) -> ResponseReturnValue:
    """The route in four lines, four steps, and what to do when it fails."""
    use(request.args.get("lang"))
    guide = _guide(key)
    return render("install/guide.html", guide=guide, guides=GUIDES, at=Addresses(here.settings.base_url))


@room.get("/install/<key>/values", access=PUBLIC)
def install_values(here: Here, key: str) -> ResponseReturnValue:
    """Every value that this LMS asks for, under its own names."""
    use(request.args.get("lang"))
    guide, at = _guide(key), Addresses(here.settings.base_url)
    return render("install/values.html", guide=guide, sheet=sheet(key, at), at=at)


def _guide(key: str) -> Guide:
    if key not in BY_KEY:
        raise NotFound
    return BY_KEY[key]
