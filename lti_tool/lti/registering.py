"""What we send an LMS to be registered, and what its answer means. HTTP, but no database."""

from __future__ import annotations

import base64
import functools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from connectors import probe
from connectors.http import ConnectorError, Http
from connectors.probe import Seen
from lti_tool.lti import offer
from lti_tool.lti.configuration import Configuration, http_for
from lti_tool.organisations.addresses import Reach

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_CANVAS = "https://canvas.instructure.com/lti/"
_NEVER_SENT = frozenset({"private", "address", "no_name", "refused", "certificate"})


class SaidNo(Exception):
    """The LMS did not register us. `used`: it says that this token did register somebody before."""

    def __init__(self, seen: Seen, *, used: bool = False) -> None:
        super().__init__(f"{seen.what} {seen.status}")
        self.seen, self.used = seen, used


class Lost(Exception):
    """The LMS may have registered us: what it answered never arrived, or can't be read."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(f"{seen.what} {seen.status}")
        self.seen = seen


@dataclass(frozen=True)
class Choices:
    """What the admin switched on."""

    names: bool
    emails: bool
    roster: bool
    grades: bool
    placements: frozenset[str]
    """Names of Canvas."""
    language: str
    """Of the labels that stay in the LMS."""


@dataclass(frozen=True)
class Answer:
    """An LMS registered us."""

    client_id: str
    deployment_id: str
    """Empty when it did not say: then the first one seen is accepted."""
    scopes: tuple[str, ...]
    """What it granted, as far as we asked for it."""


@dataclass(frozen=True)
class TokenSays:
    """What a registration token says of itself, where it can be read. Not checked: the LMS does that."""

    expires: float | None = None
    subject: str = ""
    updates: bool = False
    """It is for changing a registration that exists."""


def read_token(token: str) -> TokenSays:
    """Look into a token; Moodle's and Canvas's are JWTs."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > 8000:
        return TokenSays()
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return TokenSays()
    if not isinstance(said, dict):
        return TokenSays()
    expires, subject = said.get("exp"), said.get("sub")
    return TokenSays(
        float(expires) if isinstance(expires, int | float) and not isinstance(expires, bool) else None,
        subject if isinstance(subject, str) else "",
        said.get("scope") == "reg-update",
    )


def spots(configuration: Configuration) -> tuple[offer.Placement, ...]:
    """The placements that an LMS offers and we have something for. Moodle has none to choose from."""
    if configuration.product != "canvas":
        return ()
    return tuple(placement for placement in offer.PLACEMENTS if placement.name in configuration.placements)


def asked_scopes(configuration: Configuration, choices: Choices) -> list[str]:
    """The scopes to ask for: what was switched on, as far as the LMS offers it."""
    return offer.scopes_of(roster=choices.roster, grades=choices.grades, offered=configuration.scopes)


def body(configuration: Configuration, choices: Choices, addresses: offer.Addresses) -> dict[str, Any]:
    """The registration as the LMS wants it (OpenID Connect Dynamic Registration, LTI Dynamic Registration 1.0, 4)."""
    canvas = configuration.product == "canvas"
    tool = {
        "domain": addresses.domain,
        "description": offer.DESCRIPTION[choices.language],
        "target_link_uri": addresses.launch,
        "custom_parameters": offer.custom_of(configuration.product),
        "claims": [*offer.claims_of(names=choices.names, emails=choices.emails), *(["locale"] if canvas else [])],
        "messages": (_canvas_messages if canvas else _messages)(configuration, choices, addresses),
    }
    if canvas:
        tool[_CANVAS + "privacy_level"] = offer.privacy_level(names=choices.names, emails=choices.emails)
        tool[_CANVAS + "tool_id"] = offer.TOOL_ID
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["client_credentials", "implicit"],
        "initiate_login_uri": addresses.login,
        "redirect_uris": [addresses.launch],
        "client_name": offer.TITLE,
        "client_uri": addresses.base_url,
        "logo_uri": addresses.icon,
        "jwks_uri": addresses.jwks,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(asked_scopes(configuration, choices)),
        TOOL: tool,
    }


