"""The published document is true: the API keeps to it, whatever is thrown at it."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lti_tool.reports.openapi import document
from tests.reports.hospital import Hospital
from tests.world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(document("http://localhost"))


@pytest.fixture
def hospital(world: World) -> Hospital:
    made = Hospital(world)
    made.department("IC", 20, took_part=12)
    made.department("SEH", 15, took_part=3)
    made.snapshot()
    return made


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_api_keeps_to_its_document(case: Any, hospital: Hospital, app: Any) -> None:
    headers = hospital.token() if "reports" in case.path else {}
    case.operation.app = app
    case.call_and_validate(app=app, headers=headers, checks=CHECKS)


def test_the_document_is_public_and_names_every_address(world: World) -> None:
    answer = world.stranger().get("/api/v1/openapi.json")
    assert answer.get_json()["openapi"].startswith("3.1")
    rules = {rule.rule for rule in world.app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert set(answer.get_json()["paths"]) == rules
