"""Everything that reads organisations, networks and platforms."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from lti_tool.db import Session
from lti_tool.organisations.models import Deployment, NetworkMember, Organisation, Platform


@dataclass(frozen=True)
class OrganisationRow:
    """An organisation."""

    id: uuid.UUID
    slug: str
    name: str


@dataclass(frozen=True)
class DeploymentRow:
    """A deployment of a platform; `accepted` is False while it waits for the admin."""

    id: uuid.UUID
    deployment_id: str
    accepted: bool
    first_seen_at: datetime
    last_seen_at: datetime | None
    name: str = ""
    """What the admin calls it; empty is its id."""
    switched_off: bool = False


@dataclass(frozen=True)
class PlatformRow:
    """A platform with its deployments, for lists."""

    id: uuid.UUID
    organisation: str
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    product: str
    key_set_fetched_at: datetime | None
    version: str
    names: bool
    emails: bool
    roster: bool
    grades: bool
    scopes: list[str] | None
    """What the LMS granted; None when it was registered by hand."""
    frame_hosts: str
    created_at: datetime
    switched_off_at: datetime | None
    deployments: tuple[DeploymentRow, ...]


def organisation_by_slug(db: Session, slug: str) -> OrganisationRow | None:
    """The organisation with this short name."""
    row = db.execute(_organisation().where(Organisation.slug == slug)).first()
    return OrganisationRow(row.id, row.slug, row.name) if row else None


def organisation(db: Session, organisation_id: uuid.UUID) -> OrganisationRow | None:
    """The organisation with this id."""
    row = db.execute(_organisation().where(Organisation.id == organisation_id)).first()
    return OrganisationRow(row.id, row.slug, row.name) if row else None


def organisations(db: Session) -> list[OrganisationRow]:
    """All organisations, by name. For commands, not for pages."""
    return [
        OrganisationRow(row.id, row.slug, row.name) for row in db.execute(_organisation().order_by(Organisation.name))
    ]


def networks_of(db: Session, organisation_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The networks an organisation is in."""
    query = select(NetworkMember.network_id).where(NetworkMember.organisation_id == organisation_id)
    return frozenset(db.scalars(query))


def platforms(db: Session, organisation_id: uuid.UUID | None = None) -> list[PlatformRow]:
    """The platforms of an organisation, or of all for the command line, with deployments. Two queries."""
    of_platform: dict[uuid.UUID, list[DeploymentRow]] = {}
    found = select(
        Deployment.platform_id,
        Deployment.id,
        Deployment.deployment_id,
        Deployment.accepted_at,
        Deployment.first_seen_at,
        Deployment.last_seen_at,
        Deployment.name,
        Deployment.switched_off_at,
    ).order_by(Deployment.first_seen_at, Deployment.id)
    query = (
        select(
            Platform.id,
            Organisation.slug.label("organisation"),
            Platform.name,
            Platform.issuer,
            Platform.client_id,
            Platform.auth_url,
            Platform.token_url,
            Platform.jwks_url,
            Platform.product,
            Platform.key_set_fetched_at,
            Platform.version,
            Platform.names,
            Platform.emails,
            Platform.roster,
            Platform.grades,
            Platform.scopes,
            Platform.frame_hosts,
            Platform.created_at,
            Platform.switched_off_at,
        )
        .join(Organisation, Organisation.id == Platform.organisation_id)
        .order_by(Organisation.slug, Platform.name, Platform.id)
    )
    if organisation_id is not None:
        found = found.where(Deployment.organisation_id == organisation_id)
        query = query.where(Platform.organisation_id == organisation_id)
    for platform_id, key, deployment_id, accepted_at, first, last, name, off_at in db.execute(found):
        row = DeploymentRow(key, deployment_id, accepted_at is not None, first, last, name, off_at is not None)
        of_platform.setdefault(platform_id, []).append(row)
    return [
        PlatformRow(**row, deployments=tuple(of_platform.get(row["id"], ()))) for row in db.execute(query).mappings()
    ]


def _organisation() -> Select[uuid.UUID, str, str]:
    return select(Organisation.id, Organisation.slug, Organisation.name)
