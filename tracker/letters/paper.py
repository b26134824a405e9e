"""A letter on one A4 sheet, both sides: four columns filled one after the other, in the letter's own order.

The lengths are computed from the widths of the typeface: the largest type in which everything fits; failing that, the
more a quarter has to tell, the less is told of each thing. Nothing is lost: what has no room keeps its number, and the
whole letter is behind the QR code. A sheet that is still too full goes on to a third side rather than cutting a text.

Heights are in sizes of the type, as the stylesheet of paper has them in em: the two must agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from flask_babel import gettext, ngettext
from markupsafe import Markup

from tracker import filters
from tracker.letters import words
from tracker.letters.chart import HEIGHT as CHART_HEIGHT
from tracker.letters.chart import WIDTH as CHART_WIDTH
from tracker.letters.chart import status_chart
from tracker.letters.compose import EDITORIAL
from tracker.letters.measure import lines
from tracker.letters.parts import NO_CHART, CountRow, Document, Entry, Section

SIZES = (12.0, 11.5, 11.0, 10.6, 10.2, 9.8, 9.5)  # points; the stylesheet has a class for each
POINT = 0.3528  # millimetres
COLUMN, WIDE, TALL = 86.5, 182.0, 273.0  # millimetres: a column, both, a side
HEADER, RUNNING = 36.0, 11.0  # what stands above the columns of the front, of the back
TITLE_LINE, TITLE_ROOM = 8.7, 19.5  # a second line of the title; the room of a line, in sizes of its type
SURE = 0.98  # of a column: lengths are counted a little long
SIDES, COLUMNS = 2, 4
ROOMY = 0.86  # columns less full than this leave room for more
LINE = 1.36
LEAD = 1.14  # size of the editorial
FIGURE_COLUMN = 5.0  # of the table of counts

_SENTENCES = re.compile(r".*[.!?](?=\s)", re.DOTALL)
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Level:
    """How much is told: entries and characters of each, of answers and of the other lists; names; and the rest."""

    answers: int = 10_000
    answer_length: int = 100_000
    others: int = 10_000
    length: int = 100_000
    names: int = 10_000
    notes: bool = True
    dates: int = 12


# what is said of each is shortened before anything is left to its number; answers are the last to be
LEVELS = (
    Level(),
    Level(notes=False, names=60),
    Level(answer_length=600, length=400, notes=False, names=60, dates=8),
    Level(answer_length=450, length=300, notes=False, names=50, dates=8),
    *(
        Level(answers, answer_length, others, length, names, notes=False, dates=6)
        for answers, answer_length, others, length, names in (
            (60, 360, 30, 240, 45), (45, 320, 24, 220, 40), (36, 300, 18, 200, 40), (30, 280, 15, 190, 40),
            (26, 260, 12, 180, 36), (22, 250, 10, 170, 36), (19, 240, 9, 160, 32), (16, 230, 8, 150, 32),
            (14, 220, 7, 140, 28), (12, 210, 6, 140, 28), (10, 200, 6, 130, 24), (9, 190, 5, 130, 24),
            (8, 180, 4, 120, 20), (7, 170, 4, 120, 20), (6, 160, 3, 110, 20), (5, 150, 3, 110, 16),
            (4, 140, 2, 110, 12), (3, 120, 2, 80, 8), (2, 110, 2, 0, 6), (2, 0, 2, 0, 4),
        )
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """What stays together on paper. `height` counts the space `after` it, which the end of a column may swallow."""

    kind: str  # head, written, reading, counts, figure, line, entry, date
    height: float
    after: float = 0.0
    glued: bool = False  # stays with what follows
    title: str = ""
    text: str = ""
    entry: Entry | None = None
    rows: tuple[CountRow, ...] = ()
    corrections: bool = False
    chart: Markup = NO_CHART


@dataclass(frozen=True, slots=True)
class Side:
    columns: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet as it will be printed; `size` names the class of its type."""

    size: str
    editorial: Section | None
    sides: tuple[Side, ...]
    wide: Section | None = None  # the figure across the back, when there is room
    chart: Markup = NO_CHART
    named: tuple[str, ...] = ()  # numbers told by their number alone


def short(text: str, length: int) -> str:
    """Whole sentences as far as they fit; a first one that is too long is cut at a word."""
    said = filters.plain_text(text) if length else ""
    if len(said) <= length:
        return said
    whole = _SENTENCES.match(said[: length + 1])
    return whole[0].rstrip() if whole else filters.plain_text(text, length)


