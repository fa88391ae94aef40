"""What Leerkring's people would send to the Oefenziekenhuis by mail: its code, and a way into its console."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from lti_tool.organisations.registration import make_code
from lti_tool.people import operations as people
from lti_tool.web.runtime import Runtime


@dataclass(frozen=True)
class FromLeerkring:
    """Letters to one organisation."""

    runtime: Runtime
    organisation_id: uuid.UUID

    def code(self) -> str:
        """A new one-use code for registering, as `leerkring invite` makes it."""
        with self.runtime.database.writing() as db:
            return make_code(db, self.organisation_id, now=self.runtime.clock())

    def sign_in(self) -> str:
        """A new one-time address that opens the console, as `leerkring grant --role admin --link` makes it."""
        with self.runtime.database.writing() as db:
            token = people.grant_by_link(db, self.organisation_id, "admin", now=self.runtime.clock())
        return f"{self.runtime.settings.base_url}/signin/{token}"
