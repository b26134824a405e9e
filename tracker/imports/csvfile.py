"""Bytes of a CSV file, in whatever encoding an office program left them, to rows with line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _

from tracker.imports.issues import ImportIssue, Issues

DELIMITERS = (";", ",", "\t", "|")
MAX_BYTES = 100 * 1024 * 1024
CELL_MAX = 100_000
SAMPLE_ROWS = 30

# The longer marks first: the UTF-32 one begins like the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEP_LINE = re.compile(r"sep=(.)\r?\n|sep=(.)\r", re.IGNORECASE)
# UTF-8 read as Windows-1252, then saved: "Ã©" for "é", "â€™" for "’".
_MOJIBAKE = re.compile("Ã[\x80-\xbf©¨ªª«´®¯¢¹»§€‰ ]|â€[™œ“”¦\x9d]|Â[«»°]|\ufffd")


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `line` is where it begins in the file."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """What was read. When the file cannot be read at all, no rows and an error that says why."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str
    issues: tuple[ImportIssue, ...]


def read_csv(data: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> CsvTable:
    """Read a CSV file whose first row that is not blank names the columns.

    Without `encoding` and `delimiter`, both are found: byte-order mark, else the pattern of zero bytes, else
    UTF-8, else Windows-1252; `sep=` line, else the delimiter that cuts the first rows most evenly.
    """
    issues = Issues()
    text, found = _decode(data, encoding, issues)
    skipped = 0
    if match := _SEP_LINE.match(text):
        delimiter = delimiter or match.group(1) or match.group(2)
        text, skipped = text[match.end() :], 1
    delimiter = delimiter or _guess_delimiter(text)
    columns: list[str] = []
    rows: list[Row] = []
    for start, cells in _records(text, delimiter, issues):
        line = start + skipped
        if not any(cell.strip() for cell in cells):
            continue
        _check_cells(cells, columns, line, issues)
        if not columns:
            columns = _header(cells, line, issues)
        elif (row := _row(cells, columns, line, issues)) is not None:
            rows.append(row)
    if not columns and not issues.sorted():
        issues.error(_("Ce fichier est vide."))
    return CsvTable(tuple(columns), tuple(rows), found, delimiter, issues.sorted())


def _decode(data: bytes, declared: str | None, issues: Issues) -> tuple[str, str]:
    if len(data) > MAX_BYTES:
        issues.error(_("Ce fichier dépasse %(n)s Mo.", n=MAX_BYTES // 1024 // 1024))
        return "", declared or ""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], name, issues), name
    if declared:
        return _strictly(data, declared, issues), declared
    if wide := _wide_encoding(data):
        return _strictly(data, wide, issues), wide
    for name in ("utf-8", "cp1252"):
        try:
            return data.decode(name), name
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _strictly(data: bytes, encoding: str, issues: Issues) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        issues.error(_("Ce codage de caractères n'existe pas."), value=encoding)
    except UnicodeDecodeError as error:
        issues.error(
            _("Ce fichier n'est pas en %(encoding)s.", encoding=encoding),
            line=data[: error.start].count(b"\n") + 1,
            value=repr(data[error.start : error.start + 8]),
        )
    return ""


def _wide_encoding(data: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark: where the zero bytes stand tells which."""
    sample = data[:4000]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    zeros = [sample[at::4].count(0) / max(1, len(sample[at::4])) for at in range(4)]
    if len(data) % 4 == 0 and min(zeros[0], zeros[1]) > 0.9 and zeros[3] < 0.1:
        return "utf-32-be"
    if len(data) % 4 == 0 and min(zeros[2], zeros[3]) > 0.9 and zeros[0] < 0.1:
        return "utf-32-le"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if len(data) % 2 == 0 and even > 0.7 and odd < 0.1:
        return "utf-16-be"
    if len(data) % 2 == 0 and odd > 0.7 and even < 0.1:
        return "utf-16-le"
    return None


def _guess_delimiter(text: str) -> str:
    best, best_score = ",", (0.0, 1)
    for candidate in DELIMITERS:
        widths = [len(cells) for cells in _sample(text, candidate)]
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = candidate, score
    return best


def _sample(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=delimiter)
    try:
        taken = 0
        for cells in reader:
            if not any(cells):
                continue
            yield cells
            taken += 1
            if taken == SAMPLE_ROWS:
                return
    except csv.Error:
        return


def _records(text: str, delimiter: str, issues: Issues) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins at; a line that cannot be read is named and passed over."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        issues.error(_("Le séparateur doit être un seul caractère."), value=delimiter)
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            yield start, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                issues.error(
                    _("Une case est trop longue : un guillemet n'est sans doute pas refermé."),
                    line=start,
                )
                return
            if "end of data" in str(error):
                issues.error(_("Un guillemet ouvert n'est jamais refermé."), line=start)
            else:
                issues.error(_("Un guillemet est mal placé dans cette ligne."), line=start)


def _header(cells: list[str], line: int, issues: Issues) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = unicodedata.normalize("NFC", " ".join(cell.replace("\0", "").split()))
        if not name:
            name = _("colonne %(n)s", n=number)
            issues.warn(_("Cette colonne n'a pas de nom."), line=line, column=name)
        if name in names:
            issues.error(_("Deux colonnes portent le même nom."), line=line, column=name)
            name = f"{name} ({number})"
        names.append(name)
    return names


def _row(cells: list[str], columns: list[str], line: int, issues: Issues) -> Row | None:
    while len(cells) > len(columns) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(columns):
        issues.error(
            _(
                "Cases dans cette ligne : %(found)s au lieu de %(expected)s.",
                found=len(cells),
                expected=len(columns),
            ),
            line=line,
            column=columns[len(cells)] if len(cells) < len(columns) else "",
        )
        return None
    return Row(line, dict(zip(columns, (cell.replace("\0", "") for cell in cells), strict=True)))


def _check_cells(cells: list[str], columns: list[str], line: int, issues: Issues) -> None:
    for at, cell in enumerate(cells):
        column = columns[at] if at < len(columns) else _("colonne %(n)s", n=at + 1)
        if "\0" in cell:
            issues.error(
                _("Cette case contient un octet nul : le fichier est abîmé ou n'est pas du texte."),
                line=line,
                column=column,
                value=cell,
            )
        if len(cell) > CELL_MAX:
            issues.error(
                _(
                    "Cette case fait %(n)s caractères : %(limit)s au plus.",
                    n=len(cell),
                    limit=CELL_MAX,
                ),
                line=line,
                column=column,
                value=cell[:100],
            )
        if _MOJIBAKE.search(cell):
            issues.warn(
                _("Des accents semblent abîmés : le fichier a été enregistré dans un autre codage."),
                line=line,
                column=column,
                value=cell[:100],
            )
