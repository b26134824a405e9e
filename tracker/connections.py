"""Connections to a SQLite file that may be moved, replaced, or refused by its disk, while the server goes on.

No file: nothing is begun in its place. Another file of that name, or a failure: the next request opens it anew.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

MEMORY = ":memory:"
REFUSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL})


def make_file(engine: Engine) -> None:
    """An empty SQLite file for the migrations to fill, where there is none; its owner alone reads it."""
    name = engine.url.database
    if engine.dialect.name == "sqlite" and name and name != MEMORY:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch(mode=0o600)


@event.listens_for(Engine, "do_connect")
def _open_what_exists(dialect: Any, _record: Any, addresses: list[Any], options: dict[str, Any]) -> Any:
    if dialect.name != "sqlite" or options.get("uri") or addresses[0] == MEMORY:
        return None
    return dialect.loaded_dbapi.connect(f"file:{quote(addresses[0])}?mode=rw", uri=True, **options)


@event.listens_for(Engine, "connect")
def _note_file(connection: Any, record: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):
        name = connection.execute("PRAGMA database_list").fetchone()[2]
        if name:
            record.info["file"] = name, _identity(name), os.access(name, os.W_OK)


def _identity(name: str) -> tuple[int, int] | None:
    """Which file has that name now; None when there is none."""
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@event.listens_for(Engine, "handle_error")
def _leave_all(context: ExceptionContext) -> None:
    """The connections of a process share what they know of their file: once the disk has refused something, none of
    those that wait is used again."""
    code = getattr(context.original_exception, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if code in REFUSED and context.engine is not None:
        context.engine.dispose()


@event.listens_for(Pool, "checkout")
def _leave_what_is_gone(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    held = record.info.get("file")
    if held is None:
        return
    name, identity, writable = held
    # SQLite opens a file that may not be written for reading alone, and goes on so
    may_write_now = not writable and os.access(name, os.W_OK)
    if may_write_now or _identity(name) != identity:
        raise DisconnectionError
