"""Formal records come in once, however often their file does, and only for people of the staff list."""

from __future__ import annotations

import io
import tracemalloc
import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.people.staff_list import import_staff
from lti_tool.record.imports import import_records
from lti_tool.record.models import FormalRecord
from lti_tool.web.csv_files import BadFile, Result

HEADER = "number,title,provider,accreditor,points,hours,category,completed_on,certificate\n"
DELIRIUM = "104001,Delier herkennen,De Linde Academie,Kwaliteitsregister V&V,2,1.5,e-learning,2026-11-09,DL26-1\n"
WOUNDS = "104001,Complexe wonden,Opleidingshuis Vecht,Kwaliteitsregister V&V,6,6,scholing,2026-10-08,\n"


@pytest.fixture
def linde(world: Any) -> uuid.UUID:
    organisation: uuid.UUID = world.organisation()
    with world.database.writing() as db:
        staff = "number,name,department\n104001,Fatma,IC\n104002,Noor,IC\n"
        import_staff(db, organisation, staff.encode(), world.clock())
    return organisation


def take(world: Any, organisation: uuid.UUID, file: str | bytes) -> Result:
    data = file.encode() if isinstance(file, str) else file
    with world.database.writing() as db:
        return import_records(db, organisation, data, world.clock())


def records(world: Any) -> list[FormalRecord]:
    with world.database.reading() as db:
        return list(db.scalars(select(FormalRecord).order_by(FormalRecord.completed_on)))


def counts(result: Result) -> tuple[int, int, int, int]:
    return result.added, result.changed, result.unchanged, result.refused


def test_a_whole_row_is_kept_as_it_is(world: Any, linde: uuid.UUID) -> None:
    assert counts(take(world, linde, HEADER + DELIRIUM + WOUNDS)) == (2, 0, 0, 0)
    _, kept = records(world)
    assert (kept.title, kept.provider, kept.accreditor) == (
        "Delier herkennen", "De Linde Academie", "Kwaliteitsregister V&V",
    )  # fmt: skip
    assert (kept.points, kept.hours, kept.category) == (Decimal(2), Decimal("1.5"), "e-learning")
    assert (kept.completed_on, kept.certificate, kept.organisation_id) == (date(2026, 11, 9), "DL26-1", linde)


def test_importing_again_changes_nothing(world: Any, linde: uuid.UUID) -> None:
    take(world, linde, HEADER + DELIRIUM + WOUNDS)
    world.clock.forward(days=1)
    before = [record.imported_at for record in records(world)]
    assert counts(take(world, linde, HEADER + WOUNDS + DELIRIUM)) == (0, 0, 2, 0)
    assert [record.imported_at for record in records(world)] == before


def test_a_correction_of_points_changes_the_record(world: Any, linde: uuid.UUID) -> None:
    take(world, linde, HEADER + DELIRIUM)
    assert counts(take(world, linde, HEADER + DELIRIUM.replace(",2,1.5,", ",3,1.5,"))) == (0, 1, 0, 0)
    assert [record.points for record in records(world)] == [Decimal(3)]


def test_dutch_numbers_and_dates_in_the_encoding_of_excel(world: Any, linde: uuid.UUID) -> None:
    file = "Number;Title;Points;Hours;Completed_On\n104001;Café in de nacht;1,25;0,5;09-11-2026\n"
    assert counts(take(world, linde, file.encode("cp1252"))) == (1, 0, 0, 0)
    (kept,) = records(world)
    assert (kept.title, kept.points, kept.hours) == ("Café in de nacht", Decimal("1.25"), Decimal("0.5"))
    assert kept.completed_on == date(2026, 11, 9)


def test_bad_rows_are_told_and_the_good_ones_are_kept(world: Any, linde: uuid.UUID) -> None:
    file = HEADER + (
        "999999,Reanimatie,,,1,1,,2026-11-01,\n"
        "104002,Reanimatie,,,één,-1,,1 november,\n"
        "104002,,,,1,1,,2026-11-01,\n"
        "104002,Reanimatie,,,99999999999,1e3,,,\n"
    )
    result = take(world, linde, file + DELIRIUM)
    assert counts(result) == (1, 0, 0, 4)
    assert [(problem.line, problem.column, problem.value) for problem in result.problems] == [
        (2, "number", "999999"),
        (3, "completed_on", "1 november"),
        (3, "points", "één"),
        (3, "hours", "-1"),
        (4, "title", ""),
        (5, "completed_on", ""),
        (5, "points", "99999999999"),
        (5, "hours", "1e3"),
    ]
    assert result.problems[0].sentence == "Dit nummer staat niet in de personeelslijst."


def test_a_missing_column_is_named(world: Any, linde: uuid.UUID) -> None:
    with pytest.raises(BadFile, match="completed_on") as refused:
        take(world, linde, "number,title,date\n104001,Reanimatie,2026-11-01\n")
    assert "“completed_on”" in str(refused.value.sentence)
    assert "number, title, date" in str(refused.value.sentence)


def test_twice_in_a_file_is_once_and_twice_with_other_points_is_told(world: Any, linde: uuid.UUID) -> None:
    result = take(world, linde, HEADER + DELIRIUM + DELIRIUM + DELIRIUM.replace(",2,1.5,", ",4,1.5,"))
    assert counts(result) == (1, 0, 1, 1)
    assert [(problem.line, problem.column) for problem in result.problems] == [(4, "title")]
    assert [record.points for record in records(world)] == [Decimal(2)]


def test_numbers_of_another_organisation_are_unknown(world: Any, linde: uuid.UUID) -> None:
    vecht = world.organisation("vecht", "Thuiszorg Vecht")
    assert counts(take(world, vecht, HEADER + DELIRIUM)) == (0, 0, 0, 1)


class Made(io.RawIOBase):
    """A file of any length that is made while it is read, without a way back."""

    def __init__(self, rows: Iterator[str]) -> None:
        self.rows, self.rest = rows, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int | None = -1, /) -> bytes:
        while len(self.rest) < (size or 0) and (row := next(self.rows, None)):
            self.rest += row.encode()
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece


def test_a_long_file_takes_no_more_memory_than_its_digests(world: Any, linde: uuid.UUID) -> None:
    def rows(count: int) -> Iterator[str]:
        yield HEADER
        for n in range(count):
            yield DELIRIUM.replace("herkennen", f"herkennen {n}").replace("V&V", "V&V " + "x" * 150)

    peaks = []
    for count in (1_000, 3_000):
        tracemalloc.start()
        with world.database.writing() as db:
            result = import_records(db, linde, Made(rows(count)), world.clock())  # type: ignore[arg-type]
            db.rollback()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert result.added == count
    assert (peaks[1] - peaks[0]) / 2_000 < 600, "bytes per row"
