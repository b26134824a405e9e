"""Connections to a SQLite file that may be moved, replaced, or refused by its disk, while the server goes on.

No file: nothing is begun in its place. Another file of that name, or a failure: the next request opens it anew.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask_babel import gettext
from sqlalchemy import URL, Engine, ExceptionContext, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from tracker.errors import Refused

MEMORY = ":memory:"
REFUSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL})


def make_file(engine: Engine) -> None:
    """An empty SQLite file for the migrations to fill, where there is none; its owner alone reads it.

    Raises Refused where the journal of a database that was moved still lies: SQLite would empty it.
    """
    path = _file(engine.url)
    if path is not None:
        if left := _left_behind(path):
            raise Refused(
                gettext(
                    "%(path)s n'est plus là, mais son journal y est encore : %(journal)s, qui tient peut-être des "
                    "écritures qu'elle n'a pas. Remettez la base à côté de lui, ou déplacez-le sans l'effacer.",
                    path=path,
                    journal=left,
                )
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)


def fold_journal(url: str) -> bool:
    """Bring what the journal of a SQLite file holds into the file, which may then be copied alone, or moved.

    False when somebody still reads or writes it after a second. Raises sqlite3.Error; makes no file.
    """
    path = _file(make_url(url))
    if path is None or not path.exists():
        return True
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=1)) as connection:
        busy, *_pages = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _file(url: URL) -> Path | None:
    named = url.get_backend_name() == "sqlite" and url.database and url.database != MEMORY
    return Path(url.database or "") if named else None


def _left_behind(path: Path) -> Path | None:
    """A journal that waits there for a base which is no longer, or which is empty."""
    missing = not path.exists()
    for suffix in ("-wal", "-journal") if missing else ("-wal",):
        journal = path.with_name(path.name + suffix)
        if journal.exists() and journal.stat().st_size and (missing or not path.stat().st_size):
            return journal
    return None


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
