"""What the schedule does for service tokens."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from lti_tool.jobs.schedule import Work, task
from lti_tool.lms.models import ServiceToken


@task("lms: clear old service tokens", every=timedelta(hours=6))
def clear(work: Work) -> None:
    """A token is a secret: it goes when it is of no use."""
    work.db.execute(delete(ServiceToken).where(ServiceToken.expires_at <= work.now))
