"""Where platforms send notices to. Machines only: no session, no page."""

from __future__ import annotations

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.lti import notices
from lti_tool.lti.keysets import KeySets
from lti_tool.lti.refusals import LaunchRefused
from lti_tool.lti.room import room
from lti_tool.organisations.addresses import Reach
from lti_tool.web.errors import log
from lti_tool.web.routes import PUBLIC, Here
from lti_tool.web.runtime import runtime


@room.post("/notices", access=PUBLIC, transaction="own", csrf=False, endpoint="notices")
def take_notices(here: Here) -> ResponseReturnValue:
    """A delivery: each notice in it proves itself. The good ones count; how many did not is answered."""
    try:
        said = request.get_json(force=True, silent=True)
    except RecursionError:  # nested a hundred thousand deep
        said = None
    listed = said.get("notices") if isinstance(said, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= notices.MOST:
        return jsonify(error="invalid_request"), 400
    rt = runtime()
    key_sets = KeySets(rt.database, reach=Reach.of(here.settings), now=here.now)
    good = []
    for one in listed:
        token = one.get("jwt") if isinstance(one, dict) else None
        try:
            good.append(
                notices.read(rt.database, token if isinstance(token, str) else "", key_sets=key_sets, now=here.now)
            )
        except LaunchRefused as refused:
            log.info("notice refused", code=refused.code, cause=refused.cause)
    if good:
        with rt.database.writing() as db:
            notices.take_in(db, good, now=here.now)
    if len(good) < len(listed):
        return jsonify(error="invalid_request", refused=len(listed) - len(good)), 400
    return Response(status=204)
