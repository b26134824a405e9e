"""One row seen through its mapping: each field cleaned, translated, and named when it is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from flask_babel import gettext as _

from tracker import validation
from tracker.errors import Refused
from tracker.imports.csvfile import CsvTable, Row
from tracker.imports.issues import Issues
from tracker.imports.mapping import DateRules, Mapping, Template, folded
from tracker.records import paris_day

E = TypeVar("E", bound=StrEnum)
SOURCE_ID_MAX = 160


class Cells:
    """The fields of one row. A fault is noted once, and the field is then empty."""

    def __init__(self, row: Row, mapping: Mapping, issues: Issues) -> None:
        self.row = row
        self.mapping = mapping
        self.issues = issues
        self.failed = False

    @property
    def line(self) -> int:
        return self.row.line

    def source_id(self) -> str:
        return self.row.cells[self.mapping.key].strip()

    def column(self, field: str) -> str:
        template = self.mapping.fields.get(field)
        return template.column if template and template.column else field

    def raw(self, field: str) -> str:
        """What the source says, before any translation."""
        template = self.mapping.fields.get(field)
        return template.fill(self.row.cells) if template else ""

    def text(self, field: str) -> str:
        """What the source says in our words: translated, or the default when it says nothing."""
        said = self.raw(field)
        words = self.mapping.values.get(field, {})
        return words.get(said, said) or self.mapping.defaults.get(field, "")

    def day(self, field: str, *, last_day: bool = False) -> date | None:
        """A date, None when the cell is empty or in words."""
        template = self.mapping.fields.get(field)
        if template is None and field not in self.mapping.defaults:
            return None
        said = self.text(field)
        return self.parse_date(said, self.column(field), last_day=last_day)

    def step_date(self, template: Template, *, last_day: bool) -> date | None:
        return self.parse_date(template.fill(self.row.cells), template.column, last_day=last_day)

    def parse_date(self, said: str, column: str, *, last_day: bool) -> date | None:
        if not said:
            return None
        found = read_date(said, self.mapping.dates, last_day=last_day)
        if found is None and folded(said) in self.mapping.dates.nothing:
            self.warn(_("Du texte dans une colonne de dates : lu comme « pas de date »."), column, said)
        elif found is None:
            self.error(_("Ce n'est pas une date que la correspondance sache lire."), column, said)
        else:
            try:
                return validation.project_date(found, field=column)
            except Refused as refused:
                self.error(refused.message, column, said)
        return None

    def member(self, members: type[E], field: str, word: str) -> E | None:
        """The word as a member of a closed list; a word that the mapping does not translate is a fault."""
        for member in members:
            if member.value == word:
                return member
        message = _("La correspondance ne dit pas ce que ce mot veut dire ici.")
        self.error(message, self.column(field), self.raw(field))
        return None

    def whole_number(self, column: str) -> int | None:
        """A count, None when the cell is empty; "1 234" and "1 234,0" are read as people write them."""
        said = self.row.cells[column].strip()
        digits = "".join(said.replace("\u202f", " ").split())
        if not digits:
            return None
        digits = digits[: -len(",0")] if digits.endswith((",0", ".0")) else digits
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
            self.error(_("Un nombre entier est attendu."), column, said)
            return None
        return int(digits)

    def names(self, field: str) -> tuple[str, ...]:
        """Several names in one cell, each on its own or between bars or semicolons."""
        parts = self.text(field).replace("|", ";").replace("\n", ";").split(";")
        return tuple(dict.fromkeys(name for part in parts if (name := self.name(part, field))))

    def name(self, value: str, field: str) -> str:
        try:
            return validation.text(value, field=field, limit=validation.LABEL_MAX, required=False, multiline=False)
        except Refused as refused:
            self.error(refused.message, self.column(field), value)
            return ""

    def error(self, message: str, column: str, value: str = "") -> None:
        self.failed = True
        self.issues.error(message, line=self.line, column=column, value=value)

    def warn(self, message: str, column: str, value: str = "") -> None:
        self.issues.warn(message, line=self.line, column=column, value=value)


def rows_of(table: CsvTable, mapping: Mapping, issues: Issues) -> Iterator[Cells]:
    """The rows that the filters keep, each once; nothing at all when a column of the mapping is missing."""
    missing = [name for name in mapping.columns() if name not in table.columns]
    for name in missing:
        issues.error(_("La correspondance nomme une colonne absente du fichier."), column=name)
    if missing or not table.columns:
        return
    kept, seen = 0, dict[str, int]()
    for row in table.rows:
        if not all(one.keeps(row.cells) for one in mapping.filters):
            continue
        kept += 1
        cells = Cells(row, mapping, issues)
        found = cells.source_id()
        if not found or len(found) > SOURCE_ID_MAX:
            cells.error(_("Chaque ligne a besoin de son identifiant."), mapping.key, found)
        elif found in seen:
            message = _("Cet identifiant est déjà celui de la ligne %(n)s.", n=seen[found])
            cells.error(message, mapping.key, found)
        else:
            seen[found] = row.line
            yield cells
    if not kept and not table.rows:
        issues.error(_("Ce fichier n'a aucune ligne à lire sous ses titres."))
    elif not kept:
        issues.error(_("Aucune ligne ne passe les filtres de la correspondance."))


def read_date(said: str, rules: DateRules, *, last_day: bool = False) -> date | None:
    """Read a date by the first format that fits; of a month alone, the first or last day is taken."""
    for one in rules.formats:
        try:
            # a day as people write it has no zone; an instant that has one is a day in Paris
            read = datetime.fromisoformat(said) if one == "iso" else datetime.strptime(said, one)  # noqa: DTZ007
        except ValueError:
            continue
        found = paris_day(read) if read.tzinfo else read.date()
        if one == "iso":
            return found
        if last_day and "%d" not in one and "%j" not in one:
            return _last_of(found, whole_year="%m" not in one and "%b" not in one and "%B" not in one)
        return found
    return None


def _last_of(day: date, *, whole_year: bool) -> date:
    if whole_year:
        return date(day.year, 12, 31)
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1)
