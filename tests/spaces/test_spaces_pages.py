"""Anybody may start a space, join one, knock, leave and lead, and no form loses what was typed."""

from __future__ import annotations

import html

import pytest
from sqlalchemy import func, select

from lti_tool.db import Database
from lti_tool.people.models import Person, StaffMember
from lti_tool.spaces.models import Knock, Membership, Space
from lti_tool.spaces.policy import Level
from tests.world import Somebody, World

START = {"title": "Delier op de IC", "what_for": "Minder delier, samen uitgezocht.", "level": "open"}


def text(response: object) -> str:
    return html.unescape(response.get_data(as_text=True))  # type: ignore[attr-defined]


def spaces(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(Space.slug).order_by(Space.slug)))


def role(database: Database, space: Space, who: Somebody) -> str | None:
    with database.reading() as db:
        mine = (Membership.space_id == space.id, Membership.person_id == who.id)
        return db.scalar(select(Membership.role).where(*mine))


def test_anybody_starts_a_space_and_is_its_first_trekker(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    answer = fatma.post("/spaces/new", **START)
    assert (answer.status_code, answer.location) == (303, "/s/delier-op-de-ic")
    page = text(fatma.get("/s/delier-op-de-ic"))
    assert "<h1>Minder delier, samen uitgezocht</h1>" in page
    assert "Fatma Yilmaz" in page
    assert "/s/delier-op-de-ic/settings" in page


def test_a_taken_address_gets_a_silent_suffix_and_new_is_never_taken(world: World, database: Database) -> None:
    fatma, petra = world.somebody(world.organisation()), world.somebody(world.organisation("vecht", "Vecht"))
    fatma.post("/spaces/new", **START)
    assert petra.post("/spaces/new", **START).location == "/s/delier-op-de-ic-2"
    assert petra.post("/spaces/new", **START | {"title": "New"}).location == "/s/new-2"


@pytest.mark.parametrize("level", ["private", "hidden"])
def test_the_address_of_a_new_space_does_not_tell_that_a_closed_one_has_its_title(world: World, level: str) -> None:
    organisation = world.organisation()
    fatma, bram = world.somebody(organisation), world.somebody(organisation, "Bram de Boer")
    for _ in range(2):
        closed = fatma.post("/spaces/new", **START | {"level": level}).location
        assert fatma.get(closed).status_code == 200
        assert bram.get(closed).status_code == 404
    assert bram.post("/spaces/new", **START).location == "/s/delier-op-de-ic"


def test_a_double_click_starts_one_space(world: World, database: Database) -> None:
    fatma = world.somebody(world.organisation())
    first, second = (fatma.post("/spaces/new", form_key="one-form", **START) for _ in range(2))
    assert first.location == second.location == "/s/delier-op-de-ic"
    assert spaces(database) == ["delier-op-de-ic"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"title": "x" * 10_000}, "tekens te lang"),
        ({"title": "  \u200b "}, "Vul dit in."),
        ({"what_for": "y" * 2001}, "Dit is 1 teken te lang"),
        ({"level": "everybody"}, "Kies een van de mogelijkheden."),
        ({"level": ""}, "Kies een van de mogelijkheden."),
        ({"level": None}, "Kies er een."),
    ],
)
def test_what_was_typed_comes_back_with_a_sentence(
    world: World, database: Database, changed: dict[str, str | None], sentence: str
) -> None:
    fatma = world.somebody(world.organisation())
    sent = START | {"what_for": "Dit wil ik niet kwijt"} | changed
    typed = {name: value for name, value in sent.items() if value is not None}
    answer = fatma.post("/spaces/new", **typed)
    assert answer.status_code == 422
    page = text(answer)
    assert sentence in page
    assert typed["title"] in page
    assert typed["what_for"] in page
    assert spaces(database) == []


def test_a_script_in_a_title_is_text(world: World) -> None:
    fatma = world.somebody(world.organisation())
    answer = fatma.post("/spaces/new", **START | {"title": "<script>alert(1)</script>", "what_for": "<img src=x>"})
    for path in (answer.location, "/spaces", f"{answer.location}/settings", f"{answer.location}/people"):
        page = fatma.get(path).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert" in page


