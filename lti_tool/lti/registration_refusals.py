"""Registrations that do not go through: each its own page, for the admin who stands in their LMS."""

from __future__ import annotations

from connectors.probe import Seen
from lti_tool.lti.configuration import Lying
from lti_tool.lti.refusals import when
from lti_tool.organisations.addresses_seen import in_words
from lti_tool.web.errors import Refusal
from lti_tool.web.language import _, lazy
from lti_tool.web.routes import exists


class RegistrationRefused(Refusal):
    """`lms` is its name for people, `host` where it is; both may be empty."""

    template = "lti/register_refused.html"
    again = True
    """Whether beginning again in the LMS helps."""

    def __init__(self, cause: str = "", *, lms: str = "", host: str = "") -> None:
        super().__init__(cause=cause)
        self.lms, self.host = lms, host
        self.details = {
            "code": self.code,
            "when": when(),
            "where": host,
            "seen": self.seen(),
            "install": exists("/install"),
        }

    def seen(self) -> list[tuple[str, str]]:
        """What we saw, as (label, sentence)."""
        return []


class TooLate(RegistrationRefused):
    """The LMS's token lives for an hour, and so does our form."""

    code, status = "L11", 410
    title = lazy("Het uur is voorbij")
    sentence = lazy("Je leeromgeving geeft je een uur om te koppelen. Dat uur is om. Er is niets gekoppeld.")


class UsedBefore(RegistrationRefused):
    """The LMS says that this token registered a tool before, and that was not us."""

    code, status = "L11", 409
    title = lazy("Dit bewijs is al gebruikt")
    sentence = lazy("Met dit bewijs heeft je leeromgeving al iets gekoppeld. Elk bewijs werkt één keer.")


class CannotRead(RegistrationRefused):
    """The configuration of the LMS could not be read."""

    code, status = "R01", 502
    title = lazy("We kunnen je leeromgeving niet lezen")
    sentence = lazy("Leerkring vroeg de gegevens van je leeromgeving op. Dat lukte niet. Er is niets gekoppeld.")

    def __init__(self, met: Seen) -> None:
        self.met = met
        super().__init__(f"configuration: {met.what} {met.status}", host=met.host)

    def seen(self) -> list[tuple[str, str]]:
        """What was met instead, how long it took, who can mend it. Canvas tells nothing to a token that is over."""
        return _said_no(self.met) if self.met.status in {401, 403} else _in_words(self.met)


class Contradicts(RegistrationRefused):
    """The configuration contradicts itself or its host."""

    code, status = "R02", 400
    title = lazy("De gegevens van je leeromgeving kloppen niet")
    sentence = lazy("Daarom koppelen we niet. Zo kan niemand zich voordoen als jouw leeromgeving.")

    def __init__(self, lie: Lying, host: str = "") -> None:
        self.lie = lie
        super().__init__(f"configuration: {lie.reason}: {lie.about}", host=host)

    def seen(self) -> list[tuple[str, str]]:
        """Which field, and what stood in it."""
        return [
            (_("Wat we zagen"), _lie(self.lie)),
            (_("Wie dit kan oplossen"), _("Wie je leeromgeving beheert. Geef de regel hieronder door.")),
        ]


class SaysNo(RegistrationRefused):
    """The LMS refused the registration."""

    code, status = "R03", 502
    title = lazy("Je leeromgeving wil niet koppelen")
    sentence = lazy("Leerkring vroeg om de koppeling. Je leeromgeving zei nee. Je code blijft geldig.")

    def __init__(self, met: Seen, *, lms: str, host: str) -> None:
        self.met = met
        super().__init__(f"registration: {met.what} {met.status}", lms=lms, host=host)

    def seen(self) -> list[tuple[str, str]]:
        """The status in words; never what the LMS wrote."""
        if not self.met.status:
            return _in_words(self.met)
        return _said_no(self.met)


