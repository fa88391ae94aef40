"""A backup is one file of one moment; put back, in either kind of database, nothing is missing and nothing revives."""

from __future__ import annotations

import base64
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, inspect, select, text

import lti_tool
from lti_tool.conversations.models import Post
from lti_tool.db import Base, Database, backup, migrations, new_id
from lti_tool.db.backup_format import LEFT_OUT, BackupError, kept_tables, kind_of
from lti_tool.db.encryption import Cipher
from lti_tool.demo.sizes import SIZES, seed
from lti_tool.organisations import keys
from lti_tool.organisations.models import Network, Organisation
from lti_tool.people import operations as people
from lti_tool.reports import operations as reports
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.db.conftest import Load, Save, fill, in_order, rows, tables_of


def test_every_row_of_every_table_comes_back_in_either_kind_of_database(
    live: Database, elsewhere: Database, save: Save, load: Load
) -> None:
    fill(live, in_order())
    before = rows(live, kept_tables())
    assert all(before.values()), "every table has rows"
    written = save(live)
    done = load(elsewhere)
    assert rows(elsewhere, kept_tables()) == before
    assert written.rows == done.rows == sum(len(found) for found in before.values())
    assert done.revision == migrations.head()
    assert done.same_secret_key


def test_a_full_installation_goes_there_and_back_again(
    live: Database, elsewhere: Database, world: Any, save: Save, load: Load, cipher: Cipher, tmp_path: Path
) -> None:
    """What people wrote, what they joined and who may sign: through the other kind of database and back."""
    linde = world.organisation()
    fatma = world.somebody(linde, "Fatma Yilmaz", "admin")
    space = world.space(fatma)
    with live.writing() as db:
        seed(db, linde, SIZES["small"], now=world.clock())
        kid = keys.ensure_key(db, cipher, now=world.clock())
    assert fatma.get(f"/s/{space.slug}").status_code == 200
    before = rows(live, kept_tables())
    save(live)
    load(elsewhere)
    save(elsewhere, tmp_path / "again")
    last = Database(f"sqlite:///{tmp_path / 'last.db'}")
    load(last, tmp_path / "again")
    assert rows(last, kept_tables()) == before
    with last.reading() as db:
        signing = keys.signing_key(db, cipher, now=world.clock())
        assert signing
        assert signing.kid == kid
        assert db.scalar(select(func.count()).select_from(Post)) == 80
    last.dispose()


def test_the_tables_of_a_restored_database_hold_the_same_links(
    live: Database, elsewhere: Database, save: Save, load: Load
) -> None:
    """On PostgreSQL they are taken off while rows come in."""
    save(live)
    load(elsewhere)

    def links(database: Database) -> set[tuple[Any, ...]]:
        looked = inspect(database.engine)
        return {
            (table, tuple(key["constrained_columns"]), key["referred_table"], key["options"].get("ondelete"))
            for table in Base.metadata.tables
            for key in looked.get_foreign_keys(table)
        }

    assert links(elsewhere) == {
        (table.name, (key.parent.name,), key.column.table.name, key.ondelete)
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
    }
    if elsewhere.dialect == "postgresql":  # no counter of the database's own has to be brought along
        with elsewhere.reading() as db:
            assert db.scalar(text("SELECT count(*) FROM pg_sequences")) == 0


