"""Every night each connection is tested, so that the status page tells of today and not of the installation."""

from __future__ import annotations

import contextlib
import uuid
from datetime import timedelta

from sqlalchemy import select

from lti_tool.admin import checks
from lti_tool.jobs.queue import Job, enqueue, work
from lti_tool.jobs.schedule import Work, task
from lti_tool.organisations.models import Platform

TEST = "admin: test a connection"


@task("admin: test all connections", every=timedelta(hours=24))
def test_all(work: Work) -> None:
    """Put a test of each that is on into the queue, spread over an hour."""
    on = select(Platform.id).where(Platform.switched_off_at.is_(None)).order_by(Platform.id)
    for number, platform_id in enumerate(work.db.scalars(on)):
        due = work.now + timedelta(minutes=number % 60)
        enqueue(work.db, TEST, str(platform_id), now=work.now, due=due, lane=f"platform:{platform_id}")


@work(TEST)
def test_one(job: Job) -> None:
    """Ask one LMS. What it answers is a finding, not a failure of this job."""
    with contextlib.suppress(LookupError):  # switched off or gone meanwhile
        checks.test_platform(
            job.database, uuid.UUID(job.key), settings=job.settings, cipher=job.cipher, clock=job.clock
        )
