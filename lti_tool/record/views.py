"""My portfolio: moments and formal results by month, suggestions, sharing, and taking it along."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.record import forms, operations, queries
from lti_tool.record.forms import MomentForm
from lti_tool.record.models import MomentKind
from lti_tool.record.operations import AlreadyThere, What
from lti_tool.record.queries import FormalResult, OwnMoment
from lti_tool.record.words import DONE, KINDS, LINES, paragraphs, period, suggested_title
from lti_tool.web import slots
from lti_tool.web.csv_files import write
from lti_tool.web.errors import NotFound
from lti_tool.web.forms import Filled, blank
from lti_tool.web.language import _, language, local, month
from lti_tool.web.pages import done, render
from lti_tool.web.routes import SIGNED_IN, Here, Room

room = Room("record", __name__)
HOME = "/me/portfolio"


class Month(NamedTuple):
    """What one month of a year holds, the last first."""

    number: int
    moments: list[OwnMoment]
    formal: list[FormalResult]


@room.get(HOME, access=SIGNED_IN)
def portfolio(here: Here) -> ResponseReturnValue:
    """One's own year: moments beside formal results, and what may be taken up."""
    this_year = local(here.now).year
    year = request.args.get("year", this_year, type=int)
    if not forms.OLDEST.year <= year <= 2100:
        raise NotFound
    moments = queries.moments(here.db, here.viewer, year)
    formal = queries.formal_results(here.db, here.viewer, year)
    years = set(queries.years(here.db, here.viewer)) | {this_year, year}
    months = _months(moments, formal)
    changed = request.args.get("month", type=int)
    back = [
        (_("Naar %(month)s", month=month(date(year, one.number, 1))), f"#m{one.number}")
        for one in months
        if one.number == changed
    ]
    return _page(
        "portfolio.html",
        "moments",
        notices=done(DONE, back),
        year=year,
        years=sorted(years, reverse=True),
        months=months,
        moments=moments,
        formal=formal,
        minutes=sum(one.minutes for one in moments),
        points=float(sum(one.points for one in formal)),
        suggestions=queries.suggestions(here.db, here.viewer, here.now) if year == this_year else [],
        shared_count=len(queries.shared(here.db, here.viewer)),
        sharing=request.args.get("share", ""),
        matched=here.viewer.staff_id is not None,
        counted=here.viewer.counted,
        suggested_title=suggested_title,
        period=period,
        beside=slots.ask("portfolio.side", here),
    )


def _months(moments: list[OwnMoment], formal: list[FormalResult]) -> list[Month]:
    own = {month: list(some) for month, some in groupby(moments, lambda one: one.happened_on.month)}
    theirs = {month: list(some) for month, some in groupby(formal, lambda one: one.completed_on.month)}
    return [Month(n, own.get(n, []), theirs.get(n, [])) for n in range(12, 0, -1) if n in own or n in theirs]


@room.get(f"{HOME}/new", access=SIGNED_IN)
def new(here: Here) -> ResponseReturnValue:
    """The form of a new moment, perhaps with what a conversation gives."""
    typed = {"kind": MomentKind.OWN.value, "happened_on": local(here.now).date().isoformat()}
    source = _source(request.args.get("from", ""))
    conversation = queries.conversation_of(source)
    if conversation:
        if before := queries.moment_from(here.db, here.viewer, source):
            return redirect(f"{HOME}/{before}", 303)
        if found := queries.suggestion_of(here.db, here.viewer, conversation, here.now):
            typed = {"kind": found.kind.value, "happened_on": found.last_day.isoformat()}
            typed["title"] = suggested_title(found)
    return _form(blank(**typed), source=source)


@room.post(f"{HOME}/new", access=SIGNED_IN)
def add(here: Here) -> ResponseReturnValue:
    """Keep a moment."""
    filled, source = forms.read(here.now), _source(request.form.get("source", ""))
    if filled.form is None:
        return _form(filled, source=source), 422
    try:
        operations.add(here.db, here.viewer, _what(filled.form), source=source or None, now=here.now)
    except AlreadyThere as refusal:
        return _form(filled, source=source, already=refusal), 409
    return _back(filled.form, "kept")


@room.get(f"{HOME}/<uuid:moment_id>", access=SIGNED_IN)
def edit(here: Here, moment_id: uuid.UUID) -> ResponseReturnValue:
    """The form of one's own moment."""
    moment = _own(here, moment_id)
    typed = {"kind": moment.kind.value, "title": moment.title, "happened_on": moment.happened_on.isoformat()}
    words = {"minutes": str(moment.minutes), "learned": moment.learned, "plan": moment.plan}
    return _form(blank(**typed, **words), moment=moment)


@room.post(f"{HOME}/<uuid:moment_id>", access=SIGNED_IN)
def change(here: Here, moment_id: uuid.UUID) -> ResponseReturnValue:
    """Change one's own moment."""
    moment = _own(here, moment_id)
    filled = forms.read(here.now)
    if filled.form is None:
        return _form(filled, moment=moment), 422
    operations.change(here.db, here.viewer, moment_id, _what(filled.form), now=here.now)
    return _back(filled.form, "kept")


@room.get(f"{HOME}/<uuid:moment_id>/delete", access=SIGNED_IN)
def ask(here: Here, moment_id: uuid.UUID) -> ResponseReturnValue:
    """Ask once whether a moment may go."""
    return _page("delete.html", "moments", moment=_own(here, moment_id))


@room.post(f"{HOME}/<uuid:moment_id>/delete", access=SIGNED_IN)
def remove(here: Here, moment_id: uuid.UUID) -> ResponseReturnValue:
    """Delete one's own moment."""
    moment = _own(here, moment_id)
    operations.remove(here.db, here.viewer, moment_id, now=here.now)
    return redirect(f"{HOME}?year={moment.happened_on.year}", 303)


