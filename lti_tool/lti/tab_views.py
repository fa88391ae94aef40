"""A tab of one's own, for a browser that keeps no cookies in the frame."""

from __future__ import annotations

from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue

from lti_tool.lti import launches, operations
from lti_tool.lti.refusals import LaunchRefused, when, where
from lti_tool.lti.room import redirected, room
from lti_tool.web import headers, language, pages, session
from lti_tool.web.errors import log
from lti_tool.web.routes import PUBLIC, Here

TAB_COOKIE = "__Host-lti-tab"


def held_page(held: operations.Held, checked: operations.Launch) -> Response:
    """Not an error: the browser keeps no cookies in this frame, so here is a button that opens a tab."""
    log.info("launch held", code="L01", cause="no cookie came back")
    headers.frame_only(checked.claims.frame_hosts)
    place = where(checked.known.platform.name, checked.claims.deployment_id)
    page = pages.render("lti/own_tab.html", ticket=held.ticket, code="L01", when=when(), where=place)
    return make_response(page)


@room.post("/tab", access=PUBLIC, csrf=False)
def tab(here: Here) -> ResponseReturnValue:
    """The tab of one's own: whose launch is this?"""
    _alone()
    try:
        asked = operations.ask(here.db, request.form.get("ticket", ""), now=here.now)
    except LaunchRefused as refused:
        raise refused.about() from None
    language.use(asked.language)
    response = make_response(pages.render("lti/continue.html", ticket=asked.ticket, name=asked.name))
    _tab_cookie(response, asked.cookie, int(operations.ASKED.total_seconds()))
    return response


@room.post("/tab/continue", access=PUBLIC, csrf=False)
def tab_continue(here: Here) -> ResponseReturnValue:
    """Yes, that's me; or no, it isn't."""
    _alone()
    ticket, cookie = request.form.get("ticket", ""), request.cookies.get(TAB_COOKIE, "")
    try:
        if request.form.get("answer") == "no":
            operations.drop(here.db, ticket, cookie, now=here.now)
            response = make_response(pages.render("lti/not_me.html"))
        else:
            agent = request.headers.get("User-Agent", "")[:500]
            entered = operations.go_on(here.db, ticket, cookie, device=launches.device(agent), now=here.now)
            response = session.attach(redirected(entered.path, 303), entered.token)
    except LaunchRefused as refused:
        raise refused.about() from None
    _tab_cookie(response, "", 0)
    return response


def _alone() -> None:
    """Pages about whose name one works in: in no frame, and without the viewer of another session."""
    headers.frame_only("")
    g.viewer = None


def _tab_cookie(response: Response, value: str, life: int) -> None:
    response.set_cookie(TAB_COOKIE, value, max_age=life, path="/", secure=True, httponly=True, samesite="Strict")
