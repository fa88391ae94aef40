"""What stands under one's own face."""

from __future__ import annotations

from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.routes import Here


@slots.register("account", order=80)
def _settings(here: Here) -> tuple[str, str]:
    return _("Mijn instellingen"), "/me/settings"
