"""The Flask extensions, and how a transaction begins.

SQLite (design 4.12): plain ``BEGIN`` for reads, ``BEGIN IMMEDIATE`` for writes, so that two writers queue instead of
failing half-way, and readers never wait. A request reads first, then calls `begin_write()` just before the service.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase, Session

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 10_000


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
babel = Babel()
login_manager = LoginManager()
csrf = CSRFProtect()


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
    if connection.dialect.name == "sqlite":
        writing = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def begin_write() -> None:
    """End the read transaction and begin a write one.

    What was loaded is expired, so the service reads again what it changes.
    """
    session = db.session()
    session.rollback()
    session.connection(execution_options={"write": True})
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


@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, _context: Any, _instances: Any) -> None:
    """A write outside a write transaction would begin too late on SQLite, or be lost: refuse it loudly."""
    changed = bool(session.new or session.deleted) or any(session.is_modified(row) for row in session.dirty)
    if changed and not session.info.get("writing"):
        raise RuntimeError("write outside a write transaction: call begin_write() first")
