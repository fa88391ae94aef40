"""What an organisation sees to by itself: who has which role, its privacy text, the papers of its works council."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from lti_tool.admin.checks import Check
from lti_tool.admin.models import Acknowledgement
from lti_tool.admin.queries import State, failing_tasks
from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert
from lti_tool.jobs import queue
from lti_tool.people.models import Grant
from lti_tool.web.language import local

WHAT = ("roles", "privacy", "council")


def acknowledge(db: Session, organisation_id: uuid.UUID, what: str, *, now: datetime, by: uuid.UUID) -> None:
    """Note that it was seen to. Raises `LookupError` for something that nobody sees to."""
    if what not in WHAT:
        raise LookupError("there is no such agreement")
    row = insert(db, Acknowledgement).values(organisation_id=organisation_id, what=what, at=now)
    db.execute(row.on_conflict_do_update(index_elements=["organisation_id", "what"], set_={"at": now}))
    audit.note(db, organisation_id=organisation_id, actor_id=by, action=f"admin.acknowledge_{what}", now=now)


def agreements(db: Session, organisation_id: uuid.UUID, state: State) -> list[Check]:
    """The points that no test can see, and the staff list. Two queries."""
    columns = (Acknowledgement.what, Acknowledgement.at)
    said = {
        row.what: row.at
        for row in db.execute(select(*columns).where(Acknowledgement.organisation_id == organisation_id))
    }
    granted = select(func.count(Grant.role.distinct()), func.max(Grant.given_at))
    roles, latest = db.execute(granted.where(Grant.organisation_id == organisation_id)).one()
    # Who gave a role after they looked, looks once more.
    looked = "roles" in said and (latest is None or latest <= said["roles"])
    points = [Check("roles", "done" if looked else "wait", {"roles": roles, "again": "roles" in said})]
    for what in ("privacy", "council"):
        points.append(
            Check(what, "done", {"day": local(said[what]).date().isoformat()}) if what in said else Check(what, "wait")
        )
    matched = state.arrived - state.unmatched
    numbers = {"staff": state.staff, "arrived": state.arrived, "matched": matched}
    points.append(Check("staff", "done" if state.staff and matched else "wait", numbers))
    return points


def background(db: Session, *, platform_ids: Sequence[uuid.UUID]) -> list[Check]:
    """Work that failed: tasks of the whole installation, and jobs of these platforms that were left lying."""
    points = [Check("task", "fault", {"task": task}) for task in failing_tasks(db)]
    mine = {str(platform_id) for platform_id in platform_ids}
    lying = [job for job in queue.failed(db) if mine & set(job.key.split(":"))]
    if lying:
        points.append(Check("jobs", "fault", {"jobs": len(lying), "kind": lying[0].kind, "error": lying[0].error}))
    return points
