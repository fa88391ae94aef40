"""Every hour: forget sessions that ended and receipts nobody can need any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from lti_tool.jobs.schedule import Work, task
from lti_tool.web import session
from lti_tool.web.models import FormReceipt


@task("clear sessions", every=timedelta(hours=1))
def clear_sessions(work: Work) -> None:
    """Sessions that ended."""
    session.clear(work.db, work.now)


@task("clear form receipts", every=timedelta(hours=24))
def clear_receipts(work: Work) -> None:
    """Receipts older than two days."""
    work.db.execute(delete(FormReceipt).where(FormReceipt.created_at < work.now - timedelta(days=2)))
