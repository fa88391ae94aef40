"""The pages in the picker: what a teacher sees and ticks, and that nothing of it is lost."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from lti_tool.db import Database
from lti_tool.lti.models import Picking
from lti_tool.organisations.models import Network, NetworkMember
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.people import viewer as viewers
from lti_tool.people.models import Person
from lti_tool.spaces import operations
from lti_tool.spaces.models import Membership, PlacedLink, Space
from lti_tool.spaces.policy import Level
from tests.conftest import StandingClock
from tests.lti.picking import ITEMS, NOOR, Dialog, said_in
from tests.lti.test_cost import statements
from tests.platform import LyingPlatform
from tests.world import Somebody, World

NEW = {"title": "Nachtvogels", "what_for": "Samen de nacht door.", "level": "private"}


@pytest.fixture
def dialog(app: Flask, platform: LyingPlatform) -> Dialog:
    found = Dialog(app, platform)
    found.open()
    return found


@pytest.fixture
def noor(dialog: Dialog, database: Database) -> uuid.UUID:
    with database.reading() as db:
        return db.scalars(select(Person.id)).one()


@pytest.fixture
def ali(world: World, organisation: uuid.UUID) -> Somebody:
    return world.somebody(organisation, "Ali Haddad")


@pytest.fixture
def make(database: Database, clock: StandingClock, noor: uuid.UUID) -> Callable[..., Space]:
    def make(title: str, level: Level = Level.OPEN, *, lead: uuid.UUID = noor, **members: uuid.UUID) -> Space:
        with database.writing() as db:
            viewer = viewers.of_person(db, lead, now=clock())
            space = operations.start(db, viewer, title=title, what_for="Minder delier.", level=level, now=clock())
            for role, person in members.items():
                db.add(Membership(space_id=space.id, person_id=person, role=role, joined_at=clock()))
            return space

    return make


def titles(dialog: Dialog) -> list[str]:
    return re.findall(r'name="space"[^>]*><label for="[^"]*">(.*?)</label>', dialog.text)


def ticked(dialog: Dialog) -> set[str]:
    return set(re.findall(r'name="(?:space|latch|own_tab)" value="([^"]+)" checked', dialog.text))


def test_what_one_leads_comes_first_then_what_one_takes_part_in_then_the_rest(
    dialog: Dialog, make: Callable[..., Space], noor: uuid.UUID, ali: Somebody
) -> None:
    make("B ontdekken", lead=ali.id)
    make("A ontdekken", Level.KNOCK, lead=ali.id)
    make("Z lid", Level.KNOCK, lead=ali.id, member=noor)
    make("D besloten lid", Level.PRIVATE, lead=ali.id, supporter=noor)
    make("Y trekker", Level.HIDDEN)
    make("X van anderen", Level.PRIVATE, lead=ali.id)
    make("W van anderen", Level.HIDDEN, lead=ali.id)
    dialog.open()
    assert titles(dialog) == ["Y trekker", "Z lid", "D besloten lid", "A ontdekken", "B ontdekken"]
    assert "Alleen een trekker maakt hier een link naartoe." in dialog.text
    assert dialog.text.count("Deze link laat binnen") == 1, "only where one leads, and it isn't open to all anyway"


def test_a_thousand_spaces_cost_as_much_as_three(
    dialog: Dialog, make: Callable[..., Space], database: Database, clock: StandingClock, noor: uuid.UUID
) -> None:
    def cost(**fields: Any) -> int:
        token = dialog.token
        with statements(database) as seen:
            assert dialog.press("", token=token, **fields).status_code == 200
        return len([one for one in seen if not one.startswith("BEGIN")])

    for title in ("Eerste", "Tweede", "Derde"):
        make(title)
    few = cost()
    with database.writing() as db:
        organisation = viewers.of_person(db, noor, now=clock()).organisation_id
        db.add_all(_plain(noor, organisation, number, clock) for number in range(1000))
    assert cost() == few
    assert cost(words="ruimte 99") == few
    assert "Ruimte 99" in dialog.text
    assert len(titles(dialog)) <= 8
    assert "Er zijn er meer. Zoek op naam." in dialog.text
    assert cost(words="ruimte 999") == few
    assert titles(dialog) == ["Ruimte 999"]


def _plain(lead: uuid.UUID, organisation: uuid.UUID, number: int, clock: StandingClock) -> Space:
    said = {"title": f"Ruimte {number}", "what_for": "x", "what_for_html": "<p>x</p>", "level": "open"}
    return Space(
        id=uuid.uuid4(),
        organisation_id=organisation,
        slug=f"ruimte-{number}",
        started_by=lead,
        started_at=clock(),
        **said,
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("één", ["Één voor allen"]),
        ("Één", ["Één voor allen"]),
        ("VOOR", ["Één voor allen"]),
        ("100%", ["100% zorg"]),
        ("%", ["100% zorg"]),
        ("_", ["a_b"]),
        ("\\", ["c\\d"]),
        ("🌙", ["Nacht 🌙"]),
        ("  nacht   🌙 ", ["Nacht 🌙"]),
        ("<b>", ["<b>vet</b>"]),
        ("' or 1=1 --", []),
        ("x" * 5000, []),
    ],
)
def test_looking_for_a_name(dialog: Dialog, make: Callable[..., Space], words: str, found: list[str]) -> None:
    for title in ("Één voor allen", "100% zorg", "a_b", "c\\d", "Nacht 🌙", "<b>vet</b>", "Iets anders"):
        make(title)
    dialog.press("", words=words)
    assert titles(dialog) == found
    if not titles(dialog):
        assert "in de naam" in dialog.text


def test_what_was_ticked_goes_along_everywhere(
    dialog: Dialog, make: Callable[..., Space], platform: LyingPlatform, database: Database
) -> None:
    with database.writing() as db:
        db.execute(update(PlatformRow).values(product="canvas"))
    dialog.open()
    nacht, wond = make("Nachtvogels", Level.PRIVATE), make("Wondzorg")
    ticks = {"space": [str(nacht.id), str(wond.id)], "latch": str(nacht.id), "own_tab": "yes"}
    dialog.press("", words="nergens te vinden", **ticks)
    everything = {str(nacht.id), str(wond.id), "yes"}
    assert ticked(dialog) == everything
    assert titles(dialog) == ["Nachtvogels", "Wondzorg"], "what was chosen stays in sight"
    typed = {"title": "Nog een", "what_for": "Begonnen maar niet af", "level": "hidden", "lets_in": "yes"}
    page = dialog.press("/new", **ticks, **typed)
    assert page.status_code == 200
    for value in ("Nog een", "Begonnen maar niet af", 'value="hidden" checked', 'name="lets_in" value="yes" checked'):
        assert value in dialog.text
    assert dialog.text.count(f'value="{nacht.id}"') == 2
    dialog.press("", **ticks, **typed)
    assert ticked(dialog) == everything
    for name, value in typed.items():
        assert f'name="{name}" value="{value}"' in dialog.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": ""}, "Vul dit in."),
        ({"title": " \u200b "}, "Vul dit in."),
        ({"title": "x" * 121}, "Dit is 1 teken te lang."),
        ({"what_for": ""}, "Vul dit in."),
        ({"level": ""}, "Kies een van de mogelijkheden."),
        ({"level": "everybody"}, "Kies een van de mogelijkheden."),
    ],
)
def test_a_new_space_that_misses_something_says_so_and_loses_nothing(
    dialog: Dialog, database: Database, wrong: dict[str, str], sentence: str
) -> None:
    token = dialog.token
    page = dialog.press("/start", token=token, **NEW | wrong)
    assert page.status_code == 422
    assert sentence in dialog.text
    for name, value in (NEW | wrong).items():
        if name in {"title", "what_for"}:
            assert value.strip("\u200b ") in dialog.text
    with database.reading() as db:
        assert not db.scalars(select(Space.id)).all()
    dialog.press("/start", token=token, **NEW)
    assert [link.title for link in dialog.bring().links] == ["Nachtvogels"]


def test_spaces_of_one_name_can_be_told_apart(dialog: Dialog, make: Callable[..., Space], clock: StandingClock) -> None:
    """A copied course may begin a space of the same name."""
    make("Delier")
    make("Nachtvogels")
    clock.forward(days=1)
    make("Delier")
    dialog.open()
    assert titles(dialog).count("Delier") == 2
    began = re.findall(r"Begonnen: ([^<.]+)\.", dialog.text)
    assert len(set(began)) == 2, began


def test_nothing_chosen_is_said_in_a_sentence(dialog: Dialog, make: Callable[..., Space]) -> None:
    make("Wondzorg")
    dialog.open()
    page = dialog.press("/place", words="wond")
    assert page.status_code == 422
    assert "Kies een ruimte, of begin een nieuwe." in dialog.text
    assert 'value="wond"' in dialog.text
    assert 'role="alert"' in dialog.text


def test_what_can_t_be_chosen_any_more_is_said_and_the_rest_stays(
    dialog: Dialog,
    make: Callable[..., Space],
    ali: Somebody,
    noor: uuid.UUID,
    database: Database,
) -> None:
    fine = make("Wondzorg")
    others: dict[str, Any] = {
        "of nobody": {"space": [str(fine.id), str(uuid.uuid4())]},
        "closed, of others": {"space": [str(fine.id), str(make("Geheim", Level.HIDDEN, lead=ali.id).id)]},
        "closed, only a member": {
            "space": [str(fine.id), str(make("Kring", Level.PRIVATE, lead=ali.id, member=noor).id)]
        },
    }
    knock = make("Klop", Level.KNOCK, lead=ali.id)
    others["lets in without a trekker's word"] = {"space": [str(fine.id), str(knock.id)], "latch": str(knock.id)}
    for name, fields in others.items():
        page = dialog.press("/place", **fields)
        assert page.status_code == 422, name
        assert "Een van deze ruimtes kun je niet meer kiezen." in dialog.text
        assert "Geheim" not in dialog.text
        assert str(fine.id) in ticked(dialog)
        assert str(knock.id) not in ticked(dialog) or name.startswith("lets in")
    with database.reading() as db:
        assert not db.scalars(select(PlacedLink.key_hash)).all()
    dialog.press("/place", space=[str(fine.id), str(knock.id)])
    assert len(dialog.bring().links) == 2


def test_at_most_twenty_links_at_once(dialog: Dialog, make: Callable[..., Space]) -> None:
    spaces = [str(make(f"Ruimte {n}").id) for n in range(21)]
    assert dialog.press("/place", space=spaces).status_code == 422
    assert "Kies er hoogstens 20." in dialog.text
    dialog.press("/place", space=spaces[:20])
    assert len(dialog.bring().links) == 20


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "🩹 & ‘co’"]
)
def test_a_title_is_text_everywhere(dialog: Dialog, make: Callable[..., Space], title: str) -> None:
    space = make(title)
    page = dialog.press("", words=title[:3])
    raw = page.get_data(as_text=True)
    assert "<script>alert" not in raw
    assert "<img" not in raw
    assert titles(dialog) == [title]
    dialog.press("/new", title=title)
    assert "<img" not in dialog.page.get_data(as_text=True)  # type: ignore[union-attr]
    _header, said = said_in(dialog.press("/place", space=str(space.id)), dialog.client)
    assert said[ITEMS][0]["title"] == title


def test_a_network_of_others_opens_nothing_and_the_picking_goes_on(
    dialog: Dialog, database: Database, clock: StandingClock, world: World
) -> None:
    other = world.organisation("elders", "Zorggroep Elders")
    network = world.network(other)
    token = dialog.token
    assert dialog.send("/start", token=token, **NEW, network=str(network)).status_code == 403
    with database.reading() as db:
        assert not db.scalars(select(Space.id)).all()
        assert len(db.scalars(select(Picking.id)).all()) == 1
    assert dialog.send("/start", token=token, **NEW).status_code == 200


def test_a_space_for_ones_own_network(
    dialog: Dialog, database: Database, organisation: uuid.UUID, world: World
) -> None:
    other = world.organisation("elders", "Zorggroep Elders")
    network = world.network(organisation, other)
    dialog.press("/new")
    assert "Regio Vecht: De Linde, Zorggroep Elders" in dialog.text
    dialog.press("/start", token=dialog.token, **NEW, network=str(network))
    with database.reading() as db:
        assert db.scalars(select(Space.network_id)).one() == network
        assert len(db.scalars(select(Network.id)).all()) == 1
        assert len(db.scalars(select(NetworkMember.organisation_id)).all()) == 2


def test_the_page_is_of_who_picks_whatever_session_the_browser_has(
    dialog: Dialog, make: Callable[..., Space], ali: Somebody
) -> None:
    """Ali left his session on this ward PC; Noor picks in it."""
    make("Van Noor", Level.PRIVATE)
    make("Van Ali", Level.PRIVATE, lead=ali.id)
    page = ali.client.post("/lti/pick", data={"token": dialog.token})
    body = page.get_data(as_text=True)
    assert "Van Noor" in body
    assert "Van Ali" not in body
    assert "Ali" not in body
    started = ali.client.post("/lti/pick/start", data={"token": dialog.token, **NEW})
    assert started.status_code == 200
    assert "Nachtvogels" not in ali.get("/spaces").get_data(as_text=True)


def test_no_page_of_it_sets_or_needs_a_cookie_or_may_be_kept(dialog: Dialog, platform: LyingPlatform) -> None:
    for path, fields in {"": {}, "/new": {}, "/place": {}, "/start": {}, "/cancel": {}}.items():
        page = dialog.send(path, **fields)
        assert "Set-Cookie" not in page.headers, path
        assert page.headers["Cache-Control"] == "private, no-store"
        assert f"frame-ancestors 'self' {platform.issuer}" in page.headers["Content-Security-Policy"]
        assert dialog.token not in page.headers.get("Location", "")


def test_it_speaks_the_language_of_the_lms(app: Flask, platform: LyingPlatform) -> None:
    dialog = Dialog(app, platform, user=dataclasses.replace(NOOR, locale="en"))
    dialog.open()
    assert '<html lang="en"' in dialog.text
    dialog.press("/new")
    assert '<html lang="en"' in dialog.text
