"""Pages about oneself: settings, leaving this computer, and signing in by a one-time address."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.people import operations, queries, roles
from lti_tool.people.forms import Language, Name, StaffCode, Theme, ThisIsMe
from lti_tool.people.viewer import short
from lti_tool.web import headers, language, session
from lti_tool.web.errors import BadInput, NotAllowed
from lti_tool.web.forms import Filled, Form, blank, check_csrf, fill
from lti_tool.web.language import _, lazy
from lti_tool.web.pages import done, render
from lti_tool.web.routes import PUBLIC, SIGNED_IN, Here, Room, exists

room = Room("people", __name__)
SETTINGS = "/me/settings"
DONE = {"saved": lazy("Bewaard.")}
"""By `?done=`, see `web.pages.done`."""
_AFTER_SIGN_IN = {"hr": "/reports", "admin": "/admin"}


@room.get(SETTINGS, access=SIGNED_IN)
def settings(here: Here) -> ResponseReturnValue:
    """One's own choices, and one's row in the staff list."""
    return _settings(here, {})


def _settings(here: Here, filled: Mapping[str, Filled[Any]]) -> str:
    me = queries.myself(here.db, here.viewer)
    return render(
        "people/settings.html",
        me=me,
        name=filled.get("name", blank(name=here.viewer.name_to_type)),
        code=filled.get("code", blank()),
        row=queries.staff_row(here.db, here.viewer),
        perhaps=queries.perhaps_me(here.db, here.viewer),
        export=exists("/me/export.json"),
        notices=done(DONE),
    )


def _saved() -> ResponseReturnValue:
    return redirect(f"{SETTINGS}?done=saved", 303)


@room.post("/me/settings/name", access=SIGNED_IN)
def choose_name(here: Here) -> ResponseReturnValue:
    """How colleagues see me from now on; what stands there keeps the name it was written under."""
    filled = fill(Name)
    if filled.form is None:
        return _settings(here, {"name": filled}), 422
    name = filled.form.name
    if name == short(queries.myself(here.db, here.viewer).name):
        name = ""
    operations.choose(here.db, here.viewer.person_id, chosen_name=name)
    return _saved()


def _valid(form: type[Form]) -> Any:
    filled = fill(form)
    if filled.form is None:
        raise BadInput(cause="not one of the choices")
    return filled.form


@room.post("/me/settings/language", access=SIGNED_IN)
def choose_language(here: Here) -> ResponseReturnValue:
    """Dutch or English."""
    operations.choose(here.db, here.viewer.person_id, language=_valid(Language).language)
    return _saved()


@room.post("/me/settings/theme", access=SIGNED_IN)
def choose_theme(here: Here) -> ResponseReturnValue:
    """Day, night, high contrast, or as the device is."""
    operations.choose(here.db, here.viewer.person_id, theme=_valid(Theme).theme)
    return _saved()


@room.post("/me/settings/staff", access=SIGNED_IN)
def this_is_me(here: Here) -> ResponseReturnValue:
    """Say that the row that was shown is about me. No other row can be claimed this way."""
    row = queries.perhaps_me(here.db, here.viewer)
    if row is None or row.id != _valid(ThisIsMe).staff:
        raise NotAllowed(
            _("Vraag HR om een code. Daarmee koppel je jezelf aan de personeelslijst."), cause="not that row"
        )
    operations.confirm_staff_row(here.db, here.viewer.person_id, here.viewer.organisation_id, row.id)
    return _saved()


@room.post("/me/settings/code", access=SIGNED_IN)
def use_code(here: Here) -> ResponseReturnValue:
    """Meet the staff list by a one-use code."""
    filled = fill(StaffCode)
    me = here.viewer
    if filled.form and operations.use_staff_code(
        here.db, me.person_id, me.organisation_id, filled.form.code, now=here.now
    ):
        return _saved()
    problem = filled.error("code") or _("Deze code werkt niet. Misschien is hij al gebruikt of te oud.")
    return _settings(here, {"code": Filled(None, filled.typed, {"code": problem})}), 422


@room.post("/me/leave-session", access=SIGNED_IN)
def leave_session(here: Here) -> ResponseReturnValue:
    """Not you? End the session on this computer at once."""
    session.end(here.db, here.viewer.session_id)
    return session.forget(make_response(redirect("/signed-out", 303)))


@room.get("/signed-out", access=PUBLIC)
def signed_out(here: Here) -> ResponseReturnValue:
    """How to come back."""
    return redirect("/spaces", 303) if here.viewer else render("people/signed_out.html")


@room.get("/signin/<token>", access=PUBLIC)
def sign_in_page(here: Here, token: str) -> ResponseReturnValue:
    """Ask first: scanners of mail open every link, and this one works once."""
    headers.frame_only("")
    if not queries.sign_in_link_holds(here.db, token, now=here.now):
        return render("people/sign_in_over.html"), 410
    me = here.viewer
    mine = me is not None and roles.may_take_over(here.db, token, me.organisation_id, me.person_id, now=here.now)
    return render("people/sign_in.html", token=token, name=me.display_name if mine else "")


@room.post("/signin/<token>", access=PUBLIC, csrf=False)
def sign_in(here: Here, token: str) -> ResponseReturnValue:
    """Use the address up. A form on another site can't do it in somebody's place."""
    headers.frame_only("")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise BadInput(cause="a sign-in form on another site")
    if request.form.get("for") == "me":
        return _for_me(here, token)
    person_id = operations.use_sign_in_link(here.db, token, now=here.now)
    if person_id is None:
        return render("people/sign_in_over.html"), 410
    opened = session.begin(here.db, person_id, now=here.now, language=language.language())
    return session.attach(make_response(redirect(_after_sign_in(here, person_id), 303)), opened)


def _for_me(here: Here, token: str) -> ResponseReturnValue:
    """Who is in already by a launch takes the role, so that their next launch opens it too."""
    check_csrf()
    me = here.viewer
    if not roles.take_over(here.db, token, me.organisation_id, me.person_id, now=here.now):
        return render("people/sign_in_over.html"), 410
    return redirect(_after_sign_in(here, me.person_id), 303)


def _after_sign_in(here: Here, person_id: uuid.UUID) -> str:
    held = queries.roles_of(here.db, person_id)
    return next((path for role, path in _AFTER_SIGN_IN.items() if role in held and exists(path)), "/spaces")
