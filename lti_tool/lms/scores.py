"""Bringing a confirmation to the gradebook (Assignment and Grade Services 2.0): find or make its column once, post a
score that is later than the last one, and say in a word what came of it.

Media types are exact and go with every request: Moodle answers 400 to others. Nothing is sent but that somebody
completed it: no text, no number of posts.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from sqlalchemy import func, or_, select, update

from connectors.http import BrokenAnswer, ConnectorError, Gone, NotAllowed, Refused, TryLater, origin
from lti_tool.db import insert
from lti_tool.jobs.queue import GiveUp, Job, Later
from lti_tool.lms import confirmations as why
from lti_tool.lms.confirmations import LINE_ITEM, SCORE
from lti_tool.lms.models import Confirmation, ConfirmingSpace, LineItem, LmsCourse, LmsLink
from lti_tool.lms.tokens import Services, services
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform
from lti_tool.people.models import Identity, Person
from lti_tool.spaces.models import Door

LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"
TAG = "leerkring"
COMMENT = {"nl": "voltooid", "en": "completed"}
"""The one word."""
MAKING = timedelta(minutes=3)
"""So long somebody may take to find or make a column, before another one tries."""
_COLUMN = {"nl": "meegedaan", "en": "took part"}


@dataclass(frozen=True)
class _Task:
    id: uuid.UUID
    wanted: bool
    asked_at: datetime
    sent_at: datetime | None
    space_id: uuid.UUID
    course_id: uuid.UUID
    resource_link_id: str
    platform_id: uuid.UUID
    product: str
    grades: bool
    off: bool
    lineitems_url: str
    lineitem_url: str
    subject: str
    language: str
    confirming: bool
    column: str
    """The name of the link, as the LMS called it."""


def send(job: Job) -> None:
    """Bring one confirmation, or its withdrawal, to the LMS. Raises `Later` or `GiveUp`."""
    task = _task(job)
    if task is None:
        return
    if task.off or not task.grades:
        _close(job, task, "failed", why.NO_GRADES)
        return
    if task.wanted and not task.confirming:
        _close(job, task, "failed", why.OFF)
        return
    try:
        lms = services(job.database, task.platform_id, cipher=job.cipher, reach=Reach.of(job.settings), clock=job.clock)
        column = task.lineitem_url or _column(job, task, lms)
        _post(job, task, lms, column)
    except TryLater as error:
        _wait(job, task)
        raise Later(str(error), error.after) from None
    except BrokenAnswer as error:
        _wait(job, task)
        raise Later(str(error)) from None
    except NotAllowed as error:
        _close(job, task, "failed", why.NOT_ALLOWED)
        raise GiveUp(str(error)) from None
    except Gone as error:
        _column_is_gone(job, task)
        if job.attempt == 1 and not task.lineitem_url:
            raise Later(str(error), timedelta(0)) from None
        _close(job, task, "failed", why.GONE)
    except Refused as error:
        _close(job, task, "failed", _meaning(task, error.status))
    except (ConnectorError, LookupError) as error:
        _close(job, task, "failed", why.REFUSED)
        raise GiveUp(type(error).__name__) from None
    else:
        _close(job, task, "arrived", "")


def _meaning(task: _Task, status: int) -> str:
    if status == 409:
        return why.NEWER
    if not task.wanted:
        return why.KEPT
    return why.NOT_A_LEARNER if status in {400, 422} else why.REFUSED


def _task(job: Job) -> _Task | None:
    query = (
        select(
            Confirmation.id, Confirmation.wanted, Confirmation.asked_at, Confirmation.sent_at,
            Confirmation.space_id, Confirmation.course_id, Confirmation.resource_link_id, Platform.id,
            Platform.product, Platform.grades, Platform.switched_off_at.is_not(None), LmsCourse.lineitems_url,
            func.coalesce(LmsLink.lineitem_url, ""), Identity.subject, Person.language,
            ConfirmingSpace.space_id.is_not(None), func.coalesce(Door.title, ""),
        )
        .join(LmsCourse, LmsCourse.id == Confirmation.course_id)
        .join(Platform, Platform.id == LmsCourse.platform_id)
        .join(Person, Person.id == Confirmation.person_id)
        .join(Identity, (Identity.person_id == Person.id) & (Identity.platform_id == Platform.id))
        .outerjoin(
            LmsLink,
            (LmsLink.course_id == LmsCourse.id) & (LmsLink.resource_link_id == Confirmation.resource_link_id),
        )
        .outerjoin(
            Door,
            (Door.platform_id == Platform.id)
            & (Door.context_id == LmsCourse.context_id)
            & (Door.resource_link_id == Confirmation.resource_link_id),
        )
        .outerjoin(ConfirmingSpace, ConfirmingSpace.space_id == Confirmation.space_id)
        .where(Confirmation.id == uuid.UUID(job.payload["confirmation"]), Confirmation.state == "waits")
        .order_by(Identity.id.desc())
    )  # fmt: skip
    with job.database.reading() as db:
        row = db.execute(query).first()
    return _Task(*tuple(row)) if row else None


def _post(job: Job, task: _Task, lms: Services, column: str) -> None:
    """Post the score. Its moment is stored before it goes: whatever becomes of this try, the next one is later."""
    stamp = job.clock()
    if task.sent_at:  # Moodle compares whole seconds
        stamp = max(stamp, task.sent_at + timedelta(seconds=1))
    with job.database.writing() as db:
        mine = (Confirmation.id == task.id, Confirmation.asked_at == task.asked_at)
        noted = update(Confirmation).where(*mine).values(sent_at=stamp).returning(Confirmation.id)
        if db.execute(noted).first() is None:
            raise TryLater("asked otherwise meanwhile", timedelta(0))
    body = score(task.subject, stamp, wanted=task.wanted, product=task.product, language=task.language)
    lms.make_service_request(
        [SCORE],
        below(column, "scores"),
        is_post=True,
        data=json.dumps(body),
        content_type=SCORE_TYPE,
        accept=SCORE_TYPE,
    )


def score(subject: str, stamp: datetime, *, wanted: bool, product: str, language: str) -> dict[str, Any]:
    """What is sent. A withdrawal is a score without one, by which an LMS may empty the cell."""
    moment = stamp.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whose = {"userId": subject, "timestamp": moment}
    if not wanted:
        return {**whose, "activityProgress": "Initialized", "gradingProgress": "NotReady"}
    # Without this, Canvas makes it a hand-in, which counts against the number of attempts.
    canvas = {CANVAS_SUBMISSION: {"new_submission": False}} if product == "canvas" else {}
    return {
        **whose,
        "scoreGiven": 1,
        "scoreMaximum": 1,
        "comment": COMMENT.get(language, COMMENT["nl"]),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        **canvas,
    }


def below(address: str, name: str) -> str:
    """`…/lineitem?type_id=1` to `…/lineitem/scores?type_id=1`: Moodle wants it before the query."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{name}", parts.query, ""))


