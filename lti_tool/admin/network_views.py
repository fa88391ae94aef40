"""The console's pages about networks: make one, read its sheet, agree, invite, leave."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from lti_tool.admin.forms import Agree, Code, NewNetwork, Sheet
from lti_tool.admin.pages import frame
from lti_tool.admin.queries import spaces_in_network
from lti_tool.admin.room import ADMIN, room
from lti_tool.organisations import networks
from lti_tool.organisations.networks import InNetwork, Invited
from lti_tool.web.errors import NotFound
from lti_tool.web.forms import Filled, blank, fill
from lti_tool.web.language import _, language, lazy
from lti_tool.web.pages import done, render
from lti_tool.web.routes import Here
from lti_tool.web.text import to_html

NETWORKS = "/admin/networks"
DONE = {
    "made": lazy("Het netwerk is gemaakt. Nodig nu een andere organisatie uit."),
    "agreed": lazy("Jullie doen mee. Collega’s kunnen nu een ruimte voor dit netwerk openen."),
    "sheet": lazy("Het blad is bewaard. De andere organisaties krijgen de vraag opnieuw."),
    "withdrawn": lazy("De codes werken niet meer."),
    "left": lazy("Jullie zijn uit het netwerk. Er is niets gewist."),
}
"""By `?done=`, see `web.pages.done`."""


@room.get(NETWORKS, access=ADMIN, endpoint="networks")
def index(here: Here) -> ResponseReturnValue:
    """The networks of this organisation, and the two ways to get one."""
    return _index(here, blank())


def _index(here: Here, code: Filled[Any]) -> str:
    return render(
        "admin/networks.html",
        **frame(here, NETWORKS),
        networks=networks.networks(here.db, here.viewer.organisation_id),
        code=code,
        notices=done(DONE),
    )


@room.get("/admin/networks/new", access=ADMIN)
def new_network(here: Here) -> ResponseReturnValue:
    """A name, and a sheet that begins with a template."""
    return _write(here, blank(sheet=networks.template(language())))


@room.post("/admin/networks/new", access=ADMIN)
def make_network(here: Here) -> ResponseReturnValue:
    """Make it; this organisation is the first to agree."""
    filled = fill(NewNetwork)
    if filled.form is None:
        return _write(here, filled), 422
    made = networks.found_network(
        here.db,
        here.viewer.organisation_id,
        name=filled.form.name,
        sheet=filled.form.sheet,
        now=here.now,
        by=here.viewer.person_id,
    )
    return redirect(f"{NETWORKS}/{made}?done=made", 303)


def _write(here: Here, form: Filled[Any], network: InNetwork | None = None) -> str:
    return render("admin/network_sheet.html", **frame(here, NETWORKS), form=form, network=network)


@room.post("/admin/networks/read", access=ADMIN)
def read_invitation(here: Here) -> ResponseReturnValue:
    """The sheet behind a code, before anybody agrees to anything."""
    filled = fill(Code)
    if filled.form is None:
        return _index(here, filled), 422
    found = networks.invited(here.db, here.viewer.organisation_id, filled.form.code, now=here.now)
    if found is None:
        problem = _("Deze code werkt niet. Misschien is hij al gebruikt of te oud. Vraag een nieuwe.")
        return _index(here, Filled(None, filled.typed, {"code": problem})), 422
    return _invitation(here, found, filled.form.code)


def _shown(sheet: str) -> Markup:
    return Markup(to_html(sheet, level=3))  # noqa: S704 - sanitised here


def _invitation(here: Here, found: Invited, code: str, *, changed: bool = False) -> str:
    return render(
        "admin/network_read.html",
        **frame(here, NETWORKS),
        invited=found,
        code=code,
        changed=changed,
        sheet=_shown(found.sheet),
    )


@room.post("/admin/networks/agree", access=ADMIN)
def accept_invitation(here: Here) -> ResponseReturnValue:
    """Agree to the sheet that was on the screen; if it changed meanwhile, read it once more."""
    organisation_id = here.viewer.organisation_id
    agree = _valid_agreement()
    made = networks.accept_invitation(
        here.db, organisation_id, agree.code, version=agree.version, now=here.now, by=here.viewer.person_id
    )
    if made is not None:
        return redirect(f"{NETWORKS}/{made}?done=agreed", 303)
    found = networks.invited(here.db, organisation_id, agree.code, now=here.now)
    if found is not None:
        return _invitation(here, found, agree.code, changed=True), 409
    problem = _("Deze code werkt niet. Misschien is hij al gebruikt of te oud. Vraag een nieuwe.")
    return _index(here, Filled(None, {"code": agree.code}, {"code": problem})), 422


def _valid_agreement() -> Agree:
    filled = fill(Agree)
    if filled.form is None:
        raise NotFound(cause="no sheet of that version")
    return filled.form


@room.get("/admin/networks/<uuid:network_id>", access=ADMIN)
def network(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """The sheet, who agreed when, and what one can do."""
    return _network(here, _mine(here, network_id))


def _network(here: Here, network: InNetwork, *, code: str = "") -> str:
    newest = networks.sheet_of(here.db, network, network.version)
    agreed = networks.sheet_of(here.db, network, network.agreed_version) if network.asks_again else ""
    return render(
        "admin/network.html",
        **frame(here, NETWORKS),
        network=network,
        sheet=_shown(newest),
        agreed_sheet=_shown(agreed),
        waiting=networks.open_invitations(here.db, here.viewer.organisation_id, network, now=here.now),
        code=code,
        days=networks.INVITATION_LIFE.days,
        notices=done(DONE),
    )


def _mine(here: Here, network_id: uuid.UUID) -> InNetwork:
    found = networks.network(here.db, here.viewer.organisation_id, network_id)
    if found is None:
        raise NotFound(cause="a network of other organisations, or none")
    return found


@room.post("/admin/networks/<uuid:network_id>/agree", access=ADMIN)
def agree_again(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """Agree to the new sheet; to one that nobody saw on this screen nobody agrees."""
    mine = _mine(here, network_id)
    if _valid_agreement().version != mine.version:
        return _network(here, mine), 409
    networks.join_network(here.db, mine.id, here.viewer.organisation_id, now=here.now, by=here.viewer.person_id)
    return redirect(f"{NETWORKS}/{mine.id}?done=agreed", 303)


@room.post("/admin/networks/<uuid:network_id>/invite", access=ADMIN)
def invite_to_network(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """A one-use code, shown this once."""
    mine = _mine(here, network_id)
    if not networks.sheet_of(here.db, mine, mine.version):
        return redirect(f"{NETWORKS}/{mine.id}/sheet", 303)
    code = networks.invite(here.db, here.viewer.organisation_id, mine, now=here.now, by=here.viewer.person_id)
    return _network(here, mine, code=code)


@room.post("/admin/networks/<uuid:network_id>/uninvite", access=ADMIN)
def withdraw_invitations(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """The codes that nobody used end."""
    mine = _mine(here, network_id)
    networks.withdraw_invitations(here.db, here.viewer.organisation_id, mine, now=here.now, by=here.viewer.person_id)
    return redirect(f"{NETWORKS}/{mine.id}?done=withdrawn", 303)


@room.get("/admin/networks/<uuid:network_id>/sheet", access=ADMIN)
def edit_sheet(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """Write a new version."""
    mine = _mine(here, network_id)
    text = networks.sheet_of(here.db, mine, mine.version) or networks.template(language())
    return _write(here, blank(sheet=text), mine)


@room.post("/admin/networks/<uuid:network_id>/sheet", access=ADMIN)
def write_sheet(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """Keep it; the others are asked again."""
    mine = _mine(here, network_id)
    filled = fill(Sheet)
    if filled.form is None:
        return _write(here, filled, mine), 422
    if request.form.get("version") != str(mine.version):
        late = _("Iemand anders veranderde het blad intussen. Lees het eerst.")
        return _write(here, Filled(None, filled.typed, {"sheet": late}), mine), 409
    networks.write_sheet(
        here.db,
        here.viewer.organisation_id,
        mine,
        text=filled.form.sheet,
        now=here.now,
        by=here.viewer.person_id,
    )
    return redirect(f"{NETWORKS}/{mine.id}?done=sheet", 303)


@room.get("/admin/networks/<uuid:network_id>/leave", access=ADMIN)
def ask_to_leave(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """What happens when one leaves, before one does."""
    mine = _mine(here, network_id)
    own, others = spaces_in_network(here.db, here.viewer.organisation_id, mine.id)
    return render("admin/network_leave.html", **frame(here, NETWORKS), network=mine, own=own, others=others)


@room.post("/admin/networks/<uuid:network_id>/leave", access=ADMIN)
def leave_network(here: Here, network_id: uuid.UUID) -> ResponseReturnValue:
    """Go."""
    mine = _mine(here, network_id)
    networks.leave_network(here.db, here.viewer.organisation_id, mine, now=here.now, by=here.viewer.person_id)
    return redirect(f"{NETWORKS}?done=left", 303)
