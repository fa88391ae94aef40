"""Somebody who runs an LMS and knows nothing of LTI connects it from one public page, on screen or on paper."""

from __future__ import annotations

import html
import json
import re

import pytest

from lti_tool.admin.guides import BY_KEY, GUIDES
from lti_tool.admin.values import sheet
from lti_tool.lti.offer import Addresses, custom_of
from tests.world import World

HERE = Addresses("http://localhost:5000")
PAGES = ["/install", *(f"/install/{key}{page}" for key in BY_KEY for page in ("", "/values"))]
FORBIDDEN = (
    "nonce", "jwks", "jwk", "jwt", "oidc", "openid", "oauth", "claim", "scope", "endpoint", "payload", "issuer", "nrps",
    "ags", "deep link", "id_token", "client assertion", "bearer", "uri", "rs256", "ims", "1edtech", "sourcedid",
    "resource link", "provisioning", "iframe", "callback", "json",
)  # fmt: skip
"""Words of ours that an admin need not know. What their own LMS shows, they do: it is quoted or marked as a label."""


def _text(world: World, path: str, language: str = "nl") -> str:
    page = world.stranger().get(path, headers={"Accept-Language": language})
    assert page.status_code == 200, path
    return str(page.get_data(as_text=True))


def _running(page: str) -> str:
    """What a page says in its own words: without addresses, labels of the LMS, and what it quotes of the LMS."""
    main = page.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r"<(code|pre)\b.*?</\1>", " ", main, flags=re.S)
    main = re.sub(r'<(b|span) class="ui-word".*?</\1>', " ", main, flags=re.S)
    return re.sub(r"“[^”]*”( \([^)]*\))?", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.mark.parametrize("path", PAGES)
def test_no_word_that_an_admin_would_not_know(world: World, path: str) -> None:
    running = _running(_text(world, path)).lower()
    found = [word for word in FORBIDDEN if re.search(rf"\b{re.escape(word)}s?\b", running)]
    assert not found, path


def test_the_list_of_words_would_find_one() -> None:
    assert re.search(r"\bnonces?\b", _running("<main><p>De nonce klopt niet.</p></main>"))
    assert not re.search(
        r"\bjwks\b", _running('<main><b class="ui-word">JWKS</b> “JWKS” <code>/jwks</code></main>').lower()
    )


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.key)
def test_a_guide_is_a_route_of_four_lines_and_four_steps(world: World, guide: object) -> None:
    page = _text(world, f"/install/{guide.key}")  # type: ignore[attr-defined]
    route = page.partition('<ol class="steps">')[2].partition("</ol>")[0]
    assert route.count("<li>") == 4
    steps = page.partition('<ol class="big-steps">')[2].partition("</ol>")[0]
    assert steps.count("<li>") == 4
    for part in ("Dit heb je nodig", "Daarna", "Wat de firewall moet doorlaten", "Als het niet lukt", "Wie helpt"):
        assert part in page


def test_the_choice_of_lms_needs_no_script(world: World) -> None:
    page = _text(world, "/install")
    for guide in GUIDES:
        assert f'href="/install/{guide.key}"' in page
    assert world.stranger().get("/install/ilias").status_code == 404
    assert world.stranger().get("/install/ilias/values").status_code == 404


@pytest.mark.parametrize("key", ["moodle", "moodle-old"])
def test_moodle_is_told_in_its_own_words_in_both_languages(world: World, key: str) -> None:
    page = _text(world, f"/install/{key}")
    for word in ("Sitebeheer", "Beheer tools", "Site administration", "Manage tools", "Activeer", "Activate"):
        assert word in page
    assert 'id="copy-2">http://localhost:5000/lti/register<' in page
    # Registered by itself, Moodle 4.5 shows the tool without blocks already, and not in its activity chooser. Its card
    # has a pencil, that was a cog before.
    assert ("zonder blokken" in page) == ("tandwiel" in page) == (key == "moodle-old")
    assert ("potlood" in page) == ("Show in activity chooser" in page) == (key == "moodle")
    assert "een uur" in page
    assert ("Voorgeconfigureerde tool" in page) == (key == "moodle-old")


def test_the_firewall_is_told_the_port_that_the_tool_has(world: World) -> None:
    assert "gaan naar localhost, poort 5000." in _text(world, "/install/moodle")


def test_canvas_is_switched_on_and_installed_by_its_number(world: World) -> None:
    page = _text(world, "/install/canvas-json")
    for word in (
        "Ontwikkelaarssleutels",
        "Developer Keys",
        "AAN",
        "ON",
        "Via client-ID",
        "By Client ID",
        "Installeren",
    ):
        assert word in page
    assert "http://localhost:5000/lti/canvas.json<" in page


def test_every_value_that_moodle_asks_for_is_there_to_copy(world: World) -> None:
    page = html.unescape(_text(world, "/install/moodle/values"))
    values = {one.en: one.value for one in sheet("moodle", HERE).values}
    assert values["Tool URL"] == values["Redirection URI(s)"] == HERE.launch
    assert values["Initiate login URL"] == HERE.login
    assert values["Public keyset"] == HERE.jwks
    assert dict(line.split("=", 1) for line in values["Custom parameters"].splitlines()) == custom_of("moodle")
    for one in sheet("moodle", HERE).values:
        assert one.en in page
        assert one.value in page
    for number in range(1, len(values) + 1):
        assert f'data-copy="value-{number}"' in page
    for label in ("Default launch container", "Share launcher's name with tool", "Deployment ID"):
        assert label in page


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.key)
def test_the_values_are_the_addresses_that_the_front_door_has(world: World, guide: object) -> None:
    rules = {rule.rule for rule in world.app.url_map.iter_rules()}
    found = sheet(guide.key, HERE)  # type: ignore[attr-defined]
    for one in found.values:
        for address in re.findall(r"http://localhost:5000(/[^\s\"\]]*)", one.value):
            assert address in rules or address.startswith("/static/"), (one.en, address)
    assert {HERE.launch, HERE.login, HERE.jwks} <= {
        part for one in found.values for part in one.value.strip('[]"').split()
    }
    assert found.back


def test_open_edx_takes_its_redirect_addresses_as_a_list() -> None:
    values = {one.en: one.value for one in sheet("openedx", HERE).values}
    assert json.loads(values["Registered Redirect URIs"]) == [HERE.launch]


def test_whoever_may_type_values_over_gets_a_button_and_others_an_address(world: World) -> None:
    organisation = world.organisation()
    bram, fatma = world.somebody(organisation, "Bram Smit", "admin"), world.somebody(organisation)
    path = "/install/moodle/values"
    assert 'href="/admin/platforms/new?product=moodle"' in bram.get(path).get_data(as_text=True)
    assert 'href="/admin/' not in fatma.get(path).get_data(as_text=True)
    assert "http://localhost:5000/admin/platforms/new?product=moodle" in fatma.get(path).get_data(as_text=True)
