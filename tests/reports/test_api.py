"""The HR API: tokens by client credentials, asked for before anything else, and the report of one organisation."""

import csv
import io
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.audit.models import AuditEntry
from lti_tool.reports import limits, operations
from lti_tool.reports.models import ApiClient, ApiToken, TokenAsk
from tests.conftest import StandingClock
from tests.reports.hospital import Hospital, all_of
from tests.world import World

TOKEN, REPORT = "/api/v1/oauth/token", "/api/v1/reports/activity"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def hospital(world: World) -> Hospital:
    made = Hospital(world)
    made.department("IC", 20, took_part=12)
    made.department("=SEH", 15, took_part=3)
    made.snapshot()
    return made


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert body["status"] == status
    assert body["title"]
    return dict(body)


# --- tokens ---


def test_a_token_by_http_basic_and_in_the_body(hospital: Hospital, world: World) -> None:
    client_id, secret = hospital.client()
    browser = world.stranger()
    in_body = {"client_id": client_id, "client_secret": secret}
    for more in ({"headers": basic(client_id, secret), "data": GRANT}, {"data": GRANT | in_body}):
        answer = browser.post(TOKEN, **more)
        assert answer.status_code == 200
        assert answer.content_type == "application/json"
        assert "no-store" in answer.headers["Cache-Control"]
        body = answer.get_json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "reports:read")
        read = browser.get(REPORT, headers={"Authorization": f"Bearer {body['access_token']}"})
        assert read.status_code == 200


@pytest.mark.parametrize("odd", ["a\0b", "a" * 100_000, "\u202e"])
def test_a_client_id_that_no_database_takes_is_an_unknown_client(hospital: Hospital, world: World, odd: str) -> None:
    is_problem(world.stranger().post(TOKEN, data=GRANT | {"client_id": odd, "client_secret": "x"}), 401)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({**GRANT, "scope": "everything"}, 400, "invalid_scope"),
        ({**GRANT, "scope": "reports:read everything"}, 400, "invalid_scope"),
        ({**GRANT, "scope": ["reports:read", "reports:read"]}, 400, "invalid_request"),
        ({**GRANT, "client_secret": "too"}, 400, "invalid_request"),
    ],
)
def test_a_request_for_a_token_that_is_wrong(
    hospital: Hospital, world: World, form: dict[str, Any], status: int, error: str
) -> None:
    answer = world.stranger().post(TOKEN, headers=basic(*hospital.client()), data=form)
    assert is_problem(answer, status)["error"] == error
    with world.database.reading() as db:
        assert all_of(db, ApiToken) == []


def test_who_is_not_known_gets_no_token(hospital: Hospital, world: World) -> None:
    client_id, secret = hospital.client()
    stranger = world.stranger()
    for headers in (basic(client_id, "wrong"), basic("nobody", secret), basic("", ""), {"Authorization": "Basic ä"}):
        body = is_problem(stranger.post(TOKEN, headers=headers, data=GRANT), 401)
        assert body["error"] == "invalid_client"
    answer = stranger.post(TOKEN, data=GRANT)
    assert is_problem(answer, 401)["error"] == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_who_asks_too_often_waits_and_nobody_else_does(hospital: Hospital, world: World, clock: StandingClock) -> None:
    mine, other, browser = hospital.client(), hospital.client(), world.stranger()
    elsewhere: dict[str, Any] = {
        "environ_overrides": {"REMOTE_ADDR": "203.0.113.9"},
        "base_url": "https://leerkring.linde.example",
    }

    def ask(who: tuple[str, str], **more: Any) -> Any:
        return browser.post(TOKEN, headers=basic(*who), data=GRANT, **more)

    for _ in range(29):
        assert ask(mine).status_code == 200
    assert ask((mine[0], "wrong")).status_code == 401  # a refused try counts too
    clock.forward(seconds=20)
    refused = ask(mine)
    body = is_problem(refused, 429)
    assert refused.headers["Retry-After"] == "40"
    assert (body["error"], "40 seconds" in body["title"]) == ("temporarily_unavailable", True)
    assert ask(other).status_code == 200
    assert ask(mine, **elsewhere).status_code == 200  # whose tries these are, they don't shut the client out
    clock.forward(seconds=40)
    assert ask(mine).status_code == 200


