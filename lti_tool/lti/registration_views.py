"""The page by which an LMS is connected, opened in Moodle's window or in Canvas's frame: no cookie, no session."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from lti_tool.lti import canvas_key, offer, registering, registration
from lti_tool.lti.registering import Choices
from lti_tool.lti.registration_refusals import AnswerLost
from lti_tool.lti.room import room
from lti_tool.organisations.registration import Code
from lti_tool.web import forms, language, pages
from lti_tool.web.errors import log
from lti_tool.web.language import _
from lti_tool.web.routes import PUBLIC, Here, exists
from lti_tool.web.runtime import runtime


class RegisterForm(forms.Form):
    """What an admin fills in, and what their form carries along."""

    token: forms.Line = Field(default="", max_length=100)
    code: forms.Line = Field(default="", max_length=100)
    choice: forms.Line = Field(default="", max_length=40)
    names: bool = False
    emails: bool = False
    roster: bool = False
    grades: bool = False


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    code: str = ""
    choice: str = ""
    names: bool = True
    emails: bool = False
    roster: bool = True
    grades: bool = False
    placements: frozenset[str] = frozenset(placement.name for placement in offer.PLACEMENTS)


@room.get("/register", access=PUBLIC, transaction="own")
def register_page(here: Here) -> ResponseReturnValue:
    """An LMS opens this for its admin; without what it brings along, where to paste the address."""
    language.use(request.args.get("lang"))
    url = request.args.get("openid_configuration", "")
    if not url:
        return pages.render("lti/register_where.html", **_known_pages(here))
    token = request.args.get("registration_token", "")
    opened = registration.open_page(
        _tool(), url[:2000], token[:8000], asked_from=request.remote_addr or "", now=here.now
    )
    switches: dict[str, Any] = (opened.switches if isinstance(opened, registration.Opened) else None) or {}
    return _answer(here, opened, Typed(**switches))


@room.post("/register", access=PUBLIC, transaction="own", csrf=False)
def register(here: Here) -> ResponseReturnValue:
    """The admin's form; one of its buttons only changes the language."""
    if unreadable := forms.receive():
        raise unreadable
    language.use(request.form.get("to") or request.form.get("language"))
    filled = forms.fill(RegisterForm)
    form = filled.form or RegisterForm(token=filled.value("token")[:100])
    values = {name: getattr(form, name) for name in ("names", "emails", "roster", "grades")}
    spots = frozenset(request.form.getlist("placements")) & Typed().placements
    typed = Typed(code=form.code, choice=form.choice, placements=spots, **values)
    opened = registration.reopen(_tool(), form.token, now=here.now)
    if request.form.get("to"):
        return _answer(here, opened, typed)
    if isinstance(opened, registration.Opened) and (lacks := _lacks(opened, typed)):
        return _answer(here, opened, typed, *lacks)
    wish = registration.Wish(
        token=form.token,
        code=form.code,
        choices=Choices(**values, placements=spots, language=language.language()),
        choice=form.choice,
    )
    try:
        stepped = registration.register(_tool(), wish, clock=runtime().clock)
    except AnswerLost as lost:
        # Only Moodle tells whether it did it the first time, so only there the same form may be sent once more.
        lost.details["retry"] = _again(wish) if lost.may_retry else []
        raise
    problem = _code_problem(stepped.code) if isinstance(stepped, registration.Opened) and stepped.code else None
    return _answer(here, stepped, typed, problem)


@room.get("/canvas.json", access=PUBLIC, transaction="own")
def canvas_json(here: Here) -> ResponseReturnValue:
    """What an admin of Canvas pastes as JSON URL. `?email=yes`, `?grades=yes`, `?names=no`, `?roster=no` choose."""
    said = {name: request.args.get(name) for name in ("names", "email", "roster", "grades")}
    response = jsonify(
        canvas_key.as_json(
            offer.Addresses(here.settings.base_url),
            names=said["names"] != "no",
            emails=said["email"] == "yes",
            roster=said["roster"] != "no",
            grades=said["grades"] == "yes",
        )
    )
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _tool() -> registration.Tool:
    rt = runtime()
    return registration.Tool(rt.database, rt.settings, rt.cipher)


def _lacks(opened: registration.Opened, typed: Typed) -> tuple[tuple[str, str], str] | None:
    """What must be filled in before anybody is asked anything: the title with its sentence, and where it stands."""
    if not typed.code:
        return (_("Vul je code in"), _("Zonder code kan niemand koppelen.")), "code"
    if registering.spots(opened.configuration) and not typed.placements:
        return (_("Kies minstens één plek"), _("Anders vindt niemand Leerkring.")), "spots"
    return None


def _answer(
    here: Here,
    found: registration.Opened | registration.Done,
    typed: Typed,
    problem: tuple[str, str] | None = None,
    problem_at: str = "code",
) -> Response:
    if isinstance(found, registration.Done):
        return _done_page(here, found)
    page = pages.render(
        "lti/register.html",
        token=found.token,
        lms=found.configuration,
        lms_name=found.configuration.product_name or _("je leeromgeving"),
        updates=found.updates,
        before=found.before,
        spots=registering.spots(found.configuration),
        roster_offered=_offers(found.configuration, [offer.ROSTER_SCOPE]),
        grades_offered=_offers(found.configuration, offer.GRADES_SCOPES),
        typed=typed,
        problem=problem,
        problem_at=problem_at,
    )
    # Any LMS may frame it: Canvas shows it under the customer's own host, which its configuration does not name.
    # Nobody gains by putting it under a victim's pointer, for without the code that is typed it does nothing.
    return make_response(page, 422 if problem or found.before else 200)


def _done_page(here: Here, done: registration.Done) -> Response:
    log.info("platform registered", product=done.product, updated=done.updated)
    manage = f"{done.issuer.rstrip('/')}/mod/lti/toolconfigure.php" if done.product == "moodle" else ""
    lms = done.lms or _("je leeromgeving")
    return make_response(pages.render("lti/registered.html", done=done, lms=lms, manage=manage, **_known_pages(here)))


def _code_problem(code: Code) -> tuple[str, str]:
    """The title and the sentence for a code that does not do."""
    return {
        "wrong": (
            _("Deze code kennen we niet"),
            _("Kijk of elk teken klopt. Hoofdletters en streepjes maken niet uit."),
        ),
        "used": (
            _("Deze code is al gebruikt"),
            _("Elke code werkt één keer. Vraag een nieuwe code bij wie Leerkring beheert."),
        ),
        "old": (
            _("Deze code is verlopen"),
            _("Een code werkt zeven dagen. Vraag een nieuwe code bij wie Leerkring beheert."),
        ),
        "busy": (
            _("Deze code is net in gebruik"),
            _("Iemand koppelt nu met deze code. Wacht twee minuten en probeer het opnieuw."),
        ),
    }[code.state]


def _offers(lms: Any, scopes: Any) -> bool:
    return lms.scopes is None or all(scope in lms.scopes for scope in scopes)


def _again(wish: registration.Wish) -> list[tuple[str, str]]:
    """The same form, as hidden fields."""
    said = asdict(wish.choices)
    switches = [(name, "yes") for name in ("names", "emails", "roster", "grades") if said[name]]
    spots = [("placements", name) for name in sorted(wish.choices.placements)]
    kept = [("token", wish.token), ("code", wish.code), ("choice", wish.choice), ("language", wish.choices.language)]
    return [*kept, *switches, *spots]


def _known_pages(here: Here) -> dict[str, Any]:
    addresses = offer.Addresses(here.settings.base_url)
    return {"register_url": addresses.register, "install": exists("/install")}
