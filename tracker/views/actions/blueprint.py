"""The blueprint of actions, and how its pages load one."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, request

from tracker.permissions import Permission, require
from tracker.progress import ActionState, live_rows, state_at
from tracker.queries import action_pages
from tracker.queries.action_pages import ActionHead
from tracker.records import ActionRecord
from tracker.security import acting
from tracker.validation import as_id
from tracker.views.frame import CLOSED_TO, check_open, show_project, today

bp = Blueprint("actions", __name__, url_prefix="/actions")


def load(number: int, permission: Permission = Permission.ACTION_VIEW) -> ActionHead:
    """The action of that number, its project shown; 404 when there is none, 403 when it is not for this person."""
    head = action_pages.head(number)
    if head is None:
        abort(404)
    show_project(head.programme_id)
    require(acting(), permission, head)
    if permission in CLOSED_TO:
        check_open()
    return head


def latest_id(record: ActionRecord) -> int:
    """What a form remembers of the log it was made from: it is refused once the log has grown."""
    return max(row.id for row in record.updates)


def sent_token(prefix: str = "") -> int | None:
    """What the form that was sent remembers; None when there is none."""
    return as_id(request.form.get(f"{prefix}token", ""))


def present_state(record: ActionRecord) -> ActionState:
    """The state a form starts from: as of today."""
    state = state_at(record, as_of=max(today(), live_rows(record)[0].effective_on))
    if state is None:  # pragma: no cover - an action has its opening
        abort(404)
    return state


def day_shown(record: ActionRecord, last_day: date) -> date:
    """The project's day, or that of a later point: what was just said is always shown."""
    return max(last_day, live_rows(record)[-1].effective_on)
