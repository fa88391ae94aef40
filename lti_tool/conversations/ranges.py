"""Sets of post numbers as compact text: `1-20 480`."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = list[tuple[int, int]]
"""First and last number of each stretch, ascending, with a gap between any two."""


def parse(text: str) -> Ranges:
    """The ranges of a stored text."""
    found = []
    for part in text.split():
        first, _, last = part.partition("-")
        found.append((int(first), int(last or first)))
    return found


def write(ranges: Ranges) -> str:
    """The text to store."""
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def count(ranges: Ranges) -> int:
    """How many numbers these are."""
    return sum(last - first + 1 for first, last in ranges)


def has(ranges: Ranges, number: int) -> bool:
    """Whether a number is among them."""
    return any(first <= number <= last for first, last in ranges)


def join(ranges: Ranges, numbers: Iterable[int]) -> Ranges:
    """The ranges with more numbers in them."""
    joined: Ranges = []
    for first, last in sorted([*ranges, *((number, number) for number in numbers)]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def gaps(ranges: Ranges, last_number: int) -> Ranges:
    """What is missing between 1 and `last_number`."""
    missing, next_number = [], 1
    for first, last in ranges:
        if first > next_number:
            missing.append((next_number, first - 1))
        next_number = last + 1
    if next_number <= last_number:
        missing.append((next_number, last_number))
    return missing
