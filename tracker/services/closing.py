"""Closing a project that is over, and opening it again."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext

from tracker import validation
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Programme
from tracker.permissions import Permission, require
from tracker.queries import projects
from tracker.queries.closing import closing_of
from tracker.records import Actor
from tracker.services import history


def _locked(project_id: int) -> Programme:
    row: Programme | None = db.session.get(Programme, project_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(gettext("Ce projet n'existe pas."))
    return row


def close(*, project_id: int, actor: Actor, now: datetime) -> Programme:
    """Make a project read-only. Raises Forbidden, NotFound, Conflict, Refused with what stands in the way."""
    require(actor, Permission.ARCHIVE_MAKE)
    row = _locked(project_id)
    if row.closed_at is not None:
        raise Conflict(gettext("Ce projet est déjà clos."))
    found = closing_of(projects.frame().by_id(project_id), now=now)
    if found.obstacles:
        raise Refused(" ".join(found.obstacles))
    row.closed_at = now
    _trace(row, "project:close", {"closed_at": [None, now.isoformat()]}, actor=actor, now=now)
    return row


def reopen(*, project_id: int, reason: str, actor: Actor, now: datetime) -> Programme:
    """Let a closed project change again, for a reason. Raises Forbidden, NotFound, Conflict, Refused."""
    require(actor, Permission.ARCHIVE_MAKE)
    row = _locked(project_id)
    if row.closed_at is None:
        raise Conflict(gettext("Ce projet n'est pas clos."))
    said = validation.reason(reason)
    before, row.closed_at = row.closed_at, None
    changes = {"closed_at": [before.isoformat(), None], "reason": [None, said]}
    _trace(row, "project:reopen", changes, actor=actor, now=now)
    return row


def _trace(row: Programme, verb: str, changes: dict[str, list[str | None]], *, actor: Actor, now: datetime) -> None:
    db.session.flush()
    history.record(
        actor=actor, now=now, verb=verb, subject="programme", subject_id=row.id, programme_id=row.id, changes=changes,
        though_closed=True,
    )  # fmt: skip
    db.session.flush()
