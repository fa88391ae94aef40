"""Two organisations on one installation see and change nothing of each other: every route of the console is asked
with the other one's ids."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from lti_tool.admin import checks
from lti_tool.db import Base, Database, new_id
from lti_tool.lti.models import LaunchFault
from lti_tool.organisations.models import Deployment
from lti_tool.people.models import Person
from lti_tool.web.routes import ROUTES
from tests.admin.conftest import Connect
from tests.admin.test_platforms import seen
from tests.conftest import StandingClock
from tests.world import Somebody

FIELDS = {
    "name": "Van ons nu",
    "hosts": "elders.example",
    "role": "admin",
    "names": "true",
}
MINE = frozenset({"test", "platform", "rename_platform", "agree_platform", "frame_platform", "switch_platform",
                  "accept", "rename_deployment", "switch_deployment", "role_link", "take_role"})  # fmt: skip
"""The routes about one connection, placement or person."""


def everything(database: Database) -> dict[str, list[Any]]:
    """All rows that say something about connections and roles."""
    names = ("platform", "deployment", "organisation_grant", "sign_in_link", "platform_test", "audit_entry")
    tables = [table for name, table in Base.metadata.tables.items() if name in names]
    with database.reading() as db:
        return {table.name: sorted(map(str, db.execute(select(table)).all())) for table in tables}


def test_no_route_reaches_what_is_of_another_organisation(
    app: Flask,
    bram: Somebody,
    bea: Somebody,
    connect: Connect,
    database: Database,
    clock: StandingClock,
    monkeypatch: Any,
) -> None:
    moodle = connect()
    places = seen(database, moodle, clock, "1", "2")
    with database.reading() as db:
        bram_row = db.scalars(select(Person.id).where(Person.id == bram.id)).one()
    ids = {"platform": moodle, "deployment": places["2"], "person": bram_row, "which": "off"}
    asked = []
    monkeypatch.setattr(checks, "test_platform", lambda *_, **__: asked.append("test"))
    before = everything(database)
    tried = set()
    for rule in app.url_map.iter_rules():
        room, _, name = rule.endpoint.partition(".")
        if room != "admin" or not rule.arguments or not rule.arguments <= set(ids):
            continue
        for which in ("on", "off"):
            with app.test_request_context():
                given = {key: value for key, value in {**ids, "which": which}.items() if key in rule.arguments}
                path = app.url_for(rule.endpoint, **given)
            answer = bea.post(path, **FIELDS) if "POST" in (rule.methods or ()) else bea.get(path)
            if name == "role_link_again":
                continue  # leads to one's own list
            assert answer.status_code == 404, (rule.endpoint, which, answer.status_code)
            tried.add(name)
    assert tried >= MINE
    assert not asked
    assert everything(database) == before


def test_no_page_shows_anything_of_another_organisation(
    app: Flask, bram: Somebody, bea: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    seen(database, moodle, clock, "place-of-linde")
    with database.writing() as db:
        fault = {"code": "L05", "cause": "cause-of-linde", "deployment": "place-of-linde", "browser": "x"}
        db.add(LaunchFault(id=new_id(clock()), platform_id=moodle, at=clock(), **fault))
    secrets = ("Moodle van De Linde", "place-of-linde", "cause-of-linde", "Bram Smit", str(moodle))
    assert "cause-of-linde" in bram.get("/admin/launches").get_data(as_text=True)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin.") and "GET" in (rule.methods or ()) and not rule.arguments:
            body = bea.get(rule.rule).get_data(as_text=True)
            assert not [secret for secret in secrets if secret in body], rule.rule
    body = bea.get(f"/admin?platform={moodle}").get_data(as_text=True)
    assert not [secret for secret in secrets if secret in body]
    with database.reading() as db:
        assert db.scalar(select(Deployment.organisation_id)) == bram.viewer.organisation_id


def test_every_route_of_the_console_asks_for_the_role(app: Flask) -> None:
    console = {rule.endpoint: ROUTES[rule.endpoint].name for rule in app.url_map.iter_rules() if "/admin" in rule.rule}
    assert set(console.values()) == {"organisation: admin"}, console
    assert len(console) > 30
