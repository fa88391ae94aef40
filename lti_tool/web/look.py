"""Where the look of an organisation is served: over `style.css`, and in place of our mark."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import g, has_request_context


@dataclass(frozen=True)
class Look:
    """Addresses for a page; `logo` is empty where the organisation has none of its own."""

    name: str
    """Of the organisation, for who can't see its logo."""
    css: str
    logo: str


def version(slug: str, accent: str, logo_hash: str) -> str:
    """Changes with the look, so an address that carries it may be kept for ever."""
    return hashlib.sha256(f"1|{slug}|{accent}|{logo_hash}".encode()).hexdigest()[:16]


def look(slug: str, name: str, accent: str, logo_hash: str) -> Look | None:
    """The look of an organisation's pages; None when it is all Leerkring's own."""
    if not accent and not logo_hash:
        return None
    tag = version(slug, accent, logo_hash)
    return Look(
        name,
        f"/look/{slug}.css?v={tag}",
        f"/look/{slug}/logo.png?v={tag}" if logo_hash else "",
    )


def use(found: Look | None) -> None:
    """Show the rest of this request in this look: somebody comes in from that organisation's LMS, as yet without a
    session."""
    if has_request_context():
        g.look = found
