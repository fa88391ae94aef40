"""Writing the trail."""

from __future__ import annotations

import uuid
from datetime import datetime

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Session, new_id


def note(
    db: Session,
    *,
    organisation_id: uuid.UUID,
    actor_id: uuid.UUID | None,
    action: str,
    subject: str = "",
    now: datetime,
) -> None:
    """Note a privileged act, in the transaction that does it."""
    db.add(
        AuditEntry(
            id=new_id(now),
            organisation_id=organisation_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
            at=now,
        )
    )
    db.flush()
