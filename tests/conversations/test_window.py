"""A screen of posts at a time, permalinks, the list, and search in a conversation."""

from __future__ import annotations

import re

import pytest

from tests.conftest import StandingClock
from tests.conversations.conftest import Ward, numbers


@pytest.fixture
def long(ward: Ward) -> Ward:
    """60 posts: every fifth is a root, the others stand below it."""
    ward.start(ward.noor, text="Bericht 1")
    for number in range(2, 61):
        ward.reply(ward.noor, text=f"Bericht {number}", to=None if number % 5 == 1 else number - 1)
    return ward


def test_reading_on_without_script_shows_every_post_once_and_in_order(long: Ward) -> None:
    seen: list[int] = []
    page = long.address()
    for _ in range(3):
        html = long.read(long.fatma, page)
        seen += numbers(html)
        following = re.search(r'href="([^"]+\?after=\d+)"', html)
        page = following[1] if following else ""
    assert page == ""
    assert seen == list(range(1, 61))


def test_reading_back_shows_the_same(long: Ward) -> None:
    html = long.read(long.fatma, f"{long.address()}?before=41")
    assert numbers(html) == list(range(21, 41))
    assert f"{long.address()}?before=21" in html
    assert f"{long.address()}?after=40" in html


def test_a_permalink_opens_the_part_that_holds_the_post(long: Ward) -> None:
    for number in (1, 3, 6, 31, 56, 60):
        html = long.read(long.fatma, f"{long.address()}?p={number}")
        shown = numbers(html)
        assert number in shown
        assert len(shown) <= 20
        assert shown == list(range(shown[0], shown[-1] + 1))
        assert ("?before=" in html) == (shown[0] > 1)
        assert ("?after=" in html) == (shown[-1] < 60)
        assert f'href="{long.address()}?p={number}#p{number}"' in html


def test_an_answer_to_a_post_that_is_not_on_the_page_links_to_it(long: Ward) -> None:
    long.reply(long.noor, to=1)
    html = long.read(long.fatma, f"{long.address()}?after=40")
    assert 61 not in numbers(html)
    html = long.read(long.fatma, f"{long.address()}?after=5")
    assert f'href="{long.address()}?p=1#p1">antwoord op 1' in html


def test_the_form_stands_below_the_post_that_it_answers(long: Ward) -> None:
    html = long.read(long.fatma, f"{long.address()}?reply=43")
    assert html.index('id="p43"') < html.index('id="antwoord"') < html.index('id="p44"')
    assert "Antwoord op 43, Noor" in html
    assert html.count("<textarea") == 1


def test_after_posting_one_lands_at_ones_post(long: Ward) -> None:
    answer = long.post(long.fatma, long.address(), text="Helemaal onderaan")
    assert answer.location == f"{long.address()}?p=61#p61"
    assert "Helemaal onderaan" in long.read(long.fatma, answer.location.split("#")[0])


def test_words_are_found_anywhere_in_a_conversation(long: Ward) -> None:
    html = long.read(long.fatma, f"{long.address()}?q=bericht 4")
    assert re.findall(r"\?p=(\d+)#p", html) == ["4", *(str(number) for number in range(40, 50))]
    assert "<mark>Bericht 4</mark>" in html
    for odd in ("%", "_", "\\", "\0", "<script>", "' or 1=1"):
        page = long.fatma.get(long.address(), query_string={"q": f"x{odd}x"})
        assert page.status_code == 200
        assert "<script>x" not in page.get_data(as_text=True)


def test_the_list_shows_what_moved_last_and_goes_on_by_keyset(ward: Ward, clock: StandingClock) -> None:
    for number in range(45):
        ward.start(ward.noor, title=f"Gesprek nummer {number + 1}")
        if number % 3:
            clock.forward(seconds=10)
    clock.forward(seconds=10)
    ward.reply(ward.noor, 7)
    titles: list[str] = []
    page = ward.list
    for _ in range(3):
        html = ward.read(ward.fatma, page)
        titles += re.findall(r"Gesprek nummer (\d+)<", html)
        older = re.search(r'href="([^"]+before=[^"]+)"', html)
        page = older[1].replace("&amp;", "&") if older else ""
    assert page == ""
    assert titles[0] == "7"
    assert titles[1:] == [str(number) for number in range(45, 0, -1) if number != 7]


def test_filters_show_questions_experiences_and_what_is_unanswered(ward: Ward) -> None:
    ward.start(ward.noor, title="Onbeantwoorde vraag")
    ward.start(ward.noor, title="Beantwoorde vraag")
    ward.reply(ward.fatma, 2)
    ward.start(ward.noor, title="Ervaring zonder reactie", kind="experience")
    shown = {
        show: re.findall(r'<h3><a href="[^"]+/t/(\d)"', ward.read(ward.fatma, f"{ward.list}?show={show}"))
        for show in ("all", "questions", "experiences", "unanswered")
    }
    assert sorted(shown["all"]) == ["1", "2", "3"]
    assert sorted(shown["questions"]) == ["1", "2"]
    assert shown["experiences"] == ["3"]
    assert shown["unanswered"] == ["1"]


def test_an_empty_space_says_how_to_begin(ward: Ward) -> None:
    for page in (ward.list, f"/s/{ward.slug}"):
        html = ward.read(ward.fatma, page)
        assert "Begin met een vraag uit je laatste dienst." in html
        assert f"{ward.list}/new?kind=question" in html


def test_the_start_of_a_space_shows_at_most_five_and_what_is_new_first(ward: Ward, clock: StandingClock) -> None:
    for number in range(1, 8):
        ward.start(ward.noor, title=f"Gesprek {number}")
        clock.forward(seconds=1)
    for number in range(2, 8):
        ward.read(ward.fatma, ward.address(number))
    html = ward.read(ward.fatma, f"/s/{ward.slug}")
    assert "Nieuw voor jou" in html
    assert re.findall(r'<h3><a href="[^"]+/t/(\d)"', html) == ["1", "7", "6", "5", "4"]
