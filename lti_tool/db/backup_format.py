"""The file of a backup: one zip, readable by any tool, checked by ours.

- `manifest.json`: format, product and its version, revision of the data model, when it was made, whether it is a demo,
  and per table its columns with their kinds, its number of rows and the SHA-256 of its file.
- `tables/NAME.jsonl`: a line per row, a JSON array in the order of the manifest's columns. Kinds: `id` (UUID),
  `utc` (ISO 8601), `date`, `bytes` (base64), `json` (in a list, so that a JSON null differs from no value), `text`,
  `int`, `float`, `bool`. Secrets stand in it as in the database: encrypted, or hashed.
- `seal`: the SHA-256 of the manifest, encrypted with LEERKRING_ENCRYPTION_KEY, which proves that file and key belong
  together and that nobody without that key changed the file.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, BigInteger, Boolean, Date, Float, Integer, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from lti_tool.db.base import Base, Id, Utc

FORMAT = 1
PRODUCT = "leerkring"
MANIFEST, SEAL = "manifest.json", "seal"
BATCH = 200
"""Rows that are in memory at a time."""

LEFT_OUT = {
    "api_token": "lives for an hour, and may have been withdrawn since",
    "form_receipt": "lives for a day",
    "lease": "belongs to a process that runs",
    "login_state": "of use once, within minutes",
    "network_invitation": "of use once: one that was used since must not work again",
    "pending_registration": "of use once, within the hour",
    "picking": "of use once, within the hour",
    "registration_code": "of use once: one that was used since must not work again",
    "service_token": "is asked for again",
    "sign_in_link": "of use once: one that was used since must not open the console again",
    "staff_code": "of use once: one that was used since must not work again",
    "tab_ticket": "of use once, within a minute",
    "token_ask": "counts the tries of a minute",
    "web_session": "one that was ended since must not go on",
}
"""Tables that do not come along, and why. Everything else does."""

Kind = Literal["id", "utc", "date", "bytes", "json", "text", "int", "float", "bool"]


class BackupError(Exception):
    """No backup was made, or nothing was restored. The message is a sentence for the person at the keyboard."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableEntry(_Strict):
    """One table of a backup."""

    name: str
    columns: list[tuple[str, Kind]]
    rows: int
    sha256: str

    @property
    def file(self) -> str:
        """Its name in the zip."""
        return f"tables/{self.name}.jsonl"


class Manifest(_Strict):
    """What a backup says of itself."""

    format: int
    product: str
    version: str
    id: uuid.UUID
    made_at: datetime
    revision: str
    demo: bool
    secret_mark: str
    """Encrypted hash of LEERKRING_SECRET_KEY: with another one some figures can't be continued."""
    tables: list[TableEntry]


def kind_of(column_type: TypeEngine[Any]) -> Kind:
    """How values of a column are written. Raises `TypeError` for a type that nobody thought of yet."""
    if isinstance(column_type, Id):
        return "id"
    if isinstance(column_type, Utc):
        return "utc"
    if isinstance(column_type, TypeDecorator):  # written as it is stored
        return kind_of(column_type.impl_instance)
    for of, kind in _KINDS:
        if isinstance(column_type, of):
            return kind
    raise TypeError(f"a backup can't hold {column_type!r}")


_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Boolean, "bool"),
    (Integer, "int"),
    (Float, "float"),
    (String, "text"),
    (LargeBinary, "bytes"),
    (JSON, "json"),
    (Date, "date"),
)

STORED: dict[Kind, TypeEngine[Any]] = {
    "id": Id(),
    "utc": Utc(),
    "date": Date(),
    "bytes": LargeBinary(),
    "json": JSON(none_as_null=True),
    "text": Text(),
    "int": BigInteger(),
    "float": Float(),
    "bool": Boolean(),
}
"""The type that reads and writes each kind; JSON is read as text, see `backup`."""

ENCODE: dict[Kind, Callable[[Any], Any]] = {
    "id": str,
    "utc": datetime.isoformat,
    "date": date.isoformat,
    "bytes": lambda value: base64.b64encode(value).decode(),
    "json": lambda text: [json.loads(text)],
}
"""From what the database gave, never None, to what stands in the file; other kinds stay as they are."""

DECODE: dict[Kind, Callable[[Any], Any]] = {
    "id": uuid.UUID,
    "utc": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": lambda value: base64.b64decode(value, validate=True),
    "json": lambda value: JSON.NULL if value[0] is None else value[0],
    "text": lambda value: value.replace("\x00", ""),  # SQLite takes it, PostgreSQL doesn't
}
"""The way back."""


def kept_tables() -> list[Any]:
    """The tables that come along, by name. Every room's models must be loaded."""
    return [table for name, table in sorted(Base.metadata.tables.items()) if name not in LEFT_OUT]
