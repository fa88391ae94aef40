"""What the pages of a conversation show: rows of the database as plain values for the templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup

from lti_tool.conversations import queries, ranges
from lti_tool.conversations.drafts import Kept
from lti_tool.conversations.models import Kind
from lti_tool.conversations.operations import VISIT, place
from lti_tool.conversations.queries import ConversationHere, Listed, Window
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.pages import ROLE_WORDS
from lti_tool.spaces.policy import Action, Answer, Standing
from lti_tool.web.forms import Filled
from lti_tool.web.language import _, clock, day, lazy, local, moment
from lti_tool.web.routes import Here
from lti_tool.web.text import initials

KIND_WORDS = {Kind.QUESTION: lazy("Vraag"), Kind.EXPERIENCE: lazy("Ervaring")}
DONE = {"withdrawn": lazy("Je bericht is ingetrokken.")}
"""By `?done=`, see `web.pages.done`."""
_SNIPPET = 90
"""Characters on either side of a word that was found."""


@dataclass(frozen=True)
class Shown:
    """A post on a page: the values of the macro `post`, and what stands above it."""

    number: int
    post: dict[str, Any]
    new_line: str | None = None


def address(space: SpaceHere, number: int) -> str:
    """Where a conversation lives."""
    return f"/s/{space.slug}/t/{number}"


def title(conversation: Any) -> str:
    """What a conversation is called; its starter may have taken the title back."""
    return conversation.title or _("Gesprek %(number)s", number=conversation.number)


def first_name(name: str) -> str:
    """The name in a running sentence."""
    return name.split()[0] if name.split() else _("een collega")


def when(value: datetime, now: datetime) -> str:
    """`vandaag om 06:48`, `gisteren om 16:40`, or the day."""
    days = (local(now).date() - local(value).date()).days
    if days == 0:
        return _("vandaag om %(time)s", time=clock(value))
    if days == 1:
        return _("gisteren om %(time)s", time=clock(value))
    return day(value)


def row(here: Here, listed: Listed) -> dict[str, Any]:
    """A conversation as the values of the macro `conversation_row`."""
    question = listed.kind == Kind.QUESTION
    name, last = first_name(listed.starter_name), first_name(listed.last_author_name)
    began = _("Vraag van %(name)s", name=name) if question else _("Ervaring van %(name)s", name=name)
    at = when(listed.last_post_at, here.now)
    if listed.post_count == 1:
        line = f"{began} · {at}"
    elif listed.last_author_name == listed.starter_name:
        line = f"{began} · " + _("%(name)s schreef %(when)s", name=last, when=at)
    else:
        line = f"{began} · " + _("%(name)s antwoordde %(when)s", name=last, when=at)
    return {
        "title": title(listed),
        "href": address(here.place, listed.number),
        "line": line,
        "posts": listed.post_count,
        "new": listed.new,
    }


def thread(here: Here, conversation: ConversationHere, window: Window, *, line: bool = True) -> list[Shown]:
    """The posts of a window. `line`: say above the first new one since when it is new."""
    base, numbers = address(here.place, conversation.number), {row.number for row in window.rows}
    writes = here.place.may(Action.WRITE)
    shown = []
    for found in window.rows:
        number, reply_to = found.number, found.reply_to
        gone = found.withdrawn_at is not None or not found.html
        new = not ranges.has(conversation.seen, number)
        own = found.author_id == here.viewer.person_id
        post = {
            "number": number,
            "name": _("Een collega") if gone else found.author_name or _("Collega zonder naam"),
            "html": Markup(found.html),  # noqa: S704 - sanitised when it was written
            "meta": found.author_line,
            "when": moment(found.created_at),
            "href": f"{base}?p={number}",
            "initials": None if gone else initials(found.author_name),
            "seed": found.author_id.bytes[-1] if found.author_id else 0,
            "reply": found.root_number != number,
            "reply_to": reply_to,
            "reply_href": None if reply_to is None or reply_to in numbers else f"{base}?p={reply_to}#p{reply_to}",
            "chips": () if gone else _chips(found.role),
            "new": new,
            "edited": _("aangepast") if found.edited_at and not gone else None,
            "gone": _("Dit bericht is ingetrokken.") if gone else None,
            "actions": ((_("Antwoord"), f"{base}?reply={number}#antwoord"),) if writes and not gone else (),
            "more": _own_actions(base, number) if own and not gone and here.place.may(Action.OWN) else (),
        }
        first = new and line
        line = line and not new
        shown.append(Shown(number, post, _since(here, conversation, found.created_at) if first else None))
    if shown and shown[0].new_line and not window.before:
        # All is new: a line above everything would say nothing.
        shown[0] = Shown(shown[0].number, shown[0].post)
    return shown


def _chips(role: str | None) -> tuple[str, ...]:
    return (str(ROLE_WORDS[Standing(role)]),) if role in {Standing.LEAD, Standing.SUPPORTER} else ()


def _own_actions(base: str, number: int) -> tuple[tuple[str, str], ...]:
    here = f"{base}/p/{number}"
    return (_("Pas aan"), f"{here}/edit"), (_("Trek in"), f"{here}/withdraw")


def _since(here: Here, conversation: ConversationHere, written: datetime) -> str:
    since = conversation.seen_at
    if since and here.now - since <= VISIT:
        since = conversation.before_at
    if since is None or written < since:
        return _("nieuw voor jou")
    return _("nieuw sinds %(moment)s", moment=moment(since))


def saved(at: datetime, now: datetime) -> str:
    """When a draft was kept, in words."""
    if now - at < timedelta(hours=12):
        return _("Bewaard om %(time)s", time=clock(at))
    return _("Bewaard op %(moment)s", moment=moment(at))


def composer(
    here: Here,
    conversation: ConversationHere,
    kept: dict[str, Kept],
    *,
    reply: int | None = None,
    name: str = "",
    filled: Filled[Any] | None = None,
) -> dict[str, Any] | None:
    """The form below the last post or below the post it answers; None for who may not write here.

    `name`: of the author of the post that it answers; `filled`: what came back, else the draft stands in it.
    """
    if not here.place.may(Action.WRITE):
        return None
    base = address(here.place, conversation.number)
    where = place(conversation.number, reply=reply)
    draft = None if filled else kept.get(where)
    if reply:
        label = _("Antwoord op %(number)s, %(name)s", number=reply, name=first_name(name))
    else:
        label = _("Schrijf onder dit gesprek")
    return {
        "action": base,
        "label": label,
        "reply": reply,
        "place": where,
        "draft_href": f"/s/{here.place.slug}/drafts",
        "cancel_href": f"{base}?p={reply}#p{reply}" if reply else None,
        "text": filled.value("text") if filled else draft.text if draft else "",
        "error": filled.error("text") if filled else None,
        "saved": saved(draft.saved_at, here.now) if draft else "",
        "back": here.viewer.back_href,
    }


def unfinished(
    here: Here, conversation: ConversationHere, kept: Iterable[Kept], *, but: int | None
) -> list[tuple[str, str]]:
    """The answers that the viewer began elsewhere in a conversation: a sentence and the way to each."""
    base = address(here.place, conversation.number)
    return [
        (_("Je begon aan een antwoord op %(number)s.", number=draft.reply), f"{base}?reply={draft.reply}#antwoord")
        for draft in kept
        if draft.reply and draft.reply != but
    ][:3]


def join_first(space: SpaceHere) -> bool:
    """Whether one click would let the viewer write here."""
    return space.answer(Action.WRITE) is Answer.JOIN_FIRST


def found(here: Here, conversation: ConversationHere, words: str) -> list[dict[str, Any]]:
    """The posts in which words stand: number, href, name, when, and the sentence around them."""
    base = address(here.place, conversation.number)
    return [
        {
            "number": hit.number,
            "href": f"{base}?p={hit.number}#p{hit.number}",
            "name": hit.author_name or _("Collega zonder naam"),
            "when": moment(hit.created_at),
            "around": _around(hit.markdown, words),
        }
        for hit in queries.search(here.db, conversation, words)
    ]


def _around(text: str, words: str) -> tuple[str, str, str]:
    at = text.lower().find(words.lower())
    if at < 0:
        return _cut(text[: 2 * _SNIPPET], "", text[2 * _SNIPPET :]), "", ""
    end = at + len(words)
    before, after = text[max(0, at - _SNIPPET) : at], text[end : end + _SNIPPET]
    return _cut(before, text[: max(0, at - _SNIPPET)], ""), text[at:end], _cut(after, "", text[end + _SNIPPET :])


def _cut(text: str, before: str, after: str) -> str:
    return ("…" if before else "") + text + ("…" if after else "")
