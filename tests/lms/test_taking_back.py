"""What was confirmed can be taken back, as far as the LMS takes it back; nobody does so for another."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.lms import confirmations as c
from lti_tool.lms.models import Confirmation
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lms.confirming import SCORES, Lms, of_link, outcome, posted, presses
from tests.lms.conftest import Course
from tests.world import Somebody


def withdraws(course: Course, who: Somebody) -> Any:
    with course.database.reading() as db:
        mine = db.scalars(select(Confirmation.id)).one()
    return who.post(f"/me/confirmed/{mine}/withdraw")


def test_taking_it_back_sends_a_score_without_one(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    of_link(confirming)
    lms.post(SCORES, status=200, body="")
    presses(confirming, fatma)
    confirming.queue.run_due()
    clock.forward(minutes=1)
    assert fatma.post(f"/s/{confirming.space.slug}/leave").status_code == 303
    assert withdraws(confirming, fatma).status_code == 303, "also after leaving"
    confirming.queue.run_due()
    assert posted(lms)[1] == {
        "userId": "12", "timestamp": "2026-11-25T06:53:00.000Z", "activityProgress": "Initialized",
        "gradingProgress": "NotReady",
    }  # fmt: skip
    assert outcome(confirming) == (False, "arrived", "")
    html = fatma.get("/me/confirmed").get_data(as_text=True)
    assert "Kijk daar na of het weg is" in html
    assert "/me/confirmed" in fatma.get("/me/portfolio").get_data(as_text=True)


def test_an_lms_that_does_not_take_it_back_is_named(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    of_link(confirming)
    lms.post(SCORES, status=200, body="")
    lms.post(SCORES, status=400, json=[])
    presses(confirming, fatma)
    confirming.queue.run_due()
    clock.forward(minutes=1)
    withdraws(confirming, fatma)
    confirming.queue.run_due()
    assert outcome(confirming) == (False, "failed", c.KEPT)
    assert "wist een bevestiging niet" in fatma.get("/me/confirmed").get_data(as_text=True)


def test_what_was_never_sent_leaves_nothing(confirming: Course, fatma: Somebody, lms: Lms) -> None:
    presses(confirming, fatma)
    withdraws(confirming, fatma)
    confirming.queue.run_due()
    assert len(lms.calls) == 0
    with confirming.database.reading() as db:
        assert db.scalars(select(Confirmation)).all() == []


def test_nobody_takes_back_or_sees_anothers(confirming: Course, fatma: Somebody, lms: Lms) -> None:
    presses(confirming, fatma)
    kees = confirming.comes("13", "Kees", joins=True)
    assert withdraws(confirming, kees).status_code == 404
    assert kees.post(f"/me/confirmed/{uuid.uuid4()}/withdraw").status_code == 404
    assert "Leerplein" not in kees.get("/me/confirmed").get_data(as_text=True)
    for path in ("", "/people", "/settings"):
        assert "bevestigd door" not in confirming.lead.get(f"/s/{confirming.space.slug}{path}").get_data(as_text=True)


def test_a_switch_that_goes_off_meanwhile_holds(confirming: Course, fatma: Somebody, lms: Lms) -> None:
    of_link(confirming)
    presses(confirming, fatma)
    confirming.lead.post(f"/s/{confirming.space.slug}/confirming")
    confirming.queue.run_due()
    assert outcome(confirming) == (True, "failed", c.OFF)
    presses(confirming, fatma)
    confirming.set_platform(grades=False)
    assert len(lms.calls) == 0


def test_pressing_often_sends_once(confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock) -> None:
    of_link(confirming)
    lms.post(SCORES, status=200, body="")
    for _ in range(4):
        presses(confirming, fatma)
    confirming.queue.run_due()
    clock.forward(minutes=1)
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert len(posted(lms)) == 1


def test_a_confirmation_goes_with_its_person(
    confirming: Course, fatma: Somebody, database: Database, settings: Settings, clock: StandingClock
) -> None:
    from lti_tool.rights import operations as rights

    presses(confirming, fatma)
    with database.writing() as db:
        rights.erase(db, settings.secret_key, fatma.id, confirming.organisation, now=clock())
    with database.reading() as db:
        assert db.scalars(select(Confirmation)).all() == []
    confirming.queue.run_due()