@room.post(f"{HOME}/<uuid:moment_id>/share", access=SIGNED_IN)
def share(here: Here, moment_id: uuid.UUID) -> ResponseReturnValue:
    """Let a moment count for HR. What they get stood above the button."""
    operations.share(here.db, here.viewer, moment_id, now=here.now)
    return _back(_own(here, moment_id), "shared")


@room.post(f"{HOME}/<uuid:moment_id>/withdraw", access=SIGNED_IN)
def withdraw(here: Here, moment_id: uuid.UUID) -> ResponseReturnValue:
    """Take a share back, from the portfolio or from the list of what is shared."""
    operations.withdraw(here.db, here.viewer, moment_id)
    if request.form.get("to") == "shared":
        return redirect(f"{HOME}/shared?done=withdrawn", 303)
    return _back(_own(here, moment_id), "withdrawn")


@room.post(f"{HOME}/skip", access=SIGNED_IN)
def skip(here: Here) -> ResponseReturnValue:
    """Skip one suggestion, or all there are."""
    found = [one.source for one in queries.suggestions(here.db, here.viewer, here.now)]
    if (source := request.form.get("source")) is not None:
        found = [one for one in found if one == source]
    operations.skip(here.db, here.viewer, found, now=here.now)
    return redirect(HOME, 303)


@room.get(f"{HOME}/formal", access=SIGNED_IN)
def formal(here: Here) -> ResponseReturnValue:
    """One's own formal results of all years, or how to find them."""
    results = queries.formal_results(here.db, here.viewer)
    years = [(year, list(some)) for year, some in groupby(results, lambda one: one.completed_on.year)]
    matched = here.viewer.staff_id is not None
    context: dict[str, Any] = {"years": years, "matched": matched}
    if matched:
        context["readers"] = {
            "icon": "eye",
            "bold": _("Jij en HR zien dit."),
            "text": _("Deze resultaten komen uit een bestand van je organisatie."),
        }
    return _page("formal.html", "formal", **context)


@room.get(f"{HOME}/shared", access=SIGNED_IN)
def shared(here: Here) -> ResponseReturnValue:
    """What HR may count, and what that means."""
    readers = {
        "icon": "lock",
        "bold": _("Alleen jij ziet deze lijst."),
        "text": _("HR ziet alleen opgetelde uren."),
    }
    moments = queries.shared(here.db, here.viewer)
    return _page("shared.html", "shared", readers=readers, moments=moments, notices=done(DONE))


@room.get(f"{HOME}.csv", access=SIGNED_IN)
def export(here: Here) -> ResponseReturnValue:
    """All of it as a spreadsheet: moments of all years, then formal results."""
    header = [
        _("datum"), _("soort"), _("titel"), _("minuten"), _("wat ik leerde"), _("wat ik ga doen"),
        _("gedeeld met HR"), _("aanbieder"), _("register"), _("punten"), _("certificaat"),
    ]  # fmt: skip
    own = [
        (one.happened_on, KINDS[one.kind], one.title, one.minutes, one.learned, one.plan,
         _("ja") if one.shared_at else _("nee"), "", "", "", "")
        for one in queries.moments(here.db, here.viewer)
    ]  # fmt: skip
    theirs = [
        (one.completed_on, _("formeel resultaat"), one.title, int(one.hours * 60), "", "", "",
         one.provider, one.accreditor, _plain(one.points), one.certificate)
        for one in queries.formal_results(here.db, here.viewer)
    ]  # fmt: skip
    # A Dutch Excel opens a file with semicolons in columns, an English one with commas.
    text = write(header, [*own, *theirs], delimiter=";" if language() == "nl" else ",")
    response = Response(text, content_type="text/csv; charset=utf-8")
    name = f"portfolio-{local(here.now):%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _plain(points: Decimal) -> str:
    """For a spreadsheet: without a mark between thousands."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language() == "nl" else text


def _own(here: Here, moment_id: uuid.UUID) -> OwnMoment:
    if (moment := queries.moment(here.db, here.viewer, moment_id)) is None:
        raise NotFound
    return moment


def _source(given: str) -> str:
    return given if queries.conversation_of(given) else ""


def _what(form: MomentForm) -> What:
    return What(**form.model_dump())


def _back(moment: MomentForm | OwnMoment, what: str) -> ResponseReturnValue:
    """To the top of the year, where it says what was done; from there one goes on to the month."""
    day = moment.happened_on
    return redirect(f"{HOME}?year={day.year}&month={day.month}&done={what}", 303)


def _form(
    filled: Filled[MomentForm],
    *,
    source: str = "",
    moment: OwnMoment | None = None,
    already: AlreadyThere | None = None,
) -> str:
    kinds = [(kind.value, label) for kind, label in KINDS.items()]
    return _page("moment.html", "moments", filled=filled, source=source, moment=moment, already=already, kinds=kinds)


def _page(template: str, current: str, **context: Any) -> str:
    menu = [
        (_("Mijn leermomenten"), HOME, current == "moments", 0),
        (_("Formeel"), f"{HOME}/formal", current == "formal", 0),
        (_("Gedeeld"), f"{HOME}/shared", current == "shared", 0),
        (_("Meenemen"), f"{HOME}#take-along", False, 0),
    ]
    readers = {
        "icon": "lock",
        "bold": _("Alleen jij ziet dit."),
        "text": _("Tot je zelf iets deelt. Intrekken kan altijd."),
    }
    shown = {"readers": readers, "lines": LINES, "paragraphs": paragraphs, **context}
    return render(f"record/{template}", heading=_("Mijn portfolio"), menu=menu, home=HOME, **shown)
