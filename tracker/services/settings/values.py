"""Settings kept by key, each change in the history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tracker.extensions import db
from tracker.models import Setting
from tracker.permissions import Permission, require
from tracker.records import Actor
from tracker.services import history


def put(key: str, value: Any, *, actor: Actor, now: datetime) -> bool:
    """Keep a setting; whether it changed. None takes it away. Raises Forbidden."""
    require(actor, Permission.SETTINGS_EDIT)
    row = db.session.get(Setting, key, populate_existing=True)
    before = row.value if row is not None else None
    if before == value:
        return False
    if value is None:
        db.session.delete(row)
    elif row is None:
        db.session.add(Setting(key=key, value=value))
    else:
        row.value = value
    history.record(
        actor=actor, now=now, verb="setting:change", subject="setting", subject_id=0, programme_id=None,
        changes={key: [before, value]},
    )  # fmt: skip
    db.session.flush()
    return True
