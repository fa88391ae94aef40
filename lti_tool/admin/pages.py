"""What every page of the console shares: whose it is, its menu, and what it can't see."""

from __future__ import annotations

from typing import Any

from lti_tool.web.language import _
from lti_tool.web.routes import Here


def frame(here: Here, current: str) -> dict[str, Any]:
    """Heading, menu, readers line, foot and style of `base.html`. `current` is the address of the page's menu item, or
    of a page below it: `/admin/platforms/new` stands under `/admin/platforms`."""
    items = [
        (_("Status"), "/admin"),
        (_("Koppelingen"), "/admin/platforms"),
        (_("Launch-log"), "/admin/launches"),
        (_("Rollen"), "/admin/roles"),
        (_("Meer"), "/admin/more"),
    ]
    if current.startswith(("/admin/networks", "/admin/look")):
        current = "/admin/more"
    return {
        "console": True,
        "heading": _("Beheer · %(organisation)s", organisation=here.viewer.organisation_name),
        "menu": [(label, href, _within(current, href), 0) for label, href in items],
        "readers": {
            "icon": "lock",
            "bold": _("Beheer."),
            "text": _("Je ziet of het werkt. Je ziet niet wat collega’s schrijven."),
        },
        "promise": _("Een rol in Moodle of Canvas opent dit scherm niet."),
        "foot_links": [(_("Handleiding"), "/docs/admin"), (_("Alle foutcodes"), "/docs/help")],
    }


def _within(current: str, href: str) -> bool:
    return current == href or (href != "/admin" and current.startswith(f"{href}/"))
