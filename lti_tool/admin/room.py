"""The console's room, and who may come in."""

from __future__ import annotations

from lti_tool.web.routes import OrganisationRole, Room

room = Room("admin", __name__)
ADMIN = OrganisationRole("admin")