def _column(job: Job, task: _Task, lms: Services) -> str:
    """The address of the column of this link and space: kept, found, or made. Only one process at a time gets there,
    because Moodle makes a second column when asked twice."""
    maker, now = secrets.token_hex(8), job.clock()
    key = {"course_id": task.course_id, "resource_link_id": task.resource_link_id, "space_id": task.space_id}
    mine = [getattr(LineItem, name) == value for name, value in key.items()]
    with job.database.writing() as db:
        db.execute(insert(db, LineItem).values(url="", maker="", **key).on_conflict_do_nothing())
        free = or_(LineItem.making_until.is_(None), LineItem.making_until <= now)
        claim = update(LineItem).where(*mine, LineItem.url == "", free)
        claimed = db.execute(claim.values(maker=maker, making_until=now + MAKING).returning(LineItem.space_id)).first()
        url = db.scalars(select(LineItem.url).where(*mine)).one()
    if url:
        return url
    if claimed is None:
        raise TryLater("somebody else makes the column", timedelta(seconds=5))
    found = ""
    try:
        found = _find(task, lms) or _make(task, lms)
    finally:
        with job.database.writing() as db:
            free_again = {"url": found, "maker": "", "making_until": None}
            db.execute(update(LineItem).where(*mine, LineItem.maker == maker).values(**free_again))
    return found


def _resource_id(task: _Task) -> str:
    return f"leerkring-{task.space_id}"


def _find(task: _Task, lms: Services) -> str:
    """The column that an earlier try made. Asked without `limit`, which breaks the next pages in Moodle."""
    if not task.lineitems_url:
        raise Gone("this course has no gradebook for us")
    joint = "&" if "?" in task.lineitems_url else "?"
    asked = f"{task.lineitems_url}{joint}{urlencode({'resource_id': _resource_id(task), 'tag': TAG})}"
    for page in lms.get_paginated_data([LINE_ITEM], asked, accept=LINE_ITEMS_TYPE):
        if not isinstance(page["body"], list):
            raise BrokenAnswer("the answer holds no line items")
        for item in page["body"]:
            # An LMS may not know these filters, and answer with all columns there are.
            if not isinstance(item, dict) or item.get("resourceId") != _resource_id(task):
                continue
            if str(item.get("resourceLinkId") or task.resource_link_id) == task.resource_link_id:
                return _address(item, task)
    return ""


def _make(task: _Task, lms: Services) -> str:
    """Make it. With the link's id: Canvas would make a new assignment otherwise, which all see."""
    word = _COLUMN.get(task.language, _COLUMN["nl"])
    item = {
        "label": f"{task.column or 'Leerkring'} ({word})"[:255],
        "scoreMaximum": 1,
        "resourceId": _resource_id(task),
        "tag": TAG,
        "resourceLinkId": task.resource_link_id,
    }
    answer = lms.make_service_request(
        [LINE_ITEM],
        task.lineitems_url,
        is_post=True,
        data=json.dumps(item),
        content_type=LINE_ITEM_TYPE,
        accept=LINE_ITEM_TYPE,
    )
    return _address(answer["body"], task)


def _address(item: Any, task: _Task) -> str:
    url = item.get("id") if isinstance(item, dict) else None
    if not isinstance(url, str) or len(url) > 1000 or origin(url) != origin(task.lineitems_url):
        raise BrokenAnswer("the line item has no address of its own host")
    return url


def _column_is_gone(job: Job, task: _Task) -> None:
    """The teacher took the column away: the next try makes it anew."""
    with job.database.writing() as db:
        mine = (
            LineItem.course_id == task.course_id,
            LineItem.resource_link_id == task.resource_link_id,
            LineItem.space_id == task.space_id,
        )
        db.execute(update(LineItem).where(*mine).values(url=""))


def _wait(job: Job, task: _Task) -> None:
    """It is tried again, unless this was the last time."""
    if job.last:
        _close(job, task, "failed", why.LATER)
    else:
        _close(job, task, "waits", why.LATER)


def _close(job: Job, task: _Task, state: str, reason: str) -> None:
    """What came of it, unless its learner asked otherwise meanwhile."""
    with job.database.writing() as db:
        mine = (Confirmation.id == task.id, Confirmation.asked_at == task.asked_at)
        db.execute(update(Confirmation).where(*mine).values(state=state, why=reason))
