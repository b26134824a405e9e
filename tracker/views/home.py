"""The first page: what is open, what became of what I said, what I must say this month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, get_template_attribute, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from tracker.charts.spark import Spark, spark
from tracker.enums import PhaseKind, Role
from tracker.permissions import Permission, can
from tracker.progress import ActionState, Summary, progress_curves, summarise
from tracker.queries import actions, groups, home, log, readiness
from tracker.queries.campaigns import CampaignRecord, PhaseRecord
from tracker.queries.home import Waiting
from tracker.queries.projects import ProjectRecord
from tracker.records import paris_day
from tracker.security import acting, current_time, requires
from tracker.views import voting
from tracker.views.frame import NotOpenYet, contact, page_frame, today
from tracker.views.shared import filler, fragment, shared_by

bp = Blueprint("home", __name__)

ROWS_SHOWN = 8


def _need(state: ActionState) -> tuple[int, int, int, int]:
    """What must be said first: late, then to check, then silent, then the rest by number."""
    return (not state.late, not state.to_check, not state.silent, state.action.number)


@bp.get("/")
@requires(Permission.PROPOSAL_VIEW)
def index() -> ResponseReturnValue:
    if not page_frame().projects:
        if can(acting(), Permission.SETTINGS_EDIT):
            return redirect(url_for("settings.first_steps"))
        raise NotOpenYet
    now = current_time()
    steps = [(one, phase) for one in voting.consultations() if (phase := one.phase_at(now)) is not None]
    steps = [(one, phase) for one, phase in steps if phase.kind is not PhaseKind.PAUSE]
    # those where one may propose first, then those that end first
    steps.sort(key=lambda step: (not step[1].kind.allows_submission, step[1].ends_at))
    steered = _steered()
    steering_of = steered.id if steered else None
    feed = fragment("feed", steering_of, make=lambda: home.feed(today(), steering_of=steering_of))
    seen_at = acting().previous_visit_at
    seen_on = paris_day(seen_at) if seen_at else None
    fresh = tuple(seen_on is not None and news.on > seen_on for news in feed.moved)

    def make() -> str:
        return render_template(
            "home/index.html",
            steps=steps,
            closed=[project for project in page_frame().projects if project.closed],
            proposing=bool(steps and steps[0][1].kind.allows_submission),
            news=list(zip(feed.moved, fresh, strict=True)),
            last_letter=feed.last_letter,
            step_args={p.id: {} if p.is_principal else {"projet": p.slug} for p in page_frame().projects},
            committee=_committee(steered, feed.waiting) if steered and feed.waiting else None,
        )

    page: str = shared_by(_key(steps), fresh, make=make)
    return page


@bp.app_errorhandler(NotOpenYet)
def not_open_yet(_error: NotOpenYet) -> ResponseReturnValue:
    """Pages of a project, while there is none: no mistake of who reads."""
    return render_template("home/not_open.html", contact=contact())


def _key(steps: list[tuple[CampaignRecord, PhaseRecord]]) -> tuple[tuple[int, object], ...]:
    return tuple((one.id, phase.ends_at) for one, phase in steps)


# --- What is the reader's own -----------------------------------------------------------------------------------


@filler("my_proposals")
def _my_proposals(proposing: bool) -> str:
    macro: Any = get_template_attribute("home/_mine.html", "proposals")
    return str(macro(home.my_proposals(acting().id), proposing))


@filler("my_actions")
def _my_actions() -> str:
    """What a pilote or an animateur is asked about; nothing for others."""
    actor, day = acting(), today()
    asked = fragment("charges", make=groups.charges).of(actor)
    if not asked:
        return ""
    projects = [p for p in page_frame().projects if p.id in asked.values() and not p.closed]
    mine = [s for p in projects for s in actions.states(p, as_of=day) if s.action.id in asked]
    mine = [s for s in mine if not s.status.is_closed]
    ended = {p.id for p in projects if p.ends_on < day}
    shown = actions.to_tell(mine, over={key for key, its in asked.items() if its in ended})[:ROWS_SHOWN]
    macro: Any = get_template_attribute("home/_mine.html", "actions")
    return str(macro(shown, len(mine))) if mine else ""


@filler("my_duties")
def _my_duties() -> str:
    """What a moderator, a relais or a manager is asked for; nothing for others."""
    actor = acting()
    moderated = [p.id for p in page_frame().projects if not p.closed and can(actor, Permission.PROPOSAL_MODERATE, p)]
    waiting = home.duties(moderated, user_id=actor.id) if moderated else home.Duties(0, 0)
    prints = any(grant.role is Role.RELAY for grant in actor.grants)
    late_copy = readiness.late_copy(current_time()) if can(actor, Permission.SETTINGS_EDIT) else ""
    macro: Any = get_template_attribute("home/_mine.html", "duties")
    asked = waiting.submissions or waiting.withdrawals or prints or late_copy
    return str(macro(waiting, prints, late_copy)) if asked else ""


# --- What waits for the committee -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Committee:
    """What the committee of a project finds before its next meeting."""

    project: ProjectRecord
    args: dict[str, str]
    waiting: Waiting
    summary: Summary
    attention: tuple[ActionState, ...]
    curve: Spark | None


def _steered() -> ProjectRecord | None:
    """The running project that the reader steers, or failing it another."""
    day, projects = today(), page_frame().projects
    running = [p for p in projects if p.starts_on <= day <= p.ends_on]
    return next((p for p in [*running, *projects] if can(acting(), Permission.DECISION_PREPARE, p)), None)


def _committee(project: ProjectRecord, waiting: Waiting) -> Committee:
    as_of = project.last_day(today())
    states = actions.states(project, as_of=as_of)
    needing = sorted((s for s in states if s.late or s.to_check or s.silent), key=_need)
    first, last = project.starts_on, project.ends_on
    curves = progress_curves(log.timeline(project), first=first, last=last, as_of=as_of) if states else None
    return Committee(
        project=project,
        args={} if project.is_principal else {"projet": project.slug},
        waiting=waiting,
        summary=summarise(states),
        attention=tuple(needing[:ROWS_SHOWN]),
        curve=spark(curves, first=first, last=last, as_of=as_of) if curves else None,
    )
