"""What stands under one's own face."""

from __future__ import annotations

from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.routes import Here


@slots.register("account", order=90)
def _mine(here: Here) -> tuple[str, str]:
    return _("Wat is van mij"), "/docs/what-is-mine"
