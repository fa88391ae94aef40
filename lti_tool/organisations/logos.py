"""A logo that somebody uploads is made anew: only its pixels go on, small, as PNG."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from lti_tool.organisations.addresses import WrongInput
from lti_tool.web.language import _

MOST_BYTES = 1024 * 1024
LONGEST_SIDE = 4096
"""Pixels of what is uploaded; checked in its header, before anything is unpacked."""
WIDTH, HEIGHT = 480, 144
"""Pixels at most of what is kept: three times its place on a page."""
_FORMATS = ("PNG", "JPEG", "WEBP")


def remake(data: bytes) -> bytes:
    """The picture as PNG, without anything that it carried along (place, camera, author, colour profile).

    Raises `WrongInput` with a sentence for who uploaded it.
    """
    if not data:
        raise WrongInput(_("Kies eerst een bestand."))
    if len(data) > MOST_BYTES:
        raise WrongInput(_("Dit bestand is te groot. Het mag hoogstens 1 MB zijn."))
    if _is_svg(data):
        raise WrongInput(_("Een SVG-bestand kan opdrachten bevatten. Sla je logo op als PNG en probeer het opnieuw."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                return _png(picture)
    except WrongInput:
        raise
    except UnidentifiedImageError:
        raise WrongInput(_("Dit is geen plaatje dat we kennen. Kies een PNG, JPEG of WebP.")) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise WrongInput(_too_wide()) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, MemoryError):
        # What Pillow raises for files that are cut off or made up.
        raise WrongInput(_("Dit plaatje is beschadigd. Sla het opnieuw op en probeer het nog een keer.")) from None


def _png(picture: Image.Image) -> bytes:
    if max(picture.size) > LONGEST_SIDE:
        raise WrongInput(_too_wide())
    if getattr(picture, "is_animated", False):
        raise WrongInput(_("Dit plaatje beweegt. Kies er een dat stilstaat."))
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    bare = Image.new("RGBA", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "PNG", optimize=True)
    return out.getvalue()


def _too_wide() -> str:
    return _("Dit plaatje heeft te veel pixels. Het mag hoogstens %(most)s breed en hoog zijn.", most=LONGEST_SIDE)


def _is_svg(data: bytes) -> bool:
    begin = data[:4096].lstrip(b"\xef\xbb\xbf\x00 \t\r\n").lower()
    return begin.startswith(b"<") and b"<svg" in begin
