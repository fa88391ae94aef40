"""Roles of the organisation: given by a one-time address, taken away at once, and never by an LMS."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

from sqlalchemy import select

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database, new_id
from lti_tool.people import roles
from lti_tool.people.models import Grant, Identity, Person, SignInLink
from tests.admin.conftest import Connect
from tests.conftest import StandingClock
from tests.world import Somebody, World


def link_in(answer: Any) -> str:
    found = re.search(r'id="link">http://localhost:5000(/signin/[^<]+)<', answer.get_data(as_text=True))
    assert found, "no address on the page"
    return found[1]


def granted(database: Database, person_id: uuid.UUID) -> set[str]:
    with database.reading() as db:
        return set(db.scalars(select(Grant.role).where(Grant.person_id == person_id)))


def test_a_role_is_given_by_an_address_that_works_once(world: World, bram: Somebody, database: Database) -> None:
    path = link_in(bram.post("/admin/roles", name="Marijke Jonker", role="hr"))
    assert path not in bram.get("/admin/roles").get_data(as_text=True)
    marijke = world.stranger()
    assert marijke.post(path).headers["Location"].endswith("/reports")
    assert world.stranger().post(path).status_code == 410
    page = bram.get("/admin/roles").get_data(as_text=True)
    assert "Marijke Jonker" in page
    with database.reading() as db:
        entry = db.execute(select(AuditEntry.actor_id).where(AuditEntry.action == "people.grant_hr")).one()
    assert entry.actor_id == bram.id


def test_a_new_address_ends_the_one_before(world: World, bram: Somebody, database: Database) -> None:
    first = link_in(bram.post("/admin/roles", name="Marijke Jonker", role="hr"))
    with database.reading() as db:
        marijke = db.scalars(select(Person.id).where(Person.name == "Marijke Jonker")).one()
    second = link_in(bram.post(f"/admin/roles/{marijke}/link", page="/admin/roles"))
    assert world.stranger().post(first).status_code == 410
    assert world.stranger().post(second).status_code == 303


def test_a_role_that_is_taken_away_ends_at_once(world: World, linde: uuid.UUID, bram: Somebody) -> None:
    marijke = world.somebody(linde, "Marijke Jonker", "hr", "admin")
    assert marijke.get("/admin").status_code == 200
    assert bram.post(f"/admin/roles/{marijke.id}/take", role="admin").status_code == 303
    assert marijke.get("/admin").status_code == 404
    assert marijke.get("/reports").status_code == 200
    bram.post(f"/admin/roles/{marijke.id}/take", role="hr")
    assert marijke.get("/reports").status_code == 401, "who had nothing but roles is signed out"


def test_whoever_comes_from_an_lms_stays_a_colleague(
    world: World, linde: uuid.UUID, bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    fatma, moodle = world.somebody(linde, "Fatma Yildiz", "hr"), connect()
    with database.writing() as db:
        db.add(Identity(id=new_id(clock()), platform_id=moodle, subject="12", person_id=fatma.id))
    bram.post(f"/admin/roles/{fatma.id}/take", role="hr")
    assert fatma.get("/reports").status_code == 404
    assert fatma.get("/spaces").status_code == 200


def test_an_admin_gets_no_address_into_the_name_of_who_comes_from_an_lms(
    world: World, linde: uuid.UUID, bram: Somebody, connect: Connect, database: Database, clock: StandingClock
) -> None:
    """It would open all that this colleague may read: their closed spaces, and what they write for themselves."""
    fatma, moodle = world.somebody(linde, "Fatma Yildiz", "hr"), connect()
    with database.writing() as db:
        db.add(Identity(id=new_id(clock()), platform_id=moodle, subject="12", person_id=fatma.id))
    answer = bram.post(f"/admin/roles/{fatma.id}/link", page="/admin/roles")
    assert answer.status_code == 404
    assert "/signin/" not in answer.get_data(as_text=True)
    with database.reading() as db:
        assert db.scalar(select(SignInLink.person_id)) is None


def test_the_last_admin_stays(world: World, linde: uuid.UUID, bram: Somebody, database: Database) -> None:
    answer = bram.post(f"/admin/roles/{bram.id}/take", role="admin")
    assert answer.status_code == 409
    assert "laatste beheerder" in answer.get_data(as_text=True)
    assert granted(database, bram.id) == {"admin"}
    other = world.somebody(linde, "Wout Admin", "admin")
    assert bram.post(f"/admin/roles/{bram.id}/take", role="admin").status_code == 303
    assert other.get("/admin").status_code == 200


def test_an_admin_who_can_no_longer_come_in_counts_for_nobody(
    bram: Somebody, database: Database, clock: StandingClock
) -> None:
    bram.post("/admin/roles", name="Wout Admin", role="admin")
    with database.writing() as db:
        for link in db.scalars(select(SignInLink)):
            link.expires_at = clock()
    assert bram.post(f"/admin/roles/{bram.id}/take", role="admin").status_code == 409
    assert granted(database, bram.id) == {"admin"}


def test_two_admins_cant_take_each_others_role_at_once(
    world: World, linde: uuid.UUID, bram: Somebody, database: Database, clock: StandingClock
) -> None:
    wout = world.somebody(linde, "Wout Admin", "admin")
    start, said = threading.Barrier(2), []

    def take(by: uuid.UUID, whose: uuid.UUID) -> None:
        start.wait()
        try:
            with database.writing() as db:
                roles.take_away(db, linde, "admin", whose, now=clock(), by=by)
            said.append("taken")
        except roles.LastAdmin:
            said.append("last")

    pair = [threading.Thread(target=take, args=ids) for ids in ((bram.id, wout.id), (wout.id, bram.id))]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert sorted(said) == ["last", "taken"]


def test_looking_the_roles_over_is_noted_until_one_is_added(
    bram: Somebody, connect: Connect, clock: StandingClock
) -> None:
    connect()
    clock.forward(minutes=1)
    assert "Bekijk de rollen" in bram.get("/admin").get_data(as_text=True)
    bram.post("/admin/agreements/roles")
    assert "Bekijk de rollen" not in bram.get("/admin").get_data(as_text=True)
    clock.forward(minutes=1)
    bram.post("/admin/roles", name="Marijke Jonker", role="hr")
    assert "Er kwam een rol bij sinds je keek" in bram.get("/admin").get_data(as_text=True)


# Who comes in by a launch takes the role of an address along, so that their next launch opens it.


def test_whoever_is_in_by_a_launch_takes_the_role(
    world: World, linde: uuid.UUID, bram: Somebody, database: Database
) -> None:
    marijke = world.somebody(linde, "Marijke Jonker")
    path = link_in(bram.post("/admin/roles", name="Marijke", role="hr"))
    assert "Je bent nu binnen als Marijke Jonker." in marijke.get(path).get_data(as_text=True)
    answer = marijke.post(path, page=path, **{"for": "me"})
    assert answer.headers["Location"] == "/reports"
    assert granted(database, marijke.id) == {"hr"}
    assert marijke.get("/reports").status_code == 200
    assert world.stranger().post(path).status_code == 410, "it works once"
    with database.reading() as db:
        assert db.scalars(select(Grant.person_id).where(Grant.role == "hr")).all() == [marijke.id]


def test_a_role_is_taken_by_a_form_of_ours_only(
    world: World, linde: uuid.UUID, bram: Somebody, database: Database
) -> None:
    marijke = world.somebody(linde, "Marijke Jonker")
    path = link_in(bram.post("/admin/roles", name="Marijke", role="admin"))
    assert marijke.client.post(path, data={"for": "me"}).status_code == 409
    assert world.stranger().post(path, data={"for": "me"}).status_code == 401
    assert granted(database, marijke.id) == set()


def test_nobody_of_another_organisation_takes_it(bram: Somebody, bea: Somebody, database: Database) -> None:
    path = link_in(bram.post("/admin/roles", name="Marijke", role="hr"))
    assert "Je bent nu binnen als" not in bea.get(path).get_data(as_text=True)
    assert bea.post(path, **{"for": "me"}).status_code == 410
    assert granted(database, bea.id) == {"admin"}
