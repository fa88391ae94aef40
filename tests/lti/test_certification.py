"""The launches of the certification suite, by its names: the known bad ones are pages with a code, the valid
ones arrive. One database does: nothing here depends on which.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from lti_tool.db import Database
from tests.lti.helpers import arrivals
from tests.lti.picking import begin
from tests.platform import FATMA, INSTRUCTOR, LEARNER, LTI, VISIT, LyingPlatform, User, Visitor, new_key

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Lie = Callable[[LyingPlatform], None]


def change(**claims: Any) -> Lie:
    """A lie about claims; None leaves one out. Names without a scheme are LTI's."""
    plain = {"iss", "aud", "azp", "sub", "exp", "iat", "nbf", "nonce"}

    def lie(platform: LyingPlatform) -> None:
        def alter(said: dict[str, Any]) -> None:
            for name, value in claims.items():
                key = name if name in plain else LTI + name
                said.pop(key, None)
                if value is not None:
                    said[key] = value(said) if callable(value) else value

        platform.change = alter

    return lie


def header(**fields: Any) -> Lie:
    return lambda platform: platform.header.update(fields)


def mangle(how: Callable[[str], str]) -> Lie:
    return lambda platform: setattr(platform, "mangle", how)


def now_plus(platform: LyingPlatform, seconds: float) -> float:
    return int(platform.clock().timestamp()) + seconds


def at(**seconds: float) -> Lie:
    return lambda platform: change(**{name: now_plus(platform, by) for name, by in seconds.items()})(platform)


def signed_with_another_key(platform: LyingPlatform) -> None:
    platform.sign_with = new_key()


def without_algorithm(token: str) -> str:
    return ".".join([base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("="), token.split(".")[1], ""])


def everything_else_gone(platform: LyingPlatform) -> None:
    platform.change = lambda said: {name: said[name] for name in ("iss", "aud", "exp", "iat", "nonce", "sub")}


BAD: dict[str, tuple[Lie, int, str]] = {
    "no kid in the header": (header(kid=None), 401, "L05"),
    "empty kid": (header(kid=""), 401, "L05"),
    "wrong kid": (header(kid="of-nobody"), 401, "L05"),
    "wrong algorithm": (mangle(without_algorithm), 401, "L05"),
    "signed with another key": (signed_with_another_key, 401, "L05"),
    "changed after signing": (mangle(lambda token: token[:-12] + "A" * 12), 401, "L05"),
    "no JWT at all": (mangle(lambda _: "nonsense"), 400, "L05"),
    "JWT of two parts": (mangle(lambda token: token.rpartition(".")[0]), 400, "L05"),
    "header is no object": (mangle(lambda token: "W10." + token.split(".", 1)[1]), 400, "L05"),
    "body is no object": (mangle(lambda token: token.split(".")[0] + ".W10.x"), 400, "L05"),
    "not an LTI message": (everything_else_gone, 400, "L05"),
    "wrong version": (change(version="11.3"), 400, "L05"),
    "no version": (change(version=None), 400, "L05"),
    "no message type": (change(message_type=None), 400, "L05"),
    "wrong message type": (change(message_type="LtiBogusRequest"), 400, "L13"),
    "no deployment id": (change(deployment_id=None), 400, "L05"),
    "empty deployment id": (change(deployment_id=""), 400, "L05"),
    "deployment id is a number": (change(deployment_id=1), 400, "L05"),
    "deployment is not that of the login": (change(deployment_id="2"), 401, "L05"),
    "no resource link": (change(resource_link=None), 400, "L05"),
    "resource link without an id": (change(resource_link={"title": "Zonder"}), 400, "L05"),
    "resource link is a list": (change(resource_link=["1"]), 400, "L05"),
    "no user": (change(sub=None), 401, "L02"),
    "empty user": (change(sub=""), 401, "L02"),
    "user is a number": (change(sub=12), 400, "L05"),
    "no roles claim": (change(roles=None), 400, "L05"),
    "roles is a text": (change(roles=LEARNER), 400, "L05"),
    "no target link uri": (change(target_link_uri=None), 400, "L05"),
    "target link uri elsewhere": (change(target_link_uri="https://evil.example/lti/launch"), 400, "L05"),
    "no issuer": (change(iss=None), 400, "L05"),
    "unknown issuer": (change(iss="https://unknown.example"), 403, "L03"),
    "no audience": (change(aud=None), 400, "L05"),
    "audience is somebody else": (change(aud="client-of-another-tool"), 403, "L03"),
    "audience list without azp": (change(aud=["other", "client-1"]), 400, "L05"),
    "azp is somebody else": (change(aud=["client-1"], azp="other"), 400, "L05"),
    "no nonce": (change(nonce=None), 400, "L05"),
    "nonce is a number": (change(nonce=7), 400, "L05"),
    "nonce of nobody": (change(nonce="made up"), 400, "L05"),
    "no exp": (change(exp=None), 401, "L05"),
    "exp long ago": (at(exp=-61), 401, "L06"),
    "exp is a text": (change(exp="tomorrow"), 400, "L05"),
    "exp is true": (change(exp=True), 400, "L05"),
    "no iat": (change(iat=None), 401, "L05"),
    "iat in the future": (at(iat=61), 401, "L06"),
    "iat years ago": (change(iat=11111), 401, "L06"),
    "iat is a text": (change(iat="yesterday"), 400, "L05"),
    "not valid yet": (at(nbf=61), 401, "L06"),
}


