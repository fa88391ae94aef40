"""Parts of pages of a space that tell of the LMS."""

from __future__ import annotations

from markupsafe import Markup

from lti_tool.lms import queries, words
from lti_tool.spaces.pages import FLOOR
from lti_tool.web.pages import fragment
from lti_tool.web.routes import Here


def invited(here: Here) -> Markup | None:
    """The counts per course; None where nothing leads to the space or the viewer may not see them."""
    courses = queries.courses_of(here.db, here.viewer, here.place, now=here.now)
    if not courses:
        return None
    return fragment(
        "lms/invited.html",
        courses=courses,
        home=f"/s/{here.place.slug}",
        floor=FLOOR,
        trouble=words.roster_trouble,
        busy=any(course.busy for course in courses),
        readable=any(course.course_id and not course.cannot for course in courses),
    )
