"""Nobody can be found in a published table: not by reading, not by subtracting, not by knowing the rules."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.reports.suppression import (
    NO_DEPARTMENT,
    NOT_IN_STAFF_LIST,
    SMALL_GROUPS,
    Amount,
    Group,
    Table,
    publish,
)

COLUMNS = ("took_part", "released_hours", "accredited_hours", "accredited_points")
NAMES = (
    "Chirurgie",
    "Geriatrie",
    "Intensive care",
    "kinderafdeling",
    "Operatiekamers",
    "Spoedeisende hulp",
    "Zorg",
)


def names(table: Table) -> list[str]:
    return [row.group for row in table.rows]


def took_part(table: Table) -> dict[str, int | None]:
    return {row.group: row.took_part for row in table.rows}


def exact(value: float | None) -> Decimal:
    return Decimal(str(value or 0))


# --- by example ---


def test_a_row_has_the_names_and_order_of_the_api() -> None:
    group = Group("Geriatrie", 95, 50, Amount(Decimal("285.25"), 40), Amount(360, 60), Amount(335.5, 60))
    assert [asdict(row) for row in publish([group]).rows] == [
        {
            "group": "Geriatrie",
            "people": 95,
            "took_part": 50,
            "released_hours": 285.25,
            "accredited_hours": 360.0,
            "accredited_points": 335.5,
        }
    ]


@pytest.mark.parametrize(
    ("count", "published"), [(0, None), (1, None), (9, None), (10, 10), (11, 11), (12, None)], ids=str
)
def test_few_nobody_and_everybody_of_twelve_are_hidden_and_the_row_stays(count: int, published: int | None) -> None:
    hours = Amount(count * 2, count)
    [row] = publish([Group("Geriatrie", 12, count, hours, hours, hours)]).rows
    assert (row.people, row.took_part) == (12, published)
    assert row.released_hours == row.accredited_hours == row.accredited_points == (published and published * 2)


def test_many_hours_of_few_people_are_hidden() -> None:
    [row] = publish([Group("Geriatrie", 50, 20, Amount(900, 9), Amount(10, 10))]).rows
    assert (row.released_hours, row.accredited_hours) == (None, 10)


def test_people_who_brought_nothing_are_nobody() -> None:
    [row] = publish([Group("Geriatrie", 50, 20, accredited_points=Amount(0, 15))]).rows
    assert row.accredited_points is None


def test_small_groups_are_one_row() -> None:
    table = publish([Group("Geriatrie", 50, 20), Group("Balie", 6, 6), Group("Archief", 7, 5)])
    assert [(row.group, row.people, row.took_part) for row in table.rows] == [
        ("Geriatrie", 50, 20),
        (SMALL_GROUPS, 13, 11),
    ]
    assert (table.total.people, table.total.took_part) == (63, 31)


def test_a_lone_small_group_takes_the_next_smallest_with_it() -> None:
    table = publish([Group("Zorg", 50, 20), Group("Chirurgie", 30, 12), Group("Archief", 1, 1)])
    assert took_part(table) == {"Zorg": 20, SMALL_GROUPS: 13}


def test_of_equally_large_groups_the_first_by_name_is_taken_along() -> None:
    table = publish([Group("Zorg", 30), Group("Archief", 9), Group("Chirurgie", 30)])
    assert names(table) == ["Zorg", SMALL_GROUPS]


def test_small_groups_of_ten_together_take_nobody_with_them() -> None:
    assert names(publish([Group("A", 5), Group("B", 5), Group("C", 10)])) == ["C", SMALL_GROUPS]


@pytest.mark.parametrize(
    "groups", [[], [Group("A", 0)], [Group("A", 9, 9)], [Group("A", 4, 2), Group("B", 5, 5)]], ids=len
)
def test_fewer_than_ten_people_in_all_are_one_empty_row(groups: list[Group]) -> None:
    table = publish(groups)
    assert [list(asdict(row).values()) for row in table.rows] == [[SMALL_GROUPS] + [None] * 5]
    assert list(asdict(table.total).values())[1:] == [None] * 5


def test_a_department_without_people_takes_nobody_with_it() -> None:
    assert names(publish([Group("Opgeheven", 0), Group("Zorg", 12)])) == ["Zorg"]


def test_rows_go_by_alphabet_with_the_rows_that_are_no_department_last() -> None:
    labels = [NOT_IN_STAFF_LIST, "Zorg", "", "(small groups)", "kinderafdeling", "Chirurgie"]
    table = publish([Group(label, 20) for label in labels])
    assert names(table) == [
        "Chirurgie", "kinderafdeling", "Zorg", NO_DEPARTMENT, SMALL_GROUPS, NOT_IN_STAFF_LIST,
    ]  # fmt: skip


def test_a_department_with_a_reserved_name_is_added_to_the_row_of_that_name() -> None:
    table = publish(
        [
            Group(" (small  groups) ", 30, 12),
            Group("Archief", 3, 2),
            Group(NOT_IN_STAFF_LIST, 20, 11),
            Group("(not in the staff list)\t", 15, 1),
            Group("  ", 11, 10),
        ]
    )
    assert took_part(table) == {NO_DEPARTMENT: 10, SMALL_GROUPS: 14, NOT_IN_STAFF_LIST: 12}


def test_people_outside_the_staff_list_are_merged_like_any_other_small_group() -> None:
    table = publish([Group(NOT_IN_STAFF_LIST, 4, 4), Group("Archief", 6, 3), Group("Zorg", 40, 20)])
    assert names(table) == ["Zorg", SMALL_GROUPS]


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        ([9], "one cell is the difference itself"),
        ([9, 9], "18 in two cells are 9 and 9"),
        ([9, 1], "10 in two cells tells that neither is nobody"),
        ([4, 3, 2], "9 is too few, also together"),
        ([9, 9, 9], "27 in three cells is 9 each"),
        ([9, 9, 1], "19 in three cells tells that none is nobody"),
        ([0, 0, 0], "nobody at all"),
        ([75, 5, 0], "80 can only be all 75 of the first"),
    ],
    ids=str,
)
def test_a_total_that_gives_a_hidden_cell_away_is_hidden(hidden: list[int], why: str) -> None:
    sizes = (75, 115, 200)
    table = publish([Group("Zorg", 90, 40), *(Group(str(n), n, c) for n, c in zip(sizes, hidden, strict=False))])
    assert took_part(table)["Zorg"] == 40
    assert (table.total.took_part, table.total.people) == (None, 90 + sum(sizes[: len(hidden)])), why


@pytest.mark.parametrize("hidden", [[9, 1, 0], [9, 9, 0], [6, 6, 6], [9, 9, 9, 0]], ids=str)
def test_a_total_over_hidden_cells_is_shown_if_each_can_still_be_anything(hidden: list[int]) -> None:
    table = publish([Group("Zorg", 90, 40), *(Group(str(i), 50, count) for i, count in enumerate(hidden))])
    assert table.total.took_part == 40 + sum(hidden)


def test_a_total_never_stands_on_a_group_that_took_part_as_a_whole() -> None:
    """Eleven others could have made 80 out of nines; a reader would still guess the 75."""
    others = [Group(str(i), 50, int(i == 0) * 5) for i in range(11)]
    assert publish([Group("Zorg", 75, 75), *others]).total.took_part is None


def test_each_column_has_its_own_total() -> None:
    table = publish(
        [
            Group("Chirurgie", 30, 12, Amount(0.1, 12), Amount(7, 2)),
            Group("Zorg", 30, 30, Amount(Decimal("0.2"), 20), Amount(9, 20)),
        ]
    )
    assert list(asdict(table.total).values())[1:] == [60, None, 0.3, None, None]


def test_the_floor_can_be_set_but_not_away() -> None:
    assert took_part(publish([Group("Archief", 8, 5)], floor=5)) == {"Archief": 5}
    assert took_part(publish([Group("Zorg", 28, 14)], floor=15)) == {"Zorg": None}
    with pytest.raises(ValueError, match="floor"):
        publish([], floor=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"took_part": 13},
        {"took_part": -1},
        {"people": -1},
        {"released_hours": Amount(5, 13)},
        {"accredited_hours": Amount(-1, 3)},
        {"accredited_points": Amount(Decimal("NaN"), 3)},
        {"accredited_points": Amount(float("inf"), 3)},
        {"released_hours": Amount(5, 0)},
    ],
    ids=str,
)
def test_counts_that_cannot_be_true_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"contributors|is not a sum|by nobody"):
        Group(**{"name": "Zorg", "people": 12, **wrong})


# --- by attack ---


@st.composite
def departments(draw: st.DrawFn) -> list[Group]:
    """Hospitals with small and large groups, and many cells of few, nobody or everybody."""

    def contributors(people: int) -> int:
        few = st.integers(0, min(people, 9))
        return draw(few | few | st.just(people) | st.integers(0, people))

    def amount(people: int) -> Amount:
        count = contributors(people)
        return Amount(draw(st.integers(count, 900 * count)) / Decimal(100), count)

    def group(name: str) -> Group:
        people = draw(st.integers(0, 12) | st.integers(10, 60))
        return Group(name, people, contributors(people), amount(people), amount(people), amount(people))

    labels = [*NAMES, NOT_IN_STAFF_LIST, SMALL_GROUPS, ""]
    return [group(name) for name in draw(st.lists(st.sampled_from(labels), unique=True))]


def members(table: Table, groups: Sequence[Group]) -> dict[str, list[Group]]:
    """The departments behind each published row, told by name alone."""
    behind: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        label = group.name or NO_DEPARTMENT
        behind[label if label in names(table) else SMALL_GROUPS].append(group)
    return behind


@given(departments())
def test_every_figure_is_true_and_rests_on_ten_people_but_not_on_all(groups: list[Group]) -> None:
    table = publish(groups)
    behind = members(table, groups)
    for row in table.rows:
        people = sum(group.people for group in behind[row.group])
        assert row.people == (people if people >= 10 else None)
        for index, column in enumerate(COLUMNS):
            amounts = [group.amounts[index] for group in behind[row.group]]
            contributors = sum(amount.contributors for amount in amounts)
            if 10 <= contributors < people:
                assert exact(getattr(row, column)) == sum(exact(float(amount.value)) for amount in amounts)
            else:
                assert getattr(row, column) is None


@given(departments())
def test_no_small_group_is_named(groups: list[Group]) -> None:
    small = {group.name or NO_DEPARTMENT for group in groups if group.people < 10}
    assert small.isdisjoint(set(names(publish(groups))) - {SMALL_GROUPS})


@given(departments(), st.randoms(use_true_random=False))
def test_the_order_of_the_groups_does_not_matter(groups: list[Group], random: Any) -> None:
    shuffled = random.sample(groups, len(groups))
    assert publish(shuffled) == publish(groups)


@given(departments())
def test_rows_are_sorted(groups: list[Group]) -> None:
    last = [NO_DEPARTMENT, SMALL_GROUPS, NOT_IN_STAFF_LIST]
    found = names(publish(groups))
    departments = sorted((name for name in found if name not in last), key=str.casefold)
    assert found == departments + [name for name in last if name in found]


@given(departments())
def test_total_minus_visible_cells_rests_on_ten_people_but_not_on_all(groups: list[Group]) -> None:
    table = publish(groups)
    behind = members(table, groups)
    assert table.total.people == (sum(row.people or 0 for row in table.rows) or None)
    for index, column in enumerate(COLUMNS):
        hidden = [row for row in table.rows if getattr(row, column) is None]
        total = getattr(table.total, column)
        difference = exact(total) - sum(exact(getattr(row, column)) for row in table.rows)
        if not hidden:
            assert difference == 0
        elif total is not None:
            secret = [group for row in hidden for group in behind[row.group]]
            amounts = [group.amounts[index] for group in secret]
            assert difference == sum(exact(float(amount.value)) for amount in amounts)
            assert 10 <= sum(amount.contributors for amount in amounts) < sum(group.people for group in secret)


@given(st.lists(st.tuples(st.integers(10, 60), st.integers(0, 9) | st.none()), min_size=2, max_size=8))
def test_who_knows_the_rules_learns_nothing_about_a_hidden_cell_from_the_total(
    cells: list[tuple[int, int | None]],
) -> None:
    groups = [Group(str(i), n, n if count is None else count) for i, (n, count) in enumerate(cells)]
    total = publish(groups).total.took_part
    if total is None:
        return
    could_be = [set(range(10)) | {group.people} for group in groups]
    for index, mine in enumerate(could_be):
        others = {0}
        for theirs in could_be[:index] + could_be[index + 1 :]:
            others = {a + b for a in others for b in theirs}
        assert set(range(10)) <= {value for value in mine if total - value in others}


@pytest.mark.parametrize(
    "sizes",
    [(4,), (2, 4), (4, 5), (3, 7), (1, 2, 5), (1, 3, 5), (4, 5, 6), (3, 3, 9), (4, 4, 4, 4), (1, 4, 4, 5, 3)],
    ids=str,
)
def test_all_worlds_that_give_the_same_table_leave_every_secret_open(sizes: tuple[int, ...]) -> None:
    """The strongest reader, by exhaustion with a floor of 3.

    They know the sizes and the rules, and try every way in which people could have taken part. What all the
    ways that give the published table have in common is what they learn. It may be a sum of 3 or more
    people, never a sum of 1 or 2, nobody or everybody, of any set of departments.
    """
    worlds: dict[Table, list[tuple[int, ...]]] = defaultdict(list)
    for world in product(*(range(size + 1) for size in sizes)):
        worlds[publish([Group(f"{i}", n, c) for i, (n, c) in enumerate(zip(sizes, world, strict=True))], floor=3)] += [
            world
        ]

    subsets = [some for r in range(1, len(sizes) + 1) for some in combinations(range(len(sizes)), r)]
    for table, possible in worlds.items():
        for subset in subsets:
            sums = {sum(world[i] for i in subset) for world in possible}
            if len(sums) == 1:
                assert 3 <= sums.pop() < sum(sizes[i] for i in subset)
        for index, size in enumerate(sizes):
            if took_part(table).get(str(index), 0) is None:
                assert {0, 1, 2} <= {world[index] for world in possible}, size
