"""Structured logs: one line a request, with an id to ask for and without anybody's name, words or tokens."""

from __future__ import annotations

import logging
import secrets
import sys
import time

import structlog
from flask import Flask, Response, g, request


def configure(*, json: bool = True) -> None:
    """Write logs to standard error, as JSON or, for people at a terminal, as text."""
    renderer = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


log = structlog.get_logger()


def install(app: Flask) -> None:
    """Give every request an id, and log it by the name of its route: an address may tell which space it was."""

    @app.before_request
    def _begin() -> None:
        g.started = time.perf_counter()
        g.request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        if request.endpoint not in {"static", "health.healthz"} and not app.testing:
            log.info(
                "request",
                route=request.endpoint,
                method=request.method,
                status=response.status_code,
                ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
            )
        return response
