"""Faults of a connection in words: what was seen, what it means for colleagues, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from connectors.probe import Seen
from lti_tool.admin.checks import MOST_SECONDS, Check
from lti_tool.lms.roster import Trouble
from lti_tool.lms.words import roster_trouble
from lti_tool.lti import offer
from lti_tool.organisations.addresses_seen import in_words
from lti_tool.web.language import _, html, ngettext

if TYPE_CHECKING:
    from lti_tool.admin.words import Lms


@dataclass(frozen=True)
class Fault:
    """In words. `meaning`: what colleagues notice, then what was seen."""

    title: str
    end: str = ""
    meaning: tuple[str, ...] = ()
    todo: Markup = field(default_factory=Markup)


def of(check: Check, lms: Lms) -> Fault:
    """A point that is wrong."""
    match check.name:
        case "keys":
            return _keys(check.detail, lms)
        case "own_keys":
            return _own_keys(check.detail, lms)
        case "clock":
            return _clock(check.detail, lms)
        case "roster":
            return _roster(check.detail, lms)
        case "scopes":
            return _scopes(check.detail, lms)
        case "deployments":
            return _deployments(check.detail, lms)
        case "task":
            return Fault(
                _("Werk op de achtergrond mislukte: %(task)s", task=check.detail["task"]),
                _("we proberen het opnieuw"),
                (_("Collega’s merken er nu nog niets van."),),
                html("Blijft het zo? Vraag wie Leerkring beheert om in het logboek van de server te kijken."),
            )
        case _:
            return Fault(
                _("Werk op de achtergrond bleef liggen"),
                ngettext("%(num)s keer", "%(num)s keer", check.detail["jobs"]),
                (_("Leerkring gaf het op na een paar keer proberen: %(why)s", why=_plain(check.detail["error"])),),
                html("Test opnieuw. Blijft het zo? Vraag wie Leerkring beheert."),
            )


def _plain(text: str) -> str:
    return text or "–"


def _keys(said: dict[str, Any], lms: Lms) -> Fault:
    seen, how_long, who = in_words(Seen(**said["seen"]))
    if said.get("kept"):
        means = _(
            "Binnenkomen lukt nog met de sleutels van eerder. Als %(lms)s ze vernieuwt, lukt dat niet meer.",
            lms=lms.short,
        )
    else:
        means = _(
            "Niemand kan nu binnenkomen: Leerkring kan niet nagaan of iemand echt van %(lms)s komt.", lms=lms.short
        )
    address = html("Het gaat om <code>%(url)s</code>.", url=lms.jwks_url)
    return Fault(
        _("Sleutels van %(lms)s niet gelezen", lms=lms.short),
        "",
        (means, f"{seen} {how_long}"),
        Markup("{} {}").format(escape(who), address),
    )


def _own_keys(said: dict[str, Any], lms: Lms) -> Fault:
    title = _("%(lms)s leest onze sleutels niet", lms=lms.short)
    means = _("Binnenkomen lukt wel. De deelnemerslijst lezen en een ruimte in een cursus zetten lukt niet.")
    match said["why"]:
        case "encryption" | "none":
            return Fault(
                _("Leerkring kan zijn eigen sleutel niet lezen"),
                "",
                (means,),
                html("Vraag wie Leerkring beheert de oude <code>LEERKRING_ENCRYPTION_KEY</code> terug te zetten."),
            )
        case "silent":
            seen, how_long, who = in_words(Seen(**said["seen"]))
            title = _("%(lms)s geeft ons geen toegang", lms=lms.short)
            return Fault(title, "", (means, f"{seen} {how_long}"), escape(who))
        case "page":
            saw = _(
                "%(host)s stuurt een foutpagina (%(status)s). Vaak kan het ons adres niet openen.",
                host=said["host"],
                status=said["status"],
            )
            todo = html(
                "Vraag je serverbeheerder of de server van %(lms)s het adres <code>%(url)s</code> kan openen.",
                lms=lms.short,
                url=lms.own_jwks,
            )
            if lms.product == "moodle":
                todo += " " + html(
                    "In Moodle staat dat bij “Sitebeheer”, “Beveiliging”, “HTTP-beveiliging”: "
                    "de lijst met geblokkeerde hosts en die met toegestane poorten."
                )
            return Fault(title, "", (means, saw), todo)
        case _:
            saw = _(
                "%(host)s weigert onze handtekening (%(status)s %(error)s).",
                host=said["host"],
                status=said["status"],
                error=said["error"] or "–",
            )
            todo = html(
                "Kijk in %(lms)s of dit adres bij de sleutels staat: <code>%(url)s</code>. En of de client-ID "
                "<code>%(client)s</code> klopt en aanstaat. Onze sleutel is nieuw? Wacht dan een uur.",
                lms=lms.short,
                url=lms.own_jwks,
                client=lms.client_id,
            )
            return Fault(title, "", (means, saw), todo)


def _clock(said: dict[str, Any], lms: Lms) -> Fault:
    ahead = said["ahead"]
    if ahead > 0:
        title = _("De klok van %(lms)s loopt voor", lms=lms.short)
    else:
        title = _("De klok van %(lms)s loopt achter", lms=lms.short)
    means = _(
        "Sommige collega’s krijgen nu een foutmelding als ze binnenkomen. "
        "Meer dan %(most)s seconden verschil mag niet.",
        most=MOST_SECONDS,
    )
    todo = html(
        "Vraag je serverbeheerder de tijd van <code>%(host)s</code> gelijk te zetten met NTP. Test daarna opnieuw.",
        host=lms.host,
    )
    saw = (_("Dit bleek toen iemand binnenkwam."),) if "launch" in said else ()
    end = ngettext("%(num)s seconde", "%(num)s seconden", abs(ahead)) if ahead else ""
    return Fault(title, end, (means, *saw), todo)


def _roster(said: dict[str, Any], lms: Lms) -> Fault:
    return Fault(
        _("Deelnemerslijst niet gelezen"),
        ngettext("%(num)s cursus", "%(num)s cursussen", said["courses"]),
        (
            _("Trekkers zien niet hoeveel collega’s er zijn uitgenodigd. Verder merkt niemand er iets van."),
            roster_trouble(Trouble(said["error"]), lms.short),
        ),
        html(
            "Kijk in %(lms)s of Leerkring namen en rollen mag opvragen. Wil je dat niet? Zet het dan uit bij "
            "“Koppelingen”.",
            lms=lms.short,
        ),
    )


def scope_in_words(scope: str) -> str:
    """What a right is for."""
    if scope == offer.ROSTER_SCOPE:
        return _("de deelnemerslijst lezen")
    if scope in offer.GRADES_SCOPES:
        return _("deelname bevestigen in de cijferlijst")
    if scope == offer.NOTICES_SCOPE:
        return _("horen dat een cursus is gekopieerd")
    return _("een recht dat Leerkring niet gebruikt")


def scopes_in_words(scopes: list[str]) -> list[str]:
    """Each thing once."""
    return list(dict.fromkeys(scope_in_words(scope) for scope in scopes))


def _scopes(said: dict[str, Any], lms: Lms) -> Fault:
    missing = scopes_in_words(said["missing"])
    return Fault(
        _("%(lms)s geeft een recht niet", lms=lms.short),
        ngettext("%(num)s recht", "%(num)s rechten", len(missing)),
        (_("Dit staat aan bij “Koppelingen”, maar mag niet van %(lms)s:", lms=lms.short) + " " + ", ".join(missing),),
        html("Sta het toe in %(lms)s en koppel opnieuw. Of zet het uit bij “Koppelingen”.", lms=lms.short),
    )


def _deployments(said: dict[str, Any], lms: Lms) -> Fault:
    return Fault(
        ngettext("%(num)s plek in %(lms)s wacht op jou", "%(num)s plekken in %(lms)s wachten op jou",
                 said["waiting"], lms=lms.short),
        "",
        (_("Collega’s die daarvandaan komen, mogen nog niet naar binnen."),),
        html("Herken je de plek? Zet haar dan aan bij “Koppelingen”."),
    )  # fmt: skip
