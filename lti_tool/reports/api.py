"""The HR API: tokens by client credentials (RFC 6749, 4.4), the report, and the document that describes both.

Everything but the token and the document asks for a token before it looks at anything else.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.activity.operations import quarter_of
from lti_tool.activity.quarters import Quarter
from lti_tool.audit import operations as audit
from lti_tool.db import Session
from lti_tool.reports import limits, operations, queries
from lti_tool.reports.openapi import document
from lti_tool.reports.operations import DEPARTMENT, SCOPES, Caller
from lti_tool.reports.queries import COLUMNS, Report
from lti_tool.settings import LOOPBACK_HOSTS
from lti_tool.web.csv_files import safe
from lti_tool.web.errors import Refusal, problem
from lti_tool.web.forms import receive
from lti_tool.web.language import local
from lti_tool.web.routes import PUBLIC, Here, Room, after_commit
from lti_tool.web.runtime import runtime

room = Room("reports", __name__)
READ = "reports:read"


class ApiRefusal(Refusal):
    """Something that a program did wrong, said in English to its maker."""

    code = "A00"

    def __init__(self, status: int, code: str, sentence: str, *, challenge: str = "") -> None:
        super().__init__(sentence, cause=code)
        self.status, self.code = status, code
        if challenge:
            self.headers["WWW-Authenticate"] = challenge


@dataclass(frozen=True)
class ApiScope:
    """Access for a program with a token of this scope."""

    scope: str

    @property
    def name(self) -> str:
        """For the access tests."""
        return f"api: {self.scope}"

    def admit(self, here: Here) -> Caller:
        """The client whose token it is. 401 without a token that holds, 403 when it is for something else."""
        if not _safe_transport():
            raise ApiRefusal(403, "A01", "Use https: a token over http can be read by others.")
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise ApiRefusal(401, "A02", "Send a token.", challenge='Bearer realm="leerkring"')
        client = operations.caller(here.db, token.strip(), now=here.now)
        if client is None:
            challenge = 'Bearer realm="leerkring", error="invalid_token"'
            raise ApiRefusal(401, "A03", "This token is not known, or it is over.", challenge=challenge)
        if self.scope not in client.scopes:
            challenge = f'Bearer realm="leerkring", error="insufficient_scope", scope="{self.scope}"'
            raise ApiRefusal(403, "A04", f"This token is not for {self.scope}.", challenge=challenge)
        return client


def _safe_transport() -> bool:
    """Encrypted, or between two programs on this machine."""
    local_host = urlsplit(f"//{request.host}").hostname in LOOPBACK_HOSTS
    return request.is_secure or (local_host and request.remote_addr in LOOPBACK_HOSTS)


@room.post("/api/v1/oauth/token", access=PUBLIC, csrf=False, transaction="own")
def token(here: Here) -> ResponseReturnValue:
    """A token for an hour."""
    if unreadable := receive():
        raise unreadable
    if not _safe_transport():
        return _token_error(400, "invalid_request", "Use https: a secret over http can be read by others.")
    if any(len(request.form.getlist(name)) > 1 for name in request.form):
        return _token_error(400, "invalid_request", "A parameter is there twice.")
    credentials = _credentials()
    if isinstance(credentials, Response):
        return credentials
    with runtime().database.writing() as db:  # its own, so that refused tries are counted too
        address = request.remote_addr or ""
        wait = limits.ask(db, credentials[0], address, secret_key=here.settings.secret_key, now=here.now)
        return _too_often(wait) if wait else _grant(db, credentials, here.now)


def _too_often(wait: timedelta) -> Response:
    seconds = ceil(wait.total_seconds())
    said = f"Too many requests for a token. Wait {seconds} seconds; a token holds for an hour."
    response = _token_error(429, "temporarily_unavailable", said)
    response.headers["Retry-After"] = str(seconds)
    return response


def _grant(db: Session, credentials: tuple[str, str], now: datetime) -> Response:
    client = operations.authenticate(db, *credentials)
    if client is None:
        return _token_error(401, "invalid_client", "This client is not known, or its secret is wrong.")
    grant = request.form.get("grant_type", "")
    if not grant:
        return _token_error(400, "invalid_request", "grant_type is missing; send a form, not JSON.")
    if grant != "client_credentials":
        return _token_error(400, "unsupported_grant_type", "Only client_credentials is supported.")
    asked = set(request.form.get("scope", "").split())
    if unknown := sorted(asked - client.scopes):
        known = "not one of this client" if set(unknown) <= set(SCOPES) else "unknown"
        may = " ".join(sorted(client.scopes))
        return _token_error(400, "invalid_scope", f"A scope is {known}; this client may ask: {may}.")
    scopes = sorted(asked or client.scopes)
    body = {
        "access_token": operations.issue_token(db, client, scopes, now=now),
        "token_type": "Bearer",
        "expires_in": int(operations.TOKEN_LIFE.total_seconds()),
        "scope": " ".join(scopes),
    }
    response = jsonify(body)
    response.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return response


def _credentials() -> tuple[str, str] | Response:
    """Client id and secret, by HTTP basic or in the body, never both (RFC 6749, 2.3)."""
    in_body = request.form.get("client_id", ""), request.form.get("client_secret", "")
    if "Authorization" not in request.headers:
        return in_body
    if in_body[1]:
        return _token_error(400, "invalid_request", "Send the secret by HTTP basic or in the body, not both.")
    try:
        given = request.authorization
    except ValueError:  # Werkzeug 3.1 stumbles over letters that are not ASCII
        given = None
    if given is None or given.type != "basic":
        return _token_error(401, "invalid_client", "Send client id and secret by HTTP basic or in the body.")
    return unquote_plus(given.username or ""), unquote_plus(given.password or "")


def _token_error(status: int, error: str, description: str) -> Response:
    """A problem that clients of OAuth also understand (RFC 6749, 5.2)."""
    response = problem(status, "A10", description, error=error, error_description=description)
    response.headers["Pragma"] = "no-cache"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="leerkring"'
    return response


@room.get("/api/v1/openapi.json", access=PUBLIC)
def openapi(here: Here) -> ResponseReturnValue:
    """What this API offers, for programs."""
    return jsonify(document(here.settings.base_url))


@room.get("/api/v1/reports/activity", access=ApiScope(READ))
def activity(here: Here) -> ResponseReturnValue:
    """The figures of a quarter per group, as JSON or CSV."""
    client: Caller = here.place
    period = _parameter("period", quarter_of(local(here.now).date()))
    by = _parameter("by", DEPARTMENT)
    try:
        Quarter.parse(period)
    except ValueError as error:
        raise ApiRefusal(400, "A20", str(error)) from None
    if by != DEPARTMENT:
        raise ApiRefusal(400, "A21", f"A report can be asked by {DEPARTMENT}.")
    found = queries.report(here.db, client.organisation_id, period, by)
    if found is None:
        raise ApiRefusal(404, "A22", f"There are no figures of {period} yet.")
    note_reading(here, client.organisation_id, None, f"api_client:{client.id} {period}/{by}")
    best = request.accept_mimetypes.best_match(["application/json", "text/csv"], "application/json")
    response = as_csv(found) if best == "text/csv" else jsonify(as_json(found))
    response.headers["Vary"] = "Accept, Authorization"
    return response


def _parameter(name: str, default: str) -> str:
    given = request.args.getlist(name)
    if len(given) > 1:
        raise ApiRefusal(400, "A23", f"Send {name} once.")
    return given[0] if given else default


def note_reading(here: Here, organisation_id: Any, actor_id: Any, subject: str) -> None:
    """Put this reading in the audit trail, when the request's own transaction, which can't write, is over."""
    database = runtime().database
    reading = {"organisation_id": organisation_id, "actor_id": actor_id, "subject": subject, "now": here.now}

    def write() -> None:
        with database.writing() as db:
            audit.note(db, action="reports.read", **reading)

    after_commit(write)


def as_json(report: Report) -> dict[str, Any]:
    """The report in the form of the contract."""
    return {
        "period": report.period,
        "by": report.by,
        "status": report.status.value,
        "as_of": report.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "floor": report.floor,
        "rows": [{name: row[name] for name in COLUMNS} for row in report.rows],
    }


def as_csv(report: Report) -> Response:
    """The rows with the same columns; a hidden cell is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([safe(row[name]) for name in COLUMNS] for row in report.rows)
    response = Response(out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="leerkring-{report.period}.csv"'
    return response
