"""The public documentation: Markdown of our own, in `lti_tool/docs/<language>/`."""

from __future__ import annotations

import functools
import importlib.resources
import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markupsafe import Markup

PAGES = ("what-hr-sees", "what-is-mine", "help", "admin", "helpdesk", "privacy-officer")
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Page:
    """A page of the documentation."""

    title: str
    html: Markup


@functools.cache
def page(name: str, language: str) -> Page | None:
    """The page of that name, or None. Our own text, so it is not sanitised."""
    if name not in PAGES:
        return None
    file = importlib.resources.files("lti_tool") / "docs" / language / f"{name}.md"
    title, _, body = file.read_text("utf-8").partition("\n")
    sections = re.split(r"(?=<h2>)", _markdown.render(body))
    html = "".join(_scrolling(section) for section in sections)
    return Page(title.removeprefix("# "), Markup(html))  # noqa: S704 - written by us


def _scrolling(section: str) -> str:
    """A table that is wider than a phone scrolls by itself, named after the heading above it."""
    heading = re.match(r"<h2>(.*?)</h2>", section)
    label = heading[1] if heading else ""
    begin = f'<div class="table-scroll" role="region" aria-label="{label}" tabindex="0"><table>'
    return section.replace("<table>", begin).replace("</table>", "</table></div>")
