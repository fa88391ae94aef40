"""How moments and suggestions are called on screen."""

from __future__ import annotations

from datetime import date

from markupsafe import Markup, escape

from lti_tool.record.models import MomentKind
from lti_tool.record.queries import Suggestion
from lti_tool.web.language import _, day, lazy

KINDS = {
    MomentKind.TOOK_PART: lazy("Meegedacht in een gesprek"),
    MomentKind.HELPED: lazy("Een collega geholpen"),
    MomentKind.READ: lazy("Iets gelezen"),
    MomentKind.TRIED: lazy("Iets uitgeprobeerd"),
    MomentKind.MET: lazy("Elkaar ontmoet of meegelopen"),
    MomentKind.OWN: lazy("Iets anders"),
}
"""To choose from."""
LINES = {
    MomentKind.TOOK_PART: lazy("meegedacht"),
    MomentKind.HELPED: lazy("collega geholpen"),
    MomentKind.READ: lazy("gelezen"),
    MomentKind.TRIED: lazy("uitgeprobeerd"),
    MomentKind.MET: lazy("ontmoeting"),
    MomentKind.OWN: lazy("eigen moment"),
}
"""In the second line of a moment."""
DONE = {
    "kept": lazy("Bewaard."),
    "shared": lazy("Gedeeld met HR."),
    "withdrawn": lazy(
        "Ingetrokken. Het telt niet mee in het volgende overzicht van HR. Een afgesloten kwartaal verandert niet meer."
    ),
}
"""By `?done=`, see `web.pages.done`."""
_ROOM_FOR_A_TITLE = 90


def suggested_title(one: Suggestion) -> str:
    """What a moment would be called when it is taken from this suggestion."""
    title = one.title or _("een gesprek")
    if len(title) > _ROOM_FOR_A_TITLE:
        title = title[: _ROOM_FOR_A_TITLE - 1].rstrip() + "…"
    if one.asked:
        return _("Gevraagd: ‘%(title)s’", title=title)
    if one.kind is MomentKind.READ:
        return _("Gelezen: ‘%(title)s’", title=title)
    return _("Meegedacht met ‘%(title)s’", title=title)


def period(first: date, last: date) -> str:
    """`do 12 nov`, `vr 13 t/m di 24 nov`."""
    if first == last:
        return day(last)
    begin = day(first)
    if (first.year, first.month) == (last.year, last.month):
        begin = " ".join(begin.split()[:2])
    return _("%(first)s t/m %(last)s", first=begin, last=day(last))


def paragraphs(text: str, lead: str = "") -> Markup:
    """What somebody wrote for themself, as it was typed: empty lines part paragraphs. `lead` begins the first."""
    parts = [escape(part.strip()).replace("\n", Markup("<br>")) for part in text.split("\n\n") if part.strip()]
    if parts and lead:
        parts[0] = Markup("<b>{}</b> {}").format(lead, parts[0])
    return Markup("").join(Markup("<p>{}</p>").format(part) for part in parts)
