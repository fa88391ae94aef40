"""What a report may show about groups, and what it keeps hidden.

For the works council: suppose a reader knows every rule on this page, has the staff list, and can add and
subtract. Each rule stops one thing such a reader could try. (k is the *floor*, 10 unless agreed otherwise.)

1. *Looking at a small group.* A group of fewer than k people has no row and no name. All of them together
   are one row, "(small groups)".
2. *Looking through that row.* If the small groups together are still under k, the row takes the next smallest
   group with it (of equal ones the first by name), which then has no row of its own. If even everybody
   together is under k, that one row is all there is, and it is empty; so is that of no people at all.
3. *Looking at a few within a large group.* A figure needs k different people behind it, however many posts
   or hours they have. Otherwise the cell is empty; the row stays.
4. *Nobody and everybody.* "All of this group did" tells it of each of them; so does "nobody did". Both are
   empty cells, and look the same as "too few".
5. *Total minus the rows.* Subtracting a column from its total gives the sum of its hidden cells. So a total
   is shown only if its column hides nothing, or if the total adds nothing to what the empty cells said: none
   of them is an "everybody", and together they rest on at least k people and at most (k-1) * (cells - 1).
   Then each hidden cell can still be anything from 0 to k-1, and no two or more of them have a sum that can
   be known, but for all together, which rest on k or more. That takes three cells. Two are never enough:
   18 people hidden in two cells are 9 and 9; 80 hidden in groups of 75 and 115 are all of the 75 and 5.
   A total that fails is empty; no cell is emptied for its sake, so a row reads the same with and without it.
6. *Playing with names.* A department that calls itself "(small groups)" or "(not in the staff list)" is added
   up with those rows; one without a name is "(no department)"; names that differ only in spaces are one.

What these rules do not do:

- "Few did not" is not hidden. If 10 of 11 took part, each of the 11 very likely did. The report's contract
  hides nobody and everybody, no more; hiding a remainder of 1 to k-1 as well would empty each cell of all
  groups under 2k, and just where most people join in.
- They judge one table. Two provisional tables of one quarter, a week apart, can be subtracted: 14 and then 15
  is one person. To judge that one must know *who* came and went (one in and one out leave 14 as it was), so
  nothing that compares figures only can be sound, and none is offered here. One table a week at most, and a
  frozen quarter, keep it small; a later issue compares the sets of people.
- Figures are exact; rounding is a later issue. So is dominance: one person may have most hours in a cell.

Who calls `publish` answers for this: a person is in one group only (their department at the period's end),
and a contributor is one of that group's people.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

FLOOR = 10
LOWEST_FLOOR = 3  # with two behind a figure, each of them knows the other's

SMALL_GROUPS = "(small groups)"
NOT_IN_STAFF_LIST = "(not in the staff list)"
NO_DEPARTMENT = "(no department)"
ALL = "(all)"
_LAST = (NO_DEPARTMENT, SMALL_GROUPS, NOT_IN_STAFF_LIST)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of hours or points (0 or more), and how many different people brought a part of it."""

    value: Decimal | float = 0
    contributors: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """What was counted for one department; `took_part` counts people. ValueError if it can't be true."""

    name: str
    people: int
    took_part: int = 0
    released_hours: Amount = Amount()
    accredited_hours: Amount = Amount()
    accredited_points: Amount = Amount()

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """The four columns, in the order of `Row`."""
        took_part = Amount(self.took_part, self.took_part)
        return took_part, self.released_hours, self.accredited_hours, self.accredited_points

    def __post_init__(self) -> None:
        for amount in self.amounts:
            if not 0 <= amount.contributors <= self.people:
                raise ValueError(f"{amount.contributors} contributors in a group of {self.people} people")
            if not (_exact(amount.value).is_finite() and amount.value >= 0):
                raise ValueError(f"{amount.value} is not a sum of hours or points")
            if amount.value and not amount.contributors:
                raise ValueError(f"{amount.value} was brought by nobody")


@dataclass(frozen=True, slots=True)
class Row:
    """One published row, in the names and order of the API. `None` is hidden; hours and points are exact."""

    group: str
    people: int | None
    took_part: int | None
    released_hours: float | None
    accredited_hours: float | None
    accredited_points: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by alphabet ("(small groups)" and "(not in the staff list)" last), and the row "(all)" below."""

    rows: tuple[Row, ...]
    total: Row


def publish(groups: Iterable[Group], *, floor: int = FLOOR) -> Table:
    """Turn counts into the table that may be shown. The order of `groups` does not matter.

    `floor` is the fewest people of a row and behind a cell; under `LOWEST_FLOOR` it is a ValueError.
    """
    if floor < LOWEST_FLOOR:
        raise ValueError(f"a floor of {floor} protects nobody, {LOWEST_FLOOR} is the lowest")
    shown = sorted(_merge_small(_by_label(groups), floor), key=lambda group: _alphabet(group.name))
    whole = _add(ALL, shown)
    totals = [
        amount.value if _total_is_safe(shown, column, floor) else None for column, amount in enumerate(whole.amounts)
    ]
    rows = tuple(_row(group, _cells(group, floor), floor) for group in shown)
    return Table(rows=rows, total=_row(whole, totals, floor))


def _by_label(groups: Iterable[Group]) -> list[Group]:
    """One group per label; groups without people leave nothing to show."""
    labelled: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        labelled[" ".join(group.name.split()) or NO_DEPARTMENT].append(group)
    return [group for label, parts in labelled.items() if (group := _add(label, parts)).people]


def _merge_small(groups: Iterable[Group], floor: int) -> list[Group]:
    by_size = sorted(groups, key=lambda group: (group.people, _alphabet(group.name)))
    small: list[Group] = []
    large: list[Group] = []
    for group in by_size:
        (small if group.people < floor or group.name == SMALL_GROUPS else large).append(group)
    if small and large and sum(group.people for group in small) < floor:
        small.append(large.pop(0))
    return large if large and not small else [*large, _add(SMALL_GROUPS, small)]


def _add(name: str, groups: Sequence[Group]) -> Group:
    """Add up groups that share nobody."""

    def total(amounts: Iterable[Amount]) -> Amount:
        # A sum of 0 is "nobody", also when the caller counted people who brought nothing.
        real = [amount for amount in amounts if amount.value]
        return Amount(sum((_exact(a.value) for a in real), Decimal()), sum(a.contributors for a in real))

    return Group(
        name=name,
        people=sum(group.people for group in groups),
        took_part=sum(group.took_part for group in groups),
        released_hours=total(group.released_hours for group in groups),
        accredited_hours=total(group.accredited_hours for group in groups),
        accredited_points=total(group.accredited_points for group in groups),
    )


def _cells(group: Group, floor: int) -> list[Decimal | float | None]:
    return [amount.value if floor <= amount.contributors < group.people else None for amount in group.amounts]


def _total_is_safe(groups: Iterable[Group], column: int, floor: int) -> bool:
    """Rule 5: if h cells of 0 to k-1 add up to s, k <= s <= (k-1)(h-1) leaves each its whole range."""
    hidden = [group.amounts[column].contributors for group in groups if _cells(group, floor)[column] is None]
    few = floor - 1
    return not hidden or (max(hidden) <= few and floor <= sum(hidden) <= few * (len(hidden) - 1))


def _row(group: Group, cells: Sequence[Decimal | float | None], floor: int) -> Row:
    took_part, *sums = cells
    released, hours, points = (None if value is None else float(value) for value in sums)
    people = group.people if group.people >= floor else None
    return Row(group.name, people, None if took_part is None else int(took_part), released, hours, points)


def _exact(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))  # 0.1 + 0.2 is 0.3 here


def _alphabet(name: str) -> tuple[int, str, str]:
    return (_LAST.index(name) + 1 if name in _LAST else 0, name.casefold(), name)
