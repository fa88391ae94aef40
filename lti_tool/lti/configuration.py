"""What an LMS says of itself when it asks to be registered: fetched, and believed only as far as its host goes.

Who opens our registration page may have been sent there by somebody else, so nothing in its address is proof. The
configuration counts for the host that answered it: an LMS at `evil.example` may register `evil.example`, but not say
that it is `moodle.hospital.example` and bring its own keys (LTI Dynamic Registration 1.0, 3.5.1).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors import probe
from connectors.http import ConnectorError, Http
from connectors.probe import Seen
from lti_tool.db.database import in_write_transaction
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.web.text import one_line

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_CANVAS = "https://canvas.instructure.com/lti/"
_CANVAS_ISSUERS = frozenset(
    {"canvas.instructure.com", "canvas.beta.instructure.com", "canvas.test.instructure.com"},
)
"""All hosted Canvas shares one of these, and a Canvas of one's own keeps it unless somebody changes it."""
_CANVAS_HOSTS = frozenset({"instructure.com", "canvaslms.com"})
_FAMILIES = (_CANVAS_HOSTS, frozenset({"blackboard.com", "anthology.com"}))
"""Domains of one maker, whose addresses are spread over them."""
_NAMES = {
    "moodle": "Moodle",
    "canvas": "Canvas",
    "desire2learn": "Brightspace",
    "blackboardlearn": "Blackboard",
    "sakai": "Sakai",
}
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"})


class Unreachable(Exception):
    """The configuration could not be read. `seen` says what was met instead."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen.what)
        self.seen = seen


class Lying(Exception):
    """The configuration contradicts itself or its host. `about` is the name of the field, `host` what stood in it."""

    def __init__(self, reason: str, about: str, host: str = "", expected: str = "") -> None:
        super().__init__(f"{reason}: {about}")
        self.reason, self.about, self.host, self.expected = reason, about, host, expected


@dataclass(frozen=True)
class Configuration:
    """The configuration of an LMS, as far as it was found good."""

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    host: str
    """That answered the configuration: what an admin is shown as the address of the LMS."""
    product: str
    """`moodle`, `canvas` or `other`."""
    product_name: str
    """For people: `Moodle`, `Canvas`, `Brightspace`, or as it calls itself; empty when it does not say."""
    version: str
    account: str
    """What Canvas calls the customer; else empty."""
    scopes: tuple[str, ...] | None
    """None when it does not say what it offers."""
    messages: tuple[str, ...]
    placements: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts that are named, the one that answered first."""
        urls = (self.registration_url, self.jwks_url, self.token_url, self.auth_url)
        return tuple(dict.fromkeys((self.host, *(_netloc(url) for url in urls))))

    def to_json(self) -> dict[str, Any]:
        """As it is kept while the admin fills in the form."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Configuration:
        """From what `to_json` made."""
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in kept.items()}
        return cls(**values)


def http_for(reach: Reach) -> Http:
    """A session that goes where `reach` lets it, with the patience of somebody who waits for the page."""
    return Http(
        address_guard=reach.allows,
        in_write_transaction=in_write_transaction,
        timeout=(3.05, 8.0),
        deadline=10.0,
        max_bytes=1024 * 1024,
        retries=0,
    )


def fetch(url: str, token: str, *, reach: Reach, http: Callable[[], Http] | None = None) -> Configuration:
    """Ask an LMS for its configuration. Canvas wants its registration token along. Raises `Unreachable`, `Lying`."""
    try:
        reach.check(url, "The address")
    except WrongInput:
        raise _refused_before(url, reach) from None
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    began = time.monotonic()
    try:
        with (http or functools.partial(http_for, reach))() as session:
            response = session.get(url, headers=headers)
    except ConnectorError as error:
        raise Unreachable(probe.of_error(url, error, time.monotonic() - began)) from None
    seen = probe.of_answer(url, response, time.monotonic() - began, "json")
    if not seen.ok:
        raise Unreachable(seen)
    # After redirects: what counts is who answered in the end.
    return read(response.json(), _netloc(response.url or url), reach=reach)


def read(document: Any, host: str, *, reach: Reach) -> Configuration:
    """Read a configuration that `host` answered. Raises `Lying`."""
    if not isinstance(document, dict):
        raise Lying("missing", "issuer")
    about = document.get(PLATFORM)
    if not isinstance(about, dict):
        raise Lying("missing", "lti-platform-configuration")
    family = _text(about.get("product_family_code"), 60)
    product = family.lower() if family.lower() in {"moodle", "canvas"} else "other"
    issuer = _address(document, "issuer", reach)
    shared = product == "canvas" and _netloc(issuer) in _CANVAS_ISSUERS
    if _netloc(issuer) != host and not shared and not _one_family(_netloc(issuer), host):
        raise Lying("issuer", "issuer", _netloc(issuer), host)
    endpoints = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint"):
        endpoints[name] = _address(document, name, reach)
        there = _netloc(endpoints[name])
        if not (_together(there, host) or _is_canvas(host) or (shared and _is_canvas(there))):
            raise Lying("host", name, there, host)
    _offers(document, "response_types_supported", "id_token")
    _offers(document, "id_token_signing_alg_values_supported", "RS256")
    _offers(document, "token_endpoint_auth_methods_supported", "private_key_jwt", needed=False)
    messages, placements = _messages(about.get("messages_supported"))
    if messages and "LtiResourceLinkRequest" not in messages:
        raise Lying("offers", "messages_supported", "LtiResourceLinkRequest")
    scopes = document.get("scopes_supported")
    return Configuration(
        issuer=issuer,
        auth_url=endpoints["authorization_endpoint"],
        token_url=endpoints["token_endpoint"],
        jwks_url=endpoints["jwks_uri"],
        registration_url=endpoints["registration_endpoint"],
        host=host,
        product=product,
        product_name=_NAMES.get(family.lower(), family),
        version=_text(about.get("version"), 100).partition(" (")[0],
        account=_text(about.get(_CANVAS + "account_name"), 120),
        scopes=_texts(scopes) if isinstance(scopes, list) else None,
        messages=messages,
        placements=placements,
    )


def _refused_before(url: str, reach: Reach) -> Unreachable | Lying:
    """What to say of an address that we don't even try."""
    nowhere = Unreachable(Seen(False, "address", 0.0, ""))
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "")[:253]
    except ValueError:
        return nowhere
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.fragment or " " in url:
        return nowhere
    named = host != "localhost" and not host.replace(".", "").isdigit() and ":" not in host
    if parts.scheme == "http" and named and not reach.private:
        return Lying("plain", "openid_configuration", host)
    return Unreachable(Seen(False, "private", 0.0, host))


