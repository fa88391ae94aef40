"""Who may see and do what: every route × every viewer × every level, by real HTTP, against the table of access.md.

`TABLE` is a copy of the rows of access.md; `WORDS` says in code what its phrases mean; `ROUTES_BY_ROW` names for each
route the row that it follows. A route without a row fails `test_every_route_follows_a_row`.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import InternalError, OperationalError

import lti_tool
from lti_tool.conversations import operations as conversations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.db import Database, new_id
from lti_tool.organisations.models import Platform
from lti_tool.people.viewer import load
from lti_tool.settings import Settings
from lti_tool.spaces import access, operations
from lti_tool.spaces.models import Door, Knock, Passage, Space
from lti_tool.spaces.policy import Level, Standing, may
from lti_tool.web.routes import ROUTES
from tests.conftest import StandingClock
from tests.world import Somebody, World

# The columns and rows of access.md for what exists so far. Further rows, in words of its text:
# "join" and "knock" say the paragraph on levels ("joining is one click", "a trekker or supporter lets them in",
# "comes through a door that the space opened with 'this door lets in'"); "leave" says "leaving is easy".
TABLE = """
| | stranger | outsider | colleague: open | colleague: knock | colleague: private, hidden | tribune | member | supporter | lead | org admin, HR |
|---|---|---|---|---|---|---|---|---|---|---|
| learn that it exists | - | - | yes | yes | only through a door or invitation | yes | yes | yes | yes | count and name of *open* and *knock* spaces; others by number only |
| charter, trekkers | - | - | yes | yes | through a door or invitation | yes | yes | yes | yes | the same spaces |
| list of members | - | - | yes | - | - | trekkers only | yes | yes | yes | count, from the floor up |
| conversations: read | - | - | yes | - | - | only in *open* spaces | yes | yes | yes | - |
| conversations: write | - | - | join first | - | - | - | yes | yes | yes | - |
| move and split threads, pin, welcome, answer the report queue | - | - | - | - | - | - | - | yes | yes | - |
| settings, level, doors, mirror, roles, closing | - | - | - | - | - | - | - | - | yes | - |
| own words: edit, withdraw | | | | | | own | own | own | own | |
| join | - | - | yes | by a door that lets in | by a door that lets in | where a colleague may | - | - | - | where a colleague may |
| knock | - | - | - | unless a door lets in | - | where a colleague may | - | - | - | where a colleague may |
| leave | - | - | - | - | - | yes | yes | yes | yes | - |
"""

ANYBODY = "anybody"
OWN = "signed in: one's own, and what queries allow"
ADMIN = "organisation: admin"
HR = "organisation: hr"
API = "a client of the API, by its token"
CHARTER, LIST, READ, WRITE = "charter, trekkers", "list of members", "conversations: read", "conversations: write"
MODERATE = "move and split threads, pin, welcome, answer the report queue"
LEAD = "settings, level, doors, mirror, roles, closing"
OWN_WORDS = "own words: edit, withdraw"
JOIN_OR_KNOCK = "join or knock"

ROUTES_BY_ROW = {
    "health.healthz": ANYBODY,
    "health.readyz": ANYBODY,
    "home.front": ANYBODY,
    "home.doc": ANYBODY,
    "lti.login": ANYBODY,
    "lti.login_by_get": ANYBODY,
    "lti.launch": ANYBODY,
    "lti.jwks": ANYBODY,
    "lti.tab": ANYBODY,
    "lti.tab_continue": ANYBODY,
    "people.signed_out": ANYBODY,
    "people.sign_in_page": ANYBODY,
    "people.sign_in": ANYBODY,
    "people.settings": OWN,
    "people.choose_name": OWN,
    "people.choose_language": OWN,
    "people.choose_theme": OWN,
    "people.this_is_me": OWN,
    "people.use_code": OWN,
    "people.leave_session": OWN,
    "rights.export": OWN,
    "record.portfolio": OWN,
    "record.export": OWN,
    "record.edit": OWN,
    "record.change": OWN,
    "record.ask": OWN,
    "record.remove": OWN,
    "record.share": OWN,
    "record.withdraw": OWN,
    "record.formal": OWN,
    "record.new": OWN,
    "record.add": OWN,
    "record.shared": OWN,
    "record.skip": OWN,
    "spaces.index": OWN,
    "spaces.new": OWN,
    "spaces.start": OWN,
    # A door answers only who came through it; tests/spaces/test_doors.py asks all cases.
    "spaces.door": OWN,
    "spaces.open_door": OWN,
    "spaces.home": CHARTER,
    "spaces.join_page": CHARTER,
    "spaces.join": JOIN_OR_KNOCK,
    "spaces.withdraw_knock": CHARTER,
    "spaces.leave": "leave",
    # What of the list is on the page is `test_the_list_of_members_names_whom_the_table_allows`.
    "spaces.members": CHARTER,
    "spaces.answer_knock": MODERATE,
    "spaces.set_role": LEAD,
    "spaces.settings": LEAD,
    "spaces.change": LEAD,
    "spaces.set_door": LEAD,
    "spaces.close_door": LEAD,
    "conversations.index": READ,
    "conversations.conversation": READ,
    "conversations.chunk": READ,
    "conversations.seen": READ,
    "conversations.all_read": READ,
    "conversations.save_draft": READ,
    "conversations.new": WRITE,
    "conversations.start": WRITE,
    "conversations.post": WRITE,
    "conversations.composer": WRITE,
    "conversations.edit_page": OWN_WORDS,
    "conversations.edit": OWN_WORDS,
    "conversations.withdraw_page": OWN_WORDS,
    "conversations.withdraw": OWN_WORDS,
    "conversations.words": OWN,
    "conversations.withdraw_words_page": OWN,
    "conversations.withdraw_words": OWN,
    "admin.status": ADMIN,
    "admin.accept": ADMIN,
    "reports.index": HR,
    "reports.spreadsheet": HR,
    "reports.take": HR,
    "reports.token": ANYBODY,
    "reports.openapi": ANYBODY,
    "reports.activity": API,
}

FORMS: dict[str, dict[str, str]] = {
    "spaces.change": {"title": "Anders", "what_for": "Iets anders", "level": "hidden"},
    "spaces.answer_knock": {"let_in": "yes"},
    "spaces.set_role": {"role": "supporter"},
    "conversations.start": {"kind": "question", "title": "Wie weet dit?", "text": "Ik niet."},
    "conversations.post": {"text": "Ik ook niet."},
    "conversations.edit": {"text": "Of toch."},
    "conversations.save_draft": {"place": "question", "text": "Nog niet klaar"},
    "conversations.seen": {"numbers": "1"},
}
NOT_THERE = frozenset({"admin.accept", "reports.spreadsheet"})
"""Routes about a thing that the stage has not: also who may ask finds nothing."""
QUERIES = {"conversations.chunk": {"after": 1}}


@dataclass(frozen=True)
class Kind:
    """A kind of viewer: a column of the table, and whether they came by a door of the space."""

    name: str
    column: str
    door: str = ""
    """ "" (none), "door", or "lets in"."""


KINDS = (
    Kind("stranger", "stranger"),
    Kind("outsider", "outsider"),
    Kind("outsider, by a door that lets in", "outsider", "lets in"),
    Kind("colleague", "colleague"),
    Kind("colleague, by a door", "colleague", "door"),
    Kind("colleague, by a door that lets in", "colleague", "lets in"),
    Kind("admin", "org admin, HR"),
    Kind("hr", "org admin, HR"),
    Kind("hr, by a door", "org admin, HR", "door"),
    Kind("tribune", "tribune"),
    Kind("tribune, by a door that lets in", "tribune", "lets in"),
    Kind("member", "member"),
    Kind("supporter", "supporter"),
    Kind("lead", "lead"),
)
INSIDE = {"tribune": "observer", "member": "member", "supporter": "supporter", "lead": "lead"}

YES, NO, JOIN_FIRST, NEVER_WAS, SIGN_IN = "yes", "no", "join first", "never was", "sign in first"


def _rows() -> dict[str, dict[str, str]]:
    header, _line, *rows = (
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in TABLE.strip().splitlines()
    )
    return {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}


ROWS = _rows()
_NAMED = {Level.OPEN, Level.KNOCK}
WORDS: dict[str, Callable[[Kind, Level, str], bool]] = {
    "": lambda kind, level, row: False,
    "-": lambda kind, level, row: False,
    "yes": lambda kind, level, row: True,
    "own": lambda kind, level, row: True,  # the tests ask with a post of their own
    "only through a door or invitation": lambda kind, level, row: kind.door != "",
    "through a door or invitation": lambda kind, level, row: kind.door != "",
    "trekkers only": lambda kind, level, row: False,
    "only in *open* spaces": lambda kind, level, row: level is Level.OPEN,
    "count, from the floor up": lambda kind, level, row: False,
    # A role of the organisation names open and knock spaces to them. By a door they know of a closed one like anybody.
    "count and name of *open* and *knock* spaces; others by number only": (
        lambda kind, level, row: level in _NAMED or kind.door != ""
    ),
    "the same spaces": lambda kind, level, row: level in _NAMED or kind.door != "",
    "by a door that lets in": lambda kind, level, row: kind.door == "lets in",
    "unless a door lets in": lambda kind, level, row: kind.door != "lets in",
    "where a colleague may": lambda kind, level, row: _colleague_may(row, kind, level),
}


def _cell(row: str, kind: Kind, level: Level) -> str:
    if kind.column != "colleague":
        return ROWS[row][kind.column]
    return ROWS[row][f"colleague: {level.value if level in _NAMED else 'private, hidden'}"]


def _colleague_may(row: str, kind: Kind, level: Level) -> bool:
    return _granted(row, Kind("", "colleague", kind.door), level) == YES


def _granted(row: str, kind: Kind, level: Level) -> str:
    cell = _cell(row, kind, level)
    if cell == "join first":
        return JOIN_FIRST
    return YES if WORDS[cell](kind, level, row) else NO


def expected(row: str, kind: Kind, level: Level) -> str:
    """What the table says of a route of that row."""
    if kind.column == "stranger":
        return SIGN_IN
    if _granted("learn that it exists", kind, level) == NO:
        return NEVER_WAS
    if row == JOIN_OR_KNOCK:
        inside = kind.column in {"member", "supporter", "lead"}  # once more leads home
        return YES if inside or YES in {_granted("join", kind, level), _granted("knock", kind, level)} else NO
    return _granted(row, kind, level)


class Rehearsal:
    """The database, but nothing that a request writes is kept: so every request meets the same world."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @contextlib.contextmanager
    def writing(self, **more: Any) -> Iterator[Any]:
        class Undo(Exception):
            pass

        with contextlib.suppress(Undo), self._database.writing(**more) as db:
            yield db
            db.flush()
            raise Undo


