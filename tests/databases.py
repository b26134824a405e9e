"""The databases of tests: SQLite, or PostgreSQL when TRACKER_TEST_DATABASE=postgresql. Both are copied whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from flask import Flask, has_app_context
from sqlalchemy import text

from tests import postgresql_server
from tracker.extensions import db

ON_POSTGRESQL = os.environ.get("TRACKER_TEST_DATABASE", "sqlite") == "postgresql"
# where the database is the subject: every case is run wherever. Of each other test the first case, when that is asked
OF_DATABASES = {
    "test_copies", "test_faults", "test_migrations", "test_moving", "test_parallel_votes", "test_postgresql",
    "test_search", "test_transactions", "test_votes",
}  # fmt: skip
FIRST_CASES = os.environ.get("TRACKER_TEST_CASES", "all") == "first"

# why what recounts is shown on one database: the rows of the demonstration are the same on both, see test_postgresql.py
PLAIN_SQL = "it counts in the SQL of SQLite"


class Base(Protocol):
    """One database by its name, and the copies kept of it; to be let go before it is copied or put back."""

    url: str

    def keep(self, copy: str) -> None: ...
    def put_back(self, copy: str) -> None: ...
    def watch(self) -> Watch: ...
    def blank(self) -> None: ...
    def away(self) -> AbstractContextManager[None]: ...


class Watch(Protocol):
    """Whether anything is committed by anybody."""

    def now(self) -> int: ...
    def written_since(self, moment: int) -> bool: ...
    def close(self) -> None: ...


class SqliteWatch:
    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file)

    def now(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def written_since(self, moment: int) -> bool:
        return self.now() != moment

    def close(self) -> None:
        self._connection.close()


class PostgresqlWatch:
    """Only transactions that write get a number; those rolled back are left out."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def now(self) -> int:
        return int(self._connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()[0])

    def written_since(self, moment: int) -> bool:
        return any(
            self._connection.execute("SELECT pg_xact_status(%s::text::xid8)", (number,)).fetchone()[0] == "committed"
            for number in range(moment, self.now())
        )

    def close(self) -> None:
        self._connection.close()


class SqliteBase:
    """A file in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.db"
        self.url = f"sqlite:///{self.file}"

    def keep(self, copy: str) -> None:
        """To be called once the last connection is closed, hence the journal written back."""
        shutil.copy(self.file, self.folder / f"{copy}.db")

    def put_back(self, copy: str) -> None:
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        # a new file, not the old one rewritten: a failed test's traceback may still hold a cursor on that
        aside = self.folder / f"{self.name}.next"
        shutil.copy(self.folder / f"{copy}.db", aside)
        os.replace(aside, self.file)

    def blank(self) -> None:
        """Nothing at all, not even tables."""
        for file in self.folder.glob(f"{self.file.name}*"):
            file.unlink()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Meanwhile it cannot be reached; what it held is lost."""
        self.blank()
        self.file.mkdir()
        try:
            yield
        finally:
            self.file.rmdir()

    def watch(self) -> SqliteWatch:
        return SqliteWatch(self.file)


class PostgresqlBase:
    """A database of the tests' server."""

    def __init__(self, socket: Path, name: str) -> None:
        self.socket, self.name = socket, name
        self.url = postgresql_server.address(socket, name)
        if not postgresql_server.exists(socket, name):
            postgresql_server.run(socket, f'CREATE DATABASE "{name}"')

    def keep(self, copy: str) -> None:
        self._copy(self.name, copy)

    def put_back(self, copy: str) -> None:
        self._copy(copy, self.name)

    def _copy(self, source: str, target: str) -> None:
        postgresql_server.run(
            self.socket,
            f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)',
            f'CREATE DATABASE "{target}" TEMPLATE "{source}" STRATEGY FILE_COPY',
        )

    def blank(self) -> None:
        postgresql_server.run(
            self.socket, f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', f'CREATE DATABASE "{self.name}"'
        )

    @contextmanager
    def away(self) -> Iterator[None]:
        postgresql_server.run(self.socket, f'DROP DATABASE "{self.name}" WITH (FORCE)')
        try:
            yield
        finally:
            self.blank()

    def watch(self) -> PostgresqlWatch:
        return PostgresqlWatch(self.url)


@contextmanager
def bases(folder: Path) -> Iterator[Any]:
    """`make(name)` gives a database of the kind asked for; all end with this."""
    if not ON_POSTGRESQL:
        yield lambda name: SqliteBase(folder, name)
        return
    with postgresql_server.server() as socket:
        yield lambda name: PostgresqlBase(socket, name)


def let_go(app: Flask) -> None:
    """Close every connection of an application, that of the caller's own session too."""
    if has_app_context():
        db.session.remove()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def rows() -> list[str]:
    """Every row of every table of the application at hand, those of the search too."""
    quote = db.engine.dialect.identifier_preparer.format_table
    names = [*(quote(table) for table in db.metadata.sorted_tables), "proposal_search"]
    return sorted(f"{name}: {row}" for name in names for row in db.session.execute(text(f"SELECT * FROM {name}")))


def sweep() -> None:
    """Empty every table of the application's PostgreSQL database and begin its keys anew.

    Twelve times faster than a database made anew, for the few rows that a test writes.
    """
    quote = db.engine.dialect.identifier_preparer.format_table
    names = [quote(table) for table in reversed(db.metadata.sorted_tables)]
    keys = [quote(table) for table in db.metadata.sorted_tables if "id" in table.columns]
    statements = "; ".join(
        [
            "SET LOCAL session_replication_role = replica",  # no reference is looked up: all goes
            *(f"DELETE FROM {name}" for name in (*names, "proposal_search")),
            "INSERT INTO instance (id, revision, demo) VALUES (1, 1, false)",
            "SELECT " + ", ".join(f"setval(pg_get_serial_sequence('{key}', 'id'), 1, false)" for key in keys),
        ]
    )
    with db.engine.connect() as connection:
        connection.execute(text(statements.replace(":", "\\:")))
        connection.commit()