def _address(document: Mapping[str, Any], name: str, reach: Reach) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not url.strip():
        raise Lying("missing", name)
    try:
        return reach.check(url, name)
    except WrongInput:
        plain = url.strip().lower().startswith("http:")
        raise Lying("plain" if plain else "address", name, _netloc(url)) from None


def _offers(document: Mapping[str, Any], name: str, wanted: str, *, needed: bool = True) -> None:
    offered = document.get(name)
    if offered is None and not needed:
        return
    # Some write one value as a text. Others put several in one (`id_token token`).
    values = [offered] if isinstance(offered, str) else offered
    if not isinstance(values, list) or not any(isinstance(one, str) and wanted in one.split() for one in values):
        raise Lying("offers", name, wanted)


def _messages(said: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    types: list[str] = []
    placements: list[str] = []
    for message in said[:50] if isinstance(said, list) else ():
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            types.append(message["type"][:100])
            spots = message.get("placements")
            # Canvas also writes them as https://canvas.instructure.com/lti/<name>.
            placements += [spot.removeprefix(_CANVAS) for spot in _texts(spots if isinstance(spots, list) else [])]
    return tuple(dict.fromkeys(types)), tuple(dict.fromkeys(placements))


def _text(value: object, most: int) -> str:
    return one_line(value[: 4 * most])[:most].strip() if isinstance(value, str) else ""


def _texts(values: list[Any]) -> tuple[str, ...]:
    return tuple(value for value in values[:200] if isinstance(value, str) and 0 < len(value) <= 300)


def _netloc(url: str) -> str:
    """Host and port, in small letters, without the port that goes without saying."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    return host if port in {None, 80, 443} else f"{host}:{port}"


def _domain(host: str) -> str:
    """`hospital.nl` of `sso.hospital.nl`. An address in numbers, or one with a port, is its own."""
    labels = host.split(".")
    if ":" in host or len(labels) < 3 or labels[-1].isdigit():
        return host
    long = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if long else labels[-2:])


def _one_family(one: str, other: str) -> bool:
    return any(_domain(one) in family and _domain(other) in family for family in _FAMILIES)


def _is_canvas(host: str) -> bool:
    return _domain(host) in _CANVAS_HOSTS


def _together(one: str, other: str) -> bool:
    """Whether two hosts are plausibly of one LMS."""
    return one == other or _domain(one) == _domain(other) or _one_family(one, other)
