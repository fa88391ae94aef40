"""The services of a platform: names and roles, line items and scores, notices. Quirks are Moodle's or Canvas's.

Recorded from Moodle 4.5 (`mod/lti/services.php`): media types compared exactly, 409 for a score that is not newer,
`results?limit=` breaks, the links of a gradebook's pages have typographic quotes. From Canvas's source: pages of 50.
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, request

from lti_tool.demo.rooms import Enrolled, LineItem, Room, Score
from lti_tool.demo.shapes import (
    LINE_ITEMS,
    LINE_ITEMS_READ,
    MEMBERSHIP,
    NOTICES,
    RESULTS,
    ROSTER,
    SCORES,
    Tool,
    Unacceptable,
)

if TYPE_CHECKING:
    from lti_tool.demo.platform import Platform

MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
NOTICE_KINDS = ("LtiHelloWorldNotice", "LtiContextCopyNotice")
_CANVAS_PAGE = 50
_ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
_GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}


def roster_page(platform: Platform, tool: Tool, room: Room, asked: dict[str, str]) -> tuple[dict[str, Any], str]:
    """A page of who takes part, and the address of the next one (or empty)."""
    role = asked.get("role", "")
    wanted = [one for one in room.people if not role or role in one.roles or MEMBERSHIP + role in one.roles]
    most = _CANVAS_PAGE if platform.is_canvas else len(wanted)
    limit = min(_whole(asked.get("limit")) or platform.page_size or most, platform.page_size or most) or 1
    begin = _whole(asked.get("from"))
    here = wanted[begin : begin + limit]
    address = platform.members_url(room.course.id)
    more = {"limit": str(limit), "from": str(begin + limit), **({"role": role} if role else {})}
    body = {
        "id": address,
        "context": {"id": room.course.id, "label": room.course.label, "title": room.course.title},
        "members": [_member(platform, tool, one) for one in here],
    }
    return body, f"{address}?{urlencode(more)}" if begin + limit < len(wanted) else ""


def _member(platform: Platform, tool: Tool, one: Enrolled) -> dict[str, Any]:
    """Moodle says roles by their short names, and numbers whatever its switches for names say."""
    user, canvas = one.user, platform.is_canvas
    names = {"name": user.name, "given_name": user.given_name, "family_name": user.family_name}
    number = user.staff_number if tool.names or not canvas else ""
    return {
        "status": "Active",
        "roles": list(one.roles) if canvas else [role.removeprefix(MEMBERSHIP) for role in one.roles],
        "user_id": platform.subject(user),
        **({"lis_person_sourcedid": number} if number else {}),
        **({name: value for name, value in names.items() if value} if tool.names else {}),
        **({"email": user.email} if tool.emails and user.email else {}),
    }


def item_of(platform: Platform, tool: Tool, room: Room, item: LineItem) -> dict[str, Any]:
    """A column of the gradebook, as a tool sees it."""
    return {
        "id": platform.line_item_url(room.course.id, item.number, tool),
        "label": item.label,
        "scoreMaximum": item.maximum,
        "resourceId": item.resource_id,
        "tag": item.tag,
        **({"resourceLinkId": item.link_id} if item.link_id else {}),
    }


def take_item(room: Room, said: Any, item: LineItem | None = None) -> LineItem:
    """Make a column, or change one. The same `resourceId` and `tag` twice are two columns, as in Moodle."""
    if not isinstance(said, dict) or not said.get("label") or not _positive(said.get("scoreMaximum")):
        raise Unacceptable("No label or Score Maximum")
    link_id = str(said.get("resourceLinkId") or "")
    if link_id and room.link(link_id) is None:
        raise Unacceptable("There is no such resource link")
    if item is None:
        item = LineItem(room.number(), "", 1)
        room.items[item.number] = item
    item.label, item.maximum, item.link_id = str(said["label"]), said["scoreMaximum"], link_id
    item.resource_id, item.tag = str(said.get("resourceId") or ""), str(said.get("tag") or "")
    return item


def take_score(platform: Platform, room: Room, item: LineItem, said: Any) -> None:
    """A score of a learner. Raises `Unacceptable`: 409 when it is not later than the last one."""
    if not isinstance(said, dict):
        raise Unacceptable("no score")
    at = _moment(said.get("timestamp"))
    if said.get("activityProgress") not in _ACTIVITY or said.get("gradingProgress") not in _GRADING:
        raise Unacceptable("activityProgress or gradingProgress is missing")
    given, most = said.get("scoreGiven"), said.get("scoreMaximum")
    if given is not None and (not _positive(most) or not _positive(given, zero=True)):
        raise Unacceptable("scoreGiven without scoreMaximum")
    who = next((one for one in room.people if platform.subject(one.user) == said.get("userId")), None)
    if who is None or not who.learns:
        raise Unacceptable("nobody to grade", 422 if platform.is_canvas else 400)
    before = item.scores.get(who.user.subject)
    if before and at <= before.at:
        raise Unacceptable("not later than the last score", 400 if platform.is_canvas else 409)
    final = given is not None and said["gradingProgress"] == "FullyGraded"
    scaled = min(given / most, 1.0) * item.maximum if final and given is not None and most else None
    item.scores[who.user.subject] = Score(scaled, at, str(said.get("comment") or ""), said["activityProgress"])


def results(platform: Platform, tool: Tool, room: Room, item: LineItem, user: str) -> list[dict[str, Any]]:
    """What the gradebook holds of a column, of everybody or of one."""
    address = platform.line_item_url(room.course.id, item.number, tool)
    path, _, query = address.partition("?")
    found = []
    for one in room.people:
        score, who = item.scores.get(one.user.subject), platform.subject(one.user)
        if score is None or (user and user != who):
            continue
        row: dict[str, Any] = {"id": f"{path}/results?{query}&user_id={who}", "userId": who}
        if score.given is not None:
            row |= {"resultScore": score.given, "resultMaximum": item.maximum, "scoreOf": address}
            row |= {"comment": score.comment, "timestamp": score.at.isoformat()}
        found.append(row)
    return found


def _moment(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise Unacceptable("timestamp is missing or not a time") from None
    if at.tzinfo is None:
        raise Unacceptable("timestamp has no time zone")
    return at


def _positive(value: object, *, zero: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return value > 0 or (zero and value == 0)


def _whole(value: str | None) -> int:
    return int(value) if value and value.isdecimal() else 0


def _answer(body: object, media_type: str, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type=f"{media_type}; charset=utf-8")


def add_to(addresses: Blueprint, platform: Platform) -> None:
    """The addresses of the services."""

    def allowed(*scopes: str) -> Tool:
        platform.wait()
        tool = platform.bearer(request.headers.get("Authorization"), *scopes)
        if tool is None:
            unauthorized = {"type": "unauthorized", "message": "Invalid or missing access token"}
            moodle = {"status": 401, "reason": "Unauthorized", "request": {"method": request.method}}
            body = {"errors": unauthorized} if platform.is_canvas else moodle
            abort(_answer(body, "application/json", 401))
        return tool

    def room_of(key: str) -> Room:
        return platform.rooms.get(key) or abort(_answer({"status": 404}, "application/json", 404))

    def line(key: str, number: int) -> tuple[Room, LineItem]:
        room = room_of(key)
        return room, room.items.get(number) or abort(_answer({"status": 404}, "application/json", 404))

    def speaks(media_type: str) -> None:
        """What a request accepts or sends must be exactly this."""
        said = request.headers.get("Accept" if request.method == "GET" else "Content-Type", "")
        if said.split(";")[0].strip() != media_type:
            reason = f"No handler found for {request.path} {said}"
            abort(_answer({"status": 400, "reason": reason}, "application/json", 400))

    def sent() -> Any:
        try:
            return json.loads(request.get_data())
        except ValueError:
            return None

    def refuse(error: Unacceptable) -> Response:
        return _answer({"status": error.status, "reason": error.why}, "application/json", error.status)

    @addresses.get("/courses/<key>/members")
    def members(key: str) -> Response:
        tool = allowed(ROSTER)
        body, following = roster_page(platform, tool, room_of(key), request.args.to_dict())
        answer = _answer(body, MEMBERS)
        if following:
            answer.headers["Link"] = f'<{following}>; rel="next"'
        return answer

    @addresses.get("/courses/<key>/lineitems")
    def line_items(key: str) -> Response:
        tool, room = allowed(LINE_ITEMS, LINE_ITEMS_READ), room_of(key)
        speaks(LINE_ITEMS_TYPE)
        wanted = {
            "resource_id": request.args.get("resource_id"),
            "tag": request.args.get("tag"),
            "link_id": request.args.get("resource_link_id"),
        }
        found = [
            item_of(platform, tool, room, item)
            for item in room.items.values()
            if all(value is None or getattr(item, name) == value for name, value in wanted.items())
        ]
        limit, begin = _whole(request.args.get("limit")) or len(found) or 1, _whole(request.args.get("from"))
        answer = _answer(found[begin : begin + limit], LINE_ITEMS_TYPE)
        if begin + limit < len(found):
            following = f"{platform.line_items_url(key, tool)}&limit={limit}&from={begin + limit}"
            moodles = f"<{following.replace('&', '&amp;')}>; rel=“next”".encode().decode("latin-1")
            answer.headers["Link"] = f'<{following}>; rel="next"' if platform.is_canvas else moodles
        return answer

    @addresses.post("/courses/<key>/lineitems")
    def new_line_item(key: str) -> Response:
        tool, room = allowed(LINE_ITEMS), room_of(key)
        speaks(LINE_ITEM)
        try:
            item = take_item(room, said := sent())
        except Unacceptable as error:
            return refuse(error)
        echoed = {name: said[name] for name in ("startDateTime", "endDateTime") if name in said}
        return _answer({**item_of(platform, tool, room, item), **echoed}, LINE_ITEM, 201)

    @addresses.route("/courses/<key>/lineitems/<int:number>/lineitem", methods=["GET", "PUT", "DELETE"])
    def line_item(key: str, number: int) -> Response:
        reading = request.method == "GET"
        tool = allowed(LINE_ITEMS, *((LINE_ITEMS_READ,) if reading else ()))
        room, item = line(key, number)
        if request.method == "DELETE":
            del room.items[number]
            return Response("", 204)
        speaks(LINE_ITEM)
        try:
            if not reading:
                take_item(room, sent(), item)
        except Unacceptable as error:
            return refuse(error)
        return _answer(item_of(platform, tool, room, item), LINE_ITEM)

    @addresses.post("/courses/<key>/lineitems/<int:number>/lineitem/scores")
    def scores(key: str, number: int) -> Response:
        allowed(SCORES)
        room, item = line(key, number)
        speaks(SCORE)
        try:
            take_score(platform, room, item, sent())
        except Unacceptable as error:  # Moodle says no more than the status
            return refuse(error) if platform.is_canvas else _answer([], SCORE, error.status)
        return Response("", 200, content_type=f"{SCORE}; charset=utf-8")

    @addresses.get("/courses/<key>/lineitems/<int:number>/lineitem/results")
    def all_results(key: str, number: int) -> Response:
        tool = allowed(RESULTS)
        room, item = line(key, number)
        speaks(RESULTS_TYPE)
        if "limit" in request.args and not platform.is_canvas:
            return Response("<h1>Error</h1>", 404, content_type="text/html; charset=utf-8")
        return _answer(results(platform, tool, room, item, request.args.get("user_id", "")), RESULTS_TYPE)

    @addresses.route("/notice-handlers/<client_id>", methods=["GET", "PUT"])
    def notice_handlers(client_id: str) -> Response:
        tool = allowed(NOTICES)
        if tool.client_id != client_id:
            abort(404)
        if request.method == "PUT":
            said = sent()
            kind, address = (said.get("notice_type"), said.get("handler")) if isinstance(said, dict) else ("", "")
            if kind not in NOTICE_KINDS or not isinstance(address, str):
                return refuse(Unacceptable("no such notice"))
            if address and urlsplit(address).netloc != urlsplit(tool.launch_url).netloc:
                return refuse(Unacceptable("the handler is not on the tool's domain"))
            platform.handlers[tool.client_id, kind] = address
            if not address:
                del platform.handlers[tool.client_id, kind]
            return _answer({"notice_type": kind, "handler": address}, "application/json")
        mine = [{"notice_type": kind, "handler": platform.handlers.get((client_id, kind), "")} for kind in NOTICE_KINDS]
        return _answer({"client_id": client_id, "notice_handlers": mine}, "application/json")