@dataclass
class Stage:
    """A space of every level with somebody of every kind, a conversation, a knock and a door."""

    app: Flask
    spaces: dict[Level, Space]
    people: dict[str, Somebody]
    own_post: dict[tuple[Level, str], int]
    lead_id: uuid.UUID
    member_id: uuid.UUID
    knocker_id: uuid.UUID
    doors: dict[tuple[Level, str], uuid.UUID]
    stranger: Any
    tokens: dict[str, str]

    def ask(self, kind: Kind, endpoint: str, arguments: dict[str, Any], **fields: str) -> Any:
        """Real HTTP: GET, or a POST with the viewer's own CSRF token."""
        rule = next(rule for rule in self.app.url_map.iter_rules() if rule.endpoint == endpoint)
        with self.app.test_request_context():
            # Further things of other rooms need not be there: outside spaces only the door counts.
            unknown = {name: uuid.UUID(int=7) for name in rule.arguments}
            given = {name: arguments.get(name, unknown[name]) for name in rule.arguments}
            path = self.app.url_for(endpoint, **given, **QUERIES.get(endpoint, {}))
        who = self.people.get(kind.name)
        client = who.client if who else self.stranger
        if "POST" not in (rule.methods or ()):
            return client.get(path)
        if kind.name not in self.tokens and who:
            found = re.search(r'name="csrf" value="([^"]+)"', who.get("/spaces").get_data(as_text=True))
            assert found, "no CSRF token on /spaces"
            self.tokens[kind.name] = found[1]
        return client.post(path, data={"csrf": self.tokens.get(kind.name, ""), **FORMS.get(endpoint, {}), **fields})

    def arguments(self, kind: Kind, level: Level, endpoint: str) -> dict[str, Any]:
        """Things that are there, so that a refusal is about access."""
        return {
            "slug": self.spaces[level].slug,
            "number": 1,
            "post": self.own_post.get((level, kind.name), 1),
            "person_id": self.knocker_id if endpoint == "spaces.answer_knock" else self.member_id,
            "door_id": self.doors[level, "door"],
            "token": "never-given",
            "name": "help",
        }


