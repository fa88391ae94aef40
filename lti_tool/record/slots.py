"""What the portfolio puts on other pages."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from lti_tool.record.queries import source_of
from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.routes import Here


@slots.register("account", order=10)
def _mine(here: Here) -> tuple[str, str]:
    return _("Mijn portfolio"), "/me/portfolio"


@slots.register("conversation.for_me", order=10)
def _keep(here: Here, *, conversation: Any, **_more: Any) -> Markup:
    """A link that opens the form of a moment, filled in for this conversation (anything with an `id`)."""
    href = f"/me/portfolio/new?from={source_of(conversation.id)}"
    return Markup('<a href="{}">{}</a>').format(href, _("Zet in mijn portfolio"))
