"""What an admin fills in at the office side of the console: networks and the look."""

from __future__ import annotations

from pydantic import Field

from lti_tool.organisations.networks import LONGEST_SHEET
from lti_tool.web.forms import Form, Line, Lines


class Sheet(Form):
    """Who is the controller of what, in Markdown."""

    sheet: Lines = Field(min_length=1, max_length=LONGEST_SHEET)


class NewNetwork(Sheet):
    """A network with its first sheet."""

    name: Line = Field(min_length=1, max_length=200)


class Code(Form):
    """An invitation to a network, as it came by mail or telephone."""

    code: Line = Field(min_length=1, max_length=60)


class Agree(Form):
    """Yes to the sheet of this version."""

    version: int = Field(ge=1, le=1_000_000)
    code: Line = Field(default="", max_length=60)
