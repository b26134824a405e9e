"""What operators do: copy and restore the database, clean what has expired."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from flask_babel import gettext
from sqlalchemy import delete
from sqlalchemy.engine import make_url

from tracker.errors import Refused
from tracker.extensions import db
from tracker.models import LoginFailure, UserSession

KEEP_SESSIONS = timedelta(days=30)
KEEP_FAILURES = timedelta(days=1)


def _sqlite_file(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise Refused(gettext("Cette commande ne connaît que SQLite : utilisez pg_dump et pg_restore."))
    return Path(parsed.database)


def backup(url: str, target: Path) -> int:
    """A consistent copy made while people write; bytes written. Vote keys are never in it. Raises Refused."""
    source = _sqlite_file(url)
    if target.exists():
        raise Refused(gettext("%(path)s existe déjà : choisissez un autre nom.", path=target))
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)
    return target.stat().st_size


def restore(url: str, source: Path) -> None:
    """Put a copy in an empty place. Raises Refused when there is a database already, or the copy is damaged."""
    target = _sqlite_file(url)
    if target.exists():
        raise Refused(gettext("%(path)s existe déjà : rien n'est écrasé. Déplacez-le d'abord.", path=target))
    if not source.exists():
        raise Refused(gettext("%(path)s n'existe pas.", path=source))
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as copy:
        try:
            state = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise Refused(gettext("%(path)s n'est pas une sauvegarde lisible.", path=source)) from error
        if state != "ok":
            raise Refused(gettext("%(path)s est abîmé : %(state)s", path=source, state=state))
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(target)) as fresh:
            copy.backup(fresh)
    target.chmod(0o600)


def clean(*, now: datetime) -> tuple[int, int]:
    """Remove visits ended long ago and old failures; how many of each."""
    visits = db.session.execute(delete(UserSession).where(UserSession.expires_at < now - KEEP_SESSIONS))
    failures = db.session.execute(delete(LoginFailure).where(LoginFailure.at < now - KEEP_FAILURES))
    return visits.rowcount, failures.rowcount  # type: ignore[attr-defined]