OF_A_LINK = {"no resource link", "resource link without an id", "resource link is a list"}
"""Who picks has no link yet, so these are fine then (Canvas sends one all the same)."""


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in ("link", "pick") for name in BAD if kind == "link" or name not in OF_A_LINK],
)
def test_known_bad(visitor: Visitor, platform: LyingPlatform, database: Database, kind: str, name: str) -> None:
    lie, status, code = BAD[name]
    visit = VISIT if kind == "link" else begin(platform, user=FATMA)
    lie(platform)
    with capture_logs() as logs:
        answer = visitor.launch(visit)
    assert_a_page_with_a_code(answer, status, code)
    assert not arrivals(database), "somebody arrived"
    assert "Set-Cookie" not in answer.headers
    causes = [line["cause"] for line in logs if line["event"] == "refused"]
    assert len(causes) == 1
    assert causes[0]
    assert not any(secret in repr(logs) for secret in ("Fatma", "Yildiz", "HR20009", "eyJ"))


def assert_a_page_with_a_code(answer: TestResponse, status: int, code: str) -> None:
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    assert answer.mimetype == "text/html"
    assert f"Code {code}" in page
    assert '<html lang="nl"' in page
    assert not any(secret in page for secret in ("Fatma", "Yildiz", "HR20009", "eyJ"))


