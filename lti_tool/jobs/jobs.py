"""Every night: forget the work that was left lying long ago."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.jobs import queue
from lti_tool.jobs.schedule import Work, task


@task("clear failed jobs", every=timedelta(hours=24))
def clear_failed(work: Work) -> None:
    """After a month."""
    queue.clear_failed(work.db, work.now)
