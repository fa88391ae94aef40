"""What one was writing is kept on the server, and only by its writer found back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.conversations import jobs
from lti_tool.conversations.models import Draft
from lti_tool.db import Database
from lti_tool.jobs.schedule import Work
from tests.conftest import StandingClock
from tests.conversations.conftest import Ward
from tests.world import Somebody


def save(ward: Ward, who: Somebody, place: str, text: str = "Nog niet af", **more: Any) -> Any:
    """As conversation.js does: the token goes in a header."""
    token = re.search(r'name="csrf" value="([^"]+)"', ward.read(who, ward.list))
    headers = {"X-Csrf-Token": token[1] if token else ""}
    return who.client.post(f"/s/{ward.slug}/drafts", data={"place": place, "text": text, **more}, headers=headers)


@pytest.fixture
def asked(ward: Ward) -> Ward:
    ward.start(ward.noor)
    ward.reply(ward.noor)
    return ward


def test_a_draft_is_kept_and_says_when_in_words(asked: Ward) -> None:
    answer = save(asked, asked.fatma, "t1")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "Bewaard om 07:53")
    html = asked.read(asked.fatma, asked.address())
    assert "\nNog niet af</textarea>" in html
    assert "Bewaard om 07:53" in html


def test_every_place_has_its_own_draft_and_the_page_says_where_one_began(asked: Ward) -> None:
    save(asked, asked.fatma, "t1", "onder het gesprek")
    save(asked, asked.fatma, "t1r2", "op twee")
    save(asked, asked.fatma, "experience", "iets nieuws", title="Een titel")
    html = asked.read(asked.fatma, asked.address())
    assert "onder het gesprek</textarea>" in html
    assert "Je begon aan een antwoord op 2." in html
    assert "op twee</textarea>" in asked.read(asked.fatma, f"{asked.address()}?reply=2")
    html = asked.read(asked.fatma, f"{asked.list}/new?kind=experience")
    assert "iets nieuws</textarea>" in html
    assert 'value="Een titel"' in html
    assert "iets nieuws" not in asked.read(asked.fatma, f"{asked.list}/new?kind=question")
    # Of nobody else.
    assert "onder het gesprek" not in asked.read(asked.noor, asked.address())


def test_a_draft_survives_the_session(asked: Ward, clock: StandingClock) -> None:
    save(asked, asked.fatma, "t1")
    clock.forward(hours=9)
    late = asked.fatma.client.post(f"/s/{asked.slug}/drafts", data={"place": "t1", "text": "te laat"})
    assert late.status_code == 401
    html = asked.read(asked.world.again(asked.fatma), asked.address())
    assert "Nog niet af</textarea>" in html
    assert "Bewaard om 07:53" in html


def test_writing_keeps_the_session_alive(asked: Ward, clock: StandingClock) -> None:
    token = re.search(r'name="csrf" value="([^"]+)"', asked.read(asked.fatma, asked.list))
    assert token
    for minute in range(4):
        clock.forward(minutes=30)
        data = {"place": "t1", "text": f"Al {minute} keer", "csrf": token[1]}
        assert asked.fatma.client.post(f"/s/{asked.slug}/drafts", data=data).status_code == 200


def test_posting_takes_the_draft_away_also_when_it_arrives_late(asked: Ward, database: Database) -> None:
    save(asked, asked.fatma, "t1r2")
    asked.post(asked.fatma, asked.address(), text="Nu wel af", reply_to="2", form_key="sleutel")
    assert save(asked, asked.fatma, "t1r2", "Nu wel af", composer="sleutel").status_code == 204
    with database.reading() as db:
        assert db.scalars(select(Draft)).all() == []


def test_an_emptied_form_forgets_its_draft(asked: Ward, database: Database) -> None:
    save(asked, asked.fatma, "t1")
    assert save(asked, asked.fatma, "t1", "  ").status_code == 204
    with database.reading() as db:
        assert db.scalars(select(Draft)).all() == []


def test_a_place_that_is_not_there_keeps_nothing(asked: Ward) -> None:
    for place in ("", "t", "t0", "t9", "t1r9", "t1x2", "t99999999999", "t1r2r2", "../t1", "x" * 300, "t1\0"):
        assert save(asked, asked.fatma, place).status_code == 404, place


def test_a_form_that_is_refused_is_kept(asked: Ward) -> None:
    too_long = "lang " * 5000
    assert asked.post(asked.fatma, asked.address(), text=too_long).status_code == 422
    assert too_long.strip() in asked.read(asked.fatma, asked.address())
    assert (
        asked.post(asked.fatma, f"{asked.list}/new", kind="question", title="", text="Zonder titel").status_code == 422
    )
    assert "Zonder titel</textarea>" in asked.read(asked.fatma, f"{asked.list}/new")


def test_a_colleague_joins_first_and_finds_back_what_they_wrote(asked: Ward, world: Any) -> None:
    html = asked.read(asked.colleague, asked.address())
    assert "Doe eerst mee" in html
    assert "<textarea" not in html
    refused = asked.post(asked.colleague, asked.address(), text="Ik weet iets!", page="/spaces")
    assert refused.status_code == 403
    assert "Ik weet iets!" in refused.get_data(as_text=True)
    with world.database.reading() as db:
        world.member(asked.here(db, asked.noor), asked.colleague)
    assert "Ik weet iets!</textarea>" in asked.read(asked.colleague, asked.address())


def test_an_answer_to_a_post_that_was_withdrawn_meanwhile_is_kept(asked: Ward) -> None:
    asked.post(asked.noor, f"{asked.address()}/p/2/withdraw")
    refused = asked.post(asked.fatma, asked.address(), text="Wat bedoel je?", reply_to="2")
    assert refused.status_code == 409
    html = refused.get_data(as_text=True)
    assert "Wat bedoel je?</textarea>" in html
    assert "is er niet meer" in html
    assert 'name="reply_to"' not in html
    page = asked.read(asked.fatma, f"{asked.address()}?reply=2")
    assert "Antwoorden kan niet meer." in page


def test_drafts_go_after_sixty_days(asked: Ward, clock: StandingClock, database: Database, settings: Any) -> None:
    save(asked, asked.fatma, "t1")
    for days, left in ((59, 1), (2, 0)):
        clock.forward(days=days)
        with database.writing() as db:
            jobs.clear_drafts(Work(db, clock(), settings))
            assert len(db.scalars(select(Draft)).all()) == left