def test_a_space_of_a_network_is_for_both_organisations(world: World, database: Database) -> None:
    linde, vecht = world.organisation(), world.organisation("vecht", "Thuiszorg Vecht")
    elsewhere = world.organisation("elders", "Zorggroep Elders")
    network = world.network(linde, vecht)
    noor, petra = world.somebody(linde, "Noor de Wit"), world.somebody(vecht, "Petra Jansen")
    outsider = world.somebody(elsewhere, "Olaf")
    form = text(noor.get("/spaces/new"))
    assert "Alleen De Linde" in form
    assert "Regio Vecht: De Linde, Thuiszorg Vecht" in form
    assert "Regio Vecht" not in text(outsider.get("/spaces/new"))
    path = noor.post("/spaces/new", **START, network=str(network)).location
    assert outsider.get(path).status_code == 404
    assert outsider.post("/spaces/new", **START, network=str(network)).status_code == 403
    assert "Iedereen van Regio Vecht mag meelezen" in text(petra.get(path))
    join = text(petra.get(f"{path}/join"))
    assert "Dit is een ruimte voor De Linde en Thuiszorg Vecht." in join
    assert petra.post(f"{path}/join", way="member", name="Petra Jansen", quality="Praktische Petra").status_code == 303
    people = text(noor.get(f"{path}/people"))
    assert "Petra Jansen" in people
    assert "Praktische Petra · Thuiszorg Vecht" in people


def test_joining_twice_is_joining_once_and_the_tribune_watches(world: World, database: Database) -> None:
    organisation = world.organisation()
    space = world.space(world.somebody(organisation, "Noor de Wit"))
    fatma, kees = world.somebody(organisation), world.somebody(organisation, "Kees Brouwer")
    for _ in range(2):
        answer = fatma.post(f"/s/{space.slug}/join", form_key="same", way="member", name="Fatma Yilmaz")
        assert answer.location == f"/s/{space.slug}?done=joined"
    assert role(database, space, fatma) == "member"
    kees.post(f"/s/{space.slug}/join", way="observer")
    assert role(database, space, kees) == "observer"
    assert "tribune" in text(kees.get("/spaces"))
    assert "Kijk eerst mee op de tribune" not in text(kees.get(f"/s/{space.slug}/join"))
    kees.post(f"/s/{space.slug}/join", way="member", name="Kees Brouwer")
    assert role(database, space, kees) == "member"


def test_who_joins_or_watches_hears_so_as_long_as_it_is_true(world: World) -> None:
    organisation = world.organisation()
    noor, fatma, kees = (world.somebody(organisation, name) for name in ("Noor de Wit", "Fatma Yilmaz", "Kees"))
    home = f"/s/{world.space(noor).slug}"
    joined, watching = "Je doet mee. Stel je eerste vraag, of lees eerst rond.", "Je zit nu op de tribune."
    assert joined not in text(fatma.get(f"{home}?done=joined"))
    answer = fatma.get(fatma.post(f"{home}/join", way="member", name="Fatma Yilmaz").location)
    assert 'role="status"' in answer.get_data(as_text=True)
    assert joined in text(answer)
    assert watching in text(kees.get(kees.post(f"{home}/join", way="observer").location))
    for address in (home, f"{home}?done=watching", f"{home}?done=", f"{home}?done=anything"):
        assert 'role="status"' not in fatma.get(address).get_data(as_text=True)


def test_settings_of_a_space_say_that_they_were_kept(world: World) -> None:
    noor = world.somebody(world.organisation(), "Noor de Wit")
    path = noor.post("/spaces/new", **START).location + "/settings"
    assert "Bewaard." in text(noor.get(noor.post(path, **START).location))
    assert "Bewaard." not in text(noor.get(path))


