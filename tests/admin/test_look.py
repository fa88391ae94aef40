"""An organisation has its own colour, logo and first language, and everybody can still read every page."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import event, select

from lti_tool.db import Database
from lti_tool.organisations import logos, look
from lti_tool.organisations.addresses import WrongInput
from lti_tool.organisations.models import Logo, Organisation
from lti_tool.web import themes
from tests.web import test_contrast as theme_test
from tests.world import Somebody, World

BLUE, YELLOW = "#003082", "#FFCC00"


@pytest.fixture
def bram(world: World) -> Somebody:
    return world.somebody(world.organisation(), "Bram Smit", "admin")


def _text(page: Any) -> str:
    return str(page.get_data(as_text=True))


def _keep(admin: Somebody, accent: str) -> Any:
    return admin.post("/admin/look", accent=accent, do="keep")


def _stylesheet(who: Somebody, path: str = "/spaces") -> str | None:
    found = re.search(r'<link rel="stylesheet" href="(/look/[^"]+)"', _text(who.get(path)))
    return found[1] if found else None


# Colours


@given(st.tuples(*[st.integers(0, 255)] * 3))
@settings(max_examples=60, deadline=None)
def test_whatever_colour_is_kept_every_text_and_mark_can_be_read(rgb: tuple[int, int, int]) -> None:
    accent = look.nearest("#{:02x}{:02x}{:02x}".format(*rgb))
    for name, palette in zip(("day", "dark"), look.palettes(accent), strict=True):
        over = {token.removeprefix("basis-color-"): value for token, value in palette.tokens().items()}
        theme_test.THEMES["accent"] = {**theme_test.THEMES[name], **over}
        for pairs, least in ((theme_test.TEXT, 7), (theme_test.MARKS, 3)):
            weak = {pair: theme_test._ratio("accent", *pair) for pair in pairs}
            assert not {pair: found for pair, found in weak.items() if found < least}, (accent, name)
    del theme_test.THEMES["accent"]


def test_the_two_ways_to_reckon_contrast_agree() -> None:
    page = themes.parse(themes.tokens("day")["basis-color-default-bg-document"])
    green = themes.parse("#0C5440")
    assert page
    assert green
    assert round(themes.ratio(green, page), 3) == round(
        theme_test._ratio("day", "action-1-color-default", "default-bg-document"), 3
    )


def test_a_colour_is_shown_before_it_is_kept(bram: Somebody) -> None:
    page = _text(bram.post("/admin/look", accent="003082", do="look"))
    assert "Hij is nog niet bewaard" in page
    assert "/admin/look/preview.css?accent=%23003082" in page
    assert _stylesheet(bram) is None
    preview = _text(bram.get("/admin/look/preview.css?accent=%23003082"))
    assert ".look-day {" in preview
    assert ".look-dark {" in preview
    assert "--basis-color-action-1-color-default: #003082;" in preview


def test_the_real_ratios_are_on_the_page(bram: Somebody) -> None:
    page = _text(bram.post("/admin/look", accent=YELLOW, do="look"))
    cells = re.findall(r'<td class="num">([^<]+)', page)
    weakest = min(one.ratio for one in look.contrasts(YELLOW) if (one.theme, one.what) == ("day", "link"))
    assert cells[0].strip() == f"{int(weakest * 10) / 10:g}".replace(".", ",")
    assert "te weinig" in page


def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can(bram: Somebody) -> None:
    refused = _keep(bram, YELLOW)
    assert refused.status_code == 422
    nearest = look.nearest(YELLOW)
    assert f"Kies {nearest}." in _text(refused)
    assert f'value="{YELLOW}"' in _text(refused)
    assert _stylesheet(bram) is None
    assert _keep(bram, nearest).status_code == 303
    assert _stylesheet(bram)


@pytest.mark.parametrize("typed", ["groen", "#12", "#12345g", "url(x)", "#0C5440;}", "٣٣٣"])
def test_what_is_no_colour_comes_back_with_a_sentence(bram: Somebody, typed: str) -> None:
    page = _keep(bram, typed)
    assert page.status_code == 422
    assert "Schrijf een kleur als #0C5440" in _text(page)


def test_everybody_of_the_organisation_gets_the_colour_and_nobody_else(bram: Somebody, world: World) -> None:
    fatma = world.somebody(bram.viewer.organisation_id)
    vera = world.somebody(world.organisation("vecht", "Thuiszorg Vecht"), "Vera Vecht")
    _keep(bram, BLUE)
    address = _stylesheet(fatma)
    assert address
    assert address.startswith("/look/de-linde.css?v=")
    assert _stylesheet(vera) is None
    css = world.stranger().get(address)
    assert css.mimetype == "text/css"
    assert css.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "#003082" in _text(css)


def test_back_to_our_own_colour(bram: Somebody) -> None:
    _keep(bram, BLUE)
    assert _keep(bram, "").location == "/admin/look?done=default"
    assert _stylesheet(bram) is None


def test_extra_contrast_wins_from_any_colour() -> None:
    css = look.stylesheet(BLUE)
    assert "contrast" not in re.sub(r"not all and \(prefers-contrast: more\)", "", css)
    for line in css.strip().splitlines():
        assert 'data-theme="' in line or "@media not all and (prefers-contrast: more)" in line


def test_an_address_of_another_version_or_of_nobody_is_not_there(bram: Somebody, world: World) -> None:
    _keep(bram, BLUE)
    stranger = world.stranger()
    old = _stylesheet(bram)
    assert old
    _keep(bram, "#4B0082")
    for path in (old, "/look/de-linde.css", "/look/nobody.css?v=1", "/look/de-linde/logo.png?v=1"):
        assert stranger.get(path).status_code == 404, path


def test_the_look_costs_no_query(bram: Somebody, database: Database) -> None:
    def cost() -> int:
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        engine = database.engine if database.dialect == "postgresql" else database._reader
        event.listen(engine, "before_cursor_execute", note)
        bram.get("/spaces")
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    before = cost()
    _keep(bram, BLUE)
    _upload(bram, _png())
    bram.get("/spaces")
    assert cost() == before


# Logos


def _png(size: tuple[int, int] = (600, 200), **more: Any) -> bytes:
    return _saved(Image.new("RGBA", size, (0, 80, 60, 255)), "PNG", **more)


def _saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def _upload(admin: Somebody, data: bytes, name: str = "logo.png") -> Any:
    token = re.search(r'name="csrf" value="([^"]+)"', _text(admin.get("/admin/look")))
    assert token
    return admin.client.post(
        "/admin/look/logo",
        data={"csrf": token[1], "logo": (io.BytesIO(data), name)},
        content_type="multipart/form-data",
    )


def _kept(database: Database) -> Image.Image:
    with database.reading() as db:
        return Image.open(io.BytesIO(db.scalars(select(Logo.png)).one()))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_becomes_a_small_png_on_every_page(
    bram: Somebody, world: World, database: Database, kind: str
) -> None:
    picture = _saved(Image.new("RGB", (1200, 400), (0, 80, 60)), kind)
    assert _upload(bram, picture).location == "/admin/look?done=logo"
    found = re.search(r'<img class="logo" src="([^"]+)" alt="De Linde"', _text(bram.get("/spaces")))
    assert found
    assert ".logo {" in _text(world.stranger().get(str(_stylesheet(bram))))
    answer = world.stranger().get(found[1])
    assert answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    kept = _kept(database)
    assert kept.format == "PNG"
    assert kept.size == (432, 144)


def test_only_pixels_are_kept(bram: Somebody, database: Database) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Jan Janssen"  # Artist
    exif[0x0112] = 6  # lies on its side
    photo = _saved(Image.new("RGB", (300, 100)), "JPEG", exif=exif, icc_profile=b"profile of a printer", comment=b"hi")
    _upload(bram, photo, "photo.jpg")
    assert _kept(database).size == (48, 144)
    notes = PngInfo()
    notes.add_text("Author", "Jan Janssen")
    _upload(bram, _png(pnginfo=notes, exif=exif, icc_profile=b"profile of a printer"))
    with database.reading() as db:
        png = db.scalars(select(Logo.png)).one()
    assert b"Janssen" not in png
    assert b"printer" not in png
    assert {png[at + 4 : at + 8] for at in _chunks(png)} <= {b"IHDR", b"IDAT", b"IEND"}


def _chunks(png: bytes) -> list[int]:
    at, found = 8, []
    while at < len(png):
        found.append(at)
        at += 12 + struct.unpack(">I", png[at : at + 4])[0]
    return found


def _claims_to_be(width: int, height: int) -> bytes:
    """A PNG whose header promises more than it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
