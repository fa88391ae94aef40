"""How a connection is made: only to addresses that a guard lets through, and only as long as a watch allows."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

AddressGuard = Callable[[str], bool]
"""Says of an IP address whether we may talk to it."""


class GuardedAddress(HTTPError):
    """The name leads to an address that may not be reached."""


class NoName(requests.ConnectionError):
    """The name does not resolve to any address."""


def layers(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those inside the layers that requests and urllib3 put around it."""
    todo: list[Any] = [error]
    for _ in range(20):
        if not todo:
            return
        one = todo.pop(0)
        if isinstance(one, BaseException):
            yield one
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def is_guarded(error: BaseException | None) -> bool:
    """Look for the guard's own error."""
    return any(isinstance(one, GuardedAddress) for one in layers(error))


class Watch:
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


class GuardedAdapter(HTTPAdapter):
    """Connects only to addresses that the guard lets through, and only as long as the watch allows."""

    def __init__(self, guard: AddressGuard | None, watch: Watch) -> None:
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
            raise GuardedAddress
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


def _is_number(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def _pools(guard: AddressGuard | None, watch: Watch) -> dict[str, Any]:
    def connect(connection: Any, how: Callable[[], socket.socket]) -> socket.socket:
        made = how() if guard is None else guarded(connection, how, guard)
        watch.add(made)
        return made

    def guarded(connection: Any, how: Callable[[], socket.socket], guard: AddressGuard) -> socket.socket:
        """Resolve once, check, and connect to exactly the address that was checked."""
        name = connection._dns_host
        failure: Exception = GuardedAddress()
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
        raise NoName("the name does not resolve") from None
    seen = set()
    for _family, _type, _proto, _canonical, address in found:
        ip = str(address[0])
        if ip not in seen:
            seen.add(ip)
            yield ip