def test_who_has_no_name_chooses_one_to_take_part(world: World, database: Database) -> None:
    organisation = world.organisation()
    space = world.space(world.somebody(organisation, "Noor de Wit"))
    nameless = world.somebody(organisation, "")
    refused = nameless.post(f"/s/{space.slug}/join", way="member", quality="Rustig")
    assert refused.status_code == 422
    assert "Kies een naam" in text(refused)
    assert 'value="Rustig"' in text(refused)
    nameless.post(f"/s/{space.slug}/join", way="member", name="Roos")
    assert "Roos" in text(nameless.get(f"/s/{space.slug}/people"))
    with database.reading() as db:
        assert db.scalar(select(Person.chosen_name).where(Person.id == nameless.id)) == "Roos"


def test_who_keeps_their_name_follows_the_lms(world: World, database: Database) -> None:
    organisation = world.organisation()
    space = world.space(world.somebody(organisation, "Noor de Wit"))
    fatma = world.somebody(organisation, "Fatma  van " + "den Berg " * 12)
    page = text(fatma.get(f"/s/{space.slug}/join"))
    shown = page.split('name="name" type="text" value="')[1].split('"')[0]
    assert fatma.post(f"/s/{space.slug}/join", way="member", name=shown).status_code == 303
    with database.reading() as db:
        assert db.scalar(select(Person.chosen_name).where(Person.id == fatma.id)) == ""


def test_a_knock_waits_in_words_and_is_answered(world: World, database: Database) -> None:
    organisation = world.organisation()
    noor, fatma, kees = (world.somebody(organisation, name) for name in ("Noor de Wit", "Fatma Yilmaz", "Kees"))
    space = world.space(noor, level=Level.KNOCK)
    home = f"/s/{space.slug}"
    fatma.post(f"{home}/join", way="knock", name="Fatma Yilmaz", message="Ik begin op de spoed.")
    kees.post(f"{home}/join", way="knock", name="Kees")
    assert "Je hebt aangeklopt. Een trekker laat je binnen." in text(fatma.get("/spaces"))
    assert "Je hebt aangeklopt op wo 25 nov" in text(fatma.get(home))
    assert fatma.post(f"{home}/join", way="member", name="Fatma Yilmaz").status_code == 403
    people = text(noor.get(f"{home}/people"))
    assert "Ik begin op de spoed." in people
    noor.post(f"{home}/knocks/{fatma.id}", let_in="yes")
    noor.post(f"{home}/knocks/{kees.id}", let_in="no")
    assert role(database, space, fatma) == "member"
    assert role(database, space, kees) is None
    assert "Wie klopt er aan" not in text(noor.get(f"{home}/people"))
    assert noor.post(f"{home}/knocks/{kees.id}", let_in="yes").status_code == 404


def test_a_knock_may_be_taken_back(world: World, database: Database) -> None:
    organisation = world.organisation()
    space = world.space(world.somebody(organisation, "Noor de Wit"), level=Level.KNOCK)
    fatma = world.somebody(organisation)
    fatma.post(f"/s/{space.slug}/join", way="knock", name="Fatma Yilmaz")
    fatma.post(f"/s/{space.slug}/knock/withdraw")
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Knock)) == 0


def test_leaving_is_one_click_and_says_that_one_may_come_back(world: World, database: Database) -> None:
    organisation = world.organisation()
    noor, fatma = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation)
    space = world.space(noor)
    world.member(space, fatma)
    for _ in range(2):
        answer = fatma.post(f"/s/{space.slug}/leave", form_key="leave")
        assert (answer.status_code, answer.location) == (303, "/spaces?done=left")
    page = text(fatma.get("/spaces?done=left"))
    assert "Terugkomen kan altijd" in page
    assert 'href="/me/words"' in page
    assert role(database, space, fatma) is None


def test_the_only_trekker_of_others_stays_until_there_is_another(world: World, database: Database) -> None:
    organisation = world.organisation()
    noor, fatma = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation)
    space = world.space(noor)
    world.member(space, fatma)
    refused = noor.post(f"/s/{space.slug}/leave")
    assert refused.status_code == 409
    assert "Jij bent de enige trekker" in text(refused)
    assert noor.post(f"/s/{space.slug}/people/{noor.id}/role", role="member").status_code == 409
    assert noor.post(f"/s/{space.slug}/people/{fatma.id}/role", role="lead").status_code == 303
    assert noor.post(f"/s/{space.slug}/leave").status_code == 303
    assert role(database, space, fatma) == "lead"


