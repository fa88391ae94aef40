"""The addresses of the front door. They are called from an LMS, so none has a session or form token of ours:
a login proves nothing, a launch proves itself, and a tab shows its ticket.
"""

from __future__ import annotations

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.lti import accept_views, accepting, known, launches, login, operations, tab_views
from lti_tool.lti.keysets import KeySets
from lti_tool.lti.library import forget_state_cookie, hashed, set_state_cookie
from lti_tool.lti.refusals import LaunchRefused, browser, of_platform_error
from lti_tool.lti.room import redirected, room
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.web import headers, session
from lti_tool.web.routes import PUBLIC, Here
from lti_tool.web.runtime import runtime

__all__ = ["accept_views", "room", "tab_views"]


@room.get("/login", access=PUBLIC, transaction="own", endpoint="login_by_get")
@room.post("/login", access=PUBLIC, transaction="own", endpoint="login")
def start_login(here: Here) -> ResponseReturnValue:
    """A platform starts a launch: sent on at once."""
    try:
        sent = login.start(
            runtime().database,
            request.form if request.method == "POST" else request.args,
            base_url=here.settings.base_url,
            now=here.now,
        )
    except LaunchRefused as refused:
        raise _noted(refused) from None
    response = redirected(sent.url, 302)
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
        outcome = _take_in(checked, here)
    except LaunchRefused as refused:
        raise _noted(refused) from None
    if isinstance(outcome, operations.Held):
        response = tab_views.held_page(outcome, checked)
    else:
        response = session.attach(redirected(outcome.path, 303), outcome.token)
    forget_state_cookie(response, checked.state)
    return response


def _take_in(checked: operations.Launch, here: Here) -> operations.WalkedIn | operations.Held:
    """The one write transaction of a launch."""
    with runtime().database.writing() as db:
        operations.use_up(db, checked, now=here.now)
        accepted = operations.admit(db, checked, now=here.now)
        if accepted and checked.has_cookie:
            walked = operations.walk_in(db, checked, now=here.now)
            how = launches.way(proof="cookie", fetch_destination=request.headers.get("Sec-Fetch-Dest", ""))
            launches.count(db, checked, how, launches.device(_agent()), now=here.now)
            return walked
        if accepted:
            return operations.hold(db, checked, now=here.now)
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


def _platform_error(error: str) -> LaunchRefused:
    with runtime().database.reading() as db:
        platform = known.platform_of_state(db, hashed(request.form.get("state", "")))
    refused = of_platform_error(error)
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
