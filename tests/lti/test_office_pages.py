"""A link of the LMS may lead HR or the admin to their own page; who has no such role meets an ordinary door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from lti_tool.db import Database
from lti_tool.people import operations as people
from lti_tool.people.models import Person
from lti_tool.spaces.models import Door
from tests.platform import VISIT as COURSE_VISIT
from tests.platform import Link, Visitor

VISIT = replace(COURSE_VISIT, link=Link("menu-reports", "Rapport", custom={"page": "reports"}))


def test_the_role_comes_from_the_organisation_not_from_the_link(
    visitor: Visitor, database: Database, clock: Any
) -> None:
    assert visitor.launch(VISIT).headers["Location"].startswith("/doors/")
    with database.writing() as db:
        person = db.scalars(select(Person)).one()
        people.grant(db, person.organisation_id, "hr", person.id, now=clock(), by=None)
    assert visitor.launch(VISIT).headers["Location"] == "/reports"
    admin = replace(VISIT, link=Link("menu-admin", "Beheer", custom={"page": "admin"}))
    assert visitor.launch(admin).headers["Location"].startswith("/doors/")


def test_an_unknown_page_is_an_ordinary_door(visitor: Visitor) -> None:
    for page in ("", "//evil.example", "$Page", "me/export.json"):
        visit = replace(VISIT, link=Link("menu", "Menu", custom={"page": page}))
        assert visitor.launch(visit).headers["Location"].startswith("/doors/")


def test_the_one_menu_of_canvas_leads_each_to_their_own_page(visitor: Visitor, database: Database, clock: Any) -> None:
    menu = replace(VISIT, link=Link("account-1", "Leerkring", custom={"page": "office"}))
    assert visitor.launch(menu).headers["Location"] == "/spaces", "an account of an LMS is no course: no door is made"
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Door)) == 0
    for role, page in (("hr", "/reports"), ("admin", "/admin")):
        with database.writing() as db:
            person = db.scalars(select(Person)).one()
            people.grant(db, person.organisation_id, role, person.id, now=clock(), by=None)
        assert visitor.launch(menu).headers["Location"] == page
