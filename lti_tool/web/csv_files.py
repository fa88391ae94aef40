"""CSV as hospitals really have it: read row by row in flat memory, bad rows told; and written safely.

Understood: UTF-8, UTF-16 with a mark, Windows-1252; `,` `;` or tab; columns in any order, and more of them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import IO, Any, TypeVar

from lti_tool.web.errors import BadInput
from lti_tool.web.language import _, lazy
from lti_tool.web.text import one_line

MOST_TOLD = 10_000
"""So many bad rows are told; further ones are only counted."""
_LONGEST_LINE = 1_000_000
_MOST_LINES_OF_A_ROW = 50
_PIECE = 1 << 16
_DELIMITERS = (",", ";", "\t")
_YES = {"ja": True, "j": True, "yes": True, "y": True, "1": True, "x": True, "true": True, "waar": True}
_YES |= {"nee": False, "n": False, "no": False, "0": False, "": False, "false": False, "onwaar": False}
_DAY = re.compile(r"(?:(\d{4})-(\d\d?)-(\d\d?)|(\d\d?)-(\d\d?)-(\d{4}))(?:[T ]\d\d?:\d\d\S*)?", re.A)

Source = bytes | IO[bytes]
T = TypeVar("T")


class BadFile(BadInput, ValueError):
    """A file that can't be read at all: not CSV, or without a needed column. `str()` is the sentence."""

    code = "F01"
    title = lazy("Dit bestand kan Leerkring niet lezen")

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True)
class Problem:
    """One value that could not be taken, or with an empty column a whole row."""

    line: int
    """In the file; the header is line 1."""
    column: str
    value: str
    sentence: str


@dataclass
class Result:
    """What an import did. A row counts once: added, changed, unchanged or refused."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    """In the order of the file; at most `MOST_TOLD`."""

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Keep why a row was refused."""
        self.refused += 1
        self.problems.extend(islice(problems, max(0, MOST_TOLD - len(self.problems))))


class Row:
    """One row. Each reading of a bad value gives its empty form and leaves a `Problem` in `problems`."""

    def __init__(self, line: int, values: dict[str, str], problem: Problem | None = None) -> None:
        self.line = line
        self._values = values
        self.problems = [problem] if problem else []

    def refuse(self, column: str, sentence: str) -> None:
        """Say that a value can't be taken."""
        value = one_line(self._values.get(column, ""))
        shown = value if len(value) <= 80 else value[:79] + "…"
        self.problems.append(Problem(self.line, column, shown, sentence))

    def text(self, column: str, most: int, *, required: bool = False) -> str:
        """A text on one line."""
        value = one_line(self._values.get(column, ""))
        if "\ufffd" in value:
            self.refuse(column, _("Hier staan tekens die niet te lezen zijn. Bewaar het bestand als UTF-8."))
        elif required and not value:
            self.refuse(column, _("Vul dit in."))
        elif len(value) > most:
            self.refuse(column, _("Dit is te lang. Er passen %(most)s tekens in.", most=most))
            return value[:most]
        return value

    def day(self, column: str, *, required: bool = False) -> date | None:
        """A date, see `as_day`."""
        value = self._values.get(column, "").strip()
        if not value:
            if required:
                self.refuse(column, _("Vul dit in."))
            return None
        if (made := as_day(value)) is None:
            self.refuse(column, _("Dit is geen datum. Schrijf hem als 2026-11-24 of 24-11-2026."))
        return made

    def number(self, column: str, *, below: int) -> Decimal:
        """A number of at least 0 with at most two decimals, with `,` or `.`; empty is 0."""
        value = self._values.get(column, "").strip()
        if not value:
            return Decimal(0)
        if not re.fullmatch(r"\d{1,15}([.,]\d{1,15})?", value, re.A):
            self.refuse(column, _("Dit is geen getal. Schrijf het als 1,5 of 1.5."))
            return Decimal(0)
        made = Decimal(value.replace(",", "."))
        if made >= below:
            self.refuse(column, _("Dit getal is te groot."))
            return Decimal(0)
        return made.quantize(Decimal("0.01"))

    def yes(self, column: str) -> bool:
        """Yes or no; empty is no."""
        found = _YES.get(self._values.get(column, "").strip().lower())
        if found is None:
            self.refuse(column, _("Schrijf ja of nee."))
        return bool(found)


