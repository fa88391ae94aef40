"""The parts of style.md as pages with made-up content: an aid to look at them and to run axe over them.

`python -m tests.web.style_sheet FOLDER` writes them with the static files beside them, one per theme.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from lti_tool.web import pages

SAMPLES = Path(__file__).parent / "looks"
ICONS = re.findall(r'<symbol id="([^"]+)"', (pages.STATIC / "icons.svg").read_text("utf-8"))

_POST: dict[str, Any] = {
    "href": "/s/delier/t/1",
    "actions": [("Dank je", "#"), ("Herken ik", "#"), ("Antwoord", "#")],
    "more": [("Kopieer de link", "#"), ("Meld dit bericht", "#")],
}
POSTS: list[dict[str, Any]] = [
    _POST
    | {
        "number": 1,
        "name": "Noor de Wit",
        "initials": "NW",
        "seed": 0,
        "chips": ["trekker"],
        "meta": "verpleegkundige, IC-A",
        "when": "di 24 nov, 14:02",
        "html": Markup(
            "<p>Overdag lukt het bij ons goed. ’s Nachts slaan we de meting vaak over. De zaal is donker en "
            "iemand slaapt net.</p><p>Wie doet het wel, en hoe pak je dat aan?</p>"
        ),
    },
    _POST
    | {
        "number": 2,
        "name": "Ali Haddad",
        "initials": "AH",
        "seed": 3,
        "meta": "Medium care",
        "when": "di 24 nov, 16:40",
        "reply": True,
        "reply_to": 1,
        "state": ("mirror", "Geschreven in Moodle"),
        "html": Markup(
            "<p>Wij meten om 02:00, samen met de controle van de lijnen. Dan is iemand toch even wakker.</p>"
        ),
    },
    _POST
    | {
        "number": 3,
        "name": "Anoniem",
        "initials": None,
        "new": True,
        "meta": "collega’s zien de naam niet, de trekkers wel",
        "when": "wo 25 nov",
        "html": Markup(
            "<p>Ik durf het bijna niet te zeggen. Ik vul soms ‘niet te beoordelen’ in, omdat ik niemand wil "
            "wekken. Ben ik de enige?</p>"
        ),
    },
    _POST
    | {
        "number": 4,
        "name": "Kees Brouwer",
        "initials": "KB",
        "seed": 1,
        "new": True,
        "reply": True,
        "reply_to": 3,
        "meta": "verpleegkundige, IC-B",
        "when": "wo 25 nov, 06:48",
        "html": Markup(
            "<p>Goed dat je dit schrijft. Nee, je bent niet de enige.</p><p>Bij ons staat de meting nu op de "
            "lijst van 05:00. Dan vult bijna iedereen hem in.</p>"
        ),
    },
    _POST
    | {
        "number": 5,
        "name": "Sanne Vos",
        "initials": "SV",
        "seed": 4,
        "new": True,
        "meta": "fysiotherapeut",
        "when": "wo 25 nov, 07:31",
        "state": ("clock", "Wacht nog op Moodle. Hier is het bewaard."),
        "html": Markup("<p>Mag ik een nacht meelopen? Dan kijk ik wat bewegen overdag doet met slapen.</p>"),
    },
]

_SPACE_MENU = [
    ("Start", "#", False, 0),
    ("Gesprekken", "#", False, 3),
    ("Arena", "#", False, 0),
    ("Ontmoeten", "#", False, 0),
    ("Wat we weten", "#", False, 0),
]


def _menu(current: int, words: list[tuple[str, str, bool, int]] | None = None) -> list[tuple[str, str, bool, int]]:
    return [(label, href, n == current, count) for n, (label, href, _, count) in enumerate(words or _SPACE_MENU)]


def _words(*labels: str) -> list[tuple[str, str, bool, int]]:
    return [(label, "#", False, 0) for label in labels]


_SPACE: dict[str, Any] = {
    "spaces": [("Overdracht", "#"), ("Valpreventie", "#")],
    "space": SimpleNamespace(title="Delier op de IC", slug="delier", level="knock"),
    "readers": {
        "icon": "door",
        "bold": "Klop aan.",
        "text": "41 collega’s lezen mee, geen leidinggevenden.",
        "href": "#",
    },
}
_MINE = {
    "icon": "lock",
    "bold": "Alleen jij ziet dit.",
    "text": "Tot je zelf iets deelt. Intrekken kan altijd.",
}
_ADMIN = {
    "icon": "lock",
    "bold": "Beheer.",
    "text": "Je ziet of het werkt. Je ziet niet wat collega’s schrijven.",
}
_GROUPS = {"icon": "lock", "bold": "Alleen groepen.", "text": "Geen namen, geen berichten, geen ranglijst."}
CONTEXTS: dict[str, dict[str, Any]] = {
    "style_sheet": {"icons": ICONS},
    "space_home": _SPACE | {"menu": _menu(0)},
    "conversation": _SPACE | {"menu": _menu(1), "posts": POSTS},
    "join": {},
    "portfolio": {
        "heading": "Mijn portfolio",
        "menu": _menu(0, _words("Mijn leermomenten", "Formeel", "Gedeeld", "Meenemen")),
        "readers": _MINE,
    },
    "report": {
        "heading": "Rapport",
        "menu": _menu(1, _words("Overzicht", "Afdelingen", "Thema’s", "Opbrengsten", "Wat HR ziet")),
        "readers": _GROUPS,
    },
    "admin_check": {
        "heading": "Beheer · Ziekenhuis De Linde",
        "menu": _menu(0, _words("Status", "Koppelingen", "Launch-log", "Ruimtes", "Privacy")),
        "readers": _ADMIN,
    },
    "launch_error": {
        "code": "L01",
        "when": "wo 25 nov 2026, 07:39",
        "where": "Moodle van De Linde · koppeling 3 · Safari 19",
    },
}


def environment() -> Environment:
    """The real templates and macros; only what needs a request is a stand-in."""
    env = pages.environment()
    assert env.loader is not None
    env.loader = ChoiceLoader([FileSystemLoader(SAMPLES), env.loader])
    env.globals.update(csrf=lambda: "token", form_key=lambda: "key", csp_nonce=lambda: "nonce")
    return env


def render(env: Environment, name: str, theme: str = "") -> str:
    """One sample page."""
    viewer = SimpleNamespace(display_name="Fatma Yilmaz", first_name="Fatma", initials="FY", avatar_seed=2)
    page = {"back": {"href": "#", "label": "Terug naar de cursus Basis intensive care"}}
    common = {
        "viewer": viewer,
        "page": page,
        "notices": [],
        "inbox": {"href": "#", "count": 2},
        "theme": theme,
    }
    return env.get_template(f"{name}.html").render(common | CONTEXTS[name])


def write(folder: Path) -> None:
    """Every sample in every theme, with addresses that work beside each other."""
    shutil.copytree(pages.STATIC, folder / "static", dirs_exist_ok=True)
    env = environment()
    for name in CONTEXTS:
        for theme in ("day", "dark", "contrast"):
            (folder / f"{name}-{theme}.html").write_text(render(env, name, theme), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
