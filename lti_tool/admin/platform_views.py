"""The console's pages about connections: each LMS with its placements, what was agreed, and its values."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import redirect
from flask.typing import ResponseReturnValue
from pydantic import Field

from lti_tool.admin import faults
from lti_tool.admin.checks import last_test
from lti_tool.admin.guides import GUIDES
from lti_tool.admin.pages import frame
from lti_tool.admin.room import ADMIN, room
from lti_tool.lti.offer import Addresses
from lti_tool.organisations import connections, keys, operations
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.organisations.queries import PlatformRow, platforms
from lti_tool.organisations.registration import CODE_LIFE, make_code
from lti_tool.web.errors import NotFound
from lti_tool.web.forms import Filled, Form, Line, Lines, blank, fill
from lti_tool.web.language import _, lazy
from lti_tool.web.pages import done, render
from lti_tool.web.routes import Here

PLATFORMS = "/admin/platforms"
DONE = {
    "made": lazy("De koppeling is bewaard. Open nu de link in een cursus, om te zien of het werkt."),
    "name": lazy("De naam is bewaard."),
    "agreed": lazy("Bewaard. Het geldt vanaf de volgende keer dat iemand binnenkomt."),
    "hosts": lazy("De adressen zijn bewaard."),
    "on": lazy("Het staat aan. Collega’s kunnen naar binnen."),
    "off": lazy("Het staat uit. Niemand komt van daar nog binnen. Er is niets gewist."),
}
"""By `?done=`, see `web.pages.done`."""


class Name(Form):
    """What an LMS is called."""

    name: Line = Field(min_length=1, max_length=200)


class DeploymentName(Form):
    """What a placement is called; may be empty."""

    name: Line = Field(default="", max_length=200)


class Hosts(Form):
    """Hosts, by line or by word."""

    hosts: Lines = Field(default="", max_length=2000)


class Agreed(Form):
    """Boxes that are ticked or absent."""

    names: bool = False
    emails: bool = False
    roster: bool = False
    grades: bool = False


@room.get(PLATFORMS, access=ADMIN, endpoint="platforms")
def index(here: Here) -> ResponseReturnValue:
    """Every connection in a line."""
    mine = platforms(here.db, here.viewer.organisation_id)
    return render("admin/platforms.html", **frame(here, PLATFORMS), platforms=mine)


@room.get(f"{PLATFORMS}/invite", access=ADMIN)
def invite(here: Here) -> ResponseReturnValue:
    """How an LMS connects itself."""
    return _invitation(here, "")


@room.post(f"{PLATFORMS}/invite", access=ADMIN)
def make_invitation(here: Here) -> ResponseReturnValue:
    """A one-use code, shown this once, with the address that it belongs to."""
    by = here.viewer.person_id
    return _invitation(here, make_code(here.db, here.viewer.organisation_id, now=here.now, by=by))


def _invitation(here: Here, code: str) -> str:
    return render(
        "admin/invite.html",
        **frame(here, f"{PLATFORMS}/invite"),
        code=code,
        addresses=Addresses(here.settings.base_url),
        until=here.now + CODE_LIFE,
        guides=[guide for guide in GUIDES if guide.itself],
    )


@room.get(f"{PLATFORMS}/<uuid:platform>", access=ADMIN)
def platform(here: Here, platform: uuid.UUID) -> ResponseReturnValue:
    """One connection."""
    return _platform(here, _mine(here, platform), {})


def _mine(here: Here, platform_id: uuid.UUID) -> PlatformRow:
    for one in platforms(here.db, here.viewer.organisation_id):
        if one.id == platform_id:
            return one
    raise NotFound(cause="a platform of another organisation, or none")


def _platform(here: Here, mine: PlatformRow, filled: dict[str, Filled[Any]]) -> str:
    tested_at, _checks = last_test(here.db, mine.id)
    return render(
        "admin/platform.html",
        **frame(here, f"{PLATFORMS}/{mine.id}"),
        platform=mine,
        tested_at=tested_at,
        scopes=None if mine.scopes is None else faults.scopes_in_words(mine.scopes),
        own_keys=[key["kid"] for key in keys.public_keys(here.db, now=here.now)],
        addresses=Addresses(here.settings.base_url),
        name=filled.get("name", blank(name=mine.name)),
        hosts=filled.get("hosts", blank(hosts="\n".join(mine.frame_hosts.split()))),
        notices=done(DONE),
    )


@room.post(f"{PLATFORMS}/<uuid:platform>/name", access=ADMIN)
def rename_platform(here: Here, platform: uuid.UUID) -> ResponseReturnValue:
    """Call it something else."""
    mine, filled = _mine(here, platform), fill(Name)
    if filled.form is None:
        return _platform(here, mine, {"name": filled}), 422
    connections.rename_platform(
        here.db, here.viewer.organisation_id, platform, filled.form.name, now=here.now, by=here.viewer.person_id
    )
    return _back(platform, "name")


@room.post(f"{PLATFORMS}/<uuid:platform>/agreed", access=ADMIN)
def agree_platform(here: Here, platform: uuid.UUID) -> ResponseReturnValue:
    """What the LMS may tell us and we may ask it."""
    filled = fill(Agreed)
    if filled.form is None:
        raise NotFound(cause="not our form")
    agreed = connections.Agreed(**filled.form.model_dump())
    _found(
        lambda: connections.agree(
            here.db, here.viewer.organisation_id, platform, agreed, now=here.now, by=here.viewer.person_id
        )
    )
    return _back(platform, "agreed")


@room.post(f"{PLATFORMS}/<uuid:platform>/hosts", access=ADMIN)
def frame_platform(here: Here, platform: uuid.UUID) -> ResponseReturnValue:
    """Further hosts on which the LMS shows us in a frame."""
    mine, filled = _mine(here, platform), fill(Hosts)
    hosts, problem = "", filled.error("hosts")
    if filled.form:
        try:
            hosts = connections.frame_hosts(filled.form.hosts, Reach.of(here.settings))
        except WrongInput:
            problem = _("Een van deze adressen kunnen we niet gebruiken. Schrijf bijvoorbeeld leren.ziekenhuis.nl.")
    if problem:
        return _platform(here, mine, {"hosts": Filled(None, filled.typed, {"hosts": problem})}), 422
    connections.set_frame_hosts(
        here.db, here.viewer.organisation_id, platform, hosts, now=here.now, by=here.viewer.person_id
    )
    return _back(platform, "hosts")


@room.post(f"{PLATFORMS}/<uuid:platform>/<any(on, off):which>", access=ADMIN)
def switch_platform(here: Here, platform: uuid.UUID, which: str) -> ResponseReturnValue:
    """Let everybody in from there again, or nobody."""
    _found(
        lambda: connections.switch_platform(
            here.db,
            here.viewer.organisation_id,
            platform,
            on=which == "on",
            now=here.now,
            by=here.viewer.person_id,
        )
    )
    return _back(platform, which)


@room.post("/admin/deployments/<uuid:deployment>/accept", access=ADMIN)
def accept(here: Here, deployment: uuid.UUID) -> ResponseReturnValue:
    """Let launches of a waiting deployment in."""
    mine, waiting = _deployment(here, deployment)
    operations.accept_deployment(here.db, mine.id, waiting, now=here.now, by=here.viewer.person_id)
    return _back(mine.id, "on")


@room.post("/admin/deployments/<uuid:deployment>/name", access=ADMIN)
def rename_deployment(here: Here, deployment: uuid.UUID) -> ResponseReturnValue:
    """Call a placement something that people know."""
    mine, _id = _deployment(here, deployment)
    filled = fill(DeploymentName)
    if filled.form is None:
        return _platform(here, mine, {str(deployment): filled}), 422
    connections.rename_deployment(
        here.db, here.viewer.organisation_id, deployment, filled.form.name, now=here.now, by=here.viewer.person_id
    )
    return _back(mine.id, "name")


@room.post("/admin/deployments/<uuid:deployment>/<any(on, off):which>", access=ADMIN)
def switch_deployment(here: Here, deployment: uuid.UUID, which: str) -> ResponseReturnValue:
    """Let everybody in from this placement again, or nobody."""
    mine, _id = _deployment(here, deployment)
    connections.switch_deployment(
        here.db,
        here.viewer.organisation_id,
        deployment,
        on=which == "on",
        now=here.now,
        by=here.viewer.person_id,
    )
    return _back(mine.id, which)


def _deployment(here: Here, deployment: uuid.UUID) -> tuple[PlatformRow, str]:
    for mine in platforms(here.db, here.viewer.organisation_id):
        for one in mine.deployments:
            if one.id == deployment:
                return mine, one.deployment_id
    raise NotFound(cause="a deployment of another organisation, or none")


def _found(do: Callable[[], None]) -> None:
    try:
        do()
    except LookupError:
        raise NotFound(cause="a platform of another organisation, or none") from None


def _back(platform_id: uuid.UUID, code: str) -> ResponseReturnValue:
    return redirect(f"{PLATFORMS}/{platform_id}?done={code}", 303)
