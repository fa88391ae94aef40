"""A learner has their taking part confirmed: one word, by their own hand, once, and they see what became of it."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.jobs.queue import LIMIT, Queue, failed, pause
from lti_tool.lms import confirmations as c
from lti_tool.lms.models import Confirmation, LineItem, LmsCourse
from lti_tool.lms.scores import SCORE_TYPE, below, score
from lti_tool.lti import offer
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lms.confirming import ITEM, ITEMS_PATH, SCORES, Lms, items, of_link, outcome, page_of, posted, presses
from tests.lms.conftest import HOME, ITEMS, Course, recorded
from tests.world import Somebody


def test_we_post_by_the_scopes_that_we_were_registered_for() -> None:
    assert {c.SCORE, c.LINE_ITEM} == set(offer.GRADES_SCOPES)


def test_what_is_sent_is_one_word_to_the_letter_of_moodle(confirming: Course, fatma: Somebody, lms: Lms) -> None:
    of_link(confirming)
    lms.post(SCORES, status=200, body="")
    presses(confirming, fatma)
    confirming.queue.run_due()
    exact = recorded("moodle/ags_score_post.json")["request"]
    (call,) = [call for call in lms.calls if "/scores" in (call.request.url or "")]
    assert call.request.headers["Content-Type"] == SCORE_TYPE == exact["headers"]["Content-Type"]
    (sent,) = posted(lms)
    assert set(sent) == set(exact["body"])
    assert sent == {
        "userId": "12", "scoreGiven": 1, "scoreMaximum": 1, "comment": "voltooid", "activityProgress": "Completed",
        "gradingProgress": "FullyGraded", "timestamp": "2026-11-25T06:52:00.000Z",
    }  # fmt: skip
    assert outcome(confirming) == (True, "arrived", "")
    assert "Aangekomen: in Leerplein staat dat je meedeed." in page_of(confirming, fatma)


def test_a_score_of_canvas_is_no_new_attempt() -> None:
    moment = datetime(2026, 11, 25, 7, 52, 1, 999999, tzinfo=UTC)
    sent = score("7", moment, wanted=True, product="canvas", language="en")
    example = recorded("canvas/ags_score_request.json")
    assert sent["https://canvas.instructure.com/lti/submission"] == {"new_submission": False}
    assert set(sent) <= set(example) | {"comment"}
    assert (sent["comment"], sent["timestamp"]) == ("completed", "2026-11-25T07:52:01.999Z")


@pytest.mark.parametrize(
    ("item", "scores"),
    [
        (ITEM, SCORES),
        ("https://c.example/api/line_items/3", "https://c.example/api/line_items/3/scores"),
        ("https://c.example/api/line_items/3/", "https://c.example/api/line_items/3/scores"),
        ("https://c.example/i?a=1&b=2", "https://c.example/i/scores?a=1&b=2"),
    ],
)
def test_scores_come_before_the_query(item: str, scores: str) -> None:
    assert below(item, "scores") == scores


def test_it_is_off_until_admin_and_trekker_let_it(course: Course) -> None:
    fatma = course.comes("12", joins=True)
    settings = f"/s/{course.space.slug}/settings"

    def shown() -> str:
        return course.lead.get(settings).get_data(as_text=True).partition('id="confirming"')[2]

    assert "De beheerder van Leerplein laat geen bevestigingen toe." in shown()
    assert 'name="on"' not in shown()
    assert course.lead.post(f"/s/{course.space.slug}/confirming", on="yes").status_code == 403
    course.set_platform(grades=True, scopes=[])
    assert "geen toestemming voor het cijferboek" in shown()
    course.set_platform(scopes=None)
    assert 'name="on"' in shown()
    start = f"/s/{course.space.slug}"
    assert "/confirm" not in fatma.get(start).get_data(as_text=True)
    presses(course, fatma)
    with course.database.reading() as db:
        assert db.scalars(select(Confirmation)).all() == []
    course.lead.post(f"/s/{course.space.slug}/confirming", on="yes")
    assert f"{start}/confirm" in fatma.get(start).get_data(as_text=True)


def test_who_watches_or_only_reads_has_nothing_to_confirm(confirming: Course) -> None:
    watcher = confirming.comes("13")
    confirming.world.member(confirming.space, watcher, "observer")
    reader = confirming.comes("14")
    for who in (watcher, reader):
        assert who.post(f"/s/{confirming.space.slug}/confirm").status_code == 403
    with confirming.database.reading() as db:
        assert db.scalars(select(Confirmation)).all() == []


@pytest.mark.parametrize(
    ("course_values", "door", "words"),
    [
        ({"scopes": []}, {}, "geen toestemming voor het cijferboek"),
        ({"lineitems_url": ""}, {}, "geen plek voor een bevestiging"),
        ({"scopes": [c.SCORE]}, {}, "geen plek voor een bevestiging"),
        ({}, {"teaches": True}, "Je geeft les in deze cursus"),
    ],
)
def test_why_it_can_not_be_done_is_said_before_the_button(
    confirming: Course, course_values: dict[str, Any], door: dict[str, Any], words: str
) -> None:
    with confirming.database.writing() as db:
        row = db.scalars(select(LmsCourse)).one()
        for name, value in course_values.items():
            setattr(row, name, value)
    who = confirming.comes("12", joins=True, **door)
    text = page_of(confirming, who)
    assert words in text
    assert "Bevestig in" not in text


def test_who_came_by_no_course_is_told_to(confirming: Course) -> None:
    who = confirming.world.somebody(confirming.organisation, "Kees zonder cursus")
    confirming.world.member(confirming.space, who)
    assert "Open deze ruimte eerst een keer vanuit je cursus" in page_of(confirming, who)


def test_the_course_menu_of_canvas_makes_no_assignment(confirming: Course) -> None:
    from lti_tool.spaces.models import Door

    confirming.set_platform(product="canvas")
    with confirming.database.writing() as db:
        db.scalars(select(Door)).one().resource_link_id = "2"
    assert "geen plek" in page_of(confirming, confirming.comes("12", joins=True))


def test_a_column_is_made_once_for_everybody(confirming: Course, fatma: Somebody, lms: Lms) -> None:
    items(lms)
    lms.post(SCORES, status=200, body="")
    others = [confirming.comes(str(subject), joins=True) for subject in range(20, 25)]
    for who in (fatma, *others):
        presses(confirming, who)
        confirming.queue.run_due()
    (made,) = posted(lms, "/lineitems")
    assert made == {
        "label": "Leerruimte wondzorg (meegedaan)", "scoreMaximum": 1, "resourceLinkId": "1", "tag": "leerkring",
        "resourceId": f"leerkring-{confirming.space.id}",
    }  # fmt: skip
    assert confirming.space.title not in json.dumps(made), "what a closed space is called is not the gradebook's"
    assert sorted(sent["userId"] for sent in posted(lms)) == ["12", "20", "21", "22", "23", "24"]


def test_a_column_that_an_earlier_try_made_is_found(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    """The answer got lost after Moodle had made it: no second one is made."""
    made = {"resourceId": f"leerkring-{confirming.space.id}", "tag": "leerkring", "resourceLinkId": "1", "id": ITEM}
    items(lms, made)
    lms.post(SCORES, status=200, body="")
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert posted(lms, "/lineitems") == []
    assert outcome(confirming) == (True, "arrived", "")


def test_of_an_lms_without_filters_only_our_own_column_is_taken(confirming: Course, fatma: Somebody, lms: Lms) -> None:
    theirs = recorded("moodle/ags_lineitems_list.json")["body"]
    lms.get(re.compile(re.escape(ITEMS_PATH) + r"\?"), json=[*theirs, None, "x"])
    lms.post(ITEMS, status=201, json={"id": ITEM})
    lms.post(SCORES, status=200, body="")
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert len(posted(lms, "/lineitems")) == 1
    assert outcome(confirming) == (True, "arrived", "")


@pytest.mark.parametrize("address", ["https://evil.example/5/lineitem", None, 7, HOME + "/" + 1000 * "x"])
def test_a_column_elsewhere_is_no_column(confirming: Course, fatma: Somebody, lms: Lms, address: Any) -> None:
    lms.get(re.compile(re.escape(ITEMS_PATH) + r"\?"), json=[])
    lms.post(ITEMS, status=201, json={"id": address})
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert outcome(confirming) == (True, "waits", c.LATER)
    assert posted(lms) == []


def test_two_workers_at_once_make_one_column(
    confirming: Course, fatma: Somebody, lms: Lms, settings: Settings, clock: StandingClock
) -> None:
    kees = confirming.comes("13", joins=True)
    presses(confirming, fatma)
    presses(confirming, kees)
    second: list[str] = []

    def meanwhile() -> None:
        thread = threading.Thread(target=lambda: second.extend(_other_lane(confirming, settings, clock)))
        thread.start()
        thread.join(30)

    items(lms, after=meanwhile)
    lms.post(SCORES, status=200, body="")
    confirming.queue.run_due()
    assert second == [c.KIND], "the other one came while the first was making it"
    clock.forward(seconds=10)
    confirming.queue.run_due()
    assert len(posted(lms, "/lineitems")) == 1
    assert sorted(sent["userId"] for sent in posted(lms)) == ["12", "13"]


def _other_lane(course: Course, settings: Settings, clock: StandingClock) -> list[str]:
    """Another process, for which the lanes were no hindrance."""
    from lti_tool.jobs.models import QueuedJob

    with course.database.writing() as db:
        for job in db.scalars(select(QueuedJob)):
            job.lane = ""
    return Queue(course.database, settings, clock).run_due()


def test_a_try_again_is_later_and_changes_nothing(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    of_link(confirming)
    lms.post(SCORES, status=500)
    lms.post(SCORES, status=200, body="")
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert outcome(confirming) == (True, "waits", c.LATER)
    assert "gaf geen antwoord. We proberen het zo weer." in page_of(confirming, fatma)
    clock.forward(minutes=5)
    confirming.queue.run_due()
    first, second = posted(lms)
    assert second["timestamp"] > first["timestamp"]
    assert {**second, "timestamp": ""} == {**first, "timestamp": ""}
    assert outcome(confirming) == (True, "arrived", "")


def test_it_is_later_also_when_the_clock_stands_still_or_goes_back(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    of_link(confirming)
    lms.post(SCORES, status=200, body="")
    presses(confirming, fatma)
    confirming.queue.run_due()
    clock.now -= timedelta(minutes=3)
    with confirming.database.writing() as db:
        row = db.scalars(select(Confirmation)).one()
        c.withdraw(db, fatma.viewer, row.id, now=clock())
    confirming.queue.run_due()
    first, second = (datetime.fromisoformat(sent["timestamp"]) for sent in posted(lms))
    assert second - first >= timedelta(seconds=1), "Moodle compares whole seconds"


@pytest.mark.parametrize(
    ("answer", "why", "words"),
    [
        ("moodle/ags_score_post_teacher.json", c.NOT_A_LEARNER, "kent je in deze cursus niet als deelnemer"),
        ("moodle/ags_score_post_older.json", c.NEWER, "heeft iemand daarna al iets ingevuld"),
        ({"status": 422, "json": {"errors": {"type": "unprocessable_entity"}}}, c.NOT_A_LEARNER, "niet als deelnemer"),
        ({"status": 403}, c.NOT_ALLOWED, "liet ons er niet bij"),
        ("moodle/ags_scope_missing.json", c.NOT_ALLOWED, "liet ons er niet bij"),
        ({"status": 412}, c.REFUSED, "wilde dit niet aannemen"),
        ({"status": 404}, c.GONE, "De plek in Leerplein is er niet meer"),
    ],
)
def test_what_the_lms_refuses_is_told_to_the_learner_in_words(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock, answer: Any, why: str, words: str
) -> None:
    of_link(confirming)
    if isinstance(answer, str):
        found = recorded(answer)
        answer = {"status": found["status"], "json": found["body"]}
    lms.post(SCORES, **answer)
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert outcome(confirming) == (True, "failed", why)
    text = page_of(confirming, fatma)
    assert "Niet gelukt" in text
    assert words in text
    assert "Bevestig in Leerplein dat ik meedeed" in text, "it may be tried again"
    with confirming.database.reading() as db:
        assert bool(failed(db)) is (why == c.NOT_ALLOWED), "what the admin can mend lies in their sight"


def test_an_lms_that_stays_away_is_told_in_the_end(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    of_link(confirming)
    lms.post(SCORES, body="<html>Under maintenance</html>", content_type="text/html", status=200)
    presses(confirming, fatma)
    for attempt in range(1, LIMIT + 1):
        confirming.queue.run_due()
        clock.forward(seconds=pause(attempt).total_seconds())
    assert outcome(confirming) == (True, "failed", c.LATER)


def test_a_column_that_the_teacher_took_away_is_made_anew(
    confirming: Course, fatma: Somebody, lms: Lms, clock: StandingClock
) -> None:
    items(lms)
    lms.post(SCORES, status=404)
    lms.post(SCORES, status=200, body="")
    with confirming.database.writing() as db:
        db.add(
            LineItem(course_id=confirming.id, resource_link_id="1", space_id=confirming.space.id, url=ITEM, maker="")
        )
    presses(confirming, fatma)
    confirming.queue.run_due()
    assert len(posted(lms, "/lineitems")) == 1
    assert outcome(confirming) == (True, "arrived", "")
