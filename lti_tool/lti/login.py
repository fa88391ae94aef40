"""The login that a platform starts: checked, remembered in one row, and sent on at once.

At once is a 302 wherever it can be. In a frame of a platform that offers its storage (LTI 1.3 platform storage, as in
Canvas), it is a page of ours that first puts a proof there and then goes on by itself: a redirect has no script to talk
with the frame around it. Outside a frame there is nobody to talk with, and our own cookie comes back there anyway.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from sqlalchemy import select

from connectors.http import origin
from lti_tool.db import Database, Session, insert
from lti_tool.db.encryption import Cipher
from lti_tool.lti import known
from lti_tool.lti.claims import BadClaim, identifier, safe_origin
from lti_tool.lti.library import COOKIE_LIFE, Address, Config, Cookies, Memory, Params, hashed
from lti_tool.lti.models import LoginState
from lti_tool.lti.refusals import LaunchRefused, NotLoggedIn, SwitchedOff
from lti_tool.web import look

LOGIN_LIFE = timedelta(seconds=COOKIE_LIFE)


_AGAIN = (
    "iss",
    "login_hint",
    "target_link_uri",
    "lti_message_hint",
    "client_id",
    "lti_deployment_id",
    "deployment_id",
)
"""What a login in a window of its own needs to begin once more."""


@dataclass(frozen=True)
class Storage:
    """The platform's storage, and what we keep there of one login."""

    target: str
    """Name of the frame beside ours that keeps it, or `_parent`."""
    origin: str
    """Whom it answers as: the origin of the platform's authentication address."""
    key: str
    value: str = ""
    """The proof; empty where it is to be asked for."""
    fallback: bool = False
    """Canvas's editor has no such frame: where nothing answers, the window around ours is asked."""


@dataclass(frozen=True)
class SentOn:
    """Where the browser goes now, the state to tie to it, and what our page puts into the platform's storage first."""

    url: str
    state: str
    storage: Storage | None = None


class Login(OIDCLogin[Params, Config, Memory, Cookies, str]):
    """The library's login, without its session, and with stronger random numbers."""

    def get_redirect(self, url: str) -> Redirect[str]:
        """Only the address."""
        return Address(url)

    def _get_uuid(self) -> str:
        return secrets.token_urlsafe(24)

    def _generate_nonce(self) -> str:
        return secrets.token_urlsafe(24)

    def validate_oidc_login(self) -> Registration:
        """As the library, which then knows nothing of it when the login names no client."""
        client_id = self._get_request_param("client_id")
        found: Any = self._tool_config.find_registration_by_params(self._get_request_param("iss"), client_id)
        if found is None or not self._get_request_param("login_hint"):
            raise OIDCException("incomplete")
        registration: Registration = found
        return registration


def start(
    database: Database, params: Mapping[str, str], *, base_url: str, now: datetime, cipher: Cipher, framed: bool
) -> SentOn:
    """Answer a login: one row, one redirect. `framed`: the browser says that it is in a frame. Raises
    `LaunchRefused`."""
    issuer, client_id = _read(params, "iss"), _read(params, "client_id", needed=False)
    # Canvas's documents call it `deployment_id`, its servers send `lti_deployment_id`.
    deployment_id = _read(params, "lti_deployment_id", needed=False) or _read(params, "deployment_id", needed=False)
    with database.reading() as db:
        platform = known.platform_for_login(db, issuer, client_id)
    if platform is None:
        lms = safe_origin(issuer, loopback=True)
        raise LaunchRefused("L03", "no such platform, or several and no client id", lms=lms)
    look.use(platform.look)
    try:
        return _send_on(
            database, params, platform, deployment_id, base_url=base_url, now=now, cipher=cipher, framed=framed
        )
    except LaunchRefused as refused:
        raise refused.about(lms=platform.name, platform_id=platform.id) from None


