"""The headers of every answer: what the browser may load, who may frame us, and that nothing is kept."""

from __future__ import annotations

import gzip

from flask import Flask, Response, g, request

from lti_tool.web.pages import csp_nonce

YEAR = 365 * 24 * 3600
_TEXT = {"text/css", "text/javascript", "application/javascript", "image/svg+xml"}


def install(app: Flask) -> None:
    """Put the headers on every answer."""

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["X-Request-Id"] = g.get("request_id", "")
        if request.endpoint == "static" and response.status_code in {200, 206, 304}:
            headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
            return _squeezed(response)
        headers.setdefault("Cache-Control", "private, no-store")
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = _policy(frame_ancestors())
        return response


def _squeezed(response: Response) -> Response:
    """Static text gzipped, so that the first view stays light. Never a page: it holds a secret beside what a
    reader wrote, and its compressed length would tell (BREACH)."""
    if response.status_code != 200 or response.mimetype not in _TEXT or request.method != "GET":
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"]:
        response.direct_passthrough = False
        response.set_data(gzip.compress(response.get_data(), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        # The ETag of the plain bytes, now weak.
        response.set_etag(response.get_etag()[0] or "", weak=True)
    return response


def frame_ancestors() -> str:
    """The hosts of the platform one came from. A page without a person in it (a refused launch, "open via
    your learning environment") may be shown in any frame: it holds nothing to click on that does anything."""
    hosts: str | None = g.get("frame_hosts")
    viewer = g.get("viewer")
    if hosts is None and viewer is not None:
        hosts = viewer.frame_hosts
    if hosts is None:
        return "*"
    return f"'self' {hosts}".strip()


def frame_only(hosts: str) -> None:
    """Let only these origins frame the answer, where there is no session to tell them."""
    g.frame_hosts = hosts


def form_to(target: str) -> None:
    """Let the form of this answer go to this origin, and nowhere else."""
    g.form_action = target


def _policy(ancestors: str) -> str:
    nonce, to = f"'nonce-{csp_nonce()}'", g.get("form_action", "'self'")
    return (
        f"default-src 'none'; script-src {nonce}; style-src 'self' {nonce}; img-src 'self'; font-src 'self'; "
        f"connect-src 'self'; form-action {to}; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )
