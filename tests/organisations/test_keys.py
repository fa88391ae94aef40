"""The tool's own keys: whatever is rotated, an LMS that keeps our key set for an hour can check what we sign."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database, Session
from lti_tool.db.encryption import Cipher, WrongKey
from lti_tool.jobs.schedule import Work, tasks
from lti_tool.organisations import jobs, keys
from lti_tool.organisations.models import ToolKey
from lti_tool.organisations.operations import add_organisation
from lti_tool.settings import Settings
from tests.conftest import StandingClock

HOUR = timedelta(hours=1)


@pytest.fixture
def cipher(settings: Settings) -> Cipher:
    return Cipher(settings.encryption_key)


def kids(db: Session, now: datetime) -> list[str]:
    return [key["kid"] for key in keys.public_keys(db, now=now)]


def signs(db: Session, cipher: Cipher, now: datetime) -> str:
    found = keys.signing_key(db, cipher, now=now)
    assert found is not None
    return found.kid


def test_the_first_key_comes_with_its_successor(database: Database, clock: StandingClock, cipher: Cipher) -> None:
    with database.writing() as db:
        assert keys.signing_key(db, cipher, now=clock()) is None
        first = keys.ensure_key(db, cipher, now=clock())
        assert keys.ensure_key(db, cipher, now=clock()) == first == signs(db, cipher, clock())
        published = keys.public_keys(db, now=clock())
    assert len(published) == 2
    assert published[0]["kid"] == first
    for key in published:
        assert set(key) == {"kty", "kid", "alg", "use", "n", "e"}
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")


def test_a_rotation_waits_until_every_lms_can_know_the_key(
    database: Database, clock: StandingClock, cipher: Cipher
) -> None:
    with database.writing() as db:
        first = keys.ensure_key(db, cipher, now=clock())
        _, second = kids(db, clock())
        rotation = keys.rotate_keys(db, cipher, now=clock())
        assert rotation.kid == second
        assert rotation.signs_from >= clock() + HOUR
        assert signs(db, cipher, rotation.signs_from - timedelta(microseconds=1)) == first
        assert signs(db, cipher, rotation.signs_from) == second
        assert len(kids(db, clock())) == 3  # and the one after that is published already


def test_a_key_that_has_been_published_long_enough_signs_at_once(
    database: Database, clock: StandingClock, cipher: Cipher
) -> None:
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=clock())
        clock.forward(hours=3)
        rotation = keys.rotate_keys(db, cipher, now=clock())
        assert rotation.signs_from == clock()
        assert signs(db, cipher, clock()) == rotation.kid


def test_asking_again_while_it_is_under_way_changes_nothing(
    database: Database, clock: StandingClock, cipher: Cipher
) -> None:
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=clock())
        first = keys.rotate_keys(db, cipher, now=clock())
        published = kids(db, clock())
        clock.forward(minutes=10)
        again = keys.rotate_keys(db, cipher, now=clock())
        assert (first.begun, again.begun) == (True, False)
        assert (again.kid, again.signs_from) == (first.kid, first.signs_from)
        assert kids(db, clock()) == published


def test_who_is_over_loses_its_private_half_and_stays_published_for_a_month(
    database: Database, clock: StandingClock, cipher: Cipher
) -> None:
    with database.writing() as db:
        first = keys.ensure_key(db, cipher, now=clock())
        started = keys.rotate_keys(db, cipher, now=clock()).signs_from
        keys.clear(db, cipher, now=clock())
        row = db.execute(select(ToolKey.private_key, ToolKey.retired_at).where(ToolKey.kid == first)).one()
        assert row.private_key is not None  # it still signs

        clock.forward(hours=2)
        keys.clear(db, cipher, now=clock())
        row = db.execute(select(ToolKey.private_key, ToolKey.retired_at).where(ToolKey.kid == first)).one()
        assert (row.private_key, row.retired_at) == (None, started)
        assert kids(db, clock())[-1] == first

        assert first in kids(db, started + timedelta(days=30) - timedelta(seconds=1))
        clock.now = started + timedelta(days=30)
        assert first not in kids(db, clock())
        keys.clear(db, cipher, now=clock())
        assert first not in set(db.scalars(select(ToolKey.kid)))


def test_a_private_half_is_never_stored_in_the_clear(database: Database, clock: StandingClock, cipher: Cipher) -> None:
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=clock())
        stored = list(db.scalars(select(ToolKey.private_key)))
        signing = keys.signing_key(db, cipher, now=clock())
    assert len(stored) == 2
    assert all(value and b"PRIVATE KEY" not in value for value in stored)
    assert signing is not None
    assert "BEGIN PRIVATE KEY" in signing.pem


def test_a_private_half_moved_to_another_row_does_not_open(
    database: Database, clock: StandingClock, cipher: Cipher
) -> None:
    with database.writing() as db:
        first = keys.ensure_key(db, cipher, now=clock())
        other = db.scalar(select(ToolKey.private_key).where(ToolKey.kid != first))
        db.execute(update(ToolKey).where(ToolKey.kid == first).values(private_key=other))
        with pytest.raises(WrongKey):
            keys.signing_key(db, cipher, now=clock())


def test_an_installation_of_an_older_version_goes_on_with_its_one_key(
    database: Database, clock: StandingClock, cipher: Cipher
) -> None:
    """It had a current key and no next one, and did not write down since when it signed."""
    with database.writing() as db:
        old = keys.ensure_key(db, cipher, now=clock())
        db.execute(delete(ToolKey).where(ToolKey.kid != old))
        db.execute(update(ToolKey).values(signs_from=None))
    clock.forward(days=100)
    with database.writing() as db:
        assert signs(db, cipher, clock()) == old
        assert kids(db, clock()) == [old]
        rotation = keys.rotate_keys(db, cipher, now=clock())
        assert rotation.kid != old
        assert rotation.signs_from >= clock() + HOUR
        assert signs(db, cipher, clock()) == old
        assert signs(db, cipher, rotation.signs_from) == rotation.kid
        assert len(kids(db, clock())) == 3


def test_an_upgraded_installation_gets_its_next_key_from_the_schedule(
    database: Database, clock: StandingClock, cipher: Cipher, settings: Settings
) -> None:
    with database.writing() as db:
        old = keys.ensure_key(db, cipher, now=clock())
        db.execute(delete(ToolKey).where(ToolKey.kid != old))
        db.execute(update(ToolKey).values(signs_from=None))
        jobs.tend_keys(Work(db, clock(), settings))
        assert kids(db, clock())[0] == old
        assert len(kids(db, clock())) == 2
        assert signs(db, cipher, clock()) == old
    assert jobs.tend_keys in {task.do for task in tasks()}


@pytest.mark.parametrize("seed", range(3))
def test_an_lms_that_keeps_our_key_set_for_an_hour_always_knows_who_signs(
    database: Database, clock: StandingClock, cipher: Cipher, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days on end, rotated whenever somebody likes: what is signed can be checked with any copy of the last hour,
    even with one that a proxy kept for five minutes first."""
    chance = random.Random(seed)
    _small_keys(monkeypatch)
    copies: list[tuple[datetime, set[str]]] = []
    rotations = 0
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=clock())
        for _ in range(400):
            now = clock()
            if chance.random() < 0.05:
                rotations += keys.rotate_keys(db, cipher, now=now).begun
            if chance.random() < 0.1:
                keys.clear(db, cipher, now=now)
            copies.append((now, set(kids(db, now))))
            signing = signs(db, cipher, now)
            lately = [published for at, published in copies if now - at <= timedelta(minutes=65)]
            assert all(signing in published for published in lately)
            clock.forward(minutes=chance.choice([1, 5, 10, 30]))
    assert rotations > 5


