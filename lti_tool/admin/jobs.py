"""Each connection is tested once it is there, and then every day: the status page tells of today."""

from __future__ import annotations

import contextlib
import uuid
from datetime import timedelta

from sqlalchemy import or_, select

from lti_tool.admin import checks
from lti_tool.jobs.queue import Job, enqueue, work
from lti_tool.jobs.schedule import Work, task
from lti_tool.organisations.models import Platform, PlatformTest

TEST = "admin: test a connection"
AGAIN = timedelta(hours=24)


@task("admin: test connections", every=timedelta(minutes=1))
def test_due(work: Work) -> None:
    """Put a test into the queue of each that is on and new, or was last tested a day ago."""
    due = or_(PlatformTest.started_at.is_(None), PlatformTest.started_at <= work.now - AGAIN)
    found = (
        select(Platform.id)
        .outerjoin(PlatformTest, PlatformTest.platform_id == Platform.id)
        .where(Platform.switched_off_at.is_(None), due)
    )
    for platform_id in work.db.scalars(found.order_by(Platform.id)).all():
        enqueue(work.db, TEST, str(platform_id), now=work.now, lane=f"platform:{platform_id}")


@work(TEST)
def test_one(job: Job) -> None:
    """Ask one LMS. What it answers is a finding, not a failure of this job."""
    with contextlib.suppress(LookupError):  # switched off or gone meanwhile
        checks.test_platform(
            job.database, uuid.UUID(job.key), settings=job.settings, cipher=job.cipher, clock=job.clock
        )
