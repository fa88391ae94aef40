"""Every night: fold and forget."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.activity import operations, partitions
from lti_tool.jobs.schedule import Work, task


@task("fold activity", every=timedelta(hours=24))
def fold(work: Work) -> None:
    """Fold raw activity and forget what is older than 90 days."""
    operations.fold(work.db, work.settings.secret_key, work.now)


@task("make partitions ahead", every=timedelta(hours=24))
def make_partitions(work: Work) -> None:
    """The coming months, on PostgreSQL."""
    partitions.make_ahead(work.db, work.now.date())
