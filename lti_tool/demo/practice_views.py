"""The pages of the Oefenziekenhuis: somebody else's LMS, with an admin, a teacher and learners.

Nobody signs in: `as` in the address says who is at the browser, so that one tab can be everybody in turn.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.demo.frames import Frames
from lti_tool.demo.platform import Room, Unacceptable, Visit, endpoints
from lti_tool.demo.practice import PRODUCTS, Practice, PracticePerson, world
from lti_tool.web.pages import environment

_SITES = ("http://localhost", "http://127.0.0.1")


def create_app(practice: Practice, frames: Frames) -> Flask:
    """The LMS below its own name."""
    app = Flask("lti_tool.demo.practice", static_folder=None)
    platform, env = practice.platform, environment()
    app.register_blueprint(endpoints(platform))

    def show(template: str, who: PracticePerson, status: int = 200, **values: object) -> ResponseReturnValue:
        page = env.get_template(f"demo/practice/{template}").render(
            nonce=_nonce(),
            lms=world(),
            people=world().people,
            who=who,
            here=url_for,
            product=platform.product,
            base=request.script_root,
            first_course=world().courses[0].key,
            **values,
        )
        return page, status

    @app.get("/")
    def home() -> ResponseReturnValue:
        return show("home.html", world().first("learner"), rooms=platform.rooms.values())

    def tools_page(status: int = 200, wrong: str | None = None) -> ResponseReturnValue:
        tools = list(platform.tools.values())
        return show("office.html", world().first("admin"), status, tools=tools, products=PRODUCTS, wrong=wrong)

    @app.get("/beheer")
    def office() -> ResponseReturnValue:
        return tools_page()

    @app.get("/mod/lti/toolconfigure.php")
    def as_in_moodle() -> ResponseReturnValue:
        return redirect(url_for("office"))

    @app.route("/bericht", methods=["GET", "POST"])
    def letter() -> ResponseReturnValue:
        asked = request.form.get("what", "")
        code = practice.letters.code() if asked == "code" else ""
        sign_in = practice.letters.sign_in() if asked == "console" else ""
        address = practice.register_url
        return show("letter.html", world().first("admin"), code=code, sign_in=sign_in, address=address)

    @app.get("/beheer/toevoegen")
    def add() -> ResponseReturnValue:
        url = request.args.get("url", "").strip()
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            return tools_page(400, url)
        same = [tool for tool in platform.tools.values() if urlsplit(tool.launch_url).netloc == parts.netloc]
        update = request.args.get("update", "")
        if same and not update and not platform.is_canvas:
            return show("again.html", world().first("admin"), url=url, tools=same)
        known = update if update in platform.tools else ""
        return show("register.html", world().first("admin"), frame=platform.registrar.invite(url, update=known))

    @app.post("/beheer/tools/<client_id>")
    def change_tool(client_id: str) -> ResponseReturnValue:
        if client_id not in platform.tools:
            abort(404)
        if request.form.get("what") == "activate":
            practice.activate(client_id)
        elif request.form.get("what") == "remove":
            practice.remove(client_id)
        return redirect(url_for("office"), 303)

    @app.post("/beheer/soort")
    def switch() -> ResponseReturnValue:
        if request.form.get("product") in PRODUCTS:
            practice.switch_product(request.form["product"])
        return redirect(url_for("office"), 303)

    @app.get("/opslag")
    def storage() -> ResponseReturnValue:
        return show("storage.html", world().first("learner"))

    _course_pages(app, practice, show, frames)

    @app.after_request
    def headers(response: Response) -> Response:
        if "lms_nonce" in g:  # the platform's own addresses have nothing but a form that sends itself
            response.headers["Content-Security-Policy"] = (
                f"default-src 'self'; script-src 'nonce-{_nonce()}'; base-uri 'none'; "
                f"frame-src 'self' {' '.join(f'{site}:*' for site in _SITES)}"
            )
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _course_pages(app: Flask, practice: Practice, show: Any, frames: Frames) -> None:
    platform = practice.platform

    def course(key: str) -> Room:
        return practice.room(key) or abort(404)

    def course_page(room: Room, who: PracticePerson, status: int = 200, **values: object) -> ResponseReturnValue:
        intro = practice.intros[room.course.id]
        rooms = list(platform.rooms.values())
        page: ResponseReturnValue = show(
            "course.html", who, status, room=room, intro=intro, rooms=rooms, tool=practice.tool, **values
        )
        return page

    @app.get("/cursus/<key>")
    def course_of(key: str) -> ResponseReturnValue:
        picking = request.args.get("kies") == "ja" and practice.tool is not None
        return course_page(course(key), _who(), picking=picking, added=request.args.get("erbij", ""))

    @app.post("/cursus/<key>/kopie")
    def copy(key: str) -> ResponseReturnValue:
        course(key)
        made = practice.copy(key)
        return redirect(f"{url_for('course_of', key=made.course.id)}?as={_who().key}", 303)

    @app.route("/cursus/<key>/deelnemers", methods=["GET", "POST"])
    def people(key: str) -> ResponseReturnValue:
        room = course(key)
        if request.method == "POST":
            practice.enrol(room, request.form.get("person", ""), inside=request.form.get("what") == "in")
            return redirect(f"{url_for('people', key=key)}?as={_who().key}", 303)
        inside = {one.user.subject for one in room.people}
        return show("people.html", _who(), room=room, everybody=world().everybody, inside=inside)  # type: ignore[no-any-return]

    @app.get("/cursus/<key>/cijfers")
    def grades(key: str) -> ResponseReturnValue:
        return show("grades.html", _who(), room=course(key))  # type: ignore[no-any-return]

    @app.get("/cursus/<key>/activiteit/<link_id>")
    def activity(key: str, link_id: str) -> ResponseReturnValue:
        room = course(key)
        link = room.link(link_id) or abort(404)
        frames.cookies = request.args.get("cookies") != "off"
        return show("activity.html", _who(), room=room, link=link, cookies=frames.cookies)  # type: ignore[no-any-return]

    @app.get("/cursus/<key>/start/<link_id>")
    def launch(key: str, link_id: str) -> ResponseReturnValue:
        room = course(key)
        return _sent(practice, practice.visit(_who(), room, room.link(link_id) or abort(404)))

    @app.get("/menu")
    def menu() -> ResponseReturnValue:
        key = request.args.get("cursus", "")
        room = course(key) if key else None
        frames.cookies = True
        return show("menu.html", _who(), room=room)  # type: ignore[no-any-return]

    @app.get("/menu/start")
    def menu_launch() -> ResponseReturnValue:
        key = request.args.get("cursus", "")
        return _sent(practice, practice.menu_visit(_who(), course(key) if key else None))

    @app.get("/cursus/<key>/kies")
    def pick(key: str) -> ResponseReturnValue:
        return _sent(practice, practice.pick(_who(), course(key)))

    @app.post("/lti/deep-link")
    def picked() -> ResponseReturnValue:
        teacher = world().first("teacher")
        try:
            answered = platform.pickings.take(request.args.get("key", ""), request.form.get("JWT", ""))
        except Unacceptable as error:
            return show("picked.html", teacher, error.status, why=error.why)  # type: ignore[no-any-return]
        added = "&erbij=" + str(len(answered.links))
        back = f"{url_for('course_of', key=answered.course)}?as={teacher.key}{added}"
        return show("picked.html", teacher, back=back, many=len(answered.links))  # type: ignore[no-any-return]


def _sent(practice: Practice, visit: Visit | None) -> Response:
    if visit is None:
        return Response("<p>Er staat geen externe tool aan.</p>", 404, content_type="text/html; charset=utf-8")
    form = practice.platform.begin(visit)
    return Response(form.html(_nonce()), content_type="text/html; charset=utf-8")


def _nonce() -> str:
    if "lms_nonce" not in g:
        g.lms_nonce = secrets.token_urlsafe(12)
    return str(g.lms_nonce)


def _who() -> PracticePerson:
    return world().person(request.values.get("as", "")) or world().first("learner")
