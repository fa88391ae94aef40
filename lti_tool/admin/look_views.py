"""The console's page about looks: language to begin with, colour, logo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, g, redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.admin.forms import Colour, DefaultLanguage
from lti_tool.admin.pages import frame
from lti_tool.admin.queries import default_language
from lti_tool.admin.room import ADMIN, room
from lti_tool.organisations import logos, look
from lti_tool.organisations.addresses import WrongInput
from lti_tool.web import themes
from lti_tool.web.errors import BadInput, NotFound
from lti_tool.web.forms import Filled, blank, fill
from lti_tool.web.language import _, lazy
from lti_tool.web.pages import done, look_of, render
from lti_tool.web.routes import Here
from lti_tool.web.runtime import runtime

LOOK = "/admin/look"
DONE = {
    "language": lazy("De taal is bewaard."),
    "colour": lazy("De kleur is bewaard. Zo zien jullie collega’s Leerkring nu."),
    "default": lazy("Jullie hebben weer de kleur van Leerkring."),
    "logo": lazy("Het logo is bewaard."),
    "no-logo": lazy("Het logo is weg."),
}
"""By `?done=`, see `web.pages.done`."""


@room.get(LOOK, access=ADMIN, endpoint="look")
def index(here: Here) -> ResponseReturnValue:
    """How it looks now, and what may be chosen."""
    return _page(here)


def _page(here: Here, colour: Filled[Any] | None = None, *, tried: str | None = None, logo_error: str = "") -> str:
    """`tried`: a colour to show before it is kept."""
    shown = here.viewer.accent if tried is None else tried
    shown = shown or themes.tokens("day")["basis-color-action-1-color-default"]
    return render(
        "admin/look.html",
        **frame(here, LOOK),
        default_language=default_language(here.db, here.viewer.organisation_id),
        colour=colour or blank(accent=here.viewer.accent),
        shown=shown,
        tried=tried,
        passes=look.passes(shown),
        nearest=look.nearest(shown),
        contrasts=look.contrasts(shown),
        logo_error=logo_error,
        own=look_of(here.viewer),
        notices=done(DONE),
    )


@room.post(LOOK, access=ADMIN)
def choose_colour(here: Here) -> ResponseReturnValue:
    """Show a colour, or keep it; one that can't be read everywhere is refused, with the nearest that can."""
    filled = fill(Colour)
    if filled.form is None:
        return _page(here, filled), 422
    accent = filled.form.accent
    if filled.form.do == "look":
        return _page(here, filled, tried=accent)
    if accent and not look.passes(accent):
        problem = _("Deze kleur is niet overal goed te lezen. Kies %(colour)s.", colour=look.nearest(accent))
        return _page(here, Filled(None, filled.typed, {"accent": problem}), tried=accent), 422
    look.choose(here.db, here.viewer.organisation_id, accent=accent, now=here.now, by=here.viewer.person_id)
    return redirect(f"{LOOK}?done={'colour' if accent else 'default'}", 303)


@room.get("/admin/look/preview.css", access=ADMIN)
def look_preview(here: Here) -> ResponseReturnValue:
    """Day and night in a colour, for the page above: it may hold no styles of its own."""
    colour = themes.parse(request.args.get("accent", ""))
    if colour is None:
        raise NotFound
    return Response(look.preview(themes.hexadecimal(colour)), mimetype="text/css")


@room.post("/admin/look/language", access=ADMIN)
def choose_default_language(here: Here) -> ResponseReturnValue:
    """The language of who comes in without saying theirs."""
    filled = fill(DefaultLanguage)
    if filled.form is None:
        raise BadInput(cause="not one of the languages")
    look.choose(
        here.db,
        here.viewer.organisation_id,
        language=filled.form.language,
        now=here.now,
        by=here.viewer.person_id,
    )
    return redirect(f"{LOOK}?done=language", 303)


@room.post("/admin/look/logo", access=ADMIN, transaction="own")
def upload_logo(here: Here) -> ResponseReturnValue:
    """Make the picture anew and keep it. That takes a moment, in which no other writer should wait."""
    database, given = runtime().database, request.files.get("logo")
    try:
        png = logos.remake(given.read(logos.MOST_BYTES + 1) if given else b"")
    except WrongInput as wrong:
        with database.reading() as db:
            g.here = replace(here, db=db)
            return _page(g.here, logo_error=str(wrong)), 422
    with database.writing() as db:
        look.keep_logo(db, here.viewer.organisation_id, png, now=here.now, by=here.viewer.person_id)
    return redirect(f"{LOOK}?done=logo", 303)


@room.post("/admin/look/logo/remove", access=ADMIN)
def remove_logo(here: Here) -> ResponseReturnValue:
    """Our own mark again."""
    look.keep_logo(here.db, here.viewer.organisation_id, None, now=here.now, by=here.viewer.person_id)
    return redirect(f"{LOOK}?done=no-logo", 303)
