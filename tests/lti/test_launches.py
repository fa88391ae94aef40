"""What is kept of launches: counts with nobody in them, and refusals with their moment. What is off stays out."""

from __future__ import annotations

import dataclasses
import re
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from lti_tool.db import Database
from lti_tool.lti import launches
from lti_tool.lti.models import LaunchCount, LaunchFault
from lti_tool.organisations.models import Deployment, Platform
from lti_tool.people.models import Grant, Identity, Person
from tests.conftest import StandingClock
from tests.lti.test_own_tab import ticket_in
from tests.platform import FATMA, INSTRUCTOR, LEARNER, LTI, VISIT, LyingPlatform, User, Visitor

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1"
TABLET = "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1"
DEPLOYMENT = LTI + "deployment_id"
SITE_ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"


def counts(database: Database) -> list[tuple[str, ...]]:
    """Outcome, role, way, device and number of each row."""
    columns = (LaunchCount.outcome, LaunchCount.role, LaunchCount.way, LaunchCount.device, LaunchCount.launches)
    with database.reading() as db:
        return sorted(tuple(row) for row in db.execute(select(*columns)))


def faults(database: Database) -> list[LaunchFault]:
    with database.reading() as db:
        return list(db.scalars(select(LaunchFault).order_by(LaunchFault.id)))


def brings(visitor: Visitor, visit: Any = VISIT, **headers: str) -> Any:
    """A launch by a browser with these headers at its last step."""
    fields = visitor.authorize(visitor.login(visit))
    return visitor.client.post("/lti/launch", data=fields, headers=headers)


def test_launches_are_counted_by_role_way_and_device(visitor: Visitor, database: Database) -> None:
    brings(visitor)
    brings(visitor, **{"Sec-Fetch-Dest": "iframe"})
    brings(visitor, **{"Sec-Fetch-Dest": "iframe"})
    brings(visitor, **{"User-Agent": PHONE})
    brings(visitor, **{"User-Agent": TABLET})
    teacher = dataclasses.replace(VISIT, user=dataclasses.replace(FATMA, subject="9"), roles=(INSTRUCTOR,))
    brings(visitor, teacher)
    assert counts(database) == [
        ("ok", "learner", "cookie", "desk", 2),
        ("ok", "learner", "cookie", "phone", 1),
        ("ok", "learner", "frame", "desk", 2),
        ("ok", "teacher", "cookie", "desk", 1),
    ]


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ([LEARNER], "learner"),
        ([INSTRUCTOR], "teacher"),
        ([SITE_ADMIN, INSTRUCTOR], "admin"),  # Moodle: recordings/admin_launch_3_id_token_decoded.json
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"], "admin"),  # Canvas
        ([SITE_ADMIN, LEARNER], "learner"),
        ([], "learner"),
    ],
)
def test_an_admin_of_the_lms_is_told_from_a_teacher(
    visitor: Visitor, platform: LyingPlatform, database: Database, roles: list[str], role: str
) -> None:
    platform.change = lambda claims: {**claims, LTI + "roles": roles}
    assert visitor.launch().status_code == 303
    assert [row[1] for row in counts(database)] == [role]


def test_a_launch_that_waits_for_a_tab_counts_once_it_is_through(visitor: Visitor, database: Database) -> None:
    fields = visitor.authorize(visitor.login())
    visitor.client._cookies.clear()  # the frame gives none back
    held = visitor.client.post("/lti/launch", data=fields)
    assert counts(database) == []
    visitor.client.post("/lti/tab", data={"ticket": ticket_in(held)})
    asked = visitor.client.get("/lti/tab")
    yes = {"ticket": ticket_in(asked), "answer": "yes"}
    visitor.client.post("/lti/tab/continue", data=yes, headers={"User-Agent": PHONE})
    assert counts(database) == [("ok", "learner", "tab", "phone", 1)]


def test_nothing_that_is_kept_can_name_anybody(visitor: Visitor, platform: LyingPlatform, database: Database) -> None:
    visitor.launch()
    platform.change = lambda claims: {**claims, "exp": claims["iat"] - 3000, "iat": claims["iat"] - 3000}
    visitor.launch()
    with database.reading() as db:
        kept = str([list(map(str, row)) for table in (LaunchCount, LaunchFault)
                    for row in db.execute(select(table.__table__))])  # fmt: skip
    for secret in (FATMA.name, FATMA.subject + "'", FATMA.email, FATMA.staff_number, "WOND2026"):
        assert secret not in kept


