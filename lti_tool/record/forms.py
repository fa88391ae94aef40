"""The form of a learning moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from pydantic import Field, field_validator

from lti_tool.record.models import MomentKind
from lti_tool.web import forms
from lti_tool.web.csv_files import as_day
from lti_tool.web.forms import Line, Lines
from lti_tool.web.language import _, local

LONGEST_DAY = 720
"""Minutes: who learnt for more than twelve hours did so on more days."""
OLDEST = date(2000, 1, 1)


class MomentForm(forms.Form):
    """What the learner says of one moment."""

    kind: MomentKind
    title: Line = Field(min_length=1, max_length=120)
    happened_on: date
    minutes: int
    learned: Lines = Field(default="", max_length=5000)
    plan: Lines = Field(default="", max_length=5000)

    @field_validator("happened_on", mode="before")
    @classmethod
    def _as_written_here(cls, value: str) -> date:
        if not value.strip():
            raise ValueError(_("Vul dit in."))
        if (day := as_day(value)) is None:
            raise ValueError(_("Dit is geen datum. Schrijf hem als 24-11-2026."))
        if day < OLDEST:
            raise ValueError(_("Deze datum is te lang geleden."))
        return day

    @field_validator("minutes", mode="before")
    @classmethod
    def _of_one_day(cls, value: str) -> int:
        if not re.fullmatch(r"\d{1,6}", value.strip(), re.ASCII):
            raise ValueError(_("Vul hele minuten in, bijvoorbeeld 30."))
        if int(value) < 1:
            raise ValueError(_("Vul minstens 1 minuut in."))
        if int(value) > LONGEST_DAY:
            raise ValueError(_("Dat is meer dan 12 uur. Maak er een leermoment per dag van."))
        return int(value)


def read(now: datetime, typed: Mapping[str, str] | None = None) -> forms.Filled[MomentForm]:
    """The moment form of this request; a day that is still to come is an error beside its field."""
    filled = forms.fill(MomentForm, typed)
    day = as_day(filled.value("happened_on"))
    if day and day > local(now).date():
        sentence = _("Deze dag komt nog. Kies vandaag of een dag ervoor.")
        return forms.Filled(None, filled.typed, {**filled.errors, "happened_on": sentence})
    return filled
