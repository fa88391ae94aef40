"""Looks once at an address that somebody typed, and says what is there, so that they hear why it fails.

A look must not turn this tool into a port scanner: of an address that the guard refuses nothing is told but that it
is private (no connection was made), and of any other one no contents, no path and no place we were sent on to.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import RemoteDisconnected
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from connectors.guarded import NoName, is_guarded, layers
from connectors.http import ConnectorError, Http, NotAllowed

Expect = Literal["json", "jwks", "any"]
What = Literal[
    "ok",
    "address",  # not an http(s) address
    "private",
    "redirected_private",
    "no_name",
    "refused",  # nothing listens there
    "silent",  # no answer at all: a firewall that drops, a server that hangs or hangs up
    "slow",  # an answer began, but did not end in time
    "certificate",  # `detail`: expired, early, name, self_signed, issuer, no_tls
    "redirects",  # more of them than we follow, or to something that is not an address
    "status",
    "html",
    "not_json",
    "not_keys",  # JSON, but no key set with an RSA key
    "large",
]

# https://www.openssl.org/docs/man3.0/man3/X509_STORE_CTX_get_error.html
_VERIFY = {
    9: "early",
    10: "expired",
    18: "self_signed",
    19: "issuer",  # signed by an authority of their own
    20: "issuer",  # as 19, or the intermediate certificate is not sent along
    21: "issuer",
    62: "name",
    64: "name",
}
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


@dataclass(frozen=True)
class Seen:
    """What a look found. `seconds` is 0 where nothing was asked."""

    ok: bool
    what: What
    seconds: float
    host: str
    """As it was typed, without port; empty when there is none."""
    status: int = 0
    content_type: str = ""
    """Without parameters, such as `text/html`."""
    detail: str = ""
    """What is wrong with a certificate."""


def look(url: str, *, http_factory: Callable[[], Http], expect: Expect = "any") -> Seen:
    """Get an address once. Never raises for anything that the other side or the one who typed does.

    `http_factory` makes the session, with guard and limits; let it try once only (`retries=0`).
    `expect`: `json`, a JSON document; `jwks`, a key set; `any`, whatever shows that a web server is there: an
    address that wants a POST answers our GET as it likes.
    """
    began = time.monotonic()
    try:
        with http_factory() as http:
            response = http.get(url, headers={"Accept": "application/json, */*;q=0.1"})
    except ConnectorError as error:
        return of_error(url, error, time.monotonic() - began)
    return of_answer(url, response, time.monotonic() - began, expect)


def of_error(url: str, error: ConnectorError, seconds: float) -> Seen:
    """What somebody met who asked for an address themselves, and how long that took."""
    what, detail = _failed(error)
    return Seen(False, what, 0.0 if what in {"address", "private"} else seconds, _host(url), detail=detail)


def of_answer(url: str, response: requests.Response, seconds: float, expect: Expect) -> Seen:
    """What an answer is, that somebody got who asked for an address themselves."""
    what = _answered(response, expect)
    return Seen(what == "ok", what, seconds, _host(url), response.status_code, _content_type(response.headers))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:253]
    except ValueError:
        return ""


def _failed(error: ConnectorError) -> tuple[What, str]:
    """Which of our words fits what was met; the most telling layer wins."""
    if is_guarded(error.met):
        return ("redirected_private" if error.hops else "private"), ""
    if error.met is None:
        if isinstance(error, NotAllowed):
            return ("redirects" if error.hops else "address"), ""
        return ("redirects" if error.hops else "large"), ""
    met = list(layers(error.met))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in met)

    if has(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        return ("redirects" if error.hops else "address"), ""
    if has(NoName, NameResolutionError):
        return "no_name", ""
    if has(ssl.SSLCertVerificationError):
        return "certificate", _certificate(met)
    if any(isinstance(one, ssl.SSLError) and one.reason in _NO_TLS for one in met):
        return "certificate", "no_tls"
    if error.begun:
        return "slow", ""
    if has(requests.Timeout, RemoteDisconnected, ConnectionResetError, ssl.SSLError):
        return "silent", ""
    if has(ConnectionRefusedError, NewConnectionError, requests.exceptions.ProxyError):
        return "refused", ""
    return "slow", ""


def _certificate(met: list[BaseException]) -> str:
    codes = (one.verify_code for one in met if isinstance(one, ssl.SSLCertVerificationError))
    return next((_VERIFY[code] for code in codes if code in _VERIFY), "issuer")


def _answered(response: requests.Response, expect: Expect) -> What:
    status = response.status_code
    if expect == "any":
        return "ok" if status < 500 else "status"
    if not 200 <= status < 300:
        return "status"
    # Moodle labels the JSON of its token service as HTML (mod/lti/token.php), so the body decides.
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        page = response.content.lstrip()[:1] == b"<" or "html" in _content_type(response.headers)
        return "html" if page else "not_json"
    return "ok" if expect == "json" or _is_key_set(document) else "not_keys"


def _is_key_set(document: Any) -> bool:
    keys = document.get("keys") if isinstance(document, dict) else None
    return isinstance(keys, list) and any(isinstance(key, dict) and key.get("kty") == "RSA" for key in keys)


def _content_type(headers: Mapping[str, str]) -> str:
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind[:60] if kind.isascii() and kind.isprintable() else ""


__all__ = ["Expect", "Seen", "What", "look", "of_answer", "of_error"]
