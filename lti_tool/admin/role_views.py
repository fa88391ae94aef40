"""The console's page about who is admin, HR and privacy officer. No role of an LMS counts."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from flask import redirect
from flask.typing import ResponseReturnValue
from pydantic import Field

from lti_tool.admin.pages import frame
from lti_tool.admin.room import ADMIN, room
from lti_tool.people import operations, roles
from lti_tool.web.errors import BadInput, NotFound
from lti_tool.web.forms import Filled, Form, Line, blank, fill
from lti_tool.web.language import _, lazy
from lti_tool.web.pages import done, render
from lti_tool.web.routes import Here

ROLES = "/admin/roles"
DONE = {
    "taken": lazy("De rol is weggehaald. Dat geldt meteen."),
    "looked": lazy("Genoteerd: de rollen zijn nagekeken."),
}
"""By `?done=`, see `web.pages.done`."""


class NewHolder(Form):
    """For whom a one-time address is."""

    name: Line = Field(min_length=1, max_length=80)
    role: Literal["admin", "hr", "officer"]


class Taken(Form):
    """Which role goes."""

    role: Literal["admin", "hr", "officer"]


@room.get(ROLES, access=ADMIN, endpoint="roles")
def index(here: Here) -> ResponseReturnValue:
    """Everybody with a role."""
    return _roles(here, blank())


def _roles(here: Here, form: Filled[Any], *, link: str = "", problem: str = "") -> str:
    return render(
        "admin/roles.html",
        **frame(here, ROLES),
        holders=roles.holders(here.db, here.viewer.organisation_id, now=here.now),
        form=form,
        link=f"{here.settings.base_url}/signin/{link}" if link else "",
        role_name=role_name,
        notices=[("fault", problem, None)] if problem else done(DONE),
    )


def role_name(role: str) -> str:
    """What a role is called on screen."""
    return {"admin": _("beheerder"), "hr": _("HR"), "officer": _("privacyfunctionaris")}[role]


@room.post(ROLES, access=ADMIN, endpoint="give_role")
def give(here: Here) -> ResponseReturnValue:
    """Give a role by a one-time address, shown this once."""
    filled = fill(NewHolder)
    if filled.form is None:
        return _roles(here, filled), 422
    token = operations.grant_by_link(
        here.db,
        here.viewer.organisation_id,
        filled.form.role,
        name=filled.form.name,
        now=here.now,
        by=here.viewer.person_id,
    )
    return _roles(here, blank(), link=token)


@room.post(f"{ROLES}/<uuid:person>/link", access=ADMIN)
def role_link(here: Here, person: uuid.UUID) -> ResponseReturnValue:
    """Another one-time address for somebody who has a role, shown this once."""
    try:
        token = roles.new_link(here.db, here.viewer.organisation_id, person, now=here.now, by=here.viewer.person_id)
    except LookupError:
        raise NotFound(cause="nobody with a role in this organisation") from None
    return _roles(here, blank(), link=token)


@room.get(f"{ROLES}/<uuid:person>/link", access=ADMIN, endpoint="role_link_again")
def role_link_again(here: Here, person: uuid.UUID) -> ResponseReturnValue:
    """Where a second click on that button leads."""
    return redirect(ROLES, 303)


@room.post(f"{ROLES}/<uuid:person>/take", access=ADMIN)
def take_role(here: Here, person: uuid.UUID) -> ResponseReturnValue:
    """Take a role away."""
    filled = fill(Taken)
    if filled.form is None:
        raise BadInput(cause="not one of the roles")
    try:
        roles.take_away(
            here.db, here.viewer.organisation_id, filled.form.role, person, now=here.now, by=here.viewer.person_id
        )
    except LookupError:
        raise NotFound(cause="nobody with that role in this organisation") from None
    except roles.LastAdmin:
        problem = _("Dit is de laatste beheerder die nog naar binnen kan. Maak eerst iemand anders beheerder.")
        return _roles(here, blank(), problem=problem), 409
    return redirect(f"{ROLES}?done=taken" if person != here.viewer.person_id else "/spaces", 303)
