"""Which hosts an LMS may name when it asks to be registered: its own, and those of its maker."""

from __future__ import annotations

from typing import Any

import pytest

from lti_tool.lti.configuration import Configuration, Lying, read
from lti_tool.organisations.addresses import Reach

REACH = Reach()
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"


def said(
    host: str,
    *,
    product: str = "moodle",
    issuer: str = "",
    auth: str = "",
    token: str = "",
    jwks: str = "",
    register: str = "",
) -> dict[str, Any]:
    return {
        "issuer": f"https://{issuer or host}",
        "authorization_endpoint": f"https://{auth or host}/auth",
        "token_endpoint": f"https://{token or host}/token",
        "jwks_uri": f"https://{jwks or host}/jwks",
        "registration_endpoint": f"https://{register or host}/register",
        "response_types_supported": ["id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        PLATFORM: {"product_family_code": product, "messages_supported": [{"type": "LtiResourceLinkRequest"}]},
    }


SSO = {"auth": "sso.canvaslms.com", "jwks": "sso.canvaslms.com", "token": "sso.canvaslms.com"}
HOSTED = {"product": "canvas", "issuer": "canvas.instructure.com"}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "Moodle": ("moodle.hospital.example", {}),
    "Moodle with a port": ("moodle.hospital.example:8443", {}),
    "hosted Canvas, read at its shared host": ("canvas.instructure.com", {**HOSTED, **SSO}),
    "hosted Canvas, read at the customer's": ("umc.instructure.com", {**HOSTED, **SSO}),
    "hosted Canvas under a name of the customer": ("canvas.umc.example", {**HOSTED, **SSO}),
    "hosted Canvas that registers at the customer's name": (
        "canvas.instructure.com",
        {**HOSTED, **SSO, "register": "canvas.umc.example"},
    ),
    "hosted Canvas for trying out": ("umc.beta.instructure.com", {**HOSTED, "issuer": "canvas.beta.instructure.com"}),
    "a Canvas of one's own that kept the shared issuer": ("canvas.umc.example", HOSTED),
    "Brightspace": (
        "umc.brightspace.com",
        {"product": "desire2learn", "token": "auth.brightspace.com"},
    ),
    "Blackboard": (
        "developer.blackboard.com",
        {"product": "BlackboardLearn", "issuer": "blackboard.com", "auth": "developer.anthology.com"},
    ),
    "keys beside the LMS": ("lms.hospital.nl", {"jwks": "sso.hospital.nl"}),
}
BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "somebody else's name": ("evil.example", {"issuer": "moodle.hospital.example"}, "issuer"),
    "a neighbour at the same landlord": ("evil.moodlecloud.com", {"issuer": "umc.moodlecloud.com"}, "issuer"),
    "another port of the same machine": ("lms.hospital.example:8443", {"issuer": "lms.hospital.example"}, "issuer"),
    "Canvas's name from a Moodle": ("evil.example", {"issuer": "canvas.instructure.com"}, "issuer"),
    "a Canvas customer's name from outside": (
        "evil.example",
        {"product": "canvas", "issuer": "umc.instructure.com"},
        "issuer",
    ),
    "keys of a stranger": ("moodle.hospital.example", {"jwks": "keys.evil.example"}, "jwks_uri"),
    "keys of a stranger in the same country": ("moodle.umc.co.uk", {"jwks": "keys.evil.co.uk"}, "jwks_uri"),
    "a Canvas whose keys are at a stranger's": ("canvas.umc.example", {**HOSTED, "jwks": "evil.example"}, "jwks_uri"),
    "keys at a number beside it": ("9.9.9.9", {"jwks": "9.9.9.10"}, "jwks_uri"),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_lms_may_be_spread_over_the_hosts_of_its_maker(name: str) -> None:
    host, changed = GOOD[name]
    found = read(said(host, **changed), host, reach=REACH)
    assert found.host == host
    assert found.hosts[0] == host
    assert Configuration.from_json(found.to_json()) == found


@pytest.mark.parametrize("name", BAD)
def test_an_lms_may_not_be_another(name: str) -> None:
    host, changed, about = BAD[name]
    with pytest.raises(Lying) as caught:
        read(said(host, **changed), host, reach=REACH)
    assert caught.value.about == about


@pytest.mark.parametrize("field", ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_every_address_is_https(field: str) -> None:
    document = said("moodle.hospital.example")
    document[field] = document[field].replace("https:", "http:")
    with pytest.raises(Lying) as caught:
        read(document, "moodle.hospital.example", reach=REACH)
    assert (caught.value.reason, caught.value.about) == ("plain", field)


@pytest.mark.parametrize("document", [None, [], "text", 7, {}, {"issuer": "https://lms.example"}])
def test_what_is_no_configuration(document: Any) -> None:
    with pytest.raises(Lying):
        read(document, "lms.example", reach=REACH)


def test_what_is_shown_is_one_short_line() -> None:
    document = said("lms.example", product="Odd\u202e LMS\n" + "x" * 500)
    document[PLATFORM]["version"] = "4\n5 (Build: 1)"
    document[PLATFORM]["messages_supported"] = "nonsense"
    document["scopes_supported"] = [1, None, "a"]
    found = read(document, "lms.example", reach=REACH)
    assert len(found.product_name) <= 60
    assert found.product_name.isprintable()
    assert (found.product, found.version, found.messages, found.scopes) == ("other", "4 5", (), ("a",))
