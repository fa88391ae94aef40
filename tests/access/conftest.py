"""The stage of the access tests: a space of every level, and somebody of every kind for each."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

import lti_tool
from lti_tool.conversations import operations as conversations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.db import Database, new_id
from lti_tool.organisations.models import Platform
from lti_tool.settings import Settings
from lti_tool.spaces import access
from lti_tool.spaces.models import Door, Knock, Passage, Space
from lti_tool.spaces.policy import Level
from tests.access.table import FORMS, INSIDE, KINDS, QUERIES, Kind
from tests.conftest import StandingClock
from tests.world import Somebody, World


class Rehearsal:
    """The database, but nothing that a request writes is kept: so every request meets the same world."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @contextlib.contextmanager
    def writing(self, **more: Any) -> Iterator[Any]:
        class Undo(Exception):
            pass

        with contextlib.suppress(Undo), self._database.writing(**more) as db:
            yield db
            db.flush()
            raise Undo


@dataclass
class Stage:
    """A space of every level with somebody of every kind, a conversation, a knock and a door."""

    app: Flask
    spaces: dict[Level, Space]
    people: dict[str, Somebody]
    own_post: dict[tuple[Level, str], int]
    lead_id: uuid.UUID
    member_id: uuid.UUID
    knocker_id: uuid.UUID
    doors: dict[tuple[Level, str], uuid.UUID]
    stranger: Any
    tokens: dict[str, str]

    def ask(self, kind: Kind, endpoint: str, arguments: dict[str, Any], **fields: str) -> Any:
        """Real HTTP: GET, or a POST with the viewer's own CSRF token."""
        rule = next(rule for rule in self.app.url_map.iter_rules() if rule.endpoint == endpoint)
        with self.app.test_request_context():
            # Further things of other rooms need not be there: outside spaces only the door counts.
            unknown = {name: uuid.UUID(int=7) for name in rule.arguments}
            given = {name: arguments.get(name, unknown[name]) for name in rule.arguments}
            path = self.app.url_for(endpoint, **given, **QUERIES.get(endpoint, {}))
        who = self.people.get(kind.name)
        client = who.client if who else self.stranger
        if "POST" not in (rule.methods or ()):
            return client.get(path)
        if kind.name not in self.tokens and who:
            found = re.search(r'name="csrf" value="([^"]+)"', who.get("/spaces").get_data(as_text=True))
            assert found, "no CSRF token on /spaces"
            self.tokens[kind.name] = found[1]
        return client.post(path, data={"csrf": self.tokens.get(kind.name, ""), **FORMS.get(endpoint, {}), **fields})

    def arguments(self, kind: Kind, level: Level, endpoint: str) -> dict[str, Any]:
        """Things that are there, so that a refusal is about access."""
        return {
            "slug": self.spaces[level].slug,
            "number": 1,
            "post": self.own_post.get((level, kind.name), 1),
            "person_id": self.knocker_id if endpoint == "spaces.answer_knock" else self.member_id,
            "door_id": self.doors[level, "door"],
            "token": "never-given",
            "name": "help",
            "which": "off",
            "what": "privacy",
        }


def title(level: Level) -> str:
    return f"Ruimte nummer {list(Level).index(level)} van de ring"


@pytest.fixture
def stage(settings: Settings, database: Database, clock: StandingClock) -> Stage:
    app = lti_tool.create_app(settings, database=Rehearsal(database), clock=clock)  # type: ignore[arg-type]
    app.testing = True
    world = World(app, database, clock)
    owner, other, outside = (
        world.organisation(),
        world.organisation("vecht", "Thuiszorg Vecht"),
        world.organisation("elders", "Zorggroep Elders"),
    )
    network = world.network(owner, other)
    people = {}
    for kind in KINDS:
        if kind.column == "stranger":
            continue
        home = {"outsider": outside, "colleague": other, "tribune": other}.get(kind.column, owner)
        roles = [kind.name.split(",")[0]] if kind.column == "org admin, HR" else []
        people[kind.name] = world.somebody(home, f"Persoon {len(people)} {kind.column}", *roles)
    lead, member = people["lead"], people["member"]
    knocker = world.somebody(other, "Klopper de Klop")
    spaces = {level: world.space(lead, title(level), level, network) for level in Level}
    stage = Stage(app, spaces, people, {}, lead.id, member.id, knocker.id, {}, world.stranger(), {})
    with database.writing() as db:
        platform = Platform(
            id=new_id(clock()), organisation_id=owner, name="Moodle", issuer="https://lms.example", client_id="1",
            auth_url="https://lms.example/a", token_url="https://lms.example/t",
            jwks_url="https://lms.example/j", created_at=clock(), key_fetches=[],
        )  # fmt: skip
        db.add(platform)
        db.flush()
        for level, space in spaces.items():
            for word in ("door", "lets in"):
                door = Door(
                    id=new_id(clock()), organisation_id=owner, platform_id=platform.id, context_id="c",
                    resource_link_id=f"{level}{word}", space_id=space.id, lets_in=word == "lets in",
                    found_at=clock(),
                )  # fmt: skip
                db.add(door)
                db.flush()
                stage.doors[level, word] = door.id
                for kind in KINDS:
                    if kind.door == word:
                        passage = {"person_id": people[kind.name].id, "passed_at": clock()}
                        db.add(Passage(door_id=door.id, **passage))
            db.add(Knock(space_id=space.id, person_id=knocker.id, knocked_at=clock()))
    for level, space in spaces.items():
        for kind in KINDS:
            # The tribune wrote when they were members: own words stay one's own.
            if kind.column in INSIDE:
                role = "member" if kind.column == "tribune" else INSIDE[kind.column]
                world.member(space, people[kind.name], role)
        with database.writing() as db:
            here = access.find(db, lead.viewer, space.slug, now=clock())
            assert here
            first = NewConversation.model_validate({"kind": "question", "title": "Wie weet dit?", "text": "Ik niet."})
            conversations.start(db, lead.viewer, here, first, now=clock())
            stage.own_post[level, "lead"] = 1
        for kind in KINDS:
            if kind.column in INSIDE and kind.name != "lead":
                who = people[kind.name].viewer
                with database.writing() as db:
                    inside = access.find(db, who, space.slug, now=clock())
                    assert inside
                    post = conversations.reply(db, who, inside, 1, NewPost(text="Van mij."), now=clock())
                    stage.own_post[level, kind.name] = post
        for kind in KINDS:
            if kind.column == "tribune":
                world.member(space, people[kind.name], "observer")
    return stage
