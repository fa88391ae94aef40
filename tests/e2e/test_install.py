"""From nothing to the first learner: an admin pastes one address, a teacher picks a space, a learner opens it.

In a real browser, in frames on another site, with third-party cookies blocked. Every click and every field is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from tests.e2e.conftest import Visitor, findings, running_demo, sideways

SPACE = "Eerste stappen in Leerkring"
COURSE = "/oefenziekenhuis/cursus/sondevoeding"


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of its own: the Oefenziekenhuis remembers what was done to it."""
    with running_demo(tmp_path_factory.mktemp("install")) as address:
        yield address


@dataclass
class Hand:
    """Whatever an admin, teacher or learner does with mouse and keyboard, counted."""

    clicks: int = 0
    fields: int = 0

    def click(self, what: Locator) -> None:
        """One click."""
        what.click()
        self.clicks += 1

    def fill(self, what: Locator, text: str) -> None:
        """One field, typed or pasted; that one has to be in it is no click more."""
        what.fill(text)
        self.fields += 1


@dataclass
class Hospital:
    """Somebody at a browser in the Oefenziekenhuis."""

    visitor: Visitor

    @property
    def page(self) -> Page:
        """The LMS."""
        return self.visitor.page

    def go(self, path: str) -> None:
        """Go to a page of the LMS."""
        self.page.goto(f"{self.visitor.demo}{path}")

    def frame(self, name: str = "#toolframe") -> Frame:
        """The tool in its frame, loaded."""
        handle = self.page.wait_for_selector(name)
        frame = handle.content_frame() if handle else None
        assert frame is not None
        frame.wait_for_url(f"{self.visitor.tool}/**", wait_until="load")
        return frame

    def good(self, where: str) -> None:
        """Nothing for axe on the LMS's page, nor on the tool's in it, and nothing scrolls sideways."""
        pages: list[Page | Frame] = [self.page]
        for name in ("#toolframe", "#contentframe"):
            if self.page.locator(name).count():
                pages.append(self.frame(name))
        for page in pages:
            assert findings(page) == [], where
            assert sideways(page) <= 0, f"{where} scrolls sideways"

    def letter(self) -> tuple[str, str]:
        """What the hospital got by mail: an address and a code."""
        self.go("/oefenziekenhuis/bericht")
        self.page.get_by_role("button", name="Toon mijn code").click()
        self.good("letter")
        values = self.page.locator("code.value")
        return values.nth(0).inner_text(), values.nth(1).inner_text()

    def register(self, hand: Hand, address: str, code: str, *, grades: bool = False) -> None:
        """The admin pastes the address, and a tool stands in the list."""
        page = self.page
        self.go("/oefenziekenhuis/beheer")
        self.good("external tools, empty")
        hand.fill(page.get_by_label("Adres van de tool"), address)
        hand.click(page.get_by_role("button", name="Toevoegen"))
        frame = self.frame()
        self.good("the tool's own screen")
        hand.fill(frame.get_by_label("Uitnodigingscode"), code)
        if grades:
            hand.click(frame.get_by_label("“Ik deed mee” doorgeven"))
        hand.click(frame.get_by_role("button", name="Koppel"))
        expect(frame.get_by_role("heading", name="De koppeling is gemaakt")).to_be_visible()
        self.good("connected")
        hand.click(frame.locator("[data-lti-close]"))
        page.wait_for_url("**/oefenziekenhuis/beheer")
        expect(page.get_by_text("Wacht op activeren")).to_be_visible()
        self.good("a tool that waits")
        hand.click(page.get_by_role("button", name="Activeer"))
        expect(page.get_by_text("Staat aan")).to_be_visible()
        self.good("a tool that is on")

    def pick(self, hand: Hand) -> None:
        """The teacher puts the space in the course."""
        page = self.page
        hand.click(page.get_by_role("link", name="Kies inhoud"))
        frame = self.frame()
        expect(frame.get_by_text(SPACE)).to_be_visible()
        self.good("picker")
        hand.click(frame.get_by_label(SPACE))
        hand.click(frame.get_by_role("button", name="Zet in de cursus"))
        page.wait_for_url("**erbij=1")
        expect(page.get_by_role("status")).to_have_text("Er staat een link bij.")
        self.good("the course with its link")


@pytest.fixture
def hospital(visitor: Callable[..., Visitor]) -> Hospital:
    return Hospital(visitor(600))


