"""Who was invited by a course, as counts; and having taking part confirmed in the LMS."""

from __future__ import annotations

from flask import redirect
from flask.typing import ResponseReturnValue

from lti_tool.lms import pages, queries, roster
from lti_tool.spaces.access import InSpace
from lti_tool.spaces.policy import Action
from lti_tool.web.routes import Here, Room

room = Room("lms", __name__)


@room.get("/s/<slug>/people/invited", access=InSpace(Action.MODERATE))
def invited(here: Here, slug: str) -> ResponseReturnValue:
    """How far the lists are read: the part of the page of people that a script asks for again."""
    return str(pages.invited(here))


@room.post("/s/<slug>/people/invited", access=InSpace(Action.MODERATE))
def refresh(here: Here, slug: str) -> ResponseReturnValue:
    """Have the lists of all courses of this space read, as far as that can be done."""
    for course in queries.courses_of(here.db, here.viewer, here.place, now=here.now):
        if course.course_id and not course.cannot:
            roster.ask(here.db, course.course_id, course.platform_id, now=here.now)
    return redirect(f"/s/{slug}/people#invited", 303)
