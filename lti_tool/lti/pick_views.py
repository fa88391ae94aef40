"""Pages in the picker of an LMS: choose a space or begin one, and send the link to the course.

They stand in a dialog, often 450 pixels high, without any cookie. Each form carries the token of its picking.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue

from lti_tool.db import Session
from lti_tool.lti import pick
from lti_tool.lti.claims import safe_origin
from lti_tool.lti.pick import Answer, Item, Picker
from lti_tool.lti.room import room
from lti_tool.spaces import access, links, operations, pages, queries
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.forms import NewSpace
from lti_tool.spaces.policy import Action, Level
from lti_tool.web import headers, language, look
from lti_tool.web.forms import Filled, blank, fill
from lti_tool.web.language import _
from lti_tool.web.pages import look_of, render
from lti_tool.web.routes import PUBLIC, Here
from lti_tool.web.runtime import runtime

MOST = 8
"""Spaces on the page; who has more looks by name."""
MOST_ITEMS = 20
_NEW = ("title", "what_for", "level", "network", "lets_in")


@dataclass(frozen=True)
class Chosen:
    """What was ticked so far; it goes along from page to page."""

    words: str = ""
    spaces: tuple[uuid.UUID, ...] = ()
    latches: frozenset[uuid.UUID] = frozenset()
    """Of these, whose link lets in."""
    own_tab: bool = False
    new: dict[str, str] = field(default_factory=dict)
    """What was typed for a new space."""


class _Again(Exception):
    """The choice can't be sent; the page says why and nothing of it is lost."""


def first_page(here: Here, begun: pick.Begun) -> Response:
    """The page that a launch of the picker leads to."""
    return make_response(_list(here, begun.token, Chosen(new={"title": begun.title} if begun.title else {})))


@room.post("/pick", access=PUBLIC, csrf=False, transaction="own")
def pick_list(here: Here) -> ResponseReturnValue:
    """Look for a space by its name, or come back from the form of a new one."""
    return _list(here, _token(), _chosen())


@room.post("/pick/new", access=PUBLIC, csrf=False, transaction="own")
def pick_new(here: Here) -> ResponseReturnValue:
    """The form of a new space."""
    chosen = _chosen()
    return _new(here, _token(), chosen, blank(**chosen.new))


@room.post("/pick/place", access=PUBLIC, csrf=False, transaction="own")
def pick_place(here: Here) -> ResponseReturnValue:
    """Links to what was chosen go to the course."""
    token, chosen = _token(), _chosen()

    def items(db: Session, picker: Picker) -> list[Item]:
        if not chosen.spaces:
            raise _Again(_("Kies een ruimte, of begin een nieuwe."))
        if len(chosen.spaces) > (MOST_ITEMS if picker.multiple else 1):
            most = MOST_ITEMS if picker.multiple else 1
            raise _Again(_("Kies er hoogstens %(most)s.", most=most) if most > 1 else _("Kies er een."))
        found = [access.find_by_id(db, picker.viewer, space, now=here.now) for space in chosen.spaces]
        known = [space for space in found if space and _may(space, lets_in=space.id in chosen.latches)]
        if len(known) < len(found):
            raise _Again(_("Een van deze ruimtes kun je niet meer kiezen. De andere staan er nog."))
        return [_item(db, picker, space, space.id in chosen.latches, here) for space in known]

    try:
        return _answered(here, token, items, own_tab=chosen.own_tab)
    except _Again as again:
        return _list(here, token, chosen, error=str(again)), 422


@room.post("/pick/start", access=PUBLIC, csrf=False, transaction="own")
def pick_start(here: Here) -> ResponseReturnValue:
    """A new space is begun, and the link to it goes to the course."""
    token, chosen = _token(), _chosen()
    filled = fill(NewSpace)
    form = filled.form
    if form is None:
        return _new(here, token, chosen, filled), 422

    def items(db: Session, picker: Picker) -> list[Item]:
        said: dict[str, Any] = {name: getattr(form, name) for name in ("title", "what_for", "level")}
        made = operations.start(db, picker.viewer, **said, network_id=form.network, now=here.now)
        space = access.find_by_id(db, picker.viewer, made.id, now=here.now)
        if space is None:
            raise LookupError("a space that was just made")
        return [_item(db, picker, space, form.lets_in and form.level is not Level.OPEN, here)]

    return _answered(here, token, items, own_tab=chosen.own_tab)