def test_a_trekker_changes_words_and_closes_but_does_not_open_to_more_readers(world: World, database: Database) -> None:
    organisation = world.organisation()
    noor, fatma = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation)
    space = world.space(noor, level=Level.KNOCK)
    settings = f"/s/{space.slug}/settings"
    # Alone, with nobody's words but her own, she may still open it.
    assert noor.post(settings, title="A", what_for="B", level="open").status_code == 303
    assert noor.post(settings, title="Rustig", what_for="Samen **rustig**", level="knock").status_code == 303
    fatma.post(f"/s/{space.slug}/join", way="knock", name="Fatma Yilmaz")
    noor.post(f"/s/{space.slug}/knocks/{fatma.id}", let_in="yes")
    fatma.post(f"/s/{space.slug}/leave")
    # What Fatma wrote was for few, also now that she has left.
    refused = noor.post(settings, title="Bewaar dit", what_for="En dit", level="open")
    assert refused.status_code == 409
    assert "voor minder mensen geschreven" in text(refused)
    assert "Bewaar dit" in text(refused)
    assert "<strong>rustig</strong>" in text(noor.get(f"/s/{space.slug}"))
    assert noor.post(settings, title="Rustig", what_for="Samen", level="hidden").status_code == 303
    assert fatma.get(f"/s/{space.slug}").status_code == 404


def test_managers_of_the_staff_list_are_named_as_such(world: World, database: Database) -> None:
    organisation = world.organisation()
    noor, kees = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation, "Kees Brouwer")
    space = world.space(noor)
    world.member(space, kees)
    with database.writing() as db:
        row = StaffMember(
            id=kees.id,
            organisation_id=organisation,
            number="7",
            department="IC-B",
            profession="teamleider",
            manager=True,
        )
        db.add(row)
        db.flush()
        db.get_one(Person, kees.id).staff_id = row.id
    people = text(noor.get(f"/s/{space.slug}/people"))
    assert "teamleider · IC-B" in people
    assert '<span class="chip">leidinggevende</span>' in people
    assert "onder wie 1 leidinggevende." in people


def test_a_long_list_of_people_goes_on_and_names_nobody_twice(world: World) -> None:
    organisation = world.organisation()
    noor = world.somebody(organisation, "Noor de Wit")
    space = world.space(noor)
    names = ["", "Anna", "anna", *(f"Lid {n:03}" for n in range(102))]
    for name in names:
        world.member(space, world.somebody(organisation, name))
    first = text(noor.get(f"/s/{space.slug}/people"))
    more = first.split('href="/s/delier-op-de-ic/people?after=')[1].split('"')[0]
    second = text(noor.get(f"/s/{space.slug}/people?after={more}"))
    listed = first.split("Verwelkom")[1].split("</section>", 1)[1]  # of the new ones some stand above the list as well
    shown = [name for page in (listed, second) for name in page.split("<h3>")[1:]]
    assert len(shown) == len(names) + 1
    assert len(set(shown)) == len(shown)
    assert noor.get(f"/s/{space.slug}/people?after=nobody").status_code == 400
    # Where somebody who does not take part would stand in the alphabet is told to nobody.
    stranger = world.somebody(world.organisation("vecht", "Vecht"), "Aa Aaltink")
    assert text(noor.get(f"/s/{space.slug}/people?after={stranger.id}")).count("<h3>") == 0


def test_hr_and_admins_learn_how_many_take_part_from_the_floor_up(world: World) -> None:
    organisation = world.organisation()
    noor, marijke = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation, "Marijke Jonker", "hr")
    space = world.space(noor)
    for page in ("/spaces", "/s/delier-op-de-ic"):
        assert "Minder dan 10 collega’s doen mee" in text(marijke.get(page))
        assert "1 collega" not in text(marijke.get(page))
    for number in range(9):
        world.member(space, world.somebody(organisation, f"Collega {number}"))
    for page in ("/spaces", "/s/delier-op-de-ic"):
        assert "10 collega’s doen mee" in text(marijke.get(page))
