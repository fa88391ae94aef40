"""What is new, in words, and that it stays read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from lti_tool.conversations.models import ReadMark
from lti_tool.db import Database
from tests.conftest import StandingClock
from tests.conversations.conftest import Ward, new_numbers


def test_what_was_shown_is_new_once_and_then_stays_read(ward: Ward, clock: StandingClock) -> None:
    ward.start(ward.noor)
    ward.reply(ward.noor)
    assert "2 nieuw" in ward.read(ward.fatma, ward.list)
    assert new_numbers(ward.read(ward.fatma, ward.address())) == [1, 2]
    # F5, another tab, another browser after a new launch.
    assert new_numbers(ward.read(ward.fatma, ward.address())) == []
    assert new_numbers(ward.read(ward.world.again(ward.fatma), ward.address())) == []
    assert "nieuw</span></li>" not in ward.read(ward.fatma, ward.list)


def test_one_line_says_since_when_it_is_new(ward: Ward, clock: StandingClock) -> None:
    ward.start(ward.noor)
    ward.read(ward.fatma, ward.address())
    clock.forward(hours=20)
    noor, fatma = ward.world.again(ward.noor), ward.world.again(ward.fatma)
    ward.reply(noor)
    ward.reply(noor)
    html = ward.read(fatma, ward.address())
    assert html.count('id="new"') == 1
    assert "nieuw sinds wo 25 nov, 07:53" in html
    assert "Naar het eerste nieuwe" in html
    assert html.index('id="p1"') < html.index('id="new"') < html.index('id="p2"')
    # What comes later in the same visit is still new since the visit before.
    clock.forward(minutes=5)
    ward.reply(noor)
    assert "nieuw sinds wo 25 nov, 07:53" in ward.read(fatma, ward.address())


def test_own_words_are_never_new(ward: Ward) -> None:
    ward.start(ward.fatma)
    assert new_numbers(ward.read(ward.fatma, ward.address())) == []
    assert 'class="count"' not in ward.read(ward.fatma, ward.list)


def test_what_was_written_before_one_joined_is_not_new(ward: Ward, clock: StandingClock, world: Any) -> None:
    ward.start(ward.noor)
    ward.start(ward.noor, title="Al lang stil")
    clock.forward(minutes=5)
    late = world.somebody(ward.house, "Late Lars")
    with world.database.reading() as db:
        world.member(ward.here(db, ward.noor), late)
    assert 'class="count"' not in ward.read(late, ward.list)
    clock.forward(minutes=5)
    ward.reply(ward.noor)
    assert "1 nieuw" in ward.read(late, ward.list)
    assert new_numbers(ward.read(late, ward.address())) == [2]


def test_a_colleague_who_only_reads_has_nothing_new_until_they_come_back(ward: Ward) -> None:
    ward.start(ward.noor)
    assert 'class="count"' not in ward.read(ward.colleague, ward.list)
    assert new_numbers(ward.read(ward.colleague, ward.address())) == []
    ward.reply(ward.noor)
    assert new_numbers(ward.read(ward.colleague, ward.address())) == [2]


def test_all_read_is_all_read(ward: Ward) -> None:
    ward.start(ward.noor)
    ward.start(ward.noor)
    assert "Alles gelezen" in ward.read(ward.fatma, f"/s/{ward.slug}")
    assert ward.post(ward.fatma, f"{ward.list}/all-read").location == f"/s/{ward.slug}"
    html = ward.read(ward.fatma, f"/s/{ward.slug}")
    assert "Alles gelezen" not in html
    assert 'class="count"' not in html
    ward.reply(ward.noor)
    assert new_numbers(ward.read(ward.fatma, ward.address())) == [2]


def test_more_posts_for_a_script_are_new_until_it_says_they_were_seen(ward: Ward) -> None:
    ward.start(ward.noor)
    for _ in range(24):
        ward.reply(ward.noor)
    ward.read(ward.fatma, ward.address())
    for _ in range(2):
        html = ward.fatma.get(f"{ward.address()}/posts?after=20").get_data(as_text=True)
        assert new_numbers(html) == [21, 22, 23, 24, 25]
    assert ward.post(ward.fatma, f"{ward.address()}/seen", numbers="21 22 999").status_code == 204
    html = ward.fatma.get(f"{ward.address()}/posts?after=20").get_data(as_text=True)
    assert new_numbers(html) == [23, 24, 25]


def test_the_first_new_post_is_found_far_below(ward: Ward) -> None:
    ward.start(ward.noor)
    for _ in range(29):
        ward.reply(ward.noor)
    for page in ("", "?after=20"):
        ward.read(ward.fatma, ward.address() + page)
    ward.reply(ward.noor)
    html = ward.read(ward.fatma, ward.address())
    assert f'href="{ward.address()}?p=31#new"' in html
    assert new_numbers(ward.read(ward.fatma, f"{ward.address()}?p=31")) == [31]


def test_nothing_is_written_when_there_is_nothing_to_note(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.start(ward.noor)
    ward.read(ward.fatma, ward.address())

    def never(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a write")

    monkeypatch.setattr(ward.world.database, "writing", never)
    ward.read(ward.fatma, ward.address())


def test_a_busy_database_does_not_break_the_page(
    ward: Ward, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.start(ward.noor)

    @contextmanager
    def busy(**_: object) -> Any:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
        yield

    with monkeypatch.context() as patch:
        patch.setattr(database, "writing", busy)
        assert new_numbers(ward.read(ward.fatma, ward.address())) == [1]
    # It was not noted, so it is new once more.
    assert new_numbers(ward.read(ward.fatma, ward.address())) == [1]


def test_a_mark_is_compact(ward: Ward, database: Database) -> None:
    ward.start(ward.noor)
    for _ in range(30):
        ward.reply(ward.noor)
    ward.read(ward.fatma, ward.address())
    ward.read(ward.fatma, f"{ward.address()}?p=31")
    with database.reading() as db:
        mark = db.scalars(select(ReadMark).where(ReadMark.person_id == ward.fatma.id)).one()
    assert (mark.seen, mark.seen_count) == ("1-20 26-31", 26)
