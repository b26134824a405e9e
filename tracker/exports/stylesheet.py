"""An employer's colour as a stylesheet: variables of app.css, readable on every ground in light and dark."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from tracker.records import NO_COLOUR

Colour = tuple[int, int, int]

READABLE = 4.5
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
# the worst grounds that links stand on, in app.css
LIGHT_GROUNDS = ("#ebebe8", "#e1edf9", "#ddf1e5", "#fbedd0", "#fce4e2", "#ede5f8", "#dbd8d0")
DARK_GROUNDS = ("#30383e", "#17324f", "#143a28", "#42310f", "#501f1c", "#392853", "#364047")
FIELD = 0.16  # of white in the search field of the header, whose text is white
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """`key` says its content: the same address never answers another one."""

    key: str
    text: str


def parsed(colour: str) -> Colour | None:
    """#1f4e79 as numbers; None for anything else."""
    if not _HEX.fullmatch(colour):
        return None
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of WCAG between two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other` in a colour."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def ground_of(colour: Colour) -> Colour:
    """The colour, darkened until white is readable upon it and in the search field."""
    steps = (mixed(colour, BLACK, step / 50) for step in range(51))
    return next(one for one in steps if contrast(WHITE, mixed(one, WHITE, FIELD)) >= READABLE)


def text_of(colour: Colour, grounds: tuple[str, ...], *, towards: Colour) -> Colour:
    """The colour, taken towards black or white until it is readable on every ground."""
    under = [ground for ground in map(parsed, grounds) if ground is not None]
    steps = (mixed(colour, towards, step / 50) for step in range(51))
    return next(one for one in steps if all(contrast(one, ground) >= READABLE for ground in under))


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


@lru_cache(maxsize=64)
def stylesheet(colour: str) -> Stylesheet | None:
    """The stylesheet of an employer's colour; None when it has none of its own."""
    own = parsed(colour)
    if own is None or colour.lower() == NO_COLOUR:
        return None
    light = text_of(own, LIGHT_GROUNDS, towards=BLACK)
    dark = text_of(own, DARK_GROUNDS, towards=WHITE)
    text = (
        f"@media screen {{ :root {{ --brand: {_written(ground_of(own))}; --brand-contrast: #fff; "
        f"--brand-text: {_written(light)}; }} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ --brand-text: {_written(dark)}; }} }}\n"
    )
    return Stylesheet(hashlib.sha256(text.encode()).hexdigest()[:12], text)
