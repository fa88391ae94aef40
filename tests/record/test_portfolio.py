"""Mijn portfolio: what its person does with it, and what nobody else learns of it."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from lti_tool.activity.models import Activity
from lti_tool.audit.models import AuditEntry
from lti_tool.conversations import operations as conversations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.conversations.models import Conversation, Kind
from lti_tool.db import new_id
from lti_tool.people import operations as people
from lti_tool.people.models import StaffMember
from lti_tool.people.staff_list import import_staff
from lti_tool.record import operations, queries
from lti_tool.record.imports import import_records
from lti_tool.record.models import Moment, MomentKind, Share, SkippedSuggestion
from lti_tool.record.operations import What
from lti_tool.spaces import access
from lti_tool.spaces.policy import Level
from lti_tool.web.models import WebSession

HOME = "/me/portfolio"
WALK = What(MomentKind.MET, "Meegelopen met wondzorg", date(2026, 10, 14), 240, "Eerst kijken.", "Pijn bespreken.")
FIELDS = {
    "title": "Nachtrust, gezien vanaf de tribune",
    "kind": "took_part",
    "happened_on": "2026-11-21",
    "minutes": "30",
    "learned": "Een kleine drempel\nmaakt veel uit.",
    "plan": "",
}


class Hospital:
    """De Linde with somebody who has a portfolio, a colleague who looks for it, and HR."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.id = world.organisation()
        with world.database.writing() as db:
            staff = b"number,name,department\n104001,Fatma Yilmaz,IC\n104002,Noor de Wit,IC\n"
            import_staff(db, self.id, staff, world.clock())
            records = (
                "number,title,provider,accreditor,points,hours,completed_on\n"
                "104001,E-learning Delier,De Linde Academie,V&V,2,1.5,2026-11-09\n"
                "104001,Basale reanimatie,De Linde Academie,V&V,3,3,2025-03-07\n"
                "104001,Privacy,De Linde Academie,,0,1,2026-10-02\n"
                "104002,Iets van Noor,De Linde Academie,V&V,4,4,2026-11-09\n"
            )
            import_records(db, self.id, records.encode(), world.clock())
            row = db.scalar(select(StaffMember.id).where(StaffMember.number == "104001"))
        self.fatma = world.somebody(self.id, "Fatma Yilmaz", staff_id=row)
        self.noor = world.somebody(self.id, "Noor de Wit")
        self.hr = world.somebody(self.id, "Marijke Jonker", "hr", "admin")

    def keep(self, what: What = WALK, who: Any = None, source: str | None = None) -> uuid.UUID:
        with self.world.database.writing() as db:
            viewer = (who or self.fatma).viewer
            return operations.add(db, viewer, what, source=source, now=self.world.clock())

    def share(self, moment: uuid.UUID, who: Any = None) -> None:
        with self.world.database.writing() as db:
            operations.share(db, (who or self.fatma).viewer, moment, now=self.world.clock())

    def say(self, who: Any, space: Any, text: str = "Ja, wij ook.", below: int = 0, title: str = "") -> int:
        now = self.world.clock()
        with self.world.database.writing() as db:
            here = access.find(db, who.viewer, space.slug, now=now)
            assert here is not None
            if below:
                return conversations.reply(db, who.viewer, here, below, NewPost(text=text), now=now)
            new = NewConversation(kind=Kind.QUESTION, title=title, text=text)
            return conversations.start(db, who.viewer, here, new, now=now)

    def conversation(self, number: int = 1) -> uuid.UUID:
        with self.world.database.reading() as db:
            return db.scalars(select(Conversation.id).where(Conversation.number == number)).one()

    def count(self, table: Any) -> int:
        with self.world.database.reading() as db:
            return db.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def linde(world: Any) -> Hospital:
    return Hospital(world)


def text(response: Any) -> str:
    """The words of a page, without what differs at every look."""
    html = response.get_data(as_text=True)
    html = re.sub(r'(nonce|value)="[^"]*"|nonce-[\w-]+', "", html)
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").split())


def test_a_stranger_is_sent_to_the_course(world: Any) -> None:
    for path in (HOME, f"{HOME}.csv", f"{HOME}/formal", f"{HOME}/shared", f"{HOME}/new"):
        assert world.stranger().get(path).status_code == 401