def title(level: Level) -> str:
    return f"Ruimte nummer {list(Level).index(level)} van de ring"


@pytest.fixture
def stage(settings: Settings, database: Database, clock: StandingClock) -> Stage:
    app = lti_tool.create_app(settings, database=Rehearsal(database), clock=clock)  # type: ignore[arg-type]
    app.testing = True
    world = World(app, database, clock)
    owner, other, outside = (
        world.organisation(),
        world.organisation("vecht", "Thuiszorg Vecht"),
        world.organisation("elders", "Zorggroep Elders"),
    )
    network = world.network(owner, other)
    people = {}
    for kind in KINDS:
        if kind.column == "stranger":
            continue
        home = {"outsider": outside, "colleague": other, "tribune": other}.get(kind.column, owner)
        roles = [kind.name.split(",")[0]] if kind.column == "org admin, HR" else []
        people[kind.name] = world.somebody(home, f"Persoon {len(people)} {kind.column}", *roles)
    lead, member = people["lead"], people["member"]
    knocker = world.somebody(other, "Klopper de Klop")
    spaces = {level: world.space(lead, title(level), level, network) for level in Level}
    stage = Stage(
        app, spaces, people, {}, lead.id, member.id, knocker.id, {}, world.stranger(), {}
    )
    with database.writing() as db:
        platform = Platform(
            id=new_id(clock()), organisation_id=owner, name="Moodle", issuer="https://lms.example", client_id="1",
            auth_url="https://lms.example/a", token_url="https://lms.example/t",
            jwks_url="https://lms.example/j", created_at=clock(), key_fetches=[],
        )  # fmt: skip
        db.add(platform)
        db.flush()
        for level, space in spaces.items():
            for word in ("door", "lets in"):
                door = Door(
                    id=new_id(clock()), organisation_id=owner, platform_id=platform.id, context_id="c",
                    resource_link_id=f"{level}{word}", space_id=space.id, lets_in=word == "lets in",
                    found_at=clock(),
                )  # fmt: skip
                db.add(door)
                db.flush()
                stage.doors[level, word] = door.id
                for kind in KINDS:
                    if kind.door == word:
                        passage = {"person_id": people[kind.name].id, "passed_at": clock()}
                        db.add(Passage(door_id=door.id, **passage))
            db.add(Knock(space_id=space.id, person_id=knocker.id, knocked_at=clock()))
    for level, space in spaces.items():
        for kind in KINDS:
            # The tribune wrote when they were members: own words stay one's own.
            if kind.column in INSIDE:
                role = "member" if kind.column == "tribune" else INSIDE[kind.column]
                world.member(space, people[kind.name], role)
        with database.writing() as db:
            here = access.find(db, lead.viewer, space.slug, now=clock())
            assert here
            first = NewConversation.model_validate({"kind": "question", "title": "Wie weet dit?", "text": "Ik niet."})
            conversations.start(db, lead.viewer, here, first, now=clock())
            stage.own_post[level, "lead"] = 1
        for kind in KINDS:
            if kind.column in INSIDE and kind.name != "lead":
                who = people[kind.name].viewer
                with database.writing() as db:
                    inside = access.find(db, who, space.slug, now=clock())
                    assert inside
                    post = conversations.reply(db, who, inside, 1, NewPost(text="Van mij."), now=clock())
                    stage.own_post[level, kind.name] = post
        for kind in KINDS:
            if kind.column == "tribune":
                world.member(space, people[kind.name], "observer")
    return stage


def test_every_route_follows_a_row(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    undeclared = endpoints - set(ROUTES)
    assert not undeclared, f"{undeclared} declare no access: make the route with `Room.get(..., access=...)`."
    without = endpoints - set(ROUTES_BY_ROW)
    assert not without, (
        f"No row of access.md is named for {sorted(without)}. Add each to ROUTES_BY_ROW in tests/test_access.py with "
        "the row that it follows; where it needs things to be there, give them in `Stage.arguments`, `FORMS`, `QUERIES`."
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
    headers = {
        name: re.sub(r"nonce-[^']+", "", value)
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
                    want = _granted(action.value, kind, level)
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
