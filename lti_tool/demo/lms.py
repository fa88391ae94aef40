"""The practice LMS: course pages of two made-up organisations, each an honest LTI platform of its own.

It looks like somebody else's system on purpose. It runs on `127.0.0.1` while the tool runs on `localhost`, so the
frame is on another site, as in a hospital.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, abort, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from lti_tool.demo import content
from lti_tool.demo.frames import Frames
from lti_tool.demo.platform import (
    INSTRUCTOR,
    LEARNER,
    Course,
    FormPost,
    Link,
    Platform,
    Tool,
    User,
    Visit,
    endpoints,
)
from lti_tool.web.pages import environment

SYSTEM_ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
_ROLES = {"learner": (LEARNER,), "teacher": (INSTRUCTOR,), "admin": (SYSTEM_ADMINISTRATOR,)}
OFFICE_PAGES = {"hr": ("reports", "Rapport leren van elkaar"), "admin": ("admin", "Beheer van Leerkring")}
"""Where the LMS's own menu leads people with a role in the organisation: custom field `page`, title."""


def client_id(organisation: str) -> str:
    """The tool's client id at the LMS of an organisation."""
    return f"leerkring-at-{organisation}"


def platform_for(origin: str, tool: str, organisation: content.Organisation, **more: object) -> Platform:
    """The LMS of an organisation, with the tool registered. `origin` and `tool` are addresses without a slash."""
    registered = Tool(client_id(organisation.slug), "1", f"{tool}/lti/login", f"{tool}/lti/launch", f"{tool}/lti/jwks")
    return Platform(
        f"{origin}/{organisation.slug}",
        tools=[registered],
        name=organisation.lms,
        product="moodle",
        **more,  # type: ignore[arg-type]
    )


def visit_of(platform: Platform, person: content.Person, course: content.Course, item: content.Item) -> Visit:
    """Somebody clicks a link of a course."""
    (tool,) = platform.tools.values()
    number = course.links.index(item) + 1
    link = Link(f"{course.key}-{number}", item.title)
    return _visit(platform, tool, person, course, link)


def office_visit(platform: Platform, person: content.Person, course: content.Course) -> Visit:
    """HR or the admin opens their own page from the LMS's menu."""
    (tool,) = platform.tools.values()
    page, title = OFFICE_PAGES[person.grant]
    return _visit(platform, tool, person, course, Link(f"menu-{page}", title, custom={"page": page}))


def _visit(platform: Platform, tool: Tool, person: content.Person, course: content.Course, link: Link) -> Visit:
    given, _, family = person.name.partition(" ")
    user = User(
        subject=f"{person.organisation}-{person.key}",
        name=person.name,
        given_name=given,
        family_name=family,
        staff_number=person.number,
    )
    back = f"{platform.issuer}/course/view.php?id={course.key}"
    return Visit(tool, user, Course(course.key, course.title), link, _ROLES[person.role], back)


def create_app(
    platforms: dict[str, Platform], frames: Frames, more: Mapping[str, Flask] | None = None
) -> Callable[..., object]:
    """The practice LMS as one WSGI app: the course pages, and each platform's own addresses below its name. `more`:
    further apps by the name they stand below."""
    world = content.load()
    pages = Flask("lti_tool.demo", static_folder="static", static_url_path="/static-lms")
    env = environment()

    def show(template: str, **values: object) -> str:
        g.lms_nonce = secrets.token_urlsafe(12)
        return env.get_template(f"demo/{template}").render(nonce=g.lms_nonce, **values)

    @pages.get("/")
    def home() -> ResponseReturnValue:
        return redirect(f"/course/{world.courses[0].key}")

    @pages.get("/course/<key>")
    def course(key: str) -> ResponseReturnValue:
        return show(
            "course.html",
            course=_course(world, key),
            courses=world.courses,
            lms=_lms(world, _course(world, key)),
            personas=world.personas,
            chosen=request.args.get("as", world.personas[0].key),
            choices=_choices(world),
        )

    @pages.get("/walk-in")
    def walk_in() -> ResponseReturnValue:
        person = _person(world, request.args.get("as", ""))
        wanted = _course(world, request.args.get("course", ""))
        own = wanted if wanted.organisation == person.organisation else _first_course(world, person.organisation)
        frames.cookies = request.args.get("cookies") != "off"
        if person.grant in OFFICE_PAGES:
            item, title = "office", OFFICE_PAGES[person.grant][1]
        else:
            item, title = _item(own, request.args.get("item", ""), wanted)
        return show(
            "activity.html", course=own, lms=_lms(world, own), person=person, title=title,
            frame=f"/{own.organisation}/launch?as={person.key}&course={own.key}&item={item}",
        )  # fmt: skip

    @pages.after_request
    def _headers(response: Response) -> Response:
        return _secured(response)

    mounts: dict[str, Any] = {f"/{slug}": _platform_app(slug, platform, world) for slug, platform in platforms.items()}
    mounts.update({f"/{slug}": app for slug, app in (more or {}).items()})
    return DispatcherMiddleware(pages, mounts)


def _platform_app(slug: str, platform: Platform, world: content.World) -> Flask:
    app = Flask(f"lti_tool.demo.{slug}", static_folder=None)
    app.register_blueprint(endpoints(platform))

    @app.get("/launch")
    def launch() -> ResponseReturnValue:
        person = _person(world, request.args.get("as", ""))
        course = _course(world, request.args.get("course", ""))
        if person.organisation != slug or course.organisation != slug:
            abort(404)
        wanted = request.args.get("item", "")
        if wanted == "office" and person.grant in OFFICE_PAGES:
            form = platform.begin(office_visit(platform, person, course))
        else:
            number = int(wanted) if wanted.isdecimal() else 0
            if not 1 <= number <= len(course.links):
                abort(404)
            form = platform.begin(visit_of(platform, person, course, course.links[number - 1]))
        return _sent_by_itself(form)

    @app.get("/course/view.php")
    def back() -> ResponseReturnValue:
        return redirect(f"/course/{_course(world, request.args.get('id', '')).key}")

    return app


def _sent_by_itself(form: FormPost) -> Response:
    return Response(form.html(), content_type="text/html; charset=utf-8")


def _secured(response: Response) -> Response:
    nonce = g.get("lms_nonce", "")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'nonce-{nonce}'; frame-src 'self' http://localhost:*; base-uri 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _person(world: content.World, key: str) -> content.Person:
    return next((person for person in world.people if person.key == key), None) or abort(404)


def _course(world: content.World, key: str) -> content.Course:
    return next((course for course in world.courses if course.key == key), None) or abort(404)


def _first_course(world: content.World, organisation: str) -> content.Course:
    return next(course for course in world.courses if course.organisation == organisation)


def _lms(world: content.World, course: content.Course) -> content.Organisation:
    return next(o for o in world.organisations if o.slug == course.organisation)


def _choices(world: content.World) -> dict[str, str]:
    """What the button says, by persona."""
    return {p.key: p.name.split()[0] if p.name else "iemand zonder naam" for p in world.personas}


def _item(own: content.Course, given: str, wanted: content.Course) -> tuple[str, str]:
    """The link to open: the one chosen, or in another organisation's course the link to the same space."""
    number = int(given) if given.isdecimal() and 1 <= int(given) <= len(wanted.links) else 1
    chosen = wanted.links[number - 1]
    if own is wanted:
        return str(number), chosen.title
    same = [n for n, item in enumerate(own.links, 1) if item.space and item.space == chosen.space] or [1]
    return str(same[0]), own.links[same[0] - 1].title
