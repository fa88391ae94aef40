"""Putting a backup back: into an empty database, all of it or nothing. The format is in `backup_format`."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, column, delete, insert, inspect, literal, select, table, text
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.db import migrations
from lti_tool.db.backup import secret_mark
from lti_tool.db.backup_format import BATCH, DECODE, FORMAT, MANIFEST, PRODUCT, SEAL, STORED, BackupError, Manifest
from lti_tool.db.backup_format import TableEntry as Entry
from lti_tool.db.base import Base
from lti_tool.db.database import Database
from lti_tool.db.encryption import Cipher, WrongKey

MAX_MANIFEST = 4 * 1024 * 1024
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError)
"""What reading a zip that was cut off or changed may raise."""


@dataclass(frozen=True)
class Restored:
    """A backup that was put back."""

    made_at: datetime
    version: str
    revision: str
    """Of the database now."""
    rows: int
    same_secret_key: bool


def restore(database: Database, path: Path, *, cipher: Cipher, secret_key: str) -> Restored:
    """Put a backup into an empty database, in one transaction. Raises `BackupError`; then nothing has changed.

    A backup of an older version is put into the shape it had and then upgraded with all that is in it.
    """
    with _opened(path) as zipped:
        manifest = _manifest(zipped, cipher)
        for entry in manifest.tables:  # before the database is touched
            _check(zipped, entry)
        place = "the tables"
        try:
            with migrations.rebuilding(database.engine) as db:
                _make_ready(db, manifest)
                with _without_order(db):
                    for entry in manifest.tables:
                        place = entry.name
                        _load(db, zipped, entry)
                    place = "the links between tables"
                place = "the upgrade"
                migrations.upgrade_on(db)
        except migrations.BrokenLinks:
            raise BackupError("Nothing was restored: rows of this backup point at rows that are not in it.") from None
        except SQLAlchemyError as error:
            reason = type(getattr(error, "orig", None) or error).__name__
            raise BackupError(f"Nothing was restored: the database refused {place} ({reason}).") from None
    try:
        mark = base64.b64decode(manifest.secret_mark, validate=True)
        same = cipher.decrypt(mark, table="backup", row=manifest.id, column="secret_key") == secret_mark(secret_key)
    except (ValueError, WrongKey):
        same = False
    rows = sum(entry.rows for entry in manifest.tables)
    return Restored(manifest.made_at, manifest.version, migrations.head() or "", rows, same)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as zipped:
            yield zipped
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error.strerror or type(error).__name__}.") from None
    except zipfile.BadZipFile:
        raise BackupError(f"{path} is not a backup of Leerkring, or a part of it is missing.") from None


def _manifest(zipped: zipfile.ZipFile, cipher: Cipher) -> Manifest:
    """What the backup says of itself, after its seal was checked."""
    said, seal = _small(zipped, MANIFEST), _small(zipped, SEAL)
    try:
        found = json.loads(said)
        strange = found["format"] != FORMAT or found["product"] != PRODUCT
    except (ValueError, RecursionError, KeyError, TypeError):
        raise BackupError("This file is not a backup of Leerkring.") from None
    if strange:
        raise BackupError("This backup was made by a version of Leerkring that writes another format.")
    try:
        manifest = Manifest.model_validate_json(said)
        stored = base64.b64decode(seal, validate=True)
    except (ValidationError, binascii.Error):
        raise BackupError("This backup is damaged: its manifest can't be read.") from None
    if stored.partition(b".")[0] != cipher.key_id.encode():
        raise BackupError(
            "This backup was made with another LEERKRING_ENCRYPTION_KEY. "
            "Set the one of the installation that it comes from: without it the secrets inside are lost."
        )
    try:
        sealed = cipher.decrypt(stored, table="backup", row=manifest.id, column="manifest")
    except WrongKey:
        sealed = b""
    names = [MANIFEST, SEAL, *(entry.file for entry in manifest.tables)]
    if sealed != hashlib.sha256(said).digest() or sorted(names) != sorted(zipped.namelist()):
        raise BackupError("This backup was changed or damaged after it was made.")
    return manifest


def _small(zipped: zipfile.ZipFile, name: str) -> bytes:
    try:
        with zipped.open(name) as file:
            found = file.read(MAX_MANIFEST + 1)
    except _DAMAGED:
        found = b""
    if not found or len(found) > MAX_MANIFEST:
        raise BackupError("This file is not a backup of Leerkring.")
    return found


def _check(zipped: zipfile.ZipFile, entry: Entry) -> None:
    checksum = hashlib.sha256()
    try:
        with zipped.open(entry.file) as file:
            while piece := file.read(1024 * 1024):
                checksum.update(piece)
    except _DAMAGED:
        checksum.update(b"damaged")
    if checksum.hexdigest() != entry.sha256:
        raise BackupError(f"This backup was changed or damaged after it was made (in {entry.name}).")


def _make_ready(db: Connection, manifest: Manifest) -> None:
    """Tables of the backup's own shape, without a row in them."""
    if manifest.revision not in migrations.known():
        raise BackupError("This backup was made by a newer version of Leerkring. Upgrade Leerkring first.")
    current = migrations.current(db)
    if current is None:
        demo = False
        migrations.upgrade_on(db, manifest.revision)
    elif current == manifest.revision:
        demo = _is_empty_demo(db)
    else:
        raise BackupError(
            "The database has tables of another version than the backup. Restore into a database without tables."
        )
    if demo != manifest.demo:
        kinds = ("of a demo", "of a real installation")
        here, there = kinds if demo else kinds[::-1]
        raise BackupError(f"This is the backup {there}, and the database is that {here}. They must not mix.")


