"""Deep linking: what a teacher picks goes to the course as a signed answer, and opens by itself there."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from lti_tool.db import Database
from lti_tool.demo.deeplinks import Answered
from lti_tool.demo.shapes import ADMINISTRATOR
from lti_tool.lti.models import Picking
from lti_tool.organisations import keys
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.people.models import Identity, Person
from lti_tool.spaces.models import Membership, PlacedLink, Space
from lti_tool.spaces.policy import Level
from lti_tool.web.runtime import Runtime
from tests.conftest import StandingClock
from tests.lti.picking import ITEMS, NOOR, Dialog, click, said_in
from tests.lti.test_cost import statements
from tests.lti.test_recorded import recorded, replay
from tests.platform import (
    FATMA,
    INSTRUCTOR,
    LEARNER,
    LTI,
    VISIT,
    Course,
    Link,
    LyingPlatform,
    User,
    Visitor,
)

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
NEW = {"title": "Nachtvogels", "what_for": "Samen de nacht door.\n\nMet vragen.", "level": "private"}


def be(product: str, platform: LyingPlatform, database: Database) -> None:
    """Let the platform be a Moodle or a Canvas, and be registered as one."""
    platform.product = product
    with database.writing() as db:
        db.execute(update(PlatformRow).values(product=product))


@pytest.fixture(params=["moodle", "canvas"])
def product(request: pytest.FixtureRequest, platform: LyingPlatform, database: Database) -> str:
    be(request.param, platform, database)
    return str(request.param)


def test_a_new_space_is_in_the_course_in_one_go_and_opens_for_its_learners(
    dialog: Dialog, visitor: Visitor, product: str, database: Database
) -> None:
    assert dialog.open().status_code == 200
    assert "__Host-leerkring=" not in dialog.page.headers.get("Set-Cookie", "")  # type: ignore[union-attr]
    assert "Er is nog geen ruimte om te kiezen." in dialog.text
    assert "Begin een ruimte" in dialog.press("/new").get_data(as_text=True)
    dialog.press("/start", **NEW, lets_in="yes", own_tab="yes")
    (link,) = dialog.bring().links
    assert link.title == "Nachtvogels"
    assert link.description == "Samen de nacht door. Met vragen."
    assert set(link.custom) == {"space", "door"}
    assert link.own_tab is (product == "canvas"), "Moodle takes no such hint"
    answer = click(visitor, link, user=FATMA)
    with database.reading() as db:
        made = db.scalars(select(Space)).one()
        assert db.execute(
            select(Membership.role, Identity.subject).join(Identity, Identity.person_id == Membership.person_id)
        ).all() == [("lead", dialog.platform.subject(NOOR))]
    assert answer.location == f"/s/{made.slug}/join"
    assert visitor.client.get(answer.location).status_code == 200
    # And its trekker lands in it.
    assert click(visitor, link, user=NOOR, roles=(INSTRUCTOR,)).location == f"/s/{made.slug}"


def test_the_answer_is_what_the_specification_and_both_lms_ask(
    dialog: Dialog, space: Callable[..., Space], product: str, clock: StandingClock
) -> None:
    made = space("Delier 🌙 op de <b>IC</b>")
    dialog.open()
    header, said = said_in(dialog.press("/place", space=str(made.id)), dialog.client)
    assert header["alg"] == "RS256"
    published = dialog.client.get("/lti/jwks").get_json()["keys"]
    assert header["kid"] in {key["kid"] for key in published}
    now = int(clock().timestamp())
    assert said["iss"] == "client-1"
    assert said["aud"] == dialog.platform.issuer, "a text: Canvas takes no list"
    assert (said["iat"], said["exp"]) == (now, now + 300)
    assert len(said["nonce"]) > 20
    assert said[LTI + "deployment_id"] == "1"
    assert said[LTI + "message_type"] == "LtiDeepLinkingResponse"
    assert said[LTI + "version"] == "1.3.0"
    assert (DL + "data" in said) is (product == "canvas"), "none when none was sent"
    (item,) = said[ITEMS]
    assert item["type"] == "ltiResourceLink"
    assert item["title"] == "Delier 🌙 op de <b>IC</b>"
    assert item["custom"]["space"] == made.slug
    assert len(item["custom"]["door"]) >= 32
    if product == "moodle":
        assert "url" not in item, "with it Moodle forgets whose link it is"
    else:
        assert item["url"] == "http://localhost:5000/lti/launch"
    assert None not in (*said.values(), *item.values())


def test_the_answer_goes_to_the_lms_alone_by_itself_or_by_a_button(dialog: Dialog, space: Callable[..., Space]) -> None:
    made = space()
    dialog.open()
    page = dialog.press("/place", space=str(made.id))
    policy = page.headers["Content-Security-Policy"]
    assert f"form-action {dialog.platform.issuer};" in policy
    assert f"frame-ancestors 'self' {dialog.platform.issuer}" in policy
    body = page.get_data(as_text=True)
    assert ".submit()" in body
    assert "<button" in body
    assert "unsafe" not in policy


def test_many_in_one_go(dialog: Dialog, space: Callable[..., Space], visitor: Visitor) -> None:
    made = [space(f"Ruimte {n}", level) for n, level in enumerate((Level.OPEN, Level.KNOCK, Level.HIDDEN))]
    dialog.open()
    dialog.press("/place", space=[str(one.id) for one in made], latch=str(made[2].id))
    links = dialog.bring().links
    assert [link.title for link in links] == ["Ruimte 0", "Ruimte 1", "Ruimte 2"]
    assert len({link.custom["door"] for link in links}) == 3
    for link, one in zip(links, made, strict=True):
        assert click(visitor, link, user=FATMA).location == f"/s/{one.slug}/join"


def test_one_where_one_was_asked(app: Flask, platform: LyingPlatform, space: Callable[..., Space]) -> None:
    made = [space("Eerste"), space("Tweede")]
    dialog = Dialog(app, platform, multiple=False)
    dialog.open()
    assert 'type="radio"' in dialog.text
    page = dialog.press("/place", space=[str(one.id) for one in made])
    assert page.status_code == 422
    assert "Kies er een." in dialog.text
    dialog.press("/place", space=str(made[1].id))
    assert [link.title for link in dialog.bring().links] == ["Tweede"]


def test_nothing_picked_is_an_empty_answer(dialog: Dialog, database: Database) -> None:
    dialog.open()
    token = dialog.token
    dialog.press("/cancel")
    assert dialog.bring().links == ()
    assert dialog.send("/cancel", token=token).status_code == 400
    with database.reading() as db:
        assert not db.scalars(select(Picking.id)).all()


def test_what_was_sent_along_comes_back_as_it_was(app: Flask, platform: LyingPlatform) -> None:
    dialog = Dialog(app, platform, data='{"k": "ü <&>"}')
    dialog.open()
    _header, said = said_in(dialog.press("/cancel"), dialog.client)
    assert said[DL + "data"] == '{"k": "ü <&>"}'


def test_a_second_answer_makes_nothing_twice(dialog: Dialog, database: Database) -> None:
    dialog.open()
    token = dialog.token
    first = dialog.press("/start", **NEW)
    dialog.bring(first)
    for path, fields in {"/start": NEW, "/place": {}, "": {}, "/new": {}, "/cancel": {}}.items():
        page = dialog.send(path, token=token, **fields)
        assert page.status_code == 400
        body = page.get_data(as_text=True)
        assert "Open dit opnieuw vanuit je cursus" in body
        assert "Er is niets dubbel gemaakt." in body
        assert "JWT" not in body
    with database.reading() as db:
        assert len(db.scalars(select(Space.id)).all()) == 1
        assert len(db.scalars(select(PlacedLink.key_hash)).all()) == 1


def test_after_an_hour_it_is_opened_again(dialog: Dialog, clock: StandingClock, database: Database, app: Flask) -> None:
    dialog.open()
    token = dialog.token
    clock.forward(minutes=59)
    assert dialog.send("", token=token).status_code == 200
    clock.forward(minutes=1)
    assert dialog.send("/start", token=token, **NEW).status_code == 400
    from lti_tool.lti import operations

    with database.writing() as db:
        operations.clear(db, clock())
        assert not db.scalars(select(Picking.id)).all()


def test_the_same_message_opens_the_picker_once(dialog: Dialog, app: Flask, database: Database) -> None:
    visitor = Visitor(dialog.client, dialog.platform)
    fields = visitor.authorize(visitor.login(dialog.begin()))
    assert visitor.post(fields).status_code == 200
    replayed = visitor.post(fields)
    assert replayed.status_code == 400
    assert "Code L02" in replayed.get_data(as_text=True)
    with database.reading() as db:
        assert len(db.scalars(select(Picking.id)).all()) == 1


def test_nothing_of_the_answers_address_is_readable_at_rest(
    dialog: Dialog, platform: LyingPlatform, database: Database, app: Flask
) -> None:
    """Moodle's holds the session key of the teacher."""
    moodle_asks(platform)
    assert dialog.open().status_code == 200
    with database.reading() as db:
        row = db.execute(select(*Picking.__table__.columns)).mappings().one()
    assert b"SESSKEY" not in row["answer_to"]
    assert "SESSKEY" not in repr({**row, "answer_to": b""})
    assert "SESSKEY" not in dialog.text
    page = dialog.press("/cancel")
    assert f'action="{platform.issuer}/mod/lti/contentitem_return.php?course=2&id=1&sesskey=SESSKEY"' in dialog.text
    assert page.headers["Cache-Control"] == "private, no-store"


