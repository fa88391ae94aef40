"""Every week: forget what is too old to be suggested."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.jobs.schedule import Work, task
from lti_tool.record import operations


@task("forget skipped suggestions", every=timedelta(days=7))
def forget(work: Work) -> None:
    """Forget the suggestions that were skipped over a year ago."""
    operations.forget_skipped(work.db, work.now)
