"""A look at an address tells apart what can be wrong with it, on real sockets, and nothing of what is private."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.http import Http, InsideTransaction
from connectors.probe import Seen, look

KEYS = {"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB", "alg": "RS256", "use": "sig"}]}
BODIES: dict[str, tuple[int, str, bytes]] = {
    "/json": (200, "application/json; charset=utf-8", b'{"a": 1}'),
    "/json-as-html": (200, "text/html; charset=utf-8", b'{"a": 1}'),
    "/keys": (200, "application/json", json.dumps(KEYS).encode()),
    "/no-keys": (200, "application/json", b'{"keys": []}'),
    "/ec-keys": (200, "application/json", b'{"keys": [{"kty": "EC"}]}'),
    "/page": (200, "text/html", b"\n <!doctype html><title>Log in, jan@ziekenhuis.example</title>"),
    "/text": (200, "text/plain", b"hello"),
    "/deep": (200, "application/json", b"[" * 5_000),
    "/gone": (404, "text/html", b"<h1>Not here</h1>"),
    "/broken": (502, "text/html", b"<h1>Bad gateway</h1>"),
    "/wants-post": (405, "text/html", b"<h1>POST please</h1>"),
    "/large": (200, "application/json", b"[" + b" " * 20_000 + b"]"),
}


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Answers.seen.append(self.path)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/drip-headers":
            self.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 50)
            return
        if self.path == "/drip-body":
            self.send_response(200)
            self.send_header("Content-Length", "50")
            self.end_headers()
            self.drip(b"x" * 50)
            return
        status, kind, body = BODIES[self.path.partition("?")[0]]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def drip(self, body: bytes) -> None:
        with contextlib.suppress(OSError):
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.1)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some of these tests are about."""


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Answers)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with a connection whatever it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    held.append(connection)
                    answer(connection)

        threading.Thread(target=run, daemon=True).start()
        yield listening.getsockname()[1]
        for connection in held:
            connection.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    Answers.seen.clear()
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def seen(url: str, expect: Any = "json", *, guard: Any = None, verify: Any = True, deadline: float = 1.5) -> Seen:
    def make() -> Http:
        http = Http(address_guard=guard, timeout=(1, 0.5), deadline=deadline, max_bytes=10_000, retries=0)
        http.verify = verify
        return http

    return look(url, http_factory=make, expect=expect)


@pytest.mark.parametrize(
    ("path", "expect", "what"),
    [
        ("/json", "json", "ok"),
        ("/json-as-html", "json", "ok"),
        ("/keys", "jwks", "ok"),
        ("/keys", "json", "ok"),
        ("/no-keys", "jwks", "not_keys"),
        ("/ec-keys", "jwks", "not_keys"),
        ("/json", "jwks", "not_keys"),
        ("/page", "json", "html"),
        ("/page", "jwks", "html"),
        ("/page", "any", "ok"),
        ("/text", "json", "not_json"),
        ("/deep", "json", "not_json"),
        ("/gone", "json", "status"),
        ("/broken", "any", "status"),
        ("/wants-post", "any", "ok"),
        ("/wants-post", "json", "status"),
        ("/large", "json", "large"),
        ("/to//json", "json", "ok"),
        ("/to/javascript:alert(1)", "json", "redirects"),
        ("/to/to", "json", "redirects"),
        ("/drip-headers", "any", "slow"),
        ("/drip-body", "any", "slow"),
    ],
)
def test_what_a_server_answers(port: int, path: str, expect: str, what: str) -> None:
    if path == "/to/to":
        path = "/to/" * 4 + "/json"
    found = seen(f"http://127.0.0.1:{port}{path}", expect)
    assert (found.what, found.ok) == (what, what == "ok")
    assert found.host == "127.0.0.1"


def test_a_page_tells_its_status_and_type_and_none_of_its_contents(port: int) -> None:
    found = seen(f"http://127.0.0.1:{port}/page?token=hush")
    assert (found.status, found.content_type) == (200, "text/html")
    assert "jan@" not in repr(found)
    assert "hush" not in repr(found)
    assert seen(f"http://127.0.0.1:{port}/gone").status == 404


@pytest.mark.parametrize("deadline", [1.5, 0.3])
def test_a_server_that_never_says_a_word_is_silent(deadline: float) -> None:
    """Whichever limit ends it: the time-out between two pieces, or the one for all of it."""
    with raw(lambda _connection: None) as port:
        began = time.monotonic()
        found = seen(f"http://127.0.0.1:{port}/", deadline=deadline)
        assert time.monotonic() - began < 1.5
    assert found.what == "silent"
    assert 0.25 < found.seconds < 1.5


def test_a_server_that_hangs_up_is_silent() -> None:
    with raw(lambda connection: connection.close()) as port:
        assert seen(f"http://127.0.0.1:{port}/").what == "silent"


def test_a_silent_handshake_is_silent_too() -> None:
    with raw(lambda _connection: None) as port:
        assert seen(f"https://localhost:{port}/").what == "silent"


def test_a_closed_door_is_refused() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert seen(f"http://127.0.0.1:{bound.getsockname()[1]}/").what == "refused"


