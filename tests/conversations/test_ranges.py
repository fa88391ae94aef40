"""Sets of numbers as compact text."""

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.conversations import ranges

NUMBERS = st.sets(st.integers(min_value=1, max_value=60))


@given(NUMBERS, NUMBERS)
def test_ranges_are_what_sets_are(first: set[int], second: set[int]) -> None:
    joined = ranges.join(ranges.join([], first), second)
    assert {number for number in range(1, 70) if ranges.has(joined, number)} == first | second
    assert ranges.count(joined) == len(first | second)
    assert ranges.parse(ranges.write(joined)) == joined
    missing = {number for low, high in ranges.gaps(joined, 60) for number in range(low, high + 1)}
    assert missing == set(range(1, 61)) - first - second


def test_neighbours_become_one_range() -> None:
    assert ranges.write(ranges.join(ranges.parse("1-20 480"), [21, 479, 22])) == "1-22 479-480"
