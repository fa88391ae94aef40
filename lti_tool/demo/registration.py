"""How a tool registers itself at the platform: the configuration, the one-use token of an hour, and strict checks.

The checks and the answers are Moodle's (`mod/lti/openid-registration.php`, recorded) or Canvas's
(`dynamic_registration_controller.rb`): which one depends on `Platform.product`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, request

from lti_tool.demo.shapes import (
    LINE_ITEMS,
    LINE_ITEMS_READ,
    NOTICES,
    RESULTS,
    ROSTER,
    SCORES,
    SPEC,
    Tool,
    Unacceptable,
)

if TYPE_CHECKING:
    from lti_tool.demo.platform import Platform

TOOL_CONFIGURATION = SPEC + "lti-tool-configuration"
PLATFORM_CONFIGURATION = SPEC + "lti-platform-configuration"
CANVAS = "https://canvas.instructure.com/lti/"
LIFE = 3600
_MOODLE_SCOPES = (LINE_ITEMS_READ, RESULTS, SCORES, LINE_ITEMS, ROSTER)
_CANVAS_SCOPES = (*_MOODLE_SCOPES, NOTICES)
_PLACEMENTS = ("account_navigation", "assignment_selection", "course_navigation", "editor_button", "link_selection")
_SPOKEN_OF = {"ContentArea": "link_selection", "RichTextEditor": "editor_button"}
_REQUIRED = ("initiate_login_uri", "redirect_uris", "client_name", "jwks_uri")


@dataclass
class Invitation:
    """A registration token: who comes with it may register one tool, or change one (`update`: its client id)."""

    client_id: str
    until: float
    update: bool = False
    used: bool = False


class Registrar:
    """Hands out registration tokens and takes registrations in."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._invitations: dict[str, Invitation] = {}
        self._deployments = 0

    def invite(self, address: str, *, update: str = "") -> str:
        """Where the browser of an admin who pasted `address` goes. `update`: client id of the tool to change."""
        platform = self._platform
        client_id = update or (str(10_000_000_000_000 + secrets.randbelow(10**6)) if platform.is_canvas else _id())
        now = int(platform.clock().timestamp())
        scope = "reg-update" if update else "reg"
        claims = {"sub": client_id, "scope": scope, "iat": now, "exp": now + LIFE, "jti": _id()}
        token = platform.sign(claims)
        self._invitations[token] = Invitation(client_id, now + LIFE, update=bool(update))
        sent = {"openid_configuration": configuration_url(platform), "registration_token": token}
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(sent)}"

    def invitation(self, authorization: str | None) -> Invitation:
        """The invitation that a request brings. Raises `Unacceptable` with what Moodle answers."""
        if authorization is None or not authorization.startswith("Bearer "):
            raise Unacceptable("missing_registration_token", 401)
        found = self._invitations.get(authorization[7:])
        if found is None or found.until <= self._platform.clock().timestamp():
            raise Unacceptable("invalid_token", 401 if self._platform.is_canvas else 404)
        if found.used:
            raise Unacceptable("token_already_used", 401)
        return found

    def register(self, authorization: str | None, asked: Any) -> dict[str, Any]:
        """Take a registration in; the tool waits for its admin. Returns the answer. Raises `Unacceptable`; a refused
        registration does not use the token up."""
        platform, invitation = self._platform, self.invitation(authorization)
        if not isinstance(asked, dict) or not isinstance(asked.get(TOOL_CONFIGURATION), dict):
            raise Unacceptable("invalid_request")
        (_check_canvas if platform.is_canvas else _check)(asked)
        made = self._tool(invitation.client_id, asked)
        if invitation.update:
            before = platform.tools[invitation.client_id]
            made = replace(made, deployment_id=before.deployment_id, active=before.active)
        invitation.used = True
        platform.tools[made.client_id] = made
        return self.answer(made, asked)

    def _tool(self, client_id: str, asked: Mapping[str, Any]) -> Tool:
        platform, said = self._platform, asked[TOOL_CONFIGURATION]
        self._deployments += 1
        known = _CANVAS_SCOPES if platform.is_canvas else _MOODLE_SCOPES
        claims = said.get("claims") or []
        level = said.get(CANVAS + "privacy_level")
        public, only = level == "public", level or ""
        messages = [message for message in said.get("messages") or [] if isinstance(message, dict)]
        picks = any(message.get("type") == "LtiDeepLinkingRequest" for message in messages)
        names = public or only == "name_only" if level else "name" in claims
        emails = public or only == "email_only" if level else "email" in claims
        asked_scopes = str(asked.get("scope", "")).split()
        return Tool(
            client_id=client_id,
            deployment_id=f"{16 + self._deployments}:{secrets.token_hex(20)}"
            if platform.is_canvas
            else str(2 + self._deployments),
            login_url=asked["initiate_login_uri"],
            launch_url=asked["redirect_uris"][0],
            key_set_url=asked["jwks_uri"],
            name=asked["client_name"],
            scopes=tuple(scope for scope in known if scope in asked_scopes),
            custom={str(k): str(v) for k, v in (said.get("custom_parameters") or {}).items()},
            names=names,
            emails=emails,
            picks=picks,
            spots=_spots(messages) if platform.is_canvas else {},
            active=False,
        )

    def answer(self, tool: Tool, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the tool hears. Canvas tells no deployment: it is known at the first launch."""
        said = asked[TOOL_CONFIGURATION]
        configuration: dict[str, Any] = {"domain": said["domain"], "target_link_uri": said["target_link_uri"]}
        answer = {name: asked[name] for name in (*_REQUIRED, "response_types", "grant_types") if name in asked}
        answer |= {"client_id": tool.client_id, "scope": " ".join(tool.scopes or ())}
        answer |= {"application_type": "web", "token_endpoint_auth_method": "private_key_jwt"}
        if self._platform.is_canvas:
            configuration[CANVAS + "registration_config_url"] = (
                f"{self._platform.issuer}/registrations/{tool.client_id}"
            )
        else:
            configuration |= {"version": "1.3.0", "deployment_id": tool.deployment_id}
            configuration["claims"] = said.get("claims") or []
            configuration["custom_parameters"] = dict(tool.custom)
            if tool.picks:
                picking = {"type": "LtiDeepLinkingRequest", "target_link_uri": tool.launch_url}
                configuration["messages"] = [picking]
        return {**answer, TOOL_CONFIGURATION: configuration}


def configuration_url(platform: Platform) -> str:
    """Where a tool reads how this platform is spoken to."""
    return f"{platform.issuer}{platform.prefix}/openid-configuration"


def configuration(platform: Platform) -> dict[str, Any]:
    """The configuration: addresses, scopes, messages, variables."""
    canvas = platform.is_canvas
    messages: list[dict[str, Any]] = [
        {"type": "LtiResourceLinkRequest", **({"placements": _in_canvas(False)} if canvas else {})},
        {"type": "LtiDeepLinkingRequest", "placements": _in_canvas(True) if canvas else ["ContentArea"]},
    ]
    own = {CANVAS + "account_name": platform.name, CANVAS + "account_lti_guid": f"guid-of-{platform.name}"}
    variables = ["Context.id", "Context.id.history", "Person.sourcedId", "Person.name.full", "ResourceLink.id"]
    if canvas:
        variables += ["Canvas.user.id", "Canvas.course.id", "Canvas.api.domain", "Canvas.masqueradingUser.id"]
    return {
        "issuer": platform.issuer,
        "authorization_endpoint": platform.auth_url,
        "token_endpoint": platform.token_url,
        "jwks_uri": platform.jwks_url,
        "registration_endpoint": f"{platform.issuer}{platform.prefix}/registrations",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", *(_CANVAS_SCOPES if canvas else _MOODLE_SCOPES)],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
        PLATFORM_CONFIGURATION: {
            "product_family_code": platform.product,
            "version": "cloud" if canvas else "4.5.6 (Build: 20250811)",
            "messages_supported": messages,
            "variables": variables,
            **(own if canvas else {}),
        },
    }


def _in_canvas(picking: bool) -> list[str]:
    picked = {"assignment_selection", "editor_button", "link_selection"}
    return [CANVAS + name if picking else name for name in _PLACEMENTS if (name in picked) == picking]


def _spots(messages: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The spots that Canvas knows, with their custom fields; it drops the others."""
    found = {}
    for message in messages:
        custom = {str(name): str(value) for name, value in (message.get("custom_parameters") or {}).items()}
        for said in message.get("placements") or []:
            name = str(said).removeprefix(CANVAS)
            found[_SPOKEN_OF.get(name, name)] = custom
    return {name: custom for name, custom in found.items() if name in _PLACEMENTS}


def _check(asked: Mapping[str, Any]) -> None:
    """What both are strict about. Raises `Unacceptable`."""
    for name in _REQUIRED:
        if not asked.get(name):
            raise Unacceptable(f"missing required attribute {name}")
    if "id_token" not in (asked.get("response_types") or []):
        raise Unacceptable("missing required attribute response_types")
    if asked.get("token_endpoint_auth_method") != "private_key_jwt":
        raise Unacceptable("unsupported token_endpoint_auth_method")
    said, redirects = asked[TOOL_CONFIGURATION], asked["redirect_uris"]
    if not isinstance(redirects, list) or not all(isinstance(one, str) for one in redirects):
        raise Unacceptable("invalid redirect_uris")
    addresses = (said.get("target_link_uri"), asked["initiate_login_uri"], asked["jwks_uri"], *redirects)
    if not all(urlsplit(str(one)).scheme in {"http", "https"} for one in addresses):
        raise Unacceptable("an address is not http")
    if not isinstance(said.get("domain"), str) or urlsplit(said["target_link_uri"]).netloc != said["domain"]:
        raise Unacceptable("domain_targetlinkuri_mismatch")


def _check_canvas(asked: Mapping[str, Any]) -> None:
    _check(asked)
    if asked.get("application_type") != "web":
        raise Unacceptable("application_type must be 'web'", 422)
    if not {"client_credentials", "implicit"} <= set(asked.get("grant_types") or []):
        raise Unacceptable("grant_types must include client_credentials and implicit", 422)
    unknown = set(str(asked.get("scope", "")).split()) - {*_CANVAS_SCOPES, "openid"}
    if unknown:
        raise Unacceptable(f"scopes are not supported: {', '.join(sorted(unknown))}", 422)


def _id() -> str:
    return secrets.token_hex(8)


def add_to(addresses: Blueprint, platform: Platform) -> None:
    """Registration's two addresses. The platform keeps its `Registrar`."""
    registrar = platform.registrar

    def refused(error: Unacceptable) -> Response:
        if platform.is_canvas:
            return _json({"errors": [{"message": error.why}]}, error.status)
        return Response(error.why, error.status, content_type="text/html; charset=utf-8")

    @addresses.get("/openid-configuration")
    def openid_configuration() -> Response:
        if platform.is_canvas:  # Canvas wants to know who reads it, Moodle doesn't ask
            try:
                registrar.invitation(request.headers.get("Authorization"))
            except Unacceptable as error:
                return refused(error)
        return jsonify(configuration(platform))

    @addresses.post("/registrations")
    def register() -> Response:
        try:
            asked = json.loads(request.get_data() or b"null")
        except ValueError:
            asked = None
        try:
            return _json(registrar.register(request.headers.get("Authorization"), asked), 200)
        except Unacceptable as error:
            return refused(error)


def _json(body: object, status: int) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer
