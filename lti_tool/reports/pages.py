"""A report in words and bars, for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lti_tool.activity.quarters import Quarter
from lti_tool.reports.queries import COLUMNS, Report
from lti_tool.reports.suppression import NO_DEPARTMENT, NOT_IN_STAFF_LIST, SMALL_GROUPS
from lti_tool.web.language import _, language, number

_SUMS = COLUMNS[1:]


@dataclass(frozen=True)
class Sum:
    """Hours that may be told, of all groups or of those that show them."""

    minutes: float
    """0 when no group shows any."""
    all: bool


@dataclass(frozen=True)
class Lead:
    """What the first sentences may say: over everybody, or over the groups that show a figure."""

    people: int
    took_part: int | None
    """None when no group shows it; then `people` is 0."""
    groups: int
    """How many groups the first two are about; 0 when they are about everybody."""
    released: Sum
    accredited: Sum

    @property
    def of_every_100(self) -> int:
        """How many of every 100 took part."""
        return round(100 * (self.took_part or 0) / self.people) if self.people else 0


def label(group: str) -> str:
    """A group as the reader calls it."""
    words = {
        SMALL_GROUPS: _("Kleine groepen"),
        NOT_IN_STAFF_LIST: _("Niet in de personeelslijst"),
        NO_DEPARTMENT: _("Zonder afdeling"),
    }
    return words.get(group, group)


def quarter(period: str) -> str:
    """`Kwartaal 3 van 2026`."""
    found = Quarter.parse(period)
    return _("Kwartaal %(number)s van %(year)s", number=found.number, year=found.year)


def lead(report: Report) -> Lead:
    """Adds up only what the table shows, so it says nothing that the table does not."""
    shown = [row for row in report.rows if row["took_part"] is not None and row["people"] is not None]
    everybody = report.total["took_part"] is not None and report.total["people"] is not None
    counted = [report.total] if everybody else shown
    return Lead(
        people=sum(row["people"] for row in counted),
        took_part=sum(row["took_part"] for row in counted) if counted else None,
        groups=0 if everybody else len(shown),
        released=_sum(report, "released_hours"),
        accredited=_sum(report, "accredited_hours"),
    )


def _sum(report: Report, column: str) -> Sum:
    total = report.total[column]
    shown = [row[column] for row in report.rows if row[column] is not None]
    return Sum(60 * (sum(shown) if total is None else total), all=total is not None)


def bars(report: Report) -> list[tuple[str, int | None, bool]]:
    """Label, people who took part of every 100 or None, and whether it is a rest group (the lighter tint)."""

    def of_every_100(row: dict[str, Any]) -> int | None:
        if row["took_part"] is None or not row["people"]:
            return None
        return round(100 * int(row["took_part"]) / int(row["people"]))

    rest = (SMALL_GROUPS, NOT_IN_STAFF_LIST, NO_DEPARTMENT)
    return [(label(row["group"]), of_every_100(row), row["group"] in rest) for row in report.rows]


def columns() -> list[str]:
    """The heads of the table, in the reader's language."""
    return [
        _("Afdeling"),
        _("Collega’s"),
        _("Deed mee"),
        _("Uren gedeeld"),
        _("Uren formeel"),
        _("Punten"),
    ]


def sheet(report: Report) -> Iterator[list[object]]:
    """The rows for a spreadsheet: numbers as numbers, groups and "hidden" in the reader's words."""
    comma = language() == "nl"

    def cell(value: object) -> object:
        if value is None:
            return _("verborgen")
        return str(value).replace(".", ",") if comma and isinstance(value, float) else value

    for row in report.rows:
        group, *figures = (row[name] for name in COLUMNS)
        yield [label(str(group)), *map(cell, figures)]


def table(report: Report) -> dict[str, Any]:
    """Columns, rows and the total, as the table's macro takes them."""
    all_rows = [*report.rows, report.total]
    texts = list(zip(*(_aligned([row[name] for row in all_rows]) for name in _SUMS), strict=True))
    return {
        "columns": columns(),
        "rows": [(label(row["group"]), cells) for row, cells in zip(report.rows, texts, strict=False)],
        "total": (_("Alle afdelingen"), texts[-1]),
        "hides": any(text is None for cells in texts for text in cells),
    }


def _aligned(values: list[float | None]) -> list[str | None]:
    """The numbers of a column with the same decimals, as few as they need."""
    decimals = max((len(f"{value % 1:.2f}".rstrip("0")) - 2 for value in values if value is not None), default=0)
    point = "," if language() == "nl" else "."

    def text(value: float | None) -> str | None:
        if value is None:
            return None
        whole, _point, part = f"{value:.{decimals}f}".partition(".")
        return number(int(whole)) + (point + part if part else "")

    return [text(value) for value in values]
