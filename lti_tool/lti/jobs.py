"""What the schedule does for the front door."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.jobs.schedule import Work, task
from lti_tool.lti import launches, operations


@task("lti: clear logins and tickets", every=timedelta(minutes=15))
def clear(work: Work) -> None:
    """Logins nobody came back from, and tickets nobody used."""
    operations.clear(work.db, work.now)


@task("lti: clear the launch log", every=timedelta(hours=6))
def clear_launches(work: Work) -> None:
    """Counts and refusals of over 30 days ago, and moments of before yesterday."""
    launches.clear(work.db, work.now)