def moodle_asks(platform: LyingPlatform, **changed: Any) -> None:
    """What Moodle 4.5 asked for was recorded; now to us, in Dutch, with an address of this platform."""
    said = recorded("moodle/lti_deep_linking.json")
    said[LTI + "launch_presentation"]["locale"] = "nl"
    settings = said[DL + "deep_linking_settings"]
    settings.update(changed)
    host = settings["deep_link_return_url"].partition("/mod/")[0]
    settings["deep_link_return_url"] = settings["deep_link_return_url"].replace(host, platform.issuer)
    replay(platform, said)


@pytest.mark.parametrize("title", ["Leerkring", "Leerkring zonder namen"])
def test_no_space_gets_the_tools_own_name(
    dialog: Dialog, platform: LyingPlatform, database: Database, title: str
) -> None:
    """Moodle 4.5 sends the name of the tool as the title when the teacher typed none."""
    be("moodle", platform, database)
    moodle_asks(platform, title=title)
    assert dialog.open().status_code == 200
    dialog.press("/new")
    assert f'value="{title}"' not in dialog.text
    assert 'name="title"' in dialog.text


def test_a_recorded_request_of_moodle(dialog: Dialog, platform: LyingPlatform, database: Database) -> None:
    be("moodle", platform, database)
    moodle_asks(platform)
    assert dialog.open().status_code == 200
    assert "Wondzorg 2026" in dialog.text
    assert 'name="title" value="Nieuwe leerruimte"' in dialog.text, "what the teacher typed already"
    assert "eigen tabblad? Dat kies je straks in Moodle" in dialog.text
    _header, said = said_in(dialog.press("/start", **NEW), dialog.client)
    (item,) = said[ITEMS]
    # Moodle made the form of its activity of these fields, and of no others.
    known = recorded("moodle/deep_linking_answer_single.json")
    assert set(item) <= set(known["sent"][ITEMS][0]) - {"url"}
    assert known["form"]["name"] == known["sent"][ITEMS][0]["title"]
    assert known["form"]["introeditor"]["text"] == known["sent"][ITEMS][0]["text"]
    assert known["form"]["instructorcustomparameters"] == "space_id=42", "lines of name=value"
    assert all("\n" not in value and "=" not in value for value in item["custom"].values())
    with database.reading() as db:
        assert db.scalars(select(Identity.subject)).one() == "63"


