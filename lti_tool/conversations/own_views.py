"""Pages for what one wrote oneself: changing it, taking it back, drafts."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.conversations import drafts, operations, own, pages
from lti_tool.conversations.forms import LONGEST_TITLE, ChangedPost, ChangedStart
from lti_tool.conversations.queries import OwnPost
from lti_tool.conversations.room import OWN, READ, number_in, room
from lti_tool.spaces.pages import frame
from lti_tool.spaces.policy import Action
from lti_tool.web.errors import NotFound
from lti_tool.web.forms import Filled, blank, fill, was_accepted
from lti_tool.web.language import _
from lti_tool.web.pages import done, render
from lti_tool.web.routes import SIGNED_IN, Here


def _own(here: Here, number: int, post: int) -> OwnPost:
    found = own.post_in(here.db, here.viewer, here.place, number_in(number) or 0, number_in(post) or 0)
    if found is None:
        raise NotFound
    return found


@room.get("/s/<slug>/t/<int:number>/p/<int:post>/edit", access=OWN)
def edit_page(here: Here, slug: str, number: int, post: int) -> ResponseReturnValue:
    """Change one's own post."""
    found = _own(here, number, post)
    where = operations.place(number, edit=post)
    draft = drafts.of_conversation(here.db, here.viewer, here.place, number).get(where)
    if draft:
        return _edit(here, found, blank(title=draft.title, text=draft.text), pages.saved(draft.saved_at, here.now))
    return _edit(here, found, blank(title=found.title, text=found.markdown))


def _edit(here: Here, found: OwnPost, filled: Filled[Any], saved: str = "") -> str:
    base = pages.address(here.place, found.conversation_number)
    return render(
        "conversations/edit.html",
        **frame(here, "conversations"),
        found=found,
        filled=filled,
        saved=saved,
        back=here.viewer.back_href,
        place=operations.place(found.conversation_number, edit=found.number),
        action=f"{base}/p/{found.number}/edit",
        cancel=_after(here, found),
        longest_title=LONGEST_TITLE,
    )


def _after(here: Here, found: OwnPost) -> str:
    """Where one goes on: the post, or one's own words for who may not read the conversation any more."""
    if not here.place.may(Action.READ):
        return "/me/words"
    base = pages.address(here.place, found.conversation_number)
    return f"{base}?p={found.number}#p{found.number}"


def _keep_edit(here: Here) -> None:
    if here.place:
        where = operations.place(here.arguments["number"], edit=here.arguments["post"])
        typed = {name: request.form.get(name, "") for name in ("title", "text")}
        drafts.save(here.db, here.viewer, here.place, where, **typed, now=here.now)


@room.post("/s/<slug>/t/<int:number>/p/<int:post>/edit", access=OWN, rescue=_keep_edit)
def edit(here: Here, slug: str, number: int, post: int) -> ResponseReturnValue:
    """Keep the change."""
    found = _own(here, number, post)
    filled: Filled[Any] = fill(ChangedStart) if found.number == 1 else fill(ChangedPost)
    if filled.form is None:
        return _edit(here, found, filled), 422
    operations.edit(here.db, here.viewer, found, filled.form, now=here.now)
    return redirect(_after(here, found), 303)


@room.get("/s/<slug>/t/<int:number>/p/<int:post>/withdraw", access=OWN)
def withdraw_page(here: Here, slug: str, number: int, post: int) -> ResponseReturnValue:
    """Ask once."""
    found = _own(here, number, post)
    base = pages.address(here.place, number)
    return render(
        "conversations/withdraw.html",
        **frame(here, "conversations"),
        found=found,
        action=f"{base}/p/{post}/withdraw",
        cancel=_after(here, found),
    )


@room.post("/s/<slug>/t/<int:number>/p/<int:post>/withdraw", access=OWN)
def withdraw(here: Here, slug: str, number: int, post: int) -> ResponseReturnValue:
    """Take one's words back."""
    found = _own(here, number, post)
    operations.withdraw(here.db, here.viewer, found, now=here.now)
    # To the top of the page, not to the stone: there it says that it was done.
    where, _sep, stone = _after(here, found).partition("#")
    return redirect(f"{where}{'&' if stone else '?'}done=withdrawn", 303)


@room.post("/s/<slug>/drafts", access=READ)
def save_draft(here: Here, slug: str) -> ResponseReturnValue:
    """Keep what is being written, and say so in words. For the script: without one a refused form is kept."""
    if was_accepted(here.db, request.form.get("composer", "")):
        return "", 204
    typed = {name: request.form.get(name, "") for name in ("title", "text")}
    kept = drafts.save(here.db, here.viewer, here.place, request.form.get("place", ""), **typed, now=here.now)
    if not kept:
        return "", 204
    return pages.saved(here.now, here.now), {"Content-Type": "text/plain; charset=utf-8"}


@room.get("/me/words", access=SIGNED_IN)
def words(here: Here) -> ResponseReturnValue:
    """All that one wrote, in every space, also in those one left."""
    before = request.args.get("before")
    try:
        after_id = uuid.UUID(before) if before else None
    except ValueError:
        raise NotFound from None
    found, older = own.words(here.db, here.viewer, before=after_id, now=here.now)
    return render(
        "conversations/words.html",
        heading=_("Wat ik schreef"),
        notices=done(pages.DONE),
        words=found,
        older=found[-1].id if older else None,
        first_page=after_id is None,
    )


@room.get("/me/words/<uuid:post_id>/withdraw", access=SIGNED_IN)
def withdraw_words_page(here: Here, post_id: uuid.UUID) -> ResponseReturnValue:
    """Ask once; also in a space one left."""
    found = own.post_by_id(here.db, here.viewer, post_id)
    if found is None:
        raise NotFound
    return render(
        "conversations/withdraw.html", found=found, action=f"/me/words/{post_id}/withdraw", cancel="/me/words"
    )


@room.post("/me/words/<uuid:post_id>/withdraw", access=SIGNED_IN)
def withdraw_words(here: Here, post_id: uuid.UUID) -> ResponseReturnValue:
    """Take one's words back, also in a space one left."""
    found = own.post_by_id(here.db, here.viewer, post_id)
    if found is None:
        raise NotFound
    operations.withdraw(here.db, here.viewer, found, now=here.now)
    return redirect("/me/words?done=withdrawn", 303)
