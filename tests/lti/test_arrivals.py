"""Who a launch lets in: once, and nobody in somebody else's name."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from lti_tool.db import Database, new_id, random_id
from lti_tool.organisations.models import Platform
from lti_tool.people.models import Identity, Person, StaffMember
from tests.platform import FATMA, LTI, VISIT, LyingPlatform, Visitor


def people(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(Person)) or 0


@pytest.mark.parametrize("listed", [False, True])
def test_somebody_new_who_comes_in_twice_at_once_is_one_person(
    app: Flask, database: Database, platform: LyingPlatform, organisation: uuid.UUID, listed: bool
) -> None:
    with database.writing() as db:
        for n in range(5 * listed):
            db.add(StaffMember(id=random_id(), organisation_id=organisation, number=f"N{n}"))
    Visitor(app.test_client(), platform).launch()  # the key set is there from now on
    both = [Visitor(app.test_client(), platform) for _ in range(2)]
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for n in range(5):
        visit = replace(VISIT, user=replace(FATMA, subject=f"new-{n}", staff_number=f"N{n}"))
        forms = [visitor.authorize(visitor.login(visit)) for visitor in both]
        start = threading.Barrier(2)
        statuses: list[int] = []

        def click(visitor: Visitor, form: dict[str, str], start: Any = start, statuses: Any = statuses) -> None:
            start.wait()
            statuses.append(visitor.post(form).status_code)

        clicks = [threading.Thread(target=click, args=pair) for pair in zip(both, forms, strict=True)]
        for one in clicks:
            one.start()
        for one in clicks:
            one.join()
        assert statuses == [303, 303]
        assert people(database) == n + 2


@pytest.mark.parametrize("own_word", [None, "", "$Person.sourcedId"])
@pytest.mark.parametrize("field", ["person_sourcedid", "person_idnumber"])
def test_a_number_that_somebody_typed_into_a_link_makes_them_nobody_else(
    app: Flask,
    database: Database,
    platform: LyingPlatform,
    organisation: uuid.UUID,
    clock: Callable[[], datetime],
    field: str,
    own_word: str | None,
) -> None:
    with database.writing() as db:
        db.add(StaffMember(id=new_id(clock()), organisation_id=organisation, number=FATMA.staff_number))
    Visitor(app.test_client(), platform).launch()

    def typed(claims: dict[str, Any]) -> None:
        claims["sub"], claims["name"] = "teacher", "Bram de Boer"
        claims[LTI + "lis"] = {} if own_word is None else {"person_sourcedid": own_word}
        claims[LTI + "custom"] = {field: FATMA.staff_number}

    platform.change = typed
    Visitor(app.test_client(), platform).launch()
    with database.reading() as db:
        owners = dict(db.execute(select(Identity.subject, Identity.person_id)).all())
        names = set(db.scalars(select(Person.name)))
    assert owners["teacher"] != owners[FATMA.subject]
    assert names == {FATMA.name, "Bram de Boer"}


@pytest.mark.parametrize("let_through", [{"names"}, {"emails"}, set()])
def test_what_the_admin_does_not_let_through_is_not_kept(
    visitor: Visitor, database: Database, let_through: set[str]
) -> None:
    with database.writing() as db:
        db.execute(update(Platform).values(names="names" in let_through, emails="emails" in let_through))
    assert visitor.launch().status_code == 303
    assert visitor.launch().status_code == 303, "nor the second time"
    with database.reading() as db:
        name, email = db.execute(select(Person.name, Person.email)).one()
    assert (bool(name), bool(email)) == ("names" in let_through, "emails" in let_through)
