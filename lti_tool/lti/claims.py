"""What an id token says, read with distrust: a claim of an odd type is absent, an unresolved `$variable` too.

Pure: a token's body goes in, `Claims` come out. Signature, times and addressees are checked in `message.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from lti_tool.lms.operations import NONE, CourseServices
from lti_tool.lti import offered, roles
from lti_tool.settings import LOOPBACK_HOSTS
from lti_tool.web.text import one_line

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MESSAGE_TYPE = LTI + "message_type"
VERSION = LTI + "version"
DEPLOYMENT_ID = LTI + "deployment_id"
TARGET_LINK_URI = LTI + "target_link_uri"
RESOURCE_LINK = LTI + "resource_link"
ROLES = LTI + "roles"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
HOSTED_CANVAS = "https://canvas.instructure.com"
"""All schools that Instructure hosts share this issuer."""
LINK, PICK = "LtiResourceLinkRequest", "LtiDeepLinkingRequest"
REVIEW = "LtiSubmissionReviewRequest"

_DOOR = re.compile(r"[A-Za-z0-9_-]{20,64}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LANGUAGES = ("nl", "en")


class BadClaim(Exception):
    """A claim that a launch needs is missing or odd. The message names the claim, not its value."""


@dataclass(frozen=True)
class Origin:
    """What of the registered platform matters to reading a token of it."""

    issuer: str
    auth_url: str
    product: str
    frame_hosts: str = ""
    """Further origins of it, as the admin typed them, space separated."""
    token_url: str = ""


@dataclass(frozen=True)
class DeepLinking:
    """What the picker of an LMS asks for (Deep Linking 2.0, 4.4.1)."""

    return_url: str
    """On a host of the platform. Moodle's holds the session key of who picks: never logged, stored encrypted."""
    data: Any
    """To be given back as it is; None when there is none."""
    multiple: bool
    auto_create: bool
    """The LMS makes the links at once, without a form to fill in."""
    targets: tuple[str, ...]
    """`iframe`, `window`, `embed`, Moodle's `frame`."""
    title: str = ""
    """What was typed for the new link already, if anything."""


@dataclass(frozen=True)
class Claims:
    """All that a launch keeps of its token. Texts are one line; absent is empty."""

    subject: str
    deployment_id: str
    resource_link_id: str
    """Empty while somebody picks."""
    resource_link_title: str
    context_id: str
    context_title: str
    name: str
    email: str
    staff_number: str
    number_from_link: bool
    """The staff number stood in a custom field: in many an LMS who may edit a link can type one there."""
    language: str
    """Empty when it says none of ours: then the organisation's own holds."""
    teaches: bool
    role: Literal["learner", "teacher", "admin"]
    """For counting, see `roles.kind`."""
    is_test: bool
    counted: bool
    """False for a test user and for staff who act as a learner."""
    space_slug: str | None
    page: str
    """A page of the organisation that the link asks for (custom field `page`), or empty."""
    frame_hosts: str
    """Origins that may frame us, space separated."""
    back_href: str
    back_label: str
    frame_token: str = ""
    """What Canvas wants back in messages from a frame (`$com.instructure.PostMessageToken`), or empty."""
    product: str = ""
    """`moodle`, `canvas`, or what the LMS calls itself."""
    deep_linking: DeepLinking | None = None
    """Somebody picks what a new link leads to; None in an ordinary launch."""
    link_history: tuple[str, ...] = ()
    """Ids of the links that this one was copied from, as the LMS fills in `$ResourceLink.id.history`."""
    context_history: tuple[str, ...] = ()
    """The same of the course, `$Context.id.history`."""
    placed: str = ""
    """The key of a link that was picked here (custom field `door`), or empty."""
    services: CourseServices = NONE