def test_missing_id_token(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    del fields["id_token"]
    assert_a_page_with_a_code(visitor.post(fields), 400, "L05")


def test_missing_state(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    del fields["state"]
    assert_a_page_with_a_code(visitor.post(fields), 400, "L02")


def test_state_of_nobody(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    assert_a_page_with_a_code(visitor.post({**fields, "state": "state-made-up"}), 400, "L02")


@pytest.mark.parametrize("size", [70_000, 1_900_000])
def test_a_token_that_is_far_too_long(visitor: Visitor, size: int) -> None:
    fields = visitor.authorize(visitor.login())
    assert_a_page_with_a_code(visitor.post({**fields, "id_token": "A" * size}), 400, "L05")


def test_a_token_nested_a_hundred_thousand_deep(visitor: Visitor) -> None:
    fields = visitor.authorize(visitor.login())
    deep = base64.urlsafe_b64encode(b"[" * 40_000).decode().rstrip("=")
    assert_a_page_with_a_code(visitor.post({**fields, "id_token": f"{deep}.{deep}.x"}), 400, "L05")


FULL = "http://purl.imsglobal.org/vocab/lis/v2/"
ONLY_EMAIL = User("12", email="fatma@delinde.example")
ONLY_NAMES = User("12", name="Fatma Yildiz", given_name="Fatma", family_name="Yildiz")
NOTHING = User("12")

VALID: dict[str, tuple[User, tuple[str, ...], bool, dict[str, str]]] = {
    "teacher with one role": (FATMA, (INSTRUCTOR,), True, {}),
    "teacher with many roles": (FATMA, (FULL + "institution/person#Staff", LEARNER, INSTRUCTOR), True, {}),
    "teacher with a short role": (FATMA, ("Instructor",), True, {}),
    "teacher with an unknown role too": (FATMA, (FULL + "unknown/unknown#Helper", INSTRUCTOR), True, {}),
    "teacher without a role": (FATMA, (), False, {}),
    "teaching assistant": (FATMA, (FULL + "membership/Instructor#TeachingAssistant",), True, {}),
    "student with one role": (FATMA, (LEARNER,), False, {"name": "Fatma Yildiz"}),
    "student with many roles": (FATMA, (FULL + "institution/person#Student", LEARNER), False, {}),
    "student with a short role": (FATMA, ("Learner",), False, {}),
    "student with an unknown role": (FATMA, (FULL + "membership#Patient",), False, {}),
    "student without a role": (FATMA, (), False, {}),
    "student with only an e-mail address": (
        ONLY_EMAIL,
        (LEARNER,),
        False,
        {"name": "", "email": FATMA.email},
    ),
    "student with only names": (ONLY_NAMES, (LEARNER,), False, {"name": "Fatma Yildiz", "email": ""}),
    "student with nothing personal": (
        NOTHING,
        (LEARNER,),
        False,
        {"name": "", "email": "", "staff_number": ""},
    ),
    "instructor elsewhere, student here": (
        FATMA,
        (FULL + "institution/person#Instructor", FULL + "system/person#Administrator", LEARNER),
        False,
        {},
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_valid(visitor: Visitor, database: Database, name: str) -> None:
    user, roles, teaches, said = VALID[name]
    answer = visitor.launch(dataclasses.replace(VISIT, user=user, roles=roles))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    (arrived,) = arrivals(database)
    assert arrived["teaches"] is teaches
    assert arrived | said == arrived
    for _ in range(2):  # F5
        assert visitor.client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("name", VALID)
def test_valid_request_to_pick(visitor: Visitor, platform: LyingPlatform, name: str) -> None:
    user, roles, teaches, _said = VALID[name]
    answer = visitor.launch(begin(platform, user=user, roles=roles))
    if teaches:
        assert answer.status_code == 200
        assert "Welke ruimte komt in de cursus?" in answer.get_data(as_text=True)
    else:
        assert_a_page_with_a_code(answer, 403, "L08")


@pytest.mark.parametrize("name", sorted(OF_A_LINK))
def test_valid_request_to_pick_whatever_it_says_of_a_link(visitor: Visitor, platform: LyingPlatform, name: str) -> None:
    visit = begin(platform)
    BAD[name][0](platform)
    assert visitor.launch(visit).status_code == 200


def test_valid_request_to_pick_without_context(visitor: Visitor, platform: LyingPlatform) -> None:
    visit = begin(platform)
    change(context=None)(platform)
    assert visitor.launch(visit).status_code == 200


def test_valid_without_context(visitor: Visitor, database: Database) -> None:
    assert visitor.launch(dataclasses.replace(VISIT, course=None)).status_code == 303
    assert [row["context_id"] for row in arrivals(database)] == [""]


def test_valid_within_a_minute_of_clock_difference(visitor: Visitor, platform: LyingPlatform) -> None:
    for skew in (at(iat=59, nbf=59), at(exp=-59)):
        skew(platform)
        assert visitor.launch().status_code == 303
