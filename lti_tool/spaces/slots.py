"""Entries of a space's menu that belong to the space itself."""

from __future__ import annotations

from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.policy import Action
from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.routes import Here

Entry = tuple[str, str, str, int]
"""Key, label, address, count of what is new."""


@slots.register("space.menu", order=10)
def _start(here: Here, *, space: SpaceHere) -> Entry:
    return "home", _("Start"), f"/s/{space.slug}", 0


@slots.register("space.menu", order=40)
def _people(here: Here, *, space: SpaceHere) -> Entry | None:
    return ("people", _("Mensen"), f"/s/{space.slug}/people", 0) if space.may(Action.CHARTER) else None


@slots.register("space.menu", order=90)
def _settings(here: Here, *, space: SpaceHere) -> Entry | None:
    return ("settings", _("Instellingen"), f"/s/{space.slug}/settings", 0) if space.may(Action.LEAD) else None


@slots.register("account", order=20)
def _all(here: Here) -> tuple[str, str]:
    return _("Alle ruimtes"), "/spaces"