def test_a_refusal_keeps_its_cause_and_browser(
    visitor: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock
) -> None:
    visitor.launch()
    platform.change = lambda claims: {**claims, "exp": claims["iat"] - 154, "iat": claims["iat"] - 214}
    brings(visitor, **{"User-Agent": PHONE})
    (fault,) = faults(database)
    assert (fault.code, fault.browser, fault.deployment, fault.at) == ("L06", "Safari 19", "1", clock())
    assert fault.cause == "expired 154 seconds ago"
    assert ("L06", "", "", "phone", 1) in counts(database)


def test_what_anybody_may_send_is_not_kept_as_a_deployment(visitor: Visitor, database: Database) -> None:
    fields = visitor.authorize(visitor.login())
    visitor.platform.mangle = lambda token: token[:-8] + "AAAAAAAA"  # type: ignore[attr-defined]
    visitor.platform.change = lambda claims: {  # type: ignore[attr-defined]
        **claims,
        DEPLOYMENT: "Bel 0900-1234",
    }
    assert fields
    visitor.launch()
    (fault,) = faults(database)
    assert (fault.code, fault.deployment) == ("L05", "")


def test_rubbish_fills_no_table_and_pushes_no_other_code_out(
    visitor: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock
) -> None:
    fields = visitor.authorize(visitor.login())
    for _ in range(launches.FAULTS_PER_HOUR + 10):
        visitor.client.post("/lti/launch", data={**fields, "state": "never-given"})
    platform.change = lambda claims: {**claims, "exp": claims["iat"] - 154, "iat": claims["iat"] - 214}
    visitor.launch()
    codes = [fault.code for fault in faults(database)]
    assert codes.count("L02") == launches.FAULTS_PER_HOUR
    assert codes.count("L06") == 1
    clock.forward(hours=1, seconds=1)
    visitor.client.post("/lti/launch", data={**fields, "state": "never-given"})
    assert len(faults(database)) == launches.FAULTS_PER_HOUR + 2


def test_an_lms_that_nobody_registered_has_no_log(visitor: Visitor, database: Database) -> None:
    assert visitor.login(iss="https://elsewhere.example").status_code == 403
    assert faults(database) == []


def test_after_30_days_nothing_is_left_and_after_a_day_no_moment(
    database: Database, visitor: Visitor, clock: StandingClock
) -> None:
    visitor.launch()
    visitor.client.post("/lti/launch", data={"id_token": "", "state": ""})
    clock.forward(days=1)
    with database.writing() as db:
        launches.clear(db, clock())
        assert db.scalar(select(LaunchCount.last_at)) is not None
    clock.forward(days=1)
    with database.writing() as db:
        launches.clear(db, clock())
        assert db.scalar(select(LaunchCount.last_at)) is None
        assert db.scalar(select(func.count()).select_from(LaunchCount)) == 1
    clock.forward(days=29)
    with database.writing() as db:
        launches.clear(db, clock())
        assert db.scalar(select(func.count()).select_from(LaunchCount)) == 0


def test_launches_at_the_same_moment_wait_for_nobody_in_a_ring(
    app: Flask, platform: LyingPlatform, database: Database
) -> None:
    """Known people, new people and new deployments at once: the row that all of them count in is written last."""
    Visitor(app.test_client(), platform).launch()
    platform.change = lambda said: {**said, DEPLOYMENT: "1" if int(said["sub"]) % 3 else said["sub"]}
    ready, answers = threading.Barrier(12), []

    def come(number: int) -> None:
        user = User(str(100 + number % 7), name=f"Collega {number}", given_name="Collega", family_name=str(number))
        visitor = Visitor(app.test_client(), platform)
        fields = visitor.authorize(visitor.login(dataclasses.replace(VISIT, user=user), lti_deployment_id=None))
        ready.wait(timeout=60)
        answers.append(visitor.post(fields).status_code)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert set(answers) == {303, 403}
    good = sum(row[4] for row in counts(database) if row[0] == "ok")  # type: ignore[misc]
    assert good == answers.count(303) + 1