class Table:
    """A CSV file with a header: its rows by the names of columns that we know."""

    def __init__(self, source: Source, *, known: Sequence[str], required: Sequence[str]) -> None:
        """Reads the header. Raises `BadFile` with a sentence for whoever made the file."""
        self._lines = _Lines(source)
        self._known = known
        header, self._delimiter = self._header()
        self._places = {name: place for place, name in enumerate(header) if name in known}
        self._width = len(header)
        if twice := [name for name in known if header.count(name) > 1]:
            raise BadFile(_("De kolom “%(name)s” staat er twee keer in.", name=twice[0]))
        if missing := [name for name in required if name not in self._places]:
            raise BadFile(
                _(
                    "In de eerste regel mist de kolom “%(missing)s”. Wel gevonden: %(found)s.",
                    missing="”, “".join(missing),
                    found=", ".join(name[:40] for name in header if name)[:300] or _("niets"),
                )
            )
        self.columns = frozenset(self._places)

    def __iter__(self) -> Iterator[Row]:
        """The rows; empty ones are left out."""
        while (start := self._lines.number + 1) and (values := self._record()) != []:
            if values is None:
                sentence = _("Deze regel heeft een aanhalingsteken dat niet sluit.")
                yield Row(start, {}, Problem(start, "", "", sentence))
            elif any(values):
                further = [value for value in values[self._width :] if value.strip()]
                if further:
                    sentence = _("Deze regel heeft meer kolommen dan de eerste regel.")
                    yield Row(start, {}, Problem(start, "", one_line(further[0])[:80], sentence))
                else:
                    places = self._places.items()
                    yield Row(start, {name: values[place] for name, place in places if place < len(values)})

    def _header(self) -> tuple[list[str], str]:
        first = self._lines.next()
        while first is not None and (not first.strip("\r\n\t ,;") or re.match(r"sep=.\s*$", first, re.I)):
            first = self._lines.next()
        if first is None:
            raise BadFile(_("Dit bestand is leeg."))

        def names(delimiter: str) -> list[str]:
            return [one_line(name).lower() for name in next(csv.reader([first], delimiter=delimiter))]

        delimiter = max(_DELIMITERS, key=lambda one: sum(name in self._known for name in names(one)))
        return names(delimiter), delimiter

    def _record(self) -> list[str] | None:
        """The next record; `[]` at the end; None for a quote that never closes (only its line is lost)."""
        taken: list[str] = []

        def feed() -> Iterator[str]:
            while len(taken) < _MOST_LINES_OF_A_ROW and (line := self._lines.next()) is not None:
                taken.append(line)
                yield line

        try:
            record = next(csv.reader(feed(), delimiter=self._delimiter), [])
            if not taken:
                return []
            closes = len(taken) == 1 and not self._lines.at_end
            if not closes:
                again = csv.reader([*taken, "\n"], delimiter=self._delimiter)
                next(again)
                closes = again.line_num <= len(taken)
        except csv.Error:
            closes = False
        if not closes:
            self._lines.back(taken[1:])
            return None
        return record or [""]


class _Lines:
    """The physical lines of a file, numbered, with a way back."""

    def __init__(self, source: Source) -> None:
        file: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source
        ours = not file.seekable()
        if ours:
            file = _kept(file)
        around: Any = _Around(file, ours)
        self._text = io.TextIOWrapper(around, encoding=_encoding(file), errors="replace", newline="")
        self._put_back: deque[str] = deque()
        self.number = 0
        """Of the line that was read last."""
        self.at_end = False

    def next(self) -> str | None:
        """The next line with its end, or None."""
        line = self._put_back.popleft() if self._put_back else self._text.readline(_LONGEST_LINE)
        if not line:
            self.at_end = True
            return None
        if len(line) == _LONGEST_LINE:
            sentence = _("Regel %(line)s is veel te lang. Is dit wel een CSV-bestand?", line=self.number + 1)
            raise BadFile(sentence)
        self.number += 1
        return line.replace("\0", "\ufffd")

    def back(self, lines: list[str]) -> None:
        """Read these again."""
        self._put_back.extendleft(reversed(lines))
        self.number -= len(lines)


class _Around(io.BufferedIOBase):
    """What the decoder reads from. Somebody else's file stays open."""

    def __init__(self, file: IO[bytes], ours: bool) -> None:
        self._file, self._ours = file, ours

    def readable(self) -> bool:
        return True

    def read1(self, size: int | None = -1, /) -> bytes:
        return self._file.read(_PIECE if size is None or size < 0 else size)

    read = read1

    def close(self) -> None:
        if self._ours:
            self._file.close()
        super().close()


def _kept(stream: IO[bytes]) -> IO[bytes]:
    """A stream (a pipe) that can be read twice."""
    kept: Any = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - lives as long as its reader
    while piece := stream.read(_PIECE):
        kept.write(piece)
    kept.seek(0)
    return kept  # type: ignore[no-any-return]


def _encoding(file: IO[bytes]) -> str:
    """Reads the file once. What there is more of decides: one broken byte doesn't make UTF-8 Windows-1252."""
    begin = file.tell()
    head = file.read(4)
    file.seek(begin)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise BadFile(_("Dit is geen CSV-bestand. Open het in Excel en bewaar het als “CSV UTF-8”."))
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    good = broken = 0
    while piece := file.read(_PIECE):
        text = decoder.decode(piece)
        if not text.isascii():
            lost = text.count("\ufffd")
            broken += lost
            good += len(text) - len(text.encode("ascii", "ignore")) - lost
    broken += len(decoder.decode(b"", final=True))
    file.seek(begin)
    return "cp1252" if broken > good and not head.startswith(codecs.BOM_UTF8) else "utf-8-sig"


def as_day(text: str) -> date | None:
    """A date as people here write it: `2026-11-24` or `24-11-2026`, also with a time behind it."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    parts = [int(part) for part in found.groups() if part]
    try:
        made = date(*parts) if found[1] else date(*reversed(parts))
    except ValueError:
        return None
    return made if 1900 <= made.year <= 2100 else None


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def safe(value: object) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write(header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> str:
    """CSV to give away: with a mark for spreadsheets, and no formulas."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([safe(value) for value in row] for row in rows)
    return "\ufeff" + out.getvalue()
