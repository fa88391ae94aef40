"""Canvas tells of copied courses: we ask it to, believe only what it signed for us, and bear hearing it twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from lti_tool.db import Database
from lti_tool.demo.rooms import Room
from lti_tool.demo.shapes import NOTICES
from lti_tool.jobs.queue import Queue
from lti_tool.lti.models import NoticeSeen
from lti_tool.lti.notices import KIND, clear
from lti_tool.organisations.models import Deployment
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.organisations.operations import add_organisation
from lti_tool.settings import Settings
from lti_tool.spaces.models import ContextCopy
from tests.conftest import StandingClock
from tests.lti.conftest import register
from tests.lti.picking import NOOR, click
from tests.lti.test_cost import statements
from tests.lti.test_recorded import recorded
from tests.platform import (
    COURSE,
    FATMA,
    INSTRUCTOR,
    LTI,
    TOOL,
    VISIT,
    Course,
    LyingPlatform,
    Visitor,
    lying_platform,
    new_key,
)

HANDLER = "http://localhost:5000/lti/notices"
Send = Callable[..., TestResponse]


@pytest.fixture
def canvas(platform: LyingPlatform, database: Database, app: Flask, clock: StandingClock) -> LyingPlatform:
    """The platform of the other tests, being a Canvas that grants the scope of notices."""
    clock.now = datetime.now(UTC)  # the library asks for tokens by the clock of the machine
    platform.product = "canvas"
    platform.tools[TOOL.client_id] = dataclasses.replace(TOOL, scopes=(NOTICES,))
    platform._fetch_json = lambda _url: app.test_client().get("/lti/jwks").get_json()
    with database.writing() as db:
        db.execute(update(PlatformRow).values(product="canvas"))
    return platform


@pytest.fixture
def queue(database: Database, settings: Settings, clock: StandingClock, app: Flask) -> Queue:
    app.test_client().get("/lti/jwks")  # the tool has a key
    return Queue(database, settings, clock)


@pytest.fixture
def notice(canvas: LyingPlatform, clock: StandingClock) -> dict[str, Any]:
    """What Canvas says when a course is copied, as it was recorded, but now and to us."""
    now = int(clock().timestamp())
    said = recorded("canvas/pns_context_copy_notice_claims.json")
    return said | {
        "iss": canvas.issuer,
        "aud": TOOL.client_id,
        "azp": TOOL.client_id,
        "iat": now,
        "exp": now + 3600,
        LTI + "deployment_id": "1",
    }


@pytest.fixture
def send(app: Flask, canvas: LyingPlatform) -> Send:
    def send(*notices: dict[str, Any], platform: LyingPlatform = canvas) -> TestResponse:
        body = {"notices": [{"jwt": platform.sign(said)} for said in notices]}
        assert set(body) == set(recorded("canvas/pns_notice_post_body.json"))
        return app.test_client().post("/lti/notices", json=body)

    return send


def copies(database: Database) -> list[tuple[str, str]]:
    with database.reading() as db:
        query = select(ContextCopy.origin_id, ContextCopy.context_id).order_by(ContextCopy.origin_id)
        return [(origin, context) for origin, context in db.execute(query)]


def asked(database: Database) -> tuple[str, bool]:
    """Where notices were asked for, and whether that was done."""
    with database.reading() as db:
        url, since = db.execute(select(Deployment.notices_url, Deployment.notices_asked_at)).one()
    return url, bool(url) and since is None


def visit(canvas: LyingPlatform) -> Any:
    return dataclasses.replace(VISIT, tool=canvas.tools[TOOL.client_id])


def test_the_first_launch_that_may_asks_for_notices_once(
    visitor: Visitor, canvas: LyingPlatform, database: Database, queue: Queue
) -> None:
    for _ in range(2):
        assert visitor.launch(visit(canvas)).status_code == 303
    assert asked(database) == (canvas.notices_url(TOOL), False)
    assert queue.run_due() == [KIND]
    assert asked(database) == (canvas.notices_url(TOOL), True)
    said = recorded("canvas/pns_put_handler_request.json")
    assert canvas.handlers[TOOL.client_id, said["notice_type"]] == HANDLER
    visitor.launch(visit(canvas))
    assert queue.run_due() == []


def test_it_costs_an_ordinary_launch_nothing(
    visitor: Visitor, canvas: LyingPlatform, database: Database, queue: Queue
) -> None:
    counts = []
    for _ in range(3):
        fields = visitor.authorize(visitor.login(visit(canvas)))
        with statements(database) as seen:
            assert visitor.post(fields).status_code == 303
        counts.append(len([one for one in seen if not one.startswith(("BEGIN", "COMMIT"))]))
        queue.run_due()
    canvas.tools[TOOL.client_id] = TOOL
    fields = visitor.authorize(visitor.login())
    with statements(database) as seen:
        visitor.post(fields)
    without = len([one for one in seen if not one.startswith(("BEGIN", "COMMIT"))])
    assert counts[1:] == [without, without]


@pytest.mark.parametrize(
    "change",
    [
        {"scope": []},
        {"scope": "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"},
        {"notice_types_supported": ["LtiHelloWorldNotice"]},
        {"platform_notification_service_url": "https://evil.example/handlers"},
        {"platform_notification_service_url": None},
    ],
)
def test_without_the_scope_the_kind_or_an_address_of_the_platform_nothing_is_asked(
    visitor: Visitor, canvas: LyingPlatform, database: Database, change: dict[str, Any]
) -> None:
    canvas.change = lambda said: said[LTI + "platformnotificationservice"].update(change)
    assert visitor.launch(visit(canvas)).status_code == 303
    assert asked(database) == ("", False)


def test_a_canvas_that_does_not_answer_is_asked_again(
    visitor: Visitor, canvas: LyingPlatform, database: Database, queue: Queue, clock: StandingClock
) -> None:
    visitor.launch(visit(canvas))
    kept, canvas._fetch_json = canvas._fetch_json, None  # it can't read our keys, so it gives no token
    assert queue.run_due() == [KIND]
    assert asked(database)[1] is False
    canvas._fetch_json = kept
    clock.forward(seconds=25)
    assert queue.run_due() == [KIND]
    assert asked(database)[1] is True


def test_a_copied_course_is_heard_of_once(send: Send, notice: dict[str, Any], database: Database) -> None:
    for _ in range(3):
        answer = send(notice)
        assert (answer.status_code, answer.data) == (204, b"")
    origin, made = notice[LTI + "origin_contexts"][0], notice[LTI + "context"]["id"]
    assert copies(database) == [(origin, made)]
    # The same notice with another course in it is still the same notice.
    send(notice | {LTI + "context": {"id": "other"}})
    assert copies(database) == [(origin, made)]


def test_the_whole_way_from_a_picked_link_to_the_question_after_a_copy(
    app: Flask, visitor: Visitor, canvas: LyingPlatform, database: Database, queue: Queue
) -> None:
    """The copy's link names no key and no history: the notice alone tells."""
    canvas.rooms[COURSE.id] = Room(COURSE)
    menu = dataclasses.replace(VISIT.link, id=COURSE.id)
    opened = click(visitor, menu, user=NOOR, roles=(INSTRUCTOR,), tool=canvas.tools[TOOL.client_id])
    page = visitor.client.get(opened.location).get_data(as_text=True)
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    started = visitor.client.post(
        "/spaces/new",
        data={"csrf": csrf, "title": "Nachtvogels", "what_for": "Samen.", "level": "private"}
        | {"door": opened.location.rsplit("/", 1)[1]},
    )
    assert started.status_code == 303
    queue.run_due()
    canvas._send_json = lambda _url, body: delivered.append(app.test_client().post("/lti/notices", json=body))
    delivered: list[TestResponse] = []
    canvas.copy_course(COURSE.id, "najaar", "Wondzorg najaar")
    assert [one.status_code for one in delivered] == [204]
    autumn = Course("najaar", "Wondzorg najaar")
    copied = click(visitor, dataclasses.replace(menu, id="najaar"), user=NOOR, course=autumn, roles=(INSTRUCTOR,))
    page = visitor.client.get(copied.location).get_data(as_text=True)
    assert "Zelfde ruimte of een nieuwe, lege?" in page
    assert "‘Nachtvogels’" in page
    learner = click(visitor, dataclasses.replace(menu, id="najaar"), user=FATMA, course=autumn)
    assert "Je docent kiest nog" in visitor.client.get(learner.location).get_data(as_text=True)