def test_a_recorded_request_of_canvas(dialog: Dialog, platform: LyingPlatform, database: Database) -> None:
    be("canvas", platform, database)
    said = recorded("canvas/lti_id_token_deep_linking_editor_button.json")
    said[LTI + "launch_presentation"]["locale"] = "nl"
    replay(platform, said)
    page = dialog.open()
    assert page.status_code == 200, "the address is on the school's own host, which the token names"
    assert "Open in een eigen tabblad" in dialog.text
    page = dialog.press("/start", **NEW, own_tab="yes")
    assert "form-action https://canvas.stjude-trust.example;" in page.headers["Content-Security-Policy"]
    _header, answer = said_in(page, dialog.client)
    sample = recorded("canvas/lti_deep_linking_response_claims.json")
    assert set(answer) == set(sample)
    assert type(answer["aud"]) is type(sample["aud"])
    assert set(answer[ITEMS][0]) <= set(sample[ITEMS][0])
    assert answer[ITEMS][0]["window"] == sample[ITEMS][0]["window"]


@pytest.mark.parametrize(
    "roles",
    [
        (LEARNER,),
        (),
        ("http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor", LEARNER),
        (ADMINISTRATOR, LEARNER),
    ],
)
def test_who_does_not_teach_there_picks_nothing(
    app: Flask, platform: LyingPlatform, roles: tuple[str, ...], database: Database
) -> None:
    dialog = Dialog(app, platform, roles=roles)
    page = dialog.open()
    assert page.status_code == 403
    assert "Code L08" in dialog.text
    assert "Een link maken doet de docent" in dialog.text
    with database.reading() as db:
        assert not db.scalars(select(Person.id)).all()
        assert not db.scalars(select(Picking.id)).all()


