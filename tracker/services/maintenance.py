"""What the jobs do for the database: clean what has expired, note that they ran."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_

from tracker.extensions import db
from tracker.models import LoginFailure, Setting, UserSession
from tracker.queries.supervision import ROUND

KEEP_SESSIONS = timedelta(days=30)
KEEP_FAILURES = timedelta(days=1)


def clean(*, now: datetime) -> tuple[int, int]:
    """Remove visits ended long ago and old failures; how many of each."""
    limit = now - KEEP_SESSIONS  # closed, or over by itself, whichever came first
    over = or_(UserSession.ended_at < limit, UserSession.expires_at < limit)
    visits = db.session.execute(delete(UserSession).where(over))
    failures = db.session.execute(delete(LoginFailure).where(LoginFailure.at < now - KEEP_FAILURES))
    return visits.rowcount, failures.rowcount  # type: ignore[attr-defined]


def note(key: str, value: dict[str, Any]) -> None:
    """Keep what supervision and the settings tell; raises no revision, since no page for all shows it."""
    row = db.session.get(Setting, key, populate_existing=True)
    if row is None:
        db.session.add(Setting(key=key, value=value))
    else:
        row.value = value
    db.session.flush()


def note_round(*, now: datetime, seconds: float, failures: int) -> None:
    """Keep when the jobs ran and how it went, to tell a town where nobody stands by for them, or whose rounds fail."""
    row = db.session.get(Setting, ROUND, populate_existing=True)
    good_at = now.isoformat() if not failures else row.value["good_at"] if row else None
    note(ROUND, {"at": now.isoformat(), "good_at": good_at, "seconds": round(seconds, 2), "failures": failures})
