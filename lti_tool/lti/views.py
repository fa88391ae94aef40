"""The addresses of the front door. They are called from an LMS, so none has a session or form token of ours:
a login proves nothing, a launch proves itself, and a tab shows its ticket.
"""

from __future__ import annotations

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.lti import (
    accept_views,
    accepting,
    frame_views,
    known,
    launches,
    login,
    notice_views,
    operations,
    pick,
    pick_views,
    registration_views,
    tab_views,
    tickets,
)
from lti_tool.lti.keysets import KeySets
from lti_tool.lti.library import forget_state_cookie, hashed, set_state_cookie
from lti_tool.lti.refusals import AlreadyUsed, LaunchRefused, browser, of_platform_error
from lti_tool.lti.room import redirected, room
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.web import headers, look, pages, session, wishes
from lti_tool.web.routes import PUBLIC, Here
from lti_tool.web.runtime import runtime

__all__ = ["accept_views", "frame_views", "notice_views", "pick_views", "registration_views", "room", "tab_views"]


@room.get("/login", access=PUBLIC, transaction="own", endpoint="login_by_get")
@room.post("/login", access=PUBLIC, transaction="own", endpoint="login")
def start_login(here: Here) -> ResponseReturnValue:
    """A platform starts a launch: sent on at once, or after a word with its storage (see `login`)."""
    rt = runtime()
    try:
        sent = login.start(
            rt.database,
            request.form if request.method == "POST" else request.args,
            base_url=here.settings.base_url,
            now=here.now,
            cipher=rt.cipher,
            framed=pages.framed(),
        )
    except LaunchRefused as refused:
        raise _noted(refused) from None
    response = frame_views.storing_page(sent, sent.storage) if sent.storage else redirected(sent.url, 302)
    set_state_cookie(response, sent.state)
    return response


@room.post("/launch", access=PUBLIC, transaction="own")
def launch(here: Here) -> ResponseReturnValue:
    """The platform's answer: a signed launch, or why there is none."""
    if "id_token" not in request.form and (error := request.form.get("error")):
        raise _noted(_platform_error(error))
    rt = runtime()
    try:
        checked = operations.check(
            rt.database,
            request.form,
            request.cookies,
            key_sets=KeySets(rt.database, reach=Reach.of(here.settings), now=here.now),
            settings=here.settings,
            now=here.now,
        )
        if checked.kind == "pick":
            pick.check(checked)
        outcome = _take_in(checked, here)
    except AlreadyUsed as refused:
        if path := _led_to(here):
            raise refused.leading_to(path).about() from None
        raise _noted(refused) from None
    except LaunchRefused as refused:
        raise _noted(refused) from None
    if isinstance(outcome, tickets.Held):
        response = frame_views.held_page(outcome, checked)
    elif isinstance(outcome, pick.Begun):
        response = pick_views.first_page(here, outcome)
    else:
        response = session.attach(redirected(wishes.lead_on(outcome.path), 303), outcome.token)
        wishes.forget(response)
    if not isinstance(outcome, tickets.Held):
        frame_views.remember_what_is_stored(response, checked)
    forget_state_cookie(response, checked.state)
    return response


def _take_in(checked: operations.Launch, here: Here) -> operations.WalkedIn | tickets.Held | pick.Begun:
    """The one write transaction of a launch."""
    with runtime().database.writing() as db:
        accepted = operations.admit(db, checked, now=here.now)
        if accepted and checked.has_cookie and checked.kind == "link":
            walked = operations.walk_in(db, checked, now=here.now)
            how = launches.way(proof="cookie", fetch_destination=request.headers.get("Sec-Fetch-Dest", ""))
            launches.count(db, checked, how, launches.device(_agent()), now=here.now)
            return walked
        operations.use_up(db, checked, now=here.now)
        if accepted and checked.kind == "pick":
            begun = pick.begin(db, checked, cipher=runtime().cipher, secret=here.settings.secret_key, now=here.now)
            came = {"kind": "pick", "role": checked.role, "way": "", "device": launches.device(_agent())}
            launches.add(db, checked.known.platform.id, "ok", **came, now=here.now)
            return begun
        if accepted:
            return tickets.hold(db, checked, now=here.now)
        ticket = accepting.offer_to_accept(db, checked, now=here.now)
    # That a new deployment waits is kept, so the admin can accept it.
    refused = LaunchRefused("L04", "the deployment is not accepted")
    refused.ticket, refused.frame_hosts = ticket, checked.claims.frame_hosts
    place = {"lms": checked.known.platform.name, "deployment": checked.claims.deployment_id}
    raise refused.about(**place, platform_id=checked.known.platform.id)


def _noted(refused: LaunchRefused) -> LaunchRefused:
    """The refusal with its helpdesk line, kept for the admin; to be raised."""
    refused.about()
    if refused.ticket:
        headers.frame_only(refused.frame_hosts)
    device = launches.device(_agent())
    launches.note_fault(runtime().database, refused, browser=browser(), device=device, now=g.now)
    return refused


def _agent() -> str:
    return request.headers.get("User-Agent", "")[:500]


def _led_to(here: Here) -> str | None:
    with runtime().database.reading() as db:
        return operations.led_to(db, request.form.get("state", ""), session.current_token(), now=here.now)


def _platform_error(error: str) -> LaunchRefused:
    rt, refused = runtime(), of_platform_error(error)
    with rt.database.reading() as db:
        state_hash = hashed(request.form.get("state", ""))
        platform = known.platform_of_state(db, state_hash)
        look.use(platform.look if platform else None)
        if platform and refused.own_window and pages.framed():
            refused.again = login.once_more(db, platform, state_hash, rt.cipher, now=g.now)
    return refused.about(lms=platform.name, platform_id=platform.id) if platform else refused.about()


@room.get("/jwks", access=PUBLIC, transaction="own")
def jwks(here: Here) -> ResponseReturnValue:
    """The tool's public keys."""
    rt = runtime()
    with rt.database.reading() as db:
        published = keys.public_keys(db, now=here.now)
    if not published:
        with rt.database.writing() as db:
            keys.ensure_key(db, rt.cipher, now=here.now)
            published = keys.public_keys(db, now=here.now)
    response = jsonify(keys=published)
    response.headers["Cache-Control"] = f"public, max-age={int(keys.MAX_AGE.total_seconds())}"
    return response
