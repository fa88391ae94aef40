"""The OpenAPI 3.1 document of the HR API. A test holds the API to it."""

from __future__ import annotations

from typing import Any

from lti_tool.reports.operations import DEPARTMENT, SCOPES

_HIDDEN = "Null when it may not be shown: under the floor, or nobody, or everybody."
_QUARTER = r"^20\d\d-Q[1-4]$"


def document(base_url: str) -> dict[str, Any]:
    """The document, for the tool at this address."""
    token_url = f"{base_url}/api/v1/oauth/token"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leerkring HR API",
            "version": "1",
            "description": "Figures of groups per quarter. Never of a person; nothing of what was written.",
        },
        "servers": [{"url": base_url}],
        "paths": {
            "/api/v1/oauth/token": {"post": _token()},
            "/api/v1/openapi.json": {"get": _document()},
            "/api/v1/reports/activity": {"get": _activity()},
        },
        "components": {
            "securitySchemes": {
                "client": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": SCOPES}},
                },
                "basic": {"type": "http", "scheme": "basic", "description": "Client id and secret."},
            },
            "schemas": {
                "Problem": _problem(),
                "TokenProblem": _token_problem(),
                "Activity": _report(),
                "Row": _row(),
            },
        },
    }


def _token() -> dict[str, Any]:
    text = {"type": "string"}
    form = {
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"const": "client_credentials"},
            "scope": {**text, "description": "Space separated; without it, all scopes of the client."},
            "client_id": {**text, "description": "Here, or by HTTP basic."},
            "client_secret": text,
        },
    }
    token = {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in", "scope"],
        "properties": {
            "access_token": text,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "Seconds."},
            "scope": text,
        },
        "additionalProperties": False,
    }
    return {
        "operationId": "token",
        "summary": "A token for an hour, by client credentials.",
        "security": [{}, {"basic": []}],
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {
            "200": {"description": "The token.", "content": {"application/json": {"schema": token}}},
            "400": _error("The request is not right, or asks for an unknown scope.", "TokenProblem"),
            "401": _error("The client is not known, or its secret is wrong.", "TokenProblem"),
            "413": _error("The request is too large."),
            "429": _error("Too many requests within a minute; `Retry-After` says when to come back.", "TokenProblem"),
        },
    }


def _document() -> dict[str, Any]:
    answer = {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "operationId": "openapi",
        "summary": "This document.",
        "security": [],
        "responses": {"200": answer},
    }


def _activity() -> dict[str, Any]:
    report = {"$ref": "#/components/schemas/Activity"}
    return {
        "operationId": "activity",
        "summary": "People who took part, shared hours, accredited hours and points, per group.",
        "security": [{"client": ["reports:read"]}],
        "parameters": [
            {
                "name": "period",
                "in": "query",
                "description": "A quarter; without it the one that runs.",
                "schema": {"type": "string", "pattern": _QUARTER},
            },
            {"name": "by", "in": "query", "schema": {"enum": [DEPARTMENT], "default": DEPARTMENT}},
        ],
        "responses": {
            "200": {
                "description": "The figures; with `Accept: text/csv` its rows, an empty cell for null.",
                "content": {
                    "application/json": {"schema": report},
                    "text/csv": {"schema": {"type": "string"}},
                },
            },
            "400": _error("A parameter is not right."),
            "401": _error("No token, or one that does not hold."),
            "403": _error("The token is for something else, or came over http."),
            "404": _error("There are no figures of that quarter."),
        },
    }


def _row() -> dict[str, Any]:
    amount = {"type": ["number", "null"], "minimum": 0, "description": _HIDDEN}
    people = {"type": ["integer", "null"], "minimum": 0}
    group = 'A department, "(small groups)", "(not in the staff list)" or "(no department)".'
    columns = {
        "group": {"type": "string", "description": group},
        "people": {**people, "description": "At the end of the period, or today. Null when all are too few."},
        "took_part": {**people, "description": f"Read, came, wrote or tried at least once. {_HIDDEN}"},
        "released_hours": {**amount, "description": f"Of informal learning, shared with HR. {_HIDDEN}"},
        "accredited_hours": amount,
        "accredited_points": amount,
    }
    return {"type": "object", "required": list(columns), "properties": columns, "additionalProperties": False}


def _report() -> dict[str, Any]:
    members = {
        "period": {"type": "string", "pattern": _QUARTER},
        "by": {"const": DEPARTMENT},
        "status": {"enum": ["provisional", "frozen"]},
        "as_of": {"type": "string", "format": "date-time"},
        "floor": {"type": "integer", "description": "The fewest people of a row and behind a cell."},
        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
    }
    return {"type": "object", "required": list(members), "properties": members, "additionalProperties": False}


def _problem() -> dict[str, Any]:
    members = {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For our helpdesk."},
    }
    return {"type": "object", "required": list(members), "properties": members}


def _token_problem() -> dict[str, Any]:
    more = {"error": {"type": "string"}, "error_description": {"type": "string"}}
    both = {**_problem()["properties"], **more}
    return {"type": "object", "required": list(both), "properties": both}


def _error(description: str, schema: str = "Problem") -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}
