"""What people fill in. The limits are also in the pages, so that the browser says it first."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from lti_tool.conversations.models import Kind
from lti_tool.web.forms import Form
from lti_tool.web.language import _
from lti_tool.web.text import one_line, tidy

LONGEST_TITLE = 90
LONGEST_TEXT = 20_000
"""Characters."""
LARGEST_NUMBER = 2**31 - 1


def _plain(value: object) -> object:
    return tidy(value) if isinstance(value, str) else value


def _one_line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def _says_something(text: str) -> str:
    if not one_line(text):
        raise ValueError(_("Vul dit in."))
    return text


Text = Annotated[
    str,
    BeforeValidator(_plain),
    Field(min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_says_something),
]
Title = Annotated[str, BeforeValidator(_one_line), Field(min_length=1, max_length=LONGEST_TITLE)]


class NewConversation(Form):
    """A question or an experience."""

    kind: Kind
    title: Title
    text: Text


class NewPost(Form):
    """A post below a conversation, or an answer to one of its posts."""

    text: Text
    reply_to: Annotated[
        Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None, BeforeValidator(lambda value: value or None)
    ] = None


class ChangedPost(Form):
    """Other words for a post."""

    text: Text


class ChangedStart(ChangedPost):
    """The first post carries the title."""

    title: Title
