"""An admin lets in a deployment that waits, from the page that refused their own launch."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select

from lti_tool.db import Session, insert
from lti_tool.lti.library import hashed
from lti_tool.lti.models import TabTicket
from lti_tool.lti.operations import Launch
from lti_tool.lti.refusals import LaunchRefused
from lti_tool.lti.tickets import HELD, take
from lti_tool.organisations.models import Platform
from lti_tool.organisations.operations import accept_deployment
from lti_tool.people.models import Grant, Identity


def offer_to_accept(db: Session, launch: Launch, *, now: datetime) -> str:
    """For the page of a deployment that waits: a ticket for its one button, when it is the organisation's own admin
    who came; else empty. What the LMS says of their role counts for nothing."""
    platform = launch.known.platform
    theirs = (Identity.platform_id == platform.id, Identity.subject == launch.claims.subject)
    admin = (Grant.role == "admin", Grant.organisation_id == platform.organisation_id)
    person_id = db.scalar(
        select(Grant.person_id).join(Identity, Identity.person_id == Grant.person_id).where(*theirs, *admin)
    )
    if person_id is None:
        return ""
    ticket = secrets.token_urlsafe(32)
    row = {
        "kind": "allow",
        "person_id": person_id,
        "platform_id": platform.id,
        "placement": {"deployment": launch.claims.deployment_id},
        "language": launch.claims.language,
        "expires_at": now + HELD,
    }
    db.execute(insert(db, TabTicket).values(token_hash=hashed(ticket), **row))
    return ticket


def accept_by_ticket(db: Session, ticket: str, *, now: datetime) -> str:
    """Let the deployment of the ticket in, if whom it was given to still is an admin. Returns the language of the
    page. Raises `LaunchRefused`."""
    held = take(db, ticket, "allow", None, now)
    organisation_id = db.scalars(select(Platform.organisation_id).where(Platform.id == held["platform_id"])).one()
    admin = (Grant.role == "admin", Grant.organisation_id == organisation_id)
    if db.scalar(select(Grant.person_id).where(Grant.person_id == held["person_id"], *admin)) is None:
        raise LaunchRefused("L08", "no longer an admin")
    deployment = held["placement"]["deployment"]
    accept_deployment(db, held["platform_id"], deployment, now=now, by=held["person_id"])
    return str(held["language"])
