"""Every error a reader can meet, and the one place that turns it into a page or into problem+json.

Rooms raise a `Refusal`; they never build an error page themselves.
"""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Flask, Response, g, make_response, request
from werkzeug.exceptions import HTTPException

from lti_tool.web import wishes
from lti_tool.web.language import lazy
from lti_tool.web.pages import render

log = structlog.get_logger()


class Refusal(Exception):
    """Something can't be done. `code` is for the helpdesk, `status` for HTTP, the texts are for the reader."""

    code = "E00"
    status = 400
    title: lazy | str = lazy("Dit lukt niet")
    sentence: lazy | str = lazy("Ga terug en probeer het nog een keer.")
    template = "errors/refusal.html"

    def __init__(self, sentence: str | None = None, *, cause: str = "", **details: Any) -> None:
        super().__init__(cause or self.code)
        if sentence is not None:
            self.sentence = sentence
        self.cause = cause
        """For the log: why, without names, tokens or what anybody wrote."""
        self.details = details
        self.headers: dict[str, str] = {}
        """Further headers of the answer."""


class NotFound(Refusal):
    """It isn't there, or the reader may not learn that it is."""

    code, status = "E04", 404
    title = lazy("Deze pagina is er niet")
    sentence = lazy("Misschien is de link oud. Of je mag hier niet bij.")


class NotAllowed(Refusal):
    """The reader may know of it, but not do this."""

    code, status = "E03", 403
    title = lazy("Dit mag je hier niet")
    sentence = lazy("Vraag een trekker van deze ruimte om hulp.")


class JoinFirst(NotAllowed):
    """A colleague wants to write before joining."""

    code = "E05"
    title = lazy("Doe eerst mee")
    sentence = lazy("Lezen mag hier zo. Schrijven kan als je meedoet.")
    template = "errors/join_first.html"


class SignInFirst(Refusal):
    """Nobody is signed in, or no longer."""

    code, status = "E01", 401
    title = lazy("Open deze pagina via je leeromgeving")
    sentence = lazy("Ga naar je cursus in Moodle of Canvas. Klik daar op de link naar Leerkring.")
    template = "errors/sign_in_first.html"


class SomebodyElse(Refusal):
    """The form was made for another person than the one signed in in this browser."""

    code, status = "E02", 409
    title = lazy("Dit tabblad is van iemand anders")
    sentence = lazy("In deze browser is nu iemand anders binnen. Daarom is er niets geplaatst.")


class BadInput(Refusal):
    """A request that no form of ours would make."""

    code, status = "E06", 400


class TooLarge(Refusal):
    """The body is over the limit."""

    code, status = "E07", 413
    title = lazy("Dit is te groot om te versturen")
    sentence = lazy("Ga terug. Je tekst staat er nog. Maak hem korter en probeer het nog een keer.")


class WeAreDown(Refusal):
    """Our own fault."""

    code, status = "L12", 500
    title = lazy("Er ging bij ons iets mis")
    sentence = lazy("Dat ligt niet aan jou. Probeer het over een paar minuten nog een keer.")


_BY_STATUS: dict[int, type[Refusal]] = {404: NotFound, 413: TooLarge, 405: NotFound, 403: NotAllowed}


def answer(refusal: Refusal) -> Response:
    """The page, or problem+json under /api/."""
    if request.path.startswith("/api/"):
        response = problem(refusal.status, refusal.code, str(refusal.sentence))
        response.headers.update(refusal.headers)
        return response
    # The request's transaction is over: an error page asks nothing of the database.
    body = render(refusal.template, refusal=refusal, path=request.path, account=[], **refusal.details)
    response = make_response(body, refusal.status)
    if isinstance(refusal, SignInFirst):
        wishes.keep(response)
    return response


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": detail, "status": status, "code": code, **more}
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    return response


def install(app: Flask) -> None:
    """Catch everything: a refusal, what Flask raises, and what nobody foresaw."""

    @app.errorhandler(Refusal)
    def _refusal(error: Refusal) -> Response:
        log.info("refused", code=error.code, status=error.status, cause=error.cause)
        return answer(error)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        refusal = _BY_STATUS.get(error.code or 500, BadInput)()
        if error.code and (error.code not in _BY_STATUS or request.path.startswith("/api/")):
            refusal.status = error.code
        response = answer(refusal)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if value := dict(error.get_headers()).get(name):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _unforeseen(error: Exception) -> Response:
        # The type and the place, never the message: it may hold what somebody wrote.
        log.error("failed", error=type(error).__name__, where=_innermost(error), exc_info=app.debug)
        g.pop("viewer", None)
        return answer(WeAreDown())


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 3)[-1]}:{trace.tb_lineno}" if trace else ""
