"""Everything that changes organisations, networks and platforms. Only stores: no LMS is contacted."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert, new_id
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.organisations.models import Deployment, Organisation, Platform

PRODUCTS = ("moodle", "canvas", "other")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewPlatform:
    """An LMS to register, as an admin types it."""

    organisation: str
    """Slug of the organisation."""
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    deployment_ids: tuple[str, ...] = field(default=())
    """Without any, the first one seen is accepted and later ones wait for the admin."""
    product: str = "other"
    version: str = ""
    """As the LMS said when it registered itself."""
    names: bool = True
    emails: bool = True
    roster: bool = True
    grades: bool = False
    scopes: tuple[str, ...] | None = None
    """What the LMS granted; None when it was registered by hand."""


def add_organisation(db: Session, *, slug: str, name: str, now: datetime) -> uuid.UUID:
    """Make an organisation. Returns its id. Raises `WrongInput`."""
    slug, name = short_name(slug), plain_text(name, "The name", 200)
    if db.scalar(select(Organisation.id).where(Organisation.slug == slug)):
        raise WrongInput(f"There is an organisation called {slug} already.")
    organisation = Organisation(id=new_id(now), slug=slug, name=name, created_at=now)
    db.add(organisation)
    db.flush()
    audit.note(
        db,
        organisation_id=organisation.id,
        actor_id=None,
        action="organisations.add",
        subject=f"organisation:{organisation.id}",
        now=now,
    )
    return organisation.id


def add_platform(
    db: Session, new: NewPlatform, *, now: datetime, reach: Reach, by: uuid.UUID | None = None
) -> uuid.UUID:
    """Register an LMS. Returns the platform's id. Raises `WrongInput`."""
    organisation_id = db.scalar(select(Organisation.id).where(Organisation.slug == new.organisation))
    if organisation_id is None:
        raise WrongInput(f"There is no organisation called {new.organisation[:60]}.")
    values = checked_platform(new, reach)
    known = select(Platform.id).where(Platform.issuer == values["issuer"], Platform.client_id == values["client_id"])
    if db.scalar(known) or is_of_another(db, organisation_id, new):
        raise WrongInput(f"The platform {new.issuer} with client id {new.client_id} is registered already.")
    platform = Platform(id=new_id(now), organisation_id=organisation_id, created_at=now, key_fetches=[], **values)
    db.add(platform)
    db.flush()
    for deployment_id in dict.fromkeys(new.deployment_ids):
        accept_deployment(db, platform.id, deployment_id, now=now, by=by)
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=by,
        action="organisations.add_platform",
        subject=f"platform:{platform.id}",
        now=now,
    )
    return platform.id


def is_of_another(db: Session, organisation_id: uuid.UUID, new: NewPlatform) -> bool:
    """Whether the client id is that of another organisation's LMS, whatever issuer and addresses are given with it.

    All platforms share our key, and Moodle takes our signed word from whoever shows it (mod/lti/token.php looks at
    neither `aud` nor `jti`). So an admin who registers the client id of another hospital's Moodle, with a token
    address of their own, would be given the word that opens its rosters and grades. A Canvas looks at `aud`; on their
    own servers two of them may have the same numbers.
    """
    query = select(Platform.product, Platform.token_url).where(
        Platform.client_id == new.client_id.strip(), Platform.organisation_id != organisation_id
    )
    return any(not _apart(row.product, row.token_url, new.token_url) for row in db.execute(query))


def _apart(product: str, theirs: str, ours: str) -> bool:
    hosts = [(urlsplit(url.strip()).hostname or "").lower() for url in (theirs, ours)]
    hosted = any(f".{host}".endswith((".instructure.com", ".canvaslms.com")) for host in hosts)
    return product == "canvas" and not hosted and hosts[0] != hosts[1]


