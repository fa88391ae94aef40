"""`leerkring doctor` says what is well and what isn't, with what to do, and ends whatever hangs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from flask import Flask
from werkzeug.serving import make_server

import lti_tool
from lti_tool.admin import doctor
from lti_tool.cli import main
from lti_tool.db import Base, Database, migrations, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.models import Lease, QueuedJob, ScheduledRun
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform, add_organisation, add_platform
from lti_tool.settings import Settings, load
from tests.platform import TOOL, LyingPlatform, create_app, served

Say = Callable[[], tuple[int, dict[str, list[dict[str, str]]]]]


class Installation:
    """A real installation in a folder, and its address on this machine."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database

    def write(self, *rows: Any) -> None:
        with self.database.writing() as db:
            db.add_all(rows)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    apps: list[Flask] = []
    server = make_server("127.0.0.1", 0, lambda environ, start: apps[0].wsgi_app(environ, start), threaded=True)
    monkeypatch.setenv("LEERKRING_BASE_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("LEERKRING_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("LEERKRING_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    monkeypatch.setenv("LEERKRING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LEERKRING_ALLOW_PRIVATE_ADDRESSES", "true")
    settings = load()
    lti_tool.load_models()
    database = Database(settings.database_address)
    Base.metadata.create_all(database.engine)
    with database.engine.begin() as connection:
        command.stamp(migrations.config(connection), "head")
    apps.append(lti_tool.create_app(settings, database=database))
    now = datetime.now(UTC)
    with database.writing() as db:
        add_organisation(db, slug="de-linde", name="De Linde", now=now)
        keys.ensure_key(db, Cipher(settings.encryption_key), now=now)
        db.add(Lease(name="schedule", holder="x", until=now + timedelta(minutes=5)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Installation(settings, database)
    server.shutdown()
    thread.join()
    server.server_close()
    database.dispose()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Run it. Gives its status, and what it found by name."""

    def say() -> tuple[int, dict[str, list[dict[str, str]]]]:
        capsys.readouterr()
        status = main(["doctor", "--json"])
        out = capsys.readouterr().out
        said = json.loads(out[out.index("{\n") :])  # the tool that is asked here logs in the same process
        assert said["ok"] is (status == 0)
        found: dict[str, list[dict[str, str]]] = {}
        for check in said["checks"]:
            found.setdefault(check["name"], []).append(check)
        return status, found

    return say


def connect(installed: Installation, platform: LyingPlatform, name: str = "Moodle", **more: Any) -> None:
    values = {
        "organisation": "de-linde",
        "name": name,
        "issuer": platform.issuer,
        "client_id": TOOL.client_id,
        "auth_url": platform.auth_url,
        "token_url": platform.token_url,
        "jwks_url": platform.jwks_url,
        "product": "moodle",
        **more,
    }
    with installed.database.writing() as db:
        add_platform(db, NewPlatform(**values), now=datetime.now(UTC), reach=Reach(loopback=True, private=True))


def test_a_healthy_installation_is_well(installed: Installation, say: Say) -> None:
    status, found = say()
    assert status == 0
    assert {name: check[0]["state"] for name, check in found.items()} == {
        "settings": "done",
        "disk": "done",
        "database": "done",
        "keys": "done",
        "schedule": "done",
        "queue": "done",
        "address": "done",
    }


def test_people_read_ticks_and_what_to_do(installed: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    installed.write(ScheduledRun(task="fold", started_at=datetime.now(UTC), error="TimeoutError"))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "  ✓ The settings are complete." in said
    assert "  ✗ Work of the schedule failed: fold.\n      The log of the server says more." in said


def test_a_missing_setting_is_a_finding_not_a_crash(
    installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEERKRING_SECRET_KEY")
    status, found = say()
    assert status == 1
    assert "LEERKRING_SECRET_KEY is missing" in found["settings"][0]["text"]


def test_another_encryption_key(installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEERKRING_ENCRYPTION_KEY", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    status, found = say()
    assert status == 1
    assert "another LEERKRING_ENCRYPTION_KEY" in found["keys"][0]["text"]


def test_a_folder_that_is_not_there(
    installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEERKRING_DATA_DIR", str(tmp_path / "nowhere"))
    status, found = say()
    assert status == 1
    assert found["disk"][0]["state"] == found["database"][0]["state"] == "fault"
    assert not (tmp_path / "nowhere").exists(), "looking makes nothing"


def test_a_full_disk(installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TOO_LITTLE", 10**18)
    monkeypatch.setattr(doctor, "LITTLE", 10**18)
    status, found = say()
    assert status == 1
    assert "Make room" in found["disk"][0]["todo"]


def test_a_database_of_another_shape(installed: Installation, say: Say) -> None:
    with installed.database.engine.begin() as connection:
        command.stamp(migrations.config(connection), "0001")
    status, found = say()
    assert status == 1
    assert "db upgrade" in found["database"][0]["todo"]
    assert "address" not in found, "what needs the database is not looked at"


def test_a_database_that_is_not_there(installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEERKRING_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    status, found = say()
    assert status == 1
    assert "can't be used" in found["database"][0]["text"]


def test_nobody_keeps_the_schedule(installed: Installation, say: Say) -> None:
    with installed.database.writing() as db:
        db.get_one(Lease, "schedule").until = datetime.now(UTC) - timedelta(minutes=1)
    status, found = say()
    assert status == 1
    assert "leerkring worker" in found["schedule"][0]["todo"]


def test_work_that_waits_too_long_or_was_left_lying(installed: Installation, say: Say) -> None:
    now = datetime.now(UTC)
    old = {"kind": "k", "payload": {}, "created_at": now, "due_at": now - timedelta(hours=1)}
    installed.write(QueuedJob(id=new_id(now), key="1", **old))
    installed.write(QueuedJob(id=new_id(now), key="2", failed_at=now, error="lms.example 503", **old))
    status, found = say()
    assert status == 1
    assert "1 pieces of work wait" in found["queue"][0]["text"]
    assert "lms.example 503" in found["queue"][1]["text"]


def test_an_address_that_leads_elsewhere(installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(create_app(LyingPlatform())) as other:
        monkeypatch.setenv("LEERKRING_BASE_URL", other)
        status, found = say()
        assert status == 1
        assert "leads to another installation" in found["address"][0]["text"]
    monkeypatch.setenv("LEERKRING_BASE_URL", "http://127.0.0.1:9")
    _, found = say()
    assert "does not lead to Leerkring" in found["address"][0]["text"]


def test_every_lms_is_tested(installed: Installation, say: Say) -> None:
    platform = LyingPlatform(clock=lambda: datetime.now(UTC))
    with installed.database.reading() as db:
        ours = keys.public_keys(db, now=datetime.now(UTC))
    platform._fetch_json = lambda _url: {"keys": ours}
    with served(create_app(platform)) as address:
        platform.issuer = address
        connect(installed, platform, "Moodle")
        status, found = say()
        assert {name: found[f"{name}"][-1]["state"] for name in ("keys", "own_keys", "clock")} == {
            "keys": "done",
            "own_keys": "done",
            "clock": "done",
        }
        assert found["own_keys"][0]["about"] == "Moodle (de-linde)"
        assert status == 0, "what only waits is no fault"
        platform._fetch_json = lambda _url: {"keys": []}
        platform._key_sets.clear()
        platform.key_set_answer = lambda: {"keys": []}
        status, found = say()
    assert status == 1
    assert found["own_keys"][0]["code"] == "L05"
    assert found["own_keys"][0]["todo"]


def test_it_ends_whatever_hangs(installed: Installation, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LONGEST", 4.0)
    over, web = threading.Event(), Flask("slow")

    @web.route("/<path:_any>", methods=["GET", "POST"])
    def _slow(_any: str) -> str:
        over.wait(20)
        return ""

    with served(web) as address:
        platform = LyingPlatform(address)
        for number in range(3):
            connect(installed, platform, f"Moodle {number}", client_id=str(number))
        began = time.monotonic()
        status, found = say()
        took = time.monotonic() - began
        over.set()
    assert took < 6
    assert status == 1
    assert "did not end well or in time" in found["time"][0]["text"]
    assert found["address"][0]["state"] == "done", "one that hangs holds up nobody else"
