"""What goes out: with a time-out, within limits, never to a guarded address, never inside a transaction."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import requests
import responses

from connectors.http import (
    BrokenAnswer,
    ConnectorError,
    Gone,
    Http,
    InsideTransaction,
    NotAllowed,
    Refused,
    TryLater,
    checked,
    json_of,
    origin,
)


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        Answers.seen.append((self.path, dict(self.headers)))
        if self.path == "/slow":
            time.sleep(1.5)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/drip-headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            self.drip(b"x" * 50)
            return
        lengths = {"/big": 10_000, "/drip": 50}
        length = lengths.get(self.path)
        body = b"x" * length if length else json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/drip":
            self.drip(body)
            return
        self.wfile.write(body)

    def drip(self, body: bytes) -> None:
        with contextlib.suppress(OSError):
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some of these tests are about."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _forget() -> None:
    Answers.seen.clear()


def test_a_slow_answer_ends_at_the_time_out(port: int) -> None:
    began = time.monotonic()
    with pytest.raises(TryLater), Http(timeout=(1, 0.3), retries=0) as http:
        http.get(f"http://127.0.0.1:{port}/slow")
    assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("path", ["/drip", "/drip-headers"])
@pytest.mark.parametrize("kept_alive", [False, True])
def test_an_answer_that_drips_ends_at_the_deadline(port: int, path: str, kept_alive: bool) -> None:
    with Http(timeout=(1, 1), deadline=0.5, retries=0) as http:
        if kept_alive:
            http.get(f"http://127.0.0.1:{port}/")
        began = time.monotonic()
        with pytest.raises(TryLater, match="took too long"):
            http.get(f"http://127.0.0.1:{port}{path}")
        assert time.monotonic() - began < 2


def test_an_answer_that_is_too_large_is_not_read(port: int) -> None:
    with pytest.raises(BrokenAnswer), Http(max_bytes=5_000) as http:
        http.get(f"http://127.0.0.1:{port}/big")


def test_nothing_goes_out_inside_a_write_transaction(port: int) -> None:
    with pytest.raises(InsideTransaction), Http(in_write_transaction=lambda: True) as http:
        http.get(f"http://127.0.0.1:{port}/")
    assert not Answers.seen


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_guarded_address_is_never_connected_to(port: int, host: str) -> None:
    with pytest.raises(NotAllowed), Http(address_guard=lambda _ip: False) as http:
        http.get(f"http://{host}:{port}/")
    assert not Answers.seen


def test_a_redirect_to_a_guarded_address_is_not_followed(port: int) -> None:
    with pytest.raises(NotAllowed), Http(address_guard=lambda ip: ip == "127.0.0.1") as http:
        http.get(f"http://127.0.0.1:{port}/to/http://127.0.0.2:{port}/x")
    assert [path for path, _ in Answers.seen] == [f"/to/http://127.0.0.2:{port}/x"]


def test_an_address_that_passes_the_guard_is_reached(port: int) -> None:
    with Http(address_guard=lambda ip: ip == "127.0.0.1") as http:
        assert json_of(http.get(f"http://localhost:{port}/here")) == {"path": "/here"}


def test_a_redirect_to_another_host_does_not_take_the_token_along(port: int) -> None:
    with Http() as http:
        headers = {"Authorization": "Bearer secret"}
        http.get(f"http://127.0.0.1:{port}/to/http://localhost:{port}/x", headers=headers)
    assert "Authorization" in Answers.seen[0][1]
    assert "Authorization" not in Answers.seen[1][1]


def test_a_post_does_not_follow_a_redirect(port: int) -> None:
    with Http() as http:
        answer = http.post(f"http://127.0.0.1:{port}/to//x", data={"a": "b"})
    assert answer.status_code == 302
    with pytest.raises(Refused):
        checked(answer)


def test_only_http_addresses_are_reached() -> None:
    with Http() as http:
        for address in ("file:///etc/passwd", "ftp://host.example/", "nonsense", "http://"):
            with pytest.raises(NotAllowed):
                http.get(address)


@responses.activate
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, NotAllowed),
        (403, NotAllowed),
        (404, Gone),
        (410, Gone),
        (429, TryLater),
        (500, TryLater),
        (422, Refused),
    ],
)
def test_every_status_is_one_of_five_errors(status: int, error: type[ConnectorError]) -> None:
    responses.get("https://lms.example/api", status=status, headers={"Retry-After": "7"})
    with pytest.raises(error) as raised, Http(retries=0) as http:
        json_of(http.get("https://lms.example/api"))
    if isinstance(raised.value, TryLater):
        assert raised.value.after == timedelta(seconds=7)


@responses.activate
def test_an_error_tells_no_secret() -> None:
    responses.get("https://lms.example/api", body=requests.ConnectionError("boom token=hush"))
    responses.get("https://lms.example/page", body="<html>log in</html>")
    with Http(retries=0) as http:
        for call in (
            lambda: http.get("https://lms.example/api?token=hush"),
            lambda: json_of(http.get("https://lms.example/page?token=hush")),
        ):
            with pytest.raises(ConnectorError) as raised:
                call()
            assert "hush" not in str(raised.value)
            assert raised.value.__cause__ is None


@responses.activate
def test_a_broken_gateway_is_tried_once_more_for_a_read_and_never_for_a_write() -> None:
    responses.get("https://lms.example/api", status=503)
    responses.get("https://lms.example/api", json={"ok": True})
    responses.post("https://lms.example/api", status=503)
    with Http(pause=0) as http:
        assert json_of(http.get("https://lms.example/api")) == {"ok": True}
        with pytest.raises(TryLater):
            json_of(http.post("https://lms.example/api"))
    assert len(responses.calls) == 3


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin("https://Lms.example:8443/a?b#c") == "https://lms.example:8443"
    assert origin("http://[::1]:80/") == "http://[::1]:80"
    for bad in ("javascript:alert(1)", "//host", "https://", "http://host:port/", ""):
        assert origin(bad) == ""
