"""A picture that a town brings: PNG or JPEG by its content, of bounded size, drawn again as a PNG of ours."""

from __future__ import annotations

import warnings
from io import BytesIO

from flask_babel import gettext as _

from tracker.errors import Refused

BYTES_MAX = 1024 * 1024
SIDE_MAX = 4000  # pixels; read from the header, before anything is unpacked
DRAWN = (480, 160)  # twice what the header shows


def logo(data: bytes, *, field: str = "logo") -> bytes:
    """The same picture, small and without anything hidden in its file. Raises Refused.

    Call it outside any write transaction.
    """
    from PIL import Image, UnidentifiedImageError  # slow to import, seldom used

    if len(data) > BYTES_MAX:
        raise Refused(_("Ce fichier est trop lourd : 1 Mo au plus."), field=field)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=["PNG", "JPEG"])
            if max(picture.size) > SIDE_MAX:
                raise Refused(_("Cette image est trop grande : %(n)s points de côté au plus.", n=SIDE_MAX), field=field)
            drawn = picture.convert("RGBA")
        drawn.thumbnail(DRAWN)
        out = BytesIO()
        Image.frombytes("RGBA", drawn.size, drawn.tobytes()).save(out, "PNG", optimize=True)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(_("Ce fichier n'est pas une image PNG ou JPEG."), field=field) from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for a file cut short or broken
        raise Refused(
            _("Cette image est abîmée : enregistrez-la de nouveau, en PNG ou en JPEG."), field=field
        ) from error
    return out.getvalue()
