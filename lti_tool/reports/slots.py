"""The way to the report, for HR."""

from __future__ import annotations

from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.routes import Here


@slots.register("account", order=60)
def _report(here: Here) -> tuple[str, str] | None:
    return (_("Rapport"), "/reports") if here.viewer and "hr" in here.viewer.roles else None
