"""The launch message: the library's validation, with what it leaves open closed.

The order is the library's: state, format, nonce, platform, signature, deployment, message. Everything it
needs was read before; only a key set may still be fetched. Nothing is used up here.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.message_launch import MessageLaunch

from lti_tool.lti import claims
from lti_tool.lti.claims import BadClaim, Claims, identifier
from lti_tool.lti.known import Known, KnownLogin
from lti_tool.lti.library import Config, Cookies, Memory, Params
from lti_tool.lti.refusals import LaunchRefused, NobodyNamed, NotOurs

LEEWAY = 60
"""Seconds that clocks may differ."""
OLDEST = timedelta(days=1)
MAX_TOKEN = 64 * 1024

_OPTIONS: Any = {
    "require": ["exp", "iat", "nonce"],
    # Times are compared with the clock that is handed in; a `sub` may be missing, which has its own page.
    **dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_jti", "verify_sub"), False),
}

FindKey = Callable[[str], RSAPublicKey]


@dataclass(frozen=True)
class Unverified:
    """What a token says before anything is believed: enough to look up who should have signed it."""

    header: Mapping[str, Any]
    body: Mapping[str, Any]
    issuer: str
    client_id: str
    deployment_id: str


def peek(token: str) -> Unverified:
    """Read a token without believing it. Raises `LaunchRefused`."""
    if not token or len(token) > MAX_TOKEN:
        raise LaunchRefused("L05", "id_token is missing or too long", status=400)
    parts = token.split(".")
    try:
        header, body = (json.loads(jwt.utils.base64url_decode(part)) for part in parts[:2])
    except (ValueError, RecursionError):
        header = body = None
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(body, dict):
        raise LaunchRefused("L05", "id_token is not a JWT", status=400)
    try:
        issuer, client_id = identifier(body.get("iss"), "iss"), addressee(body)
        deployment_id = identifier(body.get(claims.DEPLOYMENT_ID), "deployment_id")
    except BadClaim as error:
        raise LaunchRefused("L05", f"claim {error}", status=400) from None
    return Unverified(header, body, issuer, client_id, deployment_id)


def addressee(body: Mapping[str, Any]) -> str:
    """Our client id, as the token names it (OpenID Connect core 3.1.3.7, steps 3 to 5). Raises `BadClaim`."""
    aud, azp = body.get("aud"), body.get("azp")
    addressees = aud if isinstance(aud, list) else [aud]
    if azp is None and len(addressees) == 1:
        return identifier(addressees[0], "aud")
    client_id = identifier(azp, "azp")
    if client_id not in addressees:
        raise BadClaim("azp")
    return client_id


def verified(
    token: str, header: Mapping[str, Any], *, issuer: str, client_id: str, find_key: FindKey, now: datetime
) -> dict[str, Any]:
    """The body of a token that a platform signed with RS256, for us, and about now. Raises `LaunchRefused`."""
    if header.get("alg") != "RS256":
        raise LaunchRefused("L05", "the algorithm is not RS256")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise LaunchRefused("L05", "the key id is missing")
    try:
        body: dict[str, Any] = jwt.decode(
            token, find_key(kid), algorithms=["RS256"], audience=client_id, issuer=issuer, options=_OPTIONS
        )
    except jwt.InvalidTokenError as error:
        raise LaunchRefused("L05", f"signature: {type(error).__name__}") from None
    _check_times(body, now.timestamp())
    return body


def _check_times(body: Mapping[str, Any], now: float) -> None:
    if (late := now - _moment(body, "exp")) >= LEEWAY:
        raise LaunchRefused("L06", f"expired {late:.0f} seconds ago")
    age = now - _moment(body, "iat")
    if age < -LEEWAY:
        raise LaunchRefused("L06", f"issued {-age:.0f} seconds from now")
    if age > OLDEST.total_seconds():
        raise LaunchRefused("L06", "issued over a day ago")
    if "nbf" in body and _moment(body, "nbf") - now > LEEWAY:
        raise LaunchRefused("L06", "not valid yet")


class Message(MessageLaunch[Params, Config, Memory, Cookies]):
    """One launch message of a known platform, answering a known login."""

    def __init__(
        self,
        params: Mapping[str, str],
        cookies: Mapping[str, str],
        known: Known,
        login: KnownLogin,
        *,
        find_key: FindKey,
        now: datetime,
    ) -> None:
        super().__init__(
            Params(params),
            Config(known.platform.registration()),
            session_service=Memory(login.nonce_hash),
            cookie_service=Cookies(cookies),
        )
        self._known = known
        self._login = login
        self._find_key = find_key
        self._now = now
        self.has_cookie = False
        """Whether the browser gave back the cookie of the login. Without it the launch may only be held."""

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def _get_id_token_hash(self) -> str:
        return ""  # the library would take an MD5, for a cache that isn't used here

    def get_client_id(self) -> str:
        """The addressee, whether it comes as a text, in a list or as `azp`."""
        return addressee(self._jwt["body"])

    def validate_state(self) -> Message:
        """The login's cookie is there and right, or not there at all."""
        state = self._get_request_param("state")
        given = self._cookie_service.get_cookie(state)
        if given is not None and not hmac.compare_digest(given.encode(), state.encode()):
            raise LaunchRefused("L02", "the cookie is of another login")
        self.has_cookie = given is not None
        if self._login.expires_at <= self._now:
            raise LaunchRefused("L02", "the login is too old")
        return self

    def validate_nonce(self) -> Message:
        """The nonce of exactly this login."""
        if not isinstance(self._jwt["body"].get("nonce"), str):
            raise BadClaim("nonce")
        super().validate_nonce()
        return self

    def validate_jwt_signature(self) -> Message:
        """Signed by this platform with RS256, for us, and about now."""
        platform = self._known.platform
        body = verified(
            self._get_id_token(),
            self._jwt["header"],
            issuer=platform.issuer,
            client_id=platform.client_id,
            find_key=self._find_key,
            now=self._now,
        )
        self._jwt["body"] = cast(Any, body)
        return self

    def validate_deployment(self) -> Message:
        """The deployment that the login spoke of. Whether it is accepted is decided where it can be noted."""
        said = self._login.deployment_id
        if said and said != self._jwt["body"].get(claims.DEPLOYMENT_ID):
            raise LaunchRefused("L05", "the deployment is not that of the login")
        return self

    def validate_message(self) -> Message:
        """A link launch, or a request to pick one, of version 1.3.0 to the address of the login, with somebody and
        something in it."""
        body = self._jwt["body"]
        if body.get(claims.VERSION) != "1.3.0":
            raise BadClaim("version")
        kind = body.get(claims.MESSAGE_TYPE)
        if kind not in (claims.LINK, claims.PICK):
            if not isinstance(kind, str) or not kind:
                raise BadClaim("message_type")
            raise NotOurs("another kind of message", grades=kind == claims.REVIEW)
        if body.get(claims.TARGET_LINK_URI) != self._login.target_link_uri:
            raise BadClaim("target_link_uri")
        about = claims.RESOURCE_LINK if kind == claims.LINK else claims.DEEP_LINKING
        if not isinstance(body.get(about), dict):
            raise BadClaim(about.rpartition("/")[2])
        if not body.get("sub"):
            raise NobodyNamed("the token names nobody")
        super().validate_message()
        return self

    def read(self, *, loopback: bool) -> Claims:
        """Validate and read. Raises `LaunchRefused`, whatever the library raises."""
        try:
            self.validate()
            return claims.read(self._jwt["body"], self._known.platform.origin, loopback=loopback)
        except LaunchRefused as refused:
            raise refused from None
        except BadClaim as error:
            raise LaunchRefused("L05", f"claim {error}", status=400) from None
        except (LtiException, OIDCException, KeyError, TypeError, AttributeError, AssertionError) as error:
            # The library has a dozen kinds of error, some of them with what the token says in their text.
            raise LaunchRefused("L05", f"library: {type(error).__name__}", status=400) from None


def _moment(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # not a number
        raise BadClaim(name)
    return float(max(-(10**15), min(value, 10**15)))