def test_an_empty_portfolio_says_what_it_is_for(linde: Hospital) -> None:
    page = text(linde.noor.get(HOME))
    assert "Alleen jij ziet dit. Tot je zelf iets deelt." in page
    assert "Mijn leerjaar 2026" in page
    assert "Schrijf een eigen moment" in page
    assert "Voorstellen" not in page


def test_own_moments_stand_beside_formal_results_with_the_sums_of_the_year(linde: Hospital) -> None:
    assert linde.fatma.post(f"{HOME}/new", **FIELDS).status_code == 303
    linde.keep()
    page = text(linde.fatma.get(HOME))
    assert "4,5 uur in 2 leermomenten" in page
    assert "2 punten uit 1 formeel resultaat" in page
    november = page[page.index("november") : page.index("oktober")]
    assert "za 21 nov · 0,5 uur · meegedacht" in november
    assert "Een kleine drempel maakt veel uit." in november
    assert "E-learning Delier ma 9 nov · 2 punten" in november
    assert "Iets van Noor" not in page


def test_another_year_is_one_click_away(linde: Hospital) -> None:
    assert f'href="{HOME}?year=2025"' in linde.fatma.get(HOME).get_data(as_text=True)
    page = text(linde.fatma.get(f"{HOME}?year=2025"))
    assert "Mijn leerjaar 2025" in page
    assert "Basale reanimatie" in page
    assert "Delier" not in page
    assert linde.fatma.get(f"{HOME}?year=99999999").status_code == 404
    assert linde.fatma.get(f"{HOME}?year=last").status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("title", "", "Vul dit in."),
        ("title", "\u202e ", "Vul dit in."),
        ("title", "x" * 121, "1 teken te lang"),
        ("kind", "watched", "Kies een van de mogelijkheden."),
        ("happened_on", "", "Vul dit in."),
        ("happened_on", "2026-11-26", "Deze dag komt nog."),
        ("happened_on", "31-11-2026", "geen datum"),
        ("happened_on", "1926-11-21", "te lang geleden"),
        ("minutes", "0", "minstens 1 minuut"),
        ("minutes", "-30", "hele minuten"),
        ("minutes", "5000", "meer dan 12 uur"),
        ("minutes", "een half uur", "hele minuten"),
        ("minutes", "٣٠", "hele minuten"),
        ("learned", "x" * 10_000, "5.000 tekens te lang"),
        ("plan", "x" * 5_001, "1 teken te lang"),
    ],
)
def test_wrong_input_is_told_and_keeps_what_was_typed(linde: Hospital, field: str, value: str, says: str) -> None:
    answer = linde.fatma.post(f"{HOME}/new", **{**FIELDS, "learned": "Dit is van mij.", field: value})
    assert answer.status_code == 422
    assert says in text(answer)
    kept = answer.get_data(as_text=True)
    assert ("x" * 10_000 if field == "learned" else "Dit is van mij.") in kept
    assert linde.count(Moment) == 0


def test_a_day_as_people_write_it_and_any_words_are_fine(linde: Hospital) -> None:
    words = "<script>alert(1)</script>\n\n🌙 it’s = 'fine' & \"so\" {{ 7*7 }}"
    fields = {**FIELDS, "happened_on": "21-11-2026", "title": "Zoë 🦷 & <b>co</b>", "learned": words}
    assert linde.fatma.post(f"{HOME}/new", **fields).status_code == 303
    page = linde.fatma.get(HOME).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Zoë 🦷 &amp; &lt;b&gt;co&lt;/b&gt;" in page
    assert "{{ 7*7 }}" in page


def test_a_double_click_is_one_moment(linde: Hospital) -> None:
    first = linde.fatma.post(f"{HOME}/new", **FIELDS, form_key="one-form")
    again = linde.fatma.post(f"{HOME}/new", **FIELDS, form_key="one-form")
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["Location"] == again.headers["Location"] == f"{HOME}?year=2026&month=11&done=kept"
    assert linde.count(Moment) == 1
    page = linde.fatma.get(first.location).get_data(as_text=True)
    assert "Bewaard." in page
    assert 'href="#m11"' in page
    for address in (f"{HOME}?month=11", f"{HOME}?month=99&done=nothing"):
        assert 'class="notice notice-done"' not in linde.fatma.get(address).get_data(as_text=True)


