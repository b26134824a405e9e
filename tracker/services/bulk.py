"""The bulk loader: rows checked against their table, then inserted many at a time, what is pointed at first.

Importers insert with `insert_all`; the demonstration, whose rows point at one another and which nobody else writes
beside, gathers them in a `Batch` that knows their keys at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

from tracker.extensions import db, keys_were_given

CHUNK = 2_000


def table_of(model: Any) -> Table:
    table: Table = getattr(model, "__table__", model)
    return table


def insert_all(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of the same keys in few statements. Ids are read back by what makes each row unique: asking the insert
    for them, in order, would send the rows one by one. Raises KeyError for a column that the table has not."""
    table = table_of(model)
    if rows:
        _check_columns(table, rows[0].keys() - table.columns.keys())
    for start in range(0, len(rows), CHUNK):
        db.session.execute(insert(table), rows[start : start + CHUNK])


def _check_columns(table: Table, unknown: set[str]) -> None:
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")


class Batch:
    """Rows to insert, with their keys known at once so that others may point at them."""

    def __init__(self) -> None:
        self._rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        self._last: dict[Table, int] = {}
        self._blank: dict[Table, dict[str, Any]] = {}

    def add(self, model: Any, **values: Any) -> int:
        """Keep a row for later; gives its key (0 for a table whose key is not a number of its own)."""
        table = table_of(model)
        blank = self._defaults(table)
        _check_columns(table, values.keys() - blank.keys())
        row = {**blank, **values}
        if "id" in blank:
            row["id"] = values.get("id") or self.reserve(table)
        self._rows[table].append(row)
        return int(row.get("id") or 0)

    def reserve(self, model: Any) -> int:
        """The next key of a table, for a row to be added later under that `id`."""
        table = table_of(model)
        if table not in self._last:
            self._last[table] = db.session.scalar(select(func.max(table.c.id))) or 0
        self._last[table] += 1
        return self._last[table]

    def rows(self, model: Any) -> list[dict[str, Any]]:
        """What is kept for a table, to count or amend before it is written."""
        table = table_of(model)
        return self._rows[table]

    def in_order(self, model: Any, key: Callable[[dict[str, Any]], Any]) -> None:
        """Give the kept rows of a table their keys again in that order; only where nothing points at them."""
        rows = self.rows(model)
        keys = sorted(row["id"] for row in rows)
        rows.sort(key=key)
        for row, number in zip(rows, keys, strict=True):
            row["id"] = number

    def _defaults(self, table: Table) -> dict[str, Any]:
        if table not in self._blank:
            blank: dict[str, Any] = {}
            for column in table.columns:
                blank[column.name] = _default(column.default)
            self._blank[table] = blank
        return self._blank[table]

    def write(self) -> Iterator[tuple[str, int]]:
        """Insert everything, what is pointed at first; yields each table with its number of rows."""
        for table in db.metadata.sorted_tables:
            rows = self._rows.pop(table, [])
            insert_all(table, rows)
            if rows:
                keys_were_given(table)
                yield table.name, len(rows)


def _default(default: Any) -> Any:
    if isinstance(default, CallableColumnDefault):  # `list` and the like
        return default.arg(None)  # type: ignore[arg-type]
    return default.arg if isinstance(default, ScalarElementColumnDefault) else None
