"""One's own words stay one's own: after leaving, on export, on erasure; and what other rooms may know of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_tool.conversations import own
from lti_tool.conversations.models import Conversation, Draft, Post, ReadMark
from lti_tool.db import Database, personal_data
from lti_tool.spaces import operations as spaces
from lti_tool.spaces.policy import Level
from tests.conftest import StandingClock
from tests.conversations.conftest import Ward


@pytest.fixture
def closed(world: Any, clock: StandingClock) -> Ward:
    """A private space, so that who leaves reads nothing any more."""
    house = world.organisation()
    noor, fatma = world.somebody(house, "Noor de Wit"), world.somebody(house)
    space = world.space(noor, level=Level.PRIVATE)
    world.member(space, fatma)
    clock.forward(minutes=1)
    ward = Ward(world, space.slug, house, noor, fatma, world.somebody(house, "Piet"))
    ward.start(noor)
    ward.reply(fatma, text="Mijn eigen woorden.")
    return ward


def leave(ward: Ward) -> None:
    with ward.world.database.writing() as db:
        spaces.leave(db, ward.here(db, ward.fatma), ward.fatma.viewer, now=ward.world.clock())


def test_who_left_reads_and_withdraws_their_own_words_for_ninety_days(closed: Ward, clock: StandingClock) -> None:
    leave(closed)
    assert closed.fatma.get(closed.address()).status_code == 404
    clock.forward(days=89)
    fatma = closed.world.again(closed.fatma)
    html = closed.read(fatma, "/me/words")
    assert "Mijn eigen woorden." in html
    assert closed.address() not in html
    clock.forward(days=2)
    assert "Mijn eigen woorden." not in closed.read(closed.world.again(closed.fatma), "/me/words")


def test_who_left_learns_nothing_new_from_a_title(closed: Ward, database: Database, clock: StandingClock) -> None:
    leave(closed)
    with database.writing() as db:
        db.execute(update(Conversation).values(title="Wat Fatma niet meer mag weten"))
    for page in ("/me/words", "/me/portfolio"):
        assert "niet meer mag weten" not in closed.read(closed.fatma, page)
    assert "Mijn eigen woorden." in closed.read(closed.fatma, "/me/words")


def test_who_left_takes_their_words_back(closed: Ward, database: Database) -> None:
    leave(closed)
    with database.reading() as db:
        post_id = db.scalars(select(Post.id).where(Post.number == 2)).one()
    page = f"/me/words/{post_id}/withdraw"
    assert "Mijn eigen woorden." in closed.read(closed.fatma, page)
    assert closed.noor.get(page).status_code == 404
    answer = closed.fatma.post(page, page=page)
    assert answer.location == "/me/words?done=withdrawn"
    assert "Je bericht is ingetrokken." in closed.read(closed.fatma, answer.location)
    assert "Dit bericht is ingetrokken." in closed.read(closed.noor, closed.address())


def test_posting_in_a_space_that_one_just_left_gives_the_text_back(closed: Ward) -> None:
    leave(closed)
    answer = closed.fatma.post(closed.address(), page="/spaces", text="Nog één ding")
    assert answer.status_code == 404
    assert "Nog één ding" in answer.get_data(as_text=True)


def test_own_words_are_one_click_from_every_page(ward: Ward) -> None:
    assert 'href="/me/words">Wat ik schreef</a>' in ward.read(ward.fatma, ward.list)


def test_own_words_go_on_by_keyset(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "SCREEN", 2)
    ward.start(ward.fatma, text="Woord een")
    for word in ("twee", "drie"):
        ward.reply(ward.fatma, text=f"Woord {word}")
    html = ward.read(ward.fatma, "/me/words")
    assert "Woord drie" in html
    assert "Woord een" not in html
    older = html.split('href="/me/words?before=')[1].split('"')[0]
    assert "Woord een" in ward.read(ward.fatma, f"/me/words?before={older}")
    assert ward.fatma.get("/me/words?before=zomaar").status_code == 404


def test_erasing_somebody_leaves_stones_and_no_trace_of_them(ward: Ward, database: Database) -> None:
    ward.start(ward.fatma, title="Van Fatma", text="Over mijzelf")
    ward.reply(ward.noor, text="Een antwoord")
    ward.read(ward.fatma, ward.address())
    with database.writing() as db:
        where = {"space_id": ward.here(db, ward.fatma).id, "place": "t1", "conversation": 1}
        db.add(Draft(person_id=ward.fatma.id, **where, text="half", saved_at=ward.world.clock()))
        db.flush()
        copy = personal_data.export(db, ward.fatma.id)
        assert [row["markdown"] for row in copy["post"]] == ["Over mijzelf"]
        assert [row["text"] for row in copy["draft"]] == ["half"]
        personal_data.erase(db, ward.fatma.id)
    html = ward.read(ward.noor, ward.address())
    for word in ("Fatma", "Yilmaz", "Over mijzelf"):
        assert word not in html
    assert "Dit bericht is ingetrokken." in html
    assert "Een antwoord" in html
    assert ward.noor.get(ward.list).status_code == 200
    with database.reading() as db:
        assert db.scalars(select(Conversation.title)).one() == ""
        assert db.scalars(select(ReadMark.person_id)).all() == [ward.noor.id]
        assert db.scalars(select(Draft)).all() == []


def test_the_portfolio_may_know_where_one_took_part(ward: Ward, clock: StandingClock, database: Database) -> None:
    began = clock()
    ward.start(ward.noor)
    ward.reply(ward.fatma)
    clock.forward(days=1)
    ward.start(ward.fatma, title="Van mij", kind="experience")
    ward.reply(ward.fatma, 1)
    with database.reading() as db:
        mine = own.own_contributions(db, ward.fatma.viewer, began - timedelta(days=1))
        last_day = own.own_contributions(db, ward.fatma.viewer, clock() - timedelta(hours=1))
        read = own.opened(db, ward.fatma.id, began - timedelta(days=1))
    days = [(str(one.first_day), str(one.last_day)) for one in mine]
    told = {(one.number, one.title, one.kind, one.posts, one.is_starter) for one in mine}
    assert told == {(1, "Wie meet ook ’s nachts?", "question", 2, False), (2, "Van mij", "experience", 1, True)}
    assert sorted(days) == [("2026-11-25", "2026-11-26"), ("2026-11-26", "2026-11-26")]
    assert {(one.number, one.posts) for one in last_day} == {(1, 1), (2, 1)}
    assert {one.number for one in read} == {1, 2}