def checked_platform(new: NewPlatform, reach: Reach) -> dict[str, Any]:
    """The columns of a platform, checked. Raises `WrongInput`."""
    if new.product not in PRODUCTS:
        raise WrongInput(f"The product must be one of {', '.join(PRODUCTS)}.")
    return {
        "name": plain_text(new.name, "The name", 200),
        "issuer": reach.check(new.issuer, "The issuer"),
        "client_id": plain_text(new.client_id, "The client id", 255),
        "auth_url": reach.check(new.auth_url, "The authentication address"),
        "token_url": reach.check(new.token_url, "The token address"),
        "jwks_url": reach.check(new.jwks_url, "The key set address"),
        "product": new.product,
        "version": new.version[:100],
        "names": new.names,
        "emails": new.emails,
        "roster": new.roster,
        "grades": new.grades,
        "scopes": None if new.scopes is None else list(new.scopes),
    }


def accept_deployment(
    db: Session, platform_id: uuid.UUID, deployment_id: str, *, now: datetime, by: uuid.UUID | None = None
) -> uuid.UUID:
    """Let launches of this deployment in, whether it was seen before or not. Returns the id of its row."""
    deployment_id = plain_text(deployment_id, "The deployment id", 255)
    mine = (Deployment.platform_id == platform_id, Deployment.deployment_id == deployment_id)
    row = db.execute(select(Deployment.id, Deployment.accepted_at).where(*mine)).first()
    key: uuid.UUID
    if row is not None and row.accepted_at is not None:
        key = row.id
        return key
    organisation_id = db.scalar(select(Platform.organisation_id).where(Platform.id == platform_id))
    if organisation_id is None:
        raise WrongInput("There is no such platform.")
    if row is None:
        key = new_id(now)
        values = {
            "platform_id": platform_id,
            "organisation_id": organisation_id,
            "deployment_id": deployment_id,
        }
        db.execute(insert(db, Deployment).values(id=key, first_seen_at=now, accepted_at=now, **values))
    else:
        key = row.id
        db.execute(update(Deployment).where(Deployment.id == key).values(accepted_at=now))
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=by,
        action="organisations.accept_deployment",
        subject=f"deployment:{key}",
        now=now,
    )
    return key


MAX_WAITING = 100
"""Deployments of one platform that may wait for an admin; further ones are refused without a row."""


def see_new_deployment(
    db: Session, platform_id: uuid.UUID, organisation_id: uuid.UUID, deployment_id: str, *, now: datetime
) -> bool:
    """A launch came from a deployment without a row: it gets one. True when it is accepted, which only the
    first one of a platform is; the others wait for the admin."""
    # Locked, so that two first launches at the same moment don't both become the first; but not against those who
    # only point at the platform: they may hold the row of the counts that this launch writes last.
    db.execute(select(Platform.id).where(Platform.id == platform_id).with_for_update(key_share=True))
    theirs = select(Deployment.deployment_id, Deployment.accepted_at).where(Deployment.platform_id == platform_id)
    rows = {row.deployment_id: row.accepted_at for row in db.execute(theirs.limit(MAX_WAITING + 1))}
    if deployment_id in rows:
        return rows[deployment_id] is not None
    if len(rows) <= MAX_WAITING:
        row = {"platform_id": platform_id, "organisation_id": organisation_id, "deployment_id": deployment_id}
        seen = {"first_seen_at": now, "last_seen_at": now, "accepted_at": None if rows else now}
        db.execute(insert(db, Deployment).values(id=new_id(now), **row, **seen).on_conflict_do_nothing())
    return not rows


def see_deployment(db: Session, deployment: uuid.UUID, *, now: datetime) -> None:
    """Note that a launch came from this deployment."""
    db.execute(update(Deployment).where(Deployment.id == deployment).values(last_seen_at=now))


def short_name(slug: str) -> str:
    if len(slug) > 60 or not _SLUG.fullmatch(slug):
        raise WrongInput("A short name has small letters, digits and single hyphens (60 at most), such as de-linde.")
    return slug


def plain_text(text: str, what: str, most: int) -> str:
    text = text.strip()
    if not text:
        raise WrongInput(f"{what} is empty.")
    if len(text) > most:
        raise WrongInput(f"{what} is longer than {most} characters.")
    if not text.isprintable():
        raise WrongInput(f"{what} holds characters that can't be shown.")
    return text
