"""The staff register: a CSV file or a workbook to one record per line, each fault named by line and column.

Pure: who is already known, and what would change, is `services.register`'s affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask_babel import gettext as _

from tracker import validation
from tracker.errors import Refused
from tracker.imports.csvfile import read_csv
from tracker.imports.issues import ImportIssue, Issues
from tracker.imports.mapping import folded
from tracker.imports.workbook import ROWS_MAX, TEXT_MAX, is_workbook, rows_of_workbook

FILE_MAX = 20 * 1024 * 1024
FIELDS = ("number", "last_name", "first_name", "email", "employer", "department", "site", "manager", "key")
REQUIRED = ("last_name", "first_name")
NUMBER_MAX = 40
# header words, folded; the first field that knows the word takes the column
_WORDS = {
    "number": ("matricule", "numero-agent", "no-agent", "numero-de-matricule", "mat"),
    "key": ("identifiant", "identifiant-unique", "id-personne", "cle"),
    "last_name": ("nom", "nom-usuel", "nom-d-usage", "nom-de-famille", "nom-patronymique"),
    "first_name": ("prenom", "prenoms", "prenom-usuel"),
    "email": ("courriel", "mel", "mail", "e-mail", "email", "adresse-mail", "adresse-electronique", "messagerie"),
    "employer": ("employeur", "collectivite", "entite", "etablissement", "structure"),
    "department": ("service", "direction", "direction-service", "affectation", "pole"),
    "site": ("site", "lieu-de-travail", "lieu", "batiment", "implantation"),
    "manager": ("encadrant", "encadrante", "encadrement", "categorie", "manager", "cadre"),
}
_PLAIN_LOCAL = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", re.ASCII)
_YES = {"oui", "o", "x", "1", "vrai", "yes", "true", "encadrant", "encadrante", "cadre", "a"}
_NO = {"", "non", "n", "0", "faux", "no", "false", "agent", "agente", "b", "c"}


def register_number(typed: str) -> str:
    """A number as it is compared. Raises Refused when it is too long."""
    number = validation.text(typed, field="number", limit=NUMBER_MAX, required=False, multiline=False)
    return number.replace(" ", "").upper()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the file holds, before any meaning is given to its columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    issues: tuple[ImportIssue, ...] = ()

    def samples(self, column: str, count: int = 3) -> tuple[str, ...]:
        """What the first rows say in a column."""
        at = self.columns.index(column)
        return tuple(cells[at] for _line, cells in self.rows[:count] if cells[at])


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the register. `shouted`: written in capitals, which says nothing of the name's own spelling."""

    line: int
    last_name: str
    first_name: str
    number: str = ""
    email: str = ""
    employer: str = ""
    department: str = ""
    site: str = ""
    manager: bool | None = None
    key: str = ""
    shouted: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def folded_name(self) -> tuple[str, str]:
        return folded_name(self.last_name), folded_name(self.first_name)


@dataclass(frozen=True, slots=True)
class Register:
    """The lines that can be used, the names of those that cannot, and why."""

    rows: tuple[PersonRow, ...]
    refused: tuple[tuple[int, str], ...]  # line, what it says of the name
    issues: tuple[ImportIssue, ...]


