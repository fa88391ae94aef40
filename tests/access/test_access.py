"""Who may see and do what: every route × every viewer × every level, by real HTTP, against the table of access.md.

A route without a row fails `test_every_route_follows_a_row`.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import InternalError, OperationalError

from lti_tool.db import Database
from lti_tool.people.viewer import load
from lti_tool.spaces import access, operations
from lti_tool.spaces.policy import Level, Standing, may
from lti_tool.web.routes import ROUTES
from tests.access.conftest import Stage, title
from tests.access.table import (
    ADMIN,
    ANYBODY,
    API,
    HR,
    JOIN_FIRST,
    KINDS,
    LIST,
    NEVER_WAS,
    NO,
    NOT_THERE,
    ROUTES_BY_ROW,
    SIGN_IN,
    YES,
    Kind,
    expected,
    granted,
)
from tests.conftest import StandingClock
from tests.world import World


def test_every_route_follows_a_row(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    undeclared = endpoints - set(ROUTES)
    assert not undeclared, f"{undeclared} declare no access: make the route with `Room.get(..., access=...)`."
    without = endpoints - set(ROUTES_BY_ROW)
    assert not without, (
        f"No row of access.md is named for {sorted(without)}. Add each to ROUTES_BY_ROW in tests/access/table.py with "
        "the row that it follows; what it needs to be there, give in `Stage.arguments`, `FORMS`, `QUERIES`."
    )
    assert not set(ROUTES_BY_ROW) - endpoints, "these routes are gone: take them out of ROUTES_BY_ROW"


def seen(response: Any) -> str:
    """What a response means to the policy."""
    body = response.get_data(as_text=True)
    match response.status_code:
        case 401:
            return SIGN_IN
        case 403:
            return JOIN_FIRST if "/join" in body and "Doe eerst mee" in body else NO
        case 404:
            return NEVER_WAS
        case status:
            assert status < 500 or body.startswith("not ready"), body
            return YES


def plain(response: Any) -> tuple[Any, ...]:
    """A response without what is new every time."""
    body = re.sub(r'nonce="[^"]+"|name="(csrf|form_key)" value="[^"]*"', "", response.get_data(as_text=True))
    headers = {  # where one wanted to go is the address that was asked for, whether there is a page or not
        name: re.sub(r"nonce-[^']+|__Host-leerkring-wish=.*", "", value)
        for name, value in response.headers.items()
        if name != "X-Request-Id"
    }
    return response.status_code, headers, body


def of_a_space(app: Flask) -> list[str]:
    return sorted(rule.endpoint for rule in app.url_map.iter_rules() if "slug" in rule.arguments)


def test_every_route_of_a_space_answers_every_viewer_as_the_table_says(stage: Stage) -> None:
    wrong = []
    nowhere: dict[tuple[Kind, str], tuple[Any, ...]] = {}
    for kind, endpoint in product(KINDS, of_a_space(stage.app)):
        for level in Level:
            arguments = stage.arguments(kind, level, endpoint)
            fields = {}
            if endpoint == "spaces.join":
                knocks = expected("knock", kind, level) == YES and expected("join", kind, level) != YES
                fields = {"way": "knock" if knocks else "member", "name": "Zo heet ik"}
            response = stage.ask(kind, endpoint, arguments, **fields)
            want, got = expected(ROUTES_BY_ROW[endpoint], kind, level), seen(response)
            if got != want and not (want == NO and got == JOIN_FIRST):
                wrong.append(
                    f"{kind.name}: {endpoint} of a {level} space said {got} ({response.status_code}), "
                    f"the table says {want}"
                )
            if want in {NEVER_WAS, SIGN_IN}:
                if (kind, endpoint) not in nowhere:
                    never = stage.ask(kind, endpoint, {**arguments, "slug": "never-was"}, **fields)
                    nowhere[kind, endpoint] = plain(never)
                if plain(response) != nowhere[kind, endpoint]:
                    wrong.append(f"{kind.name}: {endpoint} tells a {level} space from one that never was")
    assert not wrong, "\n".join(wrong)


def test_the_list_of_members_names_whom_the_table_allows(stage: Stage) -> None:
    for kind, level in product(KINDS, Level):
        response = stage.ask(kind, "spaces.members", stage.arguments(kind, level, ""))
        if seen(response) != YES:
            continue
        body = response.get_data(as_text=True)
        assert ("supporter" in body and "Persoon" in body) is (expected(LIST, kind, level) == YES), kind
        assert f"{stage.people['lead'].viewer.given_name}" in body, kind
        assert ("Klopper de Klop" in body) is (kind.column in {"lead", "supporter"}), kind


def test_no_page_names_a_space_to_who_may_not_learn_of_it(stage: Stage) -> None:
    fixed = [
        rule
        for rule in stage.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "static"
    ]
    for kind in KINDS:
        client = stage.people[kind.name].client if kind.name in stage.people else stage.stranger
        for rule in fixed:
            body = client.get(rule.rule).get_data(as_text=True)
            for level, space in stage.spaces.items():
                if expected("learn that it exists", kind, level) != YES:
                    assert title(level) not in body, (kind, rule.rule)
                    assert space.slug not in body, (kind, rule.rule)
    for kind in KINDS[1:]:
        body = stage.people[kind.name].get("/spaces").get_data(as_text=True)
        for level in Level:
            learns = expected("learn that it exists", kind, level) == YES
            assert (title(level) in body) is learns, (kind, level)


def test_routes_outside_spaces_keep_to_their_row(stage: Stage) -> None:
    wrong = []
    for endpoint, row in ROUTES_BY_ROW.items():
        if endpoint in of_a_space(stage.app):
            continue
        for kind in KINDS:
            if endpoint == "people.leave_session" and kind.column != "stranger":
                continue  # ends the session of the test
            got = seen(stage.ask(kind, endpoint, stage.arguments(kind, Level.OPEN, endpoint)))
            role = {ADMIN: "admin", HR: "hr"}.get(row)
            if row == API:
                fine = got == SIGN_IN
            elif row == ANYBODY:
                fine = got != NO
            elif kind.column == "stranger":
                fine = got == SIGN_IN
            elif role and kind.name.split(",")[0] != role:
                fine = got == NEVER_WAS
            elif role:
                fine = got == YES or (got == NEVER_WAS and endpoint in NOT_THERE)
            else:
                fine = got != SIGN_IN
            if not fine:
                wrong.append(f"{kind.name}: {endpoint} ({row}) said {got}")
    assert not wrong, "\n".join(wrong)


def test_the_policy_agrees_with_the_table_in_every_case() -> None:
    from lti_tool.spaces.policy import Action, Answer

    standings = {
        "stranger": Standing.STRANGER, "outsider": Standing.OUTSIDER, "colleague": Standing.COLLEAGUE,
        "org admin, HR": Standing.OFFICE, "tribune": Standing.OBSERVER, "member": Standing.MEMBER,
        "supporter": Standing.SUPPORTER, "lead": Standing.LEAD,
    }  # fmt: skip
    answers = {Answer.YES: YES, Answer.NO: NO, Answer.JOIN_FIRST: JOIN_FIRST}
    for action in Action:
        for column, standing in standings.items():
            for level in Level:
                for door in ("", "door", "lets in"):
                    kind = Kind(column, column, door)
                    through, lets_in = door != "", door == "lets in"
                    got = answers[may(action, standing, level, through_door=through, lets_in=lets_in)]
                    want = granted(action.value, kind, level)
                    assert got == want or {got, want} == {JOIN_FIRST, NO}, (action, kind, level)


def test_a_get_cannot_write(stage: Stage, database: Database, clock: StandingClock) -> None:
    """The reading session refuses by itself, whatever a view does."""
    lead = stage.people["lead"].viewer
    with database.reading() as db:
        space = access.find(db, lead, stage.spaces[Level.OPEN].slug, now=clock())
        assert space
        with pytest.raises((OperationalError, InternalError)):
            operations.withdraw_knock(db, space, lead)


def test_leaving_ends_access_at_once(world: World, database: Database, clock: StandingClock) -> None:
    organisation = world.organisation()
    noor, fatma = world.somebody(organisation, "Noor de Wit"), world.somebody(organisation)
    space = world.space(noor, level=Level.HIDDEN)
    world.member(space, fatma)
    assert fatma.get(f"/s/{space.slug}/t").status_code == 200
    assert fatma.post(f"/s/{space.slug}/leave").status_code == 303
    assert fatma.get(f"/s/{space.slug}/t").status_code == 404
    assert fatma.get(f"/s/{space.slug}").status_code == 404
    with database.reading() as db:
        token = fatma.client.get_cookie("__Host-leerkring", domain="localhost")
        assert token
        assert load(db, token.value, clock())