def _send_on(
    database: Database,
    params: Mapping[str, str],
    platform: known.KnownPlatform,
    deployment_id: str,
    *,
    base_url: str,
    now: datetime,
    cipher: Cipher,
    framed: bool,
) -> SentOn:
    if platform.switched_off_at:
        raise SwitchedOff("the platform is switched off")
    if not params.get("login_hint"):
        raise LaunchRefused("L05", "login_hint is missing", lms=platform.name, status=400)
    if platform.product == "moodle" and params["login_hint"] == "0":
        # Its launch.php asks nobody to log in, and its auth.php shows "Invalid request" instead of answering us.
        raise NotLoggedIn("nobody is logged in at Moodle", lms=platform.name)
    target = params.get("target_link_uri", "")
    if not is_ours(target, base_url):
        raise LaunchRefused("L05", "target_link_uri is not ours", lms=platform.name, status=400)
    cookies, memory = Cookies(), Memory()
    filled = {**params, "iss": platform.issuer, "client_id": platform.client_id}
    login = Login(Params(filled), Config(platform.registration()), session_service=memory, cookie_service=cookies)
    try:
        url = login.get_redirect_object(launch_url(base_url)).get_redirect_url()
    except (LtiException, OIDCException, AssertionError) as error:
        raise LaunchRefused("L05", f"login: {type(error).__name__}", lms=platform.name, status=400) from None
    row = {"state_hash": hashed(cookies.made), "nonce_hash": hashed(memory.nonce), "platform_id": platform.id}
    said: dict[str, Any] = {"target_link_uri": target, "deployment_id": deployment_id}
    storage = None
    if framed and (frame := _storage_target(params)):
        proof = secrets.token_urlsafe(32)
        storage = storage_of(platform, cookies.made, frame, proof)
        said |= {"proof_hash": hashed(proof), "storage_target": frame}
    if framed and platform.product != "moodle":  # whose hint works once, and whose own page says what is wrong
        again = json.dumps({name: params[name] for name in _AGAIN if params.get(name)}).encode()
        said["again"] = cipher.encrypt(again, table="login_state", row=platform.id, column="again")
    with database.writing() as db:
        db.execute(insert(db, LoginState).values(**row, **said, created_at=now, expires_at=now + LOGIN_LIFE))
    return SentOn(str(url), cookies.made, storage)


def once_more(
    db: Session, platform: known.KnownPlatform, state_hash: bytes, cipher: Cipher, *, now: datetime
) -> dict[str, str]:
    """The fields of a login that the platform did not answer, to begin it again in a window of its own. Empty when it
    is too old, was answered after all, or is of an LMS where it would not help."""
    open_still = (LoginState.used_at.is_(None), LoginState.expires_at > now)
    kept = db.scalar(select(LoginState.again).where(LoginState.state_hash == state_hash, *open_still))
    if not kept:
        return {}
    fields = json.loads(cipher.decrypt(kept, table="login_state", row=platform.id, column="again"))
    return {str(name): str(value) for name, value in fields.items()}


def storage_of(platform: known.KnownPlatform, state: str, target: str, value: str = "") -> Storage:
    """Where a login's proof is kept. The key says nothing, and every login has one of its own."""
    key = f"leerkring-{hashed(state).hex()[:16]}"
    return Storage(target, origin(platform.auth_url), key, value, fallback=platform.product == "canvas")


def _storage_target(params: Mapping[str, str]) -> str:
    target = params.get("lti_storage_target", "")
    return target if re.fullmatch(r"[A-Za-z0-9_.:-]{1,100}", target) else ""


def launch_url(base_url: str) -> str:
    """The one address that platforms send launches to; Moodle compares it to the letter."""
    return f"{base_url}/lti/launch"


def is_ours(url: object, base_url: str) -> bool:
    """Whether an address is one of this tool."""
    if not isinstance(url, str) or not 0 < len(url) <= 2000 or not url.isprintable():
        return False
    return _canonical(url) == _canonical(base_url) and "\\" not in url and "@" not in url.split("?")[0]


def _canonical(url: str) -> str:
    found = origin(url)
    default = {"https": ":443", "http": ":80"}.get(found.partition(":")[0], "")
    return found.removesuffix(default) if default else found


def _read(params: Mapping[str, str], name: str, *, needed: bool = True) -> str:
    value = params.get(name, "")
    if not value and not needed:
        return ""
    try:
        return identifier(value, name)
    except BadClaim:
        raise LaunchRefused("L03" if name == "iss" else "L05", f"{name} is missing or odd", status=400) from None