def test_a_moment_is_changed_and_deleted_after_one_question(linde: Hospital) -> None:
    moment = linde.keep()
    assert "Eerst kijken." in text(linde.fatma.get(f"{HOME}/{moment}"))
    assert linde.fatma.post(f"{HOME}/{moment}", **{**FIELDS, "minutes": "45"}).status_code == 303
    page = text(linde.fatma.get(HOME))
    assert "za 21 nov · 0,75 uur" in page
    assert "wondzorg" not in page
    assert "weggooien?" in text(linde.fatma.get(f"{HOME}/{moment}/delete"))
    assert linde.count(Moment) == 1
    assert linde.fatma.post(f"{HOME}/{moment}/delete").status_code == 303
    assert linde.count(Moment) == 0
    assert linde.fatma.get(f"{HOME}/{moment}").status_code == 404


@pytest.mark.parametrize("who", ["noor", "hr", "outsider"])
def test_somebody_else_s_moment_answers_like_one_that_never_was(linde: Hospital, who: str) -> None:
    moment, never = linde.keep(), new_id(linde.world.clock())
    linde.share(moment)
    if who == "outsider":
        vecht = linde.world.organisation("vecht", "Thuiszorg Vecht")
        someone = linde.world.somebody(vecht, "Joke Timmer", "hr")
    else:
        someone = getattr(linde, who)
    for tail in ("", "/delete"):
        theirs, none = (someone.get(f"{HOME}/{one}{tail}") for one in (moment, never))
        assert theirs.status_code == none.status_code == 404
        assert text(theirs) == text(none)
    for tail in ("", "/delete", "/share", "/withdraw"):
        for fields in (FIELDS, {}):
            theirs, none = (someone.post(f"{HOME}/{one}{tail}", **fields) for one in (moment, never))
            assert theirs.status_code == none.status_code == 404
            assert text(theirs) == text(none)
    for path in (HOME, f"{HOME}?share={moment}", f"{HOME}/shared", f"{HOME}/formal", f"{HOME}.csv"):
        assert "Meegelopen met wondzorg" not in text(someone.get(path))
    assert "Meegelopen met wondzorg" in text(linde.fatma.get(HOME))
    assert linde.count(Share) == 1


def test_what_hr_gets_is_said_before_it_is_shared(linde: Hospital) -> None:
    moment = linde.keep()
    page = text(linde.fatma.get(f"{HOME}?share={moment}"))
    card = page[page.index("Delen met Leren") : page.index("Toch niet")]
    assert (
        "Zij zien: je uren, per kwartaal en afdeling, opgeteld met die van minstens 9 collega’s. "
        "Zij zien niet: je naam, de dag, de titel en wat je schreef." in card
    )
    assert linde.count(Share) == 0
    shared = linde.fatma.post(f"{HOME}/{moment}/share", receiver="hr")
    assert "Gedeeld met HR. Naar oktober" in text(linde.fatma.get(shared.location))
    assert "Gedeeld met HR, wo 25 nov" in text(linde.fatma.get(HOME))
    assert "1 leermoment telt mee voor HR." in text(linde.fatma.get(HOME))


def test_taking_a_share_back_leaves_no_trace(linde: Hospital) -> None:
    moment = linde.keep()
    before = [linde.count(AuditEntry), linde.count(Activity)]
    linde.fatma.post(f"{HOME}/{moment}/share")
    linde.fatma.post(f"{HOME}/{moment}/share")
    assert linde.count(Share) == 1
    answer = linde.fatma.post(f"{HOME}/{moment}/withdraw", to="shared")
    assert answer.headers["Location"] == f"{HOME}/shared?done=withdrawn"
    assert "Ingetrokken. Het telt niet mee in het volgende overzicht" in text(linde.fatma.get(answer.location))
    assert linde.fatma.post(f"{HOME}/{moment}/withdraw").status_code == 303
    assert linde.count(Share) == 0
    assert [linde.count(AuditEntry), linde.count(Activity)] == before


