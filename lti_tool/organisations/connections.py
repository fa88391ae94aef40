"""What an admin decides about an LMS that is connected: its name, what it may tell us, who may frame us, on or off.

Every function takes the organisation first and raises `LookupError` for what isn't that organisation's.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.organisations.models import Deployment, Platform

MAX_FRAME_HOSTS = 20


@dataclass(frozen=True)
class Agreed:
    """What the LMS may tell us and we may ask it. `grades`: a learner may have their taking part confirmed there."""

    names: bool
    emails: bool
    roster: bool
    grades: bool


def rename_platform(
    db: Session, organisation_id: uuid.UUID, platform_id: uuid.UUID, name: str, *, now: datetime, by: uuid.UUID
) -> None:
    """What colleagues and admins read as the name of the LMS."""
    _change(db, organisation_id, platform_id, {"name": name}, "rename_platform", now, by)


def agree(
    db: Session, organisation_id: uuid.UUID, platform_id: uuid.UUID, agreed: Agreed, *, now: datetime, by: uuid.UUID
) -> None:
    """From now on; what came before stays until it is erased."""
    _change(db, organisation_id, platform_id, vars(agreed), "agree_platform", now, by)


def set_frame_hosts(
    db: Session, organisation_id: uuid.UUID, platform_id: uuid.UUID, hosts: str, *, now: datetime, by: uuid.UUID
) -> None:
    """Further origins that may frame us, as `frame_hosts` gave them."""
    _change(db, organisation_id, platform_id, {"frame_hosts": hosts}, "frame_platform", now, by)


def switch_platform(
    db: Session, organisation_id: uuid.UUID, platform_id: uuid.UUID, *, on: bool, now: datetime, by: uuid.UUID
) -> None:
    """Off: nobody comes in from there, and we ask it nothing."""
    values: dict[str, object] = {"switched_off_at": None if on else now}
    _change(db, organisation_id, platform_id, values, f"switch_platform_{'on' if on else 'off'}", now, by)


def _change(
    db: Session,
    organisation_id: uuid.UUID,
    platform_id: uuid.UUID,
    values: dict[str, object],
    action: str,
    now: datetime,
    by: uuid.UUID,
) -> None:
    mine = (Platform.id == platform_id, Platform.organisation_id == organisation_id)
    if db.scalar(update(Platform).where(*mine).values(**values).returning(Platform.id)) is None:
        raise LookupError("there is no such platform in this organisation")
    _note(db, organisation_id, action, f"platform:{platform_id}", now, by)


def rename_deployment(
    db: Session, organisation_id: uuid.UUID, deployment: uuid.UUID, name: str, *, now: datetime, by: uuid.UUID
) -> None:
    """What the admin calls this placement; empty is what the LMS calls it."""
    _change_deployment(db, organisation_id, deployment, {"name": name}, "rename_deployment", now, by)


def switch_deployment(
    db: Session, organisation_id: uuid.UUID, deployment: uuid.UUID, *, on: bool, now: datetime, by: uuid.UUID
) -> None:
    """Let nobody in from this placement, or everybody again. On also accepts one that waited."""
    values: dict[str, object] = {"switched_off_at": None if on else now}
    mine = (Deployment.id == deployment, Deployment.organisation_id == organisation_id)
    if on and db.scalar(select(Deployment.accepted_at).where(*mine)) is None:
        values["accepted_at"] = now
    _change_deployment(db, organisation_id, deployment, values, f"switch_deployment_{'on' if on else 'off'}", now, by)


def _change_deployment(
    db: Session,
    organisation_id: uuid.UUID,
    deployment: uuid.UUID,
    values: dict[str, object],
    action: str,
    now: datetime,
    by: uuid.UUID,
) -> None:
    mine = (Deployment.id == deployment, Deployment.organisation_id == organisation_id)
    if db.scalar(update(Deployment).where(*mine).values(**values).returning(Deployment.id)) is None:
        raise LookupError("there is no such deployment in this organisation")
    _note(db, organisation_id, action, f"deployment:{deployment}", now, by)


def _note(db: Session, organisation_id: uuid.UUID, action: str, subject: str, now: datetime, by: uuid.UUID) -> None:
    audit.note(
        db, organisation_id=organisation_id, actor_id=by, action=f"organisations.{action}", subject=subject, now=now
    )


def frame_hosts(text: str, reach: Reach) -> str:
    """Origins as they are stored, from lines or words that an admin typed: a host, or an address of which the host
    counts. Raises `WrongInput` with what is wrong with which."""
    found: dict[str, None] = {}
    for word in text.replace(",", " ").split():
        address = word if "://" in word else f"https://{word}"
        parts = urlsplit(reach.check(address, word[:100]))
        host = (parts.hostname or "").lower()
        if not host.isascii() or not all(c.isalnum() or c in ".-" for c in host):
            raise WrongInput(f"{word[:100]} is not the name of a host, such as learn.hospital.example.")
        found[f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")] = None
    if len(found) > MAX_FRAME_HOSTS:
        raise WrongInput(f"These are more than {MAX_FRAME_HOSTS} hosts.")
    joined = " ".join(found)
    if len(joined) > 1000:
        raise WrongInput("These hosts together are longer than 1000 characters.")
    return joined
