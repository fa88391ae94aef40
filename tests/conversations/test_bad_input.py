"""Whatever is sent, it is never an error of ours, and never lost."""

from __future__ import annotations

from typing import Any

from tests.conversations.conftest import Ward

ODD_TEXTS = [
    "<script>alert(1)</script>" * 200,
    "😀" * 500,
    "w" * 300,
    "[a]: b",
    "**" * 2000,
    "[" * 5000,
    "> " * 3000,
    "\u202e omgekeerd \u200b",
    "![x](javascript:alert(1)) [y](javascript:alert(1))",
    "zero\0byte",
    "\ud83d los",
]


def test_odd_texts_are_posted_and_harmless(ward: Ward) -> None:
    ward.start(ward.noor)
    for number, text in enumerate(ODD_TEXTS, 2):
        answer = ward.post(ward.fatma, ward.address(), text=text.encode("utf-8", "surrogatepass"))
        assert answer.status_code == 303, text[:40]
        html = ward.read(ward.fatma, ward.address())
        body = html.split(f'id="p{number}"')[1].split("</article>")[0]
        assert "<script" not in body
        assert "javascript:" not in body.replace("](javascript:", "")
        assert "ingetrokken" not in body, text[:40]


def test_a_text_that_can_not_be_posted_comes_back_with_a_sentence(ward: Ward) -> None:
    ward.start(ward.noor)
    cases = {"": "Vul dit in.", "   \n ": "Vul dit in.", "\u200b\u200b": "Vul dit in.", "x" * 20_001: "1 teken te lang"}
    for text, sentence in cases.items():
        answer = ward.post(ward.fatma, ward.address(), text=text)
        assert answer.status_code == 422
        html = answer.get_data(as_text=True)
        assert sentence in html
        assert text.strip() in html


def test_a_title_that_is_too_long_comes_back_with_everything_that_was_typed(ward: Ward) -> None:
    title, text = "t" * 91, "<b>Mijn</b> verhaal"
    answer = ward.post(ward.fatma, f"{ward.list}/new", kind="experience", title=title, text=text)
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert title in html
    assert "&lt;b&gt;Mijn&lt;/b&gt; verhaal" in html
    assert "1 teken te lang" in html
    assert "Deel een ervaring" in html


def test_a_kind_that_is_none_is_refused(ward: Ward) -> None:
    for kind in ("", "announcement", "<script>"):
        answer = ward.post(ward.fatma, f"{ward.list}/new", kind=kind, title="Titel", text="Tekst")
        assert answer.status_code == 422
        assert "Tekst</textarea>" in answer.get_data(as_text=True)
        assert ward.fatma.get(f"{ward.list}/new", query_string={"kind": kind}).status_code == 404


HUGE = "9" * 30
ODD_ADDRESSES = f"""
/t/0 /t/2 /t/{HUGE} /t/-1 /t/x /t/1?p=0 /t/1?p=2 /t/1?p={HUGE} /t/1?p=² /t/1?p=1.0 /t/1?after=x /t/1?before={HUGE}
/t/1?after=99 /t/1?reply={HUGE} /t/1?reply=2147483648 /t/1?reply=7 /t/1/posts /t/1/posts?after=9 /t/1/posts?after=1&n=x
/t/1/composer?reply=9 /t/1/p/9/edit /t/1/p/0/withdraw /t/1/p/{HUGE}/edit /t?show=x /t?before=x /t?before={HUGE}-1
/t?before=1-x /t?before=1-{HUGE} /t?before=- /t/new?kind=x
""".split()


def test_an_odd_number_in_an_address_is_a_page_that_is_not_there(ward: Ward) -> None:
    ward.start(ward.fatma)
    for address in ODD_ADDRESSES:
        answer = ward.fatma.get(f"/s/{ward.slug}{address}")
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), address


def test_an_answer_to_a_post_that_can_not_be_gives_the_text_back(ward: Ward) -> None:
    ward.start(ward.noor)
    for reply_to in ("0", "x", "99", HUGE, "-1", "1; drop table post"):
        answer = ward.post(ward.fatma, ward.address(), text="Bewaar mij", reply_to=reply_to)
        assert 400 <= answer.status_code < 500, reply_to
        assert "Bewaar mij" in answer.get_data(as_text=True), reply_to


def test_odd_numbers_of_seen_posts_do_no_harm(ward: Ward) -> None:
    ward.start(ward.noor)
    for numbers in ("", "x", "0", f"1 {HUGE}", "1 " * 5000):
        assert ward.post(ward.fatma, f"{ward.address()}/seen", numbers=numbers).status_code in {204, 404}
        assert ward.fatma.get(ward.address()).status_code == 200


def test_a_form_without_a_session_gives_the_text_back(ward: Ward, world: Any) -> None:
    ward.start(ward.noor)
    answer = world.stranger().post(ward.address(), data={"text": "Te laat geschreven"})
    assert answer.status_code == 401
    assert "Te laat geschreven" in answer.get_data(as_text=True)