def test_who_looks_round_as_a_learner_can_write_but_not_share(linde: Hospital) -> None:
    moment = linde.keep()
    with linde.world.database.writing() as db:
        theirs = WebSession.person_id == linde.fatma.id
        db.execute(update(WebSession).where(theirs).values(counted=False))
    assert linde.fatma.post(f"{HOME}/new", **FIELDS).status_code == 303
    assert "Daarom kun je niets delen met HR." in text(linde.fatma.get(f"{HOME}?share={moment}"))
    answer = linde.fatma.post(f"{HOME}/{moment}/share")
    assert answer.status_code == 409
    assert "P02" in text(answer)
    assert linde.count(Share) == 0


def test_a_conversation_is_suggested_and_never_taken_by_itself(linde: Hospital) -> None:
    space = linde.world.space(linde.noor)
    linde.world.member(space, linde.fatma)
    number = linde.say(linde.noor, space, title="Oordopjes, elke nacht")
    linde.say(linde.fatma, space, below=number)
    page = text(linde.fatma.get(HOME))
    assert "Meegedacht met ‘Oordopjes, elke nacht’ wo 25 nov · jij vult de tijd in" in page
    assert linde.count(Moment) == 0
    assert "Gevraagd: ‘Oordopjes, elke nacht’" in text(linde.noor.get(HOME))
    assert "Oordopjes" not in text(linde.hr.get(HOME))

    source = queries.source_of(linde.conversation())
    form = linde.fatma.get(f"{HOME}/new?from={source}").get_data(as_text=True)
    assert 'value="Meegedacht met ‘Oordopjes, elke nacht’"' in form
    assert 'value="2026-11-25"' in form
    assert linde.fatma.post(f"{HOME}/new", **FIELDS, source=source).status_code == 303
    assert "Voorstellen" not in text(linde.fatma.get(HOME))
    assert linde.fatma.get(f"{HOME}/new?from={source}").status_code == 303


def test_two_tabs_give_one_moment_and_lose_no_words(linde: Hospital) -> None:
    source = f"conversation:{uuid.uuid4().hex}"
    linde.keep(source=source)
    answer = linde.fatma.post(f"{HOME}/new", **{**FIELDS, "learned": "Mijn tweede tab."}, source=source)
    assert answer.status_code == 409
    assert "Dit staat al in je portfolio." in text(answer)
    assert "Mijn tweede tab." in text(answer)
    assert linde.count(Moment) == 1
    linde.keep(who=linde.noor, source=source)
    assert linde.count(Moment) == 2, "the same conversation may be a moment of two people"


def test_a_skipped_suggestion_stays_away_and_a_deleted_moment_is_not_suggested_again(linde: Hospital) -> None:
    space = linde.world.space(linde.fatma)
    for title in ("Eerste", "Tweede", "Derde", "Vierde"):
        linde.say(linde.fatma, space, title=title)
    first, second = (queries.source_of(linde.conversation(number)) for number in (1, 2))
    linde.fatma.post(f"{HOME}/skip", source=first)
    linde.fatma.post(f"{HOME}/skip", source="conversation:of-nobody")
    page = text(linde.fatma.get(HOME))
    assert "Eerste" not in page
    assert "Tweede" in page
    linde.fatma.post(f"{HOME}/new", **FIELDS, source=second)
    with linde.world.database.reading() as db:
        taken = db.scalars(select(Moment.id)).one()
    linde.fatma.post(f"{HOME}/{taken}/delete")
    assert "Tweede" not in text(linde.fatma.get(HOME))
    linde.fatma.post(f"{HOME}/skip")
    assert "Voorstellen" not in text(linde.fatma.get(HOME))
    assert linde.count(SkippedSuggestion) == 4


def test_suggestions_are_of_the_last_twelve_months(linde: Hospital) -> None:
    space = linde.world.space(linde.fatma)
    linde.say(linde.fatma, space, title="Lang geleden")
    linde.fatma.post(f"{HOME}/skip")
    linde.world.clock.forward(days=366)
    with linde.world.database.writing() as db:
        assert queries.suggestions(db, linde.fatma.viewer, linde.world.clock()) == []
        operations.forget_skipped(db, linde.world.clock())
        assert queries.suggestions(db, linde.fatma.viewer, linde.world.clock()) == []
    assert linde.count(SkippedSuggestion) == 0


