"""The one button of an admin who came in from a deployment that waits: no session, the ticket is the proof."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from lti_tool.lti import accepting
from lti_tool.lti.refusals import LaunchRefused
from lti_tool.lti.room import room
from lti_tool.web import language, pages
from lti_tool.web.routes import PUBLIC, Here


@room.post("/deployments/accept", access=PUBLIC, csrf=False)
def accept_deployment(here: Here) -> ResponseReturnValue:
    """Let the deployment in that waits. The launch itself is used up: its link is to be clicked once more."""
    try:
        language.use(accepting.accept_by_ticket(here.db, request.form.get("ticket", ""), now=here.now))
    except LaunchRefused as refused:
        raise refused.about() from None
    return pages.render("lti/accepted.html")
