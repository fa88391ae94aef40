"""What people write: Markdown in, sanitised HTML out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False}).enable(["strikethrough"])
_cleaner = nh3.Cleaner(
    tags={"p", "br", "strong", "em", "s", "ul", "ol", "li", "blockquote", "code", "pre", "a", "h3", "h4", "hr"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="nofollow noopener noreferrer",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
_ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'’”]")
MOST_MARKS = 10
"""Accents and the like on one letter."""
_HEADINGS = re.compile(r"(</?)h[1-6]\b")


def _link_addresses(state: StateCore) -> None:
    """An address that somebody pastes becomes a link, without a word about brackets."""
    for block in state.tokens:
        if block.type != "inline" or "://" not in block.content:
            continue
        depth, children = 0, []
        for token in block.children or []:
            depth += token.nesting if token.type in {"link_open", "link_close"} else 0
            children += [token] if depth or token.type != "text" else list(_linked(token))
        block.children = children


def _linked(token: Token) -> Iterator[Token]:
    end = 0
    for found in _ADDRESS.finditer(token.content):
        href = _markdown.normalizeLink(found[0])
        if not _markdown.validateLink(href):
            continue
        yield Token("text", "", 0, content=token.content[end : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": href})
        yield Token("text", "", 0, content=found[0])
        yield Token("link_close", "a", -1)
        end = found.end()
    yield Token("text", "", 0, content=token.content[end:])


_markdown.core.ruler.push("addresses", _link_addresses)


def to_html(markdown: str, *, level: Literal[3, 4] = 4) -> str:
    """Markdown as HTML that is safe to put in a page. Headings become small, of one level: the page has its own."""
    return _cleaner.clean(_HEADINGS.sub(rf"\1h{level}", _markdown.render(markdown)))


def tidy(text: str) -> str:
    """Text as it is stored: composed, with one kind of line end and without control characters."""
    text = unicodedata.normalize("NFC", _few_marks(text.replace("\r\n", "\n").replace("\r", "\n")))
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"}).strip()


def _few_marks(text: str) -> str:
    """Without the marks beyond those that a letter of any language carries.

    Composing sorts the marks of a letter in a time that grows with the square of their number, so a form full of
    them would stop the whole process for an hour. (Unicode UAX 15, 13, also draws a line, at 30.)
    """
    if text.isascii():
        return text
    kept, marks = [], 0
    for c in text:
        marks = marks + 1 if unicodedata.combining(c) else 0
        if marks <= MOST_MARKS:
            kept.append(c)
    return "".join(kept)


def one_line(text: str) -> str:
    """A title or a name: one line, single spaces, without the characters that turn text around."""
    text = "".join(" " if c.isspace() else c for c in tidy(text) if unicodedata.category(c) != "Cf" or c == "\u200d")
    return " ".join(text.split())


def initials(name: str) -> str:
    """One or two letters for a face."""
    words = [word for word in name.split() if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
