"""The organisation's console: does every connection work, and what waits for the admin."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.admin import (
    agreements,
    checks,
    launch_views,
    network_views,
    office_views,
    platform_views,
    queries,
    role_views,
    words,
)
from lti_tool.admin.observed import Checklist, checklist
from lti_tool.admin.pages import frame
from lti_tool.admin.room import ADMIN, room
from lti_tool.home import docs
from lti_tool.lti.offer import Addresses
from lti_tool.organisations.queries import PlatformRow, platforms
from lti_tool.web.errors import NotFound
from lti_tool.web.language import language, lazy
from lti_tool.web.pages import done, render
from lti_tool.web.routes import Here
from lti_tool.web.runtime import runtime

__all__ = ["launch_views", "network_views", "office_views", "platform_views", "role_views", "room"]
DONE = {
    "tested": lazy("Opnieuw getest."),
    "busy": lazy("Er loopt al een test. Ververs deze pagina over een paar tellen."),
    "privacy": lazy("Genoteerd: de privacytekst is vastgesteld."),
    "accepted": lazy("De plek staat aan. Collega’s kunnen nu naar binnen."),
}
"""By `?done=`, see `web.pages.done`."""


PAPERS = ("what-hr-sees", "what-is-mine", "privacy-officer")
"""Of the documentation: what goes to the works council."""


@dataclass(frozen=True)
class Shown:
    """One connection on the page."""

    platform: PlatformRow
    tested: Checklist
    connection: list[words.Point]
    arrivals: list[words.Point]
    verdict: words.Verdict


@room.get("/admin", access=ADMIN)
def status(here: Here) -> ResponseReturnValue:
    """One connection with all its points; the others by name. Without any: how to begin."""
    organisation_id = here.viewer.organisation_id
    mine = platforms(here.db, organisation_id)
    if not mine:
        return render("admin/empty.html", **frame(here, "/admin"))
    state = queries.state(here.db, organisation_id)
    own = agreements.agreements(here.db, organisation_id, state)
    own += agreements.background(here.db, platform_ids=[platform.id for platform in mine])
    shown = [_shown(here, platform, own) for platform in mine]
    asked = request.args.get("platform", "")
    worst = min(shown, key=lambda one: ("fault", "wait", "done").index(one.verdict.state))
    chosen = next((one for one in shown if str(one.platform.id) == asked), worst)
    lms = _lms(here, chosen.platform)
    return render(
        "admin/status.html",
        **frame(here, "/admin"),
        shown=chosen,
        others=shown if len(shown) > 1 else [],
        agreements=words.points(own, lms, now=here.now),
        notices=done(DONE),
    )


def _shown(here: Here, platform: PlatformRow, own: list[checks.Check]) -> Shown:
    found, lms = checklist(here.db, platform.id, now=here.now), _lms(here, platform)
    connection = words.points(found.connection, lms, now=here.now)
    arrivals = words.points(found.arrivals, lms, now=here.now)
    everything = [*connection, *arrivals, *words.points(own, lms, now=here.now)]
    off = platform.switched_off_at is not None
    return Shown(platform, found, connection, arrivals, words.verdict(platform.name, everything, off=off))


def _lms(here: Here, platform: PlatformRow) -> words.Lms:
    own = Addresses(here.settings.base_url).jwks
    return words.Lms(platform.name, platform.product, platform.issuer, platform.jwks_url, platform.client_id, own)


@room.post("/admin/platforms/<uuid:platform>/test", access=ADMIN, transaction="own")
def test(here: Here, platform: uuid.UUID) -> ResponseReturnValue:
    """Ask the LMS everything once more. Takes some seconds; a second click asks nothing."""
    rt = runtime()
    with rt.database.reading() as db:
        mine = {one.id for one in platforms(db, here.viewer.organisation_id) if not one.switched_off_at}
    if platform not in mine:
        raise NotFound(cause="a platform of another organisation, or one that is off, or none")
    found = checks.test_platform(rt.database, platform, settings=rt.settings, cipher=rt.cipher, clock=rt.clock)
    return redirect(f"/admin?platform={platform}&done={'busy' if found is None else 'tested'}", 303)


@room.post("/admin/agreements/<what>", access=ADMIN)
def acknowledge(here: Here, what: str) -> ResponseReturnValue:
    """The admin says that something was seen to."""
    try:
        agreements.acknowledge(here.db, here.viewer.organisation_id, what, now=here.now, by=here.viewer.person_id)
    except LookupError:
        raise NotFound(cause="no such agreement") from None
    onward = {"council": "/admin/council", "roles": "/admin/roles?done=looked", "privacy": "/admin?done=privacy"}
    return redirect(onward[what], 303)


@room.get("/admin/council", access=ADMIN)
def council(here: Here) -> ResponseReturnValue:
    """The papers for the works council on one page, to print."""
    pages = [docs.page(name, language()) for name in PAPERS]
    return render("admin/council.html", **frame(here, "/admin"), papers=[page for page in pages if page is not None])