class AnswerLost(RegistrationRefused):
    """The LMS may have registered us, but what it answered is lost."""

    code, status = "R04", 502
    title = lazy("We kregen geen antwoord")
    sentence = lazy("Misschien heeft je leeromgeving Leerkring gekoppeld. Misschien niet. Je code blijft geldig.")

    def __init__(self, met: Seen | None, *, lms: str, host: str, may_retry: bool) -> None:
        self.met, self.may_retry = met, may_retry
        super().__init__(f"registration: lost, {met.what} {met.status}" if met else "lost", lms=lms, host=host)

    def seen(self) -> list[tuple[str, str]]:
        """What was met instead."""
        if self.met is None:
            return []
        if self.met.status:
            return [(_("Wat we zagen"), _status(self.met))]
        return _in_words(self.met)[:1]


class TooManyCodes(RegistrationRefused):
    """Somebody guesses codes."""

    code, status = "R05", 429
    title = lazy("Te vaak een verkeerde code")
    sentence = lazy("Om raden te voorkomen stopt het hier. Er is niets gekoppeld.")


class OfAnother(RegistrationRefused):
    """The LMS is registered for another organisation, which is not named."""

    code, status = "R06", 409
    title = lazy("Deze koppeling hoort bij een andere organisatie")
    sentence = lazy("Je code is van een andere organisatie dan de koppeling. Vraag een code van die organisatie.")


class NoToken(RegistrationRefused):
    """The LMS sent no registration token along, and needs one."""

    code, status = "R07", 400
    title = lazy("Je leeromgeving gaf geen bewijs mee")
    sentence = lazy("Zonder bewijs kan Leerkring zich niet aanmelden. Er is niets gekoppeld.")


class TooOften(RegistrationRefused):
    """One address opens registrations without end."""

    code, status = "R08", 429
    title = lazy("Even geduld")
    sentence = lazy("Vanaf jouw netwerk is dit vaak achter elkaar geopend. Probeer het over tien minuten opnieuw.")
    again = False


def _in_words(met: Seen) -> list[tuple[str, str]]:
    what, how_long, who = in_words(met)
    rows = [(_("Wat we zagen"), f"{what} {how_long}"), (_("Wie dit kan oplossen"), who)]
    return [row for row in rows if row[1]]


def _said_no(met: Seen) -> list[tuple[str, str]]:
    return [(_("Wat we zagen"), _status(met)), (_("Wat je kunt doen"), _who(met))]


def _status(met: Seen) -> str:
    host, status = met.host, met.status
    if status in {401, 403, 404}:
        return _("%(host)s neemt het bewijs niet aan (code %(status)s).", host=host, status=status)
    if status < 300:
        return _("%(host)s zei ja, maar gaf de koppeling geen nummer.", host=host)
    if status < 400:
        return _("%(host)s stuurt ons door naar een ander adres (code %(status)s).", host=host, status=status)
    if status == 429:
        return _("%(host)s heeft het te druk (code %(status)s).", host=host, status=status)
    if status < 500:
        return _("%(host)s vindt de aanvraag niet goed (code %(status)s).", host=host, status=status)
    return _("%(host)s heeft een storing (code %(status)s).", host=host, status=status)


def _who(met: Seen) -> str:
    if met.status in {401, 403, 404}:
        return _("Begin opnieuw in je leeromgeving. Dan krijg je een nieuw bewijs.")
    if met.status == 429:
        return _("Wacht een paar minuten en probeer het opnieuw.")
    return _("Koppel met de hand. Op de pagina Installeren staat hoe dat gaat.")


def _lie(lie: Lying) -> str:
    values = {"field": lie.about, "host": lie.host[:100], "expected": lie.expected[:100]}
    match lie.reason:
        case "missing":
            return _("Er ontbreekt een gegeven: %(field)s.", **values)
        case "issuer":
            return _("De leeromgeving noemt zich %(host)s, maar staat op %(expected)s.", **values)
        case "host":
            return _("Het adres voor %(field)s staat op %(host)s. Dat hoort niet bij %(expected)s.", **values)
        case "plain":
            return _("Het adres voor %(field)s begint niet met https://", **values)
        case "offers":
            return _("Bij %(field)s staat geen %(host)s. Dat hebben we nodig.", **values)
        case _:
            return _("Het adres voor %(field)s is niet bruikbaar.", **values)
