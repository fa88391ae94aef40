"""The colours of our own themes, read from `style.css`, and what contrast they give.

Contrast: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

import functools
import re

from lti_tool.web.pages import STATIC

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""

_BEGIN = {"day": r"\n:root", "dark": r':root\[data-theme="dark"\]'}


@functools.cache
def tokens(theme: str) -> dict[str, str]:
    """Name to `#rrggbb` of a theme, `day` or `dark`; what the dark one leaves open is as by day. Other values of the
    style sheet are left out."""
    css = (STATIC / "style.css").read_text("utf-8")
    found = re.search(_BEGIN[theme] + r"\s*\{(.*?)\}", css, re.S)
    if not found:
        raise LookupError(f"style.css has no theme {theme}")
    own = {name: _full(value) for name, value in re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{3,6})\s*;", found[1])}
    return own if theme == "day" else {**tokens("day"), **own}


def parse(text: str) -> Colour | None:
    """The colour of `#rrggbb`, `rrggbb` or `#rgb`; None when it is none."""
    digits = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}", digits, re.ASCII):
        return None
    digits = _full(digits).removeprefix("#")
    return int(digits[:2], 16) / 255, int(digits[2:4], 16) / 255, int(digits[4:], 16) / 255


def hexadecimal(colour: Colour) -> str:
    """`#RRGGBB`."""
    return "#" + "".join(f"{round(part * 255):02X}" for part in colour)


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """`share` (0 to 1) of the other colour in this one, rounded to what a screen can show."""
    mixed = tuple(a + (b - a) * share for a, b in zip(colour, other, strict=True))
    return tuple(round(part * 255) / 255 for part in mixed)  # type: ignore[return-value]


def ratio(front: Colour, back: Colour) -> float:
    """The contrast of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(front), _luminance(back)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _full(value: str) -> str:
    digits = value.removeprefix("#")
    return "#" + ("".join(d * 2 for d in digits) if len(digits) == 3 else digits).upper()
