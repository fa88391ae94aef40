"""What an LMS shows is typed over; Leerkring looks before it believes, and says what it saw and who can mend it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

import lti_tool
from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database
from lti_tool.organisations import by_hand
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Deployment, Platform
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.connectors.test_probe import _certificate, raw
from tests.world import Somebody, World

NEW = "/admin/platforms/new"
KEYS = json.dumps({"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]}).encode()


class Moodle(BaseHTTPRequestHandler):
    """What a Moodle answers to a look at its addresses; `broken` says what is wrong today."""

    broken: ClassVar[str] = ""

    def do_GET(self) -> None:
        status, kind, body = 404, "text/html", b"<h1>404</h1>"
        if self.path in {"/mod/lti/token.php", "/mod/lti/auth.php"}:
            status = 400
        if self.path == "/mod/lti/certs.php":
            status, kind, body = 200, "application/json", KEYS
        if self.broken == "maintenance":
            status, kind, body = 503, "text/html", b"<h1>Back at nine</h1>"
        if self.broken == "page" and self.path.endswith("certs.php"):
            kind, body = "text/html", b"<!doctype html><title>Log in</title>"
        if self.broken == "elsewhere" and self.path.endswith("certs.php"):
            self.send_response(302)
            self.send_header("Location", "http://10.0.0.7/secret")
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def moodle(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Moodle, "broken", "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Moodle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def outside(settings: Settings, database: Database, clock: StandingClock) -> World:
    """An installation that may not go to private networks (but to this machine: it is one for practice)."""
    open_settings = settings.model_copy(update={"allow_private_addresses": False})
    app = lti_tool.create_app(open_settings, database=database, clock=clock)
    app.testing = True
    return World(app, database, clock)


@pytest.fixture
def bram(outside: World) -> Somebody:
    return outside.somebody(outside.organisation(), "Bram Smit", "admin")


def _send(admin: Somebody, site: str, **more: str) -> Any:
    fields = {
        "product": "moodle",
        "name": "Leerplein",
        "site": site,
        "client_id": "AbC123",
        "deployment_id": "4",
        **more,
    }
    return admin.post(NEW, page=NEW, **fields)


def _text(page: Any) -> str:
    return str(page.get_data(as_text=True))


def _platforms(database: Database) -> list[Platform]:
    with database.reading() as db:
        return list(db.scalars(select(Platform)))


def test_from_the_site_of_a_moodle_its_addresses_follow(bram: Somebody, moodle: str, database: Database) -> None:
    made = _send(bram, f"{moodle}/")
    assert made.status_code == 303, _text(made)
    (platform,) = _platforms(database)
    assert made.location == f"/admin/platforms/{platform.id}?done=made"
    assert (platform.issuer, platform.client_id, platform.product) == (moodle, "AbC123", "moodle")
    assert platform.jwks_url == f"{moodle}/mod/lti/certs.php"
    assert platform.token_url == f"{moodle}/mod/lti/token.php"
    assert platform.auth_url == f"{moodle}/mod/lti/auth.php"
    with database.reading() as db:
        deployment = db.scalars(select(Deployment)).one()
        assert (deployment.deployment_id, deployment.accepted_at is not None) == ("4", True)
        actors = set(db.scalars(select(AuditEntry.actor_id).where(AuditEntry.action == "organisations.add_platform")))
    assert actors == {bram.id}


@pytest.mark.parametrize(
    ("environment", "issuer", "keys"),
    [
        ("production", "https://canvas.instructure.com", "https://sso.canvaslms.com/api/lti/security/jwks"),
        ("beta", "https://canvas.beta.instructure.com", "https://sso.beta.canvaslms.com/api/lti/security/jwks"),
        ("test", "https://canvas.test.instructure.com", "https://sso.test.canvaslms.com/api/lti/security/jwks"),
        ("own", "https://canvas.instructure.com", "https://linde.instructure.com/api/lti/security/jwks"),
    ],
)
def test_from_the_host_of_a_canvas_its_addresses_follow(environment: str, issuer: str, keys: str) -> None:
    given = by_hand.preset("canvas", "linde.instructure.com/courses/7", environment)
    assert (given["issuer"], given["jwks_url"]) == (issuer, keys)
    assert given["token_url"] == "https://linde.instructure.com/login/oauth2/token"
    assert given["auth_url"].endswith("/api/lti/authorize_redirect")


WRONG = {
    "page": ("jwks_url", "stuurt een webpagina", "Wie je LMS beheert"),
    "elsewhere": ("jwks_url", "stuurt ons door naar een afgeschermd netwerk", "zonder doorsturen"),
    "maintenance": ("jwks_url", "antwoordt met foutcode 503", "Je LMS heeft een storing"),
}


@pytest.mark.parametrize("broken", WRONG)
def test_what_was_seen_stands_beside_the_field_with_who_can_mend_it(
    bram: Somebody, moodle: str, database: Database, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(Moodle, "broken", broken)
    page = _send(bram, moodle)
    text = _text(page)
    field, saw, who = WRONG[broken]
    assert page.status_code == 422
    error = text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert saw in error
    assert "Dat duurde" in error
    assert who in error
    for kept in ('value="Leerplein"', f'value="{moodle}"', 'value="AbC123"', 'value="4"'):
        assert kept in text
    assert "/secret" not in text
    assert "Log in" not in text
    assert _platforms(database) == []


def test_a_private_address_is_refused_without_going_there(bram: Somebody, database: Database) -> None:
    page = _send(bram, "https://10.0.0.7")
    assert page.status_code == 422
    assert "10.0.0.7 ligt op een afgeschermd netwerk" in _text(page)
    assert "We hebben niets opgevraagd." in _text(page)
    assert "LEERKRING_ALLOW_PRIVATE_ADDRESSES" in _text(page)
    assert _platforms(database) == []


def test_an_lms_that_says_nothing_is_waited_for_once(bram: Somebody, database: Database) -> None:
    with raw(lambda _connection: None) as port:
        page = _send(bram, f"http://127.0.0.1:{port}")
    assert page.status_code == 422
    assert "geeft geen antwoord" in _text(page)
    assert "We wachtten" in _text(page)
    assert "firewall" in _text(page)
    assert "Bewaar toch" not in _text(page)
    assert _platforms(database) == []


def test_a_closed_door_and_a_name_that_is_not_there(bram: Somebody) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "neemt de verbinding niet aan" in _text(_send(bram, f"http://127.0.0.1:{port}"))
    assert "bestaat niet op internet" in _text(_send(bram, "https://moodle.nergens.invalid"))


def test_a_wrong_certificate_is_named(bram: Somebody, tmp_path: Path, database: Database) -> None:
    context, _ = _certificate("self-signed", tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Moodle)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = _send(bram, f"https://localhost:{server.server_address[1]}")
    server.shutdown()
    server.server_close()
    assert page.status_code == 422
    assert "heeft zijn certificaat zelf gemaakt" in _text(page)
    assert "erkend certificaat" in _text(page)
    assert _platforms(database) == []


def test_an_lms_that_is_out_of_order_may_be_kept_all_the_same(
    bram: Somebody, moodle: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Moodle, "broken", "maintenance")
    assert "Bewaar toch" in _text(_send(bram, moodle))
    assert _platforms(database) == []
    assert _send(bram, moodle, anyway="yes").status_code == 303
    assert len(_platforms(database)) == 1


@pytest.mark.parametrize("broken", ["page", "elsewhere"])
def test_nothing_else_may_be_kept_all_the_same(
    bram: Somebody, moodle: str, database: Database, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(Moodle, "broken", broken)
    page = _send(bram, moodle, anyway="yes")
    assert page.status_code == 422
    assert "Bewaar toch" not in _text(page)
    assert _platforms(database) == []


def test_a_typed_address_wins_from_the_one_that_follows(bram: Somebody, moodle: str, database: Database) -> None:
    own = f"{moodle}/mod/lti/certs.php?own=1"
    page = _send(bram, moodle, jwks_url=own)
    assert "antwoordt met foutcode 404" in _text(page)
    assert own in _text(page)
    assert _platforms(database) == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("http://moodle.ziekenhuis.example", "Dat moet https:// zijn."),
        ("https://jan:geheim@moodle.ziekenhuis.example", "Dit adres kan niet."),
        ("javascript://alert(1)", "Dit is geen webadres."),
        ("https://", "Dit is geen webadres."),
        ("https://[::1", "Dit is geen webadres."),
    ],
)
def test_what_is_no_address_is_told_without_going_anywhere(bram: Somebody, typed: str, sentence: str) -> None:
    page = _send(bram, typed)
    assert page.status_code == 422
    assert sentence in _text(page)


def test_an_empty_form_says_what_is_missing(bram: Somebody) -> None:
    page = _send(bram, "", name="", client_id="")
    assert page.status_code == 422
    for field in ("name", "site", "client_id"):
        assert f'id="{field}-error"' in _text(page)
    other = bram.post(NEW, page=NEW, product="other", name="X", client_id="1")
    for field in ("issuer", "jwks_url", "token_url", "auth_url"):
        assert f'id="{field}-error"' in _text(other)


def test_the_same_lms_twice_is_one(bram: Somebody, moodle: str, database: Database) -> None:
    assert _send(bram, moodle).status_code == 303
    again = _send(bram, moodle)
    assert again.status_code == 422
    assert "al gekoppeld" in _text(again)
    assert len(_platforms(database)) == 1


def test_a_canvas_may_frame_us_from_its_own_host(world: World, moodle: str, database: Database) -> None:
    admin = world.somebody(world.organisation(), "Bram Smit", "admin")
    fields = {f"{kind}_url": f"{moodle}/mod/lti/{page}.php" for kind, page in (("jwks", "certs"), ("token", "token"))}
    made = admin.post(
        NEW, page=NEW, product="canvas", name="Canvas", site=moodle, environment="production", client_id="170",
        auth_url=f"{moodle}/mod/lti/auth.php", **fields,
    )  # fmt: skip
    assert made.status_code == 303, _text(made)
    (platform,) = _platforms(database)
    assert (platform.product, platform.issuer) == ("canvas", "https://canvas.instructure.com")
    assert platform.frame_hosts == moodle


def test_every_kind_of_lms_has_its_own_page(bram: Somebody) -> None:
    assert "Adres van je Moodle" in _text(bram.get(NEW))
    assert "Op een eigen server" in _text(bram.get(f"{NEW}?product=canvas"))
    other = _text(bram.get(f"{NEW}?product=sakai"))
    assert "<details class" not in other.partition('<form method="post" action="/admin/platforms/new"')[2]


def test_an_address_without_a_place_to_go_is_not_asked_twice() -> None:
    typed = {"issuer": "https://x.invalid", "jwks_url": "nonsense", "token_url": "nonsense", "auth_url": "nonsense"}
    found = by_hand.problems(typed, Reach())
    assert set(found) == {"jwks_url", "token_url", "auth_url"}
    assert not any(problem.passing for problem in found.values())


def test_a_site_that_is_no_address_is_told_where_it_was_typed(bram: Somebody, database: Database) -> None:
    page = _send(bram, "zomaar iets")
    assert page.status_code == 422
    text = _text(page)
    assert "Dit is geen webadres." in text.partition('id="site-error"')[2].partition("</p>")[0]
    assert "adressen doen het niet" not in text
    assert "zomaar iets/mod/lti" not in text
    assert not _platforms(database)


def test_a_mended_site_takes_along_what_was_made_from_the_wrong_one(
    bram: Somebody, moodle: str, database: Database
) -> None:
    wrong = "http://127.0.0.1:1"
    made = by_hand.preset("moodle", wrong)
    del made["token_url"]
    refused = _send(bram, wrong)
    assert refused.status_code == 422
    assert f'name="site_before" value="{wrong}"' in _text(refused)
    typed = f"{moodle}/mod/lti/token.php?mine"
    sent = _send(bram, moodle, site_before=wrong, environment_before="production", **made, token_url=typed)
    assert sent.status_code == 303, _text(sent)
    (platform,) = _platforms(database)
    assert (platform.issuer, platform.jwks_url) == (moodle, f"{moodle}/mod/lti/certs.php")
    assert platform.token_url == typed, "what somebody typed stays"
