"""Ten thousand members of a slow LMS are read with flat memory, and one sees how far it is.

By hand, on a quiet machine: `pytest -m long tests/bench/test_roster.py -s`.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import func, select

from lti_tool.db import Database, new_id
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.queue import Queue
from lti_tool.lms import roster
from lti_tool.lms.models import LmsCourse, Roster, RosterMember
from lti_tool.lms.operations import CourseServices, note_services
from lti_tool.organisations import keys
from lti_tool.organisations.models import Platform
from lti_tool.settings import Settings
from lti_tool.spaces.models import Door
from tests.conftest import StandingClock
from tests.world import World

MEMBERS, WAIT = 10_000, 0.2

SLOW = """
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

WAIT = float(sys.argv[1])

class Lms(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {"Content-Length": str(len(data)), "Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})

    def do_GET(self):
        time.sleep(WAIT)
        path = urlsplit(self.path)
        many = int(path.path.strip("/").split("-")[1])
        asked = {name: int(values[0]) for name, values in parse_qs(path.query).items()}
        start, size = asked.get("from", 0), asked.get("limit", 50)
        members = [
            {"status": "Active", "roles": ["Learner"], "user_id": str(n), "name": f"Collega {n}",
             "given_name": "Collega", "family_name": str(n), "email": f"collega{n}@delinde.example",
             "lis_person_sourcedid": f"HR{n}"}
            for n in range(start, min(start + size, many))
        ]
        onward = f"http://{self.headers['Host']}{path.path}?limit={size}&from={start + size}"
        more = {"Link": f'<{onward}>; rel="next"'} if start + size < many else {}
        self.answer({"id": "x", "context": {"id": "2"}, "members": members}, **more)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Lms)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@pytest.fixture
def lms() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(WAIT)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.communicate()


def course(world: World, settings: Settings, home: str, product: str, members: int) -> None:
    """A course of so many members, with a door to a space."""
    organisation = world.organisation(f"{product}-{members}", "De Linde")
    space = world.space(world.somebody(organisation), f"Ruimte {product} {members}")
    now = world.clock()
    with world.database.writing() as db:
        keys.ensure_key(db, Cipher(settings.encryption_key), now=now)
        platform = Platform(
            id=new_id(now), organisation_id=organisation, name="LMS", issuer=f"{home}/{product}",
            client_id=str(members), auth_url=f"{home}/auth", token_url=f"{home}/token", jwks_url=f"{home}/jwks",
            product=product, created_at=now, key_fetches=[],
        )  # fmt: skip
        db.add(platform)
        db.flush()
        place = {"organisation_id": organisation, "platform_id": platform.id, "space_id": space.id}
        db.add(Door(id=new_id(now), context_id="2", resource_link_id="1", found_at=now, **place))
        offered = CourseServices(memberships_url=f"{home}/m-{members}")
        note_services(db, platform.id, "2", "1", offered, now=now)
        course_id = db.scalars(select(LmsCourse.id).where(LmsCourse.platform_id == platform.id)).one()
        roster.ask(db, course_id, platform.id, now=now)


@pytest.mark.long
@pytest.mark.parametrize(("product", "page"), [("moodle", 500), ("canvas", 50)])
def test_ten_thousand_members_of_a_slow_lms(
    world: World, database: Database, settings: Settings, clock: StandingClock, lms: str, product: str, page: int
) -> None:
    queue, here = Queue(database, settings, clock), psutil.Process()
    course(world, settings, lms, product, 2 * page)
    queue.run_due()  # what is loaded once is loaded
    peaks = {}
    for members in (4 * page, MEMBERS):
        course(world, settings, lms, product, members)
        seen: set[int] = set()
        over = threading.Event()

        def watch(over: threading.Event = over, seen: set[int] = seen) -> None:
            while not over.wait(0.5):
                with database.reading() as db:
                    seen.update(db.scalars(select(func.max(Roster.so_far)).where(Roster.asked_at.is_not(None))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        gc.collect()
        before = here.memory_info().rss
        tracemalloc.start()
        began = time.perf_counter()
        queue.run_due()
        seconds = time.perf_counter() - began
        peaks[members] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        over.set()
        watcher.join()
        grown = here.memory_info().rss - before
        pages = -(-members // page)
        sys.stdout.write(
            f"\n{database.dialect}, {product}: {members} members in {pages} pages of {WAIT * 1000:.0f} ms: "
            f"{seconds:.1f} s ({pages * WAIT:.1f} s of it waiting), peak {peaks[members] / 1e6:.1f} MB traced, "
            f"RSS grew {grown / 1e6:.1f} MB; progress seen {len(seen)} times\n"
        )
        with database.reading() as db:
            whole = db.scalars(select(Roster).order_by(Roster.course_id.desc())).first()
            assert whole
            assert (whole.error, whole.whole, whole.asked_at) == ("", 1, None)
            here_now = select(func.count()).where(RosterMember.course_id == whole.course_id)
            assert db.scalar(here_now) == members
        if members == MEMBERS:
            assert len(seen) >= 4, "progress was to be seen"
            assert seconds < pages * WAIT + 60
    assert peaks[MEMBERS] < 1.5 * peaks[4 * page] + 2e6, "memory does not grow with the number of members"