@room.post("/pick/cancel", access=PUBLIC, csrf=False, transaction="own")
def pick_cancel(here: Here) -> ResponseReturnValue:
    """Nothing goes to the course; the LMS closes its dialog."""
    return _answered(here, _token(), lambda _db, _picker: [], own_tab=False)


def _may(space: SpaceHere, *, lets_in: bool) -> bool:
    return space.may(Action.LEARN) and links.may_place(space) and (space.may(Action.LEAD) or not lets_in)


def _item(db: Session, picker: Picker, space: SpaceHere, lets_in: bool, here: Here) -> Item:
    key = links.place(db, picker.viewer, space, picker.course, lets_in=lets_in, now=here.now)
    return Item(space.title, pages.in_short(space.what_for_html), {"space": space.slug, "door": key})


def _answered(
    here: Here, token: str, items: Callable[[Session, Picker], Sequence[Item]], *, own_tab: bool
) -> ResponseReturnValue:
    """Use the picking up, make what was chosen, and send the answer off: all of it or nothing."""
    rt, secret = runtime(), here.settings.secret_key
    with rt.database.writing() as db:
        picker, row = pick.take(db, token, secret=secret, now=here.now)
        chosen = items(db, picker)
        answer = pick.answer(
            db,
            row,
            chosen,
            own_tab=own_tab,
            cipher=rt.cipher,
            base_url=here.settings.base_url,
            now=here.now,
        )
    return _send(picker, answer)


def _send(picker: Picker, answer: Answer) -> str:
    _alone(picker)
    headers.form_to(safe_origin(answer.return_url, loopback=True))
    return render("lti/pick_answer.html", answer=answer)


def _list(here: Here, token: str, chosen: Chosen, *, error: str = "") -> str:
    with runtime().database.reading() as db:
        picker = pick.look(db, token, secret=here.settings.secret_key, now=here.now)
        found = queries.pickable(db, picker.viewer, words=chosen.words, chosen=chosen.spaces, most=MOST + 1)
    _alone(picker)
    shown = found[: max(MOST, len(chosen.spaces))]
    return render(
        "lti/pick.html",
        token=token,
        picker=picker,
        chosen=chosen,
        spaces=shown,
        more=len(found) > len(shown),
        twins={title for title, times in Counter(space.title for space in found).items() if times > 1},
        roles=pages.ROLE_WORDS,
        error=error,
    )


def _new(here: Here, token: str, chosen: Chosen, filled: Filled[Any]) -> str:
    with runtime().database.reading() as db:
        picker = pick.look(db, token, secret=here.settings.secret_key, now=here.now)
        networks, own = queries.networks_of(db, picker.viewer), queries.own_organisation(db, picker.viewer)
    _alone(picker)
    return render(
        "lti/pick_new.html",
        token=token,
        picker=picker,
        chosen=chosen,
        filled=filled,
        levels=pages.level_choices(),
        networks=pages.network_choices(own, networks),
    )


def _alone(picker: Picker) -> None:
    """A page of who picks, whatever session this browser has; in a frame of that LMS only, in its language."""
    headers.frame_only(picker.frame_hosts)
    g.viewer = None
    look.use(look_of(picker.viewer))
    language.use(picker.language)


def _token() -> str:
    return request.form.get("token", "")


def _chosen() -> Chosen:
    return Chosen(
        words=" ".join(request.form.get("words", "").split())[:100],
        spaces=tuple(dict.fromkeys(_ids("space"))),
        latches=frozenset(_ids("latch")),
        own_tab=bool(request.form.get("own_tab")),
        new={name: request.form[name][:4000] for name in _NEW if request.form.get(name)},
    )


def _ids(name: str) -> list[uuid.UUID]:
    found = []
    for text in request.form.getlist(name)[:100]:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found
