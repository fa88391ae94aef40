"""Organisations work together when their admins said so, on a sheet that each of them read, and see nothing of each
other otherwise."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database
from lti_tool.organisations import networks
from lti_tool.organisations.models import Network, NetworkInvitation
from lti_tool.spaces.policy import Level
from tests.conftest import StandingClock
from tests.world import Somebody, World

SHEET = "Wij zijn **samen** verantwoordelijk."


@pytest.fixture
def bram(world: World) -> Somebody:
    return world.somebody(world.organisation(), "Bram Smit", "admin")


@pytest.fixture
def bea(world: World) -> Somebody:
    return world.somebody(world.organisation("vecht", "Thuiszorg Vecht"), "Bea Admin", "admin")


def _make(admin: Somebody, name: str = "Regio Vecht", sheet: str = SHEET) -> str:
    made = admin.post("/admin/networks/new", name=name, sheet=sheet)
    assert made.status_code == 303, made.get_data(as_text=True)
    return str(made.location).partition("?")[0]


def _code(admin: Somebody, path: str) -> str:
    page = admin.post(f"{path}/invite").get_data(as_text=True)
    found = re.search(r'id="code">([A-Z2-9-]+)<', page)
    assert found, page
    return found[1]


def _join(admin: Somebody, code: str, version: int = 1) -> Any:
    return admin.post("/admin/networks/agree", code=code, version=str(version))


def _text(page: Any) -> str:
    return str(page.get_data(as_text=True))


def test_the_other_admin_reads_the_sheet_before_they_agree(bram: Somebody, bea: Somebody) -> None:
    path = _make(bram)
    code = _code(bram, path)
    read = _text(bea.post("/admin/networks/read", code=code.lower().replace("-", " ")))
    assert "Regio Vecht" in read
    assert "De Linde nodigt jullie uit" in read
    assert "<strong>samen</strong>" in read
    assert "Thuiszorg Vecht" not in _text(bram.get(path))
    assert _join(bea, code).location == f"{path}?done=agreed"
    assert "Thuiszorg Vecht" in _text(bram.get(path))
    assert "akkoord op wo 25 nov met versie 1" in _text(bram.get(path))


def test_a_code_works_once_and_not_for_ever(bram: Somebody, bea: Somebody, world: World, clock: StandingClock) -> None:
    path = _make(bram)
    code = _code(bram, path)
    carla = world.somebody(world.organisation("elders", "Zorggroep Elders"), "Carla", "admin")
    assert _join(bea, code).status_code == 303
    again = _join(carla, code)
    assert again.status_code == 422
    assert "Deze code werkt niet" in _text(again)
    late = _code(bram, path)
    clock.forward(days=14, minutes=1)
    carla = world.again(carla)
    assert carla.post("/admin/networks/read", code=late).status_code == 422
    assert _join(carla, late).status_code == 422
    assert carla.get(path).status_code == 404


def test_a_withdrawn_invitation_opens_nothing(bram: Somebody, bea: Somebody, database: Database) -> None:
    path = _make(bram)
    code = _code(bram, path)
    assert "1 code van jullie is nog niet gebruikt" in _text(bram.get(path))
    assert bram.post(f"{path}/uninvite").status_code == 303
    assert _join(bea, code).status_code == 422
    with database.reading() as db:
        assert db.scalars(select(NetworkInvitation.code_hash)).all() == []


def test_nobody_agrees_to_a_sheet_that_changed_while_they_read(bram: Somebody, bea: Somebody) -> None:
    path = _make(bram)
    code = _code(bram, path)
    bram.post(f"{path}/sheet", sheet="Heel iets anders.", version="1")
    late = _join(bea, code, version=1)
    assert late.status_code == 409
    assert "Het blad is intussen veranderd" in _text(late)
    assert "Heel iets anders." in _text(late)
    assert bea.get(path).status_code == 404
    assert _join(bea, code, version=2).status_code == 303


def test_a_changed_sheet_asks_the_others_again_and_keeps_what_they_agreed_to(bram: Somebody, bea: Somebody) -> None:
    path = _make(bram)
    _join(bea, _code(bram, path))
    assert bram.post(f"{path}/sheet", sheet="Een nieuwe afspraak.", version="1").status_code == 303
    page = _text(bea.get(path))
    assert "Het blad is veranderd" in page
    assert "geldt voor jullie versie 1" in page
    assert "<strong>samen</strong>" in page
    assert "Een nieuwe afspraak." in page
    assert "vraag staat open" in _text(bram.get(path))
    assert "nieuw blad" in _text(bea.get("/admin/networks"))
    assert bea.post(f"{path}/agree", version="1").status_code == 409
    assert bea.post(f"{path}/agree", version="2").status_code == 303
    assert "Het blad is veranderd" not in _text(bea.get(path))
    assert "vraag staat open" not in _text(bram.get(path))


def test_the_same_words_are_no_new_version(bram: Somebody, bea: Somebody) -> None:
    path = _make(bram)
    _join(bea, _code(bram, path))
    bram.post(f"{path}/sheet", sheet=SHEET, version="1")
    assert "Het blad, versie 1" in _text(bea.get(path))


def test_two_admins_who_change_the_sheet_at_once_lose_nothing(bram: Somebody, bea: Somebody) -> None:
    path = _make(bram)
    _join(bea, _code(bram, path))
    bram.post(f"{path}/sheet", sheet="Van Bram.", version="1")
    late = bea.post(f"{path}/sheet", sheet="Van Bea, veel werk.", version="1")
    assert late.status_code == 409
    assert "Van Bea, veel werk." in _text(late)
    assert "Van Bram." in _text(bea.get(path))


def test_an_empty_sheet_or_a_long_one_comes_back_with_what_was_typed(bram: Somebody) -> None:
    empty = bram.post("/admin/networks/new", name="Regio Vecht", sheet=" ")
    assert empty.status_code == 422
    assert 'value="Regio Vecht"' in _text(empty)
    long = bram.post("/admin/networks/new", name="", sheet="a" * (networks.LONGEST_SHEET + 1))
    assert long.status_code == 422
    assert "te lang" in _text(long)
    assert "Vul dit in." in _text(long)


def test_outside_a_network_two_organisations_see_nothing_of_each_other(bram: Somebody, bea: Somebody) -> None:
    path = _make(bram)
    _make(bea)  # the same name; that the other exists must not show
    assert "Thuiszorg" not in _text(bram.get("/admin/networks"))
    assert "De Linde" not in _text(bea.get("/admin/networks"))
    for address in (path, f"{path}/sheet", f"{path}/leave"):
        assert bea.get(address).status_code == 404
    forms = {
        "invite": {}, "uninvite": {}, "leave": {}, "agree": {"version": "1"},
        "sheet": {"sheet": "Van mij", "version": "1"},
    }  # fmt: skip
    for name, fields in forms.items():
        assert bea.post(f"{path}/{name}", **fields).status_code == 404, name
    assert "Van mij" not in _text(bram.get(path))


def test_a_sheet_is_shown_without_its_scripts(bram: Somebody) -> None:
    path = _make(bram, sheet="Hoi <script>alert(1)</script> [klik](javascript:alert(1))")
    page = _text(bram.get(path))
    assert "<script>alert" not in page
    assert "javascript:" not in re.sub(r"<textarea.*?</textarea>", "", page, flags=re.S).replace(
        "[klik](javascript:alert(1))", ""
    )


@pytest.fixture
def shared(world: World, bram: Somebody, bea: Somebody) -> dict[str, Any]:
    """A network in which each organisation has an open space, with a member of the other in it."""
    path = _make(bram)
    _join(bea, _code(bram, path))
    with world.database.reading() as db:
        network_id = db.scalars(select(Network.id)).one()
    noor = world.somebody(bram.viewer.organisation_id, "Noor de Wit")
    vera = world.somebody(bea.viewer.organisation_id, "Vera Vecht")
    of_linde = world.space(noor, "Delier op de IC", Level.OPEN, network_id)
    of_vecht = world.space(vera, "Thuis na de IC", Level.OPEN, network_id)
    world.member(of_linde, vera)
    world.member(of_vecht, noor)
    return {"path": path, "noor": noor, "vera": vera, "linde": of_linde.slug, "vecht": of_vecht.slug}


def test_leaving_closes_spaces_both_ways_and_deletes_nothing(bea: Somebody, shared: dict[str, Any]) -> None:
    noor, vera = shared["noor"], shared["vera"]
    assert vera.get(f"/s/{shared['linde']}/t").status_code == 200
    assert "Vera Vecht" in _text(noor.get(f"/s/{shared['linde']}/people"))
    said = vera.post(
        f"/s/{shared['linde']}/t/new", page=f"/s/{shared['linde']}/t/new", kind="question", title="Wie weet dit?",
        text="Woorden van Vera.",
    )  # fmt: skip
    assert said.status_code == 303, _text(said)
    ask = _text(bea.get(f"{shared['path']}/leave"))
    assert "in 1 ruimte van de anderen" in ask
    assert "in 1 ruimte van jullie" in ask
    assert bea.post(f"{shared['path']}/leave").status_code == 303

    assert vera.get(f"/s/{shared['linde']}/t").status_code == 404
    assert noor.get(f"/s/{shared['vecht']}/t").status_code == 404
    assert "Delier" not in _text(vera.get("/spaces"))
    assert "Thuis na de IC" not in _text(noor.get("/spaces"))
    assert "Vera Vecht" not in _text(noor.get(f"/s/{shared['linde']}/people"))
    assert "Thuiszorg Vecht" not in _text(noor.get(f"/s/{shared['linde']}"))
    assert "van Regio Vecht mag meelezen" not in _text(vera.get(f"/s/{shared['vecht']}"))
    assert "Woorden van Vera." in _text(noor.get(f"/s/{shared['linde']}/t/1"))
    assert "Woorden van Vera." in _text(vera.get("/me/words"))
    assert vera.get(f"/s/{shared['vecht']}/t").status_code == 200


def test_who_agrees_again_is_back_where_they_were(bram: Somebody, bea: Somebody, shared: dict[str, Any]) -> None:
    bea.post(f"{shared['path']}/leave")
    assert bea.get(shared["path"]).status_code == 404
    assert _join(bea, _code(bram, shared["path"])).status_code == 303
    assert shared["vera"].get(f"/s/{shared['linde']}/t/new").status_code == 200
    assert shared["noor"].get(f"/s/{shared['vecht']}/t/new").status_code == 200


def test_invitations_of_who_left_end(bram: Somebody, bea: Somebody, world: World) -> None:
    path = _make(bram)
    _join(bea, _code(bram, path))
    code = _code(bea, path)
    bea.post(f"{path}/leave")
    carla = world.somebody(world.organisation("elders", "Zorggroep Elders"), "Carla", "admin")
    assert _join(carla, code).status_code == 422


def test_each_step_is_in_the_audit_trail(bram: Somebody, bea: Somebody, database: Database) -> None:
    path = _make(bram)
    _join(bea, _code(bram, path))
    bram.post(f"{path}/sheet", sheet="Anders.", version="1")
    bea.post(f"{path}/leave")
    with database.reading() as db:
        seen = db.execute(select(AuditEntry.actor_id, AuditEntry.action).order_by(AuditEntry.at, AuditEntry.id)).all()
    assert [(row.actor_id, row.action.removeprefix("organisations.")) for row in seen] == [
        (bram.id, "join_network"),
        (bram.id, "invite_to_network"),
        (bea.id, "join_network"),
        (bram.id, "write_network_sheet"),
        (bram.id, "join_network"),
        (bea.id, "leave_network"),
    ]


def test_a_network_of_the_command_line_has_a_sheet_to_read(bram: Somebody, database: Database, clock: Any) -> None:
    with database.writing() as db:
        made = networks.add_network(db, slug="regio", name="Regio", now=clock())
        networks.join_network(db, made, bram.viewer.organisation_id, now=clock())
    assert "Waarvoor" in _text(bram.get(f"/admin/networks/{made}"))


def test_a_network_from_before_there_were_sheets_gets_one_first(bram: Somebody, bea: Somebody, world: World) -> None:
    path = f"/admin/networks/{world.network(bram.viewer.organisation_id, bea.viewer.organisation_id)}"
    assert "Schrijf er nu een" in _text(bram.get(path))
    assert bram.post(f"{path}/invite").location == f"{path}/sheet"
    assert "verwerkingsverantwoordelijke" in _text(bram.get(f"{path}/sheet"))
    assert bram.post(f"{path}/sheet", sheet=SHEET, version="1").status_code == 303
    assert "Het blad is veranderd" in _text(bea.get(path))
    assert _code(bram, path)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_template_says_who_is_the_controller(language: str) -> None:
    text = networks.template(language)
    assert ("verwerkingsverantwoordelijke" if language == "nl" else "controller") in text
    assert 1000 < len(text) < networks.LONGEST_SHEET
