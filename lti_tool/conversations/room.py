"""The room's blueprint, and the numbers in its addresses."""

from __future__ import annotations

from lti_tool.conversations.forms import LARGEST_NUMBER
from lti_tool.spaces.access import InSpace
from lti_tool.spaces.policy import Action
from lti_tool.web.errors import NotFound
from lti_tool.web.routes import Room

room = Room("conversations", __name__)
READ, WRITE, OWN = InSpace(Action.READ), InSpace(Action.WRITE), InSpace(Action.OWN)


def number_in(text: str | int | None) -> int | None:
    """A number of an address; None when there is none. Raises `NotFound` for what can't be one."""
    if text is None:
        return None
    text = str(text)
    if not (text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) <= LARGEST_NUMBER):
        raise NotFound
    return int(text)
