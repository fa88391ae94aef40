"""What is held of a person is registered, can be taken along, and goes when they ask."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Table, func, or_, select

from lti_tool.db import Base, Database, personal_data
from lti_tool.rights import operations


def test_every_column_that_points_at_a_person_is_registered(app: Any) -> None:
    assert personal_data.columns_of_persons() == set(personal_data.registered())


def test_a_person_takes_along_all_that_is_held_of_them(world: Any) -> None:
    organisation = world.organisation()
    fatma = world.somebody(organisation, "Fatma Yilmaz", email="fatma@linde.example")
    noor = world.somebody(organisation, "Noor de Wit")
    space = world.space(noor)
    world.member(space, fatma)
    answer = fatma.get("/me/export.json")
    copy = json.loads(answer.data)
    assert copy["person"][0]["name"] == "Fatma Yilmaz"
    assert copy["person"][0]["email"] == "fatma@linde.example"
    joined_at = copy["membership"][0]["joined_at"]
    taking_part = {"role": "member", "quality": "", "joined_at": joined_at, "welcome": True}
    assert copy["membership"] == [{"space_id": str(space.id), **taking_part}]
    assert "Noor" not in answer.get_data(as_text=True)


def test_a_stranger_takes_nothing(world: Any) -> None:
    assert world.stranger().get("/me/export.json").status_code == 401


def test_after_erasure_no_row_points_at_the_person(world: Any, database: Database, clock: Any, settings: Any) -> None:
    organisation = world.organisation()
    fatma = world.somebody(organisation, "Fatma Yilmaz", "hr")
    noor = world.somebody(organisation, "Noor de Wit")
    world.member(world.space(noor), fatma)
    world.space(fatma, title="Nachtvogels")
    with database.writing() as db:
        operations.erase(db, settings.secret_key, fatma.id, organisation, now=clock())
    with database.reading() as db:
        for name in sorted(personal_data.columns_of_persons()):
            table: Table = Base.metadata.tables[name.split(".")[0]]
            column = table.c[name.split(".")[1]]
            assert db.scalar(select(func.count()).select_from(table).where(column == fatma.id)) == 0, name
        texts = [
            column
            for table in Base.metadata.tables.values()
            for column in table.columns
            if column.type.python_type is str
        ]
        for column in texts:
            found = select(func.count()).select_from(column.table)
            found = found.where(or_(column.like("%Fatma%"), column.like("%Yilmaz%")))
            assert db.scalar(found) == 0, f"{column} still holds the name"
    assert fatma.get("/spaces").status_code == 401


def test_nobody_is_erased_by_another_organisation(world: Any, database: Database, clock: Any, settings: Any) -> None:
    fatma = world.somebody(world.organisation())
    other = world.organisation("thuiszorg-vecht", "Thuiszorg Vecht")
    with database.writing() as db, pytest.raises(LookupError):
        operations.erase(db, settings.secret_key, fatma.id, other, now=clock())
    assert fatma.get("/spaces").status_code == 200