def test_made_up_clients_count_together_and_leave_no_rows(hospital: Hospital, world: World) -> None:
    browser = world.stranger()
    statuses = [
        browser.post(TOKEN, headers=basic(f"nobody{number}", "x"), data=GRANT).status_code for number in range(31)
    ]
    assert statuses == [401] * 30 + [429]
    assert browser.post(TOKEN, headers=basic(*hospital.client()), data=GRANT).status_code == 200
    with world.database.reading() as db:
        stored = all_of(db, TokenAsk)
        assert len(stored) == 2
        assert "127.0.0.1" not in repr([vars(row) for row in stored])
    with world.database.writing() as db:
        limits.clear(db, now=world.clock() + timedelta(minutes=1))
        assert all_of(db, TokenAsk) == []


def test_the_tokens_of_a_client_that_is_taken_away_stop(hospital: Hospital, world: World) -> None:
    client_id, secret = hospital.client()
    browser = world.stranger()
    token = browser.post(TOKEN, headers=basic(client_id, secret), data=GRANT).get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.get(REPORT, headers=bearer).status_code == 200
    with world.database.writing() as db:
        assert operations.remove_client(db, hospital.id, client_id, now=world.clock())
    is_problem(browser.get(REPORT, headers=bearer), 401)
    is_problem(browser.post(TOKEN, headers=basic(client_id, secret), data=GRANT), 401)
    with world.database.reading() as db:
        assert "reports.remove_client" in set(db.scalars(select(AuditEntry.action)))


def test_json_in_stead_of_a_form_is_told(hospital: Hospital, world: World) -> None:
    answer = world.stranger().post(TOKEN, headers=basic(*hospital.client()), json=GRANT)
    assert "form" in is_problem(answer, 400)["error_description"]


def test_secrets_and_tokens_travel_over_https_or_within_this_machine(hospital: Hospital, world: World) -> None:
    headers, token, browser = basic(*hospital.client()), hospital.token(), world.stranger()
    outside: dict[str, Any] = {"base_url": "http://leerkring.hospital.example"}
    from_outside: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "10.0.0.7"}}
    for bare in (outside, from_outside):
        assert is_problem(browser.post(TOKEN, headers=headers, data=GRANT, **bare), 400)["error"] == "invalid_request"
        is_problem(browser.get(REPORT, headers=token, **bare), 403)
    safe: dict[str, Any] = {"base_url": "https://leerkring.hospital.example", **from_outside}
    assert browser.post(TOKEN, headers=headers, data=GRANT, **safe).status_code == 200
    assert browser.get(REPORT, headers=token, **safe).status_code == 200


def test_nothing_that_opens_the_api_is_stored_readable(hospital: Hospital, world: World) -> None:
    client_id, secret = hospital.client()
    token = hospital.token()["Authorization"].removeprefix("Bearer ")
    with world.database.reading() as db:
        clients = {client.client_id: client for client in all_of(db, ApiClient)}
        stored = repr([vars(row) for row in (*clients.values(), *all_of(db, ApiToken))])
    assert client_id in clients
    assert secret not in stored
    assert token not in stored


@pytest.mark.parametrize("scopes", [[], ["everything"], ["reports:read", "everything"]])
def test_a_client_gets_scopes_that_exist(hospital: Hospital, world: World, scopes: list[str]) -> None:
    with world.database.writing() as db, pytest.raises(ValueError, match="reports:read"):
        operations.create_client(db, hospital.id, "HR", scopes, now=world.clock())


# --- before anything else ---