def test_a_greeting_is_taken_in_and_does_nothing(send: Send, notice: dict[str, Any], database: Database) -> None:
    hello = notice | {LTI + "notice": {"id": "h", "timestamp": "2026-01-01T00:00:00Z", "type": "LtiHelloWorldNotice"}}
    for kind in (hello, notice | {LTI + "notice": {"id": "i", "type": "LtiOfTheFuture"}}):
        assert send(kind).status_code == 204
    assert copies(database) == []


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda said: said.pop(name)


def put(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda said: said.update({name if name in said else LTI + name: value for name, value in values.items()})


BAD: dict[str, Callable[[dict[str, Any]], None]] = {
    "no issuer": without("iss"),
    "unknown issuer": put(iss="https://unknown.example"),
    "for another tool": put(aud="other", azp="other"),
    "for several without azp": lambda said: (said.update(aud=["client-1", "other"]), said.pop("azp"))[0],
    "no deployment": without(LTI + "deployment_id"),
    "unknown deployment": put(deployment_id="99"),
    "no exp": without("exp"),
    "over": lambda said: said.update(exp=said["iat"] - 61),
    "from the future": lambda said: said.update(iat=said["iat"] + 61),
    "years old": lambda said: said.update(iat=11111),
    "no nonce": without("nonce"),
    "wrong version": put(version="2.0"),
    "no notice": without(LTI + "notice"),
    "notice is a text": put(notice="LtiContextCopyNotice"),
    "notice without an id": put(notice={"type": "LtiContextCopyNotice"}),
    "notice with a long id": put(notice={"type": "LtiContextCopyNotice", "id": "x" * 256}),
    "notice without a type": put(notice={"id": "1"}),
    "no course": without(LTI + "context"),
    "course without an id": put(context={}),
    "no origins": without(LTI + "origin_contexts"),
    "origins is a text": put(origin_contexts="abc"),
    "origin is a number": put(origin_contexts=[7]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_notice_has_no_effect_and_spoils_no_other(
    send: Send, notice: dict[str, Any], database: Database, name: str
) -> None:
    bad = dict(notice)
    BAD[name](bad)
    good = notice | {LTI + "notice": {"id": "good", "type": "LtiContextCopyNotice"}, LTI + "context": {"id": "good"}}
    with capture_logs() as logs:
        assert send(bad).status_code == 400
    assert copies(database) == []
    assert [line["event"] for line in logs if "notice" in line["event"]] == ["notice refused"]
    assert "eyJ" not in repr(logs)
    answer = send(bad, good)
    assert (answer.status_code, answer.get_json()["refused"]) == (400, 1)
    assert [context for _origin, context in copies(database)] == ["good"]


def test_a_notice_that_its_platform_did_not_sign_is_refused(
    send: Send, notice: dict[str, Any], canvas: LyingPlatform, database: Database
) -> None:
    canvas.sign_with = new_key()
    assert send(notice).status_code == 400
    canvas.sign_with = None
    for header in ({"alg": "none"}, {"kid": None}, {"kid": "of-nobody"}):
        try:
            canvas.header = header
            answer = send(notice)
        except Exception:  # the test's own library signs nothing with "none"
            continue
        assert answer.status_code == 400
    assert copies(database) == []


@pytest.fixture
def elsewhere(database: Database, clock: StandingClock) -> Iterator[LyingPlatform]:
    with database.writing() as db:
        add_organisation(db, slug="elders", name="Zorggroep Elders", now=clock())
    tool = dataclasses.replace(TOOL, client_id="client-2")
    with lying_platform(clock=clock, tools=[tool]) as other:
        more = {"organisation": "elders", "name": "Canvas van Elders", "client_id": tool.client_id}
        register(database, other, clock(), **more, product="canvas")
        yield other


def test_another_platform_speaks_for_itself_alone(
    send: Send, notice: dict[str, Any], canvas: LyingPlatform, elsewhere: LyingPlatform, database: Database
) -> None:
    """Signed with its own key, it can't say anything in the name of another; and its copies are its own."""
    elsewhere.sign_with, elsewhere.header = new_key(), {}
    assert send(notice, platform=elsewhere).status_code == 400
    elsewhere.sign_with = None
    theirs = {"iss": elsewhere.issuer, "aud": "client-2", "azp": "client-2"}
    assert send(notice | theirs | {"aud": TOOL.client_id, "azp": TOOL.client_id}, platform=elsewhere).status_code == 400
    assert send(notice | theirs, platform=elsewhere).status_code == 204
    with database.reading() as db:
        platform = db.scalars(select(ContextCopy.platform_id)).one()
        assert db.scalars(select(PlatformRow.issuer).where(PlatformRow.id == platform)).one() == elsewhere.issuer
    # The same id at another platform is another notice.
    assert send(notice).status_code == 204
    assert len(copies(database)) == 2


def test_a_deployment_that_waits_or_was_switched_off_is_not_listened_to(
    send: Send, notice: dict[str, Any], database: Database, clock: StandingClock
) -> None:
    for table, values in (
        (Deployment, {"accepted_at": None}),
        (Deployment, {"accepted_at": clock(), "switched_off_at": clock()}),
        (PlatformRow, {"switched_off_at": clock()}),
    ):
        with database.writing() as db:
            db.execute(update(Deployment).values(switched_off_at=None))
            db.execute(update(table).values(**values))
        assert send(notice).status_code == 400
    assert copies(database) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"notices": {}}',
        b'{"notices": []}',
        b'{"notices": [7]}',
        b'{"notices": [{"jwt": 7}]}',
        b'{"notices": [' + b",".join([b"{}"] * 51) + b"]}",
        b"[" * 100_000,
        b'{"notices": [{"jwt": "a.b.c"}]}',
    ],
    ids=range(11),
)
def test_what_is_no_delivery_is_refused(app: Flask, canvas: LyingPlatform, database: Database, body: bytes) -> None:
    answer = app.test_client().post("/lti/notices", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.mimetype == "application/json"
    with database.reading() as db:
        assert not db.scalars(select(NoticeSeen.notice_id)).all()


def test_what_was_heard_is_forgotten_when_its_token_is_too_old(
    send: Send, notice: dict[str, Any], database: Database, clock: StandingClock
) -> None:
    send(notice)
    clock.forward(days=2)
    with database.writing() as db:
        clear(db, clock())
        assert len(db.scalars(select(NoticeSeen.notice_id)).all()) == 1
    clock.forward(days=1)
    with database.writing() as db:
        clear(db, clock())
        assert not db.scalars(select(NoticeSeen.notice_id)).all()
    assert send(notice).status_code == 400, "its token is over"
    assert len(copies(database)) == 1, "what it said is kept"
