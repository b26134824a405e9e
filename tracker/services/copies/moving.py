"""The move of a SQLite file into an empty PostgreSQL, in one transaction: whole and compared, or nothing.

Everything is read in one read transaction, table by table in the order of the keys, and read back; counts and sums
of both sides must agree. What people write meanwhile is not in it: unless asked for a copy of that one moment
(`live`), the move is then refused, so that nothing that was written is ever left behind.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Enum,
    String,
    Table,
    Text,
    cast,
    delete,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from tracker import config, search
from tracker.errors import Refused
from tracker.extensions import db, keys_were_given, write_options
from tracker.models import Instant, Proposal
from tracker.services.copies import postgresql

OLDEST, FIRST_TOLD = 150_000, "15"  # of the PostgreSQL that we know
CHUNK = 2_000
_PLACE = re.compile(r"line (\d+)(?:, column (\w+))?")


@dataclass(frozen=True, slots=True)
class Summed:
    """What a table holds: how many rows, and a sum of them in whatever order."""

    table: str
    rows: int
    checksum: str


def copy_to(url: str, *, live: bool = False, say: Callable[[Summed], None] = lambda one: None) -> int:
    """Copy the application's SQLite file into the empty PostgreSQL of that address; how many rows.

    `say` hears of each table once it is compared. Raises Refused, and then leaves the target empty.
    """
    if db.engine.dialect.name != "sqlite":
        raise Refused(gettext("La base d'origine doit être un fichier SQLite : c'est ce que nomme DATABASE_URL."))
    with postgresql.engine_of(_target(url)) as engine:
        target = engine.connect().execution_options(**write_options(engine))
        with target, _source() as (source, watch):
            before = _version(watch)
            _refuse_other_version(target)
            postgresql.refuse_unless_empty(target)
            _migrate(source, target)
            rows = 0
            for table in db.metadata.sorted_tables:
                summed = _copy(table, source, target)
                rows += summed.rows
                say(summed)
            _index(source, target)
            target.execute(text("ANALYZE"))
            if not live:
                watch.execution_options(write=True)  # nobody writes any more until the copy is kept
                if _version(watch, hold=True) != before:
                    raise Refused(
                        gettext("Quelqu'un a écrit pendant la copie : rien n'est gardé. Arrêtez le serveur d'abord.")
                    )
            target.commit()
    return rows


def _target(url: str) -> str:
    problems: list[str] = []
    found = str(config.database_settings(url, problems).get("SQLALCHEMY_DATABASE_URI"))
    if problems or not found.startswith("postgresql"):
        raise Refused(gettext("Donnez l'adresse d'une base PostgreSQL : postgresql://compte@serveur/nom"))
    return found


@contextmanager
def _source() -> Iterator[tuple[Connection, Connection]]:
    """One connection that reads one state, and one that sees whether there is a later one."""
    try:
        with db.engine.connect() as source, db.engine.connect() as watch:
            yield source, watch
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise Refused(gettext("La base d'origine ne peut pas être lue : %(why)s", why=error.orig)) from error
        raise


def _version(watch: Connection, *, hold: bool = False) -> int:
    """A number that changes with each write of others; `hold`: leave the transaction open."""
    found = int(watch.exec_driver_sql("PRAGMA data_version").scalar_one())
    if not hold:
        watch.rollback()
    return found


def _refuse_other_version(target: Connection) -> None:
    if int(target.exec_driver_sql("SHOW server_version_num").scalar_one()) < OLDEST:
        raise Refused(gettext("Ce PostgreSQL est trop ancien : il faut la version %(n)s ou plus.", n=FIRST_TOLD))
    if target.exec_driver_sql("SHOW server_encoding").scalar_one() != "UTF8":
        raise Refused(gettext("La base d'arrivée doit être en UTF-8 : créez-la avec --encoding UTF8."))


def _migrate(source: Connection, target: Connection) -> None:
    """Make the tables by the real migrations, in the transaction of the copy; they are those of the source too."""
    from alembic import command
    from alembic.script import ScriptDirectory

    options = current_app.extensions["migrate"].migrate.get_config()
    head = ScriptDirectory.from_config(options).get_current_head()
    known = db.inspect(source).has_table("alembic_version")
    if not known or source.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() != head:
        raise Refused(gettext("La base d'origine n'est pas à jour : lancez d'abord flask --app wsgi db upgrade."))
    options.attributes["connection"] = target
    command.upgrade(options, "head")
    for table in reversed(db.metadata.sorted_tables):  # the migrations write a row
        target.execute(delete(table))


def _copy(table: Table, source: Connection, target: Connection) -> Summed:
    """Copy the rows of a table and compare them with what can be read of them in the target."""
    columns = list(table.columns)
    preparer = target.dialect.identifier_preparer
    names = ", ".join(preparer.format_column(column) for column in columns)
    told = _Sum(table.name)
    # in the order of their keys: where a vote lies says nothing of when it was cast
    read = select(*map(_plain, columns)).order_by(*table.primary_key.columns)
    cursor = target.connection.cursor()
    try:
        with cursor.copy(f"COPY {preparer.format_table(table)} ({names}) FROM STDIN") as copy:
            for row in _rows(read, source):
                told.add(row)
                copy.write_row(row)
    except target.dialect.loaded_dbapi.Error as error:
        raise _unfit(table.name, error) from error
    found = _Sum(table.name)
    for row in _rows(select(*map(_plain, columns)), target):
        found.add(row)
    if found.summed() != told.summed():
        raise Refused(gettext("La table %(name)s n'est pas la même des deux côtés.", name=table.name))
    keys_were_given(table, target)
    return told.summed()


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as both databases give it alike, hence as it is kept: JSON as it is written, instants without zone."""
    if isinstance(column.type, JSON):
        return cast(column, Text)
    if isinstance(column.type, Instant):
        return type_coerce(column, DateTime)
    return type_coerce(column, String) if isinstance(column.type, Enum) else column


