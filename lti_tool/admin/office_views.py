"""The console's pages that are not about one connection: what else there is."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from lti_tool.admin import install_views, look_views, manual_views
from lti_tool.admin.pages import frame
from lti_tool.admin.room import ADMIN, room
from lti_tool.web.pages import render
from lti_tool.web.routes import Here

__all__ = ["install_views", "look_views", "manual_views", "more"]


@room.get("/admin/more", access=ADMIN)
def more(here: Here) -> ResponseReturnValue:
    """Where the rest is."""
    return render("admin/more.html", **frame(here, "/admin/more"))
