"""The parts of a page: they render, they are light, and they ask nothing that the CSP forbids."""

from __future__ import annotations

import gzip
import re
import time
from typing import Any

import pytest
from flask import Flask

from lti_tool.web import headers, pages
from tests.web import style_sheet

ENV = style_sheet.environment()


@pytest.mark.parametrize("name", style_sheet.CONTEXTS)
def test_a_page_needs_no_inline_style_script_or_handler(name: str) -> None:
    html = style_sheet.render(ENV, name)
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
    assert "<style" not in html
    for script in re.findall(r"<script[^>]*>.*?</script>", html, re.S):
        assert 'nonce="' in script
        assert script.endswith("></script>")


@pytest.mark.parametrize("name", style_sheet.CONTEXTS)
def test_every_icon_that_a_page_uses_is_in_the_sprite(name: str) -> None:
    used = set(re.findall(r"#([\w-]+)\"/></svg>", style_sheet.render(ENV, name)))
    assert used <= set(style_sheet.ICONS)


def test_ids_are_there_once() -> None:
    for name in style_sheet.CONTEXTS:
        ids = re.findall(r'\sid="([^"]+)"', style_sheet.render(ENV, name))
        assert len(ids) == len(set(ids)), name


def test_text_of_people_is_escaped() -> None:
    ui: Any = ENV.get_template("components.html").module
    evil = "<script>\"'"
    for html in (
        ui.post(1, evil, "", evil, evil, evil, evil, chips=[evil], actions=[(evil, evil)], more=[(evil, evil)]),
        ui.conversation_row(evil, evil, evil, chips=[evil]),
        ui.composer(evil, value=evil, error=evil, hint=evil),
        ui.notice("fault", evil, [(evil, evil)], title=evil),
    ):
        assert "<script" not in html
        assert "\"'" not in html


def test_the_first_view_is_light() -> None:
    names = ("style.css", "script.js", "icons.svg", "mark.svg", "atkinson-hyperlegible-next.woff2")
    assert sum((pages.STATIC / name).stat().st_size for name in names) <= 72 * 1024


def test_static_text_travels_gzipped_and_a_page_never_does() -> None:
    app = Flask(__name__, static_folder=str(pages.STATIC), static_url_path="/static")
    app.add_url_rule("/page", view_func=lambda: "<p>page</p>" * 99)
    headers.install(app)
    ask = {"Accept-Encoding": "gzip"}
    with app.test_client() as client:
        style = client.get("/static/style.css", headers=ask, buffered=True)
        assert gzip.decompress(style.data) == (pages.STATIC / "style.css").read_bytes()
        assert style.headers["Vary"] == "Accept-Encoding"
        known = ask | {"If-None-Match": style.headers["ETag"]}
        assert client.get("/static/style.css", headers=known, buffered=True).status_code == 304
        assert "Content-Encoding" not in client.get("/static/style.css", buffered=True).headers
        assert "Content-Encoding" not in client.get("/page", headers=ask).headers


def test_twenty_posts_render_in_two_milliseconds() -> None:
    template = ENV.from_string('{% import "components.html" as ui %}{% for p in posts %}{{ ui.post(**p) }}{% endfor %}')
    posts = style_sheet.POSTS * 4
    best = 1.0
    for _ in range(20):
        begin = time.process_time()
        template.render(posts=posts)
        best = min(best, time.process_time() - begin)
    assert best < 0.002
