"""Open edX's `lti-consumer-xblock` in an environment of its own, registered at the tool. Skipped when it can't be
installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask, Response, abort, jsonify, request
from flask.testing import FlaskClient

import lti_tool
from lti_tool.db import Database
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform, add_organisation, add_platform
from lti_tool.settings import Settings
from lti_tool.web.runtime import system_clock
from tests.platform import served

PACKAGES = ("lti-consumer-xblock==11.4.4", "cryptography")
"""It needs cryptography for RS256 and does not say so."""
REACH = Reach(loopback=True, private=True)
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"


class Course:
    """Open edX's own addresses for rosters and grades need its whole database: these are ten lines each. Tokens are
    checked by Open edX."""

    def __init__(self, openedx: OpenEdx) -> None:
        self.openedx = openedx
        self.members: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.pages: list[int] = []
        """Where the pages of members began that were asked for."""

    def allows(self, scope: str) -> None:
        """Answer 401 when the bearer token doesn't give this scope."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.openedx.ask("allows", token=token, scopes=[scope]):
            abort(401)

    def serve(self, app: Flask) -> None:
        """Put the addresses in an app."""

        @app.get("/members")
        def members() -> Response:
            self.allows(NRPS)
            begin = int(request.args.get("page", "0"))
            self.pages.append(begin)
            body = {"id": request.base_url, "context": {"id": "c"}, "members": self.members[begin : begin + 2]}
            answer = Response(json.dumps(body), content_type=MEMBERS_TYPE)
            if begin + 2 < len(self.members):
                answer.headers["Link"] = f"<{request.base_url}?page={begin + 2}>; rel=next"
            return answer

        @app.route("/lineitems", methods=["GET", "POST"])
        def line_items() -> Response:
            self.allows(AGS + "lineitem")
            if request.method == "GET":
                return Response(json.dumps(self.items), content_type=ITEMS_TYPE)
            assert request.content_type == ITEM_TYPE
            self.items.append({**json.loads(request.data), "id": f"{request.base_url}/{len(self.items) + 1}"})
            return Response(json.dumps(self.items[-1]), 201, content_type=ITEM_TYPE)

        @app.post("/lineitems/<int:number>/scores")
        def scores(number: int) -> Response:
            self.allows(AGS + "score")
            assert request.content_type == SCORE_TYPE
            self.scores.append({**json.loads(request.data), "item": number})
            return Response("", 200)


class OpenEdx:
    """The platform in its process."""

    course: Course

    def __init__(self, python: Path) -> None:
        script = Path(__file__).with_name("openedx.py")
        self._process = subprocess.Popen(
            [python, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, do: str, **order: Any) -> Any:
        """Give an order; the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps({"do": do, **order}) + "\n")
        stdin.flush()
        for line in stdout:
            if line.startswith("answer "):
                return json.loads(line.removeprefix("answer "))
        raise AssertionError(f"Open edX gave up with status {self._process.wait()}")

    def end(self) -> None:
        """Stop the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()


@pytest.fixture(scope="session")
def foreign_python(request: pytest.FixtureRequest) -> Path:
    """A Python that has the package; made once and kept in pytest's cache."""
    home = Path(request.config.cache.mkdir("openedx")) / f"py{sys.version_info[0]}{sys.version_info[1]}"
    python = home / "bin" / "python"
    done = home / "installed"
    if not done.exists() or done.read_text() != " ".join(PACKAGES):
        venv.create(home, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        if subprocess.run(install, capture_output=True, check=False, timeout=300).returncode:
            pytest.skip(f"{PACKAGES[0]} can't be installed here")
        done.write_text(" ".join(PACKAGES))
    return python


@pytest.fixture
def openedx(foreign_python: Path) -> Iterator[OpenEdx]:
    platform = OpenEdx(foreign_python)
    yield platform
    platform.end()


@pytest.fixture
def tool(settings: Settings, database: Database) -> Flask:
    """The tool with a clock that goes: the platform has its own."""
    made = lti_tool.create_app(settings, database=database)
    made.testing = True
    return made


@pytest.fixture
def client(tool: Flask, settings: Settings, database: Database, openedx: OpenEdx) -> Iterator[FlaskClient]:
    """A browser, with Open edX registered at the tool and its key set and token address on a socket."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    addresses = Flask("openedx")
    with served(tool) as tool_address, served(addresses) as address:
        key_set = openedx.ask(
            "begin",
            iss=address,
            lti_oidc_url=f"{settings.base_url}/lti/login",
            lti_launch_url=f"{settings.base_url}/lti/launch",
            client_id="openedx-client",
            deployment_id="1",
            rsa_key=pem,
            rsa_key_id="openedx-key",
            redirect_uris=[f"{settings.base_url}/lti/launch"],
            tool_keyset_url=f"{tool_address}/lti/jwks",
        )
        addresses.get("/jwks", endpoint="jwks")(lambda: jsonify(key_set))
        token = addresses.post("/token", endpoint="token")
        token(lambda: jsonify(openedx.ask("token", form=request.form.to_dict())))
        openedx.course = Course(openedx)
        openedx.course.serve(addresses)
        openedx.ask(
            "offer",
            members=f"{address}/members",
            line_items=f"{address}/lineitems",
            launch=f"{settings.base_url}/lti/launch",
            picked=f"{address}/picked",
        )
        with database.writing() as db:
            add_organisation(db, slug="de-linde", name="De Linde", now=system_clock())
            new = NewPlatform(
                organisation="de-linde",
                name="Open edX",
                issuer=address,
                client_id="openedx-client",
                auth_url=f"{address}/auth",
                token_url=f"{address}/token",
                jwks_url=f"{address}/jwks",
            )
            tool.extensions["openedx"] = add_platform(db, new, now=system_clock(), reach=REACH)
        yield tool.test_client()


def launch(client: FlaskClient, openedx: OpenEdx, **visit: Any) -> Any:
    """Walk from the course into the tool."""
    url = openedx.ask("preflight", **{"resource_link_id": "link-7", "title": "Leerruimte", **visit})
    sent_on = client.get(f"/lti/login?{urlsplit(url).query}")
    assert sent_on.status_code == 302, sent_on.get_data(as_text=True)
    asked = dict(parse_qsl(urlsplit(sent_on.headers["Location"]).query))
    fields = openedx.ask("launch", asked=asked)
    assert "error" not in fields, fields
    return client.post("/lti/launch", data=fields)
