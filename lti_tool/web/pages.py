"""Rendering: where the templates are, what every page gets, and how static files are addressed."""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from lti_tool.web import language, slots, wishes
from lti_tool.web.look import Look, look

_INSIDE = Path(__file__).parent.parent / "_templates"
TEMPLATES = _INSIDE if _INSIDE.is_dir() else Path(__file__).parent.parent.parent / "templates"
STATIC = Path(__file__).parent / "static"
FRAMES = frozenset({"iframe", "frame", "embed", "object"})
"""Values of `Sec-Fetch-Dest` of a page inside another one."""
Notice = tuple[str, str, list[tuple[str, str]] | None]
"""Kind, text and actions of the macro `notice`."""


def environment() -> Environment:
    """The templates, in the wheel or in the checkout. An unknown name in a template is an error, not a blank."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.filters.update(language.FILTERS)
    env.globals.update(
        _=language._,
        gettext=language._,
        ngettext=language.ngettext,
        html_text=language.html,
        static_url=static_url,
        csrf=_csrf,
        person_mark=_person_mark,
        form_key=lambda: secrets.token_urlsafe(16),
        language=language.language,
        LANGUAGES=language.LANGUAGES,
        csp_nonce=csp_nonce,
        framed=framed,
        frame_hosts=frame_hosts,
        now=lambda: g.now,
    )
    return env


def render(template: str, **context: Any) -> str:
    """A page. Every template gets what `base.html` asks for besides what the view gives."""
    env: Environment = current_app.extensions["leerkring_pages"]
    viewer, here = g.get("viewer"), g.get("here")
    context.setdefault("viewer", viewer)
    context.setdefault("notices", [])
    if viewer is not None:
        context.setdefault("theme", viewer.theme)
        context.setdefault("look", look_of(viewer))
        context.setdefault("page", {"back": _back(viewer)})
        context.setdefault("own_tab", _own_tab(viewer))
        if here is not None and "account" not in context:
            context["account"] = slots.ask("account", here)
    context.setdefault("look", g.get("look"))
    return env.get_template(template).render(context)


def look_of(viewer: Any) -> Look | None:
    """How the pages of the viewer's organisation look."""
    return look(viewer.organisation_slug, viewer.organisation_name, viewer.accent, viewer.logo_hash)


def done(sentences: Mapping[str, object], actions: Sequence[tuple[str, str]] = ()) -> list[Notice]:
    """What the viewer just did, as notices: the sentence for the `?done=` that their form led to, if there is one.

    `sentences` by code, `actions` as (label, href). An address that carries it may be opened again; it changes nothing.
    """
    sentence = sentences.get(request.args.get("done", "")) if request.method == "GET" else None
    return [("done", str(sentence), list(actions))] if sentence else []


def fragment(template: str, **context: Any) -> Markup:
    """A part of a page, for a slot or for a script that asks for it. Gets only what is given."""
    env: Environment = current_app.extensions["leerkring_pages"]
    return Markup(env.get_template(template).render(context))  # noqa: S704 - rendered with escaping


def _back(viewer: Any) -> dict[str, Any] | None:
    """The way back to the course one came from; it leaves the frame."""
    if not viewer.back_href:
        return None
    course = viewer.back_label
    label = language._("Terug naar de cursus %(course)s", course=course) if course else language._("Terug")
    return {"href": viewer.back_href, "label": label, "top": True}


def framed() -> bool:
    """Whether the browser shows this answer in a frame. One that is too old to say so is taken for a frame where the
    session began in one; what an LMS says of its windows is not (Moodle calls a whole window a frame)."""
    if not has_request_context():
        return False
    destination = request.headers.get("Sec-Fetch-Dest")
    if destination is None:
        viewer = g.get("viewer")
        return bool(viewer and viewer.frame_hosts)
    return destination in FRAMES


def frame_hosts() -> str:
    """The origins that may show this answer in a frame, space separated; empty when that may be any."""
    viewer, hosts = g.get("viewer"), g.get("frame_hosts")
    return str(hosts if hosts is not None else viewer.frame_hosts if viewer else "")


def _own_tab(viewer: Any) -> str:
    """The path of this page, when it is one that is shown in a frame and can be opened in a tab."""
    return wishes.this_page() if viewer.frame_hosts and request.method == "GET" and framed() else ""


def csp_nonce() -> str:
    """The nonce of this answer; the scripts and styles of the page carry it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


@functools.cache
def static_url(name: str) -> str:
    """The address of a static file with its contents' hash, so that it may be cached for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _person_mark() -> str:
    from lti_tool.web.forms import person_mark

    return person_mark()


def _csrf() -> str:
    from lti_tool.web.forms import csrf_token

    return csrf_token()


def install(app: Flask) -> None:
    """Give the app its templates."""
    app.extensions["leerkring_pages"] = environment()
