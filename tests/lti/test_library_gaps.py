"""What pylti1p3 leaves open, row by row of the list in the project's notes on LTI (3.3 and 3.6): each row is
closed by `lti_tool/lti` and guarded here, whether a later version of the library closes it too or not.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

import lti_tool
from connectors.http import Http, InsideTransaction
from lti_tool.db import Base, Database
from lti_tool.db.encryption import Cipher
from lti_tool.lti.keysets import KeySets
from lti_tool.lti.library import cookie_name
from lti_tool.lti.models import LoginState
from lti_tool.organisations import keys
from lti_tool.organisations.models import Platform as PlatformRow
from lti_tool.organisations.operations import add_organisation
from lti_tool.people.models import Identity, Person
from lti_tool.web.session import COOKIE
from tests.conftest import StandingClock
from tests.lti.conftest import REACH, register
from tests.lti.helpers import arrivals
from tests.platform import (
    FATMA,
    LTI,
    TOOL,
    VISIT,
    LyingPlatform,
    Visitor,
    key_of_all_tests,
    lying_platform,
    new_key,
)


def set_cookies(answer: Any) -> dict[str, str]:
    """The Set-Cookie headers of an answer, by cookie name."""
    return {line.split("=", 1)[0]: line for line in answer.headers.getlist("Set-Cookie")}


def test_row_1_state_and_session_cookies_come_back_in_a_frame_of_another_site(visitor: Visitor) -> None:
    login = visitor.login()
    (state,) = set_cookies(login)
    assert state.startswith("__Host-lti-")
    fields = visitor.authorize(login)
    answer = visitor.post(fields)
    session = set_cookies(answer)[COOKIE]
    for cookie in (set_cookies(login)[state], session):
        for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
            assert part in cookie.split("; ")
        assert "Domain" not in cookie
    assert "Max-Age=600" in set_cookies(login)[state]
    assert "Max-Age=0" in set_cookies(answer)[state], "the state's cookie is taken back"
    assert state == cookie_name(fields["state"])


def test_row_2_the_key_set_is_fetched_once_and_again_when_the_platform_rotates(
    visitor: Visitor, platform: LyingPlatform
) -> None:
    for _ in range(3):
        assert visitor.launch().status_code == 303
    assert platform.fetched == 1
    platform.key = new_key()
    assert visitor.launch().status_code == 303
    assert platform.fetched == 2


def test_row_3_expiry_is_required(visitor: Visitor, platform: LyingPlatform) -> None:
    platform.change = lambda said: said.pop("exp")
    assert visitor.launch().status_code == 401


def test_row_3_clocks_may_differ_by_a_minute(visitor: Visitor, platform: LyingPlatform, clock: StandingClock) -> None:
    ahead = int(clock().timestamp()) + 30
    platform.change = lambda said: {**said, "iat": ahead, "nbf": ahead, "exp": ahead + 60}
    assert visitor.launch().status_code == 303


@pytest.mark.parametrize(
    ("aud", "azp", "status"),
    [
        (["other", "client-1"], "client-1", 303),
        (["client-1", "other"], "client-1", 303),
        (["client-1"], None, 303),
        (["client-1"], "client-1", 303),
        ("client-1", "client-1", 303),
        ("client-1", "other", 400),
        (["client-1"], "other", 400),
        (["client-1", "other"], "other", 403),
        (["client-1", "other"], None, 400),
        (["other"], "client-1", 400),
        ([], None, 400),
        ([["client-1"]], None, 400),
        ({"client-1": 1}, None, 400),
        (["client-1", 7], "client-1", 401),
    ],
)
def test_row_3_addressees(visitor: Visitor, platform: LyingPlatform, aud: Any, azp: Any, status: int) -> None:
    platform.change = lambda said: {**said, "aud": aud} | ({"azp": azp} if azp is not None else {})
    assert visitor.launch().status_code == status


def test_row_3_an_algorithm_of_the_tokens_choice_is_not_used(visitor: Visitor, platform: LyingPlatform) -> None:
    """The classic: signed by HMAC with the public key as its secret."""

    def forge(token: str) -> str:
        pem = key_of_all_tests().as_pem(private=False)
        head = json.dumps({"alg": "HS256", "kid": key_of_all_tests().kid})
        signed = f"{base64.urlsafe_b64encode(head.encode()).decode().rstrip('=')}.{token.split('.')[1]}"
        digest = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    platform.mangle = forge
    assert visitor.launch().status_code == 401


def test_row_3_target_link_uri_is_that_of_the_login(visitor: Visitor, platform: LyingPlatform) -> None:
    platform.change = lambda said: {**said, LTI + "target_link_uri": "http://localhost:5000/another"}
    assert visitor.launch().status_code == 400
    platform.change = None
    elsewhere = dataclasses.replace(VISIT.link, target_link_uri="http://localhost:5000/s/delier")
    assert visitor.launch(dataclasses.replace(VISIT, link=elsewhere)).status_code == 303


def test_row_3_deployment_is_that_of_the_login(visitor: Visitor) -> None:
    assert visitor.launch(lti_deployment_id="another").status_code == 401
    assert visitor.launch(lti_deployment_id=None).status_code == 303


def test_row_4_a_launch_is_used_once(visitor: Visitor, database: Database) -> None:
    fields = visitor.authorize(visitor.login())
    entered = visitor.post(fields)
    assert entered.status_code == 303
    reloaded = visitor.post(fields)
    assert reloaded.status_code == 400
    assert "Set-Cookie" not in reloaded.headers, "nobody is let in again"
    page = reloaded.get_data(as_text=True)
    assert "Je bent al binnen" in page
    assert f'href="{entered.headers["Location"]}"' in page, "who is in by it still finds the way on"
    visitor.client.delete_cookie(COOKIE)
    assert "Je bent al binnen" not in visitor.post(fields).get_data(as_text=True)
    assert [visitor.post(fields).status_code for _ in range(2)] == [400, 400]
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(LoginState).where(LoginState.used_at.is_(None))) == 0


def test_row_4_of_two_posts_at_once_one_gets_through(app: Flask, visitor: Visitor, platform: LyingPlatform) -> None:
    assert visitor.launch().status_code == 303  # so that the key set is there
    for _ in range(5):
        fields = visitor.authorize(visitor.login())
        gate = threading.Barrier(4)

        def post(fields: dict[str, str] = fields, gate: threading.Barrier = gate) -> int:
            client = app.test_client()
            client.set_cookie(cookie_name(fields["state"]), fields["state"])
            gate.wait()
            return client.post("/lti/launch", data=fields).status_code

        with ThreadPoolExecutor(4) as pool:
            statuses = sorted(job.result() for job in [pool.submit(post) for _ in range(4)])
        assert statuses == [303, 400, 400, 400]


def test_row_4_a_nonce_is_bound_to_its_state(visitor: Visitor) -> None:
    first, second = (visitor.authorize(visitor.login()) for _ in range(2))
    assert visitor.post({**first, "state": second["state"]}).status_code == 400
    assert visitor.post(first).status_code == 303


def test_row_4_a_nonce_is_bound_to_issuer_and_client(
    app: Flask, database: Database, clock: StandingClock, platform: LyingPlatform, visitor: Visitor
) -> None:
    """Another customer of the same hosted LMS brings its own, rightly signed token to our login."""
    other = dataclasses.replace(TOOL, client_id="client-2")
    register(database, platform, clock(), client_id="client-2", name="De Berk")
    platform.tools["client-2"] = other
    theirs = Visitor(app.test_client(), platform)
    token = theirs.authorize(theirs.login(dataclasses.replace(VISIT, tool=other)))["id_token"]
    ours = visitor.authorize(visitor.login())
    assert visitor.post({**ours, "id_token": token}).status_code == 400
    assert not arrivals(database)


def test_row_4_a_login_is_too_old_after_ten_minutes(
    visitor: Visitor, platform: LyingPlatform, clock: StandingClock
) -> None:
    login = visitor.login()
    clock.forward(minutes=10)
    answer = visitor.post(visitor.authorize(login))
    assert answer.status_code == 400
    assert "Code L02" in answer.get_data(as_text=True)


def test_row_4_a_cookie_of_another_login_is_refused(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    visitor.client.set_cookie(cookie_name(fields["state"]), "state-of-somebody-else")
    assert visitor.post(fields).status_code == 400


def test_row_4_what_came_back_is_stored_as_a_hash(visitor: Visitor, database: Database) -> None:
    fields = visitor.authorize(visitor.login())
    with database.reading() as db:
        row = db.execute(select(LoginState.state_hash, LoginState.nonce_hash)).one()
    assert fields["state"].encode() not in (row.state_hash, row.nonce_hash)


def test_row_5_a_key_set_that_hangs_does_not_hold_a_worker(
    visitor: Visitor, platform: LyingPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = threading.Event()
    platform.key_set_answer = lambda: waits.wait(10) and {}
    asked: list[tuple[float, float]] = []
    real = Http._once

    def once(self: Http, *args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["timeout"])
        return real(self, *args, **{**kwargs, "timeout": (1, 0.3)})

    monkeypatch.setattr(Http, "_once", once)
    began = time.monotonic()
    assert visitor.launch().status_code == 401
    waits.set()
    assert time.monotonic() - began < 3
    assert asked == [(3.05, 5.0)]


def test_row_6_no_launch_data_is_kept_in_a_cookie_or_in_the_database(
    visitor: Visitor, database: Database, platform: LyingPlatform
) -> None:
    platform.change = lambda said: {**said, "https://lms.example/secret": "kept-nowhere"}
    for _ in range(12):  # the library's cookie is too large at the ninth
        answer = visitor.launch()
        assert answer.status_code == 303
        assert sum(len(line) for line in answer.headers.getlist("Set-Cookie")) < 600
    with database.reading() as db:
        for table in Base.metadata.sorted_tables:
            for row in db.execute(select(table)).all():
                assert "kept-nowhere" not in repr(row)
                assert "eyJ" not in repr(row)


def test_row_7_platforms_come_from_the_database_and_an_unknown_one_is_a_page(
    app: Flask, visitor: Visitor, database: Database, clock: StandingClock
) -> None:
    with lying_platform(clock=clock) as later:
        stranger = Visitor(app.test_client(), later)
        answer = stranger.login()
        assert answer.status_code == 403
        assert "Code L03" in answer.get_data(as_text=True)
        register(database, later, clock(), name="Later")
        assert stranger.launch().status_code == 303


def test_row_7_customers_under_one_issuer_are_told_apart_by_client_id(
    app: Flask, visitor: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock
) -> None:
    with database.writing() as db:
        add_organisation(db, slug="de-berk", name="De Berk", now=clock())
    second = register(database, platform, clock(), organisation="de-berk", client_id="client-2", name="De Berk")
    other = dataclasses.replace(TOOL, client_id="client-2")
    platform.tools["client-2"] = other
    assert visitor.launch().status_code == 303
    assert visitor.launch(dataclasses.replace(VISIT, tool=other)).status_code == 303
    with database.reading() as db:
        people = db.execute(
            select(Person.organisation_id, Identity.platform_id).join(Identity, Identity.person_id == Person.id)
        ).all()
    assert len({row.organisation_id for row in people}) == 2
    assert second in {row.platform_id for row in people}


def test_row_10_whatever_the_library_raises_is_a_page(visitor: Visitor, platform: LyingPlatform) -> None:
    for odd in (None, 1, True, "text", [], {}, [[]], {"id": {}}, {"id": ["1"]}):
        platform.change = lambda said, odd=odd: {**said, LTI + "resource_link": odd}
        assert visitor.launch().status_code == 400
    for odd in (None, 1, True, "", [], {}):
        for claim in ("version", "message_type", "deployment_id", "target_link_uri"):
            platform.change = lambda said, odd=odd, claim=claim: {**said, LTI + claim: odd}
            assert visitor.launch().status_code in {400, 401}


def test_row_11_an_authentication_address_with_a_query_keeps_it(
    app: Flask, database: Database, clock: StandingClock, organisation: Any
) -> None:
    platform = LyingPlatform("http://lms.example", clock=clock)
    register(database, platform, clock(), auth_url="http://lms.example/auth?tenant=7")
    location = Visitor(app.test_client(), platform).login().headers["Location"]
    assert location.startswith("http://lms.example/auth?tenant=7&scope=openid&")
    assert location.count("?") == 1


def test_row_13_the_key_set_lists_the_current_next_and_previous_key_with_alg_use_and_kid(
    app: Flask, database: Database, clock: StandingClock
) -> None:
    client = app.test_client()
    first, second = client.get("/lti/jwks").get_json()["keys"]
    with database.writing() as db:
        keys.rotate_keys(db, app.extensions["leerkring"].cipher, now=clock())
    clock.forward(hours=2)
    answer = client.get("/lti/jwks")
    published = answer.get_json()["keys"]
    assert published[0] == second
    assert first in published
    assert len(published) == 3
    for key in published:
        assert set(key) == {"kty", "kid", "alg", "use", "n", "e"}
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert len({key["kid"] for key in published}) == 3
    assert "max-age" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_row_13_the_private_key_is_encrypted_and_gone_once_retired(
    database: Database, clock: StandingClock, app: Flask
) -> None:
    cipher: Cipher = app.extensions["leerkring"].cipher
    with database.writing() as db:
        keys.ensure_key(db, cipher, now=clock())
        keys.rotate_keys(db, cipher, now=clock())
        clock.forward(hours=2)
        keys.clear(db, cipher, now=clock())
        stored = list(db.scalars(select(keys.ToolKey.private_key).order_by(keys.ToolKey.created_at)))
        signing = keys.signing_key(db, cipher, now=clock())
    assert stored.count(None) == 1
    assert all(b"PRIVATE KEY" not in value for value in stored if value)
    assert signing is not None
    assert "BEGIN PRIVATE KEY" in signing.pem


def test_row_14_cookies_are_secure_behind_a_proxy_too(
    settings: Any, database: Database, clock: StandingClock, organisation: Any
) -> None:
    behind = settings.model_copy(update={"base_url": "https://tool.example", "trusted_proxies": 1})
    app = lti_tool.create_app(behind, database=database, clock=clock)
    platform = LyingPlatform("https://lms.example", clock=clock)
    register(database, platform, clock())
    answer = Visitor(app.test_client(), platform).login(target_link_uri="https://tool.example/lti/launch")
    assert answer.status_code == 302
    assert "redirect_uri=https%3A%2F%2Ftool.example%2Flti%2Flaunch" in answer.headers["Location"]
    (cookie,) = set_cookies(answer).values()
    assert "Secure" in cookie


def test_the_library_is_imported_by_the_front_door_and_the_services_only() -> None:
    root = Path(lti_tool.__file__).parent.parent
    users = {
        path.relative_to(root).parts[1]
        for folder in ("lti_tool", "connectors")
        for path in (root / folder).rglob("*.py")
        if re.search(r"^\s*(from|import) pylti1p3", path.read_text("utf-8"), re.MULTILINE)
    }
    assert users <= {"lti", "lms"}


def test_the_key_set_is_public_parts_only(visitor: Visitor, platform: LyingPlatform, database: Database) -> None:
    """A platform that publishes its private key by mistake does not get it stored with us."""
    platform.key_set_answer = lambda: {"keys": [key_of_all_tests().as_dict(private=True)]}
    assert visitor.launch().status_code == 303
    with database.reading() as db:
        (kept,) = db.scalars(select(PlatformRow.key_set)).one()
    assert set(kept) == {"kid", "n", "e"}


def test_the_same_person_keeps_the_session_and_another_one_gets_a_new_one(
    visitor: Visitor, database: Database, clock: StandingClock
) -> None:
    first = set_cookies(visitor.launch())[COOKIE].split(";")[0]
    clock.forward(minutes=5)
    assert set_cookies(visitor.launch())[COOKIE].split(";")[0] == first
    colleague = dataclasses.replace(FATMA, subject="13", name="Kees Bakker", staff_number="HR3")
    assert set_cookies(visitor.launch(dataclasses.replace(VISIT, user=colleague)))[COOKIE].split(";")[0] != first


def test_nothing_goes_out_while_the_database_is_held(
    database: Database, clock: StandingClock, platform: LyingPlatform
) -> None:
    key_sets = KeySets(database, reach=REACH, now=clock())
    with database.writing(), pytest.raises(InsideTransaction), key_sets._http() as http:
        http.get(platform.jwks_url)
    assert platform.fetched == 0
