"""The first page: what is open, what became of what I said, what I must say this month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template

from tracker.charts.spark import Spark, spark
from tracker.permissions import Permission, can
from tracker.progress import ActionState, Summary, progress_curves, summarise
from tracker.queries import actions, home, log
from tracker.queries.projects import ProjectRecord
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
    actor, day = acting(), today()
    running = [p for p in page_frame().projects if p.starts_on <= day <= p.ends_on]
    steered = next((p for p in [*running, *page_frame().projects] if can(actor, Permission.DECISION_PREPARE, p)), None)
    feed = home.feed(actor, today=day, steering_of=steered.id if steered else None)
    ended = {p.id for p in page_frame().projects if p.ends_on < day}
    asked = [p for p in page_frame().projects if p.id in feed.my_actions.values()]
    mine = [s for p in asked for s in actions.states(p, as_of=day) if s.action.id in feed.my_actions]
    mine = [s for s in mine if not s.status.is_closed]
    in_ended = {key for key, its in feed.my_actions.items() if its in ended}
    return render_template(
        "home/index.html",
        steps=home.open_steps(current_time()),
        my_proposals=home.my_proposals(actor.id),
        feed=feed,
        step_args={p.id: {} if p.is_principal else {"projet": p.slug} for p in page_frame().projects},
        seen_on=paris_day(actor.previous_visit_at) if actor.previous_visit_at else None,
        my_actions=actions.to_tell(mine, over=in_ended)[:ROWS_SHOWN],
        my_actions_total=len(mine),
        committee=_committee(steered, day) if steered else None,
    )


@dataclass(frozen=True, slots=True)
class Committee:
    """What the committee of a project finds before its next meeting."""

    project: ProjectRecord
    args: dict[str, str]
    summary: Summary
    attention: tuple[ActionState, ...]
    curve: Spark | None


def _committee(project: ProjectRecord, day: date) -> Committee:
    line = log.timeline(project)
    as_of = project.last_day(day)
    states = actions.states(project, as_of=as_of)
    needing = sorted((s for s in states if s.late or s.to_check or s.silent), key=_need)
    return Committee(
        project=project,
        args={} if project.is_principal else {"projet": project.slug},
        summary=summarise(states),
        attention=tuple(needing[:ROWS_SHOWN]),
        curve=spark(
            progress_curves(line, first=project.starts_on, last=project.ends_on, as_of=as_of),
            first=project.starts_on,
            last=project.ends_on,
            as_of=as_of,
        )
        if states
        else None,
    )
