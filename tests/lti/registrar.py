"""LMSs that a tool registers at: they answer what Moodle 4.5 and Canvas answered, and are as strict as they are."""

from __future__ import annotations

import base64
import copy
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.platform import served

RECORDINGS = Path(__file__).parent.parent / "recordings"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS = "https://canvas.instructure.com/lti/"


def recorded(name: str) -> Any:
    """A recorded answer, or the body of a sample."""
    found = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return found["body"] if isinstance(found, dict) and "body" in found else found


def jwt(**claims: Any) -> str:
    """A token as an LMS makes them; nobody but the LMS checks its signature."""
    parts = ({"alg": "RS256", "kid": "1"}, claims)
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts), "c2ln"]
    )


class Registrar:
    """One LMS. Tests change `configuration` and hang things into `before_answer`."""

    def __init__(self, product: str, clock: Callable[[], datetime]) -> None:
        self.product = product
        self.clock = clock
        self.address = ""
        self.tokens: dict[str, str] = {}
        """Token to the client id it is for."""
        self.used: set[str] = set()
        self.updates: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        """All registrations that arrived, in order."""
        self.made: dict[str, dict[str, Any]] = {}
        """Client id to what is registered."""
        self.looks = 0
        self.change: Callable[[dict[str, Any]], Any] = lambda said: None
        """Changes the configuration in place."""
        self.after: Callable[[], Response | None] = lambda: None
        """Called when a registration was stored, before it is answered; may answer something else."""

    def token(self, client_id: str = "BB09xavJUBfO3Md", *, life: float = 3600, update: bool = False) -> str:
        """A registration token of an hour."""
        now = self.clock().timestamp()
        scope = "reg-update" if update else "reg"
        subject = "3" if update else client_id
        made = jwt(sub=subject, scope=scope, iat=int(now), exp=int(now + life), jti=str(len(self.tokens)))
        (self.updates if update else self.tokens)[made] = client_id
        return made

    def configuration(self) -> dict[str, Any]:
        """What was recorded, with this host in it."""
        names = {"moodle": "moodle/dynreg_2_openid_configuration", "canvas": "canvas/lti_openid_configuration"}
        old = {"moodle": "http://127.0.0.1:8045", "canvas": "https://canvas.stjude-trust.example"}[self.product]
        said = json.loads(json.dumps(recorded(names[self.product])).replace(old, self.address))
        self.change(said)
        return dict(said)

    @property
    def configuration_url(self) -> str:
        """Where the configuration is."""
        return (
            self.address
            + urlsplit(
                {"moodle": "/mod/lti/openid-configuration.php", "canvas": "/api/lti/security/openid-configuration"}[
                    self.product
                ]
            ).path
        )

    def register(self, token: str, asked: dict[str, Any]) -> Response:
        """Take a registration in, or refuse it."""
        refuses = self._moodle_refuses if self.product == "moodle" else self._canvas_refuses
        refused = refuses(token, asked)
        if refused is not None:
            return refused
        client_id = self.tokens.get(token) or self.updates[token]
        self.used.add(token)
        self.made[client_id] = asked
        return self.after() or jsonify(self._answer(client_id, asked))

    def _moodle_refuses(self, token: str, asked: dict[str, Any]) -> Response | None:
        if not token:
            return _text(recorded("moodle/dynreg_3_no_token"), 401)
        if token not in self.tokens and token not in self.updates:
            return _text(recorded("moodle/dynreg_3_bad_token"), 404)
        if token in self.used and token in self.tokens:
            return _text(recorded("moodle/dynreg_4_again"), 401)
        for name in ("response_types", "initiate_login_uri", "redirect_uris", "client_name", "jwks_uri"):
            if not asked.get(name):
                return _text(recorded("moodle/dynreg_3_missing_initiate").replace("initiate_login_uri", name), 400)
        assert asked["token_endpoint_auth_method"] == "private_key_jwt"
        if urlsplit(asked[TOOL]["target_link_uri"]).netloc != asked[TOOL]["domain"]:
            return _text(recorded("moodle/dynreg_3_domain_mismatch"), 400)
        return None

    def _canvas_refuses(self, token: str, asked: dict[str, Any]) -> Response | None:
        if token not in self.tokens or token in self.used:
            return _json({"errors": [{"message": "The registration token is invalid"}]}, 401)
        said = self.configuration()
        exact = {
            "application_type": "web",
            "response_types": ["id_token"],
            "grant_types": ["client_credentials", "implicit"],
            "token_endpoint_auth_method": "private_key_jwt",
        }
        wrong = [name for name, value in exact.items() if asked.get(name) != value]
        wrong += [scope for scope in asked["scope"].split() if scope not in said["scopes_supported"]]
        wrong += [
            name for name in ("jwks_uri", "redirect_uris", "client_name", "initiate_login_uri") if name not in asked
        ]
        tool = asked[TOOL]
        wrong += [name for name in ("domain", "target_link_uri", "claims", "messages") if not tool.get(name)]
        if tool.get(CANVAS + "privacy_level") not in {"public", "name_only", "email_only", "anonymous"}:
            wrong.append("privacy_level")
        return _json({"errors": [{"message": name} for name in wrong]}, 422) if wrong else None

    def _answer(self, client_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        if self.product == "canvas":
            said = copy.deepcopy(recorded("canvas/lti_dynamic_registration_response"))
            return {**said, "client_id": client_id, "scope": asked["scope"]}
        said = copy.deepcopy(recorded("moodle/dynreg_3_register"))
        said[TOOL]["claims"] = asked[TOOL]["claims"]
        granted = [scope for scope in asked["scope"].split() if scope in said["scope"].split()]
        return {**said, "client_id": client_id, "scope": " ".join(granted)}


def app_of(registrar: Registrar) -> Flask:
    """The LMS's addresses."""
    app = Flask("registrar")

    def bearer() -> str:
        return request.headers.get("Authorization", "").removeprefix("Bearer ")

    @app.get("/mod/lti/openid-configuration.php")
    def moodle() -> Response:
        registrar.looks += 1
        return jsonify(registrar.configuration())

    @app.get("/api/lti/security/openid-configuration")
    def canvas() -> Response:
        registrar.looks += 1
        if bearer() not in registrar.tokens:
            return _json({"errors": [{"message": "unauthorized"}]}, 401)
        return jsonify(registrar.configuration())

    @app.get("/mod/lti/openid-registration.php")
    def current() -> Response:
        if bearer() not in registrar.updates:
            return _text(recorded("moodle/dynreg_4_again"), 401)
        return jsonify({**recorded("moodle/dynreg_5_update_get"), "client_id": registrar.updates[bearer()]})

    @app.post("/mod/lti/openid-registration.php")
    @app.post("/api/lti/registrations")
    def register() -> Response:
        asked = request.get_json()
        registrar.asked.append(asked)
        return registrar.register(bearer(), asked)

    @app.get("/page")
    def page() -> Response:
        return Response("<!doctype html><title>Log in</title>", content_type="text/html")

    @app.get("/slow")
    def slow() -> Response:
        def drip() -> Iterator[bytes]:
            while True:
                yield b" "
                time.sleep(0.2)

        return Response(drip(), content_type="application/json")

    return app


@contextmanager
def lms(product: str, clock: Callable[[], datetime]) -> Iterator[Registrar]:
    """An LMS on a real socket."""
    registrar = Registrar(product, clock)
    with served(app_of(registrar)) as address:
        registrar.address = address
        yield registrar


class Admin:
    """Somebody who pasted our address in their LMS. Keeps no cookie."""

    def __init__(self, client: FlaskClient, registrar: Registrar) -> None:
        self.client, self.lms = client, registrar

    def open(self, token: str | None = None, *, url: str | None = None, language: str = "nl") -> TestResponse:
        """The LMS opens our page."""
        sent = {"openid_configuration": url or self.lms.configuration_url, "registration_token": token or ""}
        sent = {name: value for name, value in sent.items() if value}
        return self.client.get("/lti/register", query_string=sent, headers={"Accept-Language": language})

    def send(self, page: TestResponse, code: str, *, spots: list[str] | None = None, **changed: str) -> TestResponse:
        """Fill in the form that is on the page; empty values switch off."""
        fields = {**form_of(page), "code": code, **changed}
        fields = {name: value for name, value in fields.items() if value}
        data: dict[str, Any] = {**fields, "placements": spots if spots is not None else spots_of(page)}
        return self.client.post("/lti/register", data=data, headers={"Accept-Language": "nl"})


def form_of(page: TestResponse) -> dict[str, str]:
    """What the form on a page would send as it stands."""
    text = page.get_data(as_text=True)
    found = {}
    for tag in re.findall(r"<input [^>]*>", text):
        named = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if named.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in named and named["name"] != "placements":
            found[named["name"]] = named.get("value", "")
    return found


def spots_of(page: TestResponse) -> list[str]:
    """The placements that are switched on."""
    tags = re.findall(r'<input type="checkbox" [^>]*name="placements" [^>]*>', page.get_data(as_text=True))
    return [re.findall(r'value="([^"]*)"', tag)[0] for tag in tags if " checked" in tag]


def _text(body: str, status: int) -> Response:
    return Response(body, status, content_type="text/html; charset=utf-8")


def _json(body: Any, status: int) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer


def in_parallel(*what: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment. Returns what each brought."""
    found: list[Any] = [None] * len(what)

    def run(place: int, do: Callable[[], Any]) -> None:
        found[place] = do()

    threads = [threading.Thread(target=run, args=(place, do)) for place, do in enumerate(what)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    return found
