"""The mapping file: what the columns of somebody else's file mean here.

A field is a template: `title = "{Nom du projet}"` takes a column, `summary = "Édition {edition}"` mixes words and
columns, `entities = "Ville"` is the same for every row. `[values.FIELD]` translates the source's words, `[defaults]`
fills what is empty. `seeds/reference/*.toml` are complete examples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Cells
from dataclasses import dataclass
from datetime import date

from tracker import validation
from tracker.enums import ActionStatus, TallyChoice

_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """Words and columns in braces."""

    text: str
    columns: tuple[str, ...]

    @property
    def column(self) -> str:
        """The column that remarks about this field name."""
        return self.columns[0] if self.columns else ""

    def fill(self, cells: Cells[str, str]) -> str:
        return _PLACE.sub(lambda match: cells.get(match.group(1), "").strip(), self.text).strip()


@dataclass(frozen=True, slots=True)
class Filter:
    """Keeps the rows whose column is in a list, or is a number within bounds."""

    column: str
    values: frozenset[str]
    low: float | None
    high: float | None

    def keeps(self, cells: Cells[str, str]) -> bool:
        cell = cells.get(self.column, "").strip()
        if self.values:
            return cell in self.values
        try:
            number = float(cell.replace(",", "."))
        except ValueError:
            return False
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """The project that receives the rows; title and dates serve only when it is to be created."""

    slug: str
    title: str
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Step:
    """A dated column that becomes a milestone; reaching it states `states` from its day on."""

    key: str
    label: str
    on: Template
    states: ActionStatus
    last_day: bool
    after: str


@dataclass(frozen=True, slots=True)
class DateRules:
    """How dates are written; `nothing` are the words that stand for "no date"."""

    formats: tuple[str, ...]
    nothing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stop:
    """What is said of a stop that the source does not date."""

    on: date
    note: str


@dataclass(frozen=True, slots=True)
class Tallies:
    """Columns of counts brought from elsewhere, and the column of their sum when there is one."""

    source: str
    columns: tuple[tuple[TallyChoice, str], ...]
    total: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, checked."""

    kind: str
    source: str
    key: str
    as_of: date
    encoding: str | None
    delimiter: str | None
    project: ProjectRef
    create: frozenset[str]
    filters: tuple[Filter, ...]
    fields: dict[str, Template]
    values: dict[str, dict[str, str]]
    defaults: dict[str, str]
    dates: DateRules
    steps: tuple[Step, ...]
    reached: dict[str, tuple[str, ...]]
    stop: Stop | None
    html_body: bool
    tallies: Tallies | None

    def columns(self) -> tuple[str, ...]:
        """Every column the mapping names, in order, once."""
        named = [self.key, *(one.column for one in self.filters)]
        for template in (*self.fields.values(), *(step.on for step in self.steps)):
            named.extend(template.columns)
        if self.tallies:
            named.extend(column for _choice, column in self.tallies.columns)
            named.append(self.tallies.total)
        return tuple(dict.fromkeys(column for column in named if column))


def template(text: str) -> Template:
    return Template(text, tuple(_PLACE.findall(text)))


def folded(word: str) -> str:
    """A word as it is compared: case, accents and blanks do not count."""
    return validation.slugify(word)
