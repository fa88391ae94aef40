"""Notices of a platform: Canvas tells that a course was copied (LTI Platform Notification Service).

We ask for them once per deployment, when a launch says that we may. They are sent once and never again, so nothing
depends on them: a copy is also known by the key in its link, or by what a launch says of its history.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from connectors.http import ConnectorError, Refused
from lti_tool.db import Database, Session, insert
from lti_tool.jobs.queue import GiveUp, Job, Later, enqueue
from lti_tool.lms import tokens
from lti_tool.lti import claims
from lti_tool.lti.keysets import KeySets
from lti_tool.lti.known import KnownDeployment
from lti_tool.lti.message import peek, verified
from lti_tool.lti.models import NoticeSeen
from lti_tool.lti.offer import NOTICES_SCOPE
from lti_tool.lti.offered import CONTEXT_COPY
from lti_tool.lti.refusals import LaunchRefused
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Deployment, Platform
from lti_tool.spaces import links

KIND = "lti notices"
HELLO = "LtiHelloWorldNotice"
ASKED_AGAIN = timedelta(days=1)
MOST = 50
"""Notices in one delivery."""
MOST_ORIGINS = 20
REMEMBERED = timedelta(days=3)
"""Longer than a token may be old."""


@dataclass(frozen=True)
class Notice:
    """A notice that its platform signed."""

    id: str
    kind: str
    platform_id: uuid.UUID
    context_id: str
    origins: tuple[str, ...]


def address(base_url: str) -> str:
    """Where platforms send notices to."""
    return f"{base_url}/lti/notices"


def ask(db: Session, deployment: KnownDeployment, url: str, platform_id: uuid.UUID, *, now: datetime) -> None:
    """Let the platform be asked for notices, when it offers them and was not asked yet. Part of a launch: costs
    nothing when there is nothing to do."""
    waits = deployment.notices_asked_at
    if not url or (url == deployment.notices_url and (waits is None or now - waits < ASKED_AGAIN)):
        return
    asked = update(Deployment).where(Deployment.id == deployment.id)
    db.execute(asked.values(notices_url=url, notices_asked_at=now))
    enqueue(db, KIND, str(deployment.id), now=now, lane=f"platform:{platform_id}")


def register(job: Job) -> None:
    """Tell the platform where notices go. Doing it twice changes nothing there."""
    deployment = uuid.UUID(job.key)
    with job.database.reading() as db:
        columns = (Deployment.platform_id, Deployment.notices_url, Deployment.switched_off_at)
        row = db.execute(select(*columns).where(Deployment.id == deployment)).first()
    if row is None or not row.notices_url or row.switched_off_at:
        return
    try:
        services = tokens.services(
            job.database, row.platform_id, cipher=job.cipher, reach=Reach.of(job.settings), clock=job.clock
        )
    except LookupError as error:
        raise GiveUp(str(error)) from None
    try:
        _put(services, row.notices_url, CONTEXT_COPY, address(job.settings.base_url))
        with contextlib.suppress(Refused):  # it only greets
            _put(services, row.notices_url, HELLO, address(job.settings.base_url))
    except ConnectorError as error:
        raise Later(str(error)) from None
    done = update(Deployment).where(Deployment.id == deployment, Deployment.notices_url == row.notices_url)
    with job.database.writing() as db:
        db.execute(done.values(notices_asked_at=None))


def _put(services: tokens.Services, url: str, kind: str, handler: str) -> None:
    said = json.dumps({"notice_type": kind, "handler": handler})
    services.make_service_request([NOTICES_SCOPE], url, is_put=True, data=said)


def read(database: Database, token: str, *, key_sets: KeySets, now: datetime) -> Notice:
    """A notice, when an accepted deployment of a platform that we know signed it for us, and lately. Raises
    `LaunchRefused`."""
    seen = peek(token)
    columns = (Platform.id, Platform.issuer, Platform.client_id, Platform.jwks_url, Platform.key_set)
    query = (
        select(*columns, Platform.key_set_fetched_at)
        .join(Deployment, Deployment.platform_id == Platform.id)
        .where(
            Platform.issuer == seen.issuer,
            Platform.client_id == seen.client_id,
            Platform.switched_off_at.is_(None),
            Deployment.deployment_id == seen.deployment_id,
            Deployment.accepted_at.is_not(None),
            Deployment.switched_off_at.is_(None),
        )
    )
    with database.reading() as db:
        platform = db.execute(query).first()
    if platform is None:
        raise LaunchRefused("L03", "no such platform or deployment")
    body = verified(
        token,
        seen.header,
        issuer=platform.issuer,
        client_id=platform.client_id,
        find_key=lambda kid: key_sets.key(
            platform.id, platform.jwks_url, platform.key_set, kid, fetched_at=platform.key_set_fetched_at
        ),
        now=now,
    )
    try:
        return _notice(platform.id, body)
    except claims.BadClaim as error:
        raise LaunchRefused("L05", f"claim {error}", status=400) from None


def _notice(platform_id: uuid.UUID, body: dict[str, Any]) -> Notice:
    if body.get(claims.VERSION) != "1.3.0":
        raise claims.BadClaim("version")
    said = body.get(claims.LTI + "notice")
    if not isinstance(said, dict):
        raise claims.BadClaim("notice")
    name, kind = claims.identifier(said.get("id"), "notice.id"), claims.identifier(said.get("type"), "notice.type")
    if kind != CONTEXT_COPY:
        return Notice(name, kind, platform_id, "", ())
    context, origins = body.get(claims.LTI + "context"), body.get(claims.LTI + "origin_contexts")
    if not isinstance(context, dict) or not isinstance(origins, list):
        raise claims.BadClaim("context")
    found = tuple(claims.identifier(origin, "origin_contexts") for origin in origins[:MOST_ORIGINS])
    return Notice(name, kind, platform_id, claims.identifier(context.get("id"), "context.id"), found)


def take_in(db: Session, notices: Sequence[Notice], *, now: datetime) -> None:
    """Do what notices tell us to; one that came before does nothing."""
    for notice in notices:
        row = insert(db, NoticeSeen).values(platform_id=notice.platform_id, notice_id=notice.id, seen_at=now)
        new = db.execute(row.on_conflict_do_nothing().returning(NoticeSeen.notice_id)).first()
        if new and notice.kind == CONTEXT_COPY:
            links.note_copy(db, notice.platform_id, notice.context_id, notice.origins, now=now)


def clear(db: Session, now: datetime) -> None:
    """Forget which notices came, once their tokens are too old to be taken again."""
    db.execute(delete(NoticeSeen).where(NoticeSeen.seen_at <= now - REMEMBERED))
