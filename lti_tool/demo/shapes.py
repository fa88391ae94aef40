"""The words of LTI 1.3 as the practice platform uses them: tools, users, courses, links, visits. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import escape

SPEC = "https://purl.imsglobal.org/spec/"
LTI = SPEC + "lti/claim/"
DEEP_LINKING = SPEC + "lti-dl/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER, INSTRUCTOR = MEMBERSHIP + "Learner", MEMBERSHIP + "Instructor"
ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
ROSTER = SPEC + "lti-nrps/scope/contextmembership.readonly"
LINE_ITEMS, LINE_ITEMS_READ = SPEC + "lti-ags/scope/lineitem", SPEC + "lti-ags/scope/lineitem.readonly"
RESULTS, SCORES = SPEC + "lti-ags/scope/result.readonly", SPEC + "lti-ags/scope/score"
NOTICES = SPEC + "lti/scope/noticehandlers"


class Unrecoverable(Exception):
    """So wrong that the platform shows its own error page instead of going back to the tool."""


class Unacceptable(Exception):
    """Something that a tool sent and that the platform does not take. `status` is what it answers."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


@dataclass(frozen=True)
class Tool:
    """A tool as it is registered at the platform."""

    client_id: str
    deployment_id: str
    login_url: str
    launch_url: str
    """The one redirect address; compared exactly, as Moodle does."""
    key_set_url: str = ""
    name: str = "Leerkring"
    scopes: tuple[str, ...] | None = None
    """What was granted. None: nobody asked, so launches speak of no service and a token is had for any."""
    custom: Mapping[str, str] = field(default_factory=dict)
    """Custom fields of the whole tool; a link's own go before them."""
    names: bool = True
    emails: bool = True
    picks: bool = False
    """Whether teachers may pick contents from it (deep linking)."""
    spots: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where it appears in Canvas, with the custom fields of that spot."""
    active: bool = True
    """False until the admin of the platform switches it on."""


@dataclass(frozen=True)
class User:
    """Somebody with an account at the platform. What is empty is not sent."""

    subject: str
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    staff_number: str = ""
    locale: str = "nl"


@dataclass(frozen=True)
class Course:
    """A course."""

    id: str
    title: str
    label: str = ""
    kind: str = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"


@dataclass(frozen=True)
class Link:
    """A link to the tool in a course."""

    id: str
    title: str
    description: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    target_link_uri: str = ""
    """Empty: the tool's launch address."""
    history: tuple[str, ...] = ()
    """The links that this one was copied from, the latest first."""
    own_tab: bool = False
    """The tool asked to be opened in a tab of its own."""


@dataclass(frozen=True)
class Picking:
    """A teacher picks contents: what the platform takes, and where the answer goes."""

    return_url: str
    data: str = ""
    """Sent when not empty; the answer must bring it back, and none when none was sent."""
    accept_types: tuple[str, ...] = ("ltiResourceLink",)
    multiple: bool = True
    auto_create: bool = False
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class Visit:
    """Somebody clicks a link in a course, or picks contents for it."""

    tool: Tool
    user: User
    course: Course | None
    link: Link
    roles: tuple[str, ...] = (LEARNER,)
    return_url: str = ""
    picking: Picking | None = None
    placement: str = ""
    """Where in Canvas; empty is null there."""

    @property
    def target_link_uri(self) -> str:
        """Where the link leads to."""
        return self.link.target_link_uri or self.tool.launch_url


@dataclass(frozen=True)
class FormPost:
    """A form that the browser sends by itself."""

    action: str
    fields: Mapping[str, str]

    def html(self, script_nonce: str = "") -> str:
        """The page that sends it; with a button for who has no script."""
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in self.fields.items()
        )
        nonce = f' nonce="{escape(script_nonce)}"' if script_nonce else ""
        return (
            '<!doctype html><html lang="nl"><meta charset="utf-8"><title>Een moment</title>'
            f'<form method="post" action="{escape(self.action)}">{fields}<button>Verder</button></form>'
            f"<script{nonce}>document.forms[0].submit()</script></html>"
        )
