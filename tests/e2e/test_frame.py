"""In the frame of an LMS on another site, in a real browser: the storage of Canvas where no cookie comes back, honest
and lying; heights, a tab of one's own that keeps the place, reloading and going back.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

import lti_tool
from lti_tool.conversations import operations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.db import Database
from lti_tool.lti.models import LaunchCount
from lti_tool.organisations.operations import NewPlatform, add_platform
from lti_tool.settings import Settings
from lti_tool.spaces import access
from lti_tool.web.session import COOKIE
from tests.conftest import StandingClock
from tests.e2e.canvas import Canvas, canvas
from tests.e2e.conftest import findings, sideways
from tests.lti.conftest import REACH
from tests.platform import TOOL, Link
from tests.world import Somebody, World

# A frame without an origin may not load a font, and hangs up halfway: its file is closed by the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TAB = "Open in een eigen tabblad"


@dataclass
class House:
    """A running tool and a running Canvas, with a space, its trekker and a conversation in it."""

    world: World
    tool: str
    lms: Canvas
    slug: str
    noor: Somebody
    loses: list[str] = field(default_factory=list)
    """Patterns of cookies that the browser keeps from the tool, inside a frame."""

    @property
    def course(self) -> str:
        """The page with our frame."""
        return f"{self.lms.platform.issuer}/course"

    def ways(self) -> list[str]:
        """How launches went."""
        with self.world.database.reading() as db:
            return list(db.scalars(select(LaunchCount.way).where(LaunchCount.outcome == "ok")))


def _without(cookies: str, patterns: list[str]) -> str:
    kept = [one for one in cookies.split("; ") if not any(re.match(pattern, one) for pattern in patterns)]
    return "; ".join(kept)


@contextlib.contextmanager
def _serving(apps: dict[str, Any]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, lambda environ, start: apps["app"](environ, start), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield str(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path, settings: Settings, clock: StandingClock) -> Iterator[House]:
    copy(sqlite_template, tmp_path / "house.db")
    database = Database(f"sqlite:///{tmp_path / 'house.db'}")
    serves: dict[str, Any] = {}
    teaches: dict[str, Any] = {}
    with _serving(serves) as tool_port, _serving(teaches) as lms_port:
        tool, issuer = f"http://localhost:{tool_port}", f"http://127.0.0.1:{lms_port}"
        lms = canvas(clock, issuer, tool)
        teaches["app"] = lms.app()
        app = lti_tool.create_app(settings.model_copy(update={"base_url": tool}), database=database, clock=clock)
        world = World(app, database, clock)
        noor = world.somebody(world.organisation(), "Noor de Wit")
        space = world.space(noor)
        lms.link = Link("1", "Leerruimte", custom={"space": space.slug})
        house = House(world, tool, lms, space.slug, noor)

        def strict(environ: dict[str, Any], start: Any) -> Any:
            if environ.get("HTTP_SEC_FETCH_DEST") == "iframe" and "HTTP_COOKIE" in environ:
                environ["HTTP_COOKIE"] = _without(environ["HTTP_COOKIE"], house.loses)
            return app.wsgi_app(environ, start)

        serves["app"] = strict
        now, addresses = clock(), {"auth_url": lms.platform.auth_url, "token_url": lms.platform.token_url}
        with database.writing() as db:
            new = NewPlatform(
                organisation="de-linde", name="Canvas van De Linde", issuer=issuer, client_id=TOOL.client_id,
                jwks_url=lms.platform.jwks_url, deployment_ids=(TOOL.deployment_id,), product="canvas", **addresses,
            )  # fmt: skip
            add_platform(db, new, now=now, reach=REACH)
        with database.writing() as db:
            here = access.find(db, noor.viewer, space.slug, now=now)
            assert here
            first = NewConversation(kind="question", title="Wie meet ’s nachts?", text="Bericht 1")  # type: ignore[arg-type]
            operations.start(db, noor.viewer, here, first, now=now)
            for at in range(2, 13):
                operations.reply(db, noor.viewer, here, 1, NewPost(text=f"Bericht {at}\n\n" * 6), now=now)
        yield house
    database.dispose()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 600, "height": 900}, locale="nl-NL") as context:
        context.set_default_timeout(10_000)
        faults: list[str] = []
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on(
            "console",
            lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
        )
        yield context
        assert not faults, faults


Walk = Callable[[], tuple[Page, Frame]]


def _once(page: Page, house: House) -> Frame:
    page.goto(house.course)
    frame = page.locator("#tool").element_handle().content_frame()
    assert frame
    frame.wait_for_selector("main h1:visible")
    frame.wait_for_url(re.compile(r"/(s|doors)/|/lti/launch"), wait_until="load")
    return frame


def walk_in(page: Page, house: House) -> Frame:
    """Open the course. Returns our frame, once it stands still."""
    try:
        return _once(page, house)
    except Error:  # on a busy machine Playwright may lose sight of a frame that changes site quickly
        return _once(page, house)


@pytest.fixture
def fatma(house: House, context: BrowserContext) -> Walk:
    """Opens the course, always in the same page; returns it with our frame."""
    page = context.new_page()
    return lambda: (page, walk_in(page, house))


def heard(page: Page | Frame, subject: str) -> list[Any]:
    """Messages that a window heard from the tool."""
    found: list[Any] = page.evaluate(
        "(subject) => window.heard.filter((one) => one.data?.subject === subject)", subject
    )
    return found


def storage_of(page: Page) -> Frame:
    frame = page.frame("post_message_forwarding")
    assert frame
    return frame


STATE = r"__Host-lti-[0-9a-f]{12}="
"""A browser that lost the cookie of the login, but keeps others: Canvas opened a new partition meanwhile."""


@pytest.mark.parametrize("storage", ["sibling", "parent"])
def test_the_storage_proves_a_launch_whose_cookie_was_lost(house: House, fatma: Walk, storage: str) -> None:
    house.lms.storage, house.loses = storage, [STATE]
    house.lms.target = "post_message_forwarding" if storage == "sibling" else "_parent"
    page, frame = fatma()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}/join")
    assert house.ways() == ["storage"]
    keeper = storage_of(page) if storage == "sibling" else page
    put, gone = (one["data"] for one in heard(keeper, "lti.put_data"))
    (get,) = (one["data"] for one in heard(keeper, "lti.get_data"))
    assert put["key"] == get["key"] == gone["key"]
    assert len(put["value"]) > 30
    assert gone["value"] is None
    assert keeper.evaluate("window.keys()") == [], "nothing of ours stays there"
    frame.goto(f"{house.tool}/s/{house.slug}/t")
    expect(frame.get_by_role("link", name="Wie meet")).to_be_visible()


def test_in_the_editor_of_canvas_the_window_around_answers(house: House, fatma: Walk) -> None:
    """There is no frame of that name there."""
    house.lms.storage, house.loses = "parent", [STATE]
    _, frame = fatma()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}/join")
    assert house.ways() == ["storage"]


def test_with_its_cookie_a_launch_takes_out_what_nobody_asked_for(house: House, fatma: Walk) -> None:
    page, frame = fatma()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}/join")
    assert house.ways() == ["frame"]
    assert heard(storage_of(page), "lti.get_data") == []
    page.wait_for_timeout(300)
    assert storage_of(page).evaluate("window.keys()") == []
    assert len(heard(storage_of(page), "lti.put_data")) == 2


@pytest.mark.parametrize("mode", ["silent", "full", "wrong", "other message"])
def test_a_storage_that_lies_leads_nobody_in(house: House, fatma: Walk, mode: str) -> None:
    house.lms.mode, house.loses = mode, [STATE]
    _, frame = fatma()
    expect(frame.get_by_role("button", name=TAB)).to_be_visible()
    assert house.ways() == []


def test_an_answer_of_another_origin_is_not_heard(house: House, fatma: Walk) -> None:
    house.lms.storage_origin = house.lms.platform.issuer.replace("127.0.0.1", "localhost")
    house.loses = [STATE]
    page, frame = fatma()
    expect(frame.get_by_role("button", name=TAB)).to_be_visible()
    assert heard(storage_of(page), "lti.put_data") == [], "the proof is not told to another origin"


def test_where_every_cookie_is_blocked_a_tab_of_ones_own_opens(
    house: House, fatma: Walk, context: BrowserContext
) -> None:
    house.loses = [".*"]
    _, frame = fatma()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Deze pagina opent hier niet")
    assert findings(frame) == []
    with context.expect_page() as opened:
        frame.get_by_role("button", name=TAB).click()
    tab = opened.value
    expect(tab.get_by_role("heading", level=1)).to_have_text("Verder als Fatma?")
    tab.reload()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Verder als Fatma?")
    assert findings(tab) == []
    tab.get_by_role("button", name="Ja, verder").click()
    tab.wait_for_url(f"{house.tool}/s/{house.slug}/join")
    assert house.ways() == ["tab"]
    tab.go_back()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Je bent al binnen")
    assert findings(tab) == []
    tab.get_by_role("link", name="Verder in Leerkring").click()
    tab.wait_for_url(f"{house.tool}/s/{house.slug}/join")


def test_without_script_a_button_goes_on_and_a_tab_opens(house: House, browser: Browser) -> None:
    house.loses = [STATE]
    with browser.new_context(java_script_enabled=False, locale="nl-NL") as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(house.course)
        frame = page.frame_locator("#tool")
        frame.get_by_role("button", name="Verder").click()  # the LMS's own form
        frame.get_by_role("link", name="Ga verder").click()
        frame.get_by_role("button", name="Verder").click()
        expect(frame.get_by_role("heading", level=1)).to_have_text("Deze pagina opent hier niet")
        with context.expect_page() as opened:
            frame.get_by_role("button", name=TAB).click()
        opened.value.get_by_role("button", name="Ja, verder").click()
        opened.value.wait_for_url(f"{house.tool}/s/{house.slug}/join")


def test_in_a_window_of_its_own_nobody_waits(house: House, context: BrowserContext) -> None:
    """The target is named there too, by Moodle's full window on a tablet and Canvas's new tab."""
    page = context.new_page()
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(f"{answer.status} {answer.url.split('?')[0]}"))
    page.goto(f"{house.lms.platform.issuer}/window")
    page.wait_for_url(f"{house.tool}/s/{house.slug}/join")
    assert f"302 {house.tool}/lti/login" in asked
    assert house.ways() == ["cookie"]
    page.goto(f"{house.tool}/s/{house.slug}/t/1")
    assert page.get_by_role("button", name="Eigen tabblad").count() == 0
    assert page.locator("script[data-hosts]").count() == 0


@pytest.mark.parametrize("loses", [[], [".*"]])
def test_a_sandboxed_frame_without_an_origin_still_offers_a_tab(
    house: House, fatma: Walk, context: BrowserContext, loses: list[str]
) -> None:
    """No module of ours loads in there, and no platform answers it."""
    house.lms.sandbox = "allow-forms allow-scripts allow-popups allow-popups-to-escape-sandbox"
    house.loses = loses
    _, frame = fatma()
    if not loses:
        frame.wait_for_url(f"{house.tool}/s/{house.slug}/join")
        frame.get_by_role("button", name="Eigen tabblad").click()
    with context.expect_page() as opened:
        frame.get_by_role("button", name=TAB).click()
    tab = opened.value
    tab.get_by_role("button", name="Ja, verder").click()
    tab.wait_for_url(f"{house.tool}/s/{house.slug}/join")


def test_the_height_is_a_number_follows_the_page_and_never_runs_away(house: House, fatma: Walk) -> None:
    page, frame = fatma()
    frame.goto(f"{house.tool}/s/{house.slug}/t/1")
    frame.wait_for_function("document.documentElement.scrollHeight > 1500")
    page.evaluate(
        """addEventListener("message", ({ data }) => {
          if (data.subject === "lti.frameResize") document.getElementById("tool").style.height = `${data.height}px`;
        }); window.heard.length = 0;"""
    )
    frame.goto(f"{house.tool}/s/{house.slug}/t/1")
    page.wait_for_timeout(1200)
    tall = heard(page, "lti.frameResize")
    assert 1 <= len(tall) <= 6
    for one in tall:
        assert isinstance(one["data"]["height"], int)
        assert "token" not in one["data"]
    assert frame.evaluate("document.documentElement.scrollHeight - document.documentElement.clientHeight") <= 0
    frame.goto(f"{house.tool}/me/settings")
    page.wait_for_timeout(800)
    assert heard(page, "lti.frameResize")[-1]["data"]["height"] < tall[-1]["data"]["height"], "it shrinks too"
    before = len(heard(page, "lti.frameResize"))
    more = "Object.assign(document.createElement('p'), { textContent: 'a '.repeat(900) })"
    frame.evaluate(f"document.querySelector('main').append({more})")
    page.wait_for_timeout(400)
    grown = heard(page, "lti.frameResize")
    assert len(grown) == before + 1
    page.wait_for_timeout(1500)
    assert len(heard(page, "lti.frameResize")) == len(grown), "a frame that follows does not make it grow on"


def test_canvas_gets_its_token_back(house: House, fatma: Walk) -> None:
    house.lms.link = Link("1", "Leerruimte", custom={"space": house.slug, "post_message_token": "0b0c6f6e-1f6b"})
    page, _ = fatma()
    page.wait_for_function("window.heard.some((one) => one.data?.subject === 'lti.frameResize' && one.data.token)")
    assert {one["data"].get("token") for one in heard(page, "lti.frameResize")} >= {"0b0c6f6e-1f6b"}


def test_after_a_click_the_page_comes_up_and_what_was_done_is_said(house: House, fatma: Walk) -> None:
    page, frame = fatma()
    frame.goto(f"{house.tool}/me/settings")
    page.evaluate("window.heard.length = 0")
    frame.get_by_role("button", name="Bewaar").first.click()
    frame.wait_for_url("**/me/settings?done=saved")
    page.wait_for_function("window.heard.some((one) => one.data?.subject === 'lti.screenReaderAlert')")
    assert [one["data"]["body"] for one in heard(page, "lti.screenReaderAlert")] == ["Bewaard."]
    assert len(heard(page, "lti.scrollToTop")) == 1
    assert {one["origin"] for one in heard(page, "lti.scrollToTop")} == {house.tool}


def test_the_tab_of_ones_own_keeps_the_place_by_one_click(house: House, fatma: Walk, context: BrowserContext) -> None:
    _, frame = fatma()
    frame.goto(f"{house.tool}/s/{house.slug}/t/1?p=9#p9")
    with context.expect_page() as opened:
        frame.get_by_role("button", name="Eigen tabblad").click()
    tab = opened.value
    expect(tab.get_by_role("heading", level=1)).to_have_text("Verder als Fatma?")
    tab.get_by_role("button", name="Ja, verder").click()
    tab.wait_for_url(f"{house.tool}/s/{house.slug}/t/1?p=9#p9")
    expect(tab.locator("#p9")).to_be_in_viewport()
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    assert tab.get_by_role("button", name="Eigen tabblad").count() == 0
    tab.go_back()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Je bent al binnen")
    assert "t/1?p=9#p9" in str(tab.get_by_role("link", name="Verder in Leerkring").get_attribute("href"))


def test_the_tab_of_ones_own_takes_two_clicks_without_script(house: House, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False, locale="nl-NL") as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(house.course)
        frame = page.frame_locator("#tool")
        frame.get_by_role("button", name="Verder").click()
        frame.get_by_role("link", name="Ga verder").click()
        frame.get_by_role("button", name="Verder").click()
        expect(frame.get_by_role("button", name="Eigen tabblad")).to_be_visible()
        frame.get_by_role("button", name="Eigen tabblad").click()
        expect(frame.get_by_role("heading", level=1)).to_have_text("Je eigen tabblad staat klaar")
        with context.expect_page() as opened:
            frame.get_by_role("button", name=TAB).click()
        opened.value.get_by_role("button", name="Ja, verder").click()
        opened.value.wait_for_url(f"{house.tool}/s/{house.slug}/join")


def test_a_session_that_is_over_keeps_the_place_until_one_is_in_again(
    house: House, fatma: Walk, clock: StandingClock
) -> None:
    fatma()
    _, frame = fatma()
    clock.forward(hours=2)
    frame.goto(f"{house.tool}/s/{house.slug}/t/1?p=9#p9")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Open deze pagina via je leeromgeving")
    _, frame = fatma()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}/t/1?p=9#p9")
    _, frame = fatma()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}")


def test_reloading_the_frame_or_going_back_in_it_harms_nothing(house: House, fatma: Walk) -> None:
    page, frame = fatma()
    frame.evaluate("location.reload()")
    frame.wait_for_load_state()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Doe je mee met Delier")
    posted: list[dict[str, str]] = []
    page.on(
        "request",
        lambda sent: posted.append({"data": sent.post_data or ""}) if sent.url.endswith("/lti/launch") else None,
    )
    page, frame = fatma()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}")
    (launch,) = posted
    # The same form once more, as a browser sends it that reloads a launch.
    frame.evaluate(
        """(body) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action: "/lti/launch" });
          for (const [name, value] of new URLSearchParams(body)) {
            form.append(Object.assign(document.createElement("input"), { name, value }));
          }
          document.body.append(form);
          form.submit();
        }""",
        launch["data"],
    )
    expect(frame.get_by_role("heading", level=1)).to_have_text("Je bent al binnen")
    frame.get_by_role("link", name="Verder in Leerkring").click()
    frame.wait_for_url(f"{house.tool}/s/{house.slug}")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Minder delier")
    assert sum(1 for cookie in page.context.cookies() if cookie.get("name") == COOKIE) == 1


@pytest.mark.parametrize(("width", "height"), [(320, 640), (600, 450), (1280, 900)])
def test_the_thin_line_and_every_page_of_the_door_fit(house: House, browser: Browser, width: int, height: int) -> None:
    house.lms.height = height
    with browser.new_context(viewport={"width": width, "height": height}, locale="nl-NL") as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        for loses in ([], [".*"]):
            house.loses = loses
            frame = walk_in(page, house)
            assert sideways(frame) <= 0
            assert findings(frame) == []
