"""An honest LTI 1.3 platform in memory: what the practice LMS and the tests' fake LMS have in common.

It knows no database and no pages. `endpoints` gives its addresses in a Flask app; a course page only has to call
`begin` and send the form that comes back. It behaves like Moodle, like Canvas (`product="canvas"`) or like neither.

    platform = Platform("http://127.0.0.1:5001", tools=[tool])
    app.register_blueprint(endpoints(platform))                # /lti/auth, /lti/token, /lti/jwks, services, …
    page = platform.begin(Visit(tool, user, course, link)).html(nonce)   # third-party initiated login

Registering a tool is in `registration.py`, deep linking in `deeplinks.py`, rosters and grades in `services.py`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import extract_compact
from markupsafe import escape

from lti_tool.demo import deeplinks, registration, said, services
from lti_tool.demo.rooms import Enrolled, Room
from lti_tool.demo.shapes import (
    INSTRUCTOR,
    LEARNER,
    LTI,
    Course,
    FormPost,
    Link,
    Picking,
    Tool,
    Unacceptable,
    Unrecoverable,
    User,
    Visit,
)

__all__ = [
    "INSTRUCTOR",
    "LEARNER",
    "LTI",
    "Course",
    "Enrolled",
    "FormPost",
    "Link",
    "Picking",
    "Platform",
    "Room",
    "Tool",
    "Unacceptable",
    "Unrecoverable",
    "User",
    "Visit",
    "create_app",
    "endpoints",
    "new_key",
]

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_LIFE = 3600
FORWARDING = "post_message_forwarding"
"""Name of the frame in which Canvas keeps data for a tool."""
_KEEP = 1000


def new_key() -> RSAKey:
    """A signing key whose id is its own: another key never has the same id, not after a restart either."""
    key = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig"})
    key.ensure_kid()
    return key


class Platform:
    """The platform's half of LTI 1.3. `fetch_json` reads the key set of a tool."""

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
        send_json: Callable[[str, Any], None] | None = None,
        delay: float = 0.0,
        key_set_kept: float = 0.0,
        page_size: int | None = None,
    ) -> None:
        """`send_json` posts a notice. `delay`: seconds before every page of a service. `key_set_kept`: seconds that
        the tool's key set is kept, unknown key id or not. `page_size`: of a roster, when the tool asks for none."""
        self.issuer = issuer
        self.tools = {tool.client_id: tool for tool in tools}
        self.name = name
        self.product = product
        self.prefix = prefix
        self.clock = clock
        self.key = key or new_key()
        self.rooms: dict[str, Room] = {}
        self.handlers: dict[tuple[str, str], str] = {}
        """Where a tool (client id) wants to hear of a kind of notice."""
        self.delay = delay
        self.key_set_kept = key_set_kept
        self.page_size = page_size
        self._fetch_json = fetch_json
        self._send_json = send_json
        self._visits: dict[str, Visit] = {}
        self._tokens: dict[str, tuple[str, frozenset[str], float]] = {}
        self._used: set[str] = set()
        self._key_sets: dict[str, tuple[Any, float]] = {}
        self._lock = threading.Lock()
        self.registrar = registration.Registrar(self)
        self.pickings = deeplinks.Pickings(self)

    @property
    def is_canvas(self) -> bool:
        """Whether it behaves like Canvas."""
        return self.product == "canvas"

    @property
    def token_life(self) -> int:
        """Seconds that an id token lives: Moodle's minute, Canvas's hour."""
        return 3600 if self.is_canvas else 60

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

    def members_url(self, course: str) -> str:
        """The list of who takes part in a course."""
        return f"{self.issuer}{self.prefix}/courses/{course}/members"

    def line_items_url(self, course: str, tool: Tool) -> str:
        """The gradebook of a course, with a query in the address as Moodle's has."""
        return f"{self.issuer}{self.prefix}/courses/{course}/lineitems?type_id={tool.deployment_id}"

    def line_item_url(self, course: str, number: int, tool: Tool) -> str:
        """A column of it."""
        address, _, query = self.line_items_url(course, tool).partition("?")
        return f"{address}/{number}/lineitem?{query}"

    def notices_url(self, tool: Tool) -> str:
        """Where a tool says which notices it wants."""
        return f"{self.issuer}{self.prefix}/notice-handlers/{tool.client_id}"

    def subject(self, user: User) -> str:
        """Who that is to a tool: Canvas says a UUID."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.issuer}#{user.subject}")) if self.is_canvas else user.subject

    def hint(self, user: User) -> str:
        """Who a login is for: Canvas says 40 hex digits, Moodle the same as `subject`."""
        return (
            hashlib.sha1(user.subject.encode(), usedforsecurity=False).hexdigest() if self.is_canvas else user.subject
        )

    def begin(self, visit: Visit) -> FormPost:
        """Begin a launch or a picking: the third-party initiated login."""
        hint = secrets.token_urlsafe(12)
        with self._lock:
            while len(self._visits) >= _KEEP:
                del self._visits[next(iter(self._visits))]
            self._visits[hint] = visit
        return FormPost(visit.tool.login_url, self.login_fields(visit, hint))

    def login_fields(self, visit: Visit, hint: str) -> dict[str, str]:
        """The fields of the login, as Moodle or Canvas sends them."""
        storage = {"canvas_environment": "prod", "canvas_region": "not_configured", "lti_storage_target": FORWARDING}
        return {
            "iss": self.issuer,
            "target_link_uri": visit.target_link_uri,
            "login_hint": self.hint(visit.user),
            "lti_message_hint": hint,
            "client_id": visit.tool.client_id,
            "lti_deployment_id": visit.tool.deployment_id,
            **(storage if self.is_canvas else {}),
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
        if error := self._objection(tool, asked):
            return FormPost(tool.launch_url, {"error": error, "error_description": "not accepted", **state})
        with self._lock:  # one use, as in Moodle and Canvas: the back button does not launch again
            visit = self._visits.pop(asked.get("lti_message_hint", ""), None)
        if visit is None or visit.tool.client_id != tool.client_id:
            raise Unrecoverable("this launch was used or is unknown")
        if self.hint(visit.user) != asked.get("login_hint") or signed_in not in {None, visit.user.subject}:
            return FormPost(tool.launch_url, {"error": "access_denied", **state})
        token = self.sign(self.claims(replace(visit, tool=tool), asked["nonce"]))
        return FormPost(tool.launch_url, {"id_token": token, **state})

    @staticmethod
    def _objection(tool: Tool, asked: Mapping[str, str]) -> str:
        wanted = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
        }
        if not tool.active:
            return "unauthorized_client"
        if any(asked.get(name) != value for name, value in wanted.items()) or not asked.get("nonce"):
            return "invalid_request"
        return ""

    def claims(self, visit: Visit, nonce: str) -> dict[str, Any]:
        """What the id token says."""
        return said.id_token(self, visit, nonce)

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
            tool = self._client_of(form.get("client_assertion", ""))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            return 400, {"error": "invalid_client", "error_description": type(error).__name__}
        scopes = frozenset(form.get("scope", "").split())
        if tool.scopes is not None:
            scopes &= frozenset(tool.scopes)
        if not scopes:
            return 400, {"error": "invalid_scope"}
        token = f"{tool.client_id}.{secrets.token_urlsafe(24)}"
        with self._lock:
            self._tokens[token] = (tool.client_id, scopes, self.clock().timestamp() + TOKEN_LIFE)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE}
        return 200, {**answer, "scope": " ".join(sorted(scopes))}

    def _client_of(self, assertion: str) -> Tool:
        """The tool that signed this. Raises when anything is off."""
        payload = json.loads(extract_compact(assertion.encode()).payload)
        tool = self.tools[payload["iss"]]
        claims = self.read_signed(tool, assertion)
        now = self.clock().timestamp()
        right = (
            claims["sub"] == claims["iss"] == tool.client_id,
            claims["aud"] == self.token_url,
            claims["iat"] <= now + 5,
            now < claims["exp"] <= now + 600,
            self.first_time(f"{tool.client_id} jti {claims['jti']}"),
        )
        if not all(right) or not tool.active:
            raise ValueError("the assertion is not right")
        return tool

    def read_signed(self, tool: Tool, token: str) -> dict[str, Any]:
        """The claims of what a tool signed with RS256 and a key of its key set, named by its id. Times are not
        looked at. Raises `JoseError`, `ValueError`, `KeyError` or `TypeError`."""
        header = extract_compact(token.encode()).headers()
        if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
            raise ValueError("not signed with RS256 and a key id")
        keys = [key for key in self._keys_of(tool)["keys"] if key.get("kid") == header["kid"]]
        if len(keys) != 1:
            raise ValueError("the key id is not in the tool's key set")
        return dict(jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["RS256"]).claims)

    def first_time(self, what: str) -> bool:
        """Whether this (an id that may be used once) is new."""
        with self._lock:
            fresh = what not in self._used
            self._used.add(what)
        return fresh

    def _keys_of(self, tool: Tool) -> Any:
        if self._fetch_json is None:
            raise ValueError("this platform can't fetch key sets")
        now = self.clock().timestamp()
        kept, until = self._key_sets.get(tool.key_set_url, (None, 0.0))
        if kept is None or until <= now:
            kept = self._fetch_json(tool.key_set_url)
            self._key_sets[tool.key_set_url] = (kept, now + self.key_set_kept)
        return kept

    def bearer(self, authorization: str | None, *scopes: str) -> Tool | None:
        """The tool whose token a request brings, when it gives one of these scopes."""
        if authorization is None or not authorization.startswith("Bearer "):
            return None
        client_id, granted, until = self._tokens.get(authorization[7:], ("", frozenset[str](), 0.0))
        good = self.clock().timestamp() < until and granted.intersection(scopes)
        return self.tools.get(client_id) if good else None

    def allows(self, authorization: str | None, scope: str) -> bool:
        """Whether the bearer token of a request gives this scope."""
        return self.bearer(authorization, scope) is not None

    def wait(self) -> None:
        """Be as slow as this platform is."""
        if self.delay:
            time.sleep(self.delay)

    def copy_course(self, course: str, key: str, title: str) -> Room:
        """Copy a course, and tell the tools that want to hear of it (Canvas)."""
        made = self.rooms[key] = self.rooms[course].copy(key, title)
        for (client_id, kind), address in list(self.handlers.items()):
            if kind == "LtiContextCopyNotice" and client_id in self.tools and self._send_json:
                notice = self.sign(self._copied(self.tools[client_id], made))
                self._send_json(address, {"notices": [{"jwt": notice}]})
        return made

    def _copied(self, tool: Tool, made: Room) -> dict[str, Any]:
        now = self.clock()
        notice = {"id": str(uuid.uuid4()), "timestamp": now.isoformat(), "type": "LtiContextCopyNotice"}
        return {
            "iss": self.issuer,
            "aud": tool.client_id,
            "azp": tool.client_id,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 3600,
            "nonce": secrets.token_urlsafe(16),
            LTI + "version": "1.3.0",
            LTI + "deployment_id": tool.deployment_id,
            LTI + "notice": notice,
            LTI + "context": {"id": made.course.id, "label": made.course.label, "title": made.course.title},
            LTI + "origin_contexts": list(made.history[:1]),
        }


def endpoints(platform: Platform, *, who: Callable[[], str | None] = lambda: None) -> Blueprint:
    """The platform's addresses. `who`: subject of who is signed in at the LMS in this request."""
    addresses = Blueprint("platform", __name__, url_prefix=platform.prefix)
    registration.add_to(addresses, platform)
    services.add_to(addresses, platform)

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
