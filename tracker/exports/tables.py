"""A table as a CSV file that French spreadsheets open at a double click.

UTF-8 with its mark, semicolons, decimal commas. A text that a spreadsheet would run as a formula is made harmless.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

Cell = str | int | float | date | None
# what a spreadsheet reads as the beginning of a formula (OWASP, "CSV injection")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell_text(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value).replace(".", ",")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    text = str(value)
    if isinstance(value, str) and text.lstrip(" ").startswith(FORMULA_SIGNS):
        return "'" + text
    return text


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The whole file, one line per row under the names of the columns."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow([cell_text(column) for column in columns])
    writer.writerows([cell_text(value) for value in row] for row in rows)
    return target.getvalue().encode("utf-8-sig")
