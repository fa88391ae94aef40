"""Reading a token with distrust. Pure: no database and no app."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool.lti import roles
from lti_tool.lti.claims import LTI, BadClaim, Claims, Origin, read

MOODLE = Origin("https://moodle.example", "https://moodle.example/mod/lti/auth.php", "moodle")
CANVAS = Origin("https://canvas.instructure.com", "https://sso.canvaslms.com/api/lti/authorize_redirect", "canvas")
OTHER = Origin("https://lms.example", "https://login.lms.example/auth", "other")
MINIMAL: dict[str, Any] = {
    "sub": "12",
    LTI + "deployment_id": "1",
    LTI + "resource_link": {"id": "7"},
    LTI + "roles": [],
}


def said(origin: Origin = OTHER, *, loopback: bool = False, plain: dict[str, Any] | None = None, **lti: Any) -> Claims:
    body = {**MINIMAL, **(plain or {}), **{LTI + name: value for name, value in lti.items()}}
    return read(body, origin, loopback=loopback)


def test_a_minimal_launch_has_blanks() -> None:
    claims = said()
    assert (claims.name, claims.email, claims.staff_number, claims.context_id) == ("", "", "", "")
    assert claims.language == ""
    assert claims.counted
    assert not claims.teaches
    assert claims.space_slug is None


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["$Person.sourcedId"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
OPTIONAL = ["context", "launch_presentation", "custom", "lis", "tool_platform"]


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["name", "given_name", "family_name", "email", "locale"]), ODD),
    st.dictionaries(
        st.sampled_from(OPTIONAL),
        ODD
        | st.dictionaries(
            st.sampled_from(["id", "title", "label", "locale", "return_url", "person_sourcedid", "space"])
            | st.sampled_from(["canvas_api_domain", "canvas_course_id", "product_family_code"]),
            ODD,
        ),
    ),
    st.lists(ODD),
    st.sampled_from([MOODLE, CANVAS, OTHER]),
)
def test_an_optional_claim_of_any_type_never_stops_a_launch(
    plain: dict[str, Any], lti: dict[str, Any], held: list[Any], origin: Origin
) -> None:
    claims = said(origin, plain=plain, roles=held, **lti)
    texts = [value for value in vars(claims).values() if isinstance(value, str)]
    for text in texts:
        text.encode()
        assert "\x00" not in text
        assert "\n" not in text
    assert len(claims.name) <= 300
    assert len(claims.context_id) <= 255
    assert claims.language in {"nl", "en", ""}
    for host in claims.frame_hosts.split():
        assert host.startswith(("https://", "http://"))
        assert not set(host) & set(";,'\"*")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["sub", LTI + "deployment_id", LTI + "resource_link", LTI + "roles"]), ODD)
def test_a_claim_that_is_needed_is_right_or_refused(name: str, value: Any) -> None:
    with contextlib.suppress(BadClaim):
        claims = read({**MINIMAL, name: value}, OTHER, loopback=False)
        assert claims.subject
        assert claims.deployment_id
        assert claims.resource_link_id


@pytest.mark.parametrize("variable", ["$Person.sourcedId", " $Person.sourcedId", "$", "$User.id$"])
def test_an_unresolved_variable_is_absent(variable: str) -> None:
    claims = said(
        plain={"name": variable, "email": variable},
        lis={"person_sourcedid": variable},
        custom={"person_idnumber": variable, "space": variable, "masquerading": variable},
        context={"id": "2", "title": variable},
    )
    assert (claims.name, claims.email, claims.staff_number, claims.context_title) == ("", "", "", "")
    assert claims.counted


def test_the_staff_number_comes_from_lis_or_from_a_custom_field() -> None:
    assert said(lis={"person_sourcedid": "HR1"}, custom={"person_idnumber": "HR2"}).staff_number == "HR1"
    assert said(lis={"course_section_sourcedid": "2"}, custom={"person_sourcedid": "HR3"}).staff_number == "HR3"
    assert said(custom={"person_sourcedid": 20009}).staff_number == "20009"
    assert not said(lis={"person_sourcedid": "HR1"}).number_from_link
    literal = said(lis={"person_sourcedid": "$Person.sourcedId"}, custom={"person_sourcedid": "HR4"})
    assert (literal.staff_number, literal.number_from_link) == ("HR4", True)
    assert said(custom={"person_idnumber": "HR2"}).number_from_link


@pytest.mark.parametrize("own_word", ["", None])
def test_a_link_gives_no_number_to_who_has_none_in_the_lms(own_word: str | None) -> None:
    assert said(lis={"person_sourcedid": own_word}, custom={"person_idnumber": "HR2"}).staff_number == ""


def test_only_canvas_says_by_a_custom_field_who_may_frame_us() -> None:
    typed = {"canvas_api_domain": "evil.example"}
    assert "evil.example" not in said(MOODLE, custom=typed).frame_hosts
    assert "evil.example" not in said(OTHER, custom=typed).frame_hosts
    assert "https://evil.example" in said(CANVAS, custom=typed).frame_hosts


def test_a_long_name_an_emoji_and_a_name_in_two_parts() -> None:
    assert said(plain={"name": "Ø" * 3000}).name == "Ø" * 300
    assert said(plain={"name": "Zoë 👩‍⚕️ van ’t Hof"}).name == "Zoë 👩‍⚕️ van ’t Hof"
    assert said(plain={"given_name": "Fatma", "family_name": "Yildiz"}).name == "Fatma Yildiz"
    assert said(plain={"name": "a\x00b\ud800\r\nc"}).name == "ab c"


@pytest.mark.parametrize(
    ("locales", "language"),
    [
        (("nl_NL", None), "nl"),
        (("en", None), "en"),
        (("en-GB", "nl"), "en"),
        (("EN_us", None), "en"),
        (("de", "en"), "en"),
        (("de", "fr"), ""),
        (("$Message.locale", "en"), "en"),
        ((None, "nl"), "nl"),
        ((7, ["en"]), ""),
    ],
)
def test_the_language_is_the_launches_or_nobodys(locales: tuple[Any, Any], language: str) -> None:
    claims = said(plain={"locale": locales[1]}, launch_presentation={"locale": locales[0]})
    assert claims.language == language


@pytest.mark.parametrize(
    ("origin", "more", "back"),
    [
        (MOODLE, {"context": {"id": "2"}}, "https://moodle.example/course/view.php?id=2"),
        (MOODLE, {"context": {"id": "2&sesskey=x"}}, ""),
        (MOODLE, {"context": {"id": "٢"}}, ""),
        (
            CANVAS,
            {"custom": {"canvas_api_domain": "canvas.trust.example", "canvas_course_id": "314"}},
            "https://canvas.trust.example/courses/314",
        ),
        (CANVAS, {"custom": {"canvas_api_domain": "evil.example/x?", "canvas_course_id": "314"}}, ""),
        (CANVAS, {"custom": {"canvas_api_domain": "a.example", "canvas_course_id": "1/../../x"}}, ""),
        (
            OTHER,
            {"launch_presentation": {"return_url": "https://lms.example/return?sesskey=SECRET&a=b#c"}},
            "https://lms.example/return",
        ),
        (OTHER, {"launch_presentation": {"return_url": "javascript:alert(1)//https://a.example"}}, ""),
        (OTHER, {"launch_presentation": {"return_url": "data:text/html,x"}}, ""),
        (OTHER, {"launch_presentation": {"return_url": "https://lms.example/" + "x" * 3000}}, ""),
        (
            OTHER,
            {"tool_platform": {"product_family_code": "moodle"}, "context": {"id": "5"}},
            "https://lms.example/course/view.php?id=5",
        ),
    ],
)
def test_the_way_back_holds_no_session_key(origin: Origin, more: dict[str, Any], back: str) -> None:
    assert said(origin, **more).back_href == back


def test_who_may_frame_us() -> None:
    presentation = {"return_url": "https://vanity.trust.example:8443/courses/1?a=b"}
    custom = {"canvas_api_domain": "canvas.trust.example"}
    assert said(CANVAS, launch_presentation=presentation, custom=custom).frame_hosts.split() == [
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com",
        "https://canvas.trust.example",
        "https://vanity.trust.example:8443",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example; script-src *",
        "https://evil.example' *",
        "https://*.example",
        "https://a b.example/",
        "ftp://evil.example",
        "https://",
        "https://evil.example:99999/",
        "//evil.example",
        "http://localhost/x",
        "http://127.0.0.1:8045/x",
    ],
)
def test_what_is_no_origin_frames_nothing(url: str) -> None:
    assert said(launch_presentation={"return_url": url}).frame_hosts == "https://lms.example https://login.lms.example"


def test_loopback_frames_us_only_when_we_are_on_loopback_ourselves() -> None:
    local = {"return_url": "http://127.0.0.1:8045/mod/lti/return.php"}
    assert "http://127.0.0.1:8045" in said(launch_presentation=local, loopback=True).frame_hosts


FULL = "http://purl.imsglobal.org/vocab/lis/v2/"


@pytest.mark.parametrize(
    ("role", "teaches"),
    [
        (FULL + "membership#Instructor", True),
        (FULL + "membership#ContentDeveloper", True),
        (FULL + "membership#Administrator", True),
        (FULL + "membership#Manager", True),
        (FULL + "membership/Instructor#TeachingAssistant", True),
        (FULL + "membership/instructor#Grader", True),
        ("Instructor", True),
        ("Administrator", True),
        (FULL + "membership#Learner", False),
        (FULL + "membership#Mentor", False),
        (FULL + "membership#Member", False),
        (FULL + "membership/Learner#Instructor", False),
        (FULL + "institution/person#Instructor", False),
        (FULL + "institution/person#Administrator", False),
        (FULL + "system/person#Administrator", False),
        ("Learner", False),
        ("", False),
        ("urn:whatever#Instructor", False),
        ("http://evil.example/vocab/lis/v2/membership#Instructor", False),
        (FULL + "membership#Instructor ", False),
    ],
)
def test_only_a_role_in_the_course_teaches(role: str, teaches: bool) -> None:
    assert roles.teaches([role]) is teaches
    assert said(roles=[7, None, role]).teaches is teaches


def test_a_test_user_is_marked_and_never_counted() -> None:
    student_view = ["http://purl.imsglobal.org/vocab/lti/system/person#TestUser", FULL + "membership#Learner"]
    claims = said(roles=student_view)
    assert claims.is_test
    assert not claims.counted


def test_staff_acting_as_a_learner_is_not_counted_but_is_no_test_user() -> None:
    claims = said(custom={"canvas_masquerading_user_id": "991"})
    assert not claims.is_test
    assert not claims.counted
    assert said(custom={"canvas_masquerading_user_id": "$Canvas.masqueradingUser.id"}).counted
    assert said(custom={"canvas_masquerading_user_id": ""}).counted


@pytest.mark.parametrize(("slug", "kept"), [("delier-op-de-ic", True), ("1", True), ("../x", False), ("A b", False)])
def test_a_custom_field_may_name_the_space(slug: str, kept: bool) -> None:
    assert said(custom={"space": slug}).space_slug == (slug if kept else None)