def _is_empty_demo(db: Connection) -> bool:
    """Whether an empty database is that of a demo. Raises `BackupError` when it is not empty."""
    there = sorted(set(inspect(db).get_table_names()) & set(Base.metadata.tables))
    if db.dialect.name == "postgresql":  # or a tool that runs would write after we looked
        names = ", ".join(db.dialect.identifier_preparer.quote(name) for name in there)
        db.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    facts = table("installation", column("name"))
    demo = set(db.scalars(select(facts.c.name))) == {"demo"}
    asked = {name: select(literal(1)).select_from(table(name)).limit(1) for name in there}
    full = [name for name in there if not (demo and name == facts.name) and db.scalar(asked[name])]
    if full:
        some = ", ".join(full[:3]) + (" …" if full[3:] else "")
        raise BackupError(
            f"The database is not empty (there are rows in {some}). Restore into a new one: "
            "set LEERKRING_DATA_DIR or LEERKRING_DATABASE_URL, and stop Leerkring while you restore."
        )
    db.execute(delete(facts))
    return demo


@contextlib.contextmanager
def _without_order(db: Connection) -> Iterator[None]:
    """Within it rows may point at rows that come later; at the end every link is checked."""
    if db.dialect.name != "postgresql":  # there `rebuilding` checks them
        yield
        return
    links = text(
        "SELECT conrelid::regclass::text AS of, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS what"
        " FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"
        " AND connamespace = current_schema()::regnamespace"
    )
    found = db.execute(links).all()
    for link in found:
        db.exec_driver_sql(f"ALTER TABLE {link.of} DROP CONSTRAINT {link.name}")
    yield
    for link in found:
        db.exec_driver_sql(f"ALTER TABLE {link.of} ADD CONSTRAINT {link.name} {link.what}")


def _load(db: Connection, zipped: zipfile.ZipFile, entry: Entry) -> None:
    """Put the rows of one table in, some at a time."""
    columns = [column(name, STORED[kind]) for name, kind in entry.columns]
    into = insert(table(entry.name, *columns))
    names = [name for name, _ in entry.columns]
    decoders = [DECODE.get(kind) for _, kind in entry.columns]
    batch: list[dict[str, Any]] = []
    with zipped.open(entry.file) as lines:
        for line in lines:
            pairs = zip(json.loads(line), decoders, strict=True)
            values = [value if value is None or decode is None else decode(value) for value, decode in pairs]
            batch.append(dict(zip(names, values, strict=True)))
            if len(batch) >= BATCH:
                db.execute(into, batch)
                batch = []
    if batch:
        db.execute(into, batch)