@pytest.mark.parametrize("guard", [None, lambda _ip: True])
def test_a_name_that_nobody_has(guard: Any) -> None:
    found = seen("https://moodle.invalid/keys", guard=guard)
    assert (found.what, found.host) == ("no_name", "moodle.invalid")


@pytest.mark.parametrize(
    "url", ["", "moodle.example", "ftp://x.example/", "javascript:alert(1)", "http://", "http://[", "http://a:b/"]
)
def test_what_is_no_address_is_not_asked(url: str) -> None:
    found = seen(url)
    assert (found.what, found.seconds) == ("address", 0.0)


@pytest.mark.parametrize(
    "url", ["http://" + "x" * 70 + ".example/", "http://*.example/", "http://.example/", "http://é\x00.example/"]
)
def test_odd_names_never_raise(url: str) -> None:
    assert seen(url, guard=lambda _ip: True).what in {"address", "no_name"}


def test_of_a_private_address_nothing_is_told_but_that_it_is_private(port: int) -> None:
    """Open, closed or silent: no connection is made, and not even the time tells."""
    with socket.socket() as bound, raw(lambda _connection: None) as silent:
        bound.bind(("127.0.0.1", 0))
        found = [
            seen(f"http://localhost:{at}/json", guard=lambda _ip: False)
            for at in (port, silent, bound.getsockname()[1])
        ]
    assert found == [Seen(False, "private", 0.0, "localhost")] * 3
    assert not Answers.seen


def test_of_a_redirect_into_a_private_range_only_that(port: int) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.2", 0))
        for at in (port, bound.getsockname()[1]):
            target = f"http://127.0.0.2:{at}/secret-path"
            found = seen(f"http://127.0.0.1:{port}/to/{target}", guard=lambda ip: ip == "127.0.0.1")
            assert (found.what, found.host, found.status) == ("redirected_private", "127.0.0.1", 0)
            assert "secret" not in repr(found)
    assert all(path.startswith("/to/") for path in Answers.seen)


def test_our_own_mistake_is_not_an_answer_of_the_other_side() -> None:
    with pytest.raises(InsideTransaction):
        look("https://lms.example/", http_factory=functools.partial(Http, in_write_transaction=lambda: True))


@pytest.mark.parametrize(
    ("case", "detail"),
    [
        ("good", ""),
        ("expired", "expired"),
        ("early", "early"),
        ("other-name", "name"),
        ("self-signed", "self_signed"),
        ("unknown-authority", "issuer"),
        ("unknown-root", "issuer"),
        ("no-tls", "no_tls"),
    ],
)
def test_what_is_wrong_with_a_certificate(case: str, detail: str, tmp_path: Path, port: int) -> None:
    if case == "no-tls":
        found = seen(f"https://localhost:{port}/json")
    else:
        context, authority = _certificate(case, tmp_path)
        with serving(context) as secure:
            found = seen(f"https://localhost:{secure}/json", verify=authority)
    assert (found.what, found.detail) == ("certificate" if detail else "ok", detail)
    assert found.ok == (not detail)


def test_a_secure_address_does_not_send_us_to_one_that_is_not(tmp_path: Path, port: int) -> None:
    """Else somebody between us and an LMS could give us other keys, in spite of its certificate."""
    context, authority = _certificate("good", tmp_path)
    with serving(context) as secure:
        there = f"https://localhost:{secure}"
        Answers.seen.clear()
        assert seen(f"{there}/to/http://localhost:{port}/keys", verify=authority).what == "redirects"
        assert Answers.seen == [f"/to/http://localhost:{port}/keys"]
        assert seen(f"{there}/to/{there}/keys", verify=authority).what == "ok"


def _certificate(case: str, folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's side of TLS, and the file of the authorities that its caller trusts."""
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed("Own authority", authority_key, None, now - 9 * day, now + 9 * day)
    begins, ends = {"expired": (now - 9 * day, now - day), "early": (now + day, now + 9 * day)}.get(
        case, (now - day, now + 9 * day)
    )
    name = "elsewhere.example" if case == "other-name" else "localhost"
    if case == "self-signed":
        leaf = _signed(name, key, None, begins, ends, server=name)
    else:
        leaf = _signed(name, key, (authority.subject, authority_key), begins, ends, server=name)
    chain = [leaf, authority] if case == "unknown-root" else [leaf]
    pem = serialization.Encoding.PEM
    (folder / "chain.pem").write_bytes(b"".join(one.public_bytes(pem) for one in chain))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    trusted = authority
    if case in {"unknown-authority", "unknown-root", "self-signed"}:
        other = ec.generate_private_key(ec.SECP256R1())
        trusted = _signed("Somebody else", other, None, now - day, now + day)
    (folder / "trusted.pem").write_bytes(trusted.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    return context, str(folder / "trusted.pem")


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None,
    begins: dt.datetime,
    ends: dt.datetime,
    server: str = "",
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = by or (subject, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=not server, path_length=None), critical=True)
    )
    if server:
        names: list[x509.GeneralName] = [x509.DNSName(server)]
        if server == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signer, hashes.SHA256())
