"""The address that a Canvas admin pastes when there is no dynamic registration: everything a developer key needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

RECORDING = Path(__file__).parent.parent / "recordings" / "canvas" / "lti_developer_key_config.json"
BASE = "http://localhost:5000"
ROSTER = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
NOTICES = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"


def read(app: Flask, query: str = "") -> dict[str, Any]:
    answer = app.test_client(use_cookies=False).get(f"/lti/canvas.json{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return dict(answer.get_json())


def spots(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = said["extensions"][0]["settings"]["placements"]
    assert len({spot["placement"] for spot in found}) == len(found), "Canvas keeps one of each"
    return {spot["placement"]: spot for spot in found}


def test_it_is_public_stable_and_the_same_for_everybody(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    first = client.get("/lti/canvas.json", headers={"Accept-Language": "en"})
    assert "Set-Cookie" not in first.headers
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.data == client.get("/lti/canvas.json", headers={"Accept-Language": "nl"}).data


def test_it_has_all_that_the_sample_has(app: Flask) -> None:
    sample = json.loads(RECORDING.read_text("utf-8"))
    said = read(app)
    assert set(sample) <= set(said)
    assert set(sample["extensions"][0]) <= set(said["extensions"][0])
    assert set(sample["extensions"][0]["settings"]) <= set(said["extensions"][0]["settings"])


def test_addresses(app: Flask) -> None:
    said = read(app)
    assert said["oidc_initiation_url"] == f"{BASE}/lti/login"
    assert said["target_link_uri"] == f"{BASE}/lti/launch"
    assert said["public_jwk_url"] == f"{BASE}/lti/jwks"
    extension = said["extensions"][0]
    assert (extension["domain"], extension["platform"]) == ("localhost:5000", "canvas.instructure.com")
    client = app.test_client()
    icon = extension["settings"]["icon_url"]
    with client.get(icon.removeprefix(BASE)) as picture:
        assert picture.mimetype == "image/svg+xml"
    assert client.get("/lti/jwks").status_code == 200


def test_custom_fields_stand_at_the_top(app: Flask) -> None:
    fields = read(app)["custom_fields"]
    assert fields["canvas_user_id"] == "$Canvas.user.id"
    assert fields["canvas_api_domain"] == "$Canvas.api.domain"
    assert fields["context_id_history"] == "$Context.id.history"
    assert fields["person_sourcedid"] == "$Person.sourcedId"


def test_selections_are_deep_links_and_menus_are_not(app: Flask) -> None:
    found = spots(read(app))
    assert {name: spot["message_type"] for name, spot in found.items()} == {
        "link_selection": "LtiDeepLinkingRequest",
        "assignment_selection": "LtiDeepLinkingRequest",
        "course_navigation": "LtiResourceLinkRequest",
        "account_navigation": "LtiResourceLinkRequest",
    }
    assert found["course_navigation"]["default"] == "disabled", "each teacher switches it on"
    assert found["course_navigation"]["visibility"] == "members"
    assert found["account_navigation"]["visibility"] == "admins"
    assert found["account_navigation"]["custom_fields"] == {"page": "office"}
    for spot in found.values():
        assert set(spot["labels"]) == {"nl", "en"}
        assert spot["icon_url"].startswith(BASE)


@pytest.mark.parametrize(
    ("query", "level", "scopes"),
    [
        ("", "name_only", {ROSTER, NOTICES}),
        ("?email=yes", "public", {ROSTER, NOTICES}),
        ("?names=no", "anonymous", {ROSTER, NOTICES}),
        ("?names=no&email=yes&roster=no", "email_only", {NOTICES}),
        ("?names=perhaps&nonsense=1", "name_only", {ROSTER, NOTICES}),
        (
            "?grades=yes",
            "name_only",
            {
                ROSTER,
                NOTICES,
                "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
                "https://purl.imsglobal.org/spec/lti-ags/scope/score",
            },
        ),
    ],
)
def test_it_asks_no_more_than_was_chosen(app: Flask, query: str, level: str, scopes: set[str]) -> None:
    said = read(app, query)
    assert said["extensions"][0]["privacy_level"] == level
    assert set(said["scopes"]) == scopes
