"""The registry of what is held about a person: every room adds its columns, `rights` walks them.

A test goes over every column that points at a person and fails when it is not in here.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_tool.db.base import Base


class OnErase(enum.Enum):
    """What happens to a row when its person asks to be erased."""

    DELETE = "delete"
    """The row goes."""
    DETACH = "detach"
    """The row stays, the link to the person goes (the column becomes null, further columns get `blank`)."""
    KEEP = "keep"
    """Held for a reason the law accepts; said in `why`."""


@dataclass(frozen=True)
class Held:
    """One column that points at a person."""

    column: InstrumentedAttribute[Any]
    on_erase: OnErase
    export: tuple[str, ...] = ()
    """Names of the columns of the same table that the person gets in their copy."""
    blank: tuple[tuple[str, Any], ...] = ()
    """Columns that are overwritten when the row is detached."""
    why: str = ""


_held: dict[str, Held] = {}


def register(
    column: InstrumentedAttribute[Any],
    on_erase: OnErase,
    *,
    export: tuple[str, ...] = (),
    blank: dict[str, Any] | None = None,
    why: str = "",
) -> None:
    """Say what a column holds of a person. Called at the foot of a room's `models.py`."""
    if on_erase is OnErase.KEEP and not why:
        raise ValueError(f"{column}: keeping needs a reason")
    table = column.property.columns[0].table
    for name in (*export, *(blank or {})):
        if name not in table.c:
            raise ValueError(f"{table.name} has no column {name}")
    _held[f"{table.name}.{column.property.columns[0].name}"] = Held(
        column, on_erase, export, tuple((blank or {}).items()), why
    )


def registered() -> dict[str, Held]:
    """All that is registered, by `table.column`."""
    return dict(_held)


def columns_of_persons() -> set[str]:
    """Every `table.column` of the data model with a foreign key to a person."""
    return {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.target_fullname == "person.id"
    }


def export(db: Session, person_id: uuid.UUID) -> dict[str, list[dict[str, Any]]]:
    """All that is held of a person, by table; rows of plain values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for held in _held.values():
        if not held.export:
            continue
        table = held.column.property.columns[0].table
        rows = db.execute(select(*(table.c[name] for name in held.export)).where(held.column == person_id))
        found.setdefault(table.name, []).extend(dict(row) for row in rows.mappings())
    return found


def erase(db: Session, person_id: uuid.UUID, *, before: Callable[[Session, uuid.UUID], None] | None = None) -> None:
    """Delete or detach every row that points at the person; the person's own row is the caller's."""
    if before:
        before(db, person_id)
    for held in sorted(_held.values(), key=lambda h: h.on_erase is OnErase.DELETE):
        table = held.column.property.columns[0].table
        if held.on_erase is OnErase.DELETE:
            db.execute(delete(table).where(held.column == person_id))
        elif held.on_erase is OnErase.DETACH:
            values = {held.column.property.columns[0].name: None, **dict(held.blank)}
            db.execute(update(table).where(held.column == person_id).values(values))
