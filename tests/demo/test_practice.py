"""The Oefenziekenhuis without a browser: its pages do what they say, and refuse what an LMS refuses."""

from __future__ import annotations

import dataclasses
import html
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from lti_tool.demo.frames import Frames
from lti_tool.demo.practice import Practice, make, world
from lti_tool.demo.practice_views import create_app
from lti_tool.demo.shapes import DEEP_LINKING, LTI, Link, Tool
from tests.conftest import StandingClock
from tests.demo.conftest import HonestTool
from tests.platform import key_of_all_tests

TOOL = Tool(
    "client-9", "2", "http://localhost:5000/lti/login", "http://localhost:5000/lti/launch",
    "http://localhost:5000/lti/jwks", scopes=(), picks=True, active=False,
)  # fmt: skip
COURSE = "/cursus/sondevoeding"


@dataclass
class Post:
    """Letters without a database."""

    sent: int = 0

    def code(self) -> str:
        self.sent += 1
        return f"CODE-{self.sent}"

    def sign_in(self) -> str:
        return "http://localhost:5000/signin/once"


@pytest.fixture
def hospital(tool: HonestTool, clock: StandingClock) -> Practice:
    made = make("http://127.0.0.1:5000", "http://localhost:5000", Post(), fetch=tool.key_set)
    made.platform.clock, made.platform.key = clock, key_of_all_tests()
    return made


@pytest.fixture
def client(hospital: Practice) -> FlaskClient:
    return create_app(hospital, Frames()).test_client()


@pytest.fixture
def on(hospital: Practice) -> Tool:
    """A tool that the admin switched on."""
    hospital.platform.tools[TOOL.client_id] = dataclasses.replace(TOOL, active=True)
    return TOOL


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))


def test_the_letter_brings_a_code_only_when_asked(client: FlaskClient) -> None:
    assert "CODE-" not in text(client, "/bericht")
    answer = client.post("/bericht", data={"what": "code"}).text
    assert "CODE-1" in answer
    assert "http://localhost:5000/lti/register" in answer
    assert "signin" not in answer
    assert "/signin/once" in client.post("/bericht", data={"what": "console"}).text


@pytest.mark.parametrize("typed", ["", "leerkring", "javascript:alert(1)", "//localhost/x", "ftp://localhost/x"])
def test_only_an_address_is_opened(client: FlaskClient, typed: str) -> None:
    page = text(client, f"/beheer/toevoegen?url={typed}", 400)
    assert "Plak een adres dat met http begint" in page
    assert "<iframe" not in page


def test_a_pasted_address_opens_in_a_frame_with_a_token_of_its_own(client: FlaskClient) -> None:
    sent = []
    for _ in range(2):
        page = text(client, "/beheer/toevoegen?url=http://localhost:5000/lti/register")
        frame = re.search(r'<iframe id="toolframe"[^>]* src="([^"]+)"', page)
        assert frame
        sent.append(parse_qs(urlsplit(frame[1]).query))
    assert sent[0]["openid_configuration"] == ["http://127.0.0.1:5000/oefenziekenhuis/lti/openid-configuration"]
    assert sent[0]["registration_token"] != sent[1]["registration_token"]


def test_a_tool_of_the_same_address_is_asked_about_in_moodle(client: FlaskClient, hospital: Practice, on: Tool) -> None:
    address = "/beheer/toevoegen?url=http://localhost:5000/lti/register"
    assert "Werk deze bij" in text(client, address)
    assert "<iframe" in text(client, f"{address}&update={on.client_id}")
    hospital.platform.product = "canvas"
    assert "<iframe" in text(client, address)


def test_nothing_starts_before_the_admin_switched_the_tool_on(client: FlaskClient, hospital: Practice) -> None:
    hospital.platform.tools[TOOL.client_id] = TOOL
    hospital.platform.rooms["sondevoeding"].links.append(Link("l1", "Nachtvogels"))
    assert "Wacht op activeren" in text(client, "/beheer")
    assert "Kies inhoud" not in text(client, f"{COURSE}?as=paul")
    text(client, f"{COURSE}/start/l1?as=samira", 404)
    client.post(f"/beheer/tools/{TOOL.client_id}", data={"what": "activate"})
    assert "Staat aan" in text(client, "/beheer")
    assert fields(text(client, f"{COURSE}/start/l1?as=samira"))["login_hint"] == "samira"
    client.post(f"/beheer/tools/{TOOL.client_id}", data={"what": "remove"})
    text(client, f"{COURSE}/start/l1?as=samira", 404)


