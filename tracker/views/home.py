"""The first page: what is open, what became of what I said, what I must say this month."""

from __future__ import annotations

from flask import Blueprint, render_template

from tracker import progress
from tracker.enums import Role
from tracker.permissions import Permission, can
from tracker.progress import ActionState
from tracker.queries import home, log
from tracker.records import paris_day
from tracker.security import acting, current_time, requires
from tracker.views.frame import page_frame, today

bp = Blueprint("home", __name__)

ROWS_SHOWN = 8


def _need(state: ActionState) -> tuple[int, int, int, int]:
    """What must be said first: late, then to check, then silent, then the rest by number."""
    return (not state.late, not state.to_check, not state.silent, state.action.number)


@bp.get("/")
@requires(Permission.PROPOSAL_VIEW)
def index() -> str:
    actor, now, day = acting(), current_time(), today()
    since = paris_day(actor.previous_visit_at) if actor.previous_visit_at else day - home.LOOK_BACK
    steering = can(actor, Permission.DECISION_PREPARE)
    current = [p for p in page_frame().projects if p.starts_on <= day <= p.ends_on]
    states: list[ActionState] = []
    if steering or can(actor, Permission.GROUP_ROUND) or not actor.has_role(Role.ADMIN):
        for project in current:
            states += log.timeline(project).states(day)
    led = {grant.group_id for grant in actor.grants if grant.role is Role.GROUP_LEAD}
    mine = [s for s in states if not s.status.is_closed and (s.action.pilot_id == actor.id or s.action.group_id in led)]
    return render_template(
        "home/index.html",
        steps=home.open_steps(now),
        my_proposals=home.my_proposals(actor.id),
        feed=home.feed(since=since, today=day, steering=steering),
        since=since,
        first_visit=actor.previous_visit_at is None,
        my_actions=sorted(mine, key=_need)[:ROWS_SHOWN],
        my_actions_total=len(mine),
        steering=steering,
        attention=sorted((s for s in states if s.late or s.to_check or s.silent), key=_need)[:ROWS_SHOWN]
        if steering
        else [],
        summary=progress.summarise(states) if steering and states else None,
    )
