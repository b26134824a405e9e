"""What the jobs do for the database: clean what has expired, note that they ran."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from tracker.extensions import db
from tracker.models import LoginFailure, Setting, UserSession
from tracker.queries.readiness import ROUND

KEEP_SESSIONS = timedelta(days=30)
KEEP_FAILURES = timedelta(days=1)
NOTE_ROUNDS = timedelta(minutes=30)  # not at each: those who read it count in hours


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