def test_leaked_keys_go_at_once(database: Database, clock: StandingClock, cipher: Cipher) -> None:
    """The private halves live together in the database: who has one has the next one too."""
    with database.writing() as db:
        organisation = add_organisation(db, slug="de-linde", name="De Linde", now=clock())
        keys.ensure_key(db, cipher, now=clock())
        keys.rotate_keys(db, cipher, now=clock())
        leaked = set(kids(db, clock()))
        rotation = keys.rotate_keys(db, cipher, now=clock(), at_once=True)
        assert rotation.signs_from == clock()
        assert signs(db, cipher, clock()) == rotation.kid
        assert not leaked & set(kids(db, clock()))
        assert len(kids(db, clock())) == 2
        noted = select(AuditEntry.action).where(
            AuditEntry.organisation_id == organisation, AuditEntry.action.like("%keys")
        )
        assert list(db.scalars(noted)) == ["organisations.rotate_keys", "organisations.replace_keys"]


def _small_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a real one takes a tenth of a second; which key signs when has nothing to do with its size."""
    real = keys.rsa.generate_private_key
    made = [real(public_exponent=65537, key_size=2048) for _ in range(2)]
    monkeypatch.setattr(keys.rsa, "generate_private_key", lambda **_: random.choice(made))


def _at_once(database: Database, many: int, do: Callable[[], Any]) -> list[Any]:
    """Do it in many threads at the same moment."""
    start = threading.Barrier(many)
    found: list[Any] = []

    def run() -> None:
        start.wait()
        found.append(do())

    threads = [threading.Thread(target=run) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == many
    return found


def test_two_rotations_at_the_same_moment_are_one(database: Database, clock: StandingClock, cipher: Cipher) -> None:
    def rotate() -> keys.Rotation:
        with database.writing() as db:
            return keys.rotate_keys(db, cipher, now=clock())

    found = _at_once(database, 4, rotate)
    assert len({(rotation.kid, rotation.signs_from) for rotation in found}) == 1
    assert sorted(rotation.begun for rotation in found) == [False, False, False, True]
    with database.reading() as db:
        assert len(kids(db, clock())) == 3


def test_many_who_ask_for_the_key_set_of_a_new_installation_get_the_same(app: Flask, database: Database) -> None:
    found = _at_once(database, 8, lambda: app.test_client().get("/lti/jwks").get_json()["keys"])
    assert all(key_set == found[0] for key_set in found)
    assert len(found[0]) == 2


def test_the_key_set_may_be_kept_only_as_long_as_a_rotation_reckons_with(app: Flask) -> None:
    answer = app.test_client().get("/lti/jwks")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert HOUR + timedelta(seconds=300) == keys.PUBLISHED_FIRST
    assert "Set-Cookie" not in answer.headers