def _messages(configuration: Configuration, choices: Choices, addresses: offer.Addresses) -> list[dict[str, Any]]:
    """For all but Canvas: links, and the picker where it is offered."""
    pick = next(placement for placement in offer.PLACEMENTS if placement.message == offer.PICK)
    messages: list[dict[str, Any]] = [{"type": offer.LINK, "target_link_uri": addresses.launch, "label": offer.TITLE}]
    if not configuration.messages or offer.PICK in configuration.messages:
        spot = {"placements": ["ContentArea"]} if "ContentArea" in configuration.placements else {}
        label = pick.labels[choices.language]
        messages.append({"type": offer.PICK, "target_link_uri": addresses.launch, "label": label, **spot})
    for message in messages:
        message["icon_uri"] = addresses.icon
    return messages


def _canvas_messages(
    configuration: Configuration, choices: Choices, addresses: offer.Addresses
) -> list[dict[str, Any]]:
    """One message for each spot, so that each has its own label and keys (canvas-lms, doc/api/registration.md)."""
    messages = []
    for placement in spots(configuration):
        if placement.name not in choices.placements:
            continue
        message: dict[str, Any] = {
            "type": placement.message,
            "target_link_uri": addresses.launch,
            "label": placement.labels[choices.language],
            "icon_uri": addresses.icon,
            "placements": [placement.name],
        }
        if placement.custom:
            message["custom_parameters"] = dict(placement.custom)
        if placement.visibility:
            message[_CANVAS + "visibility"] = placement.visibility
        if placement.message == offer.PICK:
            message[_CANVAS + "launch_width"] = offer.FRAME_WIDTH
            message[_CANVAS + "launch_height"] = offer.FRAME_HEIGHT
        else:
            message[_CANVAS + "display_type"] = "full_width_in_context"
        if placement.hidden_at_first:
            message[_CANVAS + placement.name + "/default_enabled"] = False
        messages.append(message)
    return messages


def current(configuration: Configuration, token: str, *, reach: Reach) -> str:
    """The client id of the registration that an update token is for; empty when the LMS does not say."""
    try:
        with http_for(reach) as http:
            response = http.get(configuration.registration_url, headers=_bearer(token))
        said = response.json() if response.ok else None
    except (ConnectorError, ValueError):
        return ""
    return _id(said.get("client_id")) if isinstance(said, dict) else ""


def send(
    configuration: Configuration,
    registration: Mapping[str, Any],
    token: str,
    *,
    reach: Reach,
    http: Callable[[], Http] | None = None,
) -> Answer:
    """Ask the LMS to register us, or to change what it registered: Moodle wants a POST for both. Once, never again by
    itself. Raises `SaidNo`, `Lost`."""
    url, began = configuration.registration_url, time.monotonic()
    try:
        with (http or functools.partial(http_for, reach))() as session:
            response = session.post(url, json=dict(registration), headers=_bearer(token))
    except ConnectorError as error:
        seen = probe.of_error(url, error, time.monotonic() - began)
        raise (SaidNo if seen.what in _NEVER_SENT else Lost)(seen) from None
    return _read(url, response, time.monotonic() - began, registration)


def _read(url: str, response: requests.Response, seconds: float, registration: Mapping[str, Any]) -> Answer:
    seen = probe.of_answer(url, response, seconds, "json")
    if not 200 <= response.status_code < 300:
        # A gateway's 502 may hide a yes; so may the fault of a server that broke after it had stored us.
        if response.status_code >= 500:
            raise Lost(seen)
        raise SaidNo(seen, used=response.content.strip() == b"token_already_used")
    said = response.json() if seen.ok else None
    client_id = _id(said.get("client_id")) if isinstance(said, dict) else ""
    if not isinstance(said, dict) or not client_id:
        raise Lost(seen)
    tool = said.get(TOOL)
    tool = tool if isinstance(tool, dict) else {}
    asked = str(registration["scope"]).split()
    granted = said.get("scope")
    # Moodle grants fewer than asked; who says nothing about it grants all (RFC 7591, 3.2.1).
    given = set(granted.split()) if isinstance(granted, str) else set(asked)
    return Answer(client_id, _id(tool.get("deployment_id")), tuple(scope for scope in asked if scope in given))


def _bearer(token: str) -> dict[str, str]:
    return {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}


def _id(value: object) -> str:
    """An id that can be stored; Canvas writes numbers as texts, others may not."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text.strip()) <= 255 or not text.isprintable():
        return ""
    return text.strip()
