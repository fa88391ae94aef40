"""What people fill in about spaces."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import Field, field_validator

from lti_tool.spaces.policy import Level
from lti_tool.web.forms import Form, Line, Lines


class Charter(Form):
    """What a space is called and for, and how open it is."""

    title: Line = Field(min_length=1, max_length=120)
    what_for: Lines = Field(min_length=1, max_length=2000)
    level: Level


class NewSpace(Charter):
    """A new space, perhaps opened to a network, perhaps behind a door."""

    network: uuid.UUID | None = None
    lets_in: bool = False

    @field_validator("network", mode="before")
    @classmethod
    def _own(cls, value: object) -> object:
        return value or None


class JoinSpace(Form):
    """How one takes part, and how colleagues see one."""

    way: Literal["member", "observer", "knock"] = "member"
    name: Line = Field(default="", max_length=80)
    quality: Line = Field(default="", max_length=60)
    message: Line = Field(default="", max_length=300)
    quiet: bool = False
    """Rather no welcome."""


class Role(Form):
    """What a trekker makes of a member."""

    role: Literal["lead", "supporter", "member"]


class OpenDoor(Form):
    """Where a door leads: `new`, a space that one leads, or for a copied link `same`, `empty` or `other`."""

    space: Literal["new", "same", "empty", "other"] | uuid.UUID
    lets_in: bool = False


class Latch(Form):
    """Whether a door lets in."""

    lets_in: bool = False


class KnockAnswer(Form):
    """What a trekker or supporter answers."""

    let_in: bool
