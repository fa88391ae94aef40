"""What every page of a space shows around its own contents: the menu, and who reads this."""

from __future__ import annotations

from typing import Any

from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.policy import Level
from lti_tool.web import slots
from lti_tool.web.language import _, lazy, ngettext
from lti_tool.web.routes import Here

LEVEL_WORDS = {
    Level.OPEN: (lazy("Open"), "eye"),
    Level.KNOCK: (lazy("Klop aan"), "door-open"),
    Level.PRIVATE: (lazy("Besloten"), "lock"),
    Level.HIDDEN: (lazy("Verborgen"), "eye-off"),
}


def frame(here: Here, current: str) -> dict[str, Any]:
    """The context that `base.html` needs for a page of `here.place`. `current` is the key of the menu's entry."""
    space: SpaceHere = here.place
    menu = [
        (label, href, key == current, count)
        for key, label, href, count in slots.ask("space.menu", here, space=space)
    ]
    return {"space": space, "menu": menu, "readers": readers(space)}


def readers(space: SpaceHere) -> dict[str, Any]:
    """Who reads this page: the level in bold, then people in words. It claims nothing it can't know."""
    word, icon = LEVEL_WORDS[space.level]
    if space.level is Level.OPEN:
        whose = space.network_name or space.organisation_name
        text = _("Iedereen van %(whose)s mag meelezen.", whose=whose) + " "
        text += ngettext("%(num)s collega doet mee", "%(num)s collega’s doen mee", space.members)
    else:
        text = ngettext("%(num)s collega leest mee", "%(num)s collega’s lezen mee", space.members)
    if space.managers:
        text += ngettext(
            ", onder wie %(num)s leidinggevende", ", onder wie %(num)s leidinggevenden", space.managers
        )
    return {
        "icon": icon,
        "bold": f"{word}.",
        "text": f"{text}.",
        "href": f"/s/{space.slug}/people",
        "link": _("Wie dan?"),
    }