def test_what_the_tool_answers_stands_in_the_course_and_a_bad_answer_does_not(
    client: FlaskClient, hospital: Practice, on: Tool, tool: HonestTool
) -> None:
    begun = fields(text(client, f"{COURSE}/kies?as=paul"))
    asked = {**begun, "redirect_uri": on.launch_url, "scope": "openid", "response_type": "id_token"}
    asked |= {"response_mode": "form_post", "prompt": "none", "nonce": "n", "state": "s"}
    launched = fields(client.post("/lti/auth", data=asked).text)
    claims: dict[str, Any] = hospital.platform.read_signed(_platform_as_tool(hospital), launched["id_token"])
    settings = claims[DEEP_LINKING + "deep_linking_settings"]
    assert claims[LTI + "message_type"] == "LtiDeepLinkingRequest"
    path = settings["deep_link_return_url"].removeprefix("http://127.0.0.1:5000/oefenziekenhuis")
    hospital.platform._key_sets.clear()

    bad = client.post(path, data={"JWT": tool.sign(tool.answer(hospital.platform, on, aud="http://other.example"))})
    assert (bad.status_code, "aud is not the issuer" in bad.text) == (400, True)
    assert client.post(path, data={"JWT": "nothing"}).status_code == 400
    assert hospital.platform.rooms["sondevoeding"].links == []

    good = client.post(path, data={"JWT": tool.sign(tool.answer(hospital.platform, on))})
    assert f"{COURSE}?as=paul&erbij=1" in html.unescape(good.text)
    assert "Nachtvogels" in text(client, f"{COURSE}?as=samira")
    assert client.post(path, data={"JWT": tool.sign(tool.answer(hospital.platform, on))}).status_code == 404


def _platform_as_tool(hospital: Practice) -> Tool:
    """To read what the platform signed: its key is that of all tests, as the tool's is."""
    return dataclasses.replace(TOOL, key_set_url=hospital.platform.jwks_url)


def test_a_copied_course_has_the_same_links_people_and_story(client: FlaskClient, hospital: Practice) -> None:
    rooms = hospital.platform.rooms
    rooms["sondevoeding"].links.append(Link("l1", "Nachtvogels", custom={"space": "nachtvogels"}))
    assert client.post(f"{COURSE}/kopie", data={"as": "paul"}).location == f"{COURSE}_2?as=paul"
    assert client.post(f"{COURSE}_2/kopie", data={"as": "paul"}).location == f"{COURSE}_3?as=paul"
    third = rooms["sondevoeding_3"]
    assert third.course.title == "Werken met sondevoeding (groep 3)"
    assert third.history == ("sondevoeding_2", "sondevoeding")
    assert third.links[0].custom == {"space": "nachtvogels"}
    assert "Nachtvogels" in text(client, f"{COURSE}_3?as=joost")


def test_who_is_taken_out_is_not_on_the_roster_any_more(client: FlaskClient, hospital: Practice) -> None:
    room = hospital.platform.rooms["sondevoeding"]
    before = len(room.people)
    for what, there in (("out", False), ("in", True)):
        client.post(f"{COURSE}/deelnemers", data={"as": "paul", "person": "joost", "what": what})
        assert (room.enrolled("joost") is not None) is there
    assert len(room.people) == before
    client.post(f"{COURSE}/deelnemers", data={"as": "paul", "person": "paul", "what": "out"})
    assert room.enrolled("paul"), "a teacher stays"


def test_another_kind_of_lms_begins_anew(client: FlaskClient, hospital: Practice, on: Tool) -> None:
    client.post(f"{COURSE}/kopie", data={"as": "paul"})
    client.post("/beheer/soort", data={"product": "canvas"})
    assert hospital.platform.is_canvas
    assert (hospital.platform.tools, set(hospital.platform.rooms)) == ({}, {"sondevoeding", "dagbehandeling"})
    assert 'name="post_message_forwarding"' in text(client, f"{COURSE}?as=paul")
    client.post("/beheer/soort", data={"product": "unheard-of"})
    assert hospital.platform.product == "canvas"


def test_the_people_are_made_up_and_enough_to_be_counted() -> None:
    people = world().everybody
    assert len({person.key for person in people}) == len({person.number for person in people}) == len(people)
    assert sum(person.role == "learner" for person in people) >= 20
    assert all(person.user.email.endswith(".example") for person in people)


def test_pages_that_are_not_there_are_not_there(client: FlaskClient) -> None:
    for path in ("/cursus/unheard-of", f"{COURSE}/activiteit/unheard-of", f"{COURSE}/start/x", "/menu?cursus=x"):
        text(client, path, 404)
