"""The organisation's console: is the LMS connected, what waits for the admin."""

from __future__ import annotations

import uuid

from flask import redirect
from flask.typing import ResponseReturnValue

from lti_tool.admin import network_views, office_views, queries
from lti_tool.admin.room import ADMIN, room
from lti_tool.organisations import operations
from lti_tool.organisations.queries import platforms
from lti_tool.web.errors import NotFound
from lti_tool.web.pages import render
from lti_tool.web.routes import Here

__all__ = ["network_views", "office_views", "room"]


@room.get("/admin", access=ADMIN)
def status(here: Here) -> ResponseReturnValue:
    """Every connection with what waits, and whether the staff list is in."""
    organisation_id = here.viewer.organisation_id
    return render(
        "admin/status.html",
        platforms=platforms(here.db, organisation_id),
        state=queries.state(here.db, organisation_id),
        failing=queries.failing_tasks(here.db),
        base_url=here.settings.base_url,
    )


@room.post("/admin/deployments/<uuid:deployment>/accept", access=ADMIN)
def accept(here: Here, deployment: uuid.UUID) -> ResponseReturnValue:
    """Let launches of a waiting deployment in."""
    for platform in platforms(here.db, here.viewer.organisation_id):
        for waiting in platform.deployments:
            if waiting.id == deployment:
                operations.accept_deployment(
                    here.db, platform.id, waiting.deployment_id, now=here.now, by=here.viewer.person_id
                )
                return redirect("/admin", 303)
    raise NotFound