def test_it_is_of_one_moment_while_people_write(
    live: Database, elsewhere: Database, save: Save, load: Load, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = backup._write_table
    written = 0

    def slowly(*args: Any) -> Any:
        nonlocal written
        with live.writing() as db:  # an organisation and its network belong together
            name = f"n{written}"
            db.add(Organisation(id=new_id(clock()), slug=name, name=name, created_at=clock()))
            db.add(Network(id=new_id(clock()), slug=name, name=name, created_at=clock()))
        written += 1
        return real(*args)

    monkeypatch.setattr(backup, "_write_table", slowly)
    save(live)
    load(elsewhere)
    assert written > 20
    with elsewhere.reading() as db:
        counts = [db.scalar(select(func.count()).select_from(model)) for model in (Organisation, Network)]
    assert counts[0] == counts[1] == 0  # the moment was the first look, before any of them


def test_what_is_of_use_once_does_not_come_back(
    live: Database, elsewhere: Database, world: Any, save: Save, load: Load
) -> None:
    fill(live, list(Base.metadata.sorted_tables))
    fatma = world.somebody(world.organisation())
    assert fatma.get("/spaces").status_code == 200
    left_out = [Base.metadata.tables[name] for name in LEFT_OUT]
    assert all(rows(live, left_out).values())
    save(live)
    load(elsewhere)
    assert not any(rows(elsewhere, left_out).values())
    there = lti_tool.create_app(world.app.extensions["leerkring"].settings, database=elsewhere, clock=world.clock)
    fatma.client.application = there
    assert fatma.get("/spaces").status_code == world.stranger().get("/spaces").status_code == 401


def test_nothing_that_comes_along_points_at_what_does_not() -> None:
    lti_tool.load_models()
    assert set(LEFT_OUT) <= set(Base.metadata.tables)
    for table in kept_tables():
        assert not {key.column.table.name for key in table.foreign_keys} & set(LEFT_OUT), table.name


COMES_ALONG_THOUGH = {
    "api_client.secret_hash": "its secret is with the program that uses it",
    "organisation.logo_hash": "names a picture",
    "placed_link.key_hash": "stands in a course; without it the link there opens nothing",
}


def test_whatever_is_a_hash_or_token_or_ends_by_itself_was_thought_about() -> None:
    """A new table with one-use codes either stays out of the backup or says here why not."""
    lti_tool.load_models()
    secretive = {
        f"{table.name}.{column.name}"
        for table in kept_tables()
        for column in table.columns
        if column.name.endswith(("_hash", "token", "code", "secret", "expires_at"))
    }
    assert secretive - {"launch_fault.code"} == set(COMES_ALONG_THOUGH)


def test_every_type_of_column_can_be_written() -> None:
    lti_tool.load_models()
    for table in Base.metadata.tables.values():
        for column in table.columns:
            kind_of(column.type)


def test_no_secret_stands_in_it_in_the_clear(
    live: Database, world: Any, save: Save, file: Path, cipher: Cipher, settings: Settings
) -> None:
    linde = world.organisation()
    fatma = world.somebody(linde, "Fatma Yilmaz")
    cookie = fatma.client.get_cookie("__Host-leerkring", path="/") or next(iter(fatma.client._cookies.values()))
    with live.writing() as db:
        keys.ensure_key(db, cipher, now=world.clock())
        found = keys.signing_key(db, cipher, now=world.clock())
        assert found
        pem = "".join(found.pem.splitlines()[1:-1])
        link = people.grant_by_link(db, linde, "admin", now=world.clock())
        _, secret = reports.create_client(db, linde, "BI", ["reports:read"], now=world.clock())
    save(live)
    with zipfile.ZipFile(file) as zipped:
        inside = b"".join(zipped.read(name) for name in zipped.namelist()) + file.read_bytes()
    assert b"Fatma Yilmaz" in inside  # so a name would be found: it must be kept safe
    assert b"PRIVATE KEY" not in inside
    der = base64.b64decode(pem)
    plain = [
        *(pem[start : start + 40].encode() for start in (0, 400, 800)),
        base64.b64encode(der[30:60])[:-4],
        link.encode(),
        secret.encode(),
        cookie.value.encode(),
        settings.secret_key.encode(),
        base64.b64encode(settings.encryption_key),
    ]
    for value in plain:
        assert value not in inside


def test_it_is_useless_without_the_key(live: Database, elsewhere: Database, save: Save, load: Load) -> None:
    save(live)
    with pytest.raises(BackupError, match="another LEERKRING_ENCRYPTION_KEY"):
        load(elsewhere, cipher=Cipher(os.urandom(32)))
    assert tables_of(elsewhere) == []


def test_another_secret_key_is_told(live: Database, elsewhere: Database, save: Save, load: Load) -> None:
    save(live)
    assert not load(elsewhere, secret="s" * 40).same_secret_key


def test_a_database_of_another_shape_or_without_tables_is_not_backed_up(
    elsewhere: Database, save: Save, file: Path
) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        save(elsewhere)
    migrations.upgrade(elsewhere.engine, "0001")
    with pytest.raises(BackupError, match="db upgrade"):
        save(elsewhere)
    assert list(file.parent.glob("*kring*")) == []


def test_only_its_owner_may_read_it_and_nothing_is_overwritten(live: Database, save: Save, file: Path) -> None:
    old = os.umask(0)
    try:
        save(live)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_bytes()
    with pytest.raises(BackupError, match="--force"):
        save(live)
    assert file.read_bytes() == first
    save(live, force=True)
    assert file.read_bytes() != first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(BackupError, match="is a folder"):
        save(live, file.parent)
    with pytest.raises(BackupError, match="can't be written: No such file"):
        save(live, file.parent / "nowhere" / "x")
    assert [found.name for found in file.parent.glob("*kring.backup*")] == [file.name]


def test_a_full_disk_leaves_the_older_file_and_no_half_one(
    live: Database, save: Save, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(live)
    first = file.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupError, match="No space left"):
        save(live, force=True)
    assert file.read_bytes() == first
    assert [found.name for found in file.parent.glob("*kring.backup*")] == [file.name]


def test_memory_stays_flat_however_much_there_is(
    live: Database, elsewhere: Database, save: Save, load: Load, clock: StandingClock
) -> None:
    size, many = 20_000, 4_000
    with live.writing() as db:
        organisation = Organisation(id=new_id(clock()), slug="de-linde", name="De Linde", created_at=clock())
        db.add(organisation)
        db.flush()
        for _ in range(many // 100):
            sheets = [{"id": new_id(clock()), "slug": os.urandom(8).hex(), "text": "x" * size} for _ in range(100)]
            networks = [{"id": s["id"], "slug": s["slug"], "name": s["slug"], "created_at": clock()} for s in sheets]
            db.execute(insert(Network), networks)
            db.execute(
                insert(Base.metadata.tables["network_sheet"]),
                [{"network_id": s["id"], "version": 1, "text": s["text"], "written_at": clock()} for s in sheets],
            )
    tracemalloc.start()
    try:
        save(live)
        load(elsewhere)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size * many / 3, f"{peak / 1e6:.0f} MB"
