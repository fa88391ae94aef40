"""Making a backup: one file, of one moment, while people go on writing. The format is in `backup_format`."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table, Text, cast, select, text, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.db import migrations
from lti_tool.db.backup_format import (
    BATCH,
    ENCODE,
    FORMAT,
    MANIFEST,
    PRODUCT,
    SEAL,
    STORED,
    BackupError,
    Kind,
    Manifest,
    TableEntry,
    kept_tables,
    kind_of,
)
from lti_tool.db.base import new_id
from lti_tool.db.database import Database
from lti_tool.db.encryption import Cipher


@dataclass(frozen=True)
class Written:
    """A backup that was made."""

    revision: str
    tables: int
    rows: int
    bytes: int


def write(
    database: Database, path: Path, *, cipher: Cipher, secret_key: str, now: datetime, force: bool = False
) -> Written:
    """Write all that is to be kept to a new file that only its owner may read; `force` replaces an older one.

    The file is there when it is whole, or not at all. Raises `BackupError`.
    """
    try:
        with _whole_or_not(path, force=force) as file, database.snapshot() as db:
            manifest = _write(db, file, cipher=cipher, secret_key=secret_key, now=now)
            size = file.tell()
    except SQLAlchemyError as error:
        raise BackupError(f"No backup was made: the database can't be read ({type(error).__name__}).") from None
    rows = sum(table.rows for table in manifest.tables)
    return Written(manifest.revision, len(manifest.tables), rows, size)


def _write(db: Connection, file: IO[bytes], *, cipher: Cipher, secret_key: str, now: datetime) -> Manifest:
    revision, backup_id = _revision(db), new_id(now)
    mark = cipher.encrypt(secret_mark(secret_key), table="backup", row=backup_id, column="secret_key")
    with zipfile.ZipFile(file, "w") as zipped:
        manifest = Manifest(
            format=FORMAT,
            product=PRODUCT,
            version=_version(),
            id=backup_id,
            made_at=now,
            revision=revision,
            demo=bool(db.scalar(text("SELECT count(*) FROM installation WHERE name = 'demo'"))),
            secret_mark=base64.b64encode(mark).decode(),
            tables=[_write_table(db, table, zipped, now) for table in kept_tables()],
        )
        said = manifest.model_dump_json(indent=1).encode()
        seal = cipher.encrypt(hashlib.sha256(said).digest(), table="backup", row=backup_id, column="manifest")
        for name, content in ((MANIFEST, said), (SEAL, base64.b64encode(seal))):
            with _entry(zipped, name, now) as out:
                out.write(content)
    return manifest


def secret_mark(secret_key: str) -> bytes:
    """By which a restore sees whether LEERKRING_SECRET_KEY is the same."""
    return hashlib.sha256(b"leerkring backup" + secret_key.encode()).digest()


def _revision(db: Connection) -> str:
    current = migrations.current(db)
    if current is None:
        raise BackupError("There is nothing to back up: the database is empty.")
    if current != migrations.head():
        raise BackupError("The database has the shape of another version. Run `leerkring db upgrade` first.")
    return current


def _write_table(db: Connection, table: Table, zipped: zipfile.ZipFile, now: datetime) -> TableEntry:
    columns = [(column.name, kind_of(column.type)) for column in table.columns]
    entry = TableEntry(name=table.name, columns=columns, rows=0, sha256="")
    # The order of the key: rows that point at earlier ones of the same table come after them, mostly.
    query = select(*(_read(table.c[name], kind) for name, kind in columns)).order_by(*table.primary_key.columns)
    encoders = [ENCODE.get(kind) for _, kind in columns]
    checksum, count = hashlib.sha256(), 0
    with _entry(zipped, entry.file, now) as out:
        for rows in db.execution_options(yield_per=BATCH).execute(query).partitions():
            lines = []
            for row in rows:
                pairs = zip(row, encoders, strict=True)
                values = [value if value is None or encode is None else encode(value) for value, encode in pairs]
                lines.append(json.dumps(values, separators=(",", ":")) + "\n")
            content = "".join(lines).encode()
            out.write(content)
            checksum.update(content)
            count += len(lines)
    return entry.model_copy(update={"rows": count, "sha256": checksum.hexdigest()})


def _read(column: Any, kind: Kind) -> Any:
    """JSON is read as text: the driver gives None for a JSON null and for no value alike."""
    return cast(column, Text) if kind == "json" else type_coerce(column, STORED[kind])


@contextlib.contextmanager
def _entry(zipped: zipfile.ZipFile, name: str, now: datetime) -> Iterator[IO[bytes]]:
    about = zipfile.ZipInfo(name, date_time=now.timetuple()[:6])
    about.compress_type = zipfile.ZIP_DEFLATED
    about.external_attr = 0o600 << 16
    with zipped.open(about, "w", force_zip64=True) as out:
        yield out


@contextlib.contextmanager
def _whole_or_not(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that appears under its name when the block is through."""
    if path.is_dir():
        raise BackupError(f"{path} is a folder. Give the name of a file.")
    if not force and os.path.lexists(path):
        raise BackupError(f"{path} is there already. Choose another name, or replace it with --force.")
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(handle)
            _put(made, path, force=force)
        finally:
            with contextlib.suppress(FileNotFoundError):
                made.unlink()
    except OSError as error:
        raise BackupError(f"{path} can't be written: {error.strerror or type(error).__name__}.") from None


def _put(made: Path, path: Path, *, force: bool) -> None:
    """Give the file its name, without ever replacing what somebody else put there meanwhile."""
    if force:
        made.replace(path)
    else:
        try:
            os.link(made, path)
        except FileExistsError:
            raise BackupError(f"{path} is there already. Choose another name, or replace it with --force.") from None
        except OSError:  # a file system without second names
            made.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _version() -> str:
    try:
        return importlib.metadata.version(PRODUCT)
    except importlib.metadata.PackageNotFoundError:
        return ""
