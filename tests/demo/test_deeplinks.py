"""What a tool answers to a picking is verified to the letter before a link stands in a course."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lti_tool.demo.platform import Platform, Unacceptable, Visit, new_key
from lti_tool.demo.shapes import DEEP_LINKING, INSTRUCTOR, LTI
from tests.conftest import StandingClock
from tests.demo.conftest import TEACHER, HonestTool

Make = Callable[..., Platform]
ITEMS, DATA = DEEP_LINKING + "content_items", DEEP_LINKING + "data"
LINK = {"type": "ltiResourceLink", "title": "Nachtvogels"}


def begin(platform: Platform, **more: Any) -> Visit:
    """Paul opens the picker."""
    room, tool = platform.rooms["7"], platform.tools["client-9"]
    return platform.pickings.begin(tool, TEACHER.user, TEACHER.roles, room, **more)


def key_of(visit: Visit) -> str:
    assert visit.picking
    return parse_qs(urlsplit(visit.picking.return_url).query)["key"][0]


def take(platform: Platform, tool: HonestTool, visit: Visit, **more: Any) -> Any:
    """The tool answers."""
    return platform.pickings.take(key_of(visit), tool.sign(tool.answer(platform, visit.tool, **more)))


def test_a_picked_link_stands_in_the_course_with_its_custom_fields(make: Make, tool: HonestTool) -> None:
    platform = make()
    visit = begin(platform)
    said = platform.claims(visit, "nonce")
    assert said[LTI + "message_type"] == "LtiDeepLinkingRequest"
    assert said[LTI + "roles"] == [INSTRUCTOR]
    assert "data" not in said[DEEP_LINKING + "deep_linking_settings"]
    line = {"scoreMaximum": 1, "label": "Meegedaan", "resourceId": "r1", "tag": "took-part"}
    item = {**LINK, "custom": {"space": "nachtvogels"}, "lineItem": line, "window": {"targetName": "_blank"}}
    answered = take(platform, tool, visit, **{ITEMS: [item]})
    (link,) = platform.rooms["7"].links
    assert answered.links == (link,)
    assert (link.title, link.custom, link.own_tab) == ("Nachtvogels", {"space": "nachtvogels"}, True)
    (column,) = platform.rooms["7"].items_of(link.id)
    assert (column.label, column.resource_id) == ("Meegedaan", "r1")


def test_an_answer_counts_once(make: Make, tool: HonestTool) -> None:
    platform = make()
    first, second = begin(platform), begin(platform)
    nonce = {"nonce": "the same twice"}
    take(platform, tool, first, **nonce)
    with pytest.raises(Unacceptable, match="nobody is picking"):
        take(platform, tool, first)
    with pytest.raises(Unacceptable, match="used before"):
        take(platform, tool, second, **nonce)
    assert len(platform.rooms["7"].links) == 1


def test_an_empty_answer_changes_nothing(make: Make, tool: HonestTool) -> None:
    platform = make()
    assert take(platform, tool, begin(platform), **{ITEMS: []}).links == ()
    assert platform.rooms["7"].links == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "http://tool.example"}, "iss"),
        ({"aud": "http://lms.example/lti/auth"}, "aud"),
        ({"aud": ["http://lms.example", "http://other.example"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": 1}, "exp"),
        ({"exp": 10**11}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": 10**11}, "iat"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "x"}, "nonce"),
        ({LTI + "deployment_id": "3"}, "deployment"),
        ({LTI + "message_type": "LtiDeepLinkingRequest"}, "message type"),
        ({LTI + "version": "1.3"}, "version"),
        ({DATA: "something"}, "never sent"),
        ({ITEMS: "none"}, "no list"),
        ({ITEMS: [{"type": "html", "title": "x", "html": "<p>x</p>"}]}, "html"),
        ({ITEMS: [{"type": "ltiResourceLink"}]}, "title"),
        ({ITEMS: [{**LINK, "custom": {"space": 42}}]}, "texts"),
        ({ITEMS: [{**LINK, "url": "https://tool.example/lti/launch"}]}, "url"),
    ],
)
def test_a_bad_answer_is_refused_with_the_reason(
    make: Make, tool: HonestTool, changed: dict[str, Any], why: str
) -> None:
    platform = make()
    visit = begin(platform)
    with pytest.raises(Unacceptable, match=why):
        take(platform, tool, visit, **changed)
    assert platform.rooms["7"].links == []
    take(platform, tool, visit)
    assert len(platform.rooms["7"].links) == 1, "the picker may try again"


def test_a_null_is_not_nothing(make: Make, tool: HonestTool) -> None:
    """pylti1p3 always sends `data: null`, which Canvas and we take for something that was never asked for."""
    platform = make()
    visit = begin(platform)
    claims = {**tool.answer(platform, visit.tool), DATA: None}
    with pytest.raises(Unacceptable, match="never sent"):
        platform.pickings.take(key_of(visit), tool.sign(claims))


def test_canvas_wants_its_data_back_and_takes_a_url(make: Make, tool: HonestTool) -> None:
    platform = make("canvas")
    visit = begin(platform)
    said = platform.claims(visit, "nonce")
    data = said[DEEP_LINKING + "deep_linking_settings"]["data"]
    assert said["https://www.instructure.com/placement"] == "link_selection"
    for wrong in ({}, {DATA: "other"}):
        with pytest.raises(Unacceptable, match="brought back"):
            take(platform, tool, visit, **wrong)
    item = {**LINK, "url": "https://tool.example/lti/launch"}
    assert len(take(platform, tool, visit, **{DATA: data, ITEMS: [item]}).links) == 1


def test_one_means_one(make: Make, tool: HonestTool) -> None:
    platform = make()
    with pytest.raises(Unacceptable, match="one item"):
        take(platform, tool, begin(platform, multiple=False), **{ITEMS: [LINK, LINK]})
    assert len(take(platform, tool, begin(platform), **{ITEMS: [LINK, LINK]}).links) == 2


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": "of-nobody"}, {"alg": "RS512"}])
def test_only_a_key_of_the_tool_signs_with_rs256(make: Make, tool: HonestTool, header: dict[str, Any]) -> None:
    platform = make()
    visit = begin(platform)
    with pytest.raises(Unacceptable, match="not signed by the tool"):
        platform.pickings.take(key_of(visit), tool.sign(tool.answer(platform, visit.tool), **header))
    good = tool.key
    other, tool.key = tool.sign, new_key()
    forged = other(tool.answer(platform, visit.tool), kid=good.kid)
    tool.key = good
    with pytest.raises(Unacceptable, match="not signed by the tool"):
        platform.pickings.take(key_of(visit), forged)


def test_a_platform_that_keeps_our_keys_for_an_hour_does_not_look_again(
    make: Make, tool: HonestTool, clock: StandingClock
) -> None:
    platform = make(key_set_kept=3600)
    take(platform, tool, begin(platform))
    tool.key = new_key()
    with pytest.raises(Unacceptable, match="key id"):
        take(platform, tool, begin(platform))
    assert tool.fetched == 1
    clock.forward(seconds=3601)
    take(platform, tool, begin(platform))
    assert tool.fetched == 2
