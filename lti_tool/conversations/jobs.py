"""Every night: forget old drafts."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.conversations import drafts
from lti_tool.jobs.schedule import Work, task


@task("clear drafts", every=timedelta(hours=24))
def clear_drafts(work: Work) -> None:
    """Drafts that nobody touched for 60 days."""
    drafts.clear(work.db, work.now)
