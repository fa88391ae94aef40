"""Anybody may read what Leerkring is and what it keeps; and no link on any page leads nowhere."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from lti_tool.home import docs
from lti_tool.lti import refusals
from lti_tool.web import errors
from lti_tool.web.language import LANGUAGES
from tests.world import World


def test_a_stranger_reads_what_this_is_and_a_colleague_goes_to_their_spaces(world: World) -> None:
    page = world.stranger().get("/")
    assert page.status_code == 200
    assert "Zo kom je binnen" in page.get_data(as_text=True)
    assert "Niet jij?" not in page.get_data(as_text=True)
    fatma = world.somebody(world.organisation())
    assert (fatma.get("/").status_code, fatma.get("/").location) == (303, "/spaces")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", docs.PAGES)
def test_the_documentation_is_public_and_in_both_languages(world: World, name: str, language: str) -> None:
    page = world.stranger().get(f"/docs/{name}?lang={language}")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert f'<html lang="{language}"' in text
    found = docs.page(name, language)
    assert found
    assert f"<h1>{found.title}</h1>" in text
    labels = re.findall(r'role="region" aria-label="([^"]*)"', text)
    assert len(set(labels)) == len(labels)


def test_both_languages_say_the_same_things() -> None:
    for name in docs.PAGES:
        dutch, english = (docs.page(name, language) for language in ("nl", "en"))
        assert dutch
        assert english
        for tag in ("<h2>", "<tr>", "<li>", "<a "):
            assert dutch.html.count(tag) == english.html.count(tag), (name, tag)
        codes = [re.findall(r"\b[A-Z]\d\d\b", page.html) for page in (dutch, english)]
        assert codes[0] == codes[1]


def test_an_unknown_page_is_not_there(world: World) -> None:
    for name in ("nothing", "..%2fpyproject", "what-hr-sees.md"):
        assert world.stranger().get(f"/docs/{name}").status_code == 404


def test_every_code_that_a_page_may_show_is_explained_in_help(app: Flask) -> None:
    page = docs.page("help", "nl")
    assert page
    kinds = [errors.Refusal]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    codes = {kind.code for kind in kinds if kind.code not in {"E00", "A00"}} | set(refusals._CODES)
    missing = {code for code in codes if f"<td>{code}</td>" not in page.html}
    assert not missing, f"add {missing} to lti_tool/docs/nl/help.md and en/help.md"


def test_no_link_leads_nowhere(world: World) -> None:
    organisation = world.organisation()
    noor, hilde = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation, "Hilde", "hr", "admin")
    space = world.space(noor)
    world.member(space, hilde)
    for who in (noor, hilde, None):
        client = who.client if who else world.stranger()
        todo, done = ["/spaces" if who else "/"], set()
        while todo:
            path = todo.pop()
            answer = client.get(path, follow_redirects=True)
            own = path.startswith("/me/") and who is None
            assert answer.status_code == 401 if own else answer.status_code < 400, path
            done.add(path)
            if answer.mimetype == "text/html":
                found = re.findall(r'<a [^>]*href="(/[^"#]*)', html.unescape(answer.get_data(as_text=True)))
                todo += [link for link in set(found) if link not in done and link not in todo]
        assert len(done) > (15 if who else 4)