def test_what_one_only_read_can_be_kept_but_a_hidden_conversation_gives_nothing_away(linde: Hospital) -> None:
    open_space = linde.world.space(linde.noor)
    linde.say(linde.noor, open_space, title="Oordopjes")
    form = linde.fatma.get(f"{HOME}/new?from={queries.source_of(linde.conversation())}")
    assert "Gelezen: ‘Oordopjes’" in form.get_data(as_text=True)
    hidden = linde.world.space(linde.noor, "Iets gevoeligs", Level.HIDDEN)
    linde.say(linde.noor, hidden, title="Geheim")
    with linde.world.database.reading() as db:
        secret = db.scalars(select(Conversation.id).where(Conversation.space_id == hidden.id)).one()
    theirs = linde.fatma.get(f"{HOME}/new?from={queries.source_of(secret)}")
    never = linde.fatma.get(f"{HOME}/new?from={queries.source_of(uuid.uuid4())}")
    assert "Geheim" not in theirs.get_data(as_text=True)
    assert text(theirs) == text(never)


def test_a_conversation_offers_to_be_kept(linde: Hospital) -> None:
    space = linde.world.space(linde.noor)
    number = linde.say(linde.noor, space, title="Oordopjes")
    page = linde.noor.get(f"/s/{space.slug}/t/{number}").get_data(as_text=True)
    assert f'href="{HOME}/new?from={queries.source_of(linde.conversation())}">Zet in mijn portfolio</a>' in page


def test_who_is_not_in_the_staff_list_learns_how_to_find_their_results(linde: Hospital) -> None:
    assert "Hoe komt dat?" in text(linde.noor.get(HOME))
    assert 'href="/me/settings#staff"' in linde.noor.get(f"{HOME}/formal").get_data(as_text=True)
    with linde.world.database.writing() as db:
        code = people.make_staff_code(db, linde.id, "104002", now=linde.world.clock())
    assert linde.noor.post("/me/settings/code", code=code).status_code == 303
    page = text(linde.noor.get(f"{HOME}/formal"))
    assert "Iets van Noor" in page
    assert "Basale reanimatie" not in page


def test_formal_results_of_all_years_stand_on_their_own_page(linde: Hospital) -> None:
    page = text(linde.fatma.get(f"{HOME}/formal"))
    assert page.index("E-learning Delier") < page.index("Privacy") < page.index("Basale reanimatie")
    assert "Jij en HR zien dit." in page
    assert "Je register beslist of ze tellen." in page


def test_all_of_it_goes_along_as_a_spreadsheet_without_formulas(linde: Hospital) -> None:
    linde.keep(
        What(
            MomentKind.OWN,
            "=HYPERLINK(1)",
            date(2026, 11, 1),
            20,
            "+1 voor\nons",
            "-",
        )
    )
    linde.share(linde.keep())
    answer = linde.fatma.get(f"{HOME}.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert 'filename="portfolio-2026-11-25.csv"' in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 1 + 2 + 3
    assert rows[1][:7] == ["2026-11-01", "Iets anders", "'=HYPERLINK(1)", "20", "'+1 voor\nons", "'-", "nee"]
    assert rows[2][6] == "ja"
    assert rows[3][:4] == ["2026-11-09", "formeel resultaat", "E-learning Delier", "90"]
    assert "Noor" not in answer.get_data(as_text=True)


@contextmanager
def counted(database: Any) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            statements.append(statement)

    engines = {database._reader, database._writer} if database.dialect == "sqlite" else {database._writer}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_a_full_page_costs_no_more_queries_than_an_empty_one(linde: Hospital) -> None:
    space = linde.world.space(linde.fatma)
    for n in range(12):
        linde.say(linde.fatma, space, title=f"Vraag {n}")
        linde.share(linde.keep(What(MomentKind.READ, f"Moment {n}", date(2026, n % 11 + 1, 3), 30)))
    for path in (HOME, f"{HOME}/shared", f"{HOME}/formal", f"{HOME}/new", f"{HOME}.csv"):
        with counted(linde.world.database) as statements:
            assert linde.fatma.get(path).status_code == 200
        assert len(statements) <= 8, statements
