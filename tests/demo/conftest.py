"""A tool that signs as it should, and a platform that reads its key set without a network."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from lti_tool.demo.platform import Enrolled, Platform, Room, create_app
from lti_tool.demo.registration import TOOL_CONFIGURATION
from lti_tool.demo.shapes import (
    DEEP_LINKING,
    INSTRUCTOR,
    LINE_ITEMS,
    LTI,
    NOTICES,
    RESULTS,
    ROSTER,
    SCORES,
    Course,
    Tool,
    User,
)
from tests.conftest import StandingClock
from tests.platform import key_of_all_tests

TEACHER = Enrolled(User("paul", "Paul Hoekstra"), (INSTRUCTOR,))
LEARNERS = [
    Enrolled(User(f"learner-{n}", f"Cursist {n}", email=f"c{n}@zh.example", staff_number=f"OZ{n}")) for n in range(120)
]


class HonestTool:
    """The tool's half: its key set, what it registers, and what it answers to a picking."""

    def __init__(self) -> None:
        self.key: RSAKey = key_of_all_tests()
        self.fetched = 0

    def key_set(self, _: str) -> dict[str, Any]:
        """The platform reads our keys."""
        self.fetched += 1
        return {"keys": [self.key.as_dict(private=False)]}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A signed token; a header field that is None is left out."""
        said = {"alg": "RS256", "kid": self.key.kid, **header}
        said = {name: value for name, value in said.items() if value is not None}
        bare = {name: value for name, value in self.key.as_dict(private=True).items() if name != "alg"}
        return jwt.encode(said, claims, RSAKey.import_key(bare), algorithms=["RS256", "RS512"])

    def registration(self) -> dict[str, Any]:
        """A registration that every LMS accepts."""
        return {
            "application_type": "web",
            "response_types": ["id_token"],
            "grant_types": ["implicit", "client_credentials"],
            "initiate_login_uri": "https://tool.example/lti/login",
            "redirect_uris": ["https://tool.example/lti/launch"],
            "client_name": "Leerkring",
            "jwks_uri": "https://tool.example/lti/jwks",
            "token_endpoint_auth_method": "private_key_jwt",
            "scope": f"{ROSTER} {SCORES}",
            TOOL_CONFIGURATION: {
                "domain": "tool.example",
                "target_link_uri": "https://tool.example/lti/launch",
                "custom_parameters": {"history": "$Context.id.history"},
                "claims": ["iss", "sub", "name"],
                "messages": [{"type": "LtiDeepLinkingRequest", "placements": ["ContentArea", "nowhere"]}],
            },
        }

    def answer(self, platform: Platform, tool: Tool, **more: Any) -> dict[str, Any]:
        """The claims of a good answer with one link; `more` replaces, None removes."""
        now = int(platform.clock().timestamp())
        link = {"type": "ltiResourceLink", "title": "Nachtvogels", "custom": {"space": "nachtvogels"}}
        claims = {
            "iss": tool.client_id,
            "aud": platform.issuer,
            "iat": now,
            "exp": now + 300,
            "nonce": secrets.token_urlsafe(12),
            LTI + "deployment_id": tool.deployment_id,
            LTI + "message_type": "LtiDeepLinkingResponse",
            LTI + "version": "1.3.0",
            DEEP_LINKING + "content_items": [link],
            **more,
        }
        return {name: value for name, value in claims.items() if value is not None}


@pytest.fixture
def tool() -> HonestTool:
    return HonestTool()


@pytest.fixture
def make(tool: HonestTool, clock: StandingClock) -> Callable[..., Platform]:
    """Make a platform with a course and a tool that was granted everything."""

    def made(product: str = "moodle", **more: Any) -> Platform:
        every = (ROSTER, LINE_ITEMS, SCORES, RESULTS, NOTICES)
        registered = Tool(
            "client-9",
            "2",
            "https://tool.example/lti/login",
            "https://tool.example/lti/launch",
            "https://tool.example/lti/jwks",
            scopes=every,
            picks=True,
        )
        platform = Platform(
            "http://lms.example",
            tools=[registered],
            product=product,
            clock=clock,
            key=key_of_all_tests(),
            fetch_json=tool.key_set,
            **more,
        )
        platform.rooms["7"] = Room(Course("7", "Wondzorg"), [TEACHER, *LEARNERS])
        return platform

    return made


class Caller:
    """The tool calls services, with a token of its own."""

    def __init__(self, platform: Platform, tool: HonestTool) -> None:
        self.platform, self.tool = platform, tool
        self.client = create_app(platform).test_client()

    def token(self, *scopes: str, **changed: Any) -> tuple[int, dict[str, Any]]:
        """Ask for a token."""
        now = int(self.platform.clock().timestamp())
        claims = {"iss": "client-9", "sub": "client-9", "aud": self.platform.token_url, "iat": now, "exp": now + 60}
        assertion = self.tool.sign({**claims, "jti": secrets.token_urlsafe(9), **changed})
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": " ".join(scopes),
        }
        return self.platform.grant_token(form)

    def call(self, method: str, address: str, *scopes: str, **more: Any) -> Any:
        """Call an address of the platform with a token for these scopes."""
        headers = dict(more.pop("headers", {}))
        if scopes:
            headers["Authorization"] = f"Bearer {self.token(*scopes)[1]['access_token']}"
        path = address.removeprefix(self.platform.issuer)
        return self.client.open(path, method=method, headers=headers, **more)
