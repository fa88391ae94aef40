"""Parts of pages of a space that tell of the LMS."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from lti_tool.lms import confirmations, queries, words
from lti_tool.lms.confirmations import Mine
from lti_tool.spaces.access import SpaceHere
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


def may_confirm(space: SpaceHere) -> bool:
    """Whether the viewer takes part; who watches from the tribune has nothing to confirm."""
    return space.standing in confirmations.TAKES_PART


def confirming(here: Here) -> dict[str, Any]:
    """What the page on which one confirms shows, and the part of it that changes by itself."""
    place, why = confirmations.place_for(here.db, here.viewer, here.place)
    mine = confirmations.mine_in(here.db, here.viewer, here.place)
    lms = place.lms if place else mine.lms if mine else ""
    return {"lms": lms, "why": words.why_not_confirmed(why, lms) if why else "", "mine": mine, "reason": reason}


def reason(mine: Mine) -> str:
    """Why a confirmation waits or failed, in words."""
    return words.why_not_confirmed(mine.why, mine.lms) if mine.why else ""


def offer(here: Here) -> Markup | None:
    """For the start of a space: that one can have it confirmed, where the trekker allows it."""
    space: SpaceHere = here.place
    if not may_confirm(space) or not confirmations.is_on(here.db, space.id):
        return None
    return fragment("lms/offer.html", home=f"/s/{space.slug}")


def switch(here: Here) -> Markup:
    """For the settings of a space: the switch, or why there is none."""
    places = confirmations.places_of_space(here.db, here.viewer, here.place)
    reasons = [(place.course, words.why_not_confirmed(place.why_not, place.lms)) for place in places if place.why_not]
    return fragment(
        "lms/switch.html",
        home=f"/s/{here.place.slug}",
        on=confirmations.is_on(here.db, here.place.id),
        can=any(not place.why_not for place in places),
        reasons=list(dict.fromkeys(reasons)),
        none=not places,
    )


def sent(here: Here) -> Markup | None:
    """For the portfolio: what one had confirmed elsewhere."""
    mine = confirmations.all_mine(here.db, here.viewer)
    return fragment("lms/sent.html", number=len(mine)) if mine else None
