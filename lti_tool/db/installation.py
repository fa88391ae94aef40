"""Facts about this installation itself, such as that it is a demo."""

from __future__ import annotations

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lti_tool.db.base import Base
from lti_tool.db.database import insert


class Fact(Base):
    """One fact, by name."""

    __tablename__ = "installation"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


def is_demo(db: Session) -> bool:
    """True for the data of `leerkring demo`: `serve` refuses it."""
    return fact(db, "demo") is not None


def fact(db: Session, name: str) -> str | None:
    """A fact, or None."""
    return db.scalar(select(Fact.value).where(Fact.name == name))


def state(db: Session, name: str, value: str) -> None:
    """Note a fact."""
    row = insert(db, Fact).values(name=name, value=value)
    db.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
