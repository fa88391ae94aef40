"""What comes back when a teacher picked contents: verified to the letter, and made into links of the course.

Stricter than Moodle (`mod/lti/locallib.php` looks at neither audience nor nonce) and as strict as Canvas
(`deep_linking_services.rb`), so that what passes here passes at both.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joserfc.errors import JoseError

from lti_tool.demo.rooms import LineItem, Room
from lti_tool.demo.shapes import DEEP_LINKING, LTI, Link, Picking, Tool, Unacceptable, User, Visit

if TYPE_CHECKING:
    from lti_tool.demo.platform import Platform

LONGEST = 3600
_ITEMS = DEEP_LINKING + "content_items"
_DATA = DEEP_LINKING + "data"


@dataclass(frozen=True)
class Asked:
    """A picking that was begun."""

    tool: Tool
    course: str
    picking: Picking


@dataclass(frozen=True)
class Answered:
    """What came of it."""

    course: str
    links: tuple[Link, ...]
    message: str = ""
    """What the tool wants the teacher to read."""


class Pickings:
    """The pickings of a platform that wait for their answer."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._asked: dict[str, Asked] = {}

    def begin(self, tool: Tool, user: User, roles: tuple[str, ...], room: Room, *, multiple: bool = True) -> Visit:
        """The visit of a teacher who is going to pick contents for a course."""
        platform, key = self._platform, secrets.token_urlsafe(16)
        picking = Picking(
            return_url=f"{platform.issuer}{platform.prefix}/deep-link?key={key}",
            data=f"canvas {secrets.token_urlsafe(8)}" if platform.is_canvas else "",
            multiple=multiple,
            auto_create=False,
        )
        self._asked[key] = Asked(tool, room.course.id, picking)
        placement = "link_selection" if platform.is_canvas else ""
        return Visit(tool, user, room.course, Link("", ""), roles, picking=picking, placement=placement)

    def take(self, key: str, token: str) -> Answered:
        """Take the answer in: new links at the end of the course. Raises `Unacceptable` with the reason in words."""
        asked = self._asked.get(key)
        if asked is None:
            raise Unacceptable("nobody is picking any more", 404)
        said = self._verified(asked, token)
        room = self._platform.rooms[asked.course]
        links = tuple(_link(room, item) for item in said.get(_ITEMS) or [])
        del self._asked[key]
        room.links.extend(links)
        return Answered(asked.course, links, str(said.get(DEEP_LINKING + "msg") or ""))

    def _verified(self, asked: Asked, token: str) -> dict[str, Any]:
        platform, tool = self._platform, asked.tool
        try:
            said = platform.read_signed(tool, token)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unacceptable(f"the answer is not signed by the tool: {type(error).__name__}: {error}") from None
        now, audience = platform.clock().timestamp(), said.get("aud")
        faults = {
            "iss is not the client id": said.get("iss") != tool.client_id,
            "aud is not the issuer": audience not in (platform.issuer, [platform.issuer]),
            "exp is missing, over or too far": not _number(said.get("exp")) or not now < said["exp"] <= now + LONGEST,
            "iat is missing or ahead": not _number(said.get("iat")) or said["iat"] > now + 5,
            "the deployment is another": said.get(LTI + "deployment_id") != tool.deployment_id,
            "the message type is wrong": said.get(LTI + "message_type") != "LtiDeepLinkingResponse",
            "the version is wrong": said.get(LTI + "version") != "1.3.0",
            "data was not brought back": bool(asked.picking.data) and said.get(_DATA) != asked.picking.data,
            "data was never sent": not asked.picking.data and _DATA in said,
        }
        for fault, so in faults.items():
            if so:
                raise Unacceptable(fault)
        self._check_items(asked.picking, said.get(_ITEMS, []))
        nonce = said.get("nonce")
        if not isinstance(nonce, str) or len(nonce) < 8:
            raise Unacceptable("the nonce is missing or too short")
        if not platform.first_time(f"{tool.client_id} nonce {nonce}"):
            raise Unacceptable("the nonce was used before")
        return said

    def _check_items(self, picking: Picking, items: object) -> None:
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Unacceptable("the items are no list")
        if len(items) > 1 and not picking.multiple:
            raise Unacceptable("one item was asked for")
        for item in items:
            if item.get("type") not in picking.accept_types:
                raise Unacceptable(f"an item of type {item.get('type')} was not asked for")
            if not isinstance(item.get("title"), str) or not item["title"].strip():
                raise Unacceptable("an item has no title")
            custom = item.get("custom", {})
            if not isinstance(custom, dict) or not all(isinstance(value, str) for value in custom.values()):
                raise Unacceptable("custom fields are texts")
            if "url" in item and self._platform.product == "moodle":
                # Moodle then looks for a tool with this domain (locallib.php:1458) and may find another one.
                raise Unacceptable("an item has a url, which makes Moodle forget whose link it is")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _link(room: Room, item: Mapping[str, Any]) -> Link:
    link_id = f"{room.course.id}-{room.number()}"
    line = item.get("lineItem")
    if isinstance(line, dict) and _number(line.get("scoreMaximum")):
        number = room.number()
        label = str(line.get("label") or item["title"])
        resource_id, tag = str(line.get("resourceId") or ""), str(line.get("tag") or "")
        room.items[number] = LineItem(number, label, line["scoreMaximum"], resource_id, tag, link_id)
    window = item.get("window")
    return Link(
        link_id,
        item["title"],
        str(item.get("text") or ""),
        dict(item.get("custom") or {}),
        target_link_uri=str(item.get("url") or ""),
        own_tab=isinstance(window, dict) and window.get("targetName") == "_blank",
    )
