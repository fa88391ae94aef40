"""What the schedule does for the front door."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select

from connectors.http import ConnectorError
from lti_tool.jobs.queue import Job, Later, enqueue, work
from lti_tool.jobs.schedule import Work, task
from lti_tool.lti import launches, notices, operations, registration
from lti_tool.lti.keysets import RENEW, KeySets
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform

KEY_SET = "lti key set"

work(notices.KIND)(notices.register)


@task("lti: clear logins and tickets", every=timedelta(minutes=15))
def clear(work: Work) -> None:
    """Logins nobody came back from, and tickets nobody used."""
    operations.clear(work.db, work.now)
    notices.clear(work.db, work.now)


@task("lti: clear the launch log", every=timedelta(hours=6))
def clear_launches(work: Work) -> None:
    """Counts and refusals of over 30 days ago, and moments of before yesterday."""
    launches.clear(work.db, work.now)


@task("lti: read the key sets of LMSs again", every=timedelta(hours=1))
def renew_key_sets(work: Work) -> None:
    """Those that are nearly a day old, so that no launch has to, and no withdrawn key is trusted for longer."""
    old = (Platform.key_set_fetched_at <= work.now - RENEW, Platform.switched_off_at.is_(None))
    for platform_id in work.db.scalars(select(Platform.id).where(*old)):
        enqueue(work.db, KEY_SET, str(platform_id), now=work.now, lane=f"keys:{platform_id}")


@work(KEY_SET)
def renew_key_set(job: Job) -> None:
    """Read one again. A platform that is gone meanwhile has none."""
    platform_id, now = uuid.UUID(job.key), job.clock()
    with job.database.reading() as db:
        if db.get(Platform, platform_id) is None:
            return
    try:
        KeySets(job.database, reach=Reach.of(job.settings), now=now).renew(platform_id)
    except ConnectorError as error:
        raise Later(type(error).__name__) from None


@task("lti: clear registrations", every=timedelta(minutes=15))
def clear_registrations(work: Work) -> None:
    """Tokens of LMSs that asked to be registered over an hour ago, and the rest of it a day later."""
    registration.clear(work.db, work.now)
