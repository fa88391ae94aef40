"""What the room of the LMS puts on the pages of a space."""

from __future__ import annotations

from markupsafe import Markup

from lti_tool.lms import pages
from lti_tool.spaces.access import SpaceHere
from lti_tool.web import slots
from lti_tool.web.routes import Here


@slots.register("space.people", order=20)
def _invited(here: Here, *, space: SpaceHere) -> Markup | None:
    return pages.invited(here)


@slots.register("space.side", order=50)
def _offer(here: Here, *, space: SpaceHere) -> Markup | None:
    return pages.offer(here)


@slots.register("space.settings", order=50)
def _switch(here: Here, *, space: SpaceHere) -> Markup:
    return pages.switch(here)


@slots.register("portfolio.side", order=50)
def _sent(here: Here) -> Markup | None:
    return pages.sent(here)