def read_sheet(data: bytes) -> Sheet:
    """The rows of a CSV file or of a workbook. Raises Refused when the file as a whole cannot be used."""
    if len(data) > FILE_MAX:
        raise Refused(_("Ce fichier dépasse %(n)s Mo.", n=FILE_MAX // 1024 // 1024), field="file")
    if is_workbook(data):
        return _of_workbook(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(
            _("Cet ancien format de classeur (.xls) ne se lit pas : enregistrez-le en .xlsx ou en CSV."), field="file"
        )
    table = read_csv(data)
    if not table.columns:
        raise Refused(table.issues[0].message if table.issues else _("Ce fichier est vide."), field="file")
    if len(table.rows) > ROWS_MAX:
        raise Refused(_("Ce fichier a plus de %(n)s lignes.", n=ROWS_MAX), field="file")
    rows = tuple((row.line, tuple(row.cells[name].strip() for name in table.columns)) for row in table.rows)
    return Sheet(table.columns, rows, table.issues)


def _of_workbook(data: bytes) -> Sheet:
    read = rows_of_workbook(data)
    if not read:
        raise Refused(_("Ce fichier est vide."), field="file")
    (_line, header), *rest = read
    names: list[str] = []
    for at, cell in enumerate(header, start=1):
        name = validation.clean_text(cell, multiline=False) or _("colonne %(n)s", n=at)
        names.append(f"{name} ({at})" if name in names else name)
    width = len(names)
    rows = tuple((line, tuple((*map(str.strip, cells), *[""] * width)[:width])) for line, cells in rest)
    return Sheet(tuple(names), rows)


def guess_columns(columns: Sequence[str], remembered: Mapping[str, str] | None = None) -> dict[str, str]:
    """Field → column: as last time where that column is there again, else by the words of the headers."""
    found = {field: column for field, column in (remembered or {}).items() if field in FIELDS and column in columns}
    left = [column for column in columns if column not in found.values()]
    for field in FIELDS:
        if field in found:
            continue
        known = _WORDS[field]
        exact = next((c for c in left if folded(c) in known), None)
        near = next((c for c in left if set(folded(c).split("-")) & set(known)), None)
        if column := exact or near:
            found[field] = column
            left.remove(column)
    return found


def read_register(sheet: Sheet, columns: Mapping[str, str]) -> Register:
    """Each line as a person. Raises Refused when a column that is needed is not told."""
    _check_columns(sheet, columns)
    places = {field: sheet.columns.index(column) for field, column in columns.items() if column}
    issues = Issues()
    issues.extend(sheet.issues)
    rows: list[PersonRow] = []
    refused: list[tuple[int, str]] = [(issue.line, "") for issue in sheet.issues if issue.severity.value == "error"]
    for line, cells in sheet.rows:
        said = {field: cells[at] for field, at in places.items()}
        row = _person(line, said, columns, issues)
        if row is None:
            refused.append((line, f"{said['first_name']} {said['last_name']}".strip()[:120]))
        else:
            rows.append(row)
    return Register(tuple(rows), tuple(refused), issues.sorted())


def _check_columns(sheet: Sheet, columns: Mapping[str, str]) -> None:
    for field in REQUIRED:
        if not columns.get(field):
            raise Refused(_("Dites quelle colonne donne le nom, et laquelle le prénom."), field=field)
    if not columns.get("number") and not columns.get("email"):
        raise Refused(
            _("Il faut une colonne de matricules ou d'adresses : on ne reconnaîtrait personne la fois d'après."),
            field="number",
        )
    used = [column for column in columns.values() if column]
    if len(used) != len(set(used)):
        raise Refused(_("La même colonne est choisie deux fois."), field="number")
    for field, column in columns.items():
        if column and column not in sheet.columns:
            raise Refused(_("Le fichier n'a pas de colonne « %(name)s ».", name=column), field=field)


def _person(line: int, said: Mapping[str, str], columns: Mapping[str, str], issues: Issues) -> PersonRow | None:
    failed = False

    def fault(message: str, field: str) -> str:
        nonlocal failed
        failed = True
        issues.error(message, line=line, column=columns.get(field, field), value=said.get(field, "")[:100])
        return ""

    for field, value in said.items():
        if len(value) > TEXT_MAX:
            fault(_("Cette case est trop longue."), field)
        elif value.startswith(("=", "+", "@", "-")):
            fault(_("Cette case commence comme une formule : seul un texte est attendu."), field)
    if failed:
        return None

    def cleaned(field: str, limit: int, *, minimum: int = 0, required: bool = False) -> str:
        value = said.get(field, "")
        try:
            return validation.text(value, field=field, limit=limit, minimum=minimum, required=required, multiline=False)
        except Refused as refused:
            return fault(refused.message, field)

    last = cleaned("last_name", validation.NAME_MAX, required=True)
    first = cleaned("first_name", validation.NAME_MAX, required=True)
    if not failed and not (_has_letters(last) and _has_letters(first)):
        fault(_("Un nom s'écrit avec des lettres."), "last_name")
    number = register_number(cleaned("number", NUMBER_MAX))
    email = _email(said.get("email", ""), fault)
    if not number and not email and not failed:
        fault(_("Cette ligne n'a ni matricule ni adresse : cette personne ne serait pas reconnue la fois d'après."),
              "number" if columns.get("number") else "email")  # fmt: skip
    manager = None
    if columns.get("manager"):
        word = folded(said["manager"])
        if word in _YES or word in _NO:
            manager = word in _YES
        else:
            fault(_("Dites « oui » ou « non » (ou la catégorie A, B ou C)."), "manager")
    row = PersonRow(
        line=line,
        last_name=_spelled(last),
        first_name=_spelled(first),
        number=number,
        email=email,
        employer=cleaned("employer", validation.NAME_MAX),
        department=cleaned("department", validation.LABEL_MAX),
        site=cleaned("site", validation.LABEL_MAX),
        manager=manager,
        key=cleaned("key", validation.NAME_MAX),
        shouted=last.isupper() or first.isupper(),
    )
    return None if failed else row


@lru_cache(maxsize=1_000)
def _domain_is_fine(domain: str) -> bool:
    try:
        return validation.email(f"x@{domain}") == f"x@{domain}"
    except Refused:
        return False


def _email(said: str, fault: object) -> str:
    if not said:
        return ""
    local, _at, domain = said.lower().partition("@")
    if len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local) and _domain_is_fine(domain):
        return f"{local}@{domain}"  # asked of the validator once per domain: a register has thousands of addresses
    try:
        return validation.email(said)
    except Refused as refused:
        return str(fault(refused.message, "email"))  # type: ignore[operator]


@lru_cache(maxsize=100_000)
def folded_name(name: str) -> str:
    """A name as names are compared; one in another alphabet stands as it is."""
    return folded(name) or name.casefold()


def _has_letters(name: str) -> bool:
    return any(letter.isalpha() for letter in name)


def _spelled(name: str) -> str:
    """ "MARTIN-LE GALL" is how registers shout "Martin-Le Gall"."""
    if not name.isupper() or len(name) < 2:
        return name
    return "".join(letter.lower() if at and name[at - 1].isalpha() else letter for at, letter in enumerate(name))