def test_an_admin_of_canvas_without_a_role_in_the_course_may_pick(app: Flask, platform: LyingPlatform) -> None:
    assert Dialog(app, platform, roles=(ADMINISTRATOR,)).open().status_code == 200


def test_a_deployment_that_waits_opens_no_picker(dialog: Dialog, platform: LyingPlatform, database: Database) -> None:
    platform.change = lambda said: said.update({LTI + "deployment_id": "99"})
    visitor = Visitor(dialog.client, platform)
    page = visitor.post(visitor.authorize(visitor.login(dialog.begin(), lti_deployment_id="99")))
    assert page.status_code == 403
    assert "Code L04" in page.get_data(as_text=True)
    with database.reading() as db:
        assert not db.scalars(select(Picking.id)).all()


def test_the_custom_field_alone_gives_no_more_than_before(
    app: Flask, visitor: Visitor, space: Callable[..., Space]
) -> None:
    closed, open_ = space("Besloten", Level.PRIVATE), space("Open")
    typed = Link("77", "Getypt", custom={"space": closed.slug, "door": "A" * 32})
    assert click(visitor, typed, user=FATMA).location.startswith("/doors/")
    typed = Link("78", "Getypt", custom={"space": open_.slug})
    assert click(visitor, typed, user=FATMA).location == f"/s/{open_.slug}/join"


def test_the_first_launch_of_a_picked_link_costs_no_more_than_another(
    dialog: Dialog, visitor: Visitor, space: Callable[..., Space], database: Database
) -> None:
    made = space("Nachtvogels", Level.PRIVATE)
    dialog.open()
    dialog.press("/place", space=str(made.id), latch=str(made.id))
    (link,) = dialog.bring().links
    for link_id in (link.id, "a-copy-of-it"):
        fresh = dataclasses.replace(VISIT, user=User(f"new-{link_id}"), link=dataclasses.replace(link, id=link_id))
        fields = visitor.authorize(visitor.login(fresh))
        with statements(database) as seen:
            assert visitor.post(fields).status_code == 303
        assert len([one for one in seen if not one.startswith("BEGIN")]) <= 15


def test_a_copied_course_asks_its_teacher_once(
    dialog: Dialog, visitor: Visitor, space: Callable[..., Space], noor: uuid.UUID
) -> None:
    made = space("Nachtvogels", Level.PRIVATE)
    dialog.open()
    dialog.press("/place", space=str(made.id), latch=str(made.id))
    (link,) = dialog.bring().links
    copy, autumn = dataclasses.replace(link, id="501"), Course("50", "Wondzorg najaar")
    early = click(visitor, copy, user=FATMA, course=autumn)
    assert "Je docent kiest nog" in visitor.client.get(early.location).get_data(as_text=True)
    asked = click(visitor, copy, user=NOOR, course=autumn, roles=(INSTRUCTOR,))
    page = visitor.client.get(asked.location).get_data(as_text=True)
    assert "Zelfde ruimte of een nieuwe, lege?" in page
    # A course that is reset keeps its links, so nothing is asked.
    for _ in range(2):
        assert click(visitor, link, user=NOOR, roles=(INSTRUCTOR,)).location == f"/s/{made.slug}"


def test_keys_that_rotate_meanwhile_fail_no_answer(
    dialog: Dialog, space: Callable[..., Space], app: Flask, database: Database, clock: StandingClock
) -> None:
    made = space()
    rt: Runtime = app.extensions["leerkring"]
    for _ in range(3):
        dialog.open()
        with database.writing() as db:
            keys.rotate_keys(db, rt.cipher, now=clock())
        dialog.press("/place", space=str(made.id))
        assert isinstance(dialog.bring(), Answered)
        clock.forward(hours=2)
