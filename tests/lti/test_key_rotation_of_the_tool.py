"""The tool changes its own keys, and an LMS that keeps our key set for an hour notices nothing: no launch, no service
call and no deep link fails, whenever it fetched the set and whoever in between kept it a little longer.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from lti_tool.db import Database
from lti_tool.db.encryption import Cipher
from lti_tool.demo.rooms import Enrolled, Room
from lti_tool.demo.services import MEMBERS
from lti_tool.demo.shapes import ROSTER
from lti_tool.lms.models import ServiceToken
from lti_tool.lms.tokens import services
from lti_tool.organisations import keys
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lti.conftest import REACH
from tests.lti.picking import Dialog
from tests.platform import COURSE, FATMA, LyingPlatform, Visitor

HOUR = 3600


@pytest.fixture(autouse=True)
def _one_time(monkeypatch: pytest.MonkeyPatch, clock: StandingClock) -> None:
    """The library dates the assertions for tokens by the machine's own clock."""
    monkeypatch.setattr("pylti1p3.service_connector.time", SimpleNamespace(time=lambda: clock().timestamp()))


class Shift:
    """What goes on at an LMS all day: launches, rosters, teachers who pick."""

    def __init__(
        self, app: Flask, platform: LyingPlatform, database: Database, settings: Settings, between: int
    ) -> None:
        self.platform, self.database, self.clock = platform, database, platform.clock
        self.cipher = Cipher(settings.encryption_key)
        self.visitor, self.dialog = Visitor(app.test_client(), platform), Dialog(app, platform)
        self.between, self.fetched = between, 0
        self._kept: tuple[Any, float] = (None, 0.0)
        platform.key_set_kept = HOUR
        platform._fetch_json = self.fetch
        platform.rooms[COURSE.id] = Room(COURSE, [Enrolled(FATMA)])
        with database.writing() as db:
            keys.ensure_key(db, self.cipher, now=self.clock())
            self.platform_id = db.query(PlatformRow.id).scalar()

    def fetch(self, _url: str) -> Any:
        """The LMS fetches our key set, through something that keeps it for `between` seconds."""
        kept, until = self._kept
        now = self.clock().timestamp()
        if kept is None or until <= now:
            kept = self.dialog.client.get("/lti/jwks").get_json()
            self._kept = (kept, now + self.between)
            self.fetched += 1
        return kept

    def rotate(self, **more: bool) -> None:
        """`leerkring keys rotate`."""
        with self.database.writing() as db:
            keys.rotate_keys(db, self.cipher, now=self.clock(), **more)

    @property
    def signs(self) -> str:
        """The id of the key that signs now."""
        with self.database.reading() as db:
            key = keys.signing_key(db, self.cipher, now=self.clock())
        assert key
        return key.kid

    def launch(self) -> None:
        """A nurse opens a link."""
        assert self.visitor.launch().status_code == 303

    def roster(self) -> None:
        """The tool reads who takes part, with a token that it asks for anew."""
        with self.database.writing() as db:
            db.execute(delete(ServiceToken))
        lms = services(self.database, self.platform_id, cipher=self.cipher, reach=REACH, clock=self.clock)
        (page,) = lms.get_paginated_data([ROSTER], self.platform.members_url(COURSE.id), accept=MEMBERS)
        assert [member["user_id"] for member in page["body"]["members"]] == [FATMA.subject]

    def pick(self) -> None:
        """A teacher begins a space in the picker, and the LMS verifies the answer."""
        self.dialog.open()
        self.dialog.press("/start", title="Nachtvogels", what_for="Om de nacht door te komen.", level="open")
        assert len(self.dialog.bring().links) == 1

    def everything(self) -> None:
        """All of it."""
        self.launch()
        self.roster()
        self.pick()


@pytest.mark.parametrize(
    ("age", "between"),
    [(0, 0), (59, 0), (31, 299)],
    ids=["fetched just before", "fetched an hour before", "through a cache"],
)
def test_no_launch_service_call_or_deep_link_fails_while_our_keys_rotate(
    app: Flask, platform: LyingPlatform, database: Database, settings: Settings, clock: StandingClock,
    age: int, between: int,
) -> None:  # fmt: skip
    shift = Shift(app, platform, database, settings, between)
    shift.everything()
    clock.forward(minutes=age)
    before = shift.signs
    shift.rotate()
    signed = []
    for _ in range(11):
        shift.everything()
        signed.append(shift.signs)
        clock.forward(minutes=12)
    assert signed[0] == before, "the new key doesn't sign before everybody can know it"
    assert signed[-1] != before
    assert len(set(signed)) == 2
    assert shift.fetched <= 4, "the LMS did keep our key set"


def test_a_second_rotation_right_after_the_first_breaks_nothing(
    app: Flask, platform: LyingPlatform, database: Database, settings: Settings, clock: StandingClock
) -> None:
    shift = Shift(app, platform, database, settings, 0)
    shift.everything()
    signed = set()
    for _ in range(7):
        shift.rotate()
        shift.everything()
        signed.add(shift.signs)
        clock.forward(minutes=40)
    assert len(signed) >= 3


def test_keys_that_leaked_go_at_once_and_then_such_an_lms_does_refuse_us(
    app: Flask, platform: LyingPlatform, database: Database, settings: Settings, clock: StandingClock
) -> None:
    """The price of `--now`, and the proof that the tests above would see a fault."""
    shift = Shift(app, platform, database, settings, 0)
    shift.everything()
    shift.rotate(at_once=True)
    shift.launch()
    for call in (shift.roster, shift.pick):
        with pytest.raises(Exception, match=r"not signed by the tool|refused|400|invalid"):
            call()
    clock.forward(seconds=HOUR)
    shift.everything()
