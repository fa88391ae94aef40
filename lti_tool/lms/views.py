"""Who was invited by a course, as counts; and having taking part confirmed in the LMS."""

from __future__ import annotations

import uuid

from flask import redirect
from flask.typing import ResponseReturnValue

from lti_tool.lms import confirmations, pages, queries, roster
from lti_tool.lms.forms import Confirming
from lti_tool.spaces import pages as space_pages
from lti_tool.spaces.access import InSpace
from lti_tool.spaces.policy import Action
from lti_tool.web.errors import BadInput
from lti_tool.web.forms import fill
from lti_tool.web.pages import fragment, render
from lti_tool.web.routes import SIGNED_IN, Here, Room

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


@room.post("/s/<slug>/confirming", access=InSpace(Action.LEAD))
def switch(here: Here, slug: str) -> ResponseReturnValue:
    """Let members have their taking part confirmed, or no more."""
    filled = fill(Confirming)
    if filled.form is None:
        raise BadInput(cause="no switch")
    confirmations.switch(here.db, here.viewer, here.place, on=filled.form.on, now=here.now)
    return redirect(f"/s/{slug}/settings?done=saved#confirming", 303)


@room.get("/s/<slug>/confirm", access=InSpace(Action.WRITE))
def confirm_page(here: Here, slug: str) -> ResponseReturnValue:
    """What would be sent, and the button; or what became of it."""
    return render("lms/confirm.html", **space_pages.frame(here, ""), home=f"/s/{slug}", **pages.confirming(here))


@room.get("/s/<slug>/confirm/state", access=InSpace(Action.WRITE))
def confirm_state(here: Here, slug: str) -> ResponseReturnValue:
    """What became of it: the part of that page that a script asks for again."""
    return str(fragment("lms/state.html", home=f"/s/{slug}", **pages.confirming(here)))


@room.post("/s/<slug>/confirm", access=InSpace(Action.WRITE))
def confirm(here: Here, slug: str) -> ResponseReturnValue:
    """The learner's own hand. Where it can't be done, the page says why."""
    if not confirmations.place_for(here.db, here.viewer, here.place)[1]:
        confirmations.confirm(here.db, here.viewer, here.place, now=here.now)
    return redirect(f"/s/{slug}/confirm", 303)


@room.get("/me/confirmed", access=SIGNED_IN)
def confirmed(here: Here) -> ResponseReturnValue:
    """All that one had confirmed, also for spaces one left."""
    return render("lms/confirmed.html", found=confirmations.all_mine(here.db, here.viewer), reason=pages.reason)


@room.post("/me/confirmed/<uuid:confirmation_id>/withdraw", access=SIGNED_IN)
def withdraw(here: Here, confirmation_id: uuid.UUID) -> ResponseReturnValue:
    """Take it back, as far as the LMS lets one."""
    confirmations.withdraw(here.db, here.viewer, confirmation_id, now=here.now)
    return redirect("/me/confirmed", 303)
