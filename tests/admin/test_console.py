"""The console shows whether it works, to the admin of that organisation only, and nothing of what people write."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.organisations import operations
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Deployment, Platform


def _platform(database: Database, clock: Any, organisation: str) -> Any:
    new = operations.NewPlatform(
        organisation=organisation,
        name=f"Moodle van {organisation}",
        issuer=f"https://moodle.{organisation}.example",
        client_id="abc",
        auth_url=f"https://moodle.{organisation}.example/auth",
        token_url=f"https://moodle.{organisation}.example/token",
        jwks_url=f"https://moodle.{organisation}.example/keys",
    )
    with database.writing() as db:
        made = operations.add_platform(db, new, now=clock(), reach=Reach(private=True))
        owner = db.scalars(select(Platform.organisation_id).where(Platform.id == made)).one()
        for seen in ("1", "2"):
            operations.see_new_deployment(db, made, owner, seen, now=clock())
    return made


def test_an_admin_accepts_a_waiting_deployment(world: Any, database: Database, clock: Any) -> None:
    bram = world.somebody(world.organisation(), "Bram Smit", "admin")
    _platform(database, clock, "de-linde")
    page = bram.get("/admin").get_data(as_text=True)
    assert "Plaatsing 1 aangezet" in page
    assert "Plaatsing 2 wacht op jou" in page
    with database.reading() as db:
        waiting = db.scalars(select(Deployment.id).where(Deployment.accepted_at.is_(None))).one()
    assert bram.post(f"/admin/deployments/{waiting}/accept", page="/admin").status_code == 303
    assert "Plaatsing 2 aangezet" in bram.get("/admin").get_data(as_text=True)


def test_another_organisations_deployment_is_not_there(world: Any, database: Database, clock: Any) -> None:
    world.organisation()
    _platform(database, clock, "de-linde")
    other = world.somebody(world.organisation("vecht", "Vecht"), "Bea Admin", "admin")
    assert "Moodle van de-linde" not in other.get("/admin").get_data(as_text=True)
    with database.reading() as db:
        waiting = db.scalars(select(Deployment.id).where(Deployment.accepted_at.is_(None))).one()
    assert other.post(f"/admin/deployments/{waiting}/accept", page="/spaces").status_code == 404
    with database.reading() as db:
        assert db.scalars(select(Deployment.id).where(Deployment.accepted_at.is_(None))).one() == waiting


def test_no_other_role_opens_the_console(world: Any) -> None:
    organisation = world.organisation()
    assert world.somebody(organisation, "Marijke Jonker", "hr").get("/admin").status_code == 404
    assert world.somebody(organisation, "Fatma Yilmaz").get("/admin").status_code == 404
    assert world.stranger().get("/admin").status_code == 401
