"""One way to talk HTTP to the outside: time-outs, limits, a guard on addresses, and five kinds of error.

Knows no settings, database or Flask: what it may reach, and whether it may go out now, are handed in.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

USER_AGENT = "Leerkring"
MAX_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 3
_SAFE = frozenset({"GET", "HEAD"})
_TRY_AGAIN = frozenset({502, 503, 504})

AddressGuard = Callable[[str], bool]
"""Says of an IP address whether we may talk to it."""


class ConnectorError(Exception):
    """Something went wrong outside. The message holds a host at most: no path, no token, no contents."""


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
        self._watch = _Watch()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(address_guard, self._watch))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests`, but raises only a `ConnectorError`; only safe requests follow a redirect."""
        if self._in_write_transaction():
            raise InsideTransaction("outgoing HTTP inside a write transaction")
        verb = (method.decode() if isinstance(method, bytes) else method).upper()
        address = url.decode() if isinstance(url, bytes) else url
        kwargs.setdefault("timeout", self._timeout)
        kwargs |= {"allow_redirects": False, "stream": True}
        ends = time.monotonic() + self._deadline
        for _ in range(MAX_REDIRECTS + 1):
            response = self._patiently(verb, address, ends, *args, **kwargs)
            onward = response.headers.get("Location") if response.is_redirect and verb in _SAFE else None
            if onward is None:
                return response
            following = urljoin(address, onward)
            if origin(following) != origin(address):
                kwargs["headers"] = _without_secrets(kwargs.get("headers"))
            args, address = (), following
            kwargs.pop("params", None)
        raise Refused(f"{origin(address)} redirects too often")

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
        try:
            with self._watch.until(ends):
                response = super().request(verb, url, *args, **kwargs)
                response._content = self._body(response)
            if time.monotonic() > ends:  # an answer without a length just ends when it is cut off
                raise TryLater(f"{where} took too long")
        except _GuardedAddress:
            raise NotAllowed(f"{where} is on a private network") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            if time.monotonic() > ends:
                raise TryLater(f"{where} took too long") from None
            raise self._meaning(error, where) from None
        return response

    def _meaning(self, error: Exception, where: str) -> ConnectorError:
        if isinstance(error, requests.Timeout | requests.ConnectionError):
            if _is_guarded(error):
                return NotAllowed(f"{where} is on a private network")
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


class _GuardedAddress(HTTPError):
    """The name leads to an address that may not be reached."""


def _is_guarded(error: BaseException | None) -> bool:
    """Look for the guard's error inside the layers that requests and urllib3 put around it."""
    todo: list[Any] = [error]
    for _ in range(20):
        if not todo:
            return False
        one = todo.pop()
        if isinstance(one, _GuardedAddress):
            return True
        if isinstance(one, BaseException):
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return False


class _Watch:
    """Cuts the connections of one request off when its time is over.

    A time-out counts from one piece to the next, so who sends a byte now and then, be it of the handshake, of the
    headers or of the body, would hold a thread for days.
    """

    def __init__(self) -> None:
        self._handles: list[socket.socket] = []
        self._on = False
        self._over = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def until(self, ends: float) -> Iterator[None]:
        """Watch what connects within this block."""
        self._on, self._over = True, False
        timer = threading.Timer(max(0.0, ends - time.monotonic()), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._on = False
                for handle in self._handles:
                    handle.close()
                self._handles.clear()

    def add(self, connected: socket.socket) -> None:
        """Keep a second handle of a connection: TLS takes the first one over, and the answer closes it."""
        handle = socket.fromfd(connected.fileno(), connected.family, connected.type)
        with self._lock:
            if self._on:
                self._handles.append(handle)
                if self._over:
                    _shut(handle)
            else:
                handle.close()

    def _cut(self) -> None:
        with self._lock:
            if self._on:
                self._over = True
                for handle in self._handles:
                    _shut(handle)


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Connects only to addresses that the guard lets through, and only as long as the watch allows."""

    def __init__(self, guard: AddressGuard | None, watch: _Watch) -> None:
        self._guard = guard
        self._watch = watch
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard, self._watch)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """A proxy is the administrator's own, also on a private network."""
        manager = super().proxy_manager_for(*args, **kwargs)
        if not args[0].lower().startswith("socks"):
            manager.pool_classes_by_scheme = _pools(None, self._watch)
        return manager

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """Look at the address when a proxy is in between."""
        # A proxy resolves names for us, so only the addresses written as numbers can be checked here.
        host = urlsplit(request.url).hostname or ""
        if self._guard is not None and proxies and _is_number(host) and not self._guard(host):
            raise _GuardedAddress
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


def _is_number(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def _pools(guard: AddressGuard | None, watch: _Watch) -> dict[str, Any]:
    def connect(connection: Any, how: Callable[[], socket.socket]) -> socket.socket:
        made = how() if guard is None else guarded(connection, how, guard)
        watch.add(made)
        return made

    def guarded(connection: Any, how: Callable[[], socket.socket], guard: AddressGuard) -> socket.socket:
        """Resolve once, check, and connect to exactly the address that was checked."""
        name = connection._dns_host
        failure: Exception = _GuardedAddress()
        for address in _addresses(name, connection.port):
            if not guard(address):
                continue
            connection._dns_host = address
            try:
                return how()
            except HTTPError as error:
                failure = error
            finally:
                connection._dns_host = name
        raise failure

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self, super()._new_conn)

        def request(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is not None:  # kept alive since an earlier request
                watch.add(self.sock)
            super().request(*args, **kwargs)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self, super()._new_conn)

        def request(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is not None:
                watch.add(self.sock)
            super().request(*args, **kwargs)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _addresses(name: str, port: int | None) -> Iterator[str]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise requests.ConnectionError("the name does not resolve") from None
    seen = set()
    for _family, _type, _proto, _canonical, address in found:
        ip = str(address[0])
        if ip not in seen:
            seen.add(ip)
            yield ip


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