def test_a_platform_or_placement_that_is_off_lets_nobody_in(visitor: Visitor, database: Database) -> None:
    visitor.launch()
    for table in (Deployment, Platform):
        with database.writing() as db:
            db.execute(update(table).values(switched_off_at=datetime.now().astimezone()))
        answer = visitor.login()
        page = (visitor.launch() if answer.status_code == 302 else answer).get_data(as_text=True)
        assert "Leerkring staat hier uit" in page
        assert "L04" in page
        with database.writing() as db:
            db.execute(update(table).values(switched_off_at=None))
    assert visitor.launch().status_code == 303


def test_a_platform_that_is_switched_off_half_way_lets_nobody_in(visitor: Visitor, database: Database) -> None:
    fields = visitor.authorize(visitor.login())
    with database.writing() as db:
        db.execute(update(Platform).values(switched_off_at=datetime.now().astimezone()))
    assert visitor.post(fields).status_code == 403


# A deployment that waits: the admin gets one button, the learner a sentence.


Come = Callable[[], TestResponse]


@pytest.fixture
def waiting(visitor: Visitor, platform: LyingPlatform) -> Come:
    """Fatma was here before; now she comes from a deployment that nobody accepted."""
    visitor.launch()
    platform.change = lambda said: {**said, DEPLOYMENT: "2"}
    return lambda: visitor.launch(lti_deployment_id=None)


def button(page: str) -> str:
    found = re.search(r'action="/lti/deployments/accept">\s*<input type="hidden" name="ticket" value="([^"]+)"', page)
    return found[1] if found else ""


def make_admin(database: Database, clock: Callable[[], datetime]) -> uuid.UUID:
    with database.writing() as db:
        person = db.scalars(select(Person)).one()
        db.add(Grant(person_id=person.id, role="admin", organisation_id=person.organisation_id, given_at=clock()))
        return person.id


def test_a_learner_reads_a_sentence(visitor: Visitor, waiting: Come) -> None:
    answer = waiting()
    assert answer.status_code == 403
    page = answer.get_data(as_text=True)
    assert "De beheerder moet deze koppeling nog goedkeuren" in page
    assert not button(page)


def test_a_role_of_the_lms_gives_no_button(visitor: Visitor, waiting: Come, platform: LyingPlatform) -> None:
    platform.change = lambda said: {**said, DEPLOYMENT: "2", LTI + "roles": [SITE_ADMIN]}
    assert not button(waiting().get_data(as_text=True))


def test_the_organisations_admin_gets_one_button(
    visitor: Visitor, waiting: Come, database: Database, clock: StandingClock
) -> None:
    make_admin(database, clock)
    answer = waiting()
    ticket = button(answer.get_data(as_text=True))
    assert ticket
    assert "frame-ancestors 'self' http://127.0.0.1" in answer.headers["Content-Security-Policy"]
    fresh = visitor.client.application.test_client()  # no cookie is needed
    said = fresh.post("/lti/deployments/accept", data={"ticket": ticket})
    assert "Leerkring staat hier aan" in said.get_data(as_text=True)
    assert waiting().status_code == 303
    assert fresh.post("/lti/deployments/accept", data={"ticket": ticket}).status_code == 400, "it works once"


def test_the_button_of_somebody_who_is_no_longer_admin_does_nothing(
    visitor: Visitor, waiting: Come, database: Database, clock: StandingClock
) -> None:
    make_admin(database, clock)
    ticket = button(waiting().get_data(as_text=True))
    with database.writing() as db:
        db.delete(db.scalars(select(Grant)).one())
    assert visitor.client.post("/lti/deployments/accept", data={"ticket": ticket}).status_code == 403
    assert waiting().status_code == 403


def test_the_button_gets_old(visitor: Visitor, waiting: Come, database: Database, clock: StandingClock) -> None:
    make_admin(database, clock)
    ticket = button(waiting().get_data(as_text=True))
    clock.forward(minutes=11)
    assert visitor.client.post("/lti/deployments/accept", data={"ticket": ticket}).status_code == 400
    assert visitor.client.post("/lti/deployments/accept", data={}).status_code == 400


def test_an_admin_of_another_organisation_gets_no_button(
    visitor: Visitor, waiting: Come, database: Database, clock: StandingClock, world: Any
) -> None:
    person_id = make_admin(database, clock)
    other = world.organisation("vecht", "Thuiszorg Vecht")
    with database.writing() as db:
        db.execute(update(Grant).values(organisation_id=other))
    assert not button(waiting().get_data(as_text=True))
    with database.reading() as db:
        assert db.scalar(select(Identity.person_id)) == person_id
