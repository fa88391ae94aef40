"""How a request enters a room: every route declares who may come in, and gets one transaction.

A GET reads on one consistent view and can't write. A POST is a writer from its first statement; it is rolled
back when the answer is an error. Routes whose view talks to the outside world say `transaction="own"`: they get no
`db`, and a second click is theirs to make harmless.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from flask import Blueprint, Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue

from lti_tool.db import Session
from lti_tool.settings import Settings
from lti_tool.web import forms, session
from lti_tool.web.errors import NotFound, Refusal, SignInFirst
from lti_tool.web.runtime import runtime

View = Callable[..., ResponseReturnValue]


@dataclass
class Here:
    """One request: who, where, when, and the transaction it runs in."""

    db: Session
    viewer: Any
    """`people.viewer.Viewer`, or None for a stranger."""
    now: datetime
    settings: Settings
    place: Any = None
    """What the route's access found, for example the space."""
    arguments: dict[str, Any] = field(default_factory=dict)


Rescue = Callable[[Here], None]
"""Keeps what was typed in a form that was refused. `here.place` is None when it was the access that refused."""


class Access(Protocol):
    """Who may come in. `admit` raises a `Refusal`, or returns the place."""

    @property
    def name(self) -> str:
        """For the access tests."""

    def admit(self, here: Here) -> Any:
        """Let in, or refuse."""


ROUTES: dict[str, Access] = {}
"""Endpoint to what it declared; the access tests are generated from this."""


class _Public:
    """Anybody, also without a session."""

    name = "public"

    def admit(self, here: Here) -> None:
        """Always."""


class _SignedIn:
    """Anybody with a session; the page shows only what is their own or what queries allow them."""

    name = "signed in"

    def admit(self, here: Here) -> None:
        """Refuses strangers."""
        if here.viewer is None:
            raise SignInFirst


@dataclass(frozen=True)
class OrganisationRole:
    """Somebody to whom the organisation gave one of these roles. No role of an LMS counts."""

    roles: frozenset[str]

    def __init__(self, *roles: str) -> None:
        object.__setattr__(self, "roles", frozenset(roles))

    @property
    def name(self) -> str:
        """For the access tests."""
        return "organisation: " + ", ".join(sorted(self.roles))

    def admit(self, here: Here) -> None:
        """Refuses strangers, and answers the others as if it weren't there."""
        if here.viewer is None:
            raise SignInFirst
        if not self.roles & here.viewer.roles:
            raise NotFound


PUBLIC: Access = _Public()
SIGNED_IN: Access = _SignedIn()


class _Undo(Exception):
    """Carries an error page out of a transaction that must not be kept."""

    def __init__(self, response: Response) -> None:
        self.response = response


class Room(Blueprint):
    """The views of one room. A route without `access=` can't be made."""

    def get(self, rule: str, *, access: Access, **options: Any) -> Callable[[View], View]:  # type: ignore[override]
        """A page."""
        return self._declare("GET", rule, access, **options)

    def post(self, rule: str, *, access: Access, **options: Any) -> Callable[[View], View]:  # type: ignore[override]
        """A form."""
        return self._declare("POST", rule, access, **options)

    def _declare(
        self,
        method: str,
        rule: str,
        access: Access,
        *,
        transaction: Literal["request", "own"] = "request",
        csrf: bool = True,
        rescue: Rescue | None = None,
        endpoint: str | None = None,
    ) -> Callable[[View], View]:
        def wrap(view: View) -> View:
            name = endpoint or view.__name__
            entered = _enter(view, access, writes=method == "POST", own=transaction == "own", csrf=csrf)
            if rescue:
                entered = _rescued(entered, rescue)
            self.add_url_rule(rule, name, entered, methods=[method])
            ROUTES[f"{self.name}.{name}"] = access
            return view

        return wrap


def _enter(view: View, access: Access, *, writes: bool, own: bool, csrf: bool) -> View:
    @functools.wraps(view)
    def enter(**arguments: Any) -> ResponseReturnValue:
        if "\0" in request.path:
            raise NotFound(cause="a character that no address of ours has")  # and that PostgreSQL refuses
        rt = runtime()
        if own and access is PUBLIC:
            return view(Here(None, None, g.now, rt.settings, arguments=arguments), **arguments)  # type: ignore[arg-type]
        unreadable = forms.receive() if writes else None
        if own:
            with rt.database.reading() as db:
                here = g.here = Here(db, load_viewer(db, g.now), g.now, rt.settings, arguments=arguments)
                if unreadable:
                    raise unreadable
                if writes and csrf:
                    forms.check_csrf()
                here.place = access.admit(here)
            return view(replace(here, db=None), **arguments)  # type: ignore[arg-type]
        try:
            with rt.database.writing() if writes else rt.database.reading() as db:
                here = g.here = Here(db, load_viewer(db, g.now), g.now, rt.settings, arguments=arguments)
                if unreadable:
                    raise unreadable
                if writes and csrf:
                    forms.check_csrf()
                    g.form_is_theirs = True
                # Before access: whoever left by a double click is no member any more at the second.
                if writes and (before := forms.take_receipt(db)):
                    return before
                here.place = access.admit(here)
                response = make_response(view(here, **arguments))
                if writes:
                    if response.status_code >= 400:
                        raise _Undo(response)
                    forms.sign_receipt(db, response.headers.get("Location", ""))
        except _Undo as undo:
            return undo.response
        run_after_commit()
        if g.get("viewer") is not None:
            session.touch(rt.database, g.viewer.session_id, g.viewer.seen_at, g.now)
        return response

    return enter


def _rescued(entered: View, rescue: Rescue) -> View:
    """Keep what somebody typed when their form was not accepted, in a transaction of its own."""

    def keep() -> None:
        if g.get("form_is_theirs"):
            with runtime().database.writing() as db:
                rescue(replace(g.here, db=db))

    @functools.wraps(entered)
    def enter(**arguments: Any) -> ResponseReturnValue:
        try:
            response = make_response(entered(**arguments))
        except Refusal as refusal:
            keep()
            refusal.details.setdefault("typed", forms.typed_texts())
            raise
        if response.status_code >= 400:
            keep()
        return response

    return enter


ViewerLoader = Callable[[Session, str, datetime], Any]
_loader: list[ViewerLoader] = []


def set_viewer_loader(loader: ViewerLoader) -> None:
    """`people` says how a session's cookie becomes a viewer."""
    _loader[:] = [loader]


def load_viewer(db: Session, now: datetime) -> Any:
    """The viewer of this request, or None; also remembered for templates and forms."""
    token = session.current_token()
    g.viewer = _loader[0](db, token, now) if token and _loader else None
    return g.viewer


def exists(path: str) -> bool:
    """Some room serves this fixed address. A page may link to a room above it, which need not be there."""
    return any(rule.rule == path for rule in current_app.url_map.iter_rules())


def after_commit(what: Callable[[], None]) -> None:
    """Do something when the request's transaction is over, for example a short read mark after a GET."""
    g.setdefault("after_commit", []).append(what)


def run_after_commit() -> None:
    """Run what was left for after the transaction."""
    for what in g.pop("after_commit", []):
        what()
