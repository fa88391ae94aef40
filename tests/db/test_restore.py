"""What is no whole backup of this product, or does not fit here, is refused with a sentence and leaves nothing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import func, insert, select, text

import lti_tool
from lti_tool.audit.models import AuditEntry
from lti_tool.conversations.models import Post
from lti_tool.db import Base, Database, migrations, new_id
from lti_tool.db.backup_format import BackupError, kept_tables
from lti_tool.db.encryption import Cipher
from lti_tool.db.installation import state
from lti_tool.organisations import keys
from lti_tool.organisations.models import Organisation
from tests.conftest import StandingClock
from tests.db.conftest import Load, Save, fill, in_order, rows, tables_of

RECORDED = Path(__file__).parents[1] / "recordings" / "backups" / "revision-0002.leerkring"
"""Made by this code with the models of the version before; encryption and secret key are those of the tests."""

ONE_KIND = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what is about the file alone."""


@ONE_KIND
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.9999])
def test_a_part_of_a_file_is_refused(
    live: Database, save: Save, load: Load, file: Path, tmp_path: Path, share: float
) -> None:
    fill(live, in_order())
    save(live)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    _refused(load, tmp_path, "not a backup of Leerkring")


@ONE_KIND
@pytest.mark.parametrize("share", [0.001, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.97])
def test_a_changed_byte_is_refused(
    live: Database, save: Save, load: Load, file: Path, tmp_path: Path, share: float
) -> None:
    fill(live, in_order())
    save(live)
    content = bytearray(file.read_bytes())
    content[int(len(content) * share)] ^= 0x20
    file.write_bytes(content)
    target = Database(f"sqlite:///{tmp_path / 'target.db'}")
    try:
        load(target)
    except BackupError as error:
        assert re.search("changed or damaged|not a backup|can't be read|another LEERKRING", str(error))  # noqa: PT017
        assert tables_of(target) == []
    else:  # a byte of a header that nobody reads
        assert rows(target, kept_tables()) == rows(live, kept_tables())
    target.dispose()


def _rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(file) as zipped:
        content = {name: zipped.read(name) for name in zipped.namelist()}
    change(content)
    with zipfile.ZipFile(file, "w") as zipped:
        for name, data in content.items():
            zipped.writestr(name, data)


def _change_row(content: dict[str, bytes]) -> None:
    name = "tables/organisation.jsonl"
    content[name] = content[name].replace(b"2026", b"2027")


def _change_row_and_checksum(content: dict[str, bytes]) -> None:
    before = hashlib.sha256(content["tables/organisation.jsonl"]).hexdigest()
    _change_row(content)
    after = hashlib.sha256(content["tables/organisation.jsonl"]).hexdigest()
    content["manifest.json"] = content["manifest.json"].replace(before.encode(), after.encode())


def _drop_table(content: dict[str, bytes]) -> None:
    del content["tables/organisation.jsonl"]


def _add_table(content: dict[str, bytes]) -> None:
    content["tables/web_session.jsonl"] = b"[]\n"


def _be_real(content: dict[str, bytes]) -> None:
    manifest = json.loads(content["manifest.json"])
    manifest["demo"] = not manifest["demo"]
    content["manifest.json"] = json.dumps(manifest).encode()


def _other_format(content: dict[str, bytes]) -> None:
    content["manifest.json"] = content["manifest.json"].replace(b'"format": 1', b'"format": 2')


def _no_manifest(content: dict[str, bytes]) -> None:
    del content["manifest.json"]


def _manifest_of_others(content: dict[str, bytes]) -> None:
    content["manifest.json"] = b'{"name": "moodle", "tables": []}'


@ONE_KIND
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_change_row, "changed or damaged"),
        (_change_row_and_checksum, "changed or damaged"),
        (_drop_table, "changed or damaged"),
        (_add_table, "changed or damaged"),
        (_be_real, "changed or damaged"),
        (_other_format, "another format"),
        (_no_manifest, "not a backup of Leerkring"),
        (_manifest_of_others, "not a backup of Leerkring"),
    ],
)
def test_a_file_that_somebody_changed_is_refused(
    live: Database, save: Save, load: Load, file: Path, tmp_path: Path, change: Any, sentence: str
) -> None:
    fill(live, in_order())
    save(live)
    _rewritten(file, change)
    _refused(load, tmp_path, sentence)


@pytest.mark.parametrize(
    "content", [b"", b"number;name\n1;Fatma\n", b"PK\x03\x04 nearly a zip", b"PK\x05\x06" + bytes(18)]
)
def test_something_else_is_refused(load: Load, file: Path, tmp_path: Path, content: bytes) -> None:
    file.write_bytes(content)
    _refused(load, tmp_path, "not a backup of Leerkring")


