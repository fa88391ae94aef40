"""The practice platform takes a registration only as Moodle or Canvas would."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lti_tool.demo.platform import Platform, create_app
from lti_tool.demo.registration import CANVAS, TOOL_CONFIGURATION
from lti_tool.demo.shapes import NOTICES, ROSTER, SCORES
from tests.conftest import StandingClock
from tests.demo.conftest import HonestTool

Make = Callable[..., Platform]


def token_of(platform: Platform, **more: Any) -> str:
    """What the browser of an admin brings to the tool."""
    sent = parse_qs(urlsplit(platform.registrar.invite("https://tool.example/lti/register", **more)).query)
    assert sent["openid_configuration"] == ["http://lms.example/lti/openid-configuration"]
    return sent["registration_token"][0]


def register(platform: Platform, token: str, asked: Any) -> Any:
    """The tool registers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return create_app(platform).test_client().post("/lti/registrations", json=asked, headers=headers)


def test_moodle_tells_the_deployment_and_the_tool_waits_for_its_admin(make: Make, tool: HonestTool) -> None:
    platform = make()
    answer = register(platform, token_of(platform), tool.registration())
    assert answer.status_code == 200, answer.text
    made = platform.tools[answer.json["client_id"]]
    assert answer.json[TOOL_CONFIGURATION]["deployment_id"] == made.deployment_id
    assert (made.active, made.names, made.emails, made.picks) == (False, True, False, True)
    assert set(answer.json["scope"].split()) == {ROSTER, SCORES} == set(made.scopes or ())
    assert made.custom == {"history": "$Context.id.history"}


def test_canvas_tells_no_deployment_and_drops_spots_it_does_not_know(make: Make, tool: HonestTool) -> None:
    platform = make("canvas")
    asked = tool.registration()
    asked[TOOL_CONFIGURATION][CANVAS + "privacy_level"] = "anonymous"
    answer = register(platform, token_of(platform), asked)
    assert answer.status_code == 200, answer.text
    made = platform.tools[answer.json["client_id"]]
    assert "deployment_id" not in answer.json[TOOL_CONFIGURATION]
    assert made.spots == {"link_selection": {}}
    assert (made.names, made.emails) == (False, False)


def test_canvas_wants_the_token_before_it_tells_how_it_is_spoken_to(make: Make) -> None:
    platform = make("canvas")
    client = create_app(platform).test_client()
    address = "/lti/openid-configuration"
    assert client.get(address).status_code == 401
    told: Any = client.get(address, headers={"Authorization": f"Bearer {token_of(platform)}"}).json
    assert NOTICES in told["scopes_supported"]
    assert create_app(make()).test_client().get(address).status_code == 200, "Moodle asks for nothing"


def test_a_token_is_for_one_registration_within_an_hour(make: Make, tool: HonestTool, clock: StandingClock) -> None:
    platform = make()
    assert register(platform, "", tool.registration()).text == "missing_registration_token"
    assert register(platform, "made up", tool.registration()).status_code == 404
    token = token_of(platform)
    assert register(platform, token, {}).status_code == 400
    assert register(platform, token, tool.registration()).status_code == 200, "a refused one does not use it up"
    again = register(platform, token, tool.registration())
    assert (again.status_code, again.text) == (401, "token_already_used")
    late = token_of(platform)
    clock.forward(seconds=3600)
    assert register(platform, late, tool.registration()).status_code == 404


def test_an_update_keeps_client_deployment_and_switch(make: Make, tool: HonestTool) -> None:
    platform = make()
    asked = {**tool.registration(), "client_name": "Leerkring, bijgewerkt"}
    answer = register(platform, token_of(platform, update="client-9"), asked)
    assert answer.json["client_id"] == "client-9"
    made = platform.tools["client-9"]
    assert (made.name, made.deployment_id, made.active) == ("Leerkring, bijgewerkt", "2", True)


@pytest.mark.parametrize("product", ["moodle", "canvas"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("initiate_login_uri", None),
        ("redirect_uris", []),
        ("client_name", ""),
        ("jwks_uri", None),
        ("response_types", ["code"]),
        ("token_endpoint_auth_method", "client_secret_basic"),
        ("redirect_uris", ["javascript:alert(1)"]),
        (TOOL_CONFIGURATION, None),
    ],
)
def test_what_is_missing_is_told(make: Make, tool: HonestTool, product: str, name: str, value: Any) -> None:
    platform = make(product)
    answer = register(platform, token_of(platform), {**tool.registration(), name: value})
    assert answer.status_code == 400
    assert list(platform.tools) == ["client-9"]


def test_the_domain_is_that_of_the_target(make: Make, tool: HonestTool) -> None:
    platform, asked = make(), copy.deepcopy(tool.registration())
    asked[TOOL_CONFIGURATION]["domain"] = "other.example"
    assert register(platform, token_of(platform), asked).text == "domain_targetlinkuri_mismatch"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"scope": f"{ROSTER} https://purl.imsglobal.org/spec/lti-ts/scope/toolsetting"}, "toolsetting"),
        ({"application_type": "native"}, "application_type"),
        ({"grant_types": ["implicit"]}, "grant_types"),
    ],
)
def test_canvas_refuses_what_moodle_overlooks(make: Make, tool: HonestTool, changed: dict[str, Any], why: str) -> None:
    asked = {**tool.registration(), **changed}
    moodle, canvas = make(), make("canvas")
    assert register(moodle, token_of(moodle), asked).status_code == 200
    refused = register(canvas, token_of(canvas), asked)
    assert refused.status_code == 422
    assert why in refused.json["errors"][0]["message"]


def test_nobody_launches_a_tool_that_waits(make: Make, tool: HonestTool) -> None:
    platform = make()
    answer = register(platform, token_of(platform), tool.registration())
    made = platform.tools[answer.json["client_id"]]
    form = platform.authorize({"client_id": made.client_id, "redirect_uri": made.launch_url, "state": "s"})
    assert form.fields["error"] == "unauthorized_client"
