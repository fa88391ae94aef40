"""A teacher in the picker of an LMS: a browser without cookies, in the dialog of the platform."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from lti_tool.demo.deeplinks import Answered
from lti_tool.demo.rooms import Room
from tests.platform import COURSE, INSTRUCTOR, VISIT, Course, Link, LyingPlatform, Tool, User, Visit, Visitor

NOOR = User("31", "Noor de Wit", "Noor", "de Wit", "noor@delinde.example", "HR31")
ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"


class Dialog:
    """The picker that stands open."""

    def __init__(self, app: Flask, platform: LyingPlatform, *, user: User = NOOR, **more: Any) -> None:
        # No cookie is kept: what works here works in a frame of every browser.
        self.client = app.test_client(use_cookies=False)
        self.platform = platform
        platform._fetch_json = lambda _url: self.client.get("/lti/jwks").get_json()
        self.page: TestResponse | None = None
        self.asked = {"user": user, **more}

    def begin(self) -> Visit:
        """Somebody wants to pick: their visit."""
        return begin(self.platform, **self.asked)

    def open(self) -> TestResponse:
        """The LMS opens its picker."""
        self.page = Visitor(self.client, self.platform).launch(self.begin())
        return self.page

    @property
    def text(self) -> str:
        """The page as it stands there."""
        assert self.page is not None
        return html.unescape(self.page.get_data(as_text=True))

    @property
    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.text)
        assert found, self.text
        return found[1]

    def send(self, path: str, **fields: Any) -> TestResponse:
        """Press a button. Without a token, that of the page goes along."""
        if "token" not in fields:
            fields["token"] = self.token
        return self.client.post(f"/lti/pick{path}", data=fields)

    def press(self, path: str, **fields: Any) -> TestResponse:
        """The same, and the browser shows what comes."""
        self.page = self.send(path, **fields)
        return self.page

    def bring(self, page: TestResponse | None = None) -> Answered:
        """Bring the answer to the LMS, which verifies it to the letter."""
        key, token = answer_in(page or self.page)
        return self.platform.pickings.take(key, token)


def begin(
    platform: LyingPlatform,
    *,
    user: User = NOOR,
    course: Course = COURSE,
    roles: tuple[str, ...] = (INSTRUCTOR,),
    multiple: bool = True,
    **picking: Any,
) -> Visit:
    """The visit of who picks for a course."""
    room = platform.rooms.setdefault(course.id, Room(course))
    visit = platform.pickings.begin(tool_of(platform), user, roles, room, multiple=multiple)
    assert visit.picking
    return dataclasses.replace(visit, picking=dataclasses.replace(visit.picking, **picking))


def tool_of(platform: LyingPlatform) -> Tool:
    """The tool as that platform knows it."""
    return next(iter(platform.tools.values()))


def answer_in(page: TestResponse | None) -> tuple[str, str]:
    """The key of the return address, and the token in the form that goes there."""
    assert page is not None
    body = html.unescape(page.get_data(as_text=True))
    action = re.search(r'action="([^"]+)" id="answer"', body)
    token = re.search(r'name="JWT" value="([^"]+)"', body)
    assert action, body
    assert token, body
    return parse_qs(urlsplit(action[1]).query).get("key", [""])[0], token[1]


def said_in(page: TestResponse | None, client: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of the answer, verified by the tool's published keys."""
    keys = KeySet.import_key_set(client.get("/lti/jwks").get_json())
    token = jwt.decode(answer_in(page)[1], keys, algorithms=["RS256"])
    return token.header, token.claims


def click(visitor: Visitor, link: Link, *, user: User, course: Course = COURSE, **more: Any) -> TestResponse:
    """Somebody clicks a link that the LMS made of an answer."""
    return visitor.launch(
        dataclasses.replace(
            VISIT, **{"tool": tool_of(visitor.platform), "user": user, "course": course, "link": link, **more}
        )
    )