def test_nine_clicks_and_two_fields_lead_to_the_first_learner_and_a_copy_asks_its_teacher(hospital: Hospital) -> None:
    page, hand = hospital.page, Hand()
    hospital.register(hand, *hospital.letter())
    hand.click(page.get_by_role("link", name="Naar de cursus"))
    hospital.good("an empty course")
    hospital.pick(hand)
    hand.click(page.get_by_role("link", name="Open als Samira"))
    frame = hospital.frame("#contentframe")
    expect(frame.get_by_role("heading", level=1)).to_contain_text(SPACE)
    expect(frame.get_by_text("Je bent Samira")).to_be_visible()
    hospital.good("the first learner")
    assert hand.clicks <= 9
    assert hand.fields <= 2

    hospital.go(f"{COURSE}?as=paul")
    page.get_by_role("button", name="Kopieer cursus").click()
    page.get_by_role("link", name="Open als Samira").click()
    frame = hospital.frame("#contentframe")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Je docent kiest nog")
    hospital.good("a learner in a copied course")

    page.get_by_role("link", name="Ga terug en wissel").click()
    page.get_by_role("link", name="Paul (docent)").click()
    page.get_by_role("link", name=SPACE, exact=False).first.click()
    frame = hospital.frame("#contentframe")
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Zelfde ruimte of een nieuwe, lege?")
    hospital.good("the teacher of a copied course")
    frame.get_by_label("Dezelfde ruimte").check()
    frame.get_by_role("button", name="Verder").click()
    frame.wait_for_url("**/s/**")

    page.get_by_role("link", name="Ga terug en wissel").click()
    page.get_by_role("link", name="Joost").click()
    page.get_by_role("link", name=SPACE, exact=False).first.click()
    expect(hospital.frame("#contentframe").get_by_role("heading", level=1)).to_contain_text(SPACE)


def test_the_same_in_canvas_whose_tool_waits_for_no_deployment(hospital: Hospital) -> None:
    page, hand = hospital.page, Hand()
    hospital.go("/oefenziekenhuis/beheer")
    page.get_by_label("Doe als Canvas").check()
    page.get_by_role("button", name="Wissel").click()
    hospital.register(hand, *hospital.letter())
    hand.click(page.get_by_role("link", name="Naar de cursus"))
    hospital.pick(hand)
    hand.click(page.get_by_role("link", name="Open als Samira"))
    expect(hospital.frame("#contentframe").get_by_role("heading", level=1)).to_contain_text(SPACE)
    assert hand.clicks <= 9
    assert hand.fields <= 2

    hospital.go(f"{COURSE}?as=paul")
    page.get_by_role("link", name="Leerkring", exact=True).click()
    hospital.good("the course menu of Canvas")
    expect(hospital.frame("#contentframe").get_by_text("Je bent Paul")).to_be_visible()
    hospital.go("/oefenziekenhuis/beheer")
    page.get_by_role("link", name="Open in het beheermenu").click()
    expect(hospital.frame("#contentframe").get_by_role("heading", level=1)).to_be_visible()
    hospital.good("the account menu of Canvas, for somebody whom nobody granted anything")


def test_who_registers_again_updates_and_every_link_still_works(hospital: Hospital) -> None:
    page = hospital.page
    address, code = hospital.letter()
    hospital.register(Hand(), address, code)
    page.get_by_role("link", name="Naar de cursus").click()
    hospital.pick(Hand())

    _, second = hospital.letter()
    hospital.go("/oefenziekenhuis/beheer")
    page.get_by_label("Adres van de tool").fill(address)
    page.get_by_role("button", name="Toevoegen").click()
    hospital.good("the LMS asks: update or new?")
    page.get_by_role("link", name="Werk deze bij").click()
    frame = hospital.frame()
    frame.get_by_label("Uitnodigingscode").fill(second)
    frame.get_by_role("button", name="Koppel").last.click()
    expect(frame.get_by_role("group", name="Bijwerken of nieuw?")).to_be_visible()
    hospital.good("the tool asks: update or new?")
    frame.get_by_label("Werk “Moodle", exact=False).check()
    frame.get_by_role("button", name="Koppel").last.click()
    expect(frame.get_by_role("heading", name="De koppeling is bijgewerkt")).to_be_visible()
    frame.locator("[data-lti-close]").click()
    page.wait_for_url("**/oefenziekenhuis/beheer")
    expect(page.get_by_role("listitem").filter(has_text="Leerkring")).to_have_count(1)
    hospital.go(f"{COURSE}?as=paul")
    page.get_by_role("link", name="Open als Samira").click()
    expect(hospital.frame("#contentframe").get_by_role("heading", level=1)).to_contain_text(SPACE)


