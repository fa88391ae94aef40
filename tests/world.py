"""A small world for tests: organisations, people who are signed in, and spaces, made by the rooms' own operations."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from lti_tool.db import Database, new_id
from lti_tool.organisations.models import Network, NetworkMember, Organisation
from lti_tool.people import viewer as viewers
from lti_tool.people.models import Grant, Person
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.models import Membership, Space
from lti_tool.spaces.policy import Level
from lti_tool.web import session


@dataclass
class Somebody:
    """A person with a browser."""

    id: uuid.UUID
    viewer: Viewer
    client: FlaskClient

    def get(self, path: str, **more: Any) -> Any:
        """Open a page."""
        return self.client.get(path, **more)

    def post(self, path: str, *, page: str | None = None, **fields: Any) -> Any:
        """Send a form, with the CSRF token of `page` (or of any page of this person)."""
        html = self.client.get(page or "/spaces").get_data(as_text=True)
        token = re.search(r'name="csrf" value="([^"]+)"', html)
        data = {"csrf": token.group(1) if token else "", **fields}
        return self.client.post(path, data=data)


class World:
    """Makes what a test needs. Everything is committed at once."""

    def __init__(self, app: Flask, database: Database, clock: Callable[[], datetime]) -> None:
        self.app, self.database, self.clock = app, database, clock

    def organisation(self, slug: str = "de-linde", name: str = "De Linde") -> uuid.UUID:
        with self.database.writing() as db:
            made = Organisation(id=new_id(self.clock()), slug=slug, name=name, created_at=self.clock())
            db.add(made)
            return made.id

    def network(self, *organisations: uuid.UUID, name: str = "Regio Vecht") -> uuid.UUID:
        with self.database.writing() as db:
            made = Network(
                id=new_id(self.clock()), slug=name.lower().replace(" ", "-"), name=name, created_at=self.clock()
            )
            db.add(made)
            db.flush()
            for organisation in organisations:
                db.add(NetworkMember(network_id=made.id, organisation_id=organisation, agreed_at=self.clock()))
            return made.id

    def somebody(self, organisation: uuid.UUID, name: str = "Fatma Yilmaz", *roles: str, **more: Any) -> Somebody:
        now = self.clock()
        with self.database.writing() as db, self.app.test_request_context():
            person = Person(
                id=new_id(now), organisation_id=organisation, name=name, created_at=now, arrived_at=now, **more
            )
            db.add(person)
            db.flush()
            for role in roles:
                db.add(Grant(person_id=person.id, role=role, organisation_id=organisation, given_at=now))
            token = session.begin(db, person.id, now=now)
        with self.database.reading() as db:
            viewer = viewers.load(db, token, now)
        assert viewer is not None
        client = self.app.test_client()
        client.set_cookie(session.COOKIE, token, domain="localhost", path="/", secure=True)
        return Somebody(person.id, viewer, client)

    def again(self, who: Somebody) -> Somebody:
        """The same person comes in anew: another session in another browser."""
        now = self.clock()
        with self.database.writing() as db, self.app.test_request_context():
            token = session.begin(db, who.id, now=now)
        with self.database.reading() as db:
            viewer = viewers.load(db, token, now)
        assert viewer is not None
        client = self.app.test_client()
        client.set_cookie(session.COOKIE, token, domain="localhost", path="/", secure=True)
        return Somebody(who.id, viewer, client)

    def stranger(self) -> FlaskClient:
        return self.app.test_client()

    def space(
        self,
        lead: Somebody,
        title: str = "Delier op de IC",
        level: Level = Level.OPEN,
        network: uuid.UUID | None = None,
    ) -> Space:
        from lti_tool.spaces import operations

        with self.database.writing() as db:
            return operations.start(
                db,
                lead.viewer,
                title=title,
                what_for="Minder delier, samen uitgezocht.",
                level=level,
                network_id=network,
                now=self.clock(),
            )

    def member(self, space: Space, who: Somebody, role: str = "member") -> None:
        with self.database.writing() as db:
            db.merge(Membership(space_id=space.id, person_id=who.id, role=role, quality="", joined_at=self.clock()))
