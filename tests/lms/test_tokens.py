"""Service tokens are kept per platform, host and scopes; pages are followed to the end and no further."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
import responses
from flask import Flask
from sqlalchemy import func, select

from connectors.http import BrokenAnswer, Http, InsideTransaction, NotAllowed, Refused, TryLater, json_of
from lti_tool.db import Database
from lti_tool.db.database import in_write_transaction
from lti_tool.db.encryption import Cipher
from lti_tool.jobs.schedule import Work
from lti_tool.lms import jobs
from lti_tool.lms.models import ServiceToken
from lti_tool.lms.tokens import Services, next_page, services
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.operations import NewPlatform, add_organisation, add_platform
from lti_tool.settings import Settings
from tests.conftest import StandingClock
from tests.platform import LyingPlatform, create_app, served

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
TOKEN_URL = "https://lms.example/token"
MEMBERS = "https://lms.example/api/members"

Make = Callable[..., Services]


@pytest.fixture
def cipher(settings: Settings) -> Cipher:
    return Cipher(settings.encryption_key)


@pytest.fixture
def make(database: Database, clock: StandingClock, cipher: Cipher) -> Make:
    with database.writing() as db:
        add_organisation(db, slug="de-linde", name="De Linde", now=clock())
        keys.ensure_key(db, cipher, now=clock())
    made: dict[str, uuid.UUID] = {}

    def make(client_id: str = "client-1", product: str = "other", token_url: str = TOKEN_URL) -> Services:
        """The services of a platform; asked again it is the same platform, as another worker sees it."""
        if client_id not in made:
            new = NewPlatform(
                organisation="de-linde",
                name="LMS",
                issuer="https://lms.example",
                client_id=client_id,
                auth_url="https://lms.example/auth",
                token_url=token_url,
                jwks_url="https://lms.example/jwks",
                product=product,
            )
            with database.writing() as db:
                made[client_id] = add_platform(db, new, now=clock(), reach=Reach(loopback=True, private=True))
        reach = Reach(loopback=True, private=True)
        return services(database, made[client_id], cipher=cipher, reach=reach, clock=clock)

    return make


@pytest.fixture
def lms() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def grants(mock: responses.RequestsMock, *tokens: str, url: str = TOKEN_URL, life: Any = 3600) -> Any:
    """The token address gives these tokens, one after the other."""
    for token in tokens:
        mock.post(url, json={"access_token": token, "token_type": "Bearer", "expires_in": life})


def asked_with(mock: responses.RequestsMock, method: str = "GET") -> list[str]:
    """The bearer tokens of the requests that were made."""
    return [call.request.headers["Authorization"] for call in mock.calls if call.request.method == method]


def token_requests(mock: responses.RequestsMock) -> int:
    return sum(call.request.url.endswith("/token") for call in mock.calls)


def test_row_8_a_token_is_asked_once_and_shared_by_workers(make: Make, lms: responses.RequestsMock) -> None:
    grants(lms, "t1")
    lms.get(MEMBERS, json={"members": []})
    for _ in range(3):
        make().make_service_request([NRPS], MEMBERS)
    assert token_requests(lms) == 1
    assert asked_with(lms) == ["Bearer t1"] * 3


def test_two_tenants_under_one_issuer_never_share_a_token(make: Make, lms: responses.RequestsMock) -> None:
    grants(lms, "of-linde", "of-berk")
    lms.get(MEMBERS, json={"members": []})
    make("client-1").make_service_request([NRPS], MEMBERS)
    make("client-2").make_service_request([NRPS], MEMBERS)
    make("client-1").make_service_request([NRPS], MEMBERS)
    assert asked_with(lms) == ["Bearer of-linde", "Bearer of-berk", "Bearer of-linde"]


def test_scopes_in_any_order_are_one_token_and_other_scopes_another(make: Make, lms: responses.RequestsMock) -> None:
    grants(lms, "both", "one")
    assert make().get_access_token([NRPS, SCORE]) == "both"
    assert make().get_access_token([SCORE, NRPS]) == "both"
    assert make().get_access_token([SCORE]) == "one"


def test_a_token_is_renewed_a_minute_before_it_ends(
    make: Make, lms: responses.RequestsMock, clock: StandingClock
) -> None:
    grants(lms, "t1", "t2", life=600)
    assert make().get_access_token([NRPS]) == "t1"
    clock.forward(seconds=539)
    assert make().get_access_token([NRPS]) == "t1"
    clock.forward(seconds=1)
    assert make().get_access_token([NRPS]) == "t2"


@pytest.mark.parametrize("life", [0, 30, None, "soon", -5])
def test_a_token_without_a_life_to_speak_of_is_not_kept(
    make: Make, lms: responses.RequestsMock, database: Database, life: Any
) -> None:
    grants(lms, "t1", life=life)
    assert make().get_access_token([NRPS]) == "t1"
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(ServiceToken)) == 0


def test_a_token_that_is_no_longer_taken_is_dropped_and_asked_once_more(
    make: Make, lms: responses.RequestsMock
) -> None:
    grants(lms, "old", "new")
    lms.get(MEMBERS, status=401)
    lms.get(MEMBERS, json={"members": [1]})
    assert make().make_service_request([NRPS], MEMBERS)["body"] == {"members": [1]}
    assert asked_with(lms) == ["Bearer old", "Bearer new"]
    assert make().get_access_token([NRPS]) == "new"


def test_a_service_that_refuses_every_token_is_not_allowed(make: Make, lms: responses.RequestsMock) -> None:
    grants(lms, "old", "new")
    lms.get(MEMBERS, status=401)
    with pytest.raises(NotAllowed):
        make().make_service_request([NRPS], MEMBERS)
    assert token_requests(lms) == 2


def test_tokens_are_encrypted_at_rest_and_cleared_when_over(
    make: Make, lms: responses.RequestsMock, database: Database, clock: StandingClock, settings: Settings
) -> None:
    grants(lms, "very-secret")
    make().get_access_token([NRPS])
    with database.reading() as db:
        assert b"very-secret" not in db.scalars(select(ServiceToken.token)).one()
    clock.forward(hours=2)
    with database.writing() as db:
        jobs.clear(Work(db, clock(), settings))
        assert db.scalar(select(func.count()).select_from(ServiceToken)) == 0


def test_canvas_gives_tokens_on_the_host_of_the_service(make: Make, lms: responses.RequestsMock) -> None:
    for host in ("a.example", "b.example"):
        grants(lms, f"of-{host}", url=f"https://{host}/token")
        lms.get(f"https://{host}/api", json={})
    canvas = make("client-1", product="canvas")
    for host in ("a.example", "b.example", "a.example"):
        canvas.make_service_request([NRPS], f"https://{host}/api")
    assert asked_with(lms) == ["Bearer of-a.example", "Bearer of-b.example", "Bearer of-a.example"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 400, "json": {"error": "invalid_request"}}, Refused),
        ({"status": 401, "json": {"error": "invalid_client"}}, NotAllowed),
        ({"status": 503}, TryLater),
        ({"status": 200, "body": "<html>log in</html>"}, BrokenAnswer),
        ({"status": 200, "json": {"token": "x"}}, BrokenAnswer),
        ({"status": 200, "json": {"access_token": None}}, BrokenAnswer),
        ({"status": 200, "json": ["x"]}, BrokenAnswer),
        ({"body": requests.ConnectionError("boom")}, TryLater),
    ],
)
def test_a_token_that_is_not_given_is_one_of_the_five_errors(
    make: Make, lms: responses.RequestsMock, answer: dict[str, Any], error: type[Exception]
) -> None:
    lms.post(TOKEN_URL, **answer)
    with pytest.raises(error):
        make().get_access_token([NRPS])


def test_moodle_calls_its_json_html(make: Make, lms: responses.RequestsMock) -> None:
    lms.post(TOKEN_URL, body='{"access_token": "t1", "expires_in": 3600}', content_type="text/html")
    assert make().get_access_token([NRPS]) == "t1"


BOOKMARK = "https://lms.example/api/members?page=bookmark:WyJTdHVkZW50Il0&Case=AbC"


@pytest.mark.parametrize(
    "link",
    [
        f'<{BOOKMARK}>; rel="next"',
        f"<{BOOKMARK}>; rel=next",
        f"<{BOOKMARK}>;rel='next'",
        f'<{MEMBERS}>; rel="current", <{BOOKMARK}>; rel="next", <{MEMBERS}>; rel="last"',
        f'<{BOOKMARK.replace("&", "&amp;")}>; rel="next"',
        f"<{BOOKMARK.replace('&', '&amp;')}>; rel=“next”".encode().decode("latin-1"),
    ],
)
def test_row_9_the_next_page_keeps_its_case_however_the_link_is_quoted(link: str) -> None:
    response = requests.Response()
    response.headers["Link"] = link
    assert next_page(response) == BOOKMARK


@pytest.mark.parametrize("link", ["", "   ", "nonsense", '<x>; rel="prev"', "<>; =", ";;;,,,<"])
def test_no_next_page(link: str) -> None:
    response = requests.Response()
    response.headers["Link"] = link
    assert next_page(response) is None


def test_all_pages_are_read(make: Make, lms: responses.RequestsMock) -> None:
    grants(lms, "t1")
    lms.get(MEMBERS, json={"members": [1]}, headers={"Link": f'<{BOOKMARK}>; rel="next"'})
    lms.get(BOOKMARK, json={"members": [2]})
    pages = [page["body"] for page in make().get_paginated_data([NRPS], MEMBERS)]
    assert pages == [{"members": [1]}, {"members": [2]}]


@pytest.mark.parametrize("onward", [MEMBERS, "https://evil.example/api/members"])
def test_pages_that_go_round_or_elsewhere_are_a_broken_answer(
    make: Make, lms: responses.RequestsMock, onward: str
) -> None:
    grants(lms, "t1")
    lms.get(MEMBERS, json={"members": [1]}, headers={"Link": f'<{onward}>; rel="next"'})
    with pytest.raises(BrokenAnswer):
        list(make().get_paginated_data([NRPS], MEMBERS))
    assert "evil.example" not in "".join(call.request.url or "" for call in lms.calls)


def test_nothing_goes_out_inside_a_write_transaction(make: Make, database: Database) -> None:
    service = make()
    with database.writing(), pytest.raises((InsideTransaction, RuntimeError)):
        service.get_access_token([NRPS])


def test_a_platform_that_checks_to_the_letter_takes_our_assertion(
    app: Flask, make: Make, database: Database, clock: StandingClock
) -> None:
    """Audience, issuer, subject, times, one-time id, and the key found in our own key set."""
    moment: datetime = clock()
    platform = LyingPlatform(clock=lambda: datetime.now(moment.tzinfo))
    with served(app) as tool, served(create_app(platform)) as address, Http() as http:
        platform.issuer = address
        (registered,) = platform.tools.values()
        platform.tools["client-1"] = type(registered)(
            **{**vars(registered), "key_set_url": f"{tool}/lti/jwks"},
        )
        platform._fetch_json = lambda url: json_of(http.get(url))
        token = make(token_url=platform.token_url).get_access_token([NRPS])
    assert platform.allows(f"Bearer {token}", NRPS)
    assert not platform.allows(f"Bearer {token}", SCORE)
    assert in_write_transaction() is False
