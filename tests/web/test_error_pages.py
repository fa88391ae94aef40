"""Whoever is refused gets a page in words, with and without a session, and never loses what they typed."""

from __future__ import annotations

import pytest
from flask import Flask, g

from lti_tool.spaces.policy import Level
from lti_tool.web import errors
from tests.conftest import StandingClock
from tests.world import World


@pytest.mark.parametrize("refusal", [errors.NotFound, errors.NotAllowed, errors.SignInFirst, errors.WeAreDown])
def test_every_refusal_has_a_page_without_a_viewer(app: Flask, refusal: type[errors.Refusal]) -> None:
    with app.test_request_context("/"):
        g.now = app.extensions["leerkring"].clock()
        page = errors.answer(refusal())
        assert page.status_code == refusal.status
        assert f"Code {refusal.code}" in page.get_data(as_text=True)


def test_a_refusal_speaks_the_language_of_the_browser(world: World) -> None:
    page = world.stranger().get("/spaces", headers={"Accept-Language": "en"})
    assert page.status_code == 401
    assert '<html lang="en"' in page.get_data(as_text=True)


def test_a_form_that_comes_after_the_session_ended_gives_its_text_back(world: World, clock: StandingClock) -> None:
    fatma = world.somebody(world.organisation())
    clock.forward(minutes=46)
    page = fatma.client.post("/spaces/new", data={"title": "Samen <b>slapen</b>", "what_for": "Omdat het kan"})
    text = page.get_data(as_text=True)
    assert page.status_code == 401
    assert "Samen &lt;b&gt;slapen&lt;/b&gt;" in text
    assert "Omdat het kan" in text
    assert "Je tekst is niet weg" in text


def test_a_wrong_address_says_so_in_words(world: World) -> None:
    fatma = world.somebody(world.organisation())
    page = fatma.get("/s/never-was")
    assert page.status_code == 404
    assert "Deze pagina is er niet" in page.get_data(as_text=True)
    assert 'href="/spaces"' in page.get_data(as_text=True)
    assert world.stranger().get("/nowhere").status_code == 404


def test_not_allowed_leads_back_to_the_space(world: World) -> None:
    organisation = world.organisation()
    space = world.space(world.somebody(organisation, "Noor de Wit"), level=Level.OPEN)
    fatma = world.somebody(organisation)
    world.member(space, fatma)
    page = fatma.get(f"/s/{space.slug}/settings")
    assert page.status_code == 403
    assert f'href="/s/{space.slug}"' in page.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/s/a%00b", "/s/a%00b/t/1", "/signin/a%00b"])
def test_an_address_with_a_character_that_no_database_takes_is_not_there(world: World, path: str) -> None:
    assert world.somebody(world.organisation()).get(path).status_code == 404


def test_a_static_file_that_is_not_there_yet_is_not_remembered_for_a_year(app: Flask) -> None:
    page = app.test_client().get("/static/of-the-next-version.css?v=1")
    assert page.status_code == 404
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    with app.test_client().get("/static/mark.svg") as found:
        assert "immutable" in found.headers["Cache-Control"]
