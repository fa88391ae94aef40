"""What the schedule does for organisations and their LMSs."""

from __future__ import annotations

from datetime import timedelta

from lti_tool.db.encryption import Cipher
from lti_tool.jobs.schedule import Work, task
from lti_tool.organisations import keys, registration


@task("keys: one is ready, old ones go", every=timedelta(hours=1))
def tend_keys(work: Work) -> None:
    """A key that takes over was published before; who is over loses its private half."""
    keys.clear(work.db, Cipher(work.settings.encryption_key), now=work.now)


@task("organisations: clear old invitation codes", every=timedelta(hours=24))
def clear_codes(work: Work) -> None:
    """Codes for registering an LMS, a month after their time."""
    registration.clear_codes(work.db, work.now)
