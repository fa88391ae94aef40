"""What the tests of confirmations do and look up: the gradebook of a Moodle, the button, what was posted."""

from __future__ import annotations

import json
import re
from typing import Any

import responses
from sqlalchemy import select

from lti_tool.lms.models import Confirmation, LmsLink
from tests.lms.conftest import HOME, ITEMS, Course, recorded
from tests.world import Somebody

Lms = responses.RequestsMock
ITEM = f"{HOME}/2/lineitems/5/lineitem?type_id=1"
SCORES = f"{HOME}/2/lineitems/5/lineitem/scores?type_id=1"
ITEMS_PATH = f"{HOME}/2/lineitems"


def of_link(course: Course, url: str = ITEM) -> None:
    """The link has a column of its own."""
    with course.database.writing() as db:
        db.scalars(select(LmsLink)).one().lineitem_url = url


def presses(course: Course, who: Somebody) -> None:
    assert who.post(f"/s/{course.space.slug}/confirm").status_code == 303


def outcome(course: Course) -> tuple[bool, str, str]:
    with course.database.reading() as db:
        row = db.scalars(select(Confirmation)).one()
        return row.wanted, row.state, row.why


def page_of(course: Course, who: Somebody) -> str:
    html = who.get(f"/s/{course.space.slug}/confirm").get_data(as_text=True)
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


def posted(lms: Lms, kind: str = "/scores") -> list[dict[str, Any]]:
    """The bodies that were posted there."""
    found = [call.request for call in lms.calls if call.request.method == "POST"]
    return [json.loads(one.body or "null") for one in found if (one.url or "").partition("?")[0].endswith(kind)]


def items(lms: Lms, *made: dict[str, Any], after: Any = None) -> None:
    """A gradebook as Moodle's: it makes a column whenever asked, and its filters work."""
    held = list(made)

    def look(request: Any) -> tuple[int, dict[str, str], str]:
        if request.headers["Accept"] != "application/vnd.ims.lis.v2.lineitemcontainer+json":
            return 400, {}, json.dumps(recorded("moodle/ags_lineitems_noaccept.json")["body"])
        asked = request.params
        fits = [
            item for item in held if item["resourceId"] == asked.get("resource_id") and item["tag"] == asked.get("tag")
        ]
        return 200, {}, json.dumps(fits)

    def make(request: Any) -> tuple[int, dict[str, str], str]:
        exact = recorded("moodle/ags_lineitem_create.json")["request"]["headers"]
        if any(request.headers[name] != exact[name] for name in ("Accept", "Content-Type")):
            return 400, {}, "{}"
        item = {**json.loads(request.body), "id": ITEM if not held else ITEM.replace("/5/", f"/{5 + len(held)}/")}
        held.append(item)
        if after:
            after()
        return 201, {}, json.dumps(item)

    lms.add_callback("GET", re.compile(re.escape(ITEMS_PATH) + r"\?"), callback=look)
    lms.add_callback("POST", ITEMS, callback=make)
