"""The pages of conversations: the list, one conversation, starting, answering."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.conversations import drafts, operations, own_views, pages, queries, ranges
from lti_tool.conversations.forms import LONGEST_TITLE, NewConversation, NewPost
from lti_tool.conversations.models import Kind
from lti_tool.conversations.queries import ConversationHere, Window
from lti_tool.conversations.room import READ, WRITE, number_in, room
from lti_tool.spaces import access
from lti_tool.spaces.pages import frame
from lti_tool.spaces.policy import Action
from lti_tool.web import slots
from lti_tool.web.errors import NotFound
from lti_tool.web.forms import Filled, blank, csrf_token, fill
from lti_tool.web.language import _
from lti_tool.web.pages import done, fragment, render
from lti_tool.web.routes import Here, after_commit
from lti_tool.web.runtime import runtime
from lti_tool.web.text import one_line

log = structlog.get_logger()
__all__ = ["own_views", "room"]
FILTERS = ("all", "questions", "experiences", "unanswered")
CHUNK = 100
"""The most posts that a script gets at once."""
PATIENCE = 0.5
"""Seconds that a read mark waits for another writer; it is not worth more."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@room.get("/s/<slug>/t", access=READ)
def index(here: Here, slug: str) -> ResponseReturnValue:
    """The conversations of a space, the last ones that moved first."""
    show = request.args.get("show", "all")
    if show not in FILTERS:
        raise NotFound
    found, older = queries.conversations(
        here.db, here.viewer, here.place, show=show, before=_before(request.args.get("before"))
    )
    last = found[-1] if found else None
    return render(
        "conversations/list.html",
        **frame(here, "conversations"),
        rows=[pages.row(here, one) for one in found],
        any_new=any(one.new for one in found),
        show=show,
        first_page="before" not in request.args,
        older=f"{_microseconds(last.last_post_at)}-{last.number}" if last and older else None,
        writes=here.place.may(Action.WRITE),
        join_first=pages.join_first(here.place),
    )


def _before(text: str | None) -> tuple[datetime, int] | None:
    """The place in a list that an address names. Raises `NotFound`."""
    if text is None:
        return None
    at, _sep, number = text.partition("-")
    if not (at.isascii() and at.isdigit() and len(at) < 17):
        raise NotFound
    return _EPOCH + timedelta(microseconds=int(at)), number_in(number) or 0


