"""When a platform's key set is fetched, how often, and what of the answer is kept."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from connectors.http import BrokenAnswer
from lti_tool.db import Database
from lti_tool.lti.keysets import pick, usable
from lti_tool.organisations.models import Platform as PlatformRow
from tests.conftest import StandingClock
from tests.platform import LyingPlatform, Visitor, key_of_all_tests, new_key


def kept(database: Database) -> Any:
    with database.reading() as db:
        return db.scalar(select(PlatformRow.key_set))


def test_unknown_key_ids_fetch_three_times_a_minute_at_most(
    visitor: Visitor, platform: LyingPlatform, clock: StandingClock
) -> None:
    assert visitor.launch().status_code == 303
    platform.header["kid"] = "of-nobody"
    for _ in range(6):
        assert visitor.launch().status_code == 401
    assert platform.fetched == 3
    platform.header.clear()
    assert visitor.launch().status_code == 303, "those who sign rightly are not hindered"
    assert platform.fetched == 3
    platform.header["kid"] = "of-nobody"
    clock.forward(seconds=61)
    assert visitor.launch().status_code == 401
    assert platform.fetched == 4


def test_the_limit_is_shared_by_all_workers(
    app: Flask,
    visitor: Visitor,
    platform: LyingPlatform,
    settings: Any,
    clock: StandingClock,
    database: Database,
) -> None:
    import lti_tool

    second = lti_tool.create_app(settings, database=database, clock=clock)
    platform.header["kid"] = "of-nobody"
    for worker in (app, second, app, second, app):
        assert Visitor(worker.test_client(), platform).launch().status_code == 401
    assert platform.fetched == 3


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": ""}, {"alg": "RS384"}])
def test_a_token_without_a_key_id_fetches_nothing(
    visitor: Visitor, platform: LyingPlatform, header: dict[str, Any]
) -> None:
    assert visitor.launch().status_code == 303
    platform.mangle = None
    platform.header.update({name: value for name, value in header.items() if name == "kid"})
    if "alg" in header:
        platform.mangle = lambda token: "eyJhbGciOiJSUzM4NCIsImtpZCI6IngifQ." + token.split(".", 1)[1]
    assert visitor.launch().status_code == 401
    assert platform.fetched == 1


def test_a_bad_signature_fetches_nothing(visitor: Visitor, platform: LyingPlatform) -> None:
    assert visitor.launch().status_code == 303
    platform.sign_with = new_key()
    for _ in range(5):
        assert visitor.launch().status_code == 401
    assert platform.fetched == 1


def test_a_broken_answer_is_never_kept(
    visitor: Visitor, platform: LyingPlatform, database: Database, clock: StandingClock
) -> None:
    for broken in ({}, {"keys": []}, {"keys": "none"}, [], {"keys": [{"kty": "EC", "kid": "x"}]}):
        platform.key_set_answer = lambda broken=broken: broken
        assert visitor.launch().status_code == 401
        assert kept(database) is None
        clock.forward(seconds=61)
    platform.key_set_answer = None
    assert visitor.launch().status_code == 303
    before = kept(database)
    platform.key = new_key()
    platform.key_set_answer = dict
    clock.forward(seconds=61)
    assert visitor.launch().status_code == 401
    assert kept(database) == before, "the last good answer stays"


def test_a_platform_that_is_down_is_a_page(visitor: Visitor, platform: LyingPlatform, database: Database) -> None:
    with database.writing() as db:
        from sqlalchemy import update

        db.execute(update(PlatformRow).values(jwks_url="http://127.0.0.1:9/jwks"))
    answer = visitor.launch()
    assert answer.status_code == 401
    assert "Code L05" in answer.get_data(as_text=True)


def test_a_key_set_on_a_private_network_is_not_fetched_unless_the_setting_allows_it(
    settings: Any, database: Database, clock: StandingClock, platform: LyingPlatform
) -> None:
    import lti_tool

    outside = settings.model_copy(update={"base_url": "https://tool.example", "allow_private_addresses": False})
    app = lti_tool.create_app(outside, database=database, clock=clock)
    visitor = Visitor(app.test_client(), platform)
    target = "https://tool.example/lti/launch"
    tool = dataclasses.replace(platform.tools["client-1"], launch_url=target)
    platform.tools["client-1"] = tool
    from tests.platform import VISIT

    assert visitor.launch(dataclasses.replace(VISIT, tool=tool)).status_code == 401
    assert platform.fetched == 0


def test_only_rsa_keys_for_signing_are_used() -> None:
    good = key_of_all_tests().as_dict(private=False)
    small = {"kty": "RSA", "kid": "small", "n": "AQAB", "e": "AQAB"}
    odd = [None, 7, {"kty": "RSA"}, {**good, "use": "enc"}, {**good, "alg": "RS512"}, {**good, "kid": 7}]
    keys = usable({"keys": [*odd, small, good]})
    assert [key["kid"] for key in keys] == ["small", good["kid"]]
    assert pick(keys, "small") is None
    assert pick(keys, good["kid"]) is not None
    assert pick([{"kid": "x", "n": "é", "e": ""}], "x") is None
    with pytest.raises(BrokenAnswer):
        usable({"keys": odd})


def test_a_key_without_alg_and_use_is_taken_for_what_it_is() -> None:
    bare = {k: v for k, v in key_of_all_tests().as_dict(private=False).items() if k not in {"alg", "use"}}
    assert pick(usable({"keys": [bare]}), bare["kid"]) is not None