def read(body: Mapping[str, Any], origin: Origin, *, loopback: bool) -> Claims:
    """Read a token's body. `loopback`: this tool runs on this machine itself. Raises `BadClaim`."""
    link, context = _object(body, "resource_link"), _object(body, "context")
    presentation, custom, lis = (_object(body, name) for name in ("launch_presentation", "custom", "lis"))
    said = body.get(ROLES)
    if not isinstance(said, list):
        raise BadClaim("roles")
    held = [role for role in said if isinstance(role, str)]
    is_test = roles.is_test_user(held)
    acting = any("masquerad" in name.lower() and text(value) for name, value in custom.items())
    product = _product(body, origin)
    frame_hosts = _frame_hosts(origin, product, presentation, custom, loopback)
    picks = body.get(MESSAGE_TYPE) == PICK
    staff_number, number_from_link = _staff_number(lis, custom)
    return Claims(
        subject=identifier(body.get("sub"), "sub"),
        deployment_id=identifier(body.get(DEPLOYMENT_ID), "deployment_id"),
        resource_link_id="" if picks else identifier(link.get("id"), "resource_link.id"),
        resource_link_title=text(link.get("title"), 300),
        context_id=text(context.get("id"), 255),
        context_title=text(context.get("title"), 300) or text(context.get("label"), 300),
        name=_name(body),
        email=_email(body),
        staff_number=staff_number,
        number_from_link=number_from_link,
        language=_language(presentation, body),
        teaches=roles.teaches(held),
        role=roles.kind(held),
        is_test=is_test,
        counted=not (is_test or acting),
        space_slug=_slug(custom),
        page=text(custom.get("page"), 20),
        frame_hosts=frame_hosts,
        back_href=_back(origin, product, context, presentation, custom),
        back_label=text(context.get("title"), 300) or text(context.get("label"), 300),
        frame_token=_frame_token(custom),
        product=product,
        deep_linking=_deep_linking(body, frame_hosts.split(), loopback) if picks else None,
        link_history=_history(custom.get("resource_link_id_history")),
        context_history=_history(custom.get("context_id_history")),
        placed=_key(custom.get("door")),
        services=offered.read(
            body, (*frame_hosts.split(), origin.token_url), hosted_canvas=origin.issuer == HOSTED_CANVAS
        ),
    )


def place(body: Mapping[str, Any]) -> dict[str, str]:
    """Course and link of a token that nobody checked yet, to look up what is known of them; empty when odd."""
    context, link = _object(body, "context"), _object(body, "resource_link")
    try:
        link_id = identifier(link.get("id"), "resource_link.id")
    except BadClaim:
        link_id = ""
    return {"context_id": text(context.get("id"), 255), "resource_link_id": link_id}


