"""Every night: forget who left long ago."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.jobs.schedule import Work, task
from lti_tool.spaces import operations


@task("forget departures", every=timedelta(hours=24))
def forget_departures(work: Work) -> None:
    """Who left more than 90 days ago."""
    operations.forget_departures(work.db, work.now)
