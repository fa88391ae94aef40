"""The console under the avatar of who may open it."""

from __future__ import annotations

from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.routes import Here


@slots.register("account", order=60)
def _console(here: Here) -> tuple[str, str] | None:
    return (_("Beheer"), "/admin") if here.viewer and "admin" in here.viewer.roles else None
