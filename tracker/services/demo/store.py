"""Rows gathered in memory and inserted table by table: a demonstration loads in seconds, not minutes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

from tracker.extensions import db, keys_were_given
from tracker.models import Event

CHUNK = 2_000


class Batch:
    """Rows to insert, with their keys known at once so that others may point at them."""

    def __init__(self) -> None:
        self._rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        self._last: dict[Table, int] = {}
        self._blank: dict[Table, dict[str, Any]] = {}

    def add(self, model: Any, **values: Any) -> int:
        """Keep a row for later; gives its key (0 for a table whose key is not a number of its own)."""
        table: Table = model if isinstance(model, Table) else model.__table__
        row = {**self._defaults(table), **values}
        unknown = row.keys() - table.columns.keys()
        if unknown:
            raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
        if "id" in table.columns:
            row["id"] = values.get("id") or self.reserve(table)
        self._rows[table].append(row)
        return int(row.get("id") or 0)

    def reserve(self, model: Any) -> int:
        """The next key of a table, for a row to be added later under that `id`."""
        table: Table = model if isinstance(model, Table) else model.__table__
        if table not in self._last:
            self._last[table] = db.session.scalar(select(func.max(table.c.id))) or 0
        self._last[table] += 1
        return self._last[table]

    def rows(self, model: Any) -> list[dict[str, Any]]:
        """What is kept for a table, to count or amend before it is written."""
        table: Table = model if isinstance(model, Table) else model.__table__
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
                if column.name != "id":
                    blank[column.name] = _default(column.default)
            self._blank[table] = blank
        return self._blank[table]

    def write(self) -> Iterator[tuple[str, int]]:
        """Insert everything, what is pointed at first; yields each table with its number of rows."""
        for table in db.metadata.sorted_tables:
            rows = self._rows.pop(table, [])
            for start in range(0, len(rows), CHUNK):
                db.session.execute(insert(table), rows[start : start + CHUNK])
            if rows:
                keys_were_given(table)
                yield table.name, len(rows)


def _default(default: Any) -> Any:
    if isinstance(default, CallableColumnDefault):  # `list` and the like
        return default.arg(None)  # type: ignore[arg-type]
    return default.arg if isinstance(default, ScalarElementColumnDefault) else None


def trace(
    batch: Batch,
    *,
    at: datetime,
    programme_id: int,
    person: tuple[int, str] | None,
    verb: str,
    subject: str,
    subject_id: int,
    **changes: Any,
) -> None:
    """The event that a service would have written: who (id and name), what, old → new."""
    batch.add(
        Event,
        at=at,
        programme_id=programme_id,
        actor_id=person[0] if person else None,
        actor_label=person[1] if person else "",
        verb=verb,
        subject=subject,
        subject_id=subject_id,
        changes=changes,
    )
