"""The whole walk: from a link in the LMS to a conversation that is kept, counted and reportable.

In a frame on another site, with third-party cookies blocked, as learner, trekker and HR, narrow and wide.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.e2e.conftest import WIDTHS, Visitor, findings, sideways


def _good(page: Frame | Page, where: str) -> None:
    """Nothing for axe to find, and nothing that scrolls sideways."""
    assert findings(page) == [], where
    assert sideways(page) <= 0, f"{where} scrolls sideways"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_learner_walks_in_reads_writes_keeps_and_shares(visitor: Callable[..., Visitor], width: int) -> None:
    fatma = visitor(width)
    frame = fatma.walk_in("fatma")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Minder delier")
    expect(frame.locator(".readers")).to_contain_text("Open.")
    _good(frame, "space home")

    frame.get_by_role("navigation", name="Menu").get_by_role("link", name="Gesprekken").click()
    frame.wait_for_url("**/t")
    _good(frame, "list of conversations")
    row = frame.get_by_role("link", name="Wie meet de CAM-ICU ook ’s nachts?").first
    row.click()
    frame.wait_for_url("**/t/*")
    expect(frame.get_by_role("article").first).to_be_visible()
    _good(frame, "conversation")
    frame.page.reload()  # the course page; the launch starts anew and the person is still the same
    frame = fatma.frame
    frame.wait_for_url(f"{fatma.tool}/s/**")

    words = f"Ik probeer dit vannacht ook, op {width} pixels. <script>alert(1)</script> 🙂"
    frame = fatma.open("/s/delier-op-de-ic/t/new?kind=question")
    _good(frame, "new conversation")
    frame.get_by_label("Je vraag in één zin").fill(f"Wie heeft dit ’s nachts geprobeerd ({width})?")
    frame.locator("textarea[name=text]").fill(words)
    frame.get_by_role("button", name="Plaats").click()
    frame.wait_for_url("**/t/*")
    expect(frame.get_by_role("article").first).to_contain_text("<script>alert(1)</script> 🙂")
    here = frame.url
    frame.locator("textarea[name=text]").last.fill("En dit is wat ik zag.")
    frame.get_by_role("button", name="Plaats bericht").click()
    expect(frame.get_by_text("En dit is wat ik zag.")).to_be_visible()
    assert frame.url.split("?")[0].split("#")[0] == here.split("?")[0].split("#")[0]

    frame.get_by_role("link", name="Zet in mijn portfolio").click()
    frame.wait_for_url("**/me/portfolio/**")
    _good(frame, "a moment from a conversation")
    frame.get_by_label("Hoeveel minuten?").fill("20")
    frame.get_by_role("button", name="Bewaar").click()
    frame.wait_for_url(re.compile(r"/me/portfolio([?#]|$)"))
    _good(frame, "portfolio")
    expect(frame.locator("main")).to_contain_text(f"Wie heeft dit ’s nachts geprobeerd ({width})?")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_trekker_leads_and_opens_an_unknown_link(visitor: Callable[..., Visitor], width: int) -> None:
    noor = visitor(width)
    frame = noor.walk_in("noor")
    for path in ("people", "settings"):
        _good(noor.open(f"/s/delier-op-de-ic/{path}"), path)
    for path in ("/spaces", "/spaces/new", "/me/settings", "/me/words"):
        _good(noor.open(path), path)
    frame = noor.walk_in("noor", item=4)
    if "/doors/" in frame.url:
        _good(frame, "a link that leads nowhere yet")
        learner = visitor(width).walk_in("fatma", item=4)
        expect(learner.locator("main")).to_contain_text("Je docent kiest nog")
        _good(learner, "a learner comes too early")


@pytest.mark.parametrize("width", WIDTHS)
def test_hr_pulls_a_report_without_a_single_name(visitor: Callable[..., Visitor], width: int) -> None:
    marijke = visitor(width)
    frame = marijke.walk_in("marijke")
    frame.wait_for_url("**/reports**")
    _good(frame, "report")
    text = frame.locator("main").inner_text()
    assert "Intensive care" in text
    assert "Fatma" not in text
    assert "CAM-ICU" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_admin_sees_whether_it_works(visitor: Callable[..., Visitor], width: int) -> None:
    frame = visitor(width).walk_in("bram")
    frame.wait_for_url("**/admin")
    expect(frame.locator("main")).to_contain_text("Goed: Moodle leest onze sleutels", timeout=30_000)
    _good(frame, "console")


def test_somebody_of_another_organisation_watches_from_the_tribune(visitor: Callable[..., Visitor]) -> None:
    frame = visitor().walk_in("greet")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Minder delier")
    frame.get_by_role("link", name="Gesprekken").first.click()
    frame.get_by_role("link", name="Wie meet de CAM-ICU ook ’s nachts?").first.click()
    frame.wait_for_url("**/t/*")
    expect(frame.get_by_role("button", name="Plaats bericht")).to_have_count(0)


def test_without_cookies_an_own_tab_keeps_the_place(visitor: Callable[..., Visitor]) -> None:
    fatma = visitor()
    frame = fatma.walk_in("fatma", cookies=False)
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    _good(frame, "no cookies")
    with fatma.page.context.expect_page() as opened:
        frame.get_by_role("button", name="Open in een eigen tabblad").click()
    tab = opened.value
    tab.wait_for_load_state()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Fatma")
    _good(tab, "continue as Fatma")
    tab.get_by_role("button", name="Ja").click()
    tab.wait_for_url("**/s/delier-op-de-ic**")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Minder delier")


def test_everything_works_without_script(visitor: Callable[..., Visitor]) -> None:
    fatma = visitor(java_script_enabled=True)
    frame = fatma.walk_in("fatma")
    cookies = fatma.page.context.cookies()
    token = next(cookie["value"] for cookie in cookies if cookie["name"] == "__Host-leerkring")
    plain = visitor(java_script_enabled=False)
    plain.page.context.add_cookies(
        [
            {
                "name": "__Host-leerkring",
                "value": token,
                "domain": "localhost",
                "path": "/",
                "secure": True,
                "httpOnly": True,
                "sameSite": "None",
            }
        ]
    )
    page = plain.page
    page.goto(f"{fatma.tool}/s/delier-op-de-ic/t/new?kind=experience")
    page.get_by_label("Waar gaat het over?").fill("Zonder script geplaatst")
    page.locator("textarea[name=text]").fill("Dit kan ook op een oude ward-pc.")
    page.get_by_role("button", name="Plaats").click()
    page.wait_for_url("**/t/*")
    page.get_by_role("link", name="Antwoord").first.click()
    page.locator("textarea[name=text]").last.fill("En antwoorden ook.")
    page.get_by_role("button", name="Plaats bericht").click()
    expect(page.get_by_text("En antwoorden ook.")).to_be_visible()
    assert frame.url.startswith(fatma.tool)


@pytest.mark.parametrize("path", ["/", "/docs/what-hr-sees", "/docs/what-is-mine", "/docs/help", "/spaces", "/s/niets"])
def test_public_pages_are_good_at_any_width_and_in_any_theme(visitor: Callable[..., Visitor], path: str) -> None:
    for width, scheme in ((320, "light"), (600, "dark"), (1280, "light")):
        somebody = visitor(width, color_scheme=scheme)
        somebody.page.goto(f"{somebody.tool}{path}")
        _good(somebody.page, f"{path} at {width}")
