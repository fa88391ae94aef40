"""The points of the list in words: what is so, what it means for colleagues, and who can mend it and how."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import g, has_request_context
from markupsafe import Markup

from lti_tool.admin import faults
from lti_tool.admin.checks import Check, State
from lti_tool.web.language import _, clock, day, local, moment, ngettext

PRODUCTS = {"moodle": "Moodle", "canvas": "Canvas"}


@dataclass(frozen=True)
class Lms:
    """What the words need to know of a connection."""

    name: str
    product: str
    issuer: str
    jwks_url: str
    client_id: str
    own_jwks: str
    """The address of our keys."""

    @property
    def short(self) -> str:
        """`Moodle`, or what the admin calls it."""
        return PRODUCTS.get(self.product, self.name)

    @property
    def host(self) -> str:
        """Of the LMS."""
        return urlsplit(self.issuer).hostname or self.issuer[:100]


@dataclass(frozen=True)
class Point:
    """One point on the screen. `line`: what makes a waiting one green. At a fault: `meaning`, `todo`, `helpdesk`."""

    name: str
    state: State
    title: str
    end: str = ""
    line: str = ""
    code: str = ""
    meaning: tuple[str, ...] = ()
    todo: Markup = field(default_factory=Markup)
    helpdesk: str = ""


def points(checks: list[Check], lms: Lms, *, now: datetime) -> list[Point]:
    """The points of one connection. Their names tell them apart on the page."""
    found: dict[str, Point] = {}
    for check in checks:
        one = point(check, lms, now=now)
        name = f"{one.name}-{len(found)}" if one.name in found else one.name
        found[name] = replace(one, name=name)
    return list(found.values())


def point(check: Check, lms: Lms, *, now: datetime) -> Point:
    """One point of a connection."""
    if check.state == "fault":
        fault = faults.of(check, lms)
        parts = (
            _("Code %(code)s", code=check.code) if check.code else "",
            f"{day(now, year=True)}, {clock(now)}",
            f"{lms.name} ({lms.host})",
            fault.title,
            fault.end,
            *fault.meaning[1:],
        )
        helpdesk = " · ".join(part for part in parts if part)
        return Point(check.name, "fault", fault.title, fault.end, "", check.code, fault.meaning, fault.todo, helpdesk)
    if check.state == "wait":
        return Point(check.name, "wait", _title(check, lms), _("wacht nog"), _hint(check, lms))
    return Point(check.name, "done", _title(check, lms), _end(check), _below(check))


def _title(check: Check, lms: Lms) -> str:
    match check.name:
        case "keys":
            return _("Sleutels van %(lms)s gelezen", lms=lms.short)
        case "own_keys":
            return _("%(lms)s leest onze sleutels", lms=lms.short)
        case "clock":
            return _("De klok van %(lms)s loopt gelijk", lms=lms.short)
        case "roster":
            return _("Deelnemerslijst gelezen")
        case "as_admin":
            return _("Als beheerder")
        case "as_learner":
            return _("Als deelnemer")
        case "frame":
            return _("In een kader zonder cookies")
        case "phone":
            return _("Vanaf een telefoon")
        case "link":
            return _("Ruimte in een cursus gezet")
        case "roles":
            return _("Rollen nagekeken: beheer, HR, privacy")
        case "privacy":
            return _("Privacytekst vastgesteld")
        case "council":
            return _("Stukken voor de ondernemingsraad opgehaald")
        case _:
            return _("Collega’s herkend in de personeelslijst")


def _end(check: Check) -> str:
    said = check.detail
    match check.name:
        case "keys":
            return ngettext("%(num)s sleutel", "%(num)s sleutels", said["keys"])
        case "clock":
            return ngettext("%(num)s seconde verschil", "%(num)s seconden verschil", abs(said["ahead"]))
        case "roster" if said["courses"] == 1:
            return ngettext("%(num)s collega", "%(num)s collega’s", said["members"])
        case "roster":
            return ngettext("%(num)s cursus", "%(num)s cursussen", said["courses"])
        case "as_admin" | "as_learner" | "frame" | "phone":
            return when(date.fromisoformat(said["day"]), said["at"])
        case "link":
            return ngettext("%(num)s cursus", "%(num)s cursussen", said["courses"])
        case "roles":
            return ngettext("%(num)s rol", "%(num)s rollen", said["roles"])
        case "privacy" | "council":
            return day(date.fromisoformat(said["day"]))
        case "staff":
            return ngettext("%(num)s collega", "%(num)s collega’s", said["matched"])
        case _:
            return ""


def when(on: date, at: str = "") -> str:
    """`vandaag 07:40`, `gisteren`, `ma 16 nov`; the time when it may be told."""
    today = local(_now()).date()
    time = f" {clock(datetime.fromisoformat(at))}" if at else ""
    if on == today:
        return _("vandaag") + time
    return _("gisteren") + time if (today - on).days == 1 else day(on)


def _now() -> datetime:
    return g.now if has_request_context() else datetime.now().astimezone()


def _below(check: Check) -> str:
    """A further line at a point that is good."""
    if check.name == "staff" and (missing := check.detail["arrived"] - check.detail["matched"]):
        return ngettext(
            "%(num)s van hen die binnenkwamen, staat nog niet in de lijst.",
            "%(num)s van hen die binnenkwamen, staan nog niet in de lijst.",
            missing,
        )
    if check.name == "frame" and check.detail["ways"] == ["tab"]:
        return _("Collega’s klikken een keer op “Open in een eigen tabblad”.")
    if check.name == "roster" and check.detail["broken"]:
        return ngettext(
            "In %(num)s cursus lukte het de laatste keer niet. We proberen het opnieuw.",
            "In %(num)s cursussen lukte het de laatste keer niet. We proberen het opnieuw.",
            check.detail["broken"],
        )
    return ""


def _hint(check: Check, lms: Lms) -> str:
    match check.name:
        case "keys":
            return _("Klik op “Test opnieuw”. Leerkring vraagt de sleutels dan op.")
        case "own_keys" if check.detail.get("why") == "scope":
            return _("Leerkring mag nog niets opvragen bij %(lms)s. Sta dat daar toe en test opnieuw.", lms=lms.short)
        case "own_keys":
            return _("Klik op “Test opnieuw”. Leerkring vraagt %(lms)s dan om toegang.", lms=lms.short)
        case "clock":
            return _("Klik op “Test opnieuw”. Leerkring vergelijkt de klokken dan.")
        case "roster":
            return _("Open een ruimte vanuit een cursus. Leerkring leest de lijst dan binnen een dag.")
        case "as_admin":
            return _("Open als beheerder van %(lms)s de link in een cursus.", lms=lms.short)
        case "as_learner":
            return _("Open de link in een cursus als deelnemer. Of vraag een collega om dat te doen.")
        case "frame":
            return _("Open de link in de cursus zelf, zonder nieuw venster. Dit punt wordt dan vanzelf groen.")
        case "phone":
            return _("Open de cursus op je telefoon en tik op de link. Dit punt wordt dan vanzelf groen.")
        case "link" if check.detail.get("placed"):
            return _("Er staat een ruimte klaar in een cursus. Open haar daar een keer.")
        case "link":
            return _("Zet als docent een activiteit in een cursus en kies daarbij een ruimte van Leerkring.")
        case "roles" if check.detail.get("again"):
            return _("Er kwam een rol bij sinds je keek. Kijk ze nog een keer na.")
        case "roles":
            return _("Kijk na wie beheerder, HR of privacyfunctionaris is.")
        case "privacy":
            return _("Lees de tekst met je privacyfunctionaris. Zeg daarna dat hij klopt.")
        case "council":
            return _("Haal de stukken op en geef ze aan je ondernemingsraad.")
        case _:
            return _staff_hint(check.detail)


def _staff_hint(said: dict[str, Any]) -> str:
    if not said["staff"]:
        return _("Laat de personeelslijst inlezen. Zonder lijst is er geen rapport per afdeling.")
    if said["arrived"]:
        return _("De leeromgeving geeft nog geen personeelsnummer door. Collega’s kunnen zich koppelen met een code.")
    return _("Zodra collega’s binnenkomen, zoekt Leerkring ze op in de lijst.")


@dataclass(frozen=True)
class Verdict:
    """The head of the page."""

    title: str
    summary: str
    state: State


def verdict(name: str, found: list[Point], *, off: bool = False) -> Verdict:
    """How it stands with a connection, in a title and a sentence."""
    good = sum(point.state == "done" for point in found)
    faults_, waits = (sum(point.state == state for point in found) for state in ("fault", "wait"))
    if off:
        return Verdict(_("%(lms)s staat uit", lms=name), _("Niemand komt nu binnen vanuit %(lms)s.", lms=name), "fault")
    if good == len(found):
        return Verdict(_("%(lms)s werkt", lms=name), _("Alle %(num)s punten zijn goed.", num=good), "done")
    shut = any(point.name == "keys" and point.state == "fault" for point in found)
    title = _("%(lms)s werkt bijna", lms=name)
    if shut:
        title = _("%(lms)s werkt niet", lms=name)
    elif not good and not faults_:
        title = _("%(lms)s is gekoppeld", lms=name)
    first = ngettext(
        "%(num)s van de %(all)s punten is goed.", "%(num)s van de %(all)s punten zijn goed.", good, all=len(found)
    )
    asks = ngettext("%(num)s punt vraagt iets van jou", "%(num)s punten vragen iets van jou", faults_)
    wait = ngettext("%(num)s punt wacht nog", "%(num)s punten wachten nog", waits)
    second = ", ".join(part for part, count in ((asks, faults_), (wait, waits)) if count)
    return Verdict(title, f"{first} {second}.", "fault" if faults_ else "wait")


__all__ = ["Lms", "Point", "Verdict", "moment", "point", "points", "verdict", "when"]
