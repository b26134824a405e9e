"""Workshops where proposals were gathered."""

from __future__ import annotations

from sqlalchemy import select

from tracker.extensions import db
from tracker.models import Workshop
from tracker.queries.projects import Choice

SHOWN = 50


def latest(programme_id: int) -> tuple[Choice, ...]:
    """The last ones of a project, the newest first."""
    rows = db.session.execute(
        select(Workshop.id, Workshop.title, Workshop.held_on)
        .where(Workshop.programme_id == programme_id)
        .order_by(Workshop.held_on.desc(), Workshop.id.desc())
        .limit(SHOWN)
    )
    return tuple(Choice(key, "", f"{title} ({held_on:%d/%m/%Y})") for key, title, held_on in rows)