class _Setting:
    """The pieces of a letter in a size of type, at a level."""

    def __init__(self, letter: Document, size: float, level: Level, *, wide: bool = False) -> None:
        self.letter, self.size, self.level = letter, size, level
        self.wide = next((s for s in letter.sections if s.chart), None) if wide else None
        self.em = size * POINT
        self.room = COLUMN / self.em
        self.named: list[str] = []

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Made once, `named` with them: the same pieces are tried in columns of many heights."""
        sections = (one for one in self.letter.sections if one.kind != EDITORIAL and one is not self.wide)
        return tuple(piece for section in sections for piece in self._section(section))

    def _section(self, section: Section) -> Iterator[Piece]:
        told = [*self._said(section), *self._rest(section)]
        head = 1.56 * self._lines((section.title, True), scale=1.3) + 0.45
        yield Piece("head", head, 0.45, glued=True, title=section.title)
        if told:
            *first, last = told
            yield from first
            yield replace(last, height=last.height + 0.9, after=last.after + 0.9)

    def _said(self, section: Section) -> Iterator[Piece]:
        if section.written:
            for part in _PARAGRAPHS.split(section.written.strip()):
                count = sum(self._lines((line, False)) for line in part.splitlines())
                yield Piece("written", LINE * count + 0.45, 0.45, text=part)
        elif section.reading:
            glued = bool(section.counts or section.chart)
            yield self._line(section.reading, glued=glued)

    def _rest(self, section: Section) -> Iterator[Piece]:
        if section.counts:
            yield self._counts(section)
        if section.chart:
            drawn = self.room * CHART_HEIGHT / CHART_WIDTH
            yield Piece("figure", drawn + 0.45, 0.45, chart=_chart(section))
        if section.kind == "thanks":
            yield from self._thanks(section)
        elif section.kind in {"dates", "open"}:
            yield from map(self._date, section.entries[: self.level.dates])
        else:
            yield from self._list(section)
        if section.more:
            yield self._line(section.more)

    def _counts(self, section: Section) -> Piece:
        room = self.room - FIGURE_COLUMN * (3 if section.has_corrections else 2)
        height = 2 * 0.9 * LINE + 0.3
        height += sum(
            LINE * self._lines((row.label, False), room=room - (1.2 if row.part else 0)) + 0.31
            for row in section.counts
        )
        return Piece("counts", height + 0.45, 0.45, rows=section.counts, corrections=section.has_corrections)

    def _thanks(self, section: Section) -> Iterator[Piece]:
        if section.entries:
            yield self._line(", ".join(group.title for group in section.entries) + ".")
        if section.people:
            shown = section.people[: self.level.names]
            told = ", ".join(f"{one.name} ({', '.join(link.label for link in one.proposals)})" for one in shown)
            left = len(section.people) - len(shown)
            yield self._line(told + (gettext(" et %(n)s autres.", n=left) if left else "."))

    def _list(self, section: Section) -> Iterator[Piece]:
        level = self.level
        answers = section.kind == "answers"
        cap, length = (level.answers, level.answer_length) if answers else (level.others, level.length)
        if len(section.entries) <= cap + 1:  # a line saying "and one more" takes as much room
            cap += 1
        for entry in section.entries[:cap]:
            yield self._entry(entry, length, notes=answers and level.notes)
        left = [str(entry.link.key) for entry in section.entries[cap:] if entry.link]
        if left:
            self.named += left
            yield self._line(
                gettext("Et aussi, sur la page de la lettre : n° %(numbers)s.", numbers=", ".join(left)), kind="more"
            )

    def _entry(self, entry: Entry, length: int, *, notes: bool) -> Piece:
        text = short(entry.text, length)
        if notes:
            text = " ".join((text, *entry.notes[1:]))  # the motive is said by the reason
        shown = replace(entry, text=text)
        height = self._lines((shown.title, True), (f" {aside_of(shown)}", False))
        height += self._lines((text, False)) + self._lines((origins_of(shown), False))
        return Piece("entry", LINE * height + 0.6, 0.6, entry=shown)

    def _date(self, entry: Entry) -> Piece:
        count = self._lines((filters.day(entry.on), True), (f" {entry.title} {dated_of(entry)}", False))
        return Piece("date", LINE * count + 0.55, entry=entry)

    def _line(self, text: str, *, kind: str = "line", glued: bool = False) -> Piece:
        return Piece(kind, LINE * self._lines((text, False)) + 0.45, 0.45, glued=glued, text=text)

    def _lines(self, *pieces: tuple[str, bool], room: float | None = None, scale: float = 1.0) -> int:
        return lines(pieces, (self.room if room is None else room) / scale)

    @cached_property
    def heights(self) -> tuple[float, float]:
        """Room for columns on the front and on the back."""
        front = TALL - HEADER - TITLE_LINE * (lines([(self.letter.title, True)], TITLE_ROOM) - 1)
        editorial = _editorial(self.letter)
        if editorial is not None:
            written = sum(
                LINE * LEAD * lines([(line, False)], WIDE / self.em / LEAD) + 0.45
                for line in editorial.written.splitlines()
                if line.strip()
            )
            front -= (1.56 + 0.45 + written + 0.9) * self.em
        back = TALL - RUNNING
        if self.wide is not None:
            back -= WIDE * CHART_HEIGHT / CHART_WIDTH + (LINE * 2 + 3.5) * self.em
        return front / self.em * SURE, back / self.em * SURE


def _editorial(letter: Document) -> Section | None:
    return next((section for section in letter.sections if section.kind == EDITORIAL), None)


def aside_of(entry: Entry) -> str:
    """(Proposition n° 48, retenue)."""
    label = entry.link.label if entry.link else ""
    told = ", ".join(part for part in (label, entry.tag) if part)
    return f"({told})" if told else ""


def origins_of(entry: Entry) -> str:
    """Née des propositions n° 12, n° 48."""
    if not entry.origins:
        return ""
    numbers = ", ".join(gettext("n° %(n)s", n=link.key) for link in entry.origins)
    born = ngettext("Née de la proposition", "Née des propositions", len(entry.origins))
    return f"{born} {numbers}."


def dated_of(entry: Entry) -> str:
    """What is said of a date besides its title."""
    if entry.link is not None and entry.link.kind == "action":
        return gettext("(fin prévue)")
    if entry.link is not None and entry.link.kind == "campaign":
        return f"({entry.tag}). {entry.text}"
    return ""


def _chart(section: Section, *, size: int = 17) -> Markup:
    return status_chart(
        section.points, reading=f"{section.title}. {section.reading}", label=words.status_plural,
        key=f"papier-{section.key}", size=size, family="Letter",
    )  # fmt: skip


def _runs(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    run: list[Piece] = []
    for piece in pieces:
        run.append(piece)
        if not piece.glued:
            yield run
            run = []
    if run:
        yield run


def _columns(pieces: Iterable[Piece], heights: tuple[float, float]) -> list[list[Piece]]:
    """The pieces in columns: two of the front, then those of the back and of what may follow it."""
    columns: list[list[Piece]] = [[]]
    used = 0.0
    for run in _runs(pieces):
        height = sum(piece.height for piece in run)
        allowed = heights[0] if len(columns) <= COLUMNS // SIDES else heights[1]
        if columns[-1] and used + height - run[-1].after > allowed:
            columns.append([])
            used = 0.0
        columns[-1] += run
        used += height
    return columns


def _fits(setting: _Setting, shares: tuple[float, float] = (1.0, 1.0)) -> bool:
    front, back = setting.heights
    allowed = (front * shares[0], back * shares[1])
    columns = _columns(setting.pieces, allowed)
    return len(columns) <= COLUMNS and all(_tall(column) <= allowed[at // SIDES] for at, column in enumerate(columns))


def _tall(column: list[Piece]) -> float:
    return sum(piece.height for piece in column) - (column[-1].after if column else 0.0)


def _least(fits: Callable[[float], bool]) -> float:
    """The smallest share of the full height that is enough, to the hundredth."""
    least, most = 0.0, 1.0
    for _ in range(7):
        share = (least + most) / 2
        least, most = (least, share) if fits(share) else (share, most)
    return most


def _shares(setting: _Setting) -> tuple[float, float]:
    """How far down the columns of each side go: what is left white is shared by both."""
    share = _least(lambda share: _fits(setting, (share, share)))
    if not _fits(setting, (share, share)):
        return 1.0, 1.0
    return share, _least(lambda back: _fits(setting, (share, back)))


def _level(letter: Document, size: float) -> Level:
    """The first level that fits, and of the one before it whatever still does."""
    at = next((at for at, one in enumerate(LEVELS) if _fits(_Setting(letter, size, one))), len(LEVELS) - 1)
    level = LEVELS[at]
    if at:
        fuller = LEVELS[at - 1]
        for name in ("answer_length", "length", "answers", "others", "names", "dates", "notes"):
            more = replace(level, **{name: getattr(fuller, name)})
            level = more if _fits(_Setting(letter, size, more)) else level
    return level


def _setting(letter: Document) -> _Setting:
    """The fullest that fits in the largest type; a quarter with little to tell shows its figure across the back."""
    smallest = SIZES[-1]
    level = _level(letter, smallest)
    size = next((one for one in SIZES if _fits(_Setting(letter, one, level))), smallest)
    chosen = _Setting(letter, size, level)
    if min(_shares(chosen)) < ROOMY:
        larger = _Setting(letter, size, level, wide=True)
        chosen = larger if _fits(larger) else chosen
    return chosen


def sheet(letter: Document) -> Sheet:
    """The sheet of a letter."""
    chosen = _setting(letter)
    front, back = chosen.heights
    shares = _shares(chosen)
    columns = _columns(chosen.pieces, (front * shares[0], back * shares[1]))
    columns += [[] for _ in range(len(columns), COLUMNS)]
    return Sheet(
        size=f"size-{round(chosen.size * 10)}",
        editorial=_editorial(letter),
        sides=tuple(Side(tuple(map(tuple, columns[at : at + 2]))) for at in range(0, len(columns), 2)),
        wide=chosen.wide,
        chart=_chart(chosen.wide, size=10) if chosen.wide else NO_CHART,
        named=tuple(chosen.named),
    )
