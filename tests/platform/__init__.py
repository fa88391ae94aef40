"""A fake LMS that can lie, and somebody who clicks in it. The honest half is the practice LMS's own core."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from lti_tool.demo.platform import (
    INSTRUCTOR,
    LEARNER,
    LTI,
    Course,
    Link,
    Platform,
    Tool,
    User,
    Visit,
    create_app,
    new_key,
)

__all__ = [
    "INSTRUCTOR",
    "LEARNER",
    "LTI",
    "Course",
    "Link",
    "LyingPlatform",
    "Tool",
    "User",
    "Visit",
    "served",
]

BASE_URL = "http://localhost:5000"
TOOL = Tool(
    client_id="client-1",
    deployment_id="1",
    login_url=f"{BASE_URL}/lti/login",
    launch_url=f"{BASE_URL}/lti/launch",
    key_set_url=f"{BASE_URL}/lti/jwks",
)
FATMA = User(
    subject="12",
    name="Fatma Yildiz",
    given_name="Fatma",
    family_name="Yildiz",
    email="fatma@delinde.example",
    staff_number="HR20009",
)
COURSE = Course("2", "Wondzorg 2026", "WOND2026")
LINK = Link("1", "Leerruimte wondzorg", "Ga in gesprek met collega's.")
VISIT = Visit(TOOL, FATMA, COURSE, LINK)

Change = Callable[[dict[str, Any]], Any]


@functools.cache
def key_of_all_tests() -> RSAKey:
    """Making a key takes long; one does for all tests."""
    return new_key()


class LyingPlatform(Platform):
    """A platform whose next token can be changed in every way before it is signed, and after."""

    def __init__(self, issuer: str = "http://lms.example", **more: Any) -> None:
        super().__init__(issuer, **{"tools": [TOOL], "key": key_of_all_tests(), "name": "Moodle", **more})
        self.change: Change | None = None
        """Gets the claims of a token; changes them in place or returns others."""
        self.header: dict[str, Any] = {}
        """Header fields to replace; None removes one."""
        self.sign_with: RSAKey | None = None
        """Sign with a key that is not in the key set."""
        self.mangle: Callable[[str], str] | None = None
        """Gets the signed token."""
        self.fetched = 0
        """How often the key set was read."""
        self.key_set_answer: Callable[[], Any] | None = None

    def sign(self, claims: Mapping[str, Any]) -> str:
        said = dict(claims)
        if self.change:
            changed = self.change(said)
            said = changed if isinstance(changed, dict) else said
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key.kid, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        token = jwt.encode(header, said, self.sign_with or self.key, algorithms=["RS256"])
        return self.mangle(token) if self.mangle else token

    def key_set(self) -> Any:
        self.fetched += 1
        return self.key_set_answer() if self.key_set_answer else super().key_set()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """An app on a real socket of this machine. Yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def lying_platform(**more: Any) -> Iterator[LyingPlatform]:
    """A lying platform on a real socket."""
    platform = LyingPlatform(**more)
    with served(create_app(platform)) as address:
        platform.issuer = address
        yield platform


class Visitor:
    """Somebody's browser, walking from the LMS into the tool."""

    def __init__(self, client: FlaskClient, platform: Platform) -> None:
        self.client = client
        self.platform = platform

    def login(self, visit: Visit = VISIT, *, method: str = "post", **changed: str | None) -> TestResponse:
        """Click the link: the platform starts a login at the tool. `changed` fields replace, None removes."""
        fields = {**self.platform.begin(visit).fields, **changed}
        sent = {name: value for name, value in fields.items() if value is not None}
        if method == "get":
            return self.client.get("/lti/login", query_string=sent)
        return self.client.post("/lti/login", data=sent)

    def authorize(self, sent_on: TestResponse) -> dict[str, str]:
        """The platform answers: the fields of the form that the browser brings to the tool."""
        assert sent_on.status_code == 302, sent_on.get_data(as_text=True)
        asked = dict(parse_qsl(urlsplit(sent_on.headers["Location"]).query))
        return dict(self.platform.authorize(asked).fields)

    def post(self, fields: Mapping[str, str]) -> TestResponse:
        """Bring the form to the tool."""
        return self.client.post("/lti/launch", data=fields)

    def launch(self, visit: Visit = VISIT, *, method: str = "post", **changed: str | None) -> TestResponse:
        """All of it: from the click to the tool's answer."""
        return self.post(self.authorize(self.login(visit, method=method, **changed)))
