"""An honest LTI 1.3 platform in memory: what the practice LMS and the tests' fake LMS have in common.

It knows no database and no pages. `endpoints` gives it its three addresses (auth, token, key set) in a Flask
app; a course page only has to call `begin` and send the form that comes back.

    platform = Platform("http://127.0.0.1:5001", tools=[tool])
    app.register_blueprint(endpoints(platform))                # /lti/auth, /lti/token, /lti/jwks
    page = platform.begin(Visit(tool, user, course, link)).html(nonce)   # third-party initiated login
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from markupsafe import escape

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER, INSTRUCTOR = MEMBERSHIP + "Learner", MEMBERSHIP + "Instructor"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_LIFE = 3600
_KEEP = 1000


@dataclass(frozen=True)
class Tool:
    """A tool as it is registered at the platform."""

    client_id: str
    deployment_id: str
    login_url: str
    launch_url: str
    """The one redirect address; compared exactly, as Moodle does."""
    key_set_url: str = ""


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


@dataclass(frozen=True)
class Link:
    """A link to the tool in a course."""

    id: str
    title: str
    description: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    target_link_uri: str = ""
    """Empty: the tool's launch address."""


@dataclass(frozen=True)
class Visit:
    """Somebody clicks a link in a course."""

    tool: Tool
    user: User
    course: Course | None
    link: Link
    roles: tuple[str, ...] = (LEARNER,)
    return_url: str = ""

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


class Unrecoverable(Exception):
    """So wrong that the platform shows its own error page instead of going back to the tool."""


def new_key() -> RSAKey:
    """A signing key whose id is its own: another key never has the same id, not after a restart either."""
    key = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig"})
    key.ensure_kid()
    return key


