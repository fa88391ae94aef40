"""The look of an organisation: one colour for what one can do, a logo, and a language to begin with.

From the one colour follow the others, by day and in the dark, so that text keeps 7:1 and marks keep 3:1 on every
ground that they stand on. Who asks for extra contrast gets our own theme for that, without anybody's colour.
"""

from __future__ import annotations

import colorsys
import functools
import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select, update

from lti_tool.audit import operations as audit
from lti_tool.db import Session, insert
from lti_tool.organisations.models import Logo, Organisation
from lti_tool.web import themes
from lti_tool.web.themes import Colour, hexadecimal, mix, parse, ratio

TEXT, MARK = 7.0, 3.0
"""Contrast at least, for text and for marks (`looks/style.md`)."""
Theme = Literal["day", "dark"]
THEMES: tuple[Theme, ...] = ("day", "dark")
_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_C = "basis-color-"
_PAGE, _QUIET, _FIELD = f"{_C}default-bg-document", f"{_C}default-bg-subtle", "basis-form-control-background-color"
_GROUNDS = (_PAGE, _QUIET, _FIELD, f"{_C}highlight-bg-subtle", f"{_C}negative-bg-subtle")
_LOGO = ".logo { height: 44px; max-width: 130px; padding: 4px; border-radius: 6px; background: #FFF; }\n"
"""On white in every theme: it was drawn for paper."""
_TEXTS = (f"{_C}default-color-document", f"{_C}default-color-subtle")


@dataclass(frozen=True)
class Palette:
    """The colours of one theme that follow from the organisation's."""

    theme: Theme
    front: Colour
    """Links, outlines, the filled button."""
    hover: Colour
    on_button: Colour
    """Text on the filled button."""
    tint: Colour
    """Ground of panels and of "done"."""
    line: Colour
    """Second tint in charts."""
    decoration: Colour

    def tokens(self) -> dict[str, str]:
        """As the style sheet names them."""
        named = {
            "color-default": self.front,
            "color-hover": self.hover,
            "inverse-color-default": self.on_button,
            "bg-subtle": self.tint,
            "border-default": self.line,
            "border-subtle": self.decoration,
        }
        return {f"{_C}action-1-{name}": hexadecimal(colour) for name, colour in named.items()}


@dataclass(frozen=True)
class Contrast:
    """How well one thing stands out, as it is shown to the admin."""

    theme: Theme
    what: Literal["link", "link_on_tint", "button", "line"]
    ratio: float
    least: float

    @property
    def ok(self) -> bool:
        """Enough."""
        return self.ratio >= self.least


@functools.lru_cache(maxsize=256)
def palettes(accent: str) -> tuple[Palette, Palette]:
    """Day and dark for an accent (`#rrggbb`). Made so that all is readable when `passes(accent)`."""
    colour = parse(accent)
    if colour is None:
        raise ValueError("not a colour")
    return _day(colour), _dark(colour)


def passes(accent: str) -> bool:
    """Whether text in this colour can be read on every light ground of ours, and white text on a button of it."""
    return all(one.ok for one in contrasts(accent))


def contrasts(accent: str) -> list[Contrast]:
    """The real ratios, each the lowest over the grounds it stands on; by day first."""
    found = []
    for palette in palettes(accent):
        grounds = _grounds(palette.theme)
        page = _of(palette.theme, _PAGE)
        found += [
            Contrast(palette.theme, "link", min(ratio(palette.front, ground) for ground in grounds), TEXT),
            Contrast(palette.theme, "link_on_tint", ratio(palette.front, palette.tint), TEXT),
            Contrast(
                palette.theme,
                "button",
                min(ratio(palette.on_button, ground) for ground in (palette.front, palette.hover)),
                TEXT,
            ),
            Contrast(palette.theme, "line", ratio(palette.line, page), MARK),
        ]
    return found


def nearest(accent: str) -> str:
    """The nearest colour that passes: the same hue, so much darker as it takes."""
    colour = parse(accent)
    if colour is None:
        raise ValueError("not a colour")
    for step in range(101):
        candidate = hexadecimal(mix(colour, _BLACK, step / 100))
        if passes(candidate):
            return candidate
    raise AssertionError("black passes")


def stylesheet(accent: str, *, logo: bool = False) -> str:
    """What goes over `style.css` for the people of an organisation: tokens, none of them for extra contrast, and the
    place of a logo."""
    return (_colours(accent) if accent else "") + (_LOGO if logo else "")


def _colours(accent: str) -> str:
    day, dark = (_rules(palette) for palette in palettes(accent))
    # In a browser that can't be asked for more contrast, an unknown query is never true: it keeps our green.
    return (
        f':root[data-theme="day"] {{ {day} }}\n'
        f':root[data-theme="dark"] {{ {dark} }}\n'
        f"@media not all and (prefers-contrast: more) {{ :root:not([data-theme]) {{ {day} }} }}\n"
        f"@media (prefers-color-scheme: dark) {{ @media not all and (prefers-contrast: more) "
        f"{{ :root:not([data-theme]) {{ {dark} }} }} }}\n"
    )


