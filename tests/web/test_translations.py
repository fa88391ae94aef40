"""Every text on screen is there in Dutch and in English. Dutch is written in the code, so English is what can miss."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "lti_tool" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {"_": None, "gettext": None, "lazy": None, "html_text": None, "ngettext": (1, 2)}
PLACE = re.compile(r"%\((\w+)\)[sd]")


def _texts() -> Iterator[str | tuple[str, ...]]:
    methods = {
        "lti_tool": [("**.py", "python")],
        "templates": [("demo/**.html", "ignore"), ("**.html", "jinja2")],
    }
    for folder, mapping in methods.items():
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, mapping, keywords=KEYWORDS):
            if message:
                yield tuple(message) if isinstance(message, list | tuple) else message


def _catalogue() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    with CATALOGUE.open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="en") if message.id}


def test_every_text_is_there_in_english() -> None:
    catalogue = _catalogue()
    missing = []
    for text in _texts():
        english = catalogue.get(text)
        if not english or (isinstance(english, tuple) and not all(english)):
            missing.append(text)
    assert not missing, f"{len(missing)} texts have no English; run .ci/translations and fill them in: {missing[:20]}"


def test_nothing_is_translated_that_is_not_there() -> None:
    texts = set(_texts())
    assert [text for text in _catalogue() if text not in texts] == []


def test_the_same_values_are_filled_in_in_both_languages() -> None:
    for dutch, english in _catalogue().items():
        before = {place for text in ([dutch] if isinstance(dutch, str) else dutch) for place in PLACE.findall(text)}
        for text in [english] if isinstance(english, str) else english:
            assert set(PLACE.findall(text)) <= before, (dutch, english)
            if isinstance(dutch, str):
                assert set(PLACE.findall(text)) == before, (dutch, english)


@pytest.mark.parametrize(
    "path", ["/", "/docs/what-hr-sees", "/docs/what-is-mine", "/docs/help", "/s/nothing", "/spaces"]
)
def test_a_stranger_reads_english_when_the_browser_asks_for_it(world: object, path: str) -> None:
    client = world.stranger()  # type: ignore[attr-defined]
    page = client.get(path, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="en"' in page
    assert not re.search(r"\b(het|een|jouw|niet|wordt|collega’s)\b", re.sub(r"<[^>]+>", " ", page)), page
