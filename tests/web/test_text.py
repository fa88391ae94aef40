"""What people write: Markdown in, sanitised HTML out."""

from __future__ import annotations

import time
import unicodedata

import pytest

from lti_tool.web.text import MOST_MARKS, one_line, tidy, to_html

REST = 'target="_blank" rel="nofollow noopener noreferrer"'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**vet** en *nadruk*", "<p><strong>vet</strong> en <em>nadruk</em></p>"),
        ("een\ntwee", "<p>een<br>\ntwee</p>"),
        ("# Kop", "<h4>Kop</h4>"),
        ("<b>x</b><script>alert(1)</script>", "<p>&lt;b&gt;x&lt;/b&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](https://a.nl)", f'<p><a href="https://a.nl" {REST}>x</a></p>'),
        ("Zie https://a.nl/b_c_d.", f'<p>Zie <a href="https://a.nl/b_c_d" {REST}>https://a.nl/b_c_d</a>.</p>'),
        (
            "(https://a.nl/?q=1&r=2)",
            f'<p>(<a href="https://a.nl/?q=1&amp;r=2" {REST}>https://a.nl/?q=1&amp;r=2</a>)</p>',
        ),
        ("`https://a.nl`", "<p><code>https://a.nl</code></p>"),
        ("[https://a.nl](https://b.nl)", f'<p><a href="https://b.nl" {REST}>https://a.nl</a></p>'),
        ("https://", "<p>https://</p>"),
    ],
)
def test_markdown_is_shown_safely(written: str, shown: str) -> None:
    assert to_html(written).strip() == shown


def test_no_text_takes_long() -> None:
    for text in ("[" * 20_000, "![[]()" * 3300, "https://" * 2500, "https://a.nl " * 1500, "*a_ " * 5000):
        to_html(text)


def test_marks_without_end_stop_nobody() -> None:
    marks = "\u0315" * 200_000 + "\u0300" * 200_000
    started = time.process_time()
    assert len(tidy("a" + marks)) <= 1 + MOST_MARKS
    assert time.process_time() - started < 5
    assert tidy("Zoë, e\u0301e\u0301n, Nguye\u0302\u0303n") == "Zoë, één, Nguyễn"
    assert tidy("שָׁלוֹם") == unicodedata.normalize("NFC", "שָׁלוֹם")


def test_text_is_stored_in_one_way() -> None:
    assert tidy(" a\r\nb\rc\0 ") == "a\nb\nc"
    assert one_line("  \u202eom \n gekeerd ") == "om gekeerd"
