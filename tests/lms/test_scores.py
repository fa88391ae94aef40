"""A learner has their taking part confirmed: one word, by their own hand, once, and they see what became of it."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses
from sqlalchemy import select

from lti_tool.db import Database
from lti_tool.jobs.queue import LIMIT, Queue, failed, pause
from lti_tool.lms import confirmations as c
from lti_tool.lms.models import Confirmation, LineItem, LmsCourse, LmsLink
from lti_tool.lms.scores import SCORE_TYPE, below, score
from lti_tool.lti import offer
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.lms.conftest import HOME, ITEMS, Course, recorded
from tests.world import Somebody

Lms = responses.RequestsMock
ITEM = f"{HOME}/2/lineitems/5/lineitem?type_id=1"
SCORES = f"{HOME}/2/lineitems/5/lineitem/scores?type_id=1"
ITEMS_PATH = f"{HOME}/2/lineitems"


@pytest.fixture
def confirming(course: Course) -> Course:
    """A course whose admin lets grades through, of a space whose trekker switched it on."""
    course.set_platform(grades=True)
    course.lead.post(f"/s/{course.space.slug}/confirming", on="yes")
    return course


@pytest.fixture
def fatma(confirming: Course) -> Somebody:
    return confirming.comes("12", "Fatma Yilmaz", joins=True)


def of_link(course: Course, url: str = ITEM) -> None:
    """The link has a column of its own."""
    with course.database.writing() as db:
        db.scalars(select(LmsLink)).one().lineitem_url = url


def presses(course: Course, who: Somebody) -> None:
    assert who.post(f"/s/{course.space.slug}/confirm").status_code == 303


def outcome(course: Course) -> tuple[bool, str, str]:
    with course.database.reading() as db:
        row = db.scalars(select(Confirmation)).one()
        return row.wanted, row.state, row.why


def page_of(course: Course, who: Somebody) -> str:
    html = who.get(f"/s/{course.space.slug}/confirm").get_data(as_text=True)
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


def posted(lms: Lms, kind: str = "/scores") -> list[dict[str, Any]]:
    """The bodies that were posted there."""
    found = [call.request for call in lms.calls if call.request.method == "POST"]
    return [json.loads(one.body or "null") for one in found if (one.url or "").partition("?")[0].endswith(kind)]


def items(lms: Lms, *made: dict[str, Any], after: Any = None) -> None:
    """A gradebook as Moodle's: it makes a column whenever asked, and its filters work."""
    held = list(made)

    def look(request: Any) -> tuple[int, dict[str, str], str]:
        if request.headers["Accept"] != "application/vnd.ims.lis.v2.lineitemcontainer+json":
            return 400, {}, json.dumps(recorded("moodle/ags_lineitems_noaccept.json")["body"])
        asked = request.params
        fits = [
            item for item in held if item["resourceId"] == asked.get("resource_id") and item["tag"] == asked.get("tag")
        ]
        return 200, {}, json.dumps(fits)

    def make(request: Any) -> tuple[int, dict[str, str], str]:
        exact = recorded("moodle/ags_lineitem_create.json")["request"]["headers"]
        if any(request.headers[name] != exact[name] for name in ("Accept", "Content-Type")):
            return 400, {}, "{}"
        item = {**json.loads(request.body), "id": ITEM if not held else ITEM.replace("/5/", f"/{5 + len(held)}/")}
        held.append(item)
        if after:
            after()
        return 201, {}, json.dumps(item)

    lms.add_callback("GET", re.compile(re.escape(ITEMS_PATH) + r"\?"), callback=look)
    lms.add_callback("POST", ITEMS, callback=make)


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