BAD = {
    "svg": (SVG, "Sla je logo op als PNG"),
    "svg with a mark in front": (b"\xef\xbb\xbf " + SVG, "Sla je logo op als PNG"),
    "gif": (_saved(Image.new("P", (20, 20)), "GIF"), "Kies een PNG, JPEG of WebP"),
    "text": (b"hallo", "Kies een PNG, JPEG of WebP"),
    "nothing": (b"", "Kies eerst een bestand"),
    "too many bytes": (b"\x89PNG\r\n\x1a\n" + b"x" * logos.MOST_BYTES, "hoogstens 1 MB"),
    "too wide": (_png((logos.LONGEST_SIDE + 1, 2)), "te veel pixels"),
    "a bomb": (_claims_to_be(100_000, 100_000), "te veel pixels"),
    "a smaller bomb": (_claims_to_be(20_000, 5_000), "te veel pixels"),
    "more promised than there is": (_claims_to_be(2_000, 2_000), "beschadigd"),
    "cut off": (_saved(Image.effect_noise((300, 300), 90).convert("RGB"), "JPEG")[:3000], "beschadigd"),
    "moving png": (_animated("PNG"), "beweegt"),
    "moving webp": (_animated("WEBP"), "beweegt"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_logo_is_refused_in_words(name: str) -> None:
    data, sentence = BAD[name]
    with pytest.raises(WrongInput) as refused:
        logos.remake(data)
    assert sentence in str(refused.value)


def test_a_refused_logo_leaves_the_one_there_was(bram: Somebody, database: Database) -> None:
    _upload(bram, _png())
    refused = _upload(bram, SVG, "logo.svg")
    assert refused.status_code == 422
    assert "Sla je logo op als PNG" in _text(refused)
    assert _kept(database).size == (432, 144)


def test_a_logo_can_be_taken_away(bram: Somebody, database: Database) -> None:
    _upload(bram, _png())
    assert bram.post("/admin/look/logo/remove").status_code == 303
    assert '<img class="logo"' not in _text(bram.get("/spaces"))
    with database.reading() as db:
        assert db.scalars(select(Logo.organisation_id)).all() == []


def test_a_form_of_another_site_uploads_nothing(bram: Somebody, database: Database) -> None:
    data = {"csrf": "wrong", "logo": (io.BytesIO(_png()), "logo.png")}
    assert bram.client.post("/admin/look/logo", data=data, content_type="multipart/form-data").status_code == 409
    with database.reading() as db:
        assert db.scalars(select(Logo.organisation_id)).all() == []


# Language


def test_who_says_no_language_reads_that_of_the_organisation(bram: Somebody, world: World, database: Database) -> None:
    fatma = world.somebody(bram.viewer.organisation_id)
    assert bram.post("/admin/look/language", language="en").status_code == 303
    with database.writing() as db:
        assert db.scalars(select(Organisation.language)).one() == "en"
        from sqlalchemy import update

        from lti_tool.web.models import WebSession

        db.execute(update(WebSession).where(WebSession.person_id == fatma.id).values(language=""))
    assert '<html lang="en"' in _text(fatma.get("/spaces"))
    assert '<html lang="nl"' in _text(bram.get("/spaces"))  # whose launch said Dutch
    assert bram.post("/admin/look/language", language="fr").status_code == 400
