"""The Flask extensions, and how a transaction begins.

Writers queue, one at a time, instead of failing half-way; readers never wait, and see one state of the data
(design 4.12). SQLite: plain ``BEGIN`` for reads, ``BEGIN IMMEDIATE`` for writes. PostgreSQL: REPEATABLE READ for reads;
a write takes one lock, held until it ends, and reads at READ COMMITTED what the writer before it committed.
A request reads first, then calls `begin_write()` just before the service.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from babel.support import Translations
from flask import Flask, g, has_app_context, has_request_context
from flask_babel import Babel, Domain, force_locale, get_locale
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import URL, Connection, Engine, ExceptionContext, MetaData, Table, TextClause, event, func, select
from sqlalchemy import exc as sql_errors
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from tracker import connections  # noqa: F401 - listens
from tracker.wording import NONE, Labels, reworded

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 10_000  # how long a writer waits for its turn
LOOK_AGAIN_S = 0.001  # between two looks at a database that another process writes to
WRITE_LOCK = 4_120  # the lock that writers take on PostgreSQL; its number is that of the rule in the design
FRENCH = "fr"  # the language of the message ids, of what is kept, and of whoever chose none


_turns: dict[URL, threading.Lock] = {}  # of the writers of this process, by database


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class FrenchSource(Translations):
    """French is the language of the message ids, hence needs no catalogue, but counts its plurals otherwise
    than the English that gettext supposes: 0 and 1 are singular."""

    def ungettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return msgid1 if abs(n) < 2 else msgid2

    def upgettext(self, context: str, message: str) -> str:
        return self.ugettext(message)

    ngettext = ungettext


class TownSource(FrenchSource):
    """French in the words of one town."""

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self._labels = labels
        self._said: dict[str, str] = {}

    def ugettext(self, message: str) -> str:
        found = self._said.get(message)
        if found is None:
            found = self._said[message] = reworded(message, self._labels)
        return found

    def ungettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.ugettext(super().ungettext(msgid1, msgid2, n))

    gettext, ngettext = ugettext, ungettext


def language() -> str:
    """The code of the language spoken now; French where nobody is spoken to."""
    spoken = get_locale()
    return FRENCH if spoken is None else str(spoken.language)


class RequestDomain(Domain):
    """Looks the reader's catalogue up once per request: a page asks for hundreds of words; `speaking` changes it.

    A town's own words are French: they stand in French sentences alone.
    """

    _source = FrenchSource()

    def __init__(self, *args: Any, labels: Callable[[], Labels] = lambda: NONE, **options: Any) -> None:
        super().__init__(*args, **options)
        self._labels = labels
        self._town = (NONE, self._source)

    def _french(self) -> FrenchSource:
        labels = self._labels() if has_request_context() and not g.get("failing") else NONE
        if labels == NONE:
            return self._source
        town = self._town  # another request may speak in other words meanwhile
        if town[0] != labels:
            town = self._town = (labels, TownSource(labels))
        return town[1]

    def get_translations(self) -> Translations:
        if not has_app_context():
            return self._source
        found: Translations | None = g.get("catalogue")
        if found is None:
            found = self._french() if language() == FRENCH else super().get_translations()
            g.catalogue = found
        return found


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Meanwhile sentences, dates and numbers are those of that language.

    A mail is in its receiver's; what is kept, or printed for others, in French.
    """
    if not has_app_context():  # nothing is translated there
        yield
        return
    with force_locale(language):
        before = g.pop("catalogue", None)
        try:
            yield
        finally:
            g.pop("catalogue", None)
            if before is not None:
                g.catalogue = before


# what a view may catch when the database is away, busy or full, without knowing SQLAlchemy
DatabaseTrouble = (sql_errors.DBAPIError, sql_errors.TimeoutError)

db = SQLAlchemy(model_class=Base)
babel = Babel()
login_manager = LoginManager()
csrf = CSRFProtect()


