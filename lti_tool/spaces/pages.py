"""What every page of a space shows around its own contents: the menu, and who reads this."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

from markupsafe import Markup

from lti_tool.activity import operations as activity
from lti_tool.activity.models import Kind
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.web import slots
from lti_tool.web.language import _, lazy, ngettext
from lti_tool.web.routes import Here, after_commit
from lti_tool.web.runtime import runtime

LEVEL_WORDS = {
    Level.OPEN: (lazy("Open"), "eye"),
    Level.KNOCK: (lazy("Klop aan"), "door"),
    Level.PRIVATE: (lazy("Besloten"), "lock"),
    Level.HIDDEN: (lazy("Verborgen"), "eye-off"),
}
LEVEL_MEANS = {
    Level.OPEN: lazy("Alle collega’s mogen lezen. Meedoen is één klik."),
    Level.KNOCK: lazy("Alle collega’s zien waarvoor de ruimte is. Een trekker laat hen binnen."),
    Level.PRIVATE: lazy("Je komt alleen binnen door een deur die de trekker openzet."),
    Level.HIDDEN: lazy("Net als besloten. En niemand anders ziet dat de ruimte bestaat."),
}
ROLE_WORDS = {
    Standing.LEAD: lazy("trekker"),
    Standing.SUPPORTER: lazy("ondersteuner"),
    Standing.MEMBER: lazy("lid"),
    Standing.OBSERVER: lazy("tribune"),
}
DONE = {
    "joined": lazy("Je doet mee. Stel je eerste vraag, of lees eerst rond."),
    "watching": lazy("Je zit nu op de tribune."),
    "saved": lazy("Bewaard."),
}
"""By `?done=`, see `web.pages.done`."""
HEADLINE = 90
FLOOR = 10
"""Below this number HR and admins get no count of a space that they don't take part in (access.md)."""


def level_choices() -> list[tuple[str, str, str]]:
    """The levels for a form: value, word, what it means."""
    return [(level.value, str(LEVEL_WORDS[level][0]), str(LEVEL_MEANS[level])) for level in Level]


def network_choices(own: str, networks: list[tuple[uuid.UUID, str, list[str]]]) -> list[tuple[str, str]]:
    """For whom a new space is: only one's own organisation, or a network. Empty when there is nothing to choose."""
    names = [(str(network_id), f"{name}: {', '.join(organisations)}") for network_id, name, organisations in networks]
    return [("", _("Alleen %(organisation)s", organisation=own)), *names] if names else []


def frame(here: Here, current: str) -> dict[str, Any]:
    """The context that `base.html` needs for a page of `here.place`. `current` is the key of the menu's entry."""
    space: SpaceHere = here.place
    menu = [
        (label, href, key == current, count) for key, label, href, count in slots.ask("space.menu", here, space=space)
    ]
    return {"space": space, "menu": menu, "readers": readers(space)}


def readers(space: SpaceHere) -> dict[str, Any]:
    """Who reads this page: the level in bold, then people in words. It claims nothing it can't know."""
    word, icon = LEVEL_WORDS[space.level]
    return {
        "icon": icon,
        "bold": f"{word}.",
        "text": who_reads(space),
        "href": f"/s/{space.slug}/people",
        "link": _("Wie dan?"),
    }


def taking_part(members: int, *, office: bool = False) -> str:
    """How many take part. `office`: said to HR or an admin who is no member, from the floor up."""
    if office and members < FLOOR:
        return _("Minder dan %(num)s collega’s doen mee", num=FLOOR)
    return ngettext("%(num)s collega doet mee", "%(num)s collega’s doen mee", members)


def who_reads(space: SpaceHere) -> str:
    """Who reads what is written here, in one or two sentences."""
    office = space.standing is Standing.OFFICE
    if space.level is Level.OPEN:
        whose = space.network_name or space.organisation_name
        text = _("Iedereen van %(whose)s mag meelezen.", whose=whose) + " "
        text += taking_part(space.members, office=office)
    elif office:
        text = taking_part(space.members, office=True)
    elif space.members == 1 and space.standing is Standing.LEAD:
        text = _("Alleen jij leest mee")
    else:
        text = ngettext("%(num)s collega leest mee", "%(num)s collega’s lezen mee", space.members)
    if space.managers and not office:
        text += ngettext(", onder wie %(num)s leidinggevende", ", onder wie %(num)s leidinggevenden", space.managers)
    return f"{text}."


def note_reading(here: Here) -> None:
    """Note, once a day and after the page, that the viewer read in `here.place`. Nothing finer is ever noted."""
    space, viewer, now = here.place, here.viewer, here.now
    if space.read_today or not viewer.counted or not space.may(Action.READ):
        return
    database = runtime().database

    def write() -> None:
        with database.writing() as db:
            activity.note(
                db,
                person_id=viewer.person_id,
                organisation_id=viewer.organisation_id,
                space_id=space.id,
                space_organisation_id=space.organisation_id,
                kind=Kind.READ,
                now=now,
            )

    after_commit(write)


def headline(what_for_html: str) -> tuple[str, Markup]:
    """The first sentence of what a space is for, when it is short enough to be a heading, and the rest as HTML."""
    first = re.match(r"<p>([^<]+)(?=</p>|<br>)", what_for_html)
    if not first:
        return "", Markup(what_for_html)  # noqa: S704 - sanitised when it was stored
    sentence, *more = re.split(r"(?<=[.!?])\s+", first[1].strip(), maxsplit=1)
    plain = html.unescape(sentence)
    if len(plain) > HEADLINE:
        return "", Markup(what_for_html)  # noqa: S704
    tail = re.sub(r"^<br>\s*", "", what_for_html[first.end() :])
    rest = f"<p>{''.join(more)}{' ' if more else ''}{tail}".replace("<p></p>", "").strip()
    return re.sub(r"(?<!\.)\.$", "", plain), Markup(rest)  # noqa: S704


def in_short(what_for_html: str, most: int = 140) -> str:
    """What a space is for, as plain text for a list: whole sentences when at least one fits, else words."""
    blocks = re.sub(r"(?<=[^\s.!?:;,…>])(?=</(?:p|li|h4)>)", ".", what_for_html)
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", blocks)).split())
    if len(text) <= most:
        return text
    sentences = re.match(r".*[.!?](?=\s)", text[: most + 1])
    return sentences[0] if sentences else text[: most - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