def test_the_roster_is_counted_and_who_wants_it_stands_in_the_gradebook(hospital: Hospital) -> None:
    page = hospital.page
    hospital.register(Hand(), *hospital.letter(), grades=True)
    page.get_by_role("link", name="Naar de cursus").click()
    page.get_by_role("link", name="Kies inhoud").click()
    frame = hospital.frame()
    frame.get_by_role("button", name="Begin een nieuwe ruimte").click()
    hospital.good("a new space in the picker")
    frame.get_by_label("Hoe heet de ruimte?").fill("Sonde en zo")
    frame.get_by_label("Waarvoor is ze?").fill("Om samen zekerder te worden.")
    frame.get_by_label("Open", exact=True).check()
    frame.get_by_role("button", name="Begin en zet in de cursus").click()
    page.wait_for_url("**erbij=1")

    page.get_by_role("link", name="Sonde en zo", exact=False).first.click()
    frame = hospital.frame("#contentframe")
    frame.wait_for_url("**/s/sonde-en-zo**")
    frame = hospital.visitor.open("/s/sonde-en-zo/people")
    frame.get_by_role("button", name="Ververs").click()
    expect(frame.get_by_text("26 collega’s zijn uitgenodigd.")).to_be_visible(timeout=30_000)
    hospital.good("invited")
    frame = hospital.visitor.open("/s/sonde-en-zo/settings")
    frame.get_by_label("Deelnemers kunnen hun deelname laten bevestigen").check()
    frame.locator("#confirming").get_by_role("button", name="Bewaar").click()
    frame.wait_for_url("**done=saved**")

    page.get_by_role("link", name="Ga terug en wissel").click()
    page.get_by_role("link", name="Open als Samira").click()
    frame = hospital.frame("#contentframe")
    frame.get_by_role("button", name="Doe mee").click()
    frame.wait_for_url("**/s/sonde-en-zo?done=joined")
    frame = hospital.visitor.open("/s/sonde-en-zo/confirm")
    hospital.good("confirm")
    frame.get_by_role("button", name="dat ik meedeed").click()
    expect(frame.get_by_text("Aangekomen: in")).to_be_visible(timeout=30_000)

    hospital.go(f"{COURSE}/cijfers?as=paul")
    hospital.good("gradebook")
    row = page.get_by_role("row").filter(has_text="Samira el Amrani")
    expect(row).to_contain_text("1 van 1")
    expect(row).to_contain_text("voltooid")
    expect(page.get_by_role("row").filter(has_text="Joost Huisman")).to_contain_text("–")


def test_the_admin_sees_by_the_letters_link_that_it_works(hospital: Hospital) -> None:
    page = hospital.page
    hospital.register(Hand(), *hospital.letter())
    page.get_by_role("link", name="Naar de cursus").click()
    hospital.pick(Hand())
    for name in ("Samira", "Ingrid (beheerder)"):
        hospital.go(f"{COURSE}?as=paul")
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("link", name=SPACE, exact=False).first.click()
        expect(hospital.frame("#contentframe").get_by_role("heading", level=1)).to_contain_text(SPACE)
    hospital.go("/oefenziekenhuis/bericht")
    page.get_by_role("button", name="Vraag een link om in te loggen").click()
    with page.context.expect_page() as opened:
        page.locator("#console").click()
    console = opened.value
    console.wait_for_load_state()
    if "/signin/" in console.url:
        console.get_by_role("button").first.click()
    console.wait_for_url("**/admin**")
    for done in ("Als beheerder", "Als deelnemer", "In een kader zonder cookies", "Ruimte in een cursus gezet"):
        line = console.get_by_role("listitem").filter(has_text=done)
        expect(line).to_contain_text("Goed")
    expect(console.get_by_role("listitem").filter(has_text="Vanaf een telefoon")).to_contain_text("wacht nog")
    assert findings(console) == []
    assert sideways(console) <= 0


def test_the_practice_lms_is_good_at_any_width(hospital: Hospital) -> None:
    paths = ("/", "/beheer", "/bericht", "/beheer/toevoegen?url=x", "/cursus/dagbehandeling?as=paul")
    for width in (320, 600, 1280):
        hospital.page.set_viewport_size({"width": width, "height": 900})
        for path in (*paths, *(f"/cursus/dagbehandeling/{name}?as=paul" for name in ("deelnemers", "cijfers"))):
            hospital.go(f"/oefenziekenhuis{path}")
            hospital.good(f"{path} at {width}")
