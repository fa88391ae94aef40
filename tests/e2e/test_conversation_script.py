"""What conversation.js adds, in a real browser: an answer in its place, drafts that save themselves, reading on."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

import lti_tool
from lti_tool.conversations import operations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.db import Database
from lti_tool.settings import Settings
from lti_tool.spaces import access
from lti_tool.web import session
from tests.conftest import StandingClock
from tests.e2e.conftest import findings, sideways
from tests.world import Somebody, World


@dataclass
class House:
    """A running tool, with a space, its trekker and a member."""

    world: World
    address: str
    slug: str
    noor: Somebody
    fatma: Somebody

    def conversation(self, posts: int) -> str:
        """The path of a new conversation by the trekker."""
        now, viewer = self.world.clock(), self.noor.viewer
        with self.world.database.writing() as db:
            space = access.find(db, viewer, self.slug, now=now)
            assert space
            new = NewConversation(kind="question", title="Wie meet ’s nachts?", text="Bericht 1")  # type: ignore[arg-type]
            number = operations.start(db, viewer, space, new, now=now)
            for at in range(2, posts + 1):
                operations.reply(db, viewer, space, number, NewPost(text=f"Bericht {at}"), now=now)
        return f"/s/{self.slug}/t/{number}"

    def signs_in(self, page: Page, who: Somebody) -> None:
        """In the browser of this page."""
        cookie = self.world.again(who).client.get_cookie(session.COOKIE, domain="localhost")
        assert cookie
        page.context.clear_cookies()
        page.context.add_cookies([{"name": session.COOKIE, "value": cookie.value, "url": self.address}])


@pytest.fixture
def house(
    tmp_path: Path, sqlite_template: Path, settings: Settings, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    # Playwright can't set a __Host- cookie over http.
    monkeypatch.setattr(session, "COOKIE", "leerkring")
    copy(sqlite_template, tmp_path / "house.db")
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    app = lti_tool.create_app(settings, database=database, clock=clock)
    world = World(app, database, clock)
    organisation = world.organisation()
    noor = world.somebody(organisation, "Noor de Wit")
    space = world.space(noor)
    fatma = world.somebody(organisation)
    world.member(space, fatma)
    clock.forward(minutes=1)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield House(world, f"http://localhost:{server.server_port}", space.slug, noor, fatma)
    server.shutdown()
    thread.join()
    server.server_close()
    database.dispose()


@pytest.fixture
def fatma(house: House, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens a path in Fatma's browser."""
    context = browser.new_context(viewport={"width": 600, "height": 900}, locale="nl-NL", base_url=house.address)
    context.set_default_timeout(15_000)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    house.signs_in(page, house.fatma)

    def open_page(path: str) -> Page:
        page.goto(path)
        return page

    yield open_page
    context.close()
    assert not faults, faults


def test_an_answer_opens_below_its_post_and_finds_its_draft_back(house: House, fatma: Callable[[str], Page]) -> None:
    page = fatma(house.conversation(3))
    page.locator("#p2 .post-foot a").click()
    answer = page.locator("#p2 + form#antwoord")
    expect(answer.locator("label")).to_have_text("Antwoord op 2, Noor")
    expect(answer.locator("textarea")).to_be_focused()
    assert findings(page) == []
    page.keyboard.type("Half")
    expect(answer.locator("[data-saved]")).to_have_text("Bewaard om 07:53")
    page.get_by_text("Toch niet").click()
    expect(page.locator("#foot form#antwoord label")).to_have_text("Schrijf onder dit gesprek")
    page.reload()
    page.get_by_text("Schrijf verder").click()
    expect(page.locator("#p2 + form textarea")).to_have_value("Half")
    page.locator("#p2 + form textarea").press("Control+Enter")
    expect(page.locator("#p4 .post-body")).to_have_text("Half")
    expect(page.get_by_text("Schrijf verder")).to_have_count(0)


def test_a_session_that_ended_loses_no_word(house: House, fatma: Callable[[str], Page], clock: StandingClock) -> None:
    page = fatma(house.conversation(1))
    clock.forward(hours=2)
    page.locator("#text").fill("Dit mag niet weg")
    expect(page.locator("[data-expired]")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Dit mag niet weg")
    # In by the course again, in another tab; back here it goes on by itself.
    house.signs_in(page, house.fatma)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.locator("[data-saved]")).to_have_text("Bewaard om 09:53")
    expect(page.locator("[data-expired]")).to_be_hidden()
    page.get_by_role("button", name="Plaats bericht").click()
    expect(page.locator("#p2 .post-body")).to_have_text("Dit mag niet weg")


def test_what_one_types_is_never_kept_under_the_name_of_the_next_colleague(
    house: House, fatma: Callable[[str], Page]
) -> None:
    path = house.conversation(1)
    page = fatma(path)
    house.signs_in(page, house.noor)
    page.locator("#text").fill("Van Fatma")
    expect(page.locator("[data-other]")).to_be_visible()
    page.goto(path)
    expect(page.locator("#text")).to_have_value("")


def test_the_rest_comes_by_itself_so_that_the_browser_finds_every_word(
    house: House, fatma: Callable[[str], Page]
) -> None:
    page = fatma(house.conversation(130))
    expect(page.locator("article")).to_have_count(130, timeout=20_000)
    numbers = page.evaluate("[...document.querySelectorAll('article')].map((one) => Number(one.dataset.post))")
    assert numbers == list(range(1, 131))
    assert page.evaluate("find('Bericht 127')")
    # Only what came on screen was seen.
    page.reload()
    expect(page.locator("article.new").first).to_have_attribute("id", re.compile(r"p(2[1-9]|3\d)"))


def test_a_bare_number_opens_the_part_that_holds_it_and_nothing_jumps(
    house: House, fatma: Callable[[str], Page]
) -> None:
    path = house.conversation(90)
    page = fatma(f"{path}#p60")
    page.wait_for_url(f"**{path}?p=60#p60")
    expect(page.locator("article")).to_have_count(90, timeout=20_000)
    top = page.evaluate("document.getElementById('p60').getBoundingClientRect().top")
    assert -5 < top < 200


@pytest.mark.parametrize("width", [320, 600, 1280])
def test_odd_texts_fit_and_the_page_works_without_script(house: House, browser: Browser, width: int) -> None:
    path = house.conversation(1)
    odd: list[Any] = ["w" * 300, f"https://example.org/{'x' * 300}", f"```\n{'code ' * 60}\n```", "😀" * 200]
    with house.world.database.writing() as db:
        space = access.find(db, house.noor.viewer, house.slug, now=house.world.clock())
        assert space
        for text in odd:
            operations.reply(db, house.noor.viewer, space, 1, NewPost(text=text), now=house.world.clock())
    with browser.new_context(
        viewport={"width": width, "height": 900}, base_url=house.address, java_script_enabled=False
    ) as context:
        page = context.new_page()
        house.signs_in(page, house.fatma)
        page.goto(path)
        page.locator("#p3 .post-foot a").click()
        page.locator("#p3 + form textarea").fill("Zonder script")
        page.get_by_role("button", name="Plaats bericht").click()
        expect(page.locator("#p6 .post-body")).to_have_text("Zonder script")
    with browser.new_context(viewport={"width": width, "height": 900}, base_url=house.address) as context:
        page = context.new_page()
        house.signs_in(page, house.fatma)
        for address in (path, f"{path}/p/6/edit", f"/s/{house.slug}/t", f"/s/{house.slug}", "/me/words"):
            page.goto(address)
            assert sideways(page) == 0, address
            assert findings(page) == [], address
