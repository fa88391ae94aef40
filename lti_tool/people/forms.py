"""What people fill in about themselves."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import Field

from lti_tool.people.viewer import LONGEST_NAME
from lti_tool.web.forms import Form, Line


class Name(Form):
    """How colleagues see one; empty goes back to the name of the LMS."""

    name: Line = Field(default="", max_length=LONGEST_NAME)


class Language(Form):
    """The language of the pages."""

    language: Literal["nl", "en"]


class Theme(Form):
    """How the pages look; empty follows the device."""

    theme: Literal["", "day", "dark", "contrast"]


class StaffCode(Form):
    """The one-use code from HR."""

    code: Line = Field(min_length=1, max_length=40)


class ThisIsMe(Form):
    """A row of the staff list that was shown."""

    staff: uuid.UUID
