"""The console's launch log, in words."""

from __future__ import annotations

import re
import uuid

from flask import request
from flask.typing import ResponseReturnValue

from lti_tool.admin import launch_log
from lti_tool.admin.pages import frame
from lti_tool.admin.room import ADMIN, room
from lti_tool.web.language import _, number
from lti_tool.web.pages import render
from lti_tool.web.routes import Here

LAUNCHES = "/admin/launches"


@room.get(LAUNCHES, access=ADMIN)
def launches(here: Here) -> ResponseReturnValue:
    """30 days: roughly how many came in, and what was refused when and why."""
    organisation_id, code = here.viewer.organisation_id, request.args.get("code", "")
    code = code if re.fullmatch(r"L\d\d", code) else ""
    faults, onward = launch_log.refusals(here.db, organisation_id, code=code, before=_before())
    return render(
        "admin/launches.html",
        **frame(here, LAUNCHES),
        days=launch_log.days(here.db, organisation_id, code),
        codes=launch_log.codes(here.db, organisation_id),
        code=code,
        faults=faults,
        onward=onward,
        first_page=_before() is None,
        roughly=roughly,
        why=why,
        most=launch_log.FAULTS_PER_HOUR,
    )


def _before() -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get("before", ""))
    except ValueError:
        return None


def roughly(count: int) -> str:
    """A count that tells no single person apart: `1 tot 4`, `5 tot 9`, then by tens."""
    if count == 0:
        return _("niemand")
    if count < 5:
        return _("1 tot 4 keer")
    if count < 10:
        return _("5 tot 9 keer")
    return _("ongeveer %(num)s keer", num=number(round(count, -1)))


def why(code: str) -> tuple[str, str]:
    """What a code means to an admin, and what they can do."""
    match code:
        case "L02":
            return (
                _("De link was verlopen of al gebruikt, of niemand was ingelogd."),
                _(
                    "Meestal door verversen, de terugknop of een sessie die voorbij is. "
                    "Vaak op één plek? Kijk of daar een venster blijft openstaan."
                ),
            )
        case "L04":
            return (
                _("De plek of de leeromgeving staat nog niet aan."),
                _("Zet haar aan bij “Koppelingen”, of vraag in de leeromgeving waarom de tool daar uitstaat."),
            )
        case "L05":
            return (
                _("Er klopt iets niet in de koppeling."),
                _("Ga naar “Status” en klik op “Test opnieuw”. Daar staat wat er mis is."),
            )
        case "L06":
            return (
                _("De klokken lopen niet gelijk."),
                _("Vraag je serverbeheerder de tijd van de leeromgeving gelijk te zetten met NTP."),
            )
        case "L08":
            return (
                _("De leeromgeving liet deze collega niet door."),
                _("Kijk in de leeromgeving of de cursus en de tool voor deelnemers openstaan."),
            )
        case _:
            return _("Het binnenkomen lukte niet."), _("Ga naar “Status” en klik op “Test opnieuw”.")
