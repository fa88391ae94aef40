"""One way to talk HTTP to the outside: time-outs, limits, a guard on addresses, and five kinds of error.

Knows no settings, database or Flask: what it may reach, and whether it may go out now, are handed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from connectors.guarded import AddressGuard, GuardedAdapter, Watch, is_guarded

USER_AGENT = "Leerkring"
MAX_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 3
_SAFE = frozenset({"GET", "HEAD"})
_TRY_AGAIN = frozenset({502, 503, 504})


class ConnectorError(Exception):
    """Something went wrong outside. The message holds a host at most: no path, no token, no contents."""

    met: BaseException | None = None
    """What requests, urllib3 or the guard raised, for `connectors.probe`; never shown, it may hold an address."""
    hops: int = 0
    """How many redirects were followed before."""
    begun: bool = False
    """Whether an answer had begun to arrive."""


class NotAllowed(ConnectorError):
    """We may not do this there (401, 403), or we may not go there at all."""


class Gone(ConnectorError):
    """It isn't there, or no longer (404, 410)."""


class TryLater(ConnectorError):
    """It may work later; `after` says when, as far as the other side told us."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class Refused(ConnectorError):
    """They understood and won't do it; `status` is theirs."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class BrokenAnswer(ConnectorError):
    """They answered something that isn't an answer: a login page, no JSON, too much of it."""


class InsideTransaction(RuntimeError):
    """Somebody tried to go out while holding the database. A mistake in our own code."""


class Http(requests.Session):
    """A session with time-outs. Fits wherever a `requests.Session` is asked for.

    `address_guard`: what addresses may be reached; checked where the connection is made, after the name is
    resolved, so neither a redirect nor a name that changes its address gets around it.
    `in_write_transaction`: says whether this thread holds a write transaction; then nothing goes out.
    `timeout`: seconds to connect, and between two pieces of the answer; `deadline`: seconds for all of it.
    `retries`: how often a safe request is tried again after a broken connection or 502, 503, 504.
    """

    def __init__(
        self,
        *,
        address_guard: AddressGuard | None = None,
        in_write_transaction: Callable[[], bool] = lambda: False,
        timeout: tuple[float, float] = (3.05, 10.0),
        deadline: float = 30.0,
        max_bytes: int = MAX_BYTES,
        retries: int = 1,
        pause: float = 0.3,
    ) -> None:
        super().__init__()
        self.headers["User-Agent"] = USER_AGENT
        self._in_write_transaction = in_write_transaction
        self._timeout = timeout
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._retries = retries
        self._pause = pause
        self._watch = Watch()
        for scheme in ("http://", "https://"):
            self.mount(scheme, GuardedAdapter(address_guard, self._watch))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests`, but raises only a `ConnectorError`; only safe requests follow a redirect."""
        if self._in_write_transaction():
            raise InsideTransaction("outgoing HTTP inside a write transaction")
        verb = (method.decode() if isinstance(method, bytes) else method).upper()
        address = url.decode() if isinstance(url, bytes) else url
        kwargs.setdefault("timeout", self._timeout)
        kwargs |= {"allow_redirects": False, "stream": True}
        ends = time.monotonic() + self._deadline
        for hop in range(MAX_REDIRECTS + 1):
            try:
                response = self._patiently(verb, address, ends, *args, **kwargs)
            except ConnectorError as error:
                error.hops = hop
                raise
            onward = response.headers.get("Location") if response.is_redirect and verb in _SAFE else None
            if onward is None:
                return response
            following = urljoin(address, onward)
            if address.lower().startswith("https:") and not following.lower().startswith("https:"):
                # What comes back may be the keys of an LMS: nobody on the way may put others in their place.
                bare = Refused(f"{origin(address)} redirects to an address without https")
                bare.hops = hop + 1
                raise bare
            if origin(following) != origin(address):
                kwargs["headers"] = _without_secrets(kwargs.get("headers"))
            args, address = (), following
            kwargs.pop("params", None)
        endless = Refused(f"{origin(address)} redirects too often")
        endless.hops = MAX_REDIRECTS + 1
        raise endless

    def _patiently(self, verb: str, url: str, ends: float, *args: Any, **kwargs: Any) -> requests.Response:
        tries = self._retries + 1 if verb in _SAFE else 1
        while True:
            tries -= 1
            try:
                response = self._once(verb, url, ends, *args, **kwargs)
            except TryLater:
                if not tries:
                    raise
            else:
                if response.status_code not in _TRY_AGAIN or not tries:
                    return response
            time.sleep(self._pause)

    def _once(self, verb: str, url: str, ends: float, *args: Any, **kwargs: Any) -> requests.Response:
        where = origin(url)
        if not where:
            raise NotAllowed("this is not an http(s) address")
        response = None
        try:
            with self._watch.until(ends):
                response = super().request(verb, url, *args, **kwargs)
                response._content = self._body(response)
            if time.monotonic() > ends:  # an answer without a length just ends when it is cut off
                raise TimeoutError
        except (requests.RequestException, HTTPError, OSError) as error:
            meant = self._meaning(error, where, late=time.monotonic() > ends)
            meant.met, meant.begun = error, response is not None
            raise meant from None
        return response

    def _meaning(self, error: Exception, where: str, *, late: bool) -> ConnectorError:
        if is_guarded(error):
            return NotAllowed(f"{where} is on a private network")
        if late:
            return TryLater(f"{where} took too long")
        if isinstance(error, requests.Timeout | requests.ConnectionError):
            if isinstance(error, requests.exceptions.SSLError):
                return NotAllowed(f"{where} has a certificate that is not trusted")
            return TryLater(f"{where} could not be reached ({type(error).__name__})")
        return BrokenAnswer(f"{where} answered badly ({type(error).__name__})")

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_content(64 * 1024):
            body += piece
            if len(body) > self._max_bytes:
                response.close()
                raise BrokenAnswer(f"{origin(response.url)} answered more than {self._max_bytes} bytes")
        return bytes(body)


def origin(url: str) -> str:
    """`https://host:port` of an address, or an empty text when it is not an http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def checked(response: requests.Response) -> requests.Response:
    """The response when it is a success; else raises the `ConnectorError` its status means."""
    status, where = response.status_code, origin(response.url or "")
    if response.ok and not response.is_redirect:
        return response
    if status in {401, 403}:
        raise NotAllowed(f"{where} answered {status}")
    if status in {404, 410}:
        raise Gone(f"{where} answered {status}")
    if status in {408, 425, 429} or status >= 500:
        raise TryLater(f"{where} answered {status}", retry_after(response.headers))
    raise Refused(f"{where} answered {status}", status)


def json_of(response: requests.Response) -> Any:
    """The JSON of a successful response. Raises a `ConnectorError`."""
    try:
        return checked(response).json()
    except ValueError:
        raise BrokenAnswer(f"{origin(response.url or '')} did not answer with JSON") from None


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """What `Retry-After` says, in seconds or as a date; at most a day."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(timedelta(seconds=int(value[:9])), timedelta(days=1))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return min(max(moment - datetime.now(UTC), timedelta(0)), timedelta(days=1))


def _without_secrets(headers: Mapping[str, str] | None) -> dict[str, str]:
    secret = {"authorization", "cookie", "proxy-authorization"}
    return {name: value for name, value in (headers or {}).items() if name.lower() not in secret}


__all__ = [
    "AddressGuard",
    "BrokenAnswer",
    "ConnectorError",
    "Gone",
    "Http",
    "InsideTransaction",
    "NotAllowed",
    "Refused",
    "TryLater",
    "checked",
    "json_of",
    "origin",
    "retry_after",
]
