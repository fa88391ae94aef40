"""An LMS that an admin types in: what follows from its own address, and whether every address really answers.

Nothing is stored here, and nothing asked inside a write transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.probe import Expect, Seen
from lti_tool.organisations.addresses import Reach, WrongInput
from lti_tool.organisations.addresses_seen import in_words, look
from lti_tool.web.language import _

ADDRESSES: dict[str, Expect] = {"jwks_url": "jwks", "token_url": "any", "auth_url": "any"}
"""What we go to by ourselves, and what must be there. The last is only for browsers, but the same server has it."""
_CANVAS = {"production": "", "beta": "beta.", "test": "test."}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one address, in sentences."""

    what: str
    how_long: str = ""
    who: str = ""
    passing: bool = False
    """The LMS is there but out of order, so it may be well later."""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.how_long, self.who) if part)


def preset(product: str, site: str, environment: str = "production") -> dict[str, str]:
    """Issuer and addresses that follow from the address of a Moodle or a Canvas; empty for another LMS.

    `environment`: `production`, `beta` or `test` of hosted Canvas, or `own` for one on a server of its own.
    Moodle: mod/lti/locallib.php, get_tool_type_config. Canvas: doc/api/lti_launch_overview.md.
    """
    site = _with_scheme(site)
    if not site:
        return {}
    if not _host(site):
        return dict.fromkeys(("issuer", *ADDRESSES), site)  # so that each is told to be none
    if product == "moodle":
        lti = f"{site}/mod/lti"
        return {
            "issuer": site,
            "jwks_url": f"{lti}/certs.php",
            "token_url": f"{lti}/token.php",
            "auth_url": f"{lti}/auth.php",
        }
    if product != "canvas":
        return {}
    parts = urlsplit(site)
    host = f"{parts.scheme}://{parts.netloc}"
    if environment == "own":
        # Canvas on one's own server keeps the hosted issuer unless somebody changed it (config/security.yml.example).
        issuer, there = "https://canvas.instructure.com", host
    else:
        step = _CANVAS[environment]
        issuer, there = f"https://canvas.{step}instructure.com", f"https://sso.{step}canvaslms.com"
    return {
        "issuer": issuer,
        "jwks_url": f"{there}/api/lti/security/jwks",
        "token_url": f"{host}/login/oauth2/token",
        "auth_url": f"{there}/api/lti/authorize_redirect",
    }


def _with_scheme(site: str) -> str:
    site = site.strip().rstrip("/")
    return site if not site or "://" in site or site.endswith(":") else f"https://{site}"


def site_problem(product: str, site: str, reach: Reach) -> Problem | None:
    """What is wrong with the address of a Moodle or a Canvas as somebody typed it, before anything is made from it."""
    site = _with_scheme(site)
    return _shape(site, reach) if site and product != "other" else None


def problems(typed: Mapping[str, str], reach: Reach) -> dict[str, Problem]:
    """What is wrong with the issuer and the addresses, by field; all are looked at, side by side.

    An address that can't be is not asked; one that is not asked twice.
    """
    found = {name: problem for name in ("issuer", *ADDRESSES) if (problem := _shape(typed[name], reach))}
    ask = {name: typed[name] for name in ADDRESSES if name not in found}
    with ThreadPoolExecutor(max_workers=len(ADDRESSES)) as pool:
        seen = dict(zip(ask, pool.map(lambda name: look(ask[name], reach, expect=ADDRESSES[name]), ask), strict=True))
    return found | {name: _problem(one) for name, one in seen.items() if not one.ok}


def _shape(url: str, reach: Reach) -> Problem | None:
    try:
        reach.check(url, "")
    except WrongInput:
        if _host(url) and (url.strip().lower().startswith("http://") and not reach.private):
            return Problem(_("Dit adres begint met http://. Dat moet https:// zijn."))
        if not _host(url) or not _host(url).partition("@")[2]:
            seen = look(url.strip(), reach)
            if not seen.ok:
                return _problem(seen)
        return Problem(_("Dit adres kan niet. Kopieer het precies zoals je LMS het laat zien."))
    return None


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).netloc
    except ValueError:
        return ""


def _problem(seen: Seen) -> Problem:
    return Problem(*in_words(seen), passing=seen.what == "status" and seen.status >= 500)
