"""The made-up world fills every page, hangs together, and holds nothing of a real person."""

import copy
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lti_tool.demo import content

WORLD = content.load()
Q4 = (date(2026, 10, 1), date(2026, 11, 22))
FILES = sorted(path for path in content.FOLDER.rglob("*") if path.suffix in {".toml", ".csv"})
CONVERSATIONS = [(space, conversation) for space in WORLD.spaces for conversation in space.conversations]
LINDE = {row.number: row for row in WORLD.staff["de-linde"]}


def in_q4(day: date) -> bool:
    return Q4[0] <= day <= Q4[1]


def departments_sharing() -> dict[str, set[str]]:
    """Distinct people of De Linde per department who share a moment of this quarter."""
    sharing: dict[str, set[str]] = {}
    for moment in WORLD.moments:
        row = LINDE.get(WORLD.person(moment.person).number)
        if row and moment.shared and in_q4(moment.date):
            sharing.setdefault(row.department, set()).add(row.number)
    return sharing


def test_two_organisations_work_together_in_one_network() -> None:
    assert [organisation.slug for organisation in WORLD.organisations] == ["de-linde", "thuiszorg-vecht"]
    assert [(network.name, len(network.organisations)) for network in WORLD.networks] == [("Regio Vecht", 2)]


def test_the_personas_stand_in_the_order_of_the_course_page() -> None:
    order = ["fatma", "noor", "greet", "marijke", "bram", "zonder-naam"]
    assert [person.key for person in WORLD.people[:6]] == order
    assert WORLD.personas == WORLD.people[:6]
    assert {person.grant for person in WORLD.people} == {"", "admin", "hr"}


def test_at_least_thirty_people_of_two_organisations_walk_in() -> None:
    per_organisation = Counter(person.organisation for person in WORLD.people)
    assert per_organisation.total() >= 30
    assert min(per_organisation.values()) >= 5
    assert [person.key for person in WORLD.people if not person.name] == ["zonder-naam"]


def test_spaces_show_three_levels_and_one_spans_both_organisations() -> None:
    assert len(WORLD.spaces) >= 4
    assert {space.level for space in WORLD.spaces} >= {"open", "knock", "private"}
    writers = {space.slug: {WORLD.person(key).organisation for key in space.writers} for space in WORLD.spaces}
    assert writers["wondzorg-naar-huis"] == {"de-linde", "thuiszorg-vecht"}


def test_there_is_enough_to_read() -> None:
    assert len(CONVERSATIONS) >= 14
    sizes = [len(conversation.posts) for _, conversation in CONVERSATIONS]
    assert max(sizes) == 30
    assert sorted(sizes)[-2] <= 12
    assert min(sizes) >= 3
    assert {conversation.kind for _, conversation in CONVERSATIONS} == {"question", "experience"}
    assert all(space.conversations for space in WORLD.spaces)


def test_posts_show_what_markdown_can_do() -> None:
    text = "\n".join(post.body for _, conversation in CONVERSATIONS for post in conversation.posts)
    assert all(mark in text for mark in ("\n- ", "\n1. ", "**", "](https://", "🙂"))


@pytest.mark.parametrize("now", [datetime(2026, 11, 22, 23, 30, tzinfo=UTC), datetime(2027, 3, 28, 0, 1, tzinfo=UTC)])
def test_no_post_lies_in_the_future(now: datetime) -> None:
    times = [[post.posted_at(now) for post in conversation.posts] for _, conversation in CONVERSATIONS]
    assert max(map(max, times)) < now
    assert min(map(min, times)) > now - timedelta(days=90)
    assert all(row == sorted(row) for row in times)


def test_the_staff_lists_make_a_report_meaningful() -> None:
    sizes = Counter(row.department for row in LINDE.values())
    assert sizes.total() >= 120
    assert len(sizes) == 7
    assert len([size for size in sizes.values() if size < 10]) == 2
    assert sizes["Intensive care"] >= 30
    assert len(WORLD.staff["thuiszorg-vecht"]) == 30
    assert any(row.manager for row in LINDE.values())
    assert any(row.end and row.end < Q4[0] for row in LINDE.values())


