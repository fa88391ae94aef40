"""What conversations put on pages of rooms below: an entry of a space's menu, and a part of its start."""

from __future__ import annotations

from markupsafe import Markup

from lti_tool.conversations import pages, queries
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.policy import Action
from lti_tool.web import slots
from lti_tool.web.language import _
from lti_tool.web.pages import fragment
from lti_tool.web.routes import Here


@slots.register("space.menu", order=20)
def _menu(here: Here, *, space: SpaceHere) -> tuple[str, str, str, int] | None:
    if not space.may(Action.READ):
        return None
    return "conversations", _("Gesprekken"), f"/s/{space.slug}/t", queries.count_new(here.db, here.viewer, space)


@slots.register("space.home", order=10)
def _home(here: Here, *, space: SpaceHere) -> Markup:
    found = queries.latest(here.db, here.viewer, space)
    return fragment(
        "conversations/home.html",
        space=space,
        rows=[pages.row(here, one) for one in found],
        any_new=any(one.new for one in found),
        writes=space.may(Action.WRITE),
    )


@slots.register("account", order=15)
def _words(here: Here) -> tuple[str, str] | None:
    return (_("Wat ik schreef"), "/me/words") if here.viewer else None
