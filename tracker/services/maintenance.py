"""What operators do: copy and restore the database, clean what has expired."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from flask_babel import gettext
from sqlalchemy import delete, or_
from sqlalchemy.engine import make_url

from tracker.errors import Refused
from tracker.extensions import db
from tracker.models import LoginFailure, Setting, UserSession
from tracker.queries.readiness import ROUND

KEEP_SESSIONS = timedelta(days=30)
KEEP_FAILURES = timedelta(days=1)
NOTE_ROUNDS = timedelta(minutes=30)  # not at each: those who read it count in hours
JOURNALS = ("-wal", "-shm", "-journal")
REVISION_STEP = 1_000_000  # more writes than are ever made between a copy and its restoration


def _sqlite_file(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise Refused(gettext("Cette commande ne connaît que SQLite : utilisez pg_dump et pg_restore."))
    return Path(parsed.database)


def _address(path: Path, mode: str) -> str:
    """The file as SQLite opens it without ever making it."""
    return f"file:{quote(str(path.resolve()))}?mode={mode}"


def _make_private(path: Path) -> None:
    """An empty file that only its owner reads, from its first instant on. Raises Refused."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise Refused(gettext("%(path)s existe déjà : choisissez un autre nom.", path=path)) from error
    except OSError as error:
        raise Refused(gettext("%(path)s ne peut pas être écrit.", path=path)) from error


def _keep(path: Path) -> None:
    """Have the disk hold a file, or the names of a folder, before anything relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def backup(url: str, target: Path) -> int:
    """A consistent copy made while people write; bytes written. Vote keys are never in it. Raises Refused."""
    source = _sqlite_file(url)
    if not source.is_file():
        raise Refused(gettext("Il n'y a pas de base à sauvegarder : %(path)s n'existe pas.", path=source))
    _make_private(target)
    try:
        with (
            closing(sqlite3.connect(_address(source, "rw"), uri=True)) as live,
            closing(sqlite3.connect(_address(target, "rw"), uri=True)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("VACUUM")  # pages of the live base that are free may still hold what was erased
        _keep(target)
    except BaseException as error:
        target.unlink()
        if isinstance(error, sqlite3.Error):
            raise Refused(gettext("%(path)s n'est pas une base lisible.", path=source)) from error
        raise
    return target.stat().st_size


def restore(url: str, source: Path) -> None:
    """Put a copy in an empty place; it gets its name only once it is whole.

    Every revision is raised by a large step drawn at random: what browsers and processes kept of the time after
    the copy was made is not believed. Raises Refused when there is a database already, or its journal, or the copy is
    damaged.
    """
    target = _sqlite_file(url)
    for present in (target, *(target.with_name(target.name + suffix) for suffix in JOURNALS)):
        if present.exists():
            raise Refused(gettext("%(path)s existe déjà : rien n'est écrasé. Déplacez-le d'abord.", path=present))
    if not source.is_file():
        raise Refused(gettext("%(path)s n'existe pas.", path=source))
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    _make_private(aside)
    try:
        _fill(aside, source)
        _keep(aside)
        os.link(aside, target)  # unlike a renaming, it never takes the place of a file that came meanwhile
    except FileExistsError as error:
        raise Refused(gettext("%(path)s existe déjà : rien n'est écrasé. Déplacez-le d'abord.", path=target)) from error
    finally:
        aside.unlink()
    _keep(target.parent)


def _fill(aside: Path, source: Path) -> None:
    """Copy `source`, once looked through, and raise its revisions."""
    unreadable = gettext("%(path)s n'est pas une sauvegarde lisible.", path=source)
    try:
        with (
            closing(sqlite3.connect(_address(source, "ro"), uri=True)) as copy,
            closing(sqlite3.connect(_address(aside, "rw"), uri=True)) as fresh,
        ):
            state = copy.execute("PRAGMA integrity_check").fetchone()[0]
            if state != "ok":
                raise Refused(gettext("%(path)s est abîmé : %(state)s", path=source, state=state))
            copy.backup(fresh)
            fresh.execute("PRAGMA journal_mode=DELETE")
            step = REVISION_STEP + secrets.randbelow(REVISION_STEP)
            fresh.execute("UPDATE instance SET revision = revision + ?", (step,))
            fresh.execute("UPDATE programme SET revision = revision + ?", (step,))
            fresh.commit()
    except sqlite3.Error as error:
        raise Refused(unreadable) from error


def clean(*, now: datetime) -> tuple[int, int]:
    """Remove visits ended long ago and old failures; how many of each."""
    limit = now - KEEP_SESSIONS  # closed, or over by itself, whichever came first
    over = or_(UserSession.ended_at < limit, UserSession.expires_at < limit)
    visits = db.session.execute(delete(UserSession).where(over))
    failures = db.session.execute(delete(LoginFailure).where(LoginFailure.at < now - KEEP_FAILURES))
    return visits.rowcount, failures.rowcount  # type: ignore[attr-defined]


def note_round(*, now: datetime) -> None:
    """Keep when the jobs ran, for the settings to tell a town whose timer is missing or broken."""
    row = db.session.get(Setting, ROUND, populate_existing=True)
    if row is None:
        db.session.add(Setting(key=ROUND, value=now.isoformat()))
    elif now - datetime.fromisoformat(row.value) >= NOTE_ROUNDS:
        row.value = now.isoformat()
    db.session.flush()
