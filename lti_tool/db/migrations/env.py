"""Alembic's entrance: runs on the connection that is handed in. Whoever compares models has loaded them before."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from lti_tool.db import Base, Id, Utc


def _show_type(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, Id | Utc):
        autogen.imports.add("from lti_tool.db import Id, Utc")
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=_show_type,
    compare_type=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
