"""What a role of the LMS means here: only whether somebody teaches in this course, and whether they are real.

A role never gives access: it only ever offers to open a door. Roles of the institution or the system say
nothing about a course (Canvas sends them for courses where they don't hold).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

_TEACHES = frozenset({"instructor", "contentdeveloper", "administrator", "manager"})
"""Course roles that lead. A teaching assistant is a kind of instructor; a group's leader is its `Manager`."""
_MEMBERSHIP = re.compile(
    r"https?://purl\.imsglobal\.org/vocab/lis/v2/membership(?:/(?P<kind>[A-Za-z]+))?/?#(?P<role>[A-Za-z]+)"
)
_OFFICE = re.compile(
    r"https?://purl\.imsglobal\.org/vocab/lis/v2/(?:institution|system)/person#(?:Sys)?Admin(?:istrator)?"
)
_TEST_USER = re.compile(r"https?://purl\.imsglobal\.org/vocab/lti/system/person#TestUser")


def teaches(roles: Iterable[str]) -> bool:
    """Whether one of these is a course role that leads, in full (`…membership#Instructor`,
    `…membership/Instructor#TeachingAssistant`) or short (`Instructor`)."""
    return any(_course_role(role) in _TEACHES for role in roles)


def kind(roles: Iterable[str]) -> Literal["learner", "teacher", "admin"]:
    """In which of three roles somebody came, for the counts that prove an installation; it opens nothing.

    An admin of the LMS who is no learner of the course: Moodle calls its admin a teacher of every course as well,
    Canvas gives its own no role in it.
    """
    held = list(roles)
    if any(_OFFICE.fullmatch(role) for role in held) and not any(_course_role(role) == "learner" for role in held):
        return "admin"
    return "teacher" if teaches(held) else "learner"


def is_test_user(roles: Iterable[str]) -> bool:
    """Whether this is Canvas's Student View or another made-up user."""
    return any(_TEST_USER.fullmatch(role) for role in roles)


def _course_role(role: str) -> str:
    if found := _MEMBERSHIP.fullmatch(role):
        return (found["kind"] or found["role"]).lower()
    # A short role is a course role (LTI 1.3 core, A.2.3.1).
    return role.lower() if role.isalpha() else ""
