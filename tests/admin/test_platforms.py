"""What an admin decides about a connection holds from the next launch on, and stands in the audit trail."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database
from lti_tool.db.encryption import Cipher
from lti_tool.lms.tokens import services
from lti_tool.organisations import keys, operations
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Deployment, Platform
from lti_tool.settings import Settings
from tests.admin.conftest import Connect
from tests.conftest import StandingClock
from tests.world import Somebody


def seen(database: Database, platform: uuid.UUID, clock: Any, *names: str) -> dict[str, uuid.UUID]:
    """Launches came from these deployments: the first is accepted, the others wait."""
    with database.writing() as db:
        owner = db.scalars(select(Platform.organisation_id).where(Platform.id == platform)).one()
        for name in names:
            operations.see_new_deployment(db, platform, owner, name, now=clock())
    with database.reading() as db:
        return {row.deployment_id: row.id for row in db.scalars(select(Deployment))}


def column(database: Database, platform: uuid.UUID, name: str) -> Any:
    with database.reading() as db:
        return db.scalar(select(getattr(Platform, name)).where(Platform.id == platform))


def actions(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(AuditEntry.action).order_by(AuditEntry.at, AuditEntry.id)))


def test_a_waiting_placement_is_let_in_by_one_button(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    places = seen(database, moodle, clock, "1", "2")
    status = bram.get("/admin").get_data(as_text=True)
    assert "1 plek in Moodle wacht op jou" in status
    assert f"/admin/platforms/{moodle}" in status
    page = bram.get(f"/admin/platforms/{moodle}").get_data(as_text=True)
    assert "Plek 2 wacht op jou" in page
    assert bram.post(f"/admin/deployments/{places['2']}/accept").status_code == 303
    assert "wacht op jou" not in bram.get(f"/admin/platforms/{moodle}").get_data(as_text=True)
    assert "organisations.accept_deployment" in actions(database)


def test_names_of_connections_and_placements(
    bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    moodle = connect()
    (place,) = seen(database, moodle, clock, "17:abc").values()
    bram.post(f"/admin/platforms/{moodle}/name", name="Het Leerplein <b>")
    bram.post(f"/admin/deployments/{place}/name", name="Afdeling scholing")
    page = bram.get(f"/admin/platforms/{moodle}").get_data(as_text=True)
    assert "Het Leerplein &lt;b&gt;" in page
    assert "Afdeling scholing" in page
    assert bram.post(f"/admin/platforms/{moodle}/name", name="  ").status_code == 422
    assert column(database, moodle, "name") == "Het Leerplein <b>"
    assert {"organisations.rename_platform", "organisations.rename_deployment"} <= set(actions(database))


def test_what_was_agreed_is_boxes_that_hold(bram: Somebody, connect: Connect, database: Database) -> None:
    moodle = connect()
    bram.post(f"/admin/platforms/{moodle}/agreed", names="true", grades="true")
    assert [column(database, moodle, name) for name in ("names", "emails", "roster", "grades")] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("leren.linde.example", "https://leren.linde.example"),
        (
            "https://a.linde.example/courses/1\nHTTPS://B.linde.example:8443, a.linde.example",
            "https://a.linde.example https://b.linde.example:8443",
        ),
    ],
)
def test_further_hosts_are_kept_as_origins(
    bram: Somebody, connect: Connect, database: Database, typed: str, kept: str
) -> None:
    canvas = connect(product="canvas")
    assert bram.post(f"/admin/platforms/{canvas}/hosts", hosts=typed).status_code == 303
    assert column(database, canvas, "frame_hosts") == kept


@pytest.mark.parametrize("typed", ["javascript:alert(1)", "https://x.example;script-src", "'self'", "ftp://x.example"])
def test_what_is_no_host_never_reaches_the_header(
    bram: Somebody, connect: Connect, database: Database, typed: str
) -> None:
    canvas = connect()
    answer = bram.post(f"/admin/platforms/{canvas}/hosts", hosts=typed)
    assert answer.status_code == 422
    assert "kunnen we niet gebruiken" in answer.get_data(as_text=True)
    assert column(database, canvas, "frame_hosts") == ""


def test_a_connection_that_is_off_is_asked_nothing(
    bram: Somebody, connect: Connect, database: Database, settings: Settings, clock: StandingClock
) -> None:
    moodle, cipher = connect(), Cipher(settings.encryption_key)
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=clock())
    how = {"cipher": cipher, "reach": Reach(private=True), "clock": clock}
    services(database, moodle, **how)
    bram.post(f"/admin/platforms/{moodle}/off")
    assert "Moodle van De Linde staat uit" in bram.get("/admin").get_data(as_text=True)
    with pytest.raises(LookupError, match="switched off"):
        services(database, moodle, **how)
    bram.post(f"/admin/platforms/{moodle}/on")
    services(database, moodle, **how)
    assert actions(database)[-2:] == ["organisations.switch_platform_off", "organisations.switch_platform_on"]


def test_a_second_click_changes_nothing_more(bram: Somebody, connect: Connect, database: Database) -> None:
    moodle = connect()
    fields = {"form_key": "one-click", "page": "/admin"}
    first = bram.post(f"/admin/platforms/{moodle}/off", **fields)
    second = bram.post(f"/admin/platforms/{moodle}/off", **fields)
    assert first.headers["Location"] == second.headers["Location"]
    assert actions(database).count("organisations.switch_platform_off") == 1


def test_a_code_for_registering_works_once_it_is_shown(bram: Somebody, database: Database) -> None:
    page = bram.post("/admin/platforms/invite").get_data(as_text=True)
    assert 'id="register-code"' in page
    assert "organisations.invite_platform" in actions(database)
    again = bram.get("/admin/platforms/invite").get_data(as_text=True)
    assert 'id="register-code"' not in again


def test_the_page_holds_every_value_to_type_over(bram: Somebody, connect: Connect) -> None:
    page = bram.get(f"/admin/platforms/{connect()}").get_data(as_text=True)
    for value in ("/lti/launch", "/lti/login", "/lti/jwks"):
        assert f"http://localhost:5000{value}" in page
    assert "abc" in page
    assert "met de hand gekoppeld" in page
