"""What we ask an LMS for, in one place: addresses, custom fields, scopes, placements and titles.

Dynamic registration, `/lti/canvas.json`, the page with values to type over and the practice LMS all read it here.
Pure: no database, no request. Titles stand here in both languages, because an LMS wants them side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

TITLE = "Leerkring"
TOOL_ID = "leerkring"
DESCRIPTION = {
    "nl": "Een plek om van elkaar te leren, naast de cursus.",
    "en": "A place to learn from each other, next to the course.",
}

LINK: Final = "LtiResourceLinkRequest"
PICK: Final = "LtiDeepLinkingRequest"

CUSTOM: dict[str, str] = {
    "person_sourcedid": "$Person.sourcedId",
    "context_id_history": "$Context.id.history",
    "resource_link_id_history": "$ResourceLink.id.history",
}
"""Custom fields of the whole tool, for every LMS. One that an LMS can't fill in arrives as its literal `$…`, and is
read as absent (`claims.text`)."""
CANVAS_CUSTOM: dict[str, str] = {
    **CUSTOM,
    "canvas_user_id": "$Canvas.user.id",
    "canvas_api_domain": "$Canvas.api.domain",
    "canvas_course_id": "$Canvas.course.id",
    "masquerading_user": "$Canvas.masqueradingUser.id",
    "post_message_token": "$com.instructure.PostMessageToken",
}
"""The same for Canvas: its own host and course for the way back, and who acts as a learner is not counted as one."""

_SCOPE = "https://purl.imsglobal.org/spec/"
ROSTER_SCOPE = _SCOPE + "lti-nrps/scope/contextmembership.readonly"
GRADES_SCOPES = (_SCOPE + "lti-ags/scope/lineitem", _SCOPE + "lti-ags/scope/score")
NOTICES_SCOPE = _SCOPE + "lti/scope/noticehandlers"
"""To hear that a course was copied (Canvas)."""
SCOPES: tuple[str, ...] = (ROSTER_SCOPE, *GRADES_SCOPES, NOTICES_SCOPE)
"""All that we may ever ask."""

FRAME_WIDTH, FRAME_HEIGHT = 800, 600
"""Of the picker, in CSS pixels, where an LMS asks for it."""


@dataclass(frozen=True)
class Placement:
    """A spot in an LMS where Leerkring can appear."""

    name: str
    """As Canvas calls it."""
    message: Literal["LtiResourceLinkRequest", "LtiDeepLinkingRequest"]
    labels: dict[str, str]
    """Language to what stands on the button or in the menu."""
    titles: dict[str, str]
    """Language to what an admin calls the spot."""
    where: dict[str, str]
    """Language to a sentence for the admin: what this is for."""
    custom: dict[str, str] = field(default_factory=dict)
    """Custom fields of this spot alone."""
    visibility: Literal["admins", "members"] | None = None
    hidden_at_first: bool = False
    """In a menu that each teacher opens up for their own course."""


PLACEMENTS: tuple[Placement, ...] = (
    Placement(
        "link_selection",
        PICK,
        {"nl": "Ruimte van Leerkring", "en": "Leerkring space"},
        {"nl": "Module", "en": "Module"},
        {"nl": "Docenten zetten een ruimte in een module.", "en": "Teachers put a space in a module."},
    ),
    Placement(
        "assignment_selection",
        PICK,
        {"nl": "Ruimte van Leerkring", "en": "Leerkring space"},
        {"nl": "Opdracht", "en": "Assignment"},
        {"nl": "Docenten maken van een ruimte een opdracht.", "en": "Teachers make a space an assignment."},
    ),
    Placement(
        "course_navigation",
        LINK,
        {"nl": "Leerkring", "en": "Leerkring"},
        {"nl": "Cursusmenu", "en": "Course menu"},
        {
            "nl": "Elke docent zet het in de eigen cursus aan.",
            "en": "Each teacher switches it on in their own course.",
        },
        visibility="members",
        hidden_at_first=True,
    ),
    Placement(
        "account_navigation",
        LINK,
        {"nl": "Leerkring: beheer en rapport", "en": "Leerkring: console and report"},
        {"nl": "Beheermenu", "en": "Account menu"},
        {
            "nl": "Voor wie Leerkring beheert en voor HR.",
            "en": "For who runs Leerkring and for HR.",
        },
        custom={"page": "office"},
        visibility="admins",
    ),
)


@dataclass(frozen=True)
class Addresses:
    """Our own addresses, to the letter: Moodle and Canvas compare some of them character by character."""

    base_url: str
    """Without a slash at the end."""

    @property
    def login(self) -> str:
        """Where an LMS starts a login (`initiate_login_uri`, "Initiate login URL")."""
        return f"{self.base_url}/lti/login"

    @property
    def launch(self) -> str:
        """The one address for launches and deep linking: target link and redirect address."""
        return f"{self.base_url}/lti/launch"

    @property
    def jwks(self) -> str:
        """Our public keys ("Public keyset URL")."""
        return f"{self.base_url}/lti/jwks"

    @property
    def register(self) -> str:
        """What an admin pastes for dynamic registration."""
        return f"{self.base_url}/lti/register"

    @property
    def canvas_json(self) -> str:
        """What an admin of Canvas pastes when the customer's plan has no dynamic registration."""
        return f"{self.base_url}/lti/canvas.json"

    @property
    def icon(self) -> str:
        """A square picture, the same address for years."""
        return f"{self.base_url}/static/mark.svg"

    @property
    def domain(self) -> str:
        """Host and port. Moodle refuses a registration whose domain is not that of its target link."""
        return urlsplit(self.base_url).netloc

    @property
    def host(self) -> str:
        """Without a port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def port(self) -> int:
        """Where a firewall must let people through."""
        parts = urlsplit(self.base_url)
        return parts.port or (443 if parts.scheme == "https" else 80)


def custom_of(product: str) -> dict[str, str]:
    """The custom fields for `moodle`, `canvas` or another LMS."""
    return dict(CANVAS_CUSTOM if product == "canvas" else CUSTOM)


def claims_of(*, names: bool, emails: bool) -> list[str]:
    """The claims about a person to ask for. Moodle switches its sharing of names and e-mail on by these."""
    return ["iss", "sub", *(["name", "given_name", "family_name"] if names else []), *(["email"] if emails else [])]


def scopes_of(*, roster: bool, grades: bool, notices: bool = True, offered: Iterable[str] | None = None) -> list[str]:
    """The scopes to ask for, as far as the LMS offers them: Canvas refuses a registration with one it doesn't know.
    `offered` None: it said nothing, ask for all."""
    asked = [
        *([ROSTER_SCOPE] if roster else []),
        *(GRADES_SCOPES if grades else ()),
        *([NOTICES_SCOPE] if notices else []),
    ]
    if offered is None:
        return asked
    known = set(offered)
    return [scope for scope in asked if scope in known]


def privacy_level(*, names: bool, emails: bool) -> str:
    """What Canvas calls it; without one it sends nothing about a person."""
    return {(True, True): "public", (True, False): "name_only", (False, True): "email_only"}.get(
        (names, emails), "anonymous"
    )
