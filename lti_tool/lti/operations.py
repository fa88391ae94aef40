"""What a good launch does: use up its login, note the deployment, let the person arrive, and open the door.

Everything of one launch happens in one write transaction, at the end; nothing goes out meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Table, bindparam, delete, select, update

from lti_tool.db import Database, Session
from lti_tool.lms import operations as lms
from lti_tool.lti import claims as claims_of
from lti_tool.lti import known as known_of
from lti_tool.lti import notices
from lti_tool.lti.claims import Claims
from lti_tool.lti.keysets import KeySets
from lti_tool.lti.known import Known
from lti_tool.lti.library import hashed
from lti_tool.lti.message import Message, peek
from lti_tool.lti.models import LoginState, Picking, TabTicket
from lti_tool.lti.refusals import AlreadyUsed, LaunchRefused, SwitchedOff
from lti_tool.organisations import operations as organisations
from lti_tool.people import viewer as viewers
from lti_tool.people.operations import Arrival, arrive
from lti_tool.settings import Settings
from lti_tool.spaces.doors import enter_by_door
from lti_tool.spaces.links import Placement
from lti_tool.web import language, look, session

_SEEN_AGAIN = timedelta(hours=1)
OFFICE = {"reports": "hr", "admin": "admin"}
"""Pages that a link of the LMS may lead to, for people to whom the organisation itself gave the role."""
EITHER = "office"
"""What a menu of the whole LMS asks for, where there is room for one link: the console or the report. It is no course,
so who has no such role meets no door there but their spaces."""


# Made once, without the ORM: making a statement takes longer than running it.
_table = cast(Table, LoginState.__table__)
_login = _table.c
_USE_UP = (
    update(_table)
    .where(
        _login.state_hash == bindparam("state"),
        _login.nonce_hash == bindparam("nonce"),
        _login.platform_id == bindparam("platform"),
        _login.expires_at > bindparam("now"),
        _login.used_at.is_(None),
    )
    .values(
        used_at=bindparam("now"),
        session_hash=bindparam("session"),
        path=bindparam("page"),
        proof_hash=None,
        again=None,
    )
    .returning(_login.platform_id)
)


@dataclass(frozen=True)
class Launch:
    """A message that passed every check. Not used up yet."""

    known: Known
    claims: Claims
    state: str
    has_cookie: bool

    @property
    def kind(self) -> Literal["link", "pick"]:
        """A link in a course, or a teacher who picks one."""
        return "pick" if self.claims.deep_linking else "link"

    @property
    def role(self) -> Literal["learner", "teacher", "admin"]:
        """For counting, see `roles.kind`."""
        return self.claims.role

    @property
    def placement(self) -> Placement:
        """The place in the course."""
        said = self.claims
        return Placement(
            organisation_id=self.known.platform.organisation_id,
            platform_id=self.known.platform.id,
            context_id=said.context_id,
            resource_link_id=said.resource_link_id,
            title=said.resource_link_title,
            context_title=said.context_title,
            teaches=said.teaches,
            space_slug=said.space_slug,
            page=said.page,
            placed=said.placed,
            link_history=said.link_history,
            context_history=said.context_history,
        )


@dataclass(frozen=True)
class WalkedIn:
    """The person is in: the session's token, and the path of the page."""

    token: str
    path: str


def check(
    database: Database,
    params: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    key_sets: KeySets,
    settings: Settings,
    now: datetime,
) -> Launch:
    """Check a launch. Reads once; asks the platform for its keys only when needed. Raises `LaunchRefused`."""
    token = peek(params.get("id_token", ""))
    language.use(_language_of(token.body))
    state = params.get("state", "")
    if not state or len(state) > 200:
        raise LaunchRefused("L02", "the state is missing")
    with database.reading() as db:
        place = claims_of.place(token.body)
        known = known_of.look_up(db, token.issuer, token.client_id, hashed(state), token.deployment_id, **place)
    if known is None:
        lms = claims_of.safe_origin(token.issuer, loopback=True)
        raise LaunchRefused("L03", "no such platform", lms=lms, deployment=token.deployment_id)
    look.use(known.platform.look)
    try:
        if known.platform.switched_off_at:
            raise SwitchedOff("the platform is switched off")
        if known.login is None:
            raise LaunchRefused("L02", "no such login: old, or of another platform")
        if known.login.used_at:
            raise AlreadyUsed("the login was used before")
        platform = known.platform
        message = Message(
            params,
            cookies,
            known,
            known.login,
            find_key=lambda kid: key_sets.key(
                platform.id, platform.jwks_url, platform.key_set, kid, fetched_at=platform.key_set_fetched_at
            ),
            now=now,
        )
        claims = message.read(loopback=settings.loopback)
    except LaunchRefused as refused:
        place = {"lms": known.platform.name, "deployment": token.deployment_id}
        raise refused.about(**place, platform_id=known.platform.id) from None
    return Launch(known, claims, state, message.has_cookie)


