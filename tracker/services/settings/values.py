"""Settings kept by key, each change in the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.extensions import db
from tracker.models import Setting
from tracker.permissions import Permission, require
from tracker.queries import town
from tracker.records import Actor
from tracker.services import history
from tracker.services.settings.common import check_seen


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


def put_all(wanted: Mapping[str, Any], *, seen: str | None, actor: Actor, now: datetime) -> bool:
    """Keep what one page sets; whether anything changed. `seen` is the mark of what the page showed.

    Raises Forbidden, Conflict.
    """
    present = town.settings_mark(wanted)
    changed = [put(key, value, actor=actor, now=now) for key, value in wanted.items()]
    if any(changed):
        check_seen(seen, present)
    return any(changed)
