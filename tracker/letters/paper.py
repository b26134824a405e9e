"""What of a letter fits on one A4 sheet: the more a quarter has to tell, the less is told of each thing.

Nothing is lost: what has no room keeps its number, and the whole letter is behind the QR code. Lines are estimated, not
measured; a sheet that is too full goes on to a third side rather than cutting a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tracker import filters
from tracker.letters.parts import Document, Entry, Section

FRONT = ("editorial", "counts", "dates", "figure", "thanks", "open")
BESIDE = FRONT[1:]
LINES = 99  # of the two columns of the back
CHARACTERS = 56  # of a line
# entries told, and characters of each: of answers, then of the other lists
LEVELS = (
    (14, 500, 14, 400), (10, 400, 10, 300), (8, 300, 8, 220), (6, 260, 6, 180), (6, 200, 5, 150), (5, 200, 5, 130),
    (5, 160, 4, 130), (4, 160, 4, 110), (4, 140, 3, 110), (3, 140, 3, 110), (3, 110, 2, 110), (2, 110, 2, 80),
    (2, 0, 2, 0),
)  # fmt: skip


_SENTENCES = re.compile(r".*[.!?](?=\s)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """A section of the sheet: what is told, and the numbers of what is only named."""

    section: Section
    entries: tuple[Entry, ...]
    others: tuple[str, ...]


def _lines(characters: int, width: int = CHARACTERS) -> int:
    return -(-characters // width)


def _short(entry: Entry, length: int) -> Entry:
    """Whole sentences as far as they fit; a first one that is too long is cut at a word."""
    said = filters.plain_text(entry.text) if length else ""
    if len(said) > length:
        whole = _SENTENCES.match(said[: length + 1])
        said = whole[0].rstrip() if whole else filters.plain_text(entry.text, length)
    return replace(entry, text=said)


def _told(section: Section, level: tuple[int, int, int, int]) -> Told:
    cap, length = level[:2] if section.kind == "answers" else level[2:]
    shown = section.entries[:cap]
    if len(section.entries) == cap + 1:
        shown = section.entries  # a line saying "and one more" takes as much room
    numbers = tuple(str(entry.link.key) for entry in section.entries[len(shown) :] if entry.link)
    return Told(section, tuple(_short(entry, length) for entry in shown), numbers)


def _height(told: Told) -> float:
    """Lines of a column that a section takes."""
    section = told.section
    height = 1.2 + 1.3 * _lines(len(section.title), 40)
    height += sum(_lines(len(line)) for line in section.written.splitlines()) + _lines(len(section.reading))
    for entry in told.entries:
        head = len(entry.title) + len(entry.tag) + (len(entry.link.label) if entry.link else 0) + 5
        height += _lines(head) + _lines(len(entry.text)) + bool(entry.origins) + 0.4
    return height + _lines(sum(len(number) + 2 for number in told.others) + 30 * bool(told.others))


def back_of(letter: Document, lines: int = LINES) -> tuple[Told, ...]:
    """The sections of the back, as fully as they fit."""
    sections = [section for section in letter.sections if section.kind not in FRONT]
    found: tuple[Told, ...] = ()
    for level in LEVELS:
        found = tuple(_told(section, level) for section in sections)
        if sum(map(_height, found)) <= lines:
            break
    return found


def front_of(letter: Document, kinds: Iterable[str]) -> tuple[Section, ...]:
    """The sections of the front of these kinds, in this order: two columns of about the same height."""
    wanted = list(kinds)
    found = [section for section in letter.sections if section.kind in wanted]
    return tuple(sorted(found, key=lambda section: wanted.index(section.kind)))
