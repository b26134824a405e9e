"""How many lines a text takes on paper, from the widths of the letters of the typeface (Source Sans 3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

# thousandths of the size of the type, from the space to the tilde
REGULAR = (
    200, 289, 426, 497, 497, 824, 609, 249, 303, 303, 418, 497, 249, 311, 249, 350, 497, 497, 497, 497, 497, 497, 497,
    497, 497, 497, 249, 249, 497, 497, 497, 425, 847, 543, 588, 571, 615, 527, 494, 617, 652, 263, 479, 579, 486, 727,
    647, 664, 566, 664, 569, 534, 536, 645, 515, 786, 513, 476, 539, 303, 350, 303, 497, 500, 542, 504, 553, 456, 555,
    496, 292, 504, 544, 246, 247, 495, 255, 829, 547, 542, 555, 555, 347, 419, 338, 544, 467, 719, 446, 467, 425, 303,
    241, 303, 497,
)  # fmt: skip
BOLD = (
    200, 340, 537, 528, 528, 857, 667, 300, 344, 344, 457, 528, 300, 332, 300, 339, 528, 528, 528, 528, 528, 528, 528,
    528, 528, 528, 300, 300, 528, 528, 528, 463, 902, 573, 605, 582, 635, 548, 524, 638, 674, 301, 509, 614, 518, 762,
    665, 684, 596, 684, 613, 556, 556, 665, 556, 813, 567, 525, 541, 344, 339, 344, 528, 500, 555, 527, 573, 468, 573,
    518, 341, 534, 571, 276, 278, 548, 286, 857, 572, 555, 573, 573, 398, 443, 383, 568, 523, 776, 514, 521, 460, 344,
    268, 344, 528,
)  # fmt: skip
OTHERS = {
    "\u00a0": 200, "\u202f": 200, "«": 480, "»": 480, "°": 365, "’": 300, "“": 537, "”": 537, "–": 480, "—": 800,
    "…": 978, "œ": 839, "æ": 781, "Œ": 871, "Æ": 845, "€": 528, "×": 528, "−": 528, "ß": 632, "ø": 555, "·": 300,
    "ᵉ": 320, "ʳ": 260,
}  # fmt: skip
WIDEST = 1000  # of what is in none of the tables


@cache
def _width_of(letter: str, *, bold: bool) -> int:
    base = unicodedata.normalize("NFD", letter)[0]
    if " " <= base <= "~":
        return (BOLD if bold else REGULAR)[ord(base) - 32]
    return OTHERS.get(letter, WIDEST)


def width(text: str, *, bold: bool = False) -> float:
    """The length of a text, counted in sizes of its type."""
    return sum(_width_of(letter, bold=bold) for letter in text) / 1000


@lru_cache(maxsize=512)  # a letter is measured at many sizes and levels: its words are the same
def _words(text: str, *, bold: bool) -> tuple[tuple[float, float], ...]:
    """What may not be broken in a text: the gap before it, its length; a length of 0 is the gap that ends the text."""
    found, gap = [], 0.0
    for part in re.split(r"([^\S\u00a0\u202f]+)", text):
        if not part:
            continue
        if part.isspace() and part not in {"\u00a0", "\u202f"}:
            gap = width(" ", bold=bold)
            continue
        for word in re.findall(r"[^-]*-+|[^-]+", part):
            found.append((gap, width(word, bold=bold)))
            gap = 0.0
    return (*found, (gap, 0.0)) if gap else tuple(found)


def lines(pieces: Iterable[tuple[str, bool]], room: float) -> int:
    """The lines that pieces of (text, bold) take one after the other, broken between words; none for no text."""
    count, used, ended = 0, 0.0, 0.0
    for text, bold in pieces:
        for gap, length in _words(text, bold=bold):
            if not length:
                ended = gap
                continue
            before = gap or ended
            if not count or used + before + length > room:
                count, used = count + max(1, -int(-length // room)), length % room if length > room else length
            else:
                used += before + length
            ended = 0.0
    return count
