"""What a launch costs: one write transaction and few statements, however it goes. CPU is measured in bench/."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from lti_tool.db import Database
from tests.platform import FATMA, VISIT, Course, Link, User, Visitor


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile; a transaction's begin is told apart."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engines = [database.engine] if database.dialect == "postgresql" else [database.engine, database._reader]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_a_launch_is_one_write_transaction_of_at_most_fifteen_statements(visitor: Visitor, database: Database) -> None:
    visitor.launch()  # the key set is there from now on
    colleague = User("77", name="Kees Bakker", email="kees@delinde.example", staff_number="HR3")
    named = Link("9", "Nieuwe ruimte", custom={"space": "delier-op-de-ic"})
    visits = {
        "again": VISIT,
        "somebody new": dataclasses.replace(VISIT, user=colleague),
        "somebody new by a new door": dataclasses.replace(
            VISIT, user=dataclasses.replace(FATMA, subject="78", staff_number="HR4"), link=named
        ),
        "another course": dataclasses.replace(VISIT, course=Course("99", "Reanimatie")),
    }
    for name, visit in visits.items():
        fields = visitor.authorize(visitor.login(visit))
        with statements(database) as seen:
            assert visitor.post(fields).status_code == 303
        work = [statement for statement in seen if not statement.startswith("BEGIN")]
        assert len(work) <= 15, (name, work)
        if database.dialect == "sqlite":
            assert seen.count("BEGIN IMMEDIATE") == 1, name


def test_a_login_writes_one_row(visitor: Visitor, database: Database) -> None:
    with statements(database) as seen:
        visitor.login()
    work = [statement for statement in seen if not statement.startswith("BEGIN")]
    assert [statement.split()[0] for statement in work] == ["SELECT", "INSERT"]
