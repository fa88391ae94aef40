"""What the database knows of the platform, the login and the deployment of one request. One query."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pylti1p3.registration import Registration
from sqlalchemy import bindparam, select

from lti_tool.db import Session
from lti_tool.lms.models import LmsCourse, LmsLink
from lti_tool.lms.operations import NONE, CourseServices
from lti_tool.lti.claims import Origin
from lti_tool.lti.models import LoginState
from lti_tool.organisations.models import Deployment, Organisation, Platform
from lti_tool.web.look import Look, look


@dataclass(frozen=True)
class KnownPlatform:
    """A registered platform."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    product: str
    frame_hosts: str
    key_set: Sequence[dict[str, Any]] | None
    switched_off_at: datetime | None = None
    """The admin lets nobody in from there since then."""
    key_set_fetched_at: datetime | None = None
    names: bool = True
    """Whether the admin lets names through; else what the LMS sends of it is not kept."""
    emails: bool = True
    organisation_slug: str = ""
    organisation_name: str = ""
    accent: str = ""
    logo_hash: str = ""

    @property
    def look(self) -> Look | None:
        """Of the organisation's pages, for those that come before a session."""
        return look(self.organisation_slug, self.organisation_name, self.accent, self.logo_hash)

    @property
    def origin(self) -> Origin:
        """What matters to reading its tokens."""
        return Origin(self.issuer, self.auth_url, self.product, self.frame_hosts, self.token_url)

    def registration(self) -> Registration:
        """As the library wants it, without keys."""
        return (
            Registration()
            .set_issuer(self.issuer)
            .set_client_id(self.client_id)
            .set_auth_login_url(self.auth_url)
            .set_auth_token_url(self.token_url)
            .set_key_set_url(self.jwks_url)
        )


@dataclass(frozen=True)
class KnownLogin:
    """The login that a launch answers."""

    nonce_hash: bytes
    target_link_uri: str
    deployment_id: str
    created_at: datetime
    expires_at: datetime
    proof_hash: bytes | None
    """Of what our page put into the platform's storage."""
    storage_target: str
    used_at: datetime | None


@dataclass(frozen=True)
class KnownDeployment:
    """A deployment that was seen or typed in before."""

    id: uuid.UUID
    accepted: bool
    last_seen_at: datetime | None
    switched_off: bool = False
    notices_url: str = ""
    notices_asked_at: datetime | None = None


@dataclass(frozen=True)
class Known:
    """All of it; a login or deployment that isn't there is None."""

    platform: KnownPlatform
    login: KnownLogin | None
    deployment: KnownDeployment | None
    services: CourseServices = NONE
    """Of the course and the link, as noted before; what notices it offers is not kept."""
    course_seen_at: datetime | None = None


_PLATFORM = (
    Platform.id,
    Platform.organisation_id,
    Platform.name,
    Platform.issuer,
    Platform.client_id,
    Platform.auth_url,
    Platform.token_url,
    Platform.jwks_url,
    Platform.product,
    Platform.frame_hosts,
    Platform.key_set,
    Platform.switched_off_at,
    Platform.key_set_fetched_at,
    Platform.names,
    Platform.emails,
    Organisation.slug,
    Organisation.name,
    Organisation.accent,
    Organisation.logo_hash,
)
_OWNER = Organisation.id == Platform.organisation_id
_LOGIN = (
    LoginState.nonce_hash,
    LoginState.target_link_uri,
    LoginState.deployment_id,
    LoginState.created_at,
    LoginState.expires_at,
    LoginState.proof_hash,
    LoginState.storage_target,
    LoginState.used_at,
)
_DEPLOYMENT = (
    Deployment.id,
    Deployment.accepted_at,
    Deployment.last_seen_at,
    Deployment.switched_off_at,
    Deployment.notices_url,
    Deployment.notices_asked_at,
)
_COURSE = (
    LmsCourse.memberships_url,
    LmsCourse.lineitems_url,
    LmsCourse.scopes,
    LmsCourse.seen_at,
    LmsLink.lineitem_url,
)


def platform_for_login(db: Session, issuer: str, client_id: str) -> KnownPlatform | None:
    """The platform of a login. Without a client id the issuer must have exactly one platform."""
    query = select(*_PLATFORM).join(Organisation, _OWNER).where(Platform.issuer == issuer).limit(2)
    if client_id:
        query = query.where(Platform.client_id == client_id)
    rows = db.execute(query).all()
    return KnownPlatform(*rows[0]) if len(rows) == 1 else None


# Made once: a launch has a budget of a few milliseconds, and making a statement takes longer than running it.
_LAUNCH = (
    select(*_PLATFORM, *_LOGIN, *_DEPLOYMENT, *_COURSE)
    .join(Organisation, _OWNER)
    .outerjoin(
        LoginState,
        (LoginState.platform_id == Platform.id) & (LoginState.state_hash == bindparam("state_hash")),
    )
    .outerjoin(
        Deployment,
        (Deployment.platform_id == Platform.id) & (Deployment.deployment_id == bindparam("deployment_id")),
    )
    .outerjoin(LmsCourse, (LmsCourse.platform_id == Platform.id) & (LmsCourse.context_id == bindparam("context_id")))
    .outerjoin(
        LmsLink,
        (LmsLink.course_id == LmsCourse.id) & (LmsLink.resource_link_id == bindparam("resource_link_id")),
    )
    .where(Platform.issuer == bindparam("issuer"), Platform.client_id == bindparam("client_id"))
)


def look_up(
    db: Session,
    issuer: str,
    client_id: str,
    state_hash: bytes,
    deployment_id: str,
    *,
    context_id: str = "",
    resource_link_id: str = "",
) -> Known | None:
    """What is known for a launch; None when nobody registered this platform."""
    asked = {
        "issuer": issuer,
        "client_id": client_id,
        "state_hash": state_hash,
        "deployment_id": deployment_id,
        "context_id": context_id,
        "resource_link_id": resource_link_id,
    }
    row = db.execute(_LAUNCH, asked).first()
    if row is None:
        return None
    platform, rest = KnownPlatform(*row[: len(_PLATFORM)]), row[len(_PLATFORM) :]
    login, rest = rest[: len(_LOGIN)], rest[len(_LOGIN) :]
    (deployment, accepted_at, seen_at, off_at, *notices), course = rest[: len(_DEPLOYMENT)], rest[len(_DEPLOYMENT) :]
    memberships_url, lineitems_url, scopes, course_seen_at, lineitem_url = course
    return Known(
        platform,
        KnownLogin(*login) if login[0] is not None else None,
        KnownDeployment(deployment, accepted_at is not None, seen_at, off_at is not None, *notices)
        if deployment
        else None,
        CourseServices(memberships_url or "", lineitems_url or "", lineitem_url or "", tuple(scopes or ())),
        course_seen_at,
    )


def platform_of_state(db: Session, state_hash: bytes) -> KnownPlatform | None:
    """The platform that a login was sent on to, for what it answers instead of a token."""
    query = select(*_PLATFORM).join(Organisation, _OWNER).join(LoginState, LoginState.platform_id == Platform.id)
    row = db.execute(query.where(LoginState.state_hash == state_hash)).first()
    return KnownPlatform(*row) if row else None
