"""The schedule: what is due runs once, by one process, and a task that fails stops no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.jobs import schedule
from lti_tool.jobs.models import ScheduledRun
from lti_tool.jobs.schedule import Schedule, Task, Work


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put just these tasks on the schedule."""

    def put(**tasks: Any) -> None:
        made = {name: Task(name, timedelta(hours=1), do) for name, do in tasks.items()}
        monkeypatch.setattr(schedule, "_tasks", made)

    return put


def test_a_task_runs_when_it_is_due_and_not_before(database: Database, settings: Any, clock: Any, only: Any) -> None:
    ran: list[Any] = []
    only(count=lambda work: ran.append(work.now))
    keeper = Schedule(database, settings, clock)
    keeper.run_due()
    keeper.run_due()
    assert len(ran) == 1
    clock.forward(hours=1)
    keeper.run_due()
    assert len(ran) == 2


def test_only_one_process_holds_the_lease_until_it_ends(
    database: Database, settings: Any, clock: Any, only: Any
) -> None:
    only(count=lambda work: None)
    first, second = Schedule(database, settings, clock), Schedule(database, settings, clock)
    assert first.run_due() == ["count"]
    clock.forward(hours=2)
    assert second.run_due() == ["count"], "the first one's lease was over"
    clock.forward(minutes=1)
    assert first.run_due() == []
    second.stop()
    clock.forward(hours=2)
    assert first.run_due() == ["count"]


def test_a_task_that_fails_leaves_nothing_and_stops_no_other(
    database: Database, settings: Any, clock: Any, only: Any
) -> None:
    def fail(work: Work) -> None:
        work.db.add(ScheduledRun(task="half done", started_at=work.now, error=""))
        work.db.flush()
        raise RuntimeError("a name that must not be in a log")

    only(a_fails=fail, b_works=lambda work: None)
    Schedule(database, settings, clock).run_due()
    with database.reading() as db:
        runs = {run.task: run.error for run in db.scalars(select(ScheduledRun))}
    assert runs == {"a_fails": "RuntimeError", "b_works": ""}


def test_everything_that_piles_up_is_on_the_schedule(app: Any) -> None:
    names = {task.name for task in schedule.tasks()}
    assert {"clear sessions", "clear form receipts", "fold activity"} <= names