def _microseconds(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(microseconds=1)


@room.get("/s/<slug>/t/new", access=WRITE)
def new(here: Here, slug: str) -> ResponseReturnValue:
    """Ask a question, or share an experience."""
    kind = request.args.get("kind", Kind.QUESTION.value)
    if kind not in set(Kind):
        raise NotFound
    return _new(here, Kind(kind))


def _new(here: Here, kind: Kind, filled: Filled[Any] | None = None) -> str:
    draft = None if filled else drafts.of_conversation(here.db, here.viewer, here.place, 0).get(kind.value)
    return render(
        "conversations/new.html",
        **frame(here, "conversations"),
        kind=kind.value,
        filled=filled or (blank(title=draft.title, text=draft.text) if draft else blank()),
        saved=pages.saved(draft.saved_at, here.now) if draft else "",
        back=here.viewer.back_href,
        longest_title=LONGEST_TITLE,
    )


def _keep_new(here: Here) -> None:
    kind = request.form.get("kind")
    if kind in set(Kind):
        _keep(here, str(kind))


def _keep_reply(here: Here) -> None:
    number, reply_to = here.arguments["number"], request.form.get("reply_to", "")
    _keep(here, f"t{number}r{reply_to}" if reply_to else f"t{number}")


def _keep(here: Here, place: str) -> None:
    """Keep what was typed, for who may read here; they find it back at the same place."""
    slug = here.arguments["slug"]
    space = here.place or access.find(here.db, here.viewer, slug, now=here.now)
    if space and space.may(Action.READ):
        typed = {name: request.form.get(name, "") for name in ("title", "text")}
        with suppress(NotFound):
            drafts.save(here.db, here.viewer, space, place, **typed, now=here.now)


@room.post("/s/<slug>/t/new", access=WRITE, rescue=_keep_new)
def start(here: Here, slug: str) -> ResponseReturnValue:
    """Start a conversation."""
    filled = fill(NewConversation)
    if filled.form is None:
        kind = filled.value("kind")
        return _new(here, Kind(kind) if kind in set(Kind) else Kind.QUESTION, filled), 422
    number = operations.start(here.db, here.viewer, here.place, filled.form, now=here.now)
    return redirect(pages.address(here.place, number), 303)


@room.get("/s/<slug>/t/<int:number>", access=READ)
def conversation(here: Here, slug: str, number: int) -> ResponseReturnValue:
    """One conversation: a screen of posts, and the form."""
    reply = number_in(request.args.get("reply"))
    return _page(here, number, reply=reply)


@room.post("/s/<slug>/t/<int:number>", access=WRITE, rescue=_keep_reply)
def post(here: Here, slug: str, number: int) -> ResponseReturnValue:
    """Write below a conversation, or an answer to one of its posts."""
    filled = fill(NewPost)
    if filled.form is None:
        reply = filled.value("reply_to")
        return _page(here, number, reply=number_in(reply or None), filled=filled), 422
    number_in(number)
    try:
        made = operations.reply(here.db, here.viewer, here.place, number, filled.form, now=here.now)
    except operations.AnswerGone as gone:
        back: Filled[Any] = Filled(None, filled.typed, {"text": str(gone.sentence)})
        return _page(here, number, filled=back), gone.status
    window = f"?p={made}" if made > queries.SCREEN else ""
    return redirect(f"{pages.address(here.place, number)}{window}#p{made}", 303)


def _find(here: Here, number: int, anchor: int | None = None) -> ConversationHere:
    found = queries.conversation(here.db, here.viewer, here.place, number_in(number) or 0, anchor=anchor)
    if found is None or (anchor and found.anchor_root is None):
        raise NotFound
    return found


def _page(here: Here, number: int, *, reply: int | None = None, filled: Filled[Any] | None = None) -> str:
    side, anchor = _window(reply)
    found = _find(here, number, anchor)
    if words := one_line(request.args.get("q", ""))[:100]:
        return _results(here, found, words)
    if anchor and found.last_number <= queries.SCREEN:
        side, anchor = "", None
    window = queries.posts(here.db, here.place, found, anchor=anchor, side=side)
    if request.method == "GET":
        _note_opening(here, found, window)
    kept = {}
    if here.place.may(Action.WRITE):
        kept = drafts.of_conversation(here.db, here.viewer, here.place, number)
    answered = next((row for row in window.rows if row.number == reply), None)
    notices = done(pages.DONE)
    if reply and (answered is None or answered.withdrawn_at or not answered.html):
        notices.append(("quiet", _("Bericht %(number)s is ingetrokken. Antwoorden kan niet meer.", number=reply), None))
        lost, reply = kept.get(operations.place(number, reply=reply)), None
        if lost and not filled and operations.place(number) not in kept:
            filled = blank(text=lost.text)
    name = answered.author_name if answered and reply else ""
    return render(
        "conversations/conversation.html",
        **frame(here, "conversations"),
        **_thread(here, found, window, line=side != "after"),
        notices=notices,
        title=pages.title(found),
        kind=str(pages.KIND_WORDS[Kind(found.kind)]),
        posts=found.post_count,
        new=found.new,
        first_new=_first_new(here, found, window),
        composer=pages.composer(here, found, kept, reply=reply, name=name, filled=filled),
        unfinished=pages.unfinished(here, found, kept.values(), but=reply),
        join_first=pages.join_first(here.place),
        searchable=found.last_number > queries.SCREEN,
        remaining=found.last_number - len(window.rows) if anchor is None else 0,
        for_me=slots.ask("conversation.for_me", here, conversation=found),
    )


def _window(reply: int | None) -> tuple[str, int | None]:
    """Which posts an address asks for: a side and the number of a post. The one that is answered comes first."""
    if reply:
        return "", reply
    for side in ("after", "before"):
        if number := number_in(request.args.get(side)):
            return side, number
    return "", number_in(request.args.get("p"))


def _thread(here: Here, found: ConversationHere, window: Window, *, line: bool) -> dict[str, Any]:
    base = pages.address(here.place, found.number)
    return {
        "base": base,
        "shown": pages.thread(here, found, window, line=line),
        "before": window.rows[0].number if window.before and window.rows else None,
        "after": window.rows[-1].number if window.after and window.rows else None,
        "csrf_header": csrf_token(),
    }


def _first_new(here: Here, found: ConversationHere, window: Window) -> str | None:
    """The way to the first new post; None when there is none, or when it stands at the top."""
    if not found.new:
        return None
    if not window.before:
        for at, row in enumerate(window.rows):
            if not ranges.has(found.seen, row.number):
                return "#new" if at else None
    first = queries.first_new(here.db, found)
    return f"{pages.address(here.place, found.number)}?p={first}#new" if first else None


def _results(here: Here, found: ConversationHere, words: str) -> str:
    return render(
        "conversations/results.html",
        **frame(here, "conversations"),
        title=pages.title(found),
        base=pages.address(here.place, found.number),
        words=words,
        found=pages.found(here, found, words),
    )


def _note_opening(here: Here, found: ConversationHere, window: Window) -> None:
    """Leave the read mark for after the page's transaction: one short write, and none when nothing is new."""
    new = [row.number for row in window.rows if not ranges.has(found.seen, row.number)]
    mark = bool(new) or not found.opened
    note = here.viewer.counted and not here.place.read_today
    if mark or note:
        after_commit(partial(_write_opening, here, found.id, new, mark, note))


def _write_opening(here: Here, conversation_id: uuid.UUID, numbers: list[int], mark: bool, note: bool) -> None:
    try:
        with runtime().database.writing(patience=PATIENCE) as db:
            if mark:
                joined_at = here.place.joined_at
                operations.see(db, here.viewer, conversation_id, numbers, joined_at=joined_at, now=here.now)
            if note:
                operations.note_reading(db, here.viewer, here.place, now=here.now)
    except SQLAlchemyError as error:
        # The page matters more: what was shown stays new until it is opened again.
        log.info("read mark left out", error=type(error).__name__)


@room.get("/s/<slug>/t/<int:number>/posts", access=READ)
def chunk(here: Here, slug: str, number: int) -> ResponseReturnValue:
    """More posts, for a script. They are not marked as seen: the script says so when they come on screen."""
    side, anchor = _window(None)
    found = _find(here, number, anchor)
    most = min(number_in(request.args.get("n")) or queries.SCREEN, CHUNK)
    if anchor is None or not side:
        raise NotFound
    window = queries.posts(here.db, here.place, found, anchor=anchor, side=side, most=most)
    # The side that it continues is on the page already.
    window = Window(window.rows, window.before and side == "before", window.after and side == "after")
    return fragment("conversations/chunk.html", **_thread(here, found, window, line=False))


@room.get("/s/<slug>/t/<int:number>/composer", access=WRITE)
def composer(here: Here, slug: str, number: int) -> ResponseReturnValue:
    """The form alone, for a script that puts it below the post it answers."""
    found, reply, name = _find(here, number), number_in(request.args.get("reply")), ""
    if reply:
        answered = queries.answered(here.db, found, reply)
        if answered is None or answered.withdrawn_at or not answered.html:
            raise NotFound
        name = answered.author_name
    kept = drafts.of_conversation(here.db, here.viewer, here.place, number)
    made = pages.composer(here, found, kept, reply=reply, name=name)
    return fragment("conversations/composer.html", composer=made)


@room.post("/s/<slug>/t/<int:number>/seen", access=READ)
def seen(here: Here, slug: str, number: int) -> ResponseReturnValue:
    """These posts came on screen."""
    found = _find(here, number)
    asked = request.form.get("numbers", "").split()[:CHUNK]
    numbers = [one for one in (number_in(text) or 0 for text in asked) if one <= found.last_number]
    if any(not ranges.has(found.seen, one) for one in numbers):
        joined_at = here.place.joined_at
        operations.see(here.db, here.viewer, found.id, numbers, joined_at=joined_at, now=here.now)
    return "", 204


@room.post("/s/<slug>/t/all-read", access=READ)
def all_read(here: Here, slug: str) -> ResponseReturnValue:
    """Everything in this space has been read."""
    operations.all_read(here.db, here.viewer, here.place, now=here.now)
    to_list = request.form.get("back") == "list"
    return redirect(f"/s/{slug}/t" if to_list else f"/s/{slug}", 303)