def test_without_a_token_nothing_is_looked_at(hospital: Hospital, world: World) -> None:
    browser = world.stranger()
    for header in (None, "Bearer ", "Bearer nonsense", "Bearer " + "a" * 43, "Bearer ä", "Basic abc"):
        headers = {"Authorization": header} if header else {}
        for query in ("", "?period=nonsense", "?by=person", "?period=2020-Q1"):
            answer = browser.get(REPORT + query, headers=headers)
            is_problem(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_of_an_hour_ago_is_over(hospital: Hospital, world: World, clock: StandingClock) -> None:
    token = hospital.token()
    clock.forward(hours=1)
    answer = world.stranger().get(REPORT, headers=token)
    is_problem(answer, 401)
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_a_token_for_something_else_is_refused(hospital: Hospital, world: World) -> None:
    token = hospital.token()
    with world.database.writing() as db:
        for row in db.scalars(select(ApiToken)):
            row.scopes = "other:read"
    answer = world.stranger().get(REPORT + "?period=nonsense", headers=token)
    is_problem(answer, 403)
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_a_session_in_the_browser_opens_no_api(hospital: Hospital, world: World) -> None:
    hr = world.somebody(hospital.id, "Marijke Jonker", "hr")
    is_problem(hr.get(REPORT), 401)


# --- the report ---


def test_the_report_has_the_form_of_the_contract(hospital: Hospital, world: World) -> None:
    answer = world.stranger().get(REPORT + "?period=2026-Q4&by=department", headers=hospital.token())
    assert answer.content_type == "application/json"
    hidden = {"released_hours": None, "accredited_hours": None, "accredited_points": None}
    assert answer.get_json() == {
        "period": "2026-Q4",
        "by": "department",
        "status": "provisional",
        "as_of": "2026-11-25T06:52:00Z",
        "floor": 10,
        "rows": [
            {"group": "=SEH", "people": 15, "took_part": None, **hidden},
            {"group": "IC", "people": 20, "took_part": 12, **hidden},
        ],
    }
    assert datetime.fromisoformat(answer.get_json()["as_of"]).tzinfo


def test_the_running_quarter_by_department_is_what_one_gets_unasked(hospital: Hospital, world: World) -> None:
    headers, browser = hospital.token(), world.stranger()
    asked = browser.get(REPORT + "?period=2026-Q4&by=department", headers=headers).get_json()
    assert browser.get(REPORT, headers=headers).get_json() == asked


def test_csv_has_the_same_columns_and_no_formulas(hospital: Hospital, world: World) -> None:
    answer = world.stranger().get(REPORT, headers=hospital.token() | {"Accept": "text/csv"})
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert list(rows[0]) == [
        "group", "people", "took_part", "released_hours", "accredited_hours", "accredited_points",
    ]  # fmt: skip
    assert [(row["group"], row["people"], row["took_part"]) for row in rows] == [
        ("'=SEH", "15", ""),
        ("IC", "20", "12"),
    ]


def test_whoever_does_not_ask_for_csv_gets_json(hospital: Hospital, world: World) -> None:
    token, browser = hospital.token(), world.stranger()
    for accept in ("application/json", "*/*", "", "image/png", "text/html", "application/json, text/csv;q=0.5"):
        answer = browser.get(REPORT, headers=token | {"Accept": accept})
        assert answer.content_type == "application/json"


def test_a_wrong_question_gets_a_sentence(hospital: Hospital, world: World) -> None:
    token, browser = hospital.token(), world.stranger()
    for query, status in {
        "?period=2026": 400,
        "?period=": 400,
        "?period=2026-Q5": 400,
        "?period=2026-Q4&period=2026-Q3": 400,
        "?by=person": 400,
        "?by=": 400,
        "?period=2026-Q3": 404,
        "?period=2031-Q1": 404,
    }.items():
        is_problem(browser.get(REPORT + query, headers=token), status)


def test_every_other_error_is_a_problem_too(world: World) -> None:
    for method, path, status in (
        ("POST", REPORT, 405),
        ("GET", TOKEN, 405),
        ("DELETE", REPORT, 405),
        ("GET", "/api/v1/reports/people", 404),
        ("GET", "/api/v1/", 404),
    ):
        is_problem(world.stranger().open(path, method=method), status)


def test_a_token_reads_its_own_organisation_only(hospital: Hospital, world: World) -> None:
    other = Hospital(world, "vecht", "Thuiszorg Vecht")
    browser = world.stranger()
    is_problem(browser.get(REPORT, headers=other.token()), 404)
    other.department("Wijk", 20, took_part=15)
    other.snapshot()
    for query in ("", "?organisation=de-linde", f"?organisation_id={hospital.id}"):
        body = browser.get(REPORT + query, headers=other.token()).get_json()
        assert [row["group"] for row in body["rows"]] == ["Wijk"]


def test_every_reading_is_in_the_audit_trail(hospital: Hospital, world: World) -> None:
    headers, browser = hospital.token(), world.stranger()
    browser.get(REPORT, headers=headers)
    browser.get(REPORT, headers=headers | {"Accept": "text/csv"})
    browser.get(REPORT + "?by=person", headers=headers)
    with world.database.reading() as db:
        client = db.scalar(select(ApiClient.id).order_by(ApiClient.created_at.desc()))
        read = [entry for entry in all_of(db, AuditEntry) if entry.action == "reports.read"]
    subject = f"api_client:{client} 2026-Q4/department"
    assert [(entry.organisation_id, entry.actor_id, entry.subject) for entry in read] == [
        (hospital.id, None, subject)
    ] * 2


def test_reading_takes_few_queries_whatever_there_is_to_count(hospital: Hospital, world: World) -> None:
    from sqlalchemy import event

    headers = hospital.token()
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(world.database._reader, "before_cursor_execute", note)
    world.stranger().get(REPORT, headers=headers)
    event.remove(world.database._reader, "before_cursor_execute", note)
    read = [statement for statement in seen if statement.startswith("SELECT")]
    assert len(read) == 2, "the token and one row"
    assert not any("activity" in statement.split("FROM")[1] for statement in read)
