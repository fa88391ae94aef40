"""Organisations, networks, platforms and keys: what may be typed in, and what is kept."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from sqlalchemy import select

from lti_tool.audit.models import AuditEntry
from lti_tool.db import Database
from lti_tool.organisations import networks, operations, queries
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.organisations.operations import NewPlatform
from tests.conftest import StandingClock

STRICT, LOCAL, PRIVATE = Reach(), Reach(loopback=True), Reach(private=True)
MOODLE = NewPlatform(
    organisation="de-linde",
    name="Moodle van De Linde",
    issuer="https://moodle.example",
    client_id="client-1",
    auth_url="https://moodle.example/auth?tenant=1",
    token_url="https://moodle.example/token",
    jwks_url="https://moodle.example/certs",
    deployment_ids=("1", "2", "1"),
    product="moodle",
)


@pytest.fixture
def linde(database: Database, clock: StandingClock) -> uuid.UUID:
    with database.writing() as db:
        return operations.add_organisation(db, slug="de-linde", name="De Linde", now=clock())


def test_an_organisation_is_found_by_its_short_name(database: Database, linde: uuid.UUID) -> None:
    with database.reading() as db:
        assert queries.organisation_by_slug(db, "de-linde") == queries.OrganisationRow(linde, "de-linde", "De Linde")
        assert queries.organisation(db, linde) == queries.organisations(db)[0]
        assert queries.organisation_by_slug(db, "de-berk") is None


@pytest.mark.parametrize("slug", ["", "De Linde", "de--linde", "-x", "x" * 61, "a/b", "é", "de-linde"])
def test_a_short_name_that_can_not_be_is_a_sentence(
    database: Database, linde: uuid.UUID, clock: StandingClock, slug: str
) -> None:
    with database.writing() as db, pytest.raises(WrongInput, match=r"\.$"):
        operations.add_organisation(db, slug=slug, name="Another", now=clock())


def test_a_platform_is_kept_with_its_deployments(database: Database, linde: uuid.UUID, clock: StandingClock) -> None:
    with database.writing() as db:
        operations.add_platform(db, MOODLE, now=clock(), reach=STRICT)
    with database.reading() as db:
        (row,) = queries.platforms(db, linde)
        assert queries.platforms(db, uuid.uuid4()) == []
        actions = list(db.scalars(select(AuditEntry.action)))
    assert (row.organisation, row.issuer, row.auth_url) == ("de-linde", MOODLE.issuer, MOODLE.auth_url)
    assert [(d.deployment_id, d.accepted) for d in row.deployments] == [("1", True), ("2", True)]
    assert "organisations.add_platform" in actions
    assert actions.count("organisations.accept_deployment") == 2


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"organisation": "nobody"}, "no organisation called nobody"),
        ({"name": " "}, "The name is empty"),
        ({"client_id": ""}, "client id is empty"),
        ({"client_id": "x" * 256}, "longer than 255"),
        ({"client_id": "a\x00b"}, "can't be shown"),
        ({"product": "sakai"}, "one of moodle, canvas, other"),
        ({"issuer": "moodle.example"}, "issuer must be a full address"),
        ({"issuer": "http://moodle.example"}, "issuer must begin with https"),
        ({"auth_url": "javascript:alert(1)"}, "authentication address must be a full address"),
        ({"auth_url": "https://moodle.example/auth#x"}, "must not hold a # part"),
        ({"token_url": "https://user:secret@moodle.example/token"}, "must not hold a user name"),
        ({"jwks_url": "https://127.0.0.1/certs"}, "private network"),
        ({"jwks_url": "https://[::1]/certs"}, "private network"),
        ({"jwks_url": "https://10.1.2.3/certs"}, "private network"),
        ({"jwks_url": "https://169.254.169.254/latest"}, "private network"),
        ({"jwks_url": "https://localhost/certs"}, "private network"),
        ({"jwks_url": "https://moodle.example:port/certs"}, "not an address"),
        ({"jwks_url": "https://moodle.example/a b"}, "must be a full address"),
        ({"jwks_url": "https://moodle.example/" + "x" * 1000}, "longer than 1000"),
        ({"deployment_ids": ("x" * 300,)}, "deployment id is longer"),
    ],
)
def test_a_platform_that_can_not_be_is_a_sentence(
    database: Database, linde: uuid.UUID, clock: StandingClock, changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(WrongInput, match=sentence), database.writing() as db:
        operations.add_platform(db, dataclasses.replace(MOODLE, **changed), now=clock(), reach=STRICT)
    with database.reading() as db:
        assert queries.platforms(db) == []


def test_one_issuer_may_have_several_clients_but_not_twice_the_same(
    database: Database, linde: uuid.UUID, clock: StandingClock
) -> None:
    with database.writing() as db:
        operations.add_platform(db, MOODLE, now=clock(), reach=STRICT)
        operations.add_platform(db, dataclasses.replace(MOODLE, client_id="2"), now=clock(), reach=STRICT)
    with database.writing() as db, pytest.raises(WrongInput, match="registered already"):
        operations.add_platform(db, MOODLE, now=clock(), reach=STRICT)


@pytest.mark.parametrize(
    ("product", "theirs", "token_url", "kept"),
    [
        ("moodle", "https://moodle.example/token", "https://evil.example/token", False),
        ("other", "https://lms.example/token", "https://evil.example/token", False),
        ("canvas", "https://linde.instructure.com/login/oauth2/token", "https://evil.example/token", False),
        ("canvas", "https://canvas.example/token", "https://canvas.instructure.com/token", False),
        ("canvas", "https://canvas.linde.example/token", "https://canvas.linde.example/token", False),
        ("canvas", "https://canvas.linde.example/token", "https://canvas.vecht.example/token", True),
    ],
)
def test_no_organisation_registers_the_client_id_of_another_one(
    database: Database, linde: uuid.UUID, clock: StandingClock, product: str, theirs: str, token_url: str, kept: bool
) -> None:
    """Whatever issuer it gives: our signed word for that client id would open the other one's rosters and grades. Only
    a Canvas on its own server looks for whom the word was, and counts its client ids from the same number."""
    with database.writing() as db:
        operations.add_organisation(db, slug="vecht", name="Thuiszorg Vecht", now=clock())
        operations.add_platform(
            db, dataclasses.replace(MOODLE, product=product, token_url=theirs), now=clock(), reach=STRICT
        )
    theft = dataclasses.replace(
        MOODLE, organisation="vecht", issuer="https://evil.example", product="other", token_url=token_url
    )
    with database.writing() as db:
        if kept:
            operations.add_platform(db, theft, now=clock(), reach=STRICT)
        else:
            with pytest.raises(WrongInput, match="registered already"):
                operations.add_platform(db, theft, now=clock(), reach=STRICT)


def test_ones_own_moodle_and_its_copy_for_tests_share_a_client_id(
    database: Database, linde: uuid.UUID, clock: StandingClock
) -> None:
    with database.writing() as db:
        for issuer in ("https://moodle.example", "https://test.moodle.example"):
            operations.add_platform(db, dataclasses.replace(MOODLE, issuer=issuer), now=clock(), reach=STRICT)


@pytest.mark.parametrize(
    ("ip", "strict", "local", "private"),
    [
        ("93.184.216.34", True, True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True, True),
        ("127.0.0.1", False, True, True),
        ("::1", False, True, True),
        ("::ffff:127.0.0.1", False, True, True),
        ("10.0.0.7", False, False, True),
        ("192.168.1.1", False, False, True),
        ("172.16.0.1", False, False, True),
        ("::ffff:10.0.0.7", False, False, True),
        ("fd00::1", False, False, True),
        ("169.254.169.254", False, False, False),
        ("::ffff:169.254.169.254", False, False, False),
        ("fe80::1%eth0", False, False, False),
        ("0.0.0.0", False, False, False),
        ("224.0.0.1", False, False, False),
        ("240.0.0.1", False, False, False),
        # IPv6 addresses that lead to an IPv4 one: compatible, 6to4, through a NAT64 gateway, translated.
        ("::127.0.0.1", False, True, True),
        ("2002:a00:7::1", False, False, True),
        ("64:ff9b::10.0.0.7", False, False, True),
        ("64:ff9b::169.254.169.254", False, False, False),
        ("64:ff9b::93.184.216.34", True, True, True),
        ("::ffff:0:127.0.0.1", False, False, False),
        ("fec0::1", False, False, True),
        ("nonsense", False, False, False),
    ],
)
def test_how_far_the_tool_may_reach(ip: str, strict: bool, local: bool, private: bool) -> None:
    assert [reach.allows(ip) for reach in (STRICT, LOCAL, PRIVATE)] == [strict, local, private]


def test_http_is_for_this_machine_and_for_the_hospitals_own_network() -> None:
    assert LOCAL.check("http://127.0.0.1:8045/certs", "It") == "http://127.0.0.1:8045/certs"
    assert PRIVATE.check(" http://moodle.intern/certs ", "It") == "http://moodle.intern/certs"
    with pytest.raises(WrongInput, match="https"):
        LOCAL.check("http://moodle.example/certs", "It")


def test_who_joined_a_network_is_in_it_once(database: Database, linde: uuid.UUID, clock: StandingClock) -> None:
    with database.writing() as db:
        berk = operations.add_organisation(db, slug="de-berk", name="De Berk", now=clock())
        stranger = operations.add_organisation(db, slug="de-eik", name="De Eik", now=clock())
        network = networks.add_network(db, slug="regio-vecht", name="Regio Vecht", now=clock())
        for organisation in (linde, berk, linde):
            networks.join_network(db, network, organisation, now=clock())
        with pytest.raises(WrongInput):
            networks.add_network(db, slug="regio-vecht", name="Again", now=clock())
    with database.reading() as db:
        assert queries.networks_of(db, linde) == queries.networks_of(db, berk) == {network}
        assert queries.networks_of(db, stranger) == set()
