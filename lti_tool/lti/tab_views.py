"""A tab of one's own: it asks whose name it is, and can be reloaded and gone back to."""

from __future__ import annotations

from flask import Response, g, request
from flask.typing import ResponseReturnValue

from lti_tool.lti import launches, tickets
from lti_tool.lti.refusals import AnswerTooLate, LaunchRefused
from lti_tool.lti.room import redirected, room
from lti_tool.web import headers, language, look, pages, session, wishes
from lti_tool.web.routes import PUBLIC, Here

TAB_COOKIE = "__Host-lti-tab"
TAB = "/lti/tab"


@room.post("/tab", access=PUBLIC, csrf=False)
def tab(here: Here) -> ResponseReturnValue:
    """A ticket comes into its tab. The question stands on a page of its own, which may be reloaded."""
    _alone()
    try:
        cookie = tickets.ask(here.db, request.form.get("ticket", ""), now=here.now)
    except LaunchRefused as refused:
        if _leads_on(here):  # the button in the frame was used twice
            return redirected(TAB, 303)
        raise refused.about() from None
    response = redirected(TAB, 303)
    _tab_cookie(response, cookie, int(tickets.ASKED.total_seconds()))
    return response


@room.get("/tab", access=PUBLIC)
def tab_page(here: Here) -> ResponseReturnValue:
    """Whose launch is this? Or, for who goes back: you are in already."""
    _alone()
    asked = tickets.asked(here.db, request.cookies.get(TAB_COOKIE, ""), now=here.now)
    if asked:
        language.use(asked.language)
        look.use(asked.look)
        return pages.render("lti/continue.html", ticket=asked.ticket, name=asked.name, from_page=asked.from_page)
    path = tickets.done(here.db, session.current_token(), now=here.now)
    if path is None:
        raise AnswerTooLate("answered, or over a minute ago").about()
    return pages.render("lti/already_in.html", path=path)


@room.post("/tab/continue", access=PUBLIC, csrf=False)
def tab_continue(here: Here) -> ResponseReturnValue:
    """Yes, that's me; or no, it isn't."""
    _alone()
    ticket, cookie = request.form.get("ticket", ""), request.cookies.get(TAB_COOKIE, "")
    try:
        if request.form.get("answer") == "no":
            tickets.drop(here.db, ticket, cookie, now=here.now)
            response = redirected("/lti/tab/closed", 303)
        else:
            agent = request.headers.get("User-Agent", "")[:500]
            entered = tickets.go_on(here.db, ticket, cookie, device=launches.device(agent), now=here.now)
            response = session.attach(redirected(wishes.lead_on(entered.path), 303), entered.token)
            wishes.forget(response)
    except LaunchRefused as refused:
        if path := tickets.done(here.db, session.current_token(), now=here.now):
            return redirected(path, 303)  # a second click
        raise refused.about() from None
    _tab_cookie(response, "", 0)
    return response


@room.get("/tab/closed", access=PUBLIC)
def tab_closed(here: Here) -> ResponseReturnValue:
    """It wasn't me."""
    _alone()
    return pages.render("lti/not_me.html")


def _leads_on(here: Here) -> bool:
    cookie, token = request.cookies.get(TAB_COOKIE, ""), session.current_token()
    return bool(tickets.asked(here.db, cookie, now=here.now) or tickets.done(here.db, token, now=here.now))


def _alone() -> None:
    """Pages about whose name one works in: in no frame, and without the viewer of another session."""
    headers.frame_only("")
    g.viewer = None


def _tab_cookie(response: Response, value: str, life: int) -> None:
    # Lax: the tab is opened from a frame, which may be a sandboxed one, and the answer is a form that Lax keeps out
    # from other sites all the same.
    response.set_cookie(TAB_COOKIE, value, max_age=life, path="/", secure=True, httponly=True, samesite="Lax")