def use_up(db: Session, launch: Launch, walked: WalkedIn | None = None, *, now: datetime) -> None:
    """Use up the login of a launch: of two launches with the same state and nonce, one gets through, and what the
    other did is rolled back. `walked`: where it led to, if it led in. Raises `LaunchRefused`."""
    login = launch.known.login
    asked = {
        "state": hashed(launch.state),
        "nonce": login.nonce_hash if login else b"",
        "platform": launch.known.platform.id,
        "session": session.token_hash(walked.token) if walked else None,
        "page": walked.path if walked else "",
        "now": now,
    }
    used = db.connection().execute(_USE_UP, asked).first()
    if used is None:
        place = {"lms": launch.known.platform.name, "deployment": launch.claims.deployment_id}
        refused = AlreadyUsed("the login was used meanwhile")
        raise refused.about(**place, platform_id=launch.known.platform.id)


def admit(db: Session, launch: Launch, *, now: datetime) -> bool:
    """Note where a launch came from. False when that deployment waits for the admin. Raises `LaunchRefused` when the
    admin switched it off."""
    platform, deployment = launch.known.platform, launch.known.deployment
    if deployment is not None and deployment.switched_off:
        place = {"lms": platform.name, "deployment": launch.claims.deployment_id}
        raise SwitchedOff("the deployment is switched off").about(**place, platform_id=platform.id)
    if deployment is None:
        name = launch.claims.deployment_id
        accepted = organisations.see_new_deployment(db, platform.id, platform.organisation_id, name, now=now)
    else:
        accepted = deployment.accepted
        if deployment.last_seen_at is None or now - deployment.last_seen_at >= _SEEN_AGAIN:
            organisations.see_deployment(db, deployment.id, now=now)
    if accepted:
        _note_services(db, launch, now)
    if accepted and deployment is not None:
        notices.ask(db, deployment, launch.claims.services.notices_url, platform.id, now=now)
    return accepted


def _note_services(db: Session, launch: Launch, now: datetime) -> None:
    """What the LMS offers for this course is noted when it changed, or when the course was last seen a week ago."""
    said, known = launch.claims, launch.known
    if not said.context_id or not said.resource_link_id:
        return
    offered = replace(said.services, notices_url="")
    seen = known.course_seen_at
    if offered == known.services and (offered == lms.NONE or (seen is not None and now - seen < lms.SEEN_AGAIN)):
        return
    of_link = offered.lineitem_url != known.services.lineitem_url
    place = (known.platform.id, said.context_id, said.resource_link_id)
    lms.note_services(db, *place, offered, of_link=of_link, now=now)


def walk_in(db: Session, launch: Launch, *, now: datetime) -> WalkedIn:
    """Let the person in by the door of the link, and use the launch up. The LMS's roles say no more than who may open
    a door. Raises `LaunchRefused`."""
    said = launch.claims
    token = session.begin(
        db,
        person_of(db, launch, now=now),
        now=now,
        frame_hosts=said.frame_hosts,
        frame_token=said.frame_token,
        back_href=said.back_href,
        back_label=said.back_label,
        counted=said.counted,
        language=said.language,
    )
    walked = WalkedIn(token, enter(db, token, launch.placement, now))
    use_up(db, launch, walked, now=now)
    return walked


def led_to(db: Session, state: str, token: str | None, *, now: datetime) -> str | None:
    """The page that a used launch led to, when the browser that shows it again has the same session still: for the
    way on from the page that says so. It lets nobody in a second time."""
    if not token or not state:
        return None
    mine = (LoginState.state_hash == hashed(state), LoginState.session_hash == session.token_hash(token))
    path = db.scalar(select(LoginState.path).where(*mine))
    return path if path and viewers.load(db, token, now) else None


def clear(db: Session, now: datetime) -> None:
    """Remove the logins and tickets whose time is over."""
    db.execute(delete(LoginState).where(LoginState.expires_at <= now))
    db.execute(delete(TabTicket).where(TabTicket.expires_at <= now))
    db.execute(delete(Picking).where(Picking.expires_at <= now))


def person_of(db: Session, launch: Launch, *, now: datetime) -> uuid.UUID:
    """Who came, made when new. An LMS may send more than its admin lets through here: that is not kept."""
    said, platform = launch.claims, launch.known.platform
    return arrive(
        db,
        Arrival(
            organisation_id=platform.organisation_id,
            platform_id=platform.id,
            subject=said.subject,
            name=said.name if platform.names else "",
            email=said.email if platform.emails else "",
            staff_number=said.staff_number,
            number_from_link=said.number_from_link,
            is_test=said.is_test,
        ),
        now=now,
    )


def enter(db: Session, token: str, placement: Placement, now: datetime) -> str:
    """Open the door of a place in a course to whom a session belongs. Returns the path of the page."""
    viewer = viewers.load(db, token, now)
    if viewer is None:
        raise LaunchRefused("L02", "the session ended at once")
    if path := _office(placement.page, viewer.roles):
        return path
    return enter_by_door(db, viewer, placement, now=now)


def _office(page: str, roles: frozenset[str]) -> str:
    """The page of the organisation that a link leads to, or empty for an ordinary door."""
    if page == EITHER:
        found = next((name for name in ("admin", "reports") if OFFICE[name] in roles), "")
        return f"/{found or 'spaces'}"
    return f"/{page}" if OFFICE.get(page) in roles else ""


def _language_of(body: Mapping[str, Any]) -> str | None:
    """The language of a token that is not believed yet, for the page that may refuse it."""
    presentation = body.get(claims_of.LTI + "launch_presentation")
    said = presentation.get("locale") if isinstance(presentation, dict) else None
    return claims_of.text(said) or claims_of.text(body.get("locale")) or None
