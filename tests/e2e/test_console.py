"""What only an admin or a teacher sees is as good as the rest: for axe, at any width, in the dark, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Frame, Page, expect

from lti_tool.admin.guides import GUIDES
from tests.e2e.conftest import Visitor, findings, sideways

CONSOLE = ("", "/platforms", "/platforms/invite", "/launches", "/roles", "/more", "/networks", "/networks/new", "/look")
BY_HAND = tuple(f"/platforms/new?product={product}" for product in ("moodle", "canvas", "other"))
LMS = "/oefenziekenhuis"
SPACE = "Eerste stappen in Leerkring"


def _good(page: Page | Frame, where: str) -> None:
    """Nothing for axe at this width, and nothing scrolls sideways at any."""
    window = page.page if isinstance(page, Frame) else page
    assert findings(page) == [], where
    before = window.viewport_size
    assert before is not None
    for width in (320, 1280, before["width"]):
        window.set_viewport_size({"width": width, "height": before["height"]})
        assert sideways(page) <= 0, f"{where} scrolls sideways at {width}"


def _keys(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _tab_to(page: Page, frame: Frame, name: str) -> None:
    """Tab until the focus is on what is called this."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if frame.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).innerText").startswith(name):
            return
    raise AssertionError(f"no Tab leads to {name}")


def _tool(visitor: Visitor) -> Frame:
    frame = visitor.page.wait_for_selector("#toolframe").content_frame()
    assert frame is not None
    frame.wait_for_url(f"{visitor.tool}/**", wait_until="load")
    return frame


def test_every_page_of_the_console_is_good_by_day(visitor: Callable[..., Visitor]) -> None:
    bram = visitor()
    frame = bram.walk_in("bram")
    frame.wait_for_url("**/admin")
    for path in (*CONSOLE, *BY_HAND, "/council"):
        _good(bram.open(f"/admin{path}"), path)
    frame = bram.open("/admin/platforms")
    frame.locator("main .rows a").first.click()
    expect(frame.get_by_role("heading", name="Uitzetten")).to_be_visible()
    _good(frame, "one connection")


def test_pages_of_the_console_that_something_was_done_on_are_good_in_the_dark(visitor: Callable[..., Visitor]) -> None:
    bram = visitor(color_scheme="dark")
    frame = bram.walk_in("bram")
    frame.wait_for_url("**/admin")
    _good(frame, "status")
    frame = bram.open("/admin/platforms/invite")
    frame.get_by_role("button", name="Maak een code").click()
    expect(frame.get_by_role("heading", name="Waar plak je het?")).to_be_visible()
    _good(frame, "a code")
    frame = bram.open("/admin/platforms/new")
    frame.get_by_label("Hoe noemen jullie deze leeromgeving?").fill("Leerplein")
    frame.get_by_label("Client-ID").fill("abc")
    frame.get_by_label("Adres van je Moodle").fill("http://127.0.0.1:1")
    frame.get_by_role("button", name="Controleer en bewaar").click()
    expect(frame.get_by_text("3 adressen doen het niet")).to_be_visible()
    _good(frame, "addresses that don't work")
    frame = bram.open("/admin/networks/new")
    frame.get_by_label("Naam van het netwerk").fill("Regio Vecht")
    frame.get_by_role("button", name="Maak het netwerk en zeg ja").click()
    expect(frame.get_by_role("heading", name="Wie doet mee")).to_be_visible()
    _good(frame, "a network")
    frame = bram.open("/admin/look")
    frame.get_by_label("Kleur van jullie organisatie").fill("groen")
    frame.get_by_role("button", name="Bekijk", exact=True).click()
    expect(frame.get_by_text("Schrijf een kleur als", exact=False)).to_be_visible()
    _good(frame, "a colour that is none")


def test_every_guide_and_its_values_fit_and_read_well(visitor: Callable[..., Visitor]) -> None:
    somebody = visitor(320)
    for path in ("", *(f"/{guide.key}{more}" for guide in GUIDES for more in ("", "/values"))):
        somebody.page.goto(f"{somebody.tool}/install{path}")
        _good(somebody.page, f"/install{path}")


def test_pages_before_anybody_is_in_are_good(visitor: Callable[..., Visitor]) -> None:
    somebody = visitor(320, color_scheme="dark")
    lying = f"openid_configuration={somebody.tool}/docs/help&registration_token=x"
    for path in ("/lti/register", f"/lti/register?{lying}", "/lti/login?iss=https://x.example", "/lti/tab", "/admin"):
        somebody.page.goto(f"{somebody.tool}{path}")
        _good(somebody.page, path)


def test_an_admin_connects_and_a_teacher_picks_by_keyboard_on_a_small_dark_screen(
    visitor: Callable[..., Visitor],
) -> None:
    admin = visitor(320, color_scheme="dark")
    page = admin.page
    page.goto(f"{admin.demo}{LMS}/bericht")
    page.get_by_role("button", name="Toon mijn code").press("Enter")
    address, code = page.locator("code.value").all_inner_texts()
    page.goto(f"{admin.demo}{LMS}/beheer")
    page.get_by_label("Adres van de tool").press_sequentially(address)
    _keys(page, "Enter")
    frame = _tool(admin)
    _good(frame, "registration")
    page.locator("#toolframe").focus()
    _tab_to(page, frame, "Uitnodigingscode")
    page.keyboard.type("ACDE-FGHJ-KLMN")
    _keys(page, "Enter")
    expect(frame.get_by_role("alert").or_(frame.locator(".notice-fault")).first).to_be_visible()
    _good(frame, "a wrong code")
    field = frame.get_by_label("Uitnodigingscode")
    field.focus()
    _keys(page, "Control+a")
    page.keyboard.type(code)
    _keys(page, "Enter")
    expect(frame.get_by_role("heading", name="De koppeling is gemaakt")).to_be_visible()
    _good(frame, "connected")
    _tab_to(page, frame, "Sluit")
    _keys(page, "Enter")
    page.wait_for_url(f"**{LMS}/beheer")
    page.get_by_role("button", name="Activeer").press("Enter")

    page.goto(f"{admin.demo}{LMS}/cursus/sondevoeding?as=paul&kies=ja")
    frame = _tool(admin)
    _good(frame, "picker")
    _tab_to(page, frame, "Zet in de cursus")
    _keys(page, "Enter")
    expect(frame.get_by_text("Kies een ruimte, of begin een nieuwe.")).to_be_visible()
    _good(frame, "nothing was picked")
    _tab_to(page, frame, "Begin een nieuwe ruimte")
    _keys(page, "Enter")
    expect(frame.get_by_label("Hoe heet de ruimte?")).to_be_visible()
    _good(frame, "a new space")
    page.goto(f"{admin.demo}{LMS}/cursus/sondevoeding?as=paul&kies=ja")
    frame = _tool(admin)
    _tab_to(page, frame, SPACE)
    _keys(page, "Space")
    _tab_to(page, frame, "Zet in de cursus")
    _keys(page, "Enter")
    page.wait_for_url("**erbij=1")
