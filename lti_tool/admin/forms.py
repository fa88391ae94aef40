"""What an admin fills in at the office side of the console: networks and the look."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from lti_tool.organisations.networks import LONGEST_SHEET
from lti_tool.web.forms import Form, Line, Lines
from lti_tool.web.language import _
from lti_tool.web.themes import hexadecimal, parse


class Colour(Form):
    """An organisation's colour, `#rrggbb` however it is typed; empty is our own. Whether it passes is asked later."""

    accent: Line = Field(default="", max_length=20)
    do: Literal["look", "keep"] = "look"

    @field_validator("accent")
    @classmethod
    def _colour(cls, value: str) -> str:
        if not value:
            return ""
        colour = parse(value)
        if colour is None:
            raise ValueError(_("Schrijf een kleur als #0C5440: een hekje en zes tekens."))
        return hexadecimal(colour)


class DefaultLanguage(Form):
    """What people read who come in without saying theirs."""

    language: Literal["nl", "en"]


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
