"""What a letter is made of once it is ready to be shown: a document of sections, entries, counts and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from markupsafe import Markup

from tracker import filters
from tracker.letters import words
from tracker.letters.chart import Point

NO_CHART = Markup()


@dataclass(frozen=True, slots=True)
class Link:
    """What a text leads to: ("proposal", 48), ("action", 12), ("group", "slug"), ("meeting", 3), ("campaign", 1)."""

    kind: str
    key: int | str
    label: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Names that may be shown today, and texts withdrawn since."""

    authorships: Mapping[int, tuple[int | None, str]] = field(default_factory=dict)
    users: Mapping[int, str] = field(default_factory=dict)
    withdrawn_decisions: frozenset[int] = frozenset()
    withdrawn_updates: frozenset[int] = frozenset()

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same names and texts: what a shown letter depends on besides its frozen content."""
        return (
            tuple(sorted(self.authorships.items())),
            tuple(sorted(self.users.items())),
            self.withdrawn_decisions,
            self.withdrawn_updates,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing told: an answer, an action, a date."""

    title: str
    link: Link | None = None
    tag: str = ""
    css: str = ""
    text: str = ""
    notes: tuple[str, ...] = ()
    origins: tuple[Link, ...] = ()
    on: date | None = None


@dataclass(frozen=True, slots=True)
class CountRow:
    key: str
    label: str
    opening: int
    corrections: int
    changes: int
    closing: int

    @property
    def part(self) -> bool:
        """Whether it is a part of the row above it."""
        return self.key in words.PARTS


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """A number for the first screen, with what moved since the previous letter."""

    value: int
    label: str
    note: str


@dataclass(frozen=True, slots=True)
class Thanked:
    """Somebody thanked by name, with the numbers of the proposals."""

    name: str
    proposals: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A block ready to be shown. `written` (Markdown) replaces what the data says, or stands before it."""

    key: str
    kind: str
    title: str
    written: str = ""
    reading: str = ""
    entries: tuple[Entry, ...] = ()
    counts: tuple[CountRow, ...] = ()
    keys: tuple[KeyNumber, ...] = ()
    has_corrections: bool = False
    points: tuple[Point, ...] = ()
    chart: Markup = NO_CHART
    people: tuple[Thanked, ...] = ()
    more: str = ""  # what is said of the rest of a list too long to be told
    hidden: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Nothing to show: left out of the letter."""
        return not (self.written or self.reading or self.entries or self.counts or self.points or self.people)


@dataclass(frozen=True, slots=True)
class Document:
    """A letter, whoever reads it and however."""

    title: str
    name: str
    number: int | None
    quarter: str
    project: str
    project_slug: str
    after: date | None
    as_of: date
    known_at: datetime
    provisional: bool
    first: bool
    sections: tuple[Section, ...]
    closing: Mapping[str, int]

    @property
    def figures_day(self) -> str:
        """Chiffres arrêtés au 31 mars 2017."""
        said = gettext("Chiffres arrêtés au %(day)s", day=filters.day(self.as_of))
        return gettext("%(said)s (provisoires : le trimestre n'est pas fini)", said=said) if self.provisional else said

    def section(self, key: str) -> Section | None:
        return next((section for section in self.sections if section.key == key), None)
