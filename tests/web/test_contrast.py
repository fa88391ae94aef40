"""Every theme keeps its promise: text at 7:1 or more on its ground, marks and control borders at 3:1."""

from __future__ import annotations

import re

import pytest

from lti_tool.web.pages import STATIC

CSS = (STATIC / "style.css").read_text("utf-8")


def _tokens(pattern: str) -> dict[str, str]:
    found = re.search(pattern + r"\s*\{(.*?)\}", CSS, re.S)
    assert found, pattern
    return dict(re.findall(r"--(?:basis-color-|basis-|)([\w-]+):\s*([^;]+);", found[1]))


DAY = _tokens(r"\n:root")
DARK = _tokens(r':root\[data-theme="dark"\]')
CONTRAST = _tokens(r':root\[data-theme="contrast"\]')
THEMES = {"day": DAY, "dark": DAY | DARK, "contrast": DAY | CONTRAST}


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ratio(theme: str, front: str, back: str) -> float:
    def colour(name: str) -> str:
        value = THEMES[theme][name]
        alias = re.fullmatch(r"var\(--(?:basis-color-|basis-|)([\w-]+)\)", value)
        return colour(alias[1]) if alias else value

    lighter, darker = sorted((_luminance(colour(front)), _luminance(colour(back))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


PAGE, QUIET, FIELD = "default-bg-document", "default-bg-subtle", "form-control-background-color"
DONE, CAREFUL, FAULT = "action-1-bg-subtle", "highlight-bg-subtle", "negative-bg-subtle"
TEXT = [
    *[("default-color-document", ground) for ground in (PAGE, QUIET, FIELD, DONE, CAREFUL, FAULT)],
    *[("default-color-subtle", ground) for ground in (PAGE, QUIET, FIELD, DONE, FAULT)],
    *[("action-1-color-default", ground) for ground in (PAGE, QUIET, FIELD, DONE, CAREFUL, FAULT)],
    *[("action-1-color-hover", ground) for ground in (PAGE, FIELD, DONE)],
    ("action-1-inverse-color-default", "action-1-inverse-bg-default"),
    ("action-1-inverse-color-default", "action-1-inverse-bg-hover"),
    ("highlight-color-default", PAGE),
    ("highlight-color-default", CAREFUL),
    ("negative-color-default", PAGE),
    ("negative-color-default", FAULT),
    *[("default-color-document", f"leerkring-avatar-{n}") for n in range(1, 7)],
]
MARKS = [
    *[("form-control-border-color", ground) for ground in (PAGE, QUIET, FIELD, CAREFUL, FAULT)],
    ("action-1-border-default", PAGE),
    ("highlight-border-default", PAGE),
    ("highlight-border-default", CAREFUL),
    ("focus-outline-color", PAGE),
    ("focus-outline-color", FIELD),
    ("focus-outline-color", "focus-inverse-outline-color"),
]
# As style.md gives them; they may only get better.
STATED = {
    "day": [("default-color-document", 15.8), ("default-color-subtle", 8.3), ("action-1-color-default", 8.5)],
    "dark": [
        ("default-color-document", 14.7),
        ("default-color-subtle", 9.7),
        ("action-1-color-default", 10.1),
    ],
    "contrast": [
        ("default-color-document", 21),
        ("default-color-subtle", 17.4),
        ("action-1-color-default", 12.3),
    ],
}


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_every_ground(theme: str) -> None:
    weak = {pair: round(_ratio(theme, *pair), 2) for pair in TEXT if _ratio(theme, *pair) < 7}
    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_borders_of_controls_can_be_seen(theme: str) -> None:
    weak = {pair: round(_ratio(theme, *pair), 2) for pair in MARKS if _ratio(theme, *pair) < 3}
    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_the_ratios_are_those_of_the_style_note(theme: str) -> None:
    for token, stated in STATED[theme]:
        assert _ratio(theme, token, PAGE) >= stated - 0.06, token


@pytest.mark.parametrize(
    ("query", "theme"), [("prefers-color-scheme: dark", DARK), ("prefers-contrast: more", CONTRAST)]
)
def test_the_theme_one_asks_for_is_the_theme_one_chooses(query: str, theme: dict[str, str]) -> None:
    assert _tokens(rf"@media \({query}\) \{{ :root:not\(\[data-theme\]\)") == theme
