"""Launches recorded from Moodle 4.5 and Canvas's samples, signed again: each arrives as the right person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_tool.db import Database
from lti_tool.organisations.models import Platform as PlatformRow
from tests.lti.helpers import arrivals
from tests.platform import LTI, LyingPlatform, Visitor

RECORDINGS = Path(__file__).parent.parent / "recordings"
CANVAS_HOST = "https://canvas.stjude-trust.example"


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / name).read_text("utf-8"))
    return found.get("payload", found)


def replay(platform: LyingPlatform, said: dict[str, Any]) -> None:
    """Say what was recorded, but now and to us."""
    fresh = {"nonce", "iat", "exp", "iss", "aud", LTI + "deployment_id", LTI + "target_link_uri"}
    platform.change = lambda honest: (
        {**said, **{name: honest[name] for name in fresh}} | ({"azp": honest["aud"]} if "azp" in said else {})
    )


MOODLE: dict[str, dict[str, Any]] = {
    "learner": {
        "subject": "12",
        "name": "Fleur van der Linden",
        "email": "verpl10@ziekenhuis.example",
        "staff_number": "HR20009",
        "teaches": False,
        "title": "Leerruimte wondzorg",
        "resource_link_id": "1",
    },
    "teacher": {"subject": "63", "name": "Ingrid van der Wal", "staff_number": "HR10001", "teaches": True},
    "manager": {"subject": "64", "name": "Paul Hoekstra", "staff_number": "HR10002", "teaches": True},
    "admin": {"subject": "2", "name": "Admin User", "staff_number": "", "teaches": True},
    "probe_learner": {"subject": "12", "staff_number": "HR20009", "teaches": False, "resource_link_id": "2"},
}


@pytest.mark.parametrize("who", MOODLE)
def test_a_launch_of_moodle(visitor: Visitor, platform: LyingPlatform, database: Database, who: str) -> None:
    replay(platform, recorded(f"moodle/lti_{who}_launch.json"))
    answer = visitor.launch()
    assert answer.status_code == 303, answer.get_data(as_text=True)
    (arrived,) = arrivals(database)
    everybody = {
        "language": "en",
        "counted": True,
        "is_test": False,
        "context_id": "2",
        "context_title": "Wondzorg 2026",
        "back_label": "Wondzorg 2026",
        "back_href": f"{platform.issuer}/course/view.php?id=2",
    }
    assert arrived | everybody | MOODLE[who] == arrived
    assert "sesskey" not in repr(arrived).lower()


CANVAS: dict[str, dict[str, Any]] = {
    "assignment_instructor": {
        "subject": "d0f1b6a2-33e5-4b0c-9d1f-8a5c2e7b4f66",
        "name": "Ines Varga",
        "email": "ines.varga@trust.example",
        "teaches": True,
        "title": "Case exchange",
        "resource_link_id": "6c0c9c5a-0c5e-4b1a-8e2b-7f7d2f1a2b3c",
    },
    "course_navigation_learner": {
        "subject": "4a1e52c3-7b0e-4e7e-9a4b-1c1c9f3c7d10",
        "name": "Amara Osei",
        "teaches": False,
        "title": "Ward 7 peer learning",
        "resource_link_id": "b3f2a9c04e5d11ee8c990242ac1200020a1b2c3d",
    },
    "instructor_elsewhere_learner_here": {"name": "Tomasz Wrona", "teaches": False},
}


@pytest.mark.parametrize("who", CANVAS)
def test_a_launch_of_canvas(visitor: Visitor, platform: LyingPlatform, database: Database, who: str) -> None:
    replay(platform, recorded(f"canvas/lti_id_token_{who}.json"))
    with database.writing() as db:
        db.execute(update(PlatformRow).values(product="canvas"))
    answer = visitor.launch()
    assert answer.status_code == 303, answer.get_data(as_text=True)
    (arrived,) = arrivals(database)
    everybody = {
        "staff_number": "",
        "language": "en",
        "counted": True,
        "context_id": "b3f2a9c04e5d11ee8c990242ac1200020a1b2c3d",
        "context_title": "Sepsis recognition and escalation",
        "back_href": f"{CANVAS_HOST}/courses/314",
    }
    assert arrived | everybody | CANVAS[who] == arrived
    assert CANVAS_HOST in arrived["frame_hosts"].split()


def test_canvas_starts_a_login_with_fields_of_its_own(visitor: Visitor) -> None:
    more = recorded("canvas/lti_login_initiation.json")
    own = {name: more[name] for name in ("canvas_environment", "canvas_region", "lti_storage_target")}
    assert visitor.launch(**own).status_code == 303


@pytest.mark.parametrize("name", json.loads((RECORDINGS / "moodle/lti_errors_posted.json").read_text("utf-8")))
def test_an_error_that_moodle_posts_is_a_page(visitor: Visitor, name: str) -> None:
    answer = visitor.post(recorded("moodle/lti_errors_posted.json")[name])
    assert answer.status_code in {400, 401, 403}
    assert "Code L0" in answer.get_data(as_text=True)


def test_an_error_that_canvas_posts_is_a_page(visitor: Visitor) -> None:
    answer = visitor.post(recorded("canvas/lti_oidc_error_post.json"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "Je leeromgeving herkent je hier niet" in page
    assert "Must have an active user session" not in page


def test_an_old_key_of_lti_1_1_in_a_moodle_activity_is_a_page(
    visitor: Visitor, platform: LyingPlatform, database: Database
) -> None:
    """Moodle then names that key as the audience (mod/lti/locallib.php:513); the admin has to clear it."""
    aud = recorded("moodle/lti_resourcekey_becomes_aud.json")["aud"]
    replay(platform, recorded("moodle/lti_learner_launch.json"))
    honest = platform.change
    assert honest
    platform.change = lambda said: {**honest(said), "aud": aud}
    answer = visitor.launch()
    assert answer.status_code == 403
    assert "Code L03" in answer.get_data(as_text=True)
    with database.reading() as db:
        assert db.scalar(select(PlatformRow.key_set)) is None, "nothing is fetched for a platform nobody knows"
