"""What people fill in about the LMS."""

from __future__ import annotations

from lti_tool.web.forms import Form


class Confirming(Form):
    """Whether members may have their taking part confirmed."""

    on: bool = False
