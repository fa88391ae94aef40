"""The pieces that pylti1p3 asks for, without its sessions, its storage and its cookies: it judges one request
with what it is handed, and what must be remembered is a row of ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from flask import Response
from pylti1p3.cookie import CookieService
from pylti1p3.deployment import Deployment
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract

COOKIE_PREFIX = "__Host-lti-"
COOKIE_LIFE = 600
"""Seconds between a login and its launch; the LMS may ask somebody to log in in between."""


def hashed(secret: str) -> bytes:
    """What of a state, nonce or ticket is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def cookie_name(state: str) -> str:
    """Every login has a cookie of its own, so two tabs don't disturb each other."""
    return COOKIE_PREFIX + hashed(state).hex()[:12]


def set_state_cookie(response: Response, state: str) -> None:
    """Tie the state to this browser. Partitioned: the only kind that comes back in a frame of another site.
    Browsers accept `Secure` over http on loopback."""
    _cookie(response, state, state, COOKIE_LIFE)


def forget_state_cookie(response: Response, state: str) -> None:
    """Take it back."""
    _cookie(response, state, "", 0)


def _cookie(response: Response, state: str, value: str, life: int) -> None:
    response.set_cookie(
        cookie_name(state),
        value,
        max_age=life,
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )


class Params(Request):
    """The parameters of one request."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params

    @property
    def session(self) -> Any:
        """There is none: the library must not keep anything."""
        raise NotImplementedError

    def is_secure(self) -> bool:
        """Always: cookies are ours."""
        return True

    def get_param(self, key: str) -> str:
        """A parameter, or an empty text."""
        return self._params.get(key, "")


class Cookies(CookieService):
    """Notes the state that the library makes; reads the state that the browser gives back."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._given = given or {}
        self.made = ""

    def get_cookie(self, name: str) -> str | None:
        """The state that this browser was given for this login, or None."""
        return self._given.get(cookie_name(name))

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        """Note the state; the answer gets its cookie from `set_state_cookie`."""
        self.made = str(value)


class Memory(SessionService):
    """What the library would keep for a day. Here: the nonce of a login, and its hash at the launch."""

    def __init__(self, nonce_hash: bytes = b"") -> None:
        self._nonce_hash = nonce_hash
        self.nonce = ""

    def save_nonce(self, nonce: str) -> None:
        """Note the nonce of a login."""
        self.nonce = nonce

    def check_nonce(self, nonce: str) -> bool:
        """Whether this is the nonce of the login that this state belongs to. Using it up comes last."""
        return hmac.compare_digest(hashed(nonce), self._nonce_hash)

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        """Never: a token that came before is no proof. The page after a launch survives F5 by itself."""
        return False

    def save_launch_data(self, key: str, jwt_body: Mapping[str, Any]) -> None:
        """The token's contents are not kept."""

    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        """Not kept either."""


class Config(ToolConfAbstract[Params]):
    """The one platform that this request is about, always told apart by issuer and client id."""

    def __init__(self, registration: Registration | None) -> None:
        self._registration = registration

    def check_iss_has_one_client(self, iss: str) -> bool:
        """No issuer: hosted Canvas serves all its customers under one."""
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        """Every issuer."""
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Any:
        """An issuer alone decides nothing."""
        return None

    def find_registration_by_params(self, iss: str, client_id: str, *args: Any, **kwargs: Any) -> Any:
        """The platform, when it is this one."""
        found = self._registration
        if found and (found.get_issuer(), found.get_client_id()) == (iss, client_id):
            return found
        return None

    def find_deployment(self, iss: str, deployment_id: str) -> Deployment | None:
        """An issuer alone decides nothing."""
        return None

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Deployment | None:
        """Any: whether it is accepted is decided where it can be noted, in the launch's transaction."""
        return Deployment().set_deployment_id(deployment_id)


class Address(Redirect[str]):
    """Where the library would send the browser; we answer ourselves."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def do_redirect(self) -> str:
        """The address."""
        return self._url

    def do_js_redirect(self) -> str:
        """The address."""
        return self._url

    def set_redirect_url(self, location: str) -> None:
        """Replace it."""
        self._url = location

    def get_redirect_url(self) -> str:
        """The address."""
        return self._url
