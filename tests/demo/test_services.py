"""Rosters, grades and notices of the practice platform keep to the letter, quirks included."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt

from lti_tool.demo import services
from lti_tool.demo.platform import LTI, Link, Platform, Visit
from lti_tool.demo.shapes import LINE_ITEMS, LINE_ITEMS_READ, NOTICES, RESULTS, ROSTER, SCORES, SPEC
from tests.conftest import StandingClock
from tests.demo.conftest import LEARNERS, TEACHER, Caller, HonestTool

Make = Callable[..., Platform]
ITEM = {"label": "Meegedaan", "scoreMaximum": 1, "resourceId": "space-1", "tag": "took-part"}
POST_ITEM = {"Content-Type": services.LINE_ITEM}
LIST_ITEMS = {"Accept": services.LINE_ITEMS_TYPE}


@pytest.fixture
def caller(make: Make, tool: HonestTool) -> Caller:
    return Caller(make(), tool)


def score_of(caller: Caller, **changed: Any) -> dict[str, Any]:
    said = {
        "userId": caller.platform.subject(LEARNERS[3].user),
        "timestamp": caller.platform.clock().isoformat(),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "scoreGiven": 1,
        "scoreMaximum": 1,
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def new_item(caller: Caller, **changed: Any) -> Any:
    address = caller.platform.line_items_url("7", caller.platform.tools["client-9"])
    return caller.call("POST", address, LINE_ITEMS, data=json.dumps({**ITEM, **changed}), headers=POST_ITEM)


def post_score(caller: Caller, item: str, media_type: str = services.SCORE, **changed: Any) -> Any:
    path, _, query = item.partition("?")
    headers = {"Content-Type": media_type}
    data = json.dumps(score_of(caller, **changed))
    return caller.call("POST", f"{path}/scores?{query}", SCORES, data=data, headers=headers)


def pages(caller: Caller, address: str) -> list[list[dict[str, Any]]]:
    found = []
    while address:
        answer = caller.call("GET", address, ROSTER)
        assert answer.content_type.startswith(services.MEMBERS)
        found.append(answer.json["members"])
        following = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        address = following[1] if following else ""
    return found


def test_moodle_gives_everybody_at_once_or_by_pages_of_the_asked_size(caller: Caller) -> None:
    address = caller.platform.members_url("7")
    (everybody,) = pages(caller, address)
    assert len(everybody) == 121
    assert everybody[0] == {"status": "Active", "roles": ["Instructor"], "user_id": "paul", "name": "Paul Hoekstra"}
    assert [len(page) for page in pages(caller, f"{address}?limit=50")] == [50, 50, 21]
    assert [len(page) for page in pages(caller, f"{address}?role=Instructor")] == [1]


def test_canvas_gives_fifty_at_most_with_full_roles_and_uuids(make: Make, tool: HonestTool) -> None:
    caller = Caller(make("canvas"), tool)
    found = pages(caller, caller.platform.members_url("7") + "?limit=500")
    assert [len(page) for page in found] == [50, 50, 21]
    assert re.fullmatch("[0-9a-f-]{36}", found[0][0]["user_id"])
    assert found[0][0]["roles"] == list(TEACHER.roles)
    visit = Visit(caller.platform.tools["client-9"], TEACHER.user, caller.platform.rooms["7"].course, Link("1", "x"))
    assert caller.platform.claims(visit, "n")["sub"] == found[0][0]["user_id"], "the same as at a launch"


def test_every_service_asks_for_a_token_of_its_scope(caller: Caller, clock: StandingClock) -> None:
    address = caller.platform.members_url("7")
    assert caller.call("GET", address).status_code == 401
    assert caller.call("GET", address, SCORES).status_code == 401
    assert caller.call("GET", address, headers={"Authorization": "Bearer made-up"}).status_code == 401
    assert caller.call("GET", address, ROSTER).status_code == 200
    item = new_item(caller).json["id"]
    assert caller.call("PUT", item, LINE_ITEMS_READ + " " + SCORES).status_code == 401
    status, granted = caller.token(ROSTER)
    clock.forward(seconds=3600)
    late = {"Authorization": f"Bearer {granted['access_token']}"}
    assert (status, caller.call("GET", address, headers=late).status_code) == (200, 401)


@pytest.mark.parametrize(
    "changed", [{"aud": "http://lms.example/lti/token/"}, {"sub": "x"}, {"exp": 1}, {"jti": "used"}, {"iat": 10**11}]
)
def test_a_token_is_had_only_by_a_right_and_fresh_assertion(caller: Caller, changed: dict[str, Any]) -> None:
    assert caller.token(ROSTER, jti="used")[0] == 200
    assert caller.token(ROSTER, **changed)[0] == 400
    assert caller.token("https://example.org/scope/unheard-of") == (400, {"error": "invalid_scope"})


def test_columns_need_exact_media_types_a_label_and_a_maximum(caller: Caller) -> None:
    address = caller.platform.line_items_url("7", caller.platform.tools["client-9"])
    made = new_item(caller, startDateTime="2026-11-01T00:00:00Z")
    assert made.status_code == 201
    assert made.json["startDateTime"] == "2026-11-01T00:00:00Z"
    assert new_item(caller).status_code == 201, "the same again is a second column"
    assert [new_item(caller, **{name: None}).status_code for name in ("label", "scoreMaximum")] == [400, 400]
    assert new_item(caller, resourceLinkId="unheard-of").status_code == 400
    wrong = caller.call("POST", address, LINE_ITEMS, json=ITEM)
    assert (wrong.status_code, "No handler found" in wrong.json["reason"]) == (400, True)
    assert caller.call("GET", address, LINE_ITEMS).status_code == 400, "no Accept"
    listed = caller.call("GET", f"{address}&resource_id=space-1", LINE_ITEMS, headers=LIST_ITEMS)
    assert [row["tag"] for row in listed.json] == ["took-part", "took-part"]
    assert caller.call("GET", f"{address}&resource_id=x", LINE_ITEMS, headers=LIST_ITEMS).json == []
    first = caller.call("GET", f"{address}&limit=1", LINE_ITEMS, headers=LIST_ITEMS)
    assert "rel=“next”".encode().decode("latin-1") in first.headers["Link"]
    assert caller.call("DELETE", made.json["id"], LINE_ITEMS).status_code == 204
    assert caller.call("DELETE", made.json["id"], LINE_ITEMS).status_code == 404


def test_a_score_counts_when_it_is_later_than_the_last(caller: Caller, clock: StandingClock) -> None:
    item = new_item(caller, scoreMaximum=10).json["id"]
    assert post_score(caller, item).status_code == 200
    assert post_score(caller, item).status_code == 409
    assert post_score(caller, item, timestamp="2020-01-01T00:00:00.000Z").status_code == 409
    clock.forward(seconds=1)
    assert post_score(caller, item, scoreGiven=3, scoreMaximum=4).status_code == 200
    path, _, query = item.partition("?")
    headers = {"Accept": services.RESULTS_TYPE}
    (row,) = caller.call("GET", f"{path}/results?{query}", RESULTS, headers=headers).json
    assert (row["userId"], row["resultScore"], row["resultMaximum"]) == ("learner-3", 7.5, 10)
    limited = caller.call("GET", f"{path}/results?{query}&limit=1", RESULTS, headers=headers)
    assert (limited.status_code, limited.mimetype) == (404, "text/html"), "as Moodle crashes"


@pytest.mark.parametrize(
    "changed",
    [
        {"userId": "paul"},
        {"userId": "unheard-of"},
        {"timestamp": None},
        {"timestamp": "2026-11-25T07:00:00"},
        {"activityProgress": None},
        {"gradingProgress": "Perfect"},
        {"scoreMaximum": None},
        {"scoreGiven": -1},
        {"scoreGiven": True},
        {"media_type": "application/json"},
    ],
)
def test_a_bad_score_is_refused(caller: Caller, changed: dict[str, Any]) -> None:
    item = new_item(caller).json["id"]
    assert post_score(caller, item, **changed).status_code == 400
    (column,) = caller.platform.rooms["7"].items.values()
    assert column.scores == {}


def test_a_score_that_is_not_final_is_no_grade(caller: Caller) -> None:
    item = new_item(caller).json["id"]
    assert post_score(caller, item, gradingProgress="Pending").status_code == 200
    (column,) = caller.platform.rooms["7"].items.values()
    assert column.scores["learner-3"].given is None


def test_a_copied_course_keeps_links_and_people_and_says_where_it_came_from(make: Make) -> None:
    platform = make()
    room, tool = platform.rooms["7"], platform.tools["client-9"]
    room.links.append(Link("7-1", "Nachtvogels", custom={"space": "nachtvogels", "from": "$Context.id.history"}))
    copy = platform.copy_course("7", "8", "Wondzorg, voorjaar")
    again = platform.copy_course("8", "9", "Wondzorg, najaar")
    (link,) = again.links
    assert link.id not in {"7-1", copy.links[0].id}
    assert link.history == (copy.links[0].id, "7-1")
    custom = platform.claims(Visit(tool, TEACHER.user, again.course, link), "n")[LTI + "custom"]
    assert custom == {"space": "nachtvogels", "from": "8,7"}
    assert again.people == room.people


def test_canvas_tells_of_a_copy_who_asked_for_it(make: Make, tool: HonestTool) -> None:
    sent: list[tuple[str, Any]] = []
    platform = make("canvas", send_json=lambda address, body: sent.append((address, body)))
    caller, registered = Caller(platform, tool), platform.tools["client-9"]
    visit = Visit(registered, TEACHER.user, platform.rooms["7"].course, Link("7-1", "x"))
    address = platform.claims(visit, "n")[LTI + "platformnotificationservice"]["platform_notification_service_url"]

    def wish(handler: str, kind: str = "LtiContextCopyNotice") -> int:
        said = {"notice_type": kind, "handler": handler}
        return int(caller.call("PUT", address, NOTICES, json=said).status_code)

    assert wish("https://evil.example/lti/notices") == 400
    assert wish("https://tool.example/lti/notices", kind="LtiUnheardOf") == 400
    assert wish("https://tool.example/lti/notices") == 200
    platform.copy_course("7", "8", "Kopie")
    ((where, body),) = sent
    assert where == "https://tool.example/lti/notices"
    claims = jwt.decode(body["notices"][0]["jwt"], platform.key, algorithms=["RS256"]).claims
    assert claims[LTI + "origin_contexts"] == ["7"]
    assert claims[LTI + "context"]["id"] == "8"
    assert (claims["aud"], claims[LTI + "notice"]["type"]) == ("client-9", "LtiContextCopyNotice")
    assert wish("") == 200
    platform.copy_course("7", "9", "Nog een")
    assert len(sent) == 1


def test_a_launch_speaks_of_the_services_that_were_granted(make: Make) -> None:
    platform = make()
    registered, room = platform.tools["client-9"], platform.rooms["7"]
    said = platform.claims(Visit(registered, TEACHER.user, room.course, Link("7-1", "x")), "n")
    assert said[SPEC + "lti-nrps/claim/namesroleservice"]["context_memberships_url"] == platform.members_url("7")
    assert said[SPEC + "lti-ags/claim/endpoint"]["lineitems"] == platform.line_items_url("7", registered)
    assert LTI + "platformnotificationservice" not in said, "Moodle has none"
