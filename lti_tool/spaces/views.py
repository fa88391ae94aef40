"""Pages of spaces: the list, starting one, its home, joining, people and settings."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from lti_tool.people import operations as people
from lti_tool.spaces import door_views, doors, links, operations, pages, queries
from lti_tool.spaces.access import InSpace, SpaceHere
from lti_tool.spaces.forms import Charter, JoinSpace, KnockAnswer, NewSpace, Role
from lti_tool.spaces.policy import Action, Level, Standing
from lti_tool.spaces.room import room, see
from lti_tool.web import slots
from lti_tool.web.errors import BadInput
from lti_tool.web.forms import Filled, blank, fill
from lti_tool.web.language import _
from lti_tool.web.pages import Notice, done, render
from lti_tool.web.routes import SIGNED_IN, Here

__all__ = ["door_views", "room"]
PAGE = 100


@room.get("/spaces", access=SIGNED_IN)
def index(here: Here) -> ResponseReturnValue:
    """My spaces, and those one may discover."""
    found = queries.spaces_of(here.db, here.viewer)
    return render(
        "spaces/index.html",
        left=request.args.get("done") == "left",
        mine=[one for one in found if one.role],
        others=[one for one in found if not one.role],
        roles=pages.ROLE_WORDS,
        in_short=pages.in_short,
        means=pages.LEVEL_MEANS.items(),
        taking_part=pages.taking_part,
    )


@room.get("/spaces/new", access=SIGNED_IN)
def new(here: Here) -> ResponseReturnValue:
    """The form of a new space, perhaps for a door."""
    door = _door_to_open(here, request.args.get("door", ""))
    title = (door.title or door.context_title) if door else ""
    return _new(here, blank(title=title[:120], level=""), door)


@room.post("/spaces/new", access=SIGNED_IN)
def start(here: Here) -> ResponseReturnValue:
    """Start a space; its door opens to it at once."""
    door = _door_to_open(here, request.form.get("door", ""))
    filled = fill(NewSpace)
    if filled.form is None:
        return _new(here, filled, door), 422
    form = filled.form
    space = operations.start(
        here.db,
        here.viewer,
        title=form.title,
        what_for=form.what_for,
        level=form.level,
        network_id=form.network,
        now=here.now,
    )
    if door:
        doors.open_door(here.db, here.viewer, door.id, space.id, lets_in=form.lets_in, now=here.now)
    return see(f"/s/{space.slug}")


def _new(here: Here, filled: Filled[Any], door: queries.DoorHere | None) -> str:
    networks = queries.networks_of(here.db, here.viewer)
    return render(
        "spaces/new.html",
        filled=filled,
        door=door,
        networks=pages.network_choices(queries.own_organisation(here.db, here.viewer), networks),
        levels=pages.level_choices(),
    )


def _door_to_open(here: Here, given: str) -> queries.DoorHere | None:
    try:
        door_id = uuid.UUID(given)
    except ValueError:
        return None
    door = queries.door_for(here.db, here.viewer, door_id)
    return door if door and door.teaches and door.space_slug is None else None


@room.get("/s/<slug>", access=InSpace(Action.CHARTER))
def home(here: Here, slug: str) -> ResponseReturnValue:
    """What the space is for, what is new in it, and who leads it."""
    space: SpaceHere = here.place
    reads = space.may(Action.READ)
    if reads:
        pages.note_reading(here)
    head, rest = pages.headline(space.what_for_html)
    return render(
        "spaces/home.html",
        **pages.frame(here, "home"),
        head=head,
        rest=rest,
        leads=queries.people_of(here.db, here.viewer, space, roles=(Standing.LEAD.value,)),
        fragments=slots.ask("space.home", here, space=space) if reads else [],
        beside=slots.ask("space.side", here, space=space) if reads else [],
        knocked=queries.knocked_at(here.db, here.viewer, space) if space.may(Action.KNOCK) else None,
        can=_can(space),
        taking_part=_takes_part(space),
        shut=_shut(here),
        notices=_arrived(space),
    )


def _arrived(space: SpaceHere) -> list[Notice]:
    """That one takes part or watches, while it is so: who kept the address may have left."""
    true = {"joined": _takes_part(space), "watching": space.standing is Standing.OBSERVER}
    return done({code: sentence for code, sentence in pages.DONE.items() if true.get(code)})


def _shut(here: Here) -> bool:
    """Whether nobody can come in any more until this trekker opens a door."""
    space: SpaceHere = here.place
    if space.level not in {Level.PRIVATE, Level.HIDDEN} or not space.may(Action.LEAD):
        return False
    open_doors = any(door.lets_in for door in queries.doors_of(here.db, here.viewer, space))
    return not (open_doors or any(link.lets_in for link in links.waiting(here.db, space)))


def _takes_part(space: SpaceHere) -> bool:
    return space.standing in {Standing.MEMBER, Standing.SUPPORTER, Standing.LEAD}


def _can(space: SpaceHere) -> dict[str, bool]:
    """The actions by their code name, for templates."""
    return {action.name.lower(): space.may(action) for action in Action}


@room.get("/s/<slug>/join", access=InSpace(Action.CHARTER))
def join_page(here: Here, slug: str) -> ResponseReturnValue:
    """One screen: what for, who reads, what never to write, how mail works, how colleagues see you."""
    if _takes_part(here.place):
        return see(f"/s/{slug}")
    return _join(here, blank(name=here.viewer.name_to_type))


@room.post("/s/<slug>/join", access=InSpace(Action.CHARTER))
def join(here: Here, slug: str) -> ResponseReturnValue:
    """Take part, watch from the tribune, or knock."""
    space: SpaceHere = here.place
    if _takes_part(space):
        return see(f"/s/{slug}")
    filled = fill(JoinSpace)
    if filled.form and not filled.form.name and not here.viewer.has_name and filled.form.way != "observer":
        filled = Filled(None, filled.typed, {"name": _("Kies een naam, zodat collega’s weten wie er schrijft.")})
    if filled.form is None:
        return _join(here, filled), 422
    form = filled.form
    if form.name and form.name != here.viewer.name_to_type:
        people.choose(here.db, here.viewer.person_id, chosen_name=form.name)
    if form.way == "knock":
        operations.knock(here.db, space, here.viewer, message=form.message, welcome=not form.quiet, now=here.now)
        return see(f"/s/{slug}")  # which says since when it waits
    watches = form.way == "observer"
    operations.join(
        here.db,
        space,
        here.viewer,
        observer=watches,
        quality=form.quality,
        welcome=not form.quiet,
        now=here.now,
    )
    return see(f"/s/{slug}?done={'watching' if watches else 'joined'}")


def _join(here: Here, filled: Filled[Any]) -> str:
    space: SpaceHere = here.place
    head, rest = pages.headline(space.what_for_html)
    return render(
        "spaces/join.html",
        space_here=space,
        head=head,
        rest=rest,
        filled=filled,
        who=pages.who_reads(space),
        level_word=pages.LEVEL_WORDS[space.level][0],
        organisations=queries.organisations_of(here.db, here.viewer, space),
        leads=queries.people_of(here.db, here.viewer, space, roles=(Standing.LEAD.value,), most=6),
        knocked=queries.knocked_at(here.db, here.viewer, space),
        can=_can(space),
    )


@room.post("/s/<slug>/knock/withdraw", access=InSpace(Action.CHARTER))
def withdraw_knock(here: Here, slug: str) -> ResponseReturnValue:
    """Rather not."""
    operations.withdraw_knock(here.db, here.place, here.viewer)
    return see(f"/s/{slug}")


@room.post("/s/<slug>/leave", access=InSpace(Action.LEAVE))
def leave(here: Here, slug: str) -> ResponseReturnValue:
    """Leave at once, without a reason."""
    operations.leave(here.db, here.place, here.viewer, now=here.now)
    return see("/spaces?done=left")


@room.get("/s/<slug>/people", access=InSpace(Action.CHARTER))
def members(here: Here, slug: str) -> ResponseReturnValue:
    """Who takes part, as far as the viewer may know; on top who knocks, for who may let them in."""
    space: SpaceHere = here.place
    found = queries.people_of(here.db, here.viewer, space, after=_after(), most=PAGE + 1)
    return render(
        "spaces/people.html",
        **pages.frame(here, "people"),
        people=found[:PAGE],
        next_after=found[PAGE - 1].id if len(found) > PAGE else None,
        first_page=_after() is None,
        roles=pages.ROLE_WORDS,
        chips=_chips,
        knocks=queries.knocks_of(here.db, here.viewer, space),
        newcomers=queries.newcomers_of(here.db, here.viewer, space, now=here.now) if _after() is None else [],
        fragments=slots.ask("space.people", here, space=space) if _after() is None else [],
        organisations=queries.organisations_of(here.db, here.viewer, space),
        can=_can(space),
        own_id=here.viewer.person_id,
    )


def _chips(one: queries.Someone) -> list[str]:
    role = [] if one.role == Standing.MEMBER else [str(pages.ROLE_WORDS[Standing(one.role)])]
    return [*role, _("leidinggevende")] if one.manager else role


def _after() -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args["after"]) if "after" in request.args else None
    except ValueError as error:
        raise BadInput(cause="after is no id") from error


@room.post("/s/<slug>/knocks/<uuid:person_id>", access=InSpace(Action.MODERATE))
def answer_knock(here: Here, slug: str, person_id: uuid.UUID) -> ResponseReturnValue:
    """Let in, or not now."""
    filled = fill(KnockAnswer)
    if filled.form is None:
        raise BadInput(cause="no answer to a knock")
    let_in = filled.form.let_in
    operations.answer_knock(here.db, here.place, here.viewer, person_id, let_in=let_in, now=here.now)
    return see(f"/s/{slug}/people")


@room.post("/s/<slug>/people/<uuid:person_id>/role", access=InSpace(Action.LEAD))
def set_role(here: Here, slug: str, person_id: uuid.UUID) -> ResponseReturnValue:
    """Make somebody trekker, supporter or member."""
    filled = fill(Role)
    if filled.form is None:
        raise BadInput(cause="no role of a member")
    role = Standing(filled.form.role)
    operations.set_role(here.db, here.place, here.viewer, person_id, role, now=here.now)
    return see(f"/s/{slug}/people")


@room.get("/s/<slug>/settings", access=InSpace(Action.LEAD))
def settings(here: Here, slug: str) -> ResponseReturnValue:
    """What a trekker may change."""
    space: SpaceHere = here.place
    return _settings(here, blank(title=space.title, what_for=space.what_for, level=space.level.value))


@room.post("/s/<slug>/settings", access=InSpace(Action.LEAD))
def change(here: Here, slug: str) -> ResponseReturnValue:
    """Keep them. Fewer readers is always possible; more takes the consent of the space."""
    filled = fill(Charter)
    if filled.form is None:
        return _settings(here, filled), 422
    form = filled.form
    try:
        operations.change(
            here.db,
            here.place,
            here.viewer,
            title=form.title,
            what_for=form.what_for,
            level=form.level,
            now=here.now,
        )
    except operations.WiderAudience as refused:
        return _settings(here, Filled(None, filled.typed, {"level": str(refused.sentence)})), refused.status
    return see(f"/s/{slug}/settings?done=saved")


def _settings(here: Here, filled: Filled[Any]) -> str:
    return render(
        "spaces/settings.html",
        **pages.frame(here, "settings"),
        filled=filled,
        levels=pages.level_choices(),
        doors=queries.doors_of(here.db, here.viewer, here.place),
        waiting=links.waiting(here.db, here.place),
        organisations=queries.organisations_of(here.db, here.viewer, here.place),
        fragments=slots.ask("space.settings", here, space=here.place),
        notices=done(pages.DONE),
    )
