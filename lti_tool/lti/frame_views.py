"""The door inside a frame of another site: a proof in the platform's storage where the browser gives no cookie back,
and a way to go on in a tab from any page.
"""

from __future__ import annotations

from flask import Response, g, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from lti_tool.lti import launches, tickets
from lti_tool.lti.library import hashed
from lti_tool.lti.login import SentOn, Storage, storage_of
from lti_tool.lti.operations import Launch
from lti_tool.lti.refusals import LaunchRefused, when, where
from lti_tool.lti.room import redirected, room
from lti_tool.web import headers, language, pages, session, wishes
from lti_tool.web.errors import BadInput, log
from lti_tool.web.routes import PUBLIC, SIGNED_IN, Here

PROBE = "__Host-lti-probe"
"""Beginning of the name; the rest is of the ticket. Comes back when cookies live in this frame, and when it is the
browser that got the ticket: the proof is known to whoever began the login, and could be pushed upon somebody else."""
STORED = "__Host-lti-stored"
"""For `frame.js`: what of ours still stands in the platform's storage, which has little room. Nothing secret."""


def storing_page(sent: SentOn, storage: Storage) -> Response:
    """Puts the proof into the platform's storage, and goes on. Without script, or without an answer, it goes on too."""
    return make_response(pages.render("lti/storing.html", url=sent.url, storage=storage))


def held_page(held: tickets.Held, checked: Launch) -> Response:
    """Not an error: no cookie came back. The platform's storage is asked first, where it has a proof; else here is a
    button that opens a tab."""
    log.info("launch held", code="L01", cause="no cookie came back")
    hosts, deployment = checked.claims.frame_hosts, checked.claims.deployment_id
    response = _own_tab(held.ticket, hosts, where(checked.known.platform.name, deployment), held.storage)
    if held.storage:
        _cookie(response, _probe(held.ticket), "1", int(tickets.HELD.total_seconds()), httponly=True)
    return response


@room.post("/launch/proof", access=PUBLIC, csrf=False)
def prove(here: Here) -> ResponseReturnValue:
    """What the platform's storage gave back."""
    g.viewer = None
    form, agent = request.form, request.headers.get("User-Agent", "")[:500]
    ticket = form.get("ticket", "")
    keeps_cookies = _probe(ticket) in request.cookies
    try:
        outcome = tickets.prove(
            here.db,
            ticket,
            form.get("proof", ""),
            keeps_cookies=keeps_cookies,
            device=launches.device(agent),
            now=here.now,
        )
    except LaunchRefused as refused:
        raise refused.about() from None
    if isinstance(outcome, tickets.StillHeld):
        log.info("launch held", code="L01", cause=outcome.why)
        language.use(outcome.language)
        return _own_tab(ticket, outcome.frame_hosts, where(outcome.lms, ""))
    response = session.attach(redirected(wishes.lead_on(outcome.path), 303), outcome.token)
    wishes.forget(response)
    _cookie(response, _probe(ticket), "", 0, httponly=True)
    return response


def _probe(ticket: str) -> str:
    return f"{PROBE}-{hashed(ticket).hex()[:16]}"


@room.post("/tab/open", access=SIGNED_IN)
def open_tab(here: Here) -> ResponseReturnValue:
    """From a page in a frame: a ticket for the same page in a tab. A script opens it by one click, else there is a
    second button, because the ticket must be there before the tab is."""
    path = request.form.get("path", "")
    if not wishes.is_page(path):
        raise BadInput(cause="that is no page of ours")
    ticket = tickets.of_page(here.db, here.viewer, path, now=here.now)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(ticket=ticket)
    return pages.render("lti/tab_ready.html", ticket=ticket, path=path)


def remember_what_is_stored(response: Response, launch: Launch) -> None:
    """A launch that needed no proof leaves one behind: `frame.js` takes it out."""
    login = launch.known.login
    if login is None or not login.proof_hash:
        return
    stored = storage_of(launch.known.platform, launch.state, login.storage_target)
    _cookie(response, STORED, f"{stored.key}|{stored.target}|{stored.origin}", 120, httponly=False)


def _own_tab(ticket: str, hosts: str, place: str, storage: Storage | None = None) -> Response:
    headers.frame_only(hosts)
    page = pages.render(
        "lti/own_tab.html", ticket=ticket, code="L01", when=when(), where=place, storage=storage, hosts=hosts
    )
    return make_response(page)


def _cookie(response: Response, name: str, value: str, life: int, *, httponly: bool) -> None:
    response.set_cookie(
        name, value, max_age=life, path="/", secure=True, httponly=httponly, samesite="None", partitioned=True
    )
