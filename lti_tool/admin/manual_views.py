"""The console's form for an LMS that does not connect itself: what the LMS shows is typed over, and tried at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from flask import g, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import Field, field_validator

from lti_tool.admin.pages import frame
from lti_tool.admin.room import ADMIN, room
from lti_tool.lti.offer import Addresses
from lti_tool.organisations import by_hand, connections, keys, operations
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.organisations.operations import NewPlatform
from lti_tool.web.errors import BadInput
from lti_tool.web.forms import Filled, Form, Line, blank, fill
from lti_tool.web.language import _
from lti_tool.web.pages import render
from lti_tool.web.routes import Here
from lti_tool.web.runtime import runtime

NEW = "/admin/platforms/new"
PRODUCTS = ("moodle", "canvas", "other")
FIELDS = ("issuer", *by_hand.ADDRESSES)


class Manual(Form):
    """What comes back from an LMS. Empty addresses follow from `site`."""

    product: Literal["moodle", "canvas", "other"]
    name: Line = Field(min_length=1, max_length=200)
    site: Line = Field(default="", max_length=500)
    environment: Literal["production", "beta", "test", "own"] = "production"
    site_before: Line = Field(default="", max_length=500)
    """What the addresses below were made from, if they stood there when the page was sent."""
    environment_before: Line = Field(default="", max_length=20)
    client_id: Line = Field(min_length=1, max_length=255)
    deployment_id: Line = Field(default="", max_length=255)
    issuer: Line = Field(default="", max_length=500)
    jwks_url: Line = Field(default="", max_length=1000)
    token_url: Line = Field(default="", max_length=1000)
    auth_url: Line = Field(default="", max_length=1000)
    anyway: bool = False
    """The LMS is out of order now; keep it all the same."""

    @field_validator("name", "client_id", "deployment_id")
    @classmethod
    def _can_be_shown(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(_("Hier staan tekens in die niet te tonen zijn. Typ het over."))
        return value


@room.get(NEW, access=ADMIN)
def new_platform(here: Here) -> ResponseReturnValue:
    """The form for one kind of LMS; without script another kind is another address."""
    product = request.args.get("product", "moodle")
    if product not in PRODUCTS:
        product = "other"
    return _page(here, blank(product=product, environment="production"))


def _page(here: Here, form: Filled[Any], problems: Mapping[str, by_hand.Problem] | None = None) -> str:
    problems = problems or {}
    return render(
        "admin/platform_new.html",
        **frame(here, NEW),
        form=form,
        product=form.value("product") or "moodle",
        problems=problems,
        alike=_alike(problems),
        passing=bool(problems) and all(problem.passing for problem in problems.values()),
        addresses_open=bool(problems) or any(form.value(name) or form.error(name) for name in FIELDS),
        addresses=Addresses(here.settings.base_url),
    )


def _alike(problems: Mapping[str, by_hand.Problem]) -> list[tuple[list[str], by_hand.Problem]]:
    """Fields with the same problem together: an LMS that is away is away at each of its addresses."""
    found: dict[tuple[str, str], tuple[list[str], by_hand.Problem]] = {}
    for name, problem in problems.items():
        found.setdefault((problem.what, problem.who), ([], problem))[0].append(name)
    return list(found.values())


@room.post(NEW, access=ADMIN, transaction="own")
def make_platform(here: Here) -> ResponseReturnValue:
    """Look at every address first; keep it when all answer as they should. Nothing typed is lost."""
    if request.form.get("product") not in PRODUCTS:
        raise BadInput(cause="no such product")
    filled = _complete(fill(Manual))
    if filled.form is None:
        return _again(here, filled)
    form, reach = filled.form, Reach.of(here.settings)
    if wrong := by_hand.site_problem(form.product, form.site, reach):
        derived = by_hand.preset(form.product, form.site, form.environment)
        typed = {name: "" if value == derived.get(name) else value for name, value in filled.typed.items()}
        return _again(here, Filled(None, typed, {"site": str(wrong)}))
    problems = by_hand.problems(filled.typed, reach)
    if problems and not (form.anyway and all(problem.passing for problem in problems.values())):
        return _again(here, filled, problems)
    new = NewPlatform(
        organisation=here.viewer.organisation_slug,
        name=form.name,
        issuer=filled.value("issuer"),
        client_id=form.client_id,
        auth_url=filled.value("auth_url"),
        token_url=filled.value("token_url"),
        jwks_url=filled.value("jwks_url"),
        deployment_ids=(form.deployment_id,) if form.deployment_id else (),
        product=form.product,
    )
    rt = runtime()
    try:
        with rt.database.writing() as db:
            me = here.viewer.person_id
            made = operations.add_platform(db, new, now=here.now, reach=reach, by=me)
            if form.product == "canvas" and form.site:
                hosts = connections.frame_hosts(form.site, reach)
                connections.set_frame_hosts(db, here.viewer.organisation_id, made, hosts, now=here.now, by=me)
            keys.ensure_key(db, rt.cipher, now=here.now)
    except WrongInput:
        # All else was looked at: what is left is that this LMS is here already.
        known = _("Deze client-ID is al gekoppeld. Staat ze niet bij Koppelingen? Vraag dan wie Leerkring beheert.")
        return _again(here, Filled(None, filled.typed, {"client_id": known}))
    return redirect(f"/admin/platforms/{made}?done=made", 303)


def _complete(filled: Filled[Manual]) -> Filled[Manual]:
    """With the addresses that follow from the site, and a sentence at each that is missing."""
    typed = dict(filled.typed)
    given = _made_of(typed, "site", "environment")
    before = _made_of(typed, "site_before", "environment_before")
    for name in FIELDS:
        said = typed.get(name, "").strip()
        # An address that we made ourselves follows when the site is mended; what somebody typed stays.
        typed[name] = given.get(name, "") if said in {"", before.get(name)} else said
    missing = {name: _("Vul dit in.") for name in FIELDS if not typed[name]}
    if missing and typed["product"] != "other" and not typed.get("site", "").strip():
        missing = {"site": _("Vul dit in.")}
    if not missing:
        return replace(filled, typed=typed)
    return Filled(None, typed, {**missing, **filled.errors})


def _made_of(typed: Mapping[str, str], site: str, environment: str) -> dict[str, str]:
    which = typed.get(environment, "")
    which = which if which in {"production", "beta", "test", "own"} else "production"
    return by_hand.preset(typed["product"], typed.get(site, ""), which)


def _again(
    here: Here, filled: Filled[Any], problems: Mapping[str, by_hand.Problem] | None = None
) -> ResponseReturnValue:
    with runtime().database.reading() as db:
        g.here = replace(here, db=db)
        return _page(g.here, Filled(None, filled.typed, filled.errors), problems), 422