def prepare_migrations(app: Flask, directory: str) -> None:
    """Make `flask db` work on this application; Alembic is not loaded before, the web server does without it."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=directory)


def speak(app: Flask, labels: Callable[[], Labels]) -> None:
    """Give code and templates the words of `RequestDomain`; call it once Babel is set. `labels`: those of the town."""
    domain = RequestDomain(domain="messages", labels=labels)
    with app.app_context():
        app.extensions["babel"].instance.domain_instance = domain
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: domain.get_translations().ugettext(text),
        lambda one, many, n: domain.get_translations().ungettext(one, many, n),
        newstyle=True,
        pgettext=lambda context, text: domain.get_translations().upgettext(context, text),
    )


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we emit BEGIN ourselves: the driver's own starts too late
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("write", False)
    if connection.dialect.name != "sqlite":
        if writing:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
    elif writing:
        _take_turn(connection)
    else:  # said to the driver itself: every request says it, and it touches no file, hence cannot fail
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        driver.execute("BEGIN")


def _take_turn(connection: Connection) -> None:
    """Begin a write on SQLite, within BUSY_TIMEOUT_MS.

    SQLite's own wait looks again after longer and longer pauses: eight writers spend most of their time asleep. Those
    of one process queue for a lock that wakes the next at once, and the first of them alone looks at the file.
    """
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    turn = _turns.setdefault(connection.engine.url, threading.Lock())
    if turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
        connection.info["turn"] = turn
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < deadline:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # also while it recovers from a kill
                    break
                time.sleep(LOOK_AGAIN_S)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # said once more so that its refusal is SQLAlchemy's
    except BaseException:
        _give_turn(connection.info)
        raise
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _give_turn(info: dict[Any, Any]) -> None:
    turn = info.pop("turn", None)
    if turn is not None:
        turn.release()


@event.listens_for(Pool, "checkin")
def _end_turn(_connection: Any, record: ConnectionPoolEntry) -> None:
    _give_turn(record.info)


def write_options(engine: Engine) -> dict[str, Any]:
    """The options of a connection on which a write transaction begins."""
    if engine.dialect.name == "sqlite":
        return {"write": True}
    # a statement sees what was committed before it: the wait for the lock would else fix what the next ones see
    return {"write": True, "isolation_level": "READ COMMITTED"}


@event.listens_for(Engine, "handle_error")
def _leave_values_out(context: ExceptionContext) -> None:
    """PostgreSQL's second line quotes the values it refused: no log holds what a person wrote or supports."""
    error, original = context.sqlalchemy_exception, context.original_exception
    if error is not None and context.dialect.name == "postgresql":
        original.args = tuple(str(one).splitlines()[0] if one else one for one in original.args)
        error.args = tuple(str(one).splitlines()[0] if one else one for one in error.args)


class CommitFailed(Exception):
    """The database refused to keep what a request wrote: nothing was written."""


# the disk or the quota is full, the files are to be read alone, the disk is broken, too many are open
_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE,
     errno.ENFILE}
)  # fmt: skip


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the database or the disk cannot be reached, read or written just now, rather than asked wrongly."""
    if isinstance(error, (CommitFailed, sql_errors.TimeoutError)):
        return True
    if isinstance(error, OSError):
        return error.errno in _OF_THE_DISK
    asked_wrongly = (sql_errors.IntegrityError, sql_errors.ProgrammingError, sql_errors.DataError)
    return isinstance(error, sql_errors.DBAPIError) and not isinstance(error, asked_wrongly)


@contextmanager
def reading_only() -> Iterator[None]:
    """Meanwhile a write transaction is refused: a page that is only read never writes."""
    session = db.session()
    session.info["reading_only"] = True
    try:
        yield
    finally:
        session.info.pop("reading_only", None)


def begin_write() -> None:
    """End the read transaction and begin a write one.

    What was loaded is expired, so the service reads again what it changes.
    """
    session = db.session()
    if session.info.get("reading_only"):
        raise RuntimeError("GET never writes: use a POST")
    session.rollback()
    session.connection(execution_options=write_options(db.engine))
    session.info["writing"] = True


def is_writing() -> bool:
    return bool(db.session().info.get("writing"))


def end_transaction(*, commit: bool) -> None:
    """Commit or roll back, and forget that we were writing."""
    session = db.session()
    try:
        if commit:
            session.commit()
        else:
            session.rollback()
    finally:
        session.info.pop("writing", None)


def keys_were_given(table: Table, connection: Connection | None = None) -> None:
    """To be called once rows with keys of our choice were inserted: PostgreSQL gives the next ones after them."""
    where = connection or db.session.connection()
    if where.dialect.name == "sqlite" or "id" not in table.columns:
        return
    name = where.dialect.identifier_preparer.format_table(table)
    last = select(func.max(table.c.id)).scalar_subquery()
    where.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), last)))


@contextmanager
def write_transaction() -> Iterator[None]:
    """A write transaction of its own, for commands and jobs: commits at the end, rolls back on any error."""
    begin_write()
    try:
        yield
    except BaseException:
        end_transaction(commit=False)
        raise
    end_transaction(commit=True)


STRAY = "write outside a write transaction: call begin_write() first"
_WRITING_VERBS = ("INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE")


@event.listens_for(Session, "before_flush")
def _refuse_stray_rows(session: Session, _context: Any, _instances: Any) -> None:
    """A write outside a write transaction would begin too late on SQLite, or be lost: refuse it loudly."""
    changed = bool(session.new or session.deleted) or any(session.is_modified(row) for row in session.dirty)
    if changed and not session.info.get("writing"):
        raise RuntimeError(STRAY)


@event.listens_for(Session, "do_orm_execute")
def _refuse_stray_statements(state: ORMExecuteState) -> None:
    """The same for statements that go past the objects."""
    statement = state.statement
    writes = state.is_insert or state.is_update or state.is_delete
    if isinstance(statement, TextClause):
        writes = statement.text.lstrip().upper().startswith(_WRITING_VERBS)
    if writes and not state.session.info.get("writing"):
        raise RuntimeError(STRAY)
