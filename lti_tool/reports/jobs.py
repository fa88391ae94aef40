"""Every day: take the figures that are a week old. Every hour: forget tokens that are over."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.jobs.schedule import Work, task
from lti_tool.organisations import queries as organisations
from lti_tool.reports import limits, operations
from lti_tool.web.language import local

log = structlog.get_logger()


@task("report snapshots", every=timedelta(hours=24))
def snapshots(work: Work) -> None:
    """Take what is due, for each organisation by itself, and forget what a frozen year needs no more."""
    for organisation in organisations.organisations(work.db):
        try:
            with work.db.begin_nested():
                operations.take_due_snapshots(work.db, work.settings, organisation.id, now=work.now)
                operations.forget_frozen_year(work.db, organisation.id, local(work.now).year - 1)
        except (ValueError, SQLAlchemyError) as error:  # the others still get theirs
            log.error("snapshot failed", organisation=str(organisation.id), error=type(error).__name__)


@task("clear api tokens", every=timedelta(hours=1))
def clear_tokens(work: Work) -> None:
    """Tokens that are over, and who asked for one."""
    operations.clear_tokens(work.db, now=work.now)
    limits.clear(work.db, now=work.now)
