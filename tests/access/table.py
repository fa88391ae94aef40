"""The table of access.md as the tests read it, and the row that each route follows.

`TABLE` is a copy of the rows of access.md; `WORDS` says in code what its phrases mean; `ROUTES_BY_ROW` names for each
route the row that it follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lti_tool.spaces.policy import Level

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
    "lti.register_page": ANYBODY,
    "lti.register": ANYBODY,
    "lti.canvas_json": ANYBODY,
    # In a frame without cookies: the token of the picking is the proof, tests/lti/test_pick_pages.py.
    "lti.notices": ANYBODY,  # each proves itself: tests/lti/test_notices.py
    "lti.pick_list": ANYBODY,
    "lti.pick_new": ANYBODY,
    "lti.pick_place": ANYBODY,
    "lti.pick_start": ANYBODY,
    "lti.pick_cancel": ANYBODY,
    "lti.tab": ANYBODY,
    "lti.tab_continue": ANYBODY,
    "lti.tab_page": ANYBODY,
    "lti.tab_closed": ANYBODY,
    "lti.prove": ANYBODY,
    "lti.open_tab": OWN,
    "lti.accept_deployment": ANYBODY,  # its ticket is the proof: tests/lti/test_launches.py
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
    # Counts of who was invited, and having the list read anew: whoever may welcome.
    "lms.invited": MODERATE,
    "lms.refresh": MODERATE,
    "lms.switch": LEAD,
    "lms.confirm_page": WRITE,
    "lms.confirm_state": WRITE,
    "lms.confirm": WRITE,
    "lms.confirmed": OWN,
    "lms.withdraw": OWN,
    "spaces.set_role": LEAD,
    "spaces.settings": LEAD,
    "spaces.change": LEAD,
    "spaces.set_door": LEAD,
    "spaces.close_door": LEAD,
    "spaces.take_link_back": LEAD,
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
    "admin.test": ADMIN,
    "admin.acknowledge": ADMIN,
    "admin.council": ADMIN,
    "admin.platforms": ADMIN,
    "admin.invite": ADMIN,
    "admin.make_invitation": ADMIN,
    "admin.platform": ADMIN,
    "admin.rename_platform": ADMIN,
    "admin.agree_platform": ADMIN,
    "admin.frame_platform": ADMIN,
    "admin.switch_platform": ADMIN,
    "admin.rename_deployment": ADMIN,
    "admin.switch_deployment": ADMIN,
    "admin.launches": ADMIN,
    "admin.roles": ADMIN,
    "admin.give_role": ADMIN,
    "admin.role_link": ADMIN,
    "admin.role_link_again": ADMIN,
    "admin.take_role": ADMIN,
    "admin.install": ANYBODY,
    "admin.install_guide": ANYBODY,
    "admin.install_values": ANYBODY,
    "admin.more": ADMIN,
    "admin.new_platform": ADMIN,
    "admin.make_platform": ADMIN,
    "admin.look": ADMIN,
    "admin.choose_colour": ADMIN,
    "admin.look_preview": ADMIN,
    "admin.choose_default_language": ADMIN,
    "admin.upload_logo": ADMIN,
    "admin.remove_logo": ADMIN,
    "organisations.stylesheet": ANYBODY,
    "organisations.logo": ANYBODY,
    "admin.networks": ADMIN,
    "admin.new_network": ADMIN,
    "admin.make_network": ADMIN,
    "admin.read_invitation": ADMIN,
    "admin.accept_invitation": ADMIN,
    "admin.network": ADMIN,
    "admin.agree_again": ADMIN,
    "admin.invite_to_network": ADMIN,
    "admin.withdraw_invitations": ADMIN,
    "admin.edit_sheet": ADMIN,
    "admin.write_sheet": ADMIN,
    "admin.ask_to_leave": ADMIN,
    "admin.leave_network": ADMIN,
    "reports.index": HR,
    "reports.spreadsheet": HR,
    "reports.take": HR,
    "reports.token": ANYBODY,
    "reports.openapi": ANYBODY,
    "reports.activity": API,
}

FORMS: dict[str, dict[str, str]] = {
    "lti.open_tab": {"path": "/spaces"},
    "spaces.change": {"title": "Anders", "what_for": "Iets anders", "level": "hidden"},
    "spaces.answer_knock": {"let_in": "yes"},
    "spaces.set_role": {"role": "supporter"},
    "admin.give_role": {"name": "Bram Smit", "role": "hr"},
    "admin.take_role": {"role": "hr"},
    "conversations.start": {"kind": "question", "title": "Wie weet dit?", "text": "Ik niet."},
    "conversations.post": {"text": "Ik ook niet."},
    "conversations.edit": {"text": "Of toch."},
    "conversations.save_draft": {"place": "question", "text": "Nog niet klaar"},
    "conversations.seen": {"numbers": "1"},
}
NOT_THERE = frozenset(
    {
        # Of this organisation there is none; of another one, tests/admin/test_tenants.py.
        "admin.accept",
        "admin.test",
        "admin.platform",
        "admin.rename_platform",
        "admin.agree_platform",
        "admin.frame_platform",
        "admin.switch_platform",
        "admin.rename_deployment",
        "admin.switch_deployment",
        "admin.role_link",
        "admin.take_role",
        "admin.network",
        "admin.agree_again",
        "admin.invite_to_network",
        "admin.withdraw_invitations",
        "admin.edit_sheet",
        "admin.write_sheet",
        "admin.ask_to_leave",
        "admin.leave_network",
        "admin.accept_invitation",
        "reports.spreadsheet",
    }
)
"""Routes about a thing that the stage has not: also who may ask finds nothing."""
QUERIES = {"conversations.chunk": {"after": 1}, "admin.look_preview": {"accent": "#0C5440"}}


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
    return granted(row, Kind("", "colleague", kind.door), level) == YES


def granted(row: str, kind: Kind, level: Level) -> str:
    """What one cell of the table says, in one of our words."""
    cell = _cell(row, kind, level)
    if cell == "join first":
        return JOIN_FIRST
    return YES if WORDS[cell](kind, level, row) else NO


def expected(row: str, kind: Kind, level: Level) -> str:
    """What the table says of a route of that row."""
    if kind.column == "stranger":
        return SIGN_IN
    if granted("learn that it exists", kind, level) == NO:
        return NEVER_WAS
    if row == JOIN_OR_KNOCK:
        inside = kind.column in {"member", "supporter", "lead"}  # once more leads home
        return YES if inside or YES in {granted("join", kind, level), granted("knock", kind, level)} else NO
    return granted(row, kind, level)
