"""What an import has to say about its file, and how it says it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import gettext as _

VALUE_SHOWN = 40
LINES_SHOWN = 200
EXAMPLES_SHOWN = 6


class Severity(StrEnum):
    """An error keeps the file from being imported; a warning says what was kept, mended or left out."""

    ERROR = "error"
    WARNING = "warning"

    @property
    def label(self) -> str:
        return str(_("erreur") if self is Severity.ERROR else _("remarque"))


@dataclass(frozen=True, slots=True, order=True)
class ImportIssue:
    """One remark; `line` counts from 1 in the file, 0 when it concerns the mapping or the whole file."""

    line: int
    column: str
    severity: Severity
    message: str
    value: str = ""


class Issues:
    """Collects remarks while a file is read; the same remark twice, for two uses of a cell, is one."""

    def __init__(self) -> None:
        self._found: dict[ImportIssue, None] = {}

    def error(self, message: str, *, line: int = 0, column: str = "", value: str = "") -> None:
        self._found[ImportIssue(line, column, Severity.ERROR, message, value)] = None

    def warn(self, message: str, *, line: int = 0, column: str = "", value: str = "") -> None:
        self._found[ImportIssue(line, column, Severity.WARNING, message, value)] = None

    def extend(self, others: Iterable[ImportIssue]) -> None:
        self._found.update(dict.fromkeys(others))

    @property
    def errors(self) -> int:
        return count_errors(self._found)

    def sorted(self) -> tuple[ImportIssue, ...]:
        return tuple(sorted(self._found))


def count_errors(issues: Iterable[ImportIssue]) -> int:
    return sum(issue.severity is Severity.ERROR for issue in issues)


def render_issues(issues: Sequence[ImportIssue], *, limit: int = LINES_SHOWN) -> str:
    """The table by line and column, errors first; beyond `limit`, a count says what is not shown."""
    if not issues:
        return str(_("Aucune erreur ni remarque."))
    ordered = sorted(issues, key=lambda issue: (issue.severity is not Severity.ERROR, issue))
    header = (_("ligne"), _("colonne"), _("gravité"), _("valeur"), _("message"))
    rows = [
        (
            str(issue.line or "–"),
            issue.column or "–",
            issue.severity.label,
            _shorten(issue.value),
            issue.message,
        )
        for issue in ordered[:limit]
    ]
    text = _table(header, rows)
    if len(ordered) > limit:
        text += "\n" + _("… et %(n)s autres ; le résumé les compte.", n=len(ordered) - limit)
    return text


def render_summary(issues: Sequence[ImportIssue]) -> str:
    """The same remarks counted by column and message, with the first lines concerned."""
    groups: dict[tuple[bool, str, str, str], list[int]] = {}
    for issue in sorted(issues):
        key = (
            issue.severity is not Severity.ERROR,
            issue.severity.label,
            issue.column or "–",
            issue.message,
        )
        groups.setdefault(key, []).append(issue.line)
    if not groups:
        return ""
    rows = [
        (str(len(lines)), severity, column, message, _examples(lines))
        for (_rank, severity, column, message), lines in sorted(
            groups.items(), key=lambda item: (item[0][0], -len(item[1]), item[0])
        )
    ]
    return _table((_("nombre"), _("gravité"), _("colonne"), _("message"), _("lignes")), rows)


def _examples(lines: Sequence[int]) -> str:
    shown = [str(line) for line in dict.fromkeys(lines) if line][:EXAMPLES_SHOWN]
    return ", ".join(shown) + (" …" if len(set(lines)) > len(shown) and shown else "")


def _shorten(value: str) -> str:
    flat = " ".join(value.split())
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in flat)
    return printable if len(printable) <= VALUE_SHOWN else printable[: VALUE_SHOWN - 1] + "…"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(str(header[at])), *(len(row[at]) for row in rows)) for at in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
