"""Launches that do not go through: one code each, the same in page, log and help."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from flask import g, request

from lti_tool.web import language
from lti_tool.web.errors import Refusal
from lti_tool.web.language import _, lazy


@dataclass(frozen=True)
class _Texts:
    status: int
    title: lazy
    sentence: lazy


_BROKEN = (
    lazy("Er klopt iets niet in de koppeling"),
    lazy("Dat ligt niet aan jou. De beheerder kan dit oplossen."),
)
_CODES = {
    "L02": _Texts(
        400,
        lazy("Deze link is verlopen"),
        lazy("Ga terug naar je cursus. Klik daar nog een keer op de link."),
    ),
    "L03": _Texts(
        403,
        lazy("Deze leeromgeving is nog niet gekoppeld"),
        lazy("Leerkring kent deze leeromgeving niet. De beheerder kan haar koppelen."),
    ),
    "L04": _Texts(
        403,
        lazy("Leerkring staat hier nog niet aan"),
        lazy("De beheerder moet deze koppeling nog goedkeuren. Daarna kun je naar binnen."),
    ),
    "L05": _Texts(401, *_BROKEN),
    "L06": _Texts(401, *_BROKEN),
    "L08": _Texts(
        403,
        lazy("Je hebt hier nog geen toegang"),
        lazy("Je leeromgeving laat je hier niet door. Vraag je docent of de helpdesk."),
    ),
    "L13": _Texts(
        400,
        lazy("Dit kan Leerkring niet laten zien"),
        lazy("Je leeromgeving vraagt iets dat Leerkring niet heeft. Open de ruimte via de link in de cursus."),
    ),
}


class LaunchRefused(Refusal):
    """A launch that doesn't go through. `cause` is for the log: no name, no token, nothing that was sent."""

    template = "lti/refused.html"

    def __init__(
        self, code: str, cause: str, *, lms: str = "", deployment: str = "", status: int | None = None
    ) -> None:
        texts = _CODES[code]
        super().__init__(cause=cause)
        self.code = code
        self.status = status or texts.status
        self.title, self.sentence = texts.title, texts.sentence
        self.lms, self.deployment = lms, deployment
        self.platform_id: uuid.UUID | None = None
        """Whose launch log keeps it; None when it is of no platform that we know."""
        self.ticket = ""
        """For the button by which an admin lets the deployment in that waits; `frame_hosts` may show it."""
        self.frame_hosts = ""
        self.again: dict[str, str] = {}
        """The fields of the login, for a button that begins it once more in a window of its own."""
        self.path = ""
        """The page that the launch led to, for who is in by it still."""
        self.own_window: lazy | None = None
        """What such a window would help; None when it would not."""

    def about(self, *, lms: str = "", deployment: str = "", platform_id: uuid.UUID | None = None) -> LaunchRefused:
        """The same, with what became known of where it came from."""
        self.lms, self.deployment = self.lms or lms, self.deployment or deployment
        self.platform_id = self.platform_id or platform_id
        self.details = {"code": self.code, "when": when(), "where": where(self.lms, self.deployment)}
        return self


class NotLoggedIn(LaunchRefused):
    """The platform doesn't know who is at the browser (Canvas says so when its own cookie is blocked, Moodle starts
    a login of user 0)."""

    def __init__(self, cause: str, *, lms: str = "") -> None:
        super().__init__("L02", cause, lms=lms, status=401)
        self.title = lazy("Log eerst in bij je leeromgeving")
        self.sentence = lazy("Je leeromgeving weet niet wie je bent. Log daar in en klik nog een keer op de link.")


class SessionHidden(NotLoggedIn):
    """The platform's own cookie does not come through in this frame. In a window of its own it does."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.title = lazy("Je leeromgeving herkent je hier niet")
        self.sentence = lazy("Je browser houdt cookies van je leeromgeving tegen. Dat is geen fout van jou.")
        self.own_window = lazy("In een eigen venster lukt het vaak wel. Log anders opnieuw in bij je leeromgeving.")


class AsksTooMuch(NotLoggedIn):
    """The platform wants to ask the person something, and LTI lets it ask nothing during a launch (`prompt=none`). So
    a window of its own would not help either."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.title = lazy("Je leeromgeving wil je eerst iets vragen")
        self.sentence = lazy("Log opnieuw in bij je leeromgeving. Klik daarna in je cursus nog een keer op de link.")