def _rows(read: Any, connection: Connection) -> Iterator[tuple[Any, ...]]:
    for rows in connection.execute(read.execution_options(yield_per=CHUNK)).partitions():
        yield from map(tuple, rows)


class _Sum:
    """The sum of rows read in any order: databases do not put the same letters in the same order."""

    def __init__(self, table: str) -> None:
        self._table, self._rows, self._total = table, 0, 0

    def add(self, row: tuple[Any, ...]) -> None:
        self._rows += 1
        self._total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest())

    def summed(self) -> Summed:
        return Summed(self._table, self._rows, f"{self._total % 2**256:064x}")


def _unfit(table: str, error: Exception) -> Refused:
    """Which row PostgreSQL does not take, by its place in the order of the keys; never what it holds."""
    place = _PLACE.search(getattr(getattr(error, "diag", None), "context", None) or "")
    why = re.sub(r'"[^"]*"', '"…"', str(error).strip().splitlines()[0])
    if place is None:
        return Refused(gettext("La table %(name)s ne peut pas être copiée : %(why)s", name=table, why=why))
    return Refused(
        gettext(
            "La table %(name)s ne peut pas être copiée : ligne %(line)s dans l'ordre des clés, colonne %(column)s, "
            "%(why)s",
            name=table,
            line=place[1],
            column=place[2] or "?",
            why=why,
        )
    )


def _index(source: Connection, target: Connection) -> None:
    """Build the full-text index of the proposals that are in that of the source."""
    wanted = search.indexed(source)
    read = select(Proposal.id, Proposal.title, Proposal.body).order_by(Proposal.id)
    held: list[tuple[int, str, str]] = []
    for key, title, body in _rows(read, source):
        if key in wanted:
            held.append((key, title, body))
        if len(held) == CHUNK:
            search.fill(target, held)
            held = []
    search.fill(target, held)
    if search.indexed(target) != wanted:
        raise Refused(gettext("L'index de la recherche n'est pas le même des deux côtés."))