def preview(accent: str) -> str:
    """Both themes side by side, whatever theme the page itself has: in `.look-day` and `.look-dark`."""
    parts = []
    for palette in palettes(accent):
        whole = {**themes.tokens(palette.theme), **palette.tokens()}
        front = whole[f"{_C}action-1-color-default"]
        whole |= {
            f"{_C}action-1-inverse-bg-default": front,
            f"{_C}action-1-inverse-bg-hover": whole[f"{_C}action-1-color-hover"],
        }
        rules = " ".join(f"--{name}: {value};" for name, value in whole.items())
        parts.append(f".look-{palette.theme} {{ {rules} color: var(--{_TEXTS[0]}); }}")
    return "\n".join(parts) + "\n"


def choose(
    db: Session,
    organisation_id: uuid.UUID,
    *,
    now: datetime,
    by: uuid.UUID | None = None,
    language: str | None = None,
    accent: str | None = None,
) -> None:
    """Keep the language or the colour; an empty colour is our own. Raises `ValueError` for one that doesn't pass."""
    values: dict[str, str] = {}
    if language is not None:
        values["language"] = language
    if accent is not None:
        if accent and not passes(accent):
            raise ValueError("this colour can't be read everywhere")
        values["accent"] = hexadecimal(parse(accent) or _BLACK) if accent else ""
    db.execute(update(Organisation).where(Organisation.id == organisation_id).values(**values))
    _note(db, organisation_id, "choose_look", now, by)


def keep_logo(
    db: Session, organisation_id: uuid.UUID, png: bytes | None, *, now: datetime, by: uuid.UUID | None = None
) -> None:
    """Keep a logo that `logos.remake` made, or take it away."""
    db.execute(delete(Logo).where(Logo.organisation_id == organisation_id))
    digest = hashlib.sha256(png).hexdigest() if png else ""
    if png:
        db.execute(insert(db, Logo).values(organisation_id=organisation_id, png=png))
    db.execute(update(Organisation).where(Organisation.id == organisation_id).values(logo_hash=digest))
    _note(db, organisation_id, "keep_logo" if png else "take_logo_away", now, by)


def of(db: Session, slug: str) -> tuple[str, str] | None:
    """Colour and logo hash of the organisation with this short name."""
    row = db.execute(select(Organisation.accent, Organisation.logo_hash).where(Organisation.slug == slug)).first()
    return (row.accent, row.logo_hash) if row else None


def logo_of(db: Session, slug: str) -> bytes | None:
    """Its logo, as PNG."""
    query = select(Logo.png).join(Organisation, Organisation.id == Logo.organisation_id)
    return db.scalar(query.where(Organisation.slug == slug))


def _day(colour: Colour) -> Palette:
    page = _of("day", _PAGE)
    # As strong a tint as our texts and the colour itself can be read on.
    tint = next(
        (ground for step in range(12, -1, -1) if _readable("day", ground := mix(page, colour, step / 100), colour)),
        page,
    )
    line = next(
        (lighter for step in range(80, 0, -1) if ratio(lighter := mix(colour, _WHITE, step / 100), page) >= MARK + 0.1),
        colour,
    )
    return Palette("day", colour, mix(colour, _BLACK, 0.28), _WHITE, tint, line, mix(colour, page, 0.6))


def _dark(colour: Colour) -> Palette:
    page = _of("dark", _PAGE)
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    for step in range(101):
        # The same hue, lighter; a full colour shines in the dark, so a little less of it.
        lighter = colorsys.hls_to_rgb(hue, lightness + (1 - lightness) * step / 100, min(saturation, 0.6))
        front = mix(lighter, _WHITE, 0)
        tint = mix(page, front, 0.1)
        on_button = mix(mix(front, _BLACK, 0.9), _BLACK, 0.1)
        readable = all(ratio(front, ground) >= TEXT for ground in _grounds("dark"))
        if readable and _readable("dark", tint, front) and ratio(on_button, front) >= TEXT:
            break
    return Palette(
        "dark",
        front,
        mix(front, _WHITE, 0.4),
        on_button,
        tint,
        next((one for s in range(100) if ratio(one := mix(page, front, s / 100), page) >= MARK + 0.1), front),
        mix(page, front, 0.4),
    )


def _readable(theme: Theme, ground: Colour, front: Colour) -> bool:
    return all(ratio(text, ground) >= TEXT for text in (front, *(_of(theme, name) for name in _TEXTS)))


def _grounds(theme: Theme) -> list[Colour]:
    return [_of(theme, name) for name in _GROUNDS]


def _of(theme: Theme, token: str) -> Colour:
    return parse(themes.tokens(theme)[token]) or _BLACK


def _rules(palette: Palette) -> str:
    return " ".join(f"--{name}: {value};" for name, value in palette.tokens().items())


def _note(db: Session, organisation_id: uuid.UUID, action: str, now: datetime, by: uuid.UUID | None) -> None:
    audit.note(
        db,
        organisation_id=organisation_id,
        actor_id=by,
        action=f"organisations.{action}",
        subject=f"organisation:{organisation_id}",
        now=now,
    )