def test_a_file_that_is_not_there(load: Load, tmp_path: Path) -> None:
    _refused(load, tmp_path, "can't be read: No such file")


def _refused(load: Load, tmp_path: Path, sentence: str) -> None:
    """Refused with a sentence, and nothing was made."""
    lti_tool.load_models()
    target = Database(f"sqlite:///{tmp_path / 'target.db'}")
    with pytest.raises(BackupError, match=sentence):
        load(target)
    assert tables_of(target) == []
    target.dispose()


def test_only_an_empty_database_takes_it(
    live: Database, elsewhere: Database, save: Save, load: Load, clock: StandingClock
) -> None:
    save(live)
    migrations.upgrade(elsewhere.engine)
    with elsewhere.writing() as db:
        db.add(Organisation(id=new_id(clock()), slug="de-berk", name="De Berk", created_at=clock()))
    before = rows(elsewhere, list(Base.metadata.tables.values()))
    with pytest.raises(BackupError, match=r"not empty \(there are rows in organisation\)"):
        load(elsewhere)
    assert rows(elsewhere, list(Base.metadata.tables.values())) == before


def test_tables_without_rows_are_fine(live: Database, elsewhere: Database, save: Save, load: Load) -> None:
    fill(live, in_order())
    save(live)
    migrations.upgrade(elsewhere.engine)
    load(elsewhere)
    assert rows(elsewhere, kept_tables()) == rows(live, kept_tables())


def test_a_demo_and_a_real_installation_do_not_mix(
    live: Database, elsewhere: Database, save: Save, load: Load, tmp_path: Path
) -> None:
    save(live)
    migrations.upgrade(elsewhere.engine)
    with elsewhere.writing() as db:
        state(db, "demo", "empty")
    with pytest.raises(BackupError, match="of a real installation, and the database is that of a demo"):
        load(elsewhere)
    with live.writing() as db:
        state(db, "demo", "filled")
    save(live, tmp_path / "demo")
    _refused(lambda target: load(target, tmp_path / "demo"), tmp_path, "of a demo, and the database is that of a real")
    load(elsewhere, tmp_path / "demo")
    with elsewhere.reading() as db:
        assert db.scalar(text("SELECT value FROM installation")) == "filled"


def test_a_backup_of_a_newer_version_is_refused(
    live: Database, save: Save, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with monkeypatch.context() as later:
        later.setattr(migrations, "head", lambda: "9999")
        save(live)
    _refused(load, tmp_path, "newer version of Leerkring")


def test_a_backup_of_an_older_version_is_upgraded_with_all_that_is_in_it(
    elsewhere: Database, load: Load, cipher: Cipher, clock: StandingClock
) -> None:
    done = load(elsewhere, RECORDED)
    assert done.revision == migrations.head()
    with zipfile.ZipFile(RECORDED) as zipped:
        manifest = json.loads(zipped.read("manifest.json"))
        assert manifest["revision"] == "0002"
        with elsewhere.reading() as db:
            assert migrations.current(db.connection()) == migrations.head()
            for entry in manifest["tables"]:
                count = db.scalar(text(f"SELECT count(*) FROM {entry['name']}"))
                assert count == entry["rows"], entry["name"]
                assert len(zipped.read(f"tables/{entry['name']}.jsonl").splitlines()) == count
            assert db.scalar(select(func.count()).select_from(Post)) > 80
            signing = keys.signing_key(db, cipher, now=clock())
            assert signing is not None


def test_an_older_backup_does_not_go_into_tables_of_this_version(elsewhere: Database, load: Load) -> None:
    migrations.upgrade(elsewhere.engine)
    if migrations.head() == "0002":
        pytest.skip("nothing is older yet")
    with pytest.raises(BackupError, match="tables of another version"):
        load(elsewhere, RECORDED)


def test_rows_that_point_nowhere_leave_nothing(
    save: Save, load: Load, elsewhere: Database, tmp_path: Path, sqlite_template: Path, clock: StandingClock
) -> None:
    path = tmp_path / "broken.db"
    shutil.copy(sqlite_template, path)
    broken = Database(f"sqlite:///{path}")
    with broken.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")
        row = {"id": new_id(clock()), "organisation_id": new_id(clock()), "action": "x", "subject": "", "at": clock()}
        connection.execute(insert(AuditEntry).values(row))
        connection.commit()
        command.stamp(migrations.config(connection), "head")
        connection.commit()
    save(broken)
    broken.dispose()
    with pytest.raises(BackupError, match="Nothing was restored"):
        load(elsewhere)
    assert tables_of(elsewhere) == []
