"""What the tests of the front door look up in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.people.models import Identity, Person
from lti_tool.spaces.models import Door, Passage
from lti_tool.web.models import WebSession


def arrivals(database: Database) -> list[dict[str, Any]]:
    """Everybody who came in, with the door they came by and what their session knows."""
    query = (
        select(
            Person.id,
            Person.name,
            Person.email,
            Person.is_test,
            Identity.subject,
            Identity.staff_number,
            Passage.teaches,
            Door.context_id,
            Door.resource_link_id,
            Door.title,
            Door.context_title,
            WebSession.language,
            WebSession.counted,
            WebSession.frame_hosts,
            WebSession.back_href,
            WebSession.back_label,
        )
        .join(Identity, Identity.person_id == Person.id)
        .outerjoin(Passage, Passage.person_id == Person.id)
        .outerjoin(Door, Door.id == Passage.door_id)
        .outerjoin(WebSession, WebSession.person_id == Person.id)
        .order_by(Person.id)
    )
    with database.reading() as db:
        return [dict(row) for row in db.execute(query).mappings()]
