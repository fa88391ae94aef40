"""Launches by a platform that others wrote and hospitals use: Open edX's `lti-consumer-xblock`, in an environment
of its own. Skipped when it can't be installed.
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
from flask import Flask, jsonify, request
from flask.testing import FlaskClient

import lti_tool
from lti_tool.db import Database
from lti_tool.db.encryption import Cipher
from lti_tool.lms.tokens import services
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform, add_organisation, add_platform
from lti_tool.settings import Settings
from lti_tool.web.runtime import system_clock
from tests.lti.helpers import arrivals
from tests.platform import served

pytestmark = [pytest.mark.foreign, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

PACKAGES = ("lti-consumer-xblock==11.4.4", "cryptography")
"""It needs cryptography for RS256 and does not say so."""
ISSUER = "https://openedx.delinde.example"
REACH = Reach(loopback=True, private=True)
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"


class OpenEdx:
    """The platform in its process."""

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
            iss=ISSUER,
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
        with database.writing() as db:
            add_organisation(db, slug="de-linde", name="De Linde", now=system_clock())
            new = NewPlatform(
                organisation="de-linde",
                name="Open edX",
                issuer=ISSUER,
                client_id="openedx-client",
                auth_url=f"{ISSUER}/auth",
                token_url=f"{address}/token",
                jwks_url=f"{address}/jwks",
            )
            tool.extensions["openedx"] = add_platform(db, new, now=system_clock(), reach=REACH)
        yield tool.test_client()


def launch(client: FlaskClient, openedx: OpenEdx, **visit: Any) -> Any:
    """Walk from the course into the tool."""
    url = openedx.ask("preflight", resource_link_id="link-7", title="Leerruimte", **visit)
    sent_on = client.get(f"/lti/login?{urlsplit(url).query}")
    assert sent_on.status_code == 302, sent_on.get_data(as_text=True)
    asked = dict(parse_qsl(urlsplit(sent_on.headers["Location"]).query))
    fields = openedx.ask("launch", asked=asked)
    assert "error" not in fields, fields
    return client.post("/lti/launch", data=fields)


@pytest.mark.parametrize(("role", "teaches"), [("student", False), ("staff", True), ("instructor", True)])
def test_it_launches_us(client: FlaskClient, openedx: OpenEdx, database: Database, role: str, teaches: bool) -> None:
    name, email = "Fatma Yildiz", "fatma@delinde.example"
    answer = launch(client, openedx, user_id="edx-12", role=role, name=name, email=email)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert client.get(answer.headers["Location"]).status_code == 200
    (arrived,) = arrivals(database)
    assert arrived["subject"] == "edx-12"
    assert (arrived["name"], arrived["email"]) == (name, email)
    assert arrived["teaches"] is teaches
    assert arrived["context_id"] == "course-v1:Linde+WOND+2026"
    assert arrived["resource_link_id"] == "link-7"


def test_it_launches_us_with_nothing_personal(client: FlaskClient, openedx: OpenEdx, database: Database) -> None:
    assert launch(client, openedx, user_id="edx-13", role="student").status_code == 303
    assert [row["name"] for row in arrivals(database)] == [""]


def test_it_gives_us_a_service_token(client: FlaskClient, tool: Flask, database: Database, settings: Settings) -> None:
    cipher = Cipher(settings.encryption_key)
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=system_clock())
    made = services(database, tool.extensions["openedx"], cipher=cipher, reach=REACH, clock=system_clock)
    assert len(made.get_access_token([NRPS]).split(".")) == 3