def text(value: object, most: int = 255) -> str:
    """A text of a claim: one line, cut to `most`; empty when it is none or an unresolved variable."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or value.lstrip().startswith("$"):
        return ""
    return one_line(value[: 4 * most])[:most].strip()


def identifier(value: object, name: str) -> str:
    """A text that must be there and is compared, so it is never cut or tidied. Raises `BadClaim`."""
    if not isinstance(value, str) or not value.strip() or len(value) > 255:
        raise BadClaim(name)
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise BadClaim(name)
    return value


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(LTI + name)
    return found if isinstance(found, dict) else {}


def _product(body: Mapping[str, Any], origin: Origin) -> str:
    if origin.product in {"moodle", "canvas"}:
        return origin.product
    return text(_object(body, "tool_platform").get("product_family_code")).lower()


def _name(body: Mapping[str, Any]) -> str:
    if name := text(body.get("name"), 300):
        return name
    parts = (text(body.get("given_name"), 150), text(body.get("family_name"), 149))
    return " ".join(part for part in parts if part)


def _email(body: Mapping[str, Any]) -> str:
    email = text(body.get("email"), 320)
    return email if email.count("@") == 1 and " " not in email else ""


def _staff_number(lis: Mapping[str, Any], custom: Mapping[str, Any]) -> tuple[str, bool]:
    """The number, and whether a link said it. Where the platform itself says who it is, be it "nobody with a number",
    no link is asked: in Moodle a teacher who has none could type a colleague's there, and be them. A variable that
    Canvas could not fill in (a literal `$…`) says nothing."""
    own = lis.get("person_sourcedid")
    if "person_sourcedid" in lis and not str(own).startswith("$"):
        return text(own, 100), False
    said = (custom.get("person_sourcedid"), custom.get("person_idnumber"))
    number = next((number for number in (text(value, 100) for value in said) if number), "")
    return number, bool(number)


def _language(presentation: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    for said in (presentation.get("locale"), body.get("locale")):
        if (short := text(said)[:2].lower()) in _LANGUAGES:
            return short
    return ""


def _slug(custom: Mapping[str, Any]) -> str | None:
    slug = text(custom.get("space"), 100)
    return slug if _SLUG.fullmatch(slug) else None


def _frame_token(custom: Mapping[str, Any]) -> str:
    said = text(custom.get("post_message_token"), 100)
    return said if re.fullmatch(r"[A-Za-z0-9._-]*", said) else ""


def _frame_hosts(
    origin: Origin, product: str, presentation: Mapping[str, Any], custom: Mapping[str, Any], loopback: bool
) -> str:
    """Who may show us in a frame. Canvas has vanity hosts, so the registered addresses are not enough; elsewhere a
    custom field of that name is what somebody typed into a link."""
    domain = text(custom.get("canvas_api_domain")).lower() if product == "canvas" else ""
    said = (
        origin.issuer,
        origin.auth_url,
        f"https://{domain}" if domain else "",
        presentation.get("return_url"),
        *origin.frame_hosts.split(),
    )
    found = [safe_origin(url, loopback=loopback) for url in said if isinstance(url, str)]
    return " ".join(dict.fromkeys(host for host in found if host))


def _deep_linking(body: Mapping[str, Any], hosts: Sequence[str], loopback: bool) -> DeepLinking:
    """The picker's settings. Links are all we give, and only to a host that is the platform's. Raises `BadClaim`."""
    asked = body.get(DEEP_LINKING)
    if not isinstance(asked, dict):
        raise BadClaim("deep_linking_settings")
    url = asked.get("deep_link_return_url")
    if not isinstance(url, str) or not _is_at(url, hosts, loopback):
        raise BadClaim("deep_link_return_url")
    types, targets = (asked.get(name) for name in ("accept_types", "accept_presentation_document_targets"))
    if not isinstance(types, list) or "ltiResourceLink" not in types:
        raise BadClaim("accept_types")
    if not isinstance(targets, list) or not targets:
        raise BadClaim("accept_presentation_document_targets")
    return DeepLinking(
        return_url=url,
        data=asked.get("data"),
        multiple=_yes(asked.get("accept_multiple")),
        auto_create=_yes(asked.get("auto_create")),
        targets=tuple(target for target in targets if isinstance(target, str)),
        title=text(asked.get("title"), 120),
    )


def _yes(value: object) -> bool:
    return value is True or value == "true"


def _is_at(url: str, hosts: Sequence[str], loopback: bool) -> bool:
    """Whether a browser that is sent to this address ends up on one of these origins. Browsers read a backslash as a
    slash and Python doesn't, so an address with one, or with a user's name, is no address."""
    if len(url) > 2000 or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    here = safe_origin(url, loopback=loopback)
    if not here or "@" in url.split("/")[2]:
        return False
    return _plain_port(here) in {_plain_port(host) for host in hosts}


def _plain_port(origin: str) -> str:
    default = ":443" if origin.startswith("https:") else ":80"
    return origin.removesuffix(default)


def _history(value: object) -> tuple[str, ...]:
    """Ids of what something was copied from, latest first (LTI 1.3 core, B.2.3). A dozen generations will do."""
    said = (part.strip() for part in text(value, 4000).split(","))
    return tuple(dict.fromkeys(part for part in said if 0 < len(part) <= 255 and not part.startswith("$")))[:12]


def _key(value: object) -> str:
    return value if isinstance(value, str) and _DOOR.fullmatch(value) else ""


def safe_origin(url: str, *, loopback: bool) -> str:
    """`https://host:port`, made of checked parts only: it goes into a header. Empty when it can't be."""
    try:
        parts = urlsplit(url[:2000])
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"https", "http"} or not _HOST.fullmatch(host):
        return ""
    if host in LOOPBACK_HOSTS and not loopback:
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _back(
    origin: Origin,
    product: str,
    context: Mapping[str, Any],
    presentation: Mapping[str, Any],
    custom: Mapping[str, Any],
) -> str:
    """The way back to the course. Moodle's `return_url` holds the user's session key: no query is kept."""
    course = text(context.get("id"))
    if product == "moodle" and course.isascii() and course.isdecimal():
        return f"{origin.issuer.rstrip('/')}/course/view.php?id={course}"
    domain, number = text(custom.get("canvas_api_domain")).lower(), text(custom.get("canvas_course_id"))
    if product == "canvas" and _HOST.fullmatch(domain) and number.isascii() and number.isdecimal():
        return f"https://{domain}/courses/{number}"
    url = presentation.get("return_url")
    if not isinstance(url, str) or not safe_origin(url, loopback=True):
        return ""
    bare = url.partition("#")[0].partition("?")[0]
    return bare if len(bare) <= 1000 and bare.isascii() and bare.isprintable() and " " not in bare else ""
