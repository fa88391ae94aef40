"""The report for people with the HR role: a page and a file. For programs see `api.py`."""

from __future__ import annotations

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.activity.operations import quarter_of
from lti_tool.reports import operations, pages, queries
from lti_tool.reports.api import note_reading, room
from lti_tool.reports.queries import Report
from lti_tool.web import csv_files
from lti_tool.web.errors import NotFound
from lti_tool.web.language import _, language, local
from lti_tool.web.pages import render
from lti_tool.web.routes import Here, OrganisationRole

__all__ = ["room"]
HR = OrganisationRole("hr")


@room.get("/reports", access=HR)
def index(here: Here) -> ResponseReturnValue:
    """The figures of a quarter, or why there are none yet."""
    organisation_id = here.viewer.organisation_id
    periods = queries.periods(here.db, organisation_id)
    staff_list = queries.staff_list(here.db, organisation_id, now=here.now)
    common = {"heading": _("Rapport"), "readers": _readers(), "staff_list": staff_list}
    if not periods:
        return render("reports/empty.html", **common)
    report = _report(here, periods[0])
    return render(
        "reports/activity.html",
        **common,
        report=report,
        quarter=pages.quarter(report.period),
        periods=[(pages.quarter(period), f"/reports?period={period}") for period in periods],
        lead=pages.lead(report),
        bars=(bars := pages.bars(report)),
        top=-(-max((value or 0 for _, value, _ in bars), default=0) // 10) * 10 or 10,
        table=pages.table(report),
    )


@room.get("/reports/activity.csv", access=HR)
def spreadsheet(here: Here) -> ResponseReturnValue:
    """The same figures as a file that a spreadsheet of the reader's language opens by itself."""
    report = _report(here, quarter_of(local(here.now).date()))
    delimiter = ";" if language() == "nl" else ","
    body = csv_files.write(pages.columns(), pages.sheet(report), delimiter=delimiter)
    name = f"leerkring-{report.period}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, content_type="text/csv; charset=utf-8", headers=headers)


@room.post("/reports/snapshot", access=HR)
def take(here: Here) -> ResponseReturnValue:
    """Take the first figures of the quarter now; under the rule of the schedule, once a week at most."""
    period = quarter_of(local(here.now).date())
    operations.take_snapshot(
        here.db,
        here.settings,
        here.viewer.organisation_id,
        period,
        now=here.now,
        force=False,
        actor_id=here.viewer.person_id,
    )
    return redirect("/reports", 303)


def _report(here: Here, default: str) -> Report:
    found = queries.report(here.db, here.viewer.organisation_id, request.args.get("period", default))
    if found is None:
        raise NotFound(cause="no figures of that period")
    viewer = here.viewer
    note_reading(here, viewer.organisation_id, viewer.person_id, f"report:{found.period}/{found.by}")
    return found


def _readers() -> dict[str, str]:
    return {
        "icon": "lock",
        "bold": _("Alleen groepen."),
        "text": _("Geen namen, geen berichten, geen ranglijst."),
    }
