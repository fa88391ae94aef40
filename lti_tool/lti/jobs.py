"""What the schedule does for the front door."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.jobs.schedule import Work, task
from lti_tool.lti import operations


@task("lti: clear logins and tickets", every=timedelta(minutes=15))
def clear(work: Work) -> None:
    """Logins nobody came back from, and tickets nobody used."""
    operations.clear(work.db, work.now)