class NobodyNamed(NotLoggedIn):
    """A public course of Canvas lets visitors in without an account."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.title = lazy("Hier moet je voor inloggen")
        self.sentence = lazy("Deze cursus is openbaar, Leerkring niet. Log in en klik nog een keer op de link.")


class AlreadyUsed(LaunchRefused):
    """A launch that was used, shown again: the page was reloaded, or somebody went back to it."""

    def __init__(self, cause: str) -> None:
        super().__init__("L02", cause)
        self.title = lazy("Deze link is al een keer gebruikt")
        self.sentence = lazy("Dat komt door verversen of teruggaan. Klik in je cursus nog een keer op de link.")

    def leading_to(self, path: str) -> AlreadyUsed:
        """For who is in by this very launch: nothing is lost, they only went back. It lets nobody in again."""
        self.path = path
        self.title = lazy("Je bent al binnen")
        self.sentence = lazy("Je ververste de pagina of ging terug. Dat geeft niet: ga verder waar je was.")
        return self


class NoLongerValid(LaunchRefused):
    """Canvas keeps a launch for minutes, and for one use."""

    def __init__(self, cause: str) -> None:
        super().__init__("L02", cause)
        self.title = lazy("Het openen duurde te lang")
        self.sentence = lazy("Een link werkt maar een paar minuten. Klik in je cursus nog een keer op de link.")


class AnswerTooLate(LaunchRefused):
    """In a tab: the question whose name it is was answered, or waited for over a minute."""

    def __init__(self, cause: str) -> None:
        super().__init__("L02", cause)
        self.title = lazy("Deze vraag is voorbij")
        self.sentence = lazy("Klik in je cursus nog een keer op de link. Dit tabblad mag dicht.")


class NotOurs(LaunchRefused):
    """The platform asks for something that Leerkring doesn't have. Nothing is wrong with the connection."""

    def __init__(self, cause: str, *, grades: bool = False) -> None:
        super().__init__("L13", cause)
        if grades:
            self.title = lazy("Leerkring heeft geen werk om na te kijken")
            self.sentence = lazy("Hier krijgt niemand een cijfer. Open de ruimte via de link in de cursus.")


class SwitchedOff(LaunchRefused):
    """The organisation's admin switched this platform or deployment off."""

    def __init__(self, cause: str, *, lms: str = "", deployment: str = "") -> None:
        super().__init__("L04", cause, lms=lms, deployment=deployment)
        self.title = lazy("Leerkring staat hier uit")
        self.sentence = lazy("De beheerder heeft Leerkring hier uitgezet. Wat je schreef, is bewaard.")


def when() -> str:
    """Now, as the helpdesk reads it."""
    return f"{language.day(g.now, year=True)}, {language.clock(g.now)}"


def where(lms: str, deployment: str) -> str:
    """LMS, deployment and browser, as the helpdesk reads them."""
    parts = [lms[:100], _("koppeling %(id)s", id=deployment[:60]) if deployment else "", browser()]
    return " · ".join(part for part in parts if part)


_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+)[.\d]* .*Safari/"),
)


def browser() -> str:
    """`Safari 19`, or nothing when the browser doesn't say."""
    agent = request.headers.get("User-Agent", "")[:500]
    for name, pattern in _BROWSERS:
        if found := re.search(pattern, agent):
            return f"{name} {found[1]}"
    return ""


_PLATFORM_ERRORS = {
    "access_denied": "L08",
    "unauthorized_client": "L04",
    "temporarily_unavailable": "L02",
    "server_error": "L02",
}
_OWN_PAGES: dict[str, type[SessionHidden | AsksTooMuch | NoLongerValid]] = {
    "login_required": SessionHidden,
    "account_selection_required": AsksTooMuch,
    "consent_required": AsksTooMuch,
    "interaction_required": AsksTooMuch,
    "launch_no_longer_valid": NoLongerValid,
}
_WORDS = {
    "unauthorized_client": (
        lazy("Leerkring staat hier uit"),
        lazy("Je leeromgeving zegt dat Leerkring op deze plek niet aan staat. De beheerder kan dat aanzetten."),
    ),
    "temporarily_unavailable": (
        lazy("Je leeromgeving is even niet bereikbaar"),
        lazy("Wacht een paar minuten. Klik dan in je cursus nog een keer op de link."),
    ),
    "server_error": (
        lazy("Er ging iets mis bij je leeromgeving"),
        lazy("Klik in je cursus nog een keer op de link."),
    ),
    "invalid_request_object": (
        lazy("Je leeromgeving begrijpt Leerkring niet"),
        lazy("Dat ligt niet aan jou. De beheerder kijkt de koppeling na."),
    ),
}


def of_platform_error(error: str) -> LaunchRefused:
    """The page for what the platform posted instead of a token (OpenID Connect core 3.1.2.6)."""
    known = error if re.fullmatch(r"[a-z_]{1,40}", error) else "unreadable"
    cause = f"the platform answered {known}"
    if known in _OWN_PAGES:
        return _OWN_PAGES[known](cause)
    refused = LaunchRefused(_PLATFORM_ERRORS.get(known, "L05"), cause)
    if known in _WORDS:
        refused.title, refused.sentence = _WORDS[known]
    return refused
