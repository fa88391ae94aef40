"""What a page costs: queries, CPU, bytes and memory.

On SQLite with 60 people, 50 conversations of 20 posts and one of 500.

The default run counts queries and holds a generous bound on CPU. The figures are for by hand, on a quiet machine:
`pytest -m long tests/bench/test_pages.py -s`.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import create_engine, event, insert, text

import lti_tool
from lti_tool.conversations.models import Conversation, Post
from lti_tool.db import Database, new_id
from lti_tool.settings import Settings
from lti_tool.spaces.models import Counter
from lti_tool.web.pages import environment
from lti_tool.web.text import to_html
from tests.conftest import START, StandingClock
from tests.world import Somebody, World

PEOPLE, CONVERSATIONS, POSTS, LONG = 60, 50, 20, 500
LONG_NUMBER = CONVERSATIONS + 1
WORDS = (
    "Overdag lukt het bij ons goed. ’s Nachts slaan we de **meting** vaak over. De zaal is donker.\n\n"
    "Wie doet het wel, en hoe pak je dat aan? Wij meten om 02:00, samen met de controle van de lijnen. Dan is iemand "
    "toch even wakker. Het kost twee minuten.\n\n- eerst de lijnen\n- dan de vragen"
)


@dataclass
class Bench:
    """An app with its data, and one reader."""

    app: Flask
    database: Database
    clock: StandingClock
    reader: Somebody
    slug: str
    address: str

    @property
    def list_page(self) -> str:
        return f"/s/{self.slug}/t"

    def conversation(self, number: int) -> str:
        return f"/s/{self.slug}/t/{number}"


def make(folder: Path, template: Path | None = None) -> Bench:
    """60 people, 50 conversations of 20 posts and one of 500, all in one space."""
    path = folder / "bench.db"
    lti_tool.load_models()
    if template:
        shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    if not template:
        from lti_tool.db import Base

        Base.metadata.create_all(database.engine)
    clock = StandingClock()
    settings = Settings(
        base_url="http://localhost:5000",
        secret_key="a secret of the bench, long enough",
        encryption_key="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",  # type: ignore[arg-type]
        data_dir=folder,
    )
    app = lti_tool.create_app(settings, database=database, clock=clock)
    app.testing = True
    world = World(app, database, clock)
    house = world.organisation()
    people = [world.somebody(house, f"Collega {number} van Dam") for number in range(PEOPLE)]
    space = world.space(people[0])
    for somebody in people[1:]:
        world.member(space, somebody)
    with database.writing() as db:
        html = to_html(WORDS)
        for number in range(1, LONG_NUMBER + 1):
            count = LONG if number == LONG_NUMBER else POSTS
            began = START - timedelta(days=number, hours=1) + timedelta(days=60)
            conversation_id, last = new_id(began), people[(number + count) % PEOPLE]
            db.execute(
                insert(Conversation).values(
                    id=conversation_id, space_id=space.id, number=number, kind="question", started_by=people[0].id,
                    title=f"Wie meet de CAM-ICU ook ’s nachts? ({number})", starter_name="Noor de Wit",
                    started_at=began, last_number=count, post_count=count,
                    last_post_at=began + timedelta(minutes=count),
                    last_author_id=last.id, last_author_name="Kees Brouwer",
                )
            )  # fmt: skip
            rows = [_post(people, conversation_id, began, at, html) for at in range(1, count + 1)]
            db.execute(insert(Post), rows)
        db.execute(insert(Counter).values(space_id=space.id, kind="conversation", last=LONG_NUMBER))
    clock.forward(days=61)
    return Bench(app, database, clock, world.again(people[1]), space.slug, str(path))


def _post(people: list[Somebody], conversation_id: Any, began: datetime, number: int, html: str) -> dict[str, Any]:
    root = number - (number - 1) % 4
    author = people[number % PEOPLE]
    return {
        "id": new_id(began), "conversation_id": conversation_id, "number": number, "root_number": root,
        "reply_to": None if root == number else number - 1, "author_id": author.id, "author_name": "Kees Brouwer",
        "author_line": "verpleegkundige, IC-B", "markdown": WORDS, "html": html,
        "created_at": began + timedelta(minutes=number),
    }  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Bench]:
    made = make(tmp_path_factory.mktemp("bench"), sqlite_template)
    yield made
    made.database.dispose()


class Statements:
    """Counts what goes to the database, without what SQLite and a transaction need for themselves."""

    def __init__(self, database: Database) -> None:
        self.seen: list[str] = []
        self._engines = [database._reader, database._writer]

    def __enter__(self) -> list[str]:
        for engine in self._engines:
            event.listen(engine, "before_cursor_execute", self._note)
        return self.seen

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            event.remove(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not re.match(r"\s*(PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|SET LOCAL)", statement, re.IGNORECASE):
            self.seen.append(statement)


def reads(statements: list[str]) -> int:
    """Queries, but for the one read-mark write (which begins by looking at the mark)."""
    return sum(1 for one in statements if one.lstrip().upper().startswith("SELECT")) - any(
        "read_mark" in one for one in statements if one.lstrip().upper().startswith("INSERT")
    )


def cpu(open_page: Callable[[], Any], *, times: int = 200) -> float:
    """Milliseconds of process CPU per page, after warming up."""
    for _ in range(20):
        open_page()
    began = time.process_time()
    for _ in range(times):
        open_page()
    return (time.process_time() - began) / times * 1000


def opener(bench: Bench, path: str) -> Callable[[], Any]:
    def open_page() -> Any:
        answer = bench.reader.get(path)
        assert answer.status_code == 200
        return answer

    return open_page


PAGES = {
    "list": lambda bench: bench.list_page,
    "conversation of 20": lambda bench: bench.conversation(3),
    "conversation of 500": lambda bench: bench.conversation(LONG_NUMBER),
    "conversation of 500, in the middle": lambda bench: bench.conversation(LONG_NUMBER) + "?p=250",
    "conversation of 500, next posts": lambda bench: bench.conversation(LONG_NUMBER) + "?after=20",
    "conversation of 500, an answer": lambda bench: bench.conversation(LONG_NUMBER) + "?reply=250",
    "start of the space": lambda bench: f"/s/{bench.slug}",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_at_most_eight_queries_whatever_its_size(bench: Bench, page: str) -> None:
    open_page = opener(bench, PAGES[page](bench))
    for _first_and_again in range(2):
        with Statements(bench.database) as seen:
            open_page()
        assert reads(seen) <= 8, "\n\n".join(seen)


def test_five_hundred_posts_cost_no_more_queries_and_bytes_than_twenty(bench: Bench) -> None:
    sizes, counts = [], []
    for number in (3, LONG_NUMBER):
        open_page = opener(bench, bench.conversation(number))
        open_page()
        with Statements(bench.database) as seen:
            sizes.append(len(open_page().data))
        counts.append(reads(seen))
    # One more: where the first new post stands, far below.
    assert counts[1] <= counts[0] + 1
    assert sizes[1] < sizes[0] + 2500


def test_no_page_takes_more_than_a_generous_bound_of_cpu(bench: Bench) -> None:
    for page in ("list", "conversation of 20", "conversation of 500"):
        assert cpu(opener(bench, PAGES[page](bench)), times=20) < 40, page


# By hand ------------------------------------------------------------------------------------------


@contextmanager
def baseline(
    bench: Bench, template: str, context: dict[str, Any], query: str, arguments: dict[str, Any]
) -> Iterator[Callable[[], Any]]:
    """The same rows by one query, into the same template, in a Flask app that does nothing else."""
    plain, engine, env = Flask("plain"), create_engine(f"sqlite:///{bench.address}"), environment()

    @plain.get("/")
    def page() -> str:
        g.now, g.language, g.csp_nonce = START, "nl", "nonce"
        with engine.connect() as connection:
            rows = connection.execute(text(query), arguments).all()
        assert len(rows) >= POSTS
        return env.get_template(template).render(context)

    client = plain.test_client()
    plain.extensions["leerkring"] = bench.app.extensions["leerkring"]
    yield lambda: client.get("/")
    engine.dispose()


def side_by_side(*pages: Callable[[], Any]) -> list[float]:
    """CPU of pages in turns, 5 times 50 each, the median of the turns: what else the machine does hits all alike."""
    turns = [[cpu(page, times=50) for page in pages] for _ in range(5)]
    return [statistics.median(figures) for figures in zip(*turns, strict=True)]


def rendered(bench: Bench, path: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """With which template and values a page is made."""
    seen: list[tuple[str, dict[str, Any]]] = []
    env = bench.app.extensions["leerkring_pages"]
    original = type(env).get_template

    def get_template(self: Any, name: str, *more: Any, **also: Any) -> Any:
        found = original(self, name, *more, **also)
        if self is env and name.startswith("conversations/") and not name.endswith("parts.html"):
            plain_render = found.render

            class Watched:
                def render(self, context: dict[str, Any]) -> str:
                    seen.append((name, dict(context)))
                    return plain_render(context)

            return Watched()
        return found

    monkeypatch.setattr(type(env), "get_template", get_template)
    opener(bench, path)()
    monkeypatch.undo()
    return seen[-1]


@pytest.mark.long
def test_figures(bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    posts = (
        "select p.*, m.role from post p join conversation c on c.id = p.conversation_id left join membership m "
        "on m.person_id = p.author_id and m.space_id = c.space_id where c.number = :n "
        "order by root_number, p.number limit 21"
    )
    conversations = "select * from conversation order by last_post_at desc limit 21"
    lines, too_much = [], []
    for page in PAGES:
        path = PAGES[page](bench)
        with Statements(bench.database) as seen:
            opener(bench, path)()
        line = f"{page:36} {reads(seen)} queries, "
        if page in {"list", "conversation of 20", "conversation of 500"}:
            template, context = rendered(bench, path, monkeypatch)
            number = LONG_NUMBER if "500" in page else 3
            query, arguments = (conversations, {}) if page == "list" else (posts, {"n": number})
            with baseline(bench, template, context, query, arguments) as plain:
                figure, base = side_by_side(opener(bench, path), plain)
            line += f"{figure:5.2f} ms CPU, baseline {base:5.2f} ms, ratio {figure / base:4.2f}"
            too_much += [page] if figure > 10 or figure > 4 * base else []
        else:
            line += f"{side_by_side(opener(bench, path))[0]:5.2f} ms CPU"
        lines.append(line)
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert not too_much


@pytest.mark.long
def test_the_first_view_weighs_little(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    page = opener(bench, bench.conversation(3))()
    html = page.get_data(as_text=True)
    weights = {"html": len(page.data)}
    styles = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html))
    for address in sorted(styles | {"/static/atkinson-hyperlegible-next.woff2"}):
        answer = bench.reader.get(address, headers={"Accept-Encoding": "gzip"})
        weights[address.split("?")[0]] = len(answer.data)
        answer.close()
    total = sum(weights.values())
    with capsys.disabled():
        sys.stdout.write(
            "\n" + "\n".join(f"{size:7} {name}" for name, size in weights.items()) + f"\n{total:7} in all\n"
        )
    assert total <= 100 * 1024


@pytest.mark.long
def test_a_worker_stays_small(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.test_pages"], capture_output=True, text=True, check=True, timeout=600
    )
    with capsys.disabled():
        sys.stdout.write("\n" + done.stdout)
    assert float(done.stdout.split()[0]) <= 120


def _memory() -> None:
    import tempfile

    import psutil

    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        for number in range(1000):
            path = made.list_page if number % 3 == 0 else made.conversation(number % LONG_NUMBER + 1)
            assert made.reader.get(path).status_code == 200
        pss = psutil.Process().memory_full_info().pss / 2**20
        made.database.dispose()
    sys.stdout.write(f"{pss:.1f} MB PSS after 1,000 pages\n")


if __name__ == "__main__":
    _memory()
