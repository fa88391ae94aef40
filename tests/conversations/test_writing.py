"""Asking, answering, changing and taking back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from lti_tool.activity.models import Activity
from lti_tool.conversations.models import Conversation, Post
from lti_tool.db import Database
from tests.conversations.conftest import Ward, numbers


def count(database: Database, table: type[Any]) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_a_question_is_asked_and_answered_by_form(ward: Ward) -> None:
    made = ward.post(ward.noor, f"{ward.list}/new", kind="question", title="Wie meet ’s nachts?", text="**Wij** niet.")
    assert (made.status_code, made.location) == (303, ward.address(1))
    answer = ward.post(ward.fatma, ward.address(), text="Wij wel, om 02:00.", reply_to="1")
    assert (answer.status_code, answer.location) == (303, f"{ward.address()}#p2")
    html = ward.read(ward.noor, ward.address())
    assert "<strong>Wij</strong> niet." in html
    assert "Wij wel, om 02:00." in html
    assert "antwoord op 1" in html


def test_posts_stand_below_their_root_and_deeper_answers_stay_on_the_second_level(ward: Ward) -> None:
    ward.start(ward.noor)
    for to in (None, 1, 3, None, 2):
        ward.reply(ward.fatma, to=to)
    html = ward.read(ward.noor, ward.address())
    # 1 with 3 and 4 below it (4 answers 3), 2 with 6, then 5.
    assert numbers(html) == [1, 3, 4, 2, 6, 5]
    assert html.count("post-reply") == 3
    assert "antwoord op 3" in html


@pytest.mark.parametrize("together", [False, True])
def test_a_double_click_is_one_post(ward: Ward, together: bool, database: Database) -> None:
    ward.start(ward.noor)
    fields = {"text": "Eén keer.", "form_key": "dezelfde"}
    answers: list[Any] = []

    def click() -> None:
        answers.append(ward.post(ward.world.again(ward.fatma), ward.address(), **fields))

    if together:
        clicks = [threading.Thread(target=click) for _ in range(2)]
        for thread in clicks:
            thread.start()
        for thread in clicks:
            thread.join()
    else:
        click()
        click()
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, f"{ward.address()}#p2")}
    assert count(database, Post) == 2


def test_numbers_follow_each_other_when_many_write_at_once(ward: Ward, database: Database) -> None:
    ward.start(ward.noor)
    writers = [threading.Thread(target=lambda: [ward.reply(ward.fatma) for _ in range(4)]) for _ in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    with database.reading() as db:
        assert sorted(db.scalars(select(Post.number))) == list(range(1, 18))
        assert db.scalars(select(Conversation.last_number)).one() == 17


def test_an_edit_is_marked_and_keeps_the_place(ward: Ward) -> None:
    ward.start(ward.noor)
    page = f"{ward.address()}/p/1/edit"
    assert "Bij ons lukt het." in ward.read(ward.noor, page)
    changed = ward.post(ward.noor, page, title="Een betere titel", text="Anders gezegd.")
    assert changed.status_code == 303
    html = ward.read(ward.fatma, ward.address())
    assert "Een betere titel" in html
    assert "Anders gezegd." in html
    assert "aangepast" in html


def test_saving_without_a_change_is_no_edit(ward: Ward) -> None:
    ward.start(ward.noor)
    ward.post(ward.noor, f"{ward.address()}/p/1/edit", title="Wie meet ook ’s nachts?", text="Bij ons lukt het.")
    assert "aangepast" not in ward.read(ward.fatma, ward.address())


def test_a_withdrawn_post_leaves_a_stone_and_its_answers_but_no_text_and_no_name(
    ward: Ward, database: Database
) -> None:
    ward.start(ward.noor)
    ward.reply(ward.fatma, text="Dit had ik niet moeten schrijven.")
    ward.reply(ward.noor, to=2, text="Geeft niet.")
    assert "Trek je dit bericht in?" in ward.read(ward.fatma, f"{ward.address()}/p/2/withdraw")
    answer = ward.post(ward.fatma, f"{ward.address()}/p/2/withdraw")
    assert answer.location == f"{ward.address()}?p=2&done=withdrawn"
    assert "Je bericht is ingetrokken." in ward.read(ward.fatma, answer.location)
    html = ward.read(ward.noor, ward.address())
    assert "Dit bericht is ingetrokken." in html
    assert "Geeft niet." in html
    assert "Fatma" not in html
    with database.reading() as db:
        row = db.execute(select(Post).where(Post.number == 2)).scalar_one()
        assert (row.markdown, row.html, row.author_name, row.author_line) == ("", "", "", "")
        assert db.scalars(select(Conversation.last_author_name)).one() == "Noor de Wit"


def test_withdrawing_all_that_one_started_takes_the_title_along(ward: Ward) -> None:
    ward.start(ward.noor, title="Iets wat weg moet")
    ward.post(ward.noor, f"{ward.address()}/p/1/withdraw")
    for path in (ward.list, ward.list.removesuffix("/t")):
        page = ward.read(ward.fatma, path)
        assert "Iets wat weg moet" not in page
        assert f'href="{ward.address()}"' not in page, "nothing is left to read in it"
    html = ward.read(ward.fatma, ward.address())
    assert "Iets wat weg moet" not in html
    assert "Gesprek 1" in html


def test_withdrawing_twice_is_once(ward: Ward, database: Database) -> None:
    ward.start(ward.noor)
    ward.reply(ward.fatma)
    for status in (303, 404):
        assert ward.post(ward.fatma, f"{ward.address()}/p/2/withdraw").status_code == status
    with database.reading() as db:
        assert db.scalars(select(Conversation.post_count)).one() == 1


def test_nobody_changes_or_withdraws_the_words_of_another_not_even_the_trekker(ward: Ward) -> None:
    ward.start(ward.noor)
    ward.reply(ward.fatma)
    assert "/p/2/edit" not in ward.read(ward.noor, ward.address())
    for what in ("edit", "withdraw"):
        assert ward.noor.get(f"{ward.address()}/p/2/{what}").status_code == 404
        assert ward.post(ward.noor, f"{ward.address()}/p/2/{what}", text="Nee").status_code == 404


def test_a_name_stays_as_it_was_when_writing(ward: Ward, database: Database) -> None:
    from lti_tool.people.operations import choose

    ward.start(ward.fatma)
    with database.writing() as db:
        choose(db, ward.fatma.id, chosen_name="Fatima")
    assert "Fatma Yilmaz" in ward.read(ward.noor, ward.address())


def test_who_has_no_name_is_a_colleague_without_a_name(ward: Ward, world: Any) -> None:
    nobody = world.somebody(ward.house, "")
    with world.database.writing() as db:
        space = ward.here(db, ward.noor)
    world.member(space, nobody)
    ward.start(nobody)
    assert "Collega zonder naam" in ward.read(ward.noor, ward.address())


def test_writing_and_reading_are_noted_for_the_day_and_nothing_else(ward: Ward, database: Database) -> None:
    ward.start(ward.noor)
    for _ in range(3):
        ward.read(ward.fatma, ward.address())
        ward.read(ward.fatma, f"{ward.address()}?q=lukt")
    ward.post(ward.fatma, ward.address(), text="Ook.")
    with database.reading() as db:
        facts = set(db.execute(select(Activity.person_id, Activity.kind)))
    assert facts == {(ward.noor.id, "wrote"), (ward.fatma.id, "read"), (ward.fatma.id, "wrote")}


def test_who_is_not_counted_leaves_no_activity(ward: Ward, world: Any, database: Database) -> None:
    tester = world.somebody(ward.house, "Testgebruiker", is_test=True)
    with database.reading() as db:
        world.member(ward.here(db, ward.noor), tester)
    ward.start(tester)
    ward.read(tester, ward.address())
    assert count(database, Activity) == 0
