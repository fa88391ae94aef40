"""The front page and the public documentation."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.home import docs
from lti_tool.web.errors import NotFound
from lti_tool.web.language import language, use
from lti_tool.web.pages import render
from lti_tool.web.routes import PUBLIC, Here, Room

room = Room("home", __name__)


@room.get("/", access=PUBLIC)
def front(here: Here) -> ResponseReturnValue:
    """To one's spaces; for a stranger, what this is and how to get in."""
    return redirect("/spaces", 303) if here.viewer else render("home/front.html")


@room.get("/docs/<name>", access=PUBLIC)
def doc(here: Here, name: str) -> ResponseReturnValue:
    """A page of the documentation; `?lang=` shows it in the other language."""
    use(request.args.get("lang"))
    found = docs.page(name, language())
    if found is None:
        raise NotFound
    return render("home/doc.html", doc=found, name=name)
