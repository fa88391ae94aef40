"""Pages of doors: a link in a course that leads nowhere yet, or is a copy; and what a trekker does with them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from lti_tool.spaces import access, doors, links, queries
from lti_tool.spaces.access import InSpace, SpaceHere
from lti_tool.spaces.forms import Latch, OpenDoor
from lti_tool.spaces.policy import Action
from lti_tool.spaces.room import room, see
from lti_tool.web.errors import BadInput, NotAllowed, NotFound
from lti_tool.web.forms import Filled, blank, fill
from lti_tool.web.language import _
from lti_tool.web.pages import render
from lti_tool.web.routes import SIGNED_IN, Here


@room.get("/doors/<uuid:door_id>", access=SIGNED_IN)
def door(here: Here, door_id: uuid.UUID) -> ResponseReturnValue:
    """A link in a course that leads nowhere yet: a choice for who teaches there, patience for who learns."""
    found, space = _door(here, door_id)
    if space:
        return see(f"/s/{space.slug}")
    if found.space_slug:
        return render("spaces/door_elsewhere.html", door=found)
    if found.teaches and (copied := _copied(here, door_id)):
        return _ask(found, copied, blank(space="", lets_in="yes" if copied.lets_in else ""))
    if found.teaches:
        return _choose(here, found, blank(space="new"))
    return render("spaces/door_early.html", door=found)


@room.post("/doors/<uuid:door_id>", access=SIGNED_IN)
def open_door(here: Here, door_id: uuid.UUID) -> ResponseReturnValue:
    """Choose where it leads. Somebody may have done so meanwhile."""
    found, space = _door(here, door_id)
    if space:
        return see(f"/s/{space.slug}")
    if found.space_slug or not found.teaches:
        raise NotAllowed(_("Vraag het aan de docent van deze cursus."), cause="does not teach there")
    filled = fill(OpenDoor)
    if filled.form is None:
        copied = _copied(here, door_id)
        return (_ask(found, copied, filled) if copied else _choose(here, found, filled)), 422
    chosen, lets_in = filled.form.space, filled.form.lets_in
    if chosen == "new":
        return see(f"/spaces/new?door={door_id}")
    if chosen == "other":
        return see(f"/doors/{door_id}?choose=other")
    if chosen == "same":
        return see(f"/s/{doors.keep_same(here.db, here.viewer, door_id, lets_in=lets_in, now=here.now)}")
    if chosen == "empty":
        return see(f"/s/{doors.begin_empty(here.db, here.viewer, door_id, lets_in=lets_in, now=here.now)}")
    doors.open_door(here.db, here.viewer, door_id, chosen, lets_in=lets_in, now=here.now)
    return see(f"/doors/{door_id}")


def _copied(here: Here, door_id: uuid.UUID) -> doors.Copied | None:
    """What the link is a copy of, unless the teacher just said: neither."""
    if request.args.get("choose") == "other":
        return None
    return doors.copied(here.db, here.viewer, door_id, now=here.now)


def _ask(found: queries.DoorHere, copied: doors.Copied, filled: Filled[Any]) -> str:
    """The same space or a new, empty one? Once per copied link."""
    same = _("Dezelfde ruimte")
    empty = _("Een nieuwe, lege ruimte")
    options = [("other", _("Iets anders"), _("Een ruimte die je zelf kiest of begint."))]
    if copied.may_renew:
        means = _("Zelfde naam en zelfde afspraken. Geen gesprekken en nog niemand erin. Jij wordt trekker.")
        options.insert(0, ("empty", empty, means))
    if copied.may_keep:
        means = _("Beide cursussen komen in één ruimte uit. De oude gesprekken en mensen blijven.")
        options.insert(0, ("same", same, means))
    return render("spaces/door_copied.html", door=found, copied=copied, options=options, filled=filled)


def _door(here: Here, door_id: uuid.UUID) -> tuple[queries.DoorHere, SpaceHere | None]:
    found = queries.door_for(here.db, here.viewer, door_id)
    if found is None:
        raise NotFound
    space = access.find(here.db, here.viewer, found.space_slug, now=here.now) if found.space_slug else None
    return found, space if space and space.may(Action.LEARN) else None


def _choose(here: Here, found: queries.DoorHere, filled: Filled[Any]) -> str:
    led = queries.led_by(here.db, here.viewer)
    options = [
        ("new", _("Een nieuwe ruimte")),
        *((str(space_id), _("Een deur naar ‘%(title)s’", title=title)) for space_id, title in led),
    ]
    return render("spaces/door_choose.html", door=found, led=led, options=options, filled=filled)


@room.post("/s/<slug>/doors/<uuid:door_id>", access=InSpace(Action.LEAD))
def set_door(here: Here, slug: str, door_id: uuid.UUID) -> ResponseReturnValue:
    """Whether who comes through may join at once."""
    filled = fill(Latch)
    if filled.form is None:
        raise BadInput(cause="no latch")
    lets_in = filled.form.lets_in
    doors.set_door(here.db, here.place, here.viewer, door_id, lets_in=lets_in, now=here.now)
    return see(f"/s/{slug}/settings?done=saved")


@room.post("/s/<slug>/links/take-back", access=InSpace(Action.LEAD))
def take_link_back(here: Here, slug: str) -> ResponseReturnValue:
    """A link that nobody clicked yet opens nothing any more."""
    links.take_back(here.db, here.place, here.viewer, request.form.get("link", ""), now=here.now)
    return see(f"/s/{slug}/settings?done=saved")


@room.post("/s/<slug>/doors/<uuid:door_id>/close", access=InSpace(Action.LEAD))
def close_door(here: Here, slug: str, door_id: uuid.UUID) -> ResponseReturnValue:
    """Take the door away."""
    doors.close_door(here.db, here.place, here.viewer, door_id, now=here.now)
    return see(f"/s/{slug}/settings?done=saved")
