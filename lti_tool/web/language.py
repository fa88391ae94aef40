"""The language of a page. Dutch is written in the code and the templates, English stands in the catalogue."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import gettext
import importlib.resources
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, has_request_context, request
from markupsafe import Markup, escape

LANGUAGES = {"nl": "Nederlands", "en": "English"}
DEFAULT = "nl"
_ZONE = ZoneInfo("Europe/Amsterdam")
_spoken: contextvars.ContextVar[str] = contextvars.ContextVar("spoken", default=DEFAULT)


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts of a language. The compiled catalogue is in the wheel; a checkout compiles it when first asked."""
    if language == DEFAULT:
        return gettext.NullTranslations()
    folder = importlib.resources.files("lti_tool") / "translations" / language / "LC_MESSAGES"
    compiled = folder / "messages.mo"
    source = folder / "messages.po"
    if compiled.is_file() and not source.is_file():
        return gettext.GNUTranslations(io.BytesIO(compiled.read_bytes()))
    if not source.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    buffer = io.BytesIO()
    write_mo(buffer, read_po(io.StringIO(source.read_text("utf-8")), locale=language))
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)


def language() -> str:
    """The language of this request: chosen by the person, given by the launch, asked by the browser, or Dutch."""
    if not has_request_context():
        return _spoken.get()
    found: str | None = g.get("language")
    if found is None and request.path.startswith("/api/"):
        found = g.language = "en"  # programs and those who write them
    if found is None:
        viewer = g.get("viewer")
        found = viewer.language if viewer else (request.accept_languages.best_match(LANGUAGES) or DEFAULT)
        g.language = found
    return found


@contextlib.contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Use this language where there is no request: in a command."""
    before = _spoken.set(chosen)
    try:
        yield
    finally:
        _spoken.reset(before)


def use(chosen: str | None) -> None:
    """Use this language for the rest of the request, when it is one of ours."""
    chosen = (chosen or "")[:2].lower()
    if chosen in LANGUAGES:
        g.language = chosen


def _(text: str, **values: Any) -> str:
    """The text in the reader's language, with `%(name)s` filled in."""
    found = catalogue(language()).gettext(text)
    return found % values if values else found


def ngettext(one: str, many: str, num: float, **values: Any) -> str:
    """The text for a number, with `%(num)s` filled in."""
    return catalogue(language()).ngettext(one, many, 1 if num == 1 else 2) % {"num": number(num), **values}


class lazy:  # noqa: N801 - reads as a marker in front of a text
    """A text that is looked up when it is shown, for texts of classes and constants."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return _(self.text)

    def __html__(self) -> str:
        return escape(str(self))


_DAYS = {"nl": ["ma", "di", "wo", "do", "vr", "za", "zo"], "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]}
_MONTHS = {
    "nl": ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}
_LONG_MONTHS = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


def local(moment: datetime) -> datetime:
    """A moment in the zone of the reader. All our hospitals are in one zone so far."""
    return moment.astimezone(_ZONE)


def day(value: datetime | date, *, year: bool = False) -> str:
    """`di 24 nov`, with the year when asked for or when it is over half a year away."""
    value = local(value) if isinstance(value, datetime) else value
    plain = value.date() if isinstance(value, datetime) else value
    text = f"{_DAYS[language()][plain.weekday()]} {plain.day} {_MONTHS[language()][plain.month - 1]}"
    today = local(g.now).date() if has_request_context() and "now" in g else datetime.now(UTC).date()
    return f"{text} {plain.year}" if year or abs(plain - today) > timedelta(days=180) else text


def moment(value: datetime) -> str:
    """`di 24 nov, 14:02`."""
    return f"{day(value)}, {clock(value)}"


def clock(value: datetime) -> str:
    """`14:02`."""
    return f"{local(value):%H:%M}"


def month(value: date) -> str:
    """`november`."""
    return _LONG_MONTHS[language()][value.month - 1]


def number(value: float) -> str:
    """`1.625`, `11,5` in Dutch; at most two decimals."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) or value % 1 else f"{value:,}"
    return text.translate(str.maketrans(",.", ".,")) if language() == "nl" else text


def hours(minutes: float) -> str:
    """Minutes as `11,5 uur`; under an hour, what is no whole quarter as `25 minuten`."""
    if minutes < 60 and minutes % 15:
        return ngettext("%(num)s minuut", "%(num)s minuten", minutes).replace(" ", "\u00a0", 1)
    return ngettext("%(num)s uur", "%(num)s uur", round(minutes / 60, 2)).replace(" ", "\u00a0", 1)


FILTERS: dict[str, Callable[..., Any]] = {
    "day": day,
    "moment": moment,
    "clock": clock,
    "month": month,
    "number": number,
    "hours": hours,
}


def html(text: str, **values: Any) -> Markup:
    """The text in the reader's language as HTML: the text may hold tags, the values are escaped."""
    return Markup(catalogue(language()).gettext(text)) % values  # noqa: S704 - our own text