def test_formal_records_reach_several_departments_this_quarter() -> None:
    people = {row.number for row in WORLD.records["de-linde"]}
    assert 0.5 < len(people) / len(LINDE) < 0.7
    reached: dict[str, set[str]] = {}
    for row in WORLD.records["de-linde"]:
        if row.accreditor and in_q4(row.completed_on):
            reached.setdefault(LINDE[row.number].department, set()).add(row.number)
    assert len(set().union(*reached.values())) >= 12
    assert len([numbers for numbers in reached.values() if len(numbers) >= 10]) >= 3


def test_points_come_only_from_an_accreditor_and_nobody_learns_before_their_first_day() -> None:
    for slug, records in WORLD.records.items():
        starts = {row.number: row.start for row in WORLD.staff[slug]}
        for row in records:
            assert bool(row.points) == bool(row.accreditor), row
            assert starts[row.number] <= row.completed_on <= Q4[1], row


def test_shared_moments_give_the_report_cells_to_show_and_cells_to_hide() -> None:
    sharing = departments_sharing()
    assert len(set().union(*sharing.values())) >= 14
    assert len([numbers for numbers in sharing.values() if len(numbers) >= 10]) == 2
    assert len(sharing["Intensive care"]) >= 11
    assert any(len(numbers) < 10 for numbers in sharing.values())
    sizes = Counter(row.department for row in LINDE.values())
    assert all(len(numbers) < sizes[department] for department, numbers in sharing.items())


def test_portfolios_hold_every_kind_of_moment_and_some_stay_private() -> None:
    assert len(WORLD.moments) >= 45
    assert len({moment.person for moment in WORLD.moments}) >= 22
    kinds = {moment.kind for moment in WORLD.moments}
    assert kinds == {"read", "took_part", "helped", "tried", "met", "own"}
    assert any(not moment.shared for moment in WORLD.moments)


def test_hr_and_the_admin_are_members_of_nothing() -> None:
    for space in WORLD.spaces:
        assert not {"marijke", "bram"} & {key for key, _ in space.memberships()}


def test_courses_open_spaces_and_one_link_still_waits_for_its_teacher() -> None:
    titles = [(course.organisation, course.title) for course in WORLD.courses]
    assert titles == [("de-linde", "Basis intensive care"), ("thuiszorg-vecht", "Wijkzorg en wonden")]
    assert [item.title for course in WORLD.courses for item in course.links if not item.space]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_looks_like_a_real_person(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\d{8,}", text), "a number as long as a BSN or a telephone number"
    assert not re.search(r"\b0\d[\d -]{7,}", text), "a telephone number"
    assert not re.search(r"geboren|geboortedatum|\bgeb\.|\bBSN\b|birth", text, re.IGNORECASE)
    assert min(re.findall(r"\b\d{4}-\d\d-\d\d\b", text), default="2026") >= "2003"
    assert not re.search(r"\b(meneer|mevrouw|dhr\.|mw\.|mevr\.)\s|\bkamer \d", text, re.IGNORECASE)
    assert all(address.endswith(".example") for address in re.findall(r"\S+@([\w.-]+)", text))


def first_posts(world: dict[str, Any]) -> list[dict[str, Any]]:
    posts: list[dict[str, Any]] = world["spaces"][0]["conversation"][0]["post"]
    return posts


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda world: first_posts(world)[0].update(author="greet"), "does not write here"),
        (lambda world: first_posts(world)[1].update(reply_to=2), "not before it"),
        (lambda world: world["spaces"][0].update(doors=[]), "doors of spaces differ"),
        (lambda world: world["moments"][0].update(person="niemand"), "no person niemand"),
        (lambda world: world["people"][0].update(number="999"), "not so in the staff file"),
        (lambda world: world["spaces"][0].update(network=""), "cannot be a member"),
    ],
)
def test_a_wrong_reference_is_named(change: Callable[[dict[str, Any]], None], fault: str) -> None:
    world = copy.deepcopy(WORLD.model_dump(mode="json", by_alias=True))
    for rows in world["staff"].values():
        for row in rows:
            row["manager"] = "ja" if row["manager"] else ""
    assert content.World.model_validate(world) == WORLD
    change(world)
    with pytest.raises(ValidationError, match=fault):
        content.World.model_validate(world)


def test_a_file_with_another_header_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("name,number\nNiemand,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="the header is not number,name"):
        content._csv(file, content.STAFF_HEADER)
