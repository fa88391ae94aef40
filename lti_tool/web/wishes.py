"""Where somebody wanted to go when their session was over: kept for ten minutes in the browser, so that they land there
after coming in by their course again.

The cookie is partitioned: in the frame of one LMS it is that LMS's, in a tab it is the tab's. It opens nothing; the
page asks who comes, as ever. A script may add the fragment, which no server ever sees.
"""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

COOKIE = "__Host-leerkring-wish"
_LIFE = 600
_LONGEST = 1000
_NOT_PAGES = frozenset({"lti", "health", "reports.openapi"})


def is_page(path: object) -> bool:
    """Whether this is the path of a page of ours, with perhaps a query and a fragment: never another host, never what
    only a form leads to."""
    if not isinstance(path, str) or not 0 < len(path) <= _LONGEST or not path.isascii() or not path.isprintable():
        return False
    if not path.startswith("/") or path.startswith("//") or "\\" in path or " " in path:
        return False
    if {".", ".."} & set(unquote(urlsplit(path).path).split("/")):
        return False  # a browser makes another address of it
    try:
        endpoint, _ = current_app.url_map.bind("").match(unquote(urlsplit(path).path), method="GET")
    except (HTTPException, RequestRedirect, ValueError):
        return False
    return str(endpoint) != "static" and not _NOT_PAGES & {str(endpoint), str(endpoint).partition(".")[0]}


def this_page() -> str:
    """The path of this request with its query; of a form, the page that it stood on. Empty when there is none."""
    if request.method in {"GET", "HEAD"}:
        path = request.full_path.removesuffix("?")
    else:
        came_from = urlsplit(request.referrer or "")
        if came_from.netloc != request.host:
            return ""
        path = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    path = quote(path, safe="/?&=%+:,;@!$'()*~-._")
    return path if is_page(path) else ""


def keep(response: Response) -> None:
    """Remember in the browser where this request wanted to go, when that is a page."""
    if request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate" and (path := this_page()):
        _cookie(response, quote(path, safe=""), _LIFE)


def lead_on(door: str) -> str:
    """The page to land on: the one that was wished for, when it lies behind the door that was opened or is about
    oneself; else the door's own. Somebody who clicks another link wants to be there, and not where they were before."""
    wish = unquote(request.cookies.get(COOKIE, "")[: 3 * _LONGEST])
    behind = door.startswith("/s/") and door.count("/") == 2 and wish.startswith((f"{door}/", f"{door}?", f"{door}#"))
    return wish if (behind or wish.startswith("/me/")) and is_page(wish) else door


def forget(response: Response) -> None:
    """Take it back, where there is one."""
    if COOKIE in request.cookies:
        _cookie(response, "", 0)


def _cookie(response: Response, value: str, life: int) -> None:
    response.set_cookie(
        COOKIE, value, max_age=life, path="/", secure=True, httponly=False, samesite="None", partitioned=True
    )
