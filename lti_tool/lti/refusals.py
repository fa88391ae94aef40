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
    "launch_no_longer_valid": "L02",
    "temporarily_unavailable": "L02",
    "server_error": "L02",
}
_NOT_LOGGED_IN = frozenset({"login_required", "interaction_required", "account_selection_required"})


def of_platform_error(error: str) -> LaunchRefused:
    """The page for what the platform posted instead of a token (OpenID Connect core 3.1.2.6)."""
    known = error if re.fullmatch(r"[a-z_]{1,40}", error) else "unreadable"
    cause = f"the platform answered {known}"
    if known in _NOT_LOGGED_IN:
        return NotLoggedIn(cause)
    return LaunchRefused(_PLATFORM_ERRORS.get(known, "L05"), cause)