class Platform:
    """The platform's half of LTI 1.3. `fetch_json` reads the key set of a tool that asks for a token."""

    token_life = 60
    """Seconds that an id token lives; Moodle's minute."""

    def __init__(
        self,
        issuer: str,
        *,
        tools: Sequence[Tool] = (),
        name: str = "Leeromgeving",
        product: str = "other",
        prefix: str = "/lti",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        key: RSAKey | None = None,
        fetch_json: Callable[[str], Any] | None = None,
    ) -> None:
        self.issuer = issuer
        self.tools = {tool.client_id: tool for tool in tools}
        self.name = name
        self.product = product
        self.prefix = prefix
        self.clock = clock
        self.key = key or new_key()
        self._fetch_json = fetch_json
        self._visits: dict[str, Visit] = {}
        self._tokens: dict[str, tuple[frozenset[str], float]] = {}
        self._used: set[str] = set()
        self._lock = threading.Lock()

    @property
    def auth_url(self) -> str:
        """Where a login is sent on to."""
        return f"{self.issuer}{self.prefix}/auth"

    @property
    def token_url(self) -> str:
        """Where service tokens are had."""
        return f"{self.issuer}{self.prefix}/token"

    @property
    def jwks_url(self) -> str:
        """Where the public keys are."""
        return f"{self.issuer}{self.prefix}/jwks"

    def begin(self, visit: Visit) -> FormPost:
        """Begin a launch: the third-party initiated login."""
        hint = secrets.token_urlsafe(12)
        with self._lock:
            while len(self._visits) >= _KEEP:
                del self._visits[next(iter(self._visits))]
            self._visits[hint] = visit
        return FormPost(visit.tool.login_url, self.login_fields(visit, hint))

    def login_fields(self, visit: Visit, hint: str) -> dict[str, str]:
        """The fields of the login, as Moodle sends them."""
        return {
            "iss": self.issuer,
            "target_link_uri": visit.target_link_uri,
            "login_hint": visit.user.subject,
            "lti_message_hint": hint,
            "client_id": visit.tool.client_id,
            "lti_deployment_id": visit.tool.deployment_id,
        }

    def authorize(self, asked: Mapping[str, str], *, signed_in: str | None = None) -> FormPost:
        """Answer the tool's authentication request. `signed_in`: subject of who is at the browser, if
        known. Raises `Unrecoverable`."""
        tool = self.tools.get(asked.get("client_id", ""))
        if tool is None:
            raise Unrecoverable("unknown client")
        if asked.get("redirect_uri") != tool.launch_url:
            raise Unrecoverable("this redirect address is not registered")
        state = {"state": asked["state"]} if asked.get("state") else {}
        if error := self._objection(asked):
            return FormPost(tool.launch_url, {"error": error, "error_description": "not accepted", **state})
        with self._lock:  # one use, as in Moodle and Canvas: the back button does not launch again
            visit = self._visits.pop(asked.get("lti_message_hint", ""), None)
        if visit is None or visit.tool != tool:
            raise Unrecoverable("this launch was used or is unknown")
        if visit.user.subject != asked.get("login_hint") or signed_in not in {None, visit.user.subject}:
            return FormPost(tool.launch_url, {"error": "access_denied", **state})
        token = self.sign(self.claims(visit, asked["nonce"]))
        return FormPost(tool.launch_url, {"id_token": token, **state})

    @staticmethod
    def _objection(asked: Mapping[str, str]) -> str:
        wanted = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
        }
        if any(asked.get(name) != value for name, value in wanted.items()) or not asked.get("nonce"):
            return "invalid_request"
        return ""

    def claims(self, visit: Visit, nonce: str) -> dict[str, Any]:
        """What the id token says, in the way of Moodle 4.5."""
        now = int(self.clock().timestamp())
        user = visit.user
        personal = {
            "name": user.name,
            "given_name": user.given_name,
            "family_name": user.family_name,
            "email": user.email,
        }
        claims: dict[str, Any] = {
            "nonce": nonce,
            "iat": now,
            "exp": now + self.token_life,
            "iss": self.issuer,
            "aud": visit.tool.client_id,
            "sub": user.subject,
            LTI + "deployment_id": visit.tool.deployment_id,
            LTI + "target_link_uri": visit.target_link_uri,
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "version": "1.3.0",
            LTI + "roles": list(visit.roles),
            LTI + "resource_link": {
                "id": visit.link.id,
                "title": visit.link.title,
                "description": visit.link.description,
            },
            LTI + "launch_presentation": {
                "locale": user.locale,
                "document_target": "iframe",
                **({"return_url": visit.return_url} if visit.return_url else {}),
            },
            LTI + "tool_platform": {
                "guid": f"guid-of-{self.name}",
                "name": self.name,
                "version": "1",
                "product_family_code": self.product,
            },
            LTI + "custom": dict(visit.link.custom),
            **{name: value for name, value in personal.items() if value},
        }
        if user.staff_number:
            claims[LTI + "lis"] = {"person_sourcedid": user.staff_number}
        if visit.course:
            course = visit.course
            claims[LTI + "context"] = {
                "id": course.id,
                "label": course.label,
                "title": course.title,
                "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
            }
        return claims

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Claims as a signed token."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key.kid}
        return jwt.encode(header, dict(claims), self.key, algorithms=["RS256"])

    def key_set(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [self.key.as_dict(private=False)]}

    def grant_token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a request for a service token: status and JSON. Checks the assertion to the letter."""
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION:
            return 400, {"error": "unsupported_grant_type"}
        try:
            client_id = self._client_of(form.get("client_assertion", ""))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            return 400, {"error": "invalid_client", "error_description": type(error).__name__}
        scopes = frozenset(form.get("scope", "").split())
        if not scopes:
            return 400, {"error": "invalid_scope"}
        token = f"{client_id}.{secrets.token_urlsafe(24)}"
        with self._lock:
            self._tokens[token] = (scopes, self.clock().timestamp() + TOKEN_LIFE)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE}
        return 200, {**answer, "scope": " ".join(sorted(scopes))}

    def _client_of(self, assertion: str) -> str:
        """The client that signed this. Raises when anything is off."""
        from joserfc.jws import extract_compact

        said = json.loads(extract_compact(assertion.encode()).payload)
        tool = self.tools[said["iss"]]
        if self._fetch_json is None:
            raise ValueError("this platform can't fetch key sets")
        keys = KeySet.import_key_set(self._fetch_json(tool.key_set_url))
        claims = jwt.decode(assertion, keys, algorithms=["RS256"]).claims
        now = self.clock().timestamp()
        with self._lock:
            fresh = claims["jti"] not in self._used
            self._used.add(claims["jti"])
        right = (
            claims["sub"] == claims["iss"] == tool.client_id,
            claims["aud"] == self.token_url,
            claims["iat"] <= now + 5,
            now < claims["exp"] <= now + 600,
            fresh,
        )
        if not all(right):
            raise ValueError("the assertion is not right")
        return tool.client_id

    def allows(self, authorization: str | None, scope: str) -> bool:
        """Whether the bearer token of a request gives this scope."""
        scopes, until = self._tokens.get((authorization or "").removeprefix("Bearer "), (frozenset(), 0.0))
        return scope in scopes and self.clock().timestamp() < until


def endpoints(platform: Platform, *, who: Callable[[], str | None] = lambda: None) -> Blueprint:
    """The platform's three addresses. `who`: subject of who is signed in at the LMS in this request."""
    addresses = Blueprint("platform", __name__, url_prefix=platform.prefix)

    @addresses.route("/auth", methods=["GET", "POST"])
    def auth() -> Response:
        try:
            answer = platform.authorize(request.values.to_dict(), signed_in=who())
        except Unrecoverable as error:
            return Response(f"Ongeldig verzoek: {escape(error)}", 404, content_type="text/html; charset=utf-8")
        return Response(answer.html(), content_type="text/html; charset=utf-8")

    @addresses.post("/token")
    def token() -> tuple[Response, int]:
        status, body = platform.grant_token(request.form.to_dict())
        return jsonify(body), status

    @addresses.get("/jwks")
    def jwks() -> Response:
        return jsonify(platform.key_set())

    return addresses


def create_app(platform: Platform) -> Flask:
    """Only the addresses, for tests."""
    app = Flask(__name__)
    app.register_blueprint(endpoints(platform))
    return app
