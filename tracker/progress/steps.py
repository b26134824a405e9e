"""What the log of an action says from one row to the next: all of its state that does not depend on the day asked for.

Computed once for each row; a board then asks the steps of 15,000 actions for its day.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from tracker.enums import ActionStatus, Health, ToCheck
from tracker.progress.days import add_months
from tracker.progress.measures import elapsed_percent
from tracker.records import UpdateRecord

ProgressRule = Literal["stopped", "done", "milestones", "declared", "to_start", "none", "sub_actions"]
BEHIND_POINTS = 10  # of a hundred


class Told(NamedTuple):
    """What the milestones of an action say together, from one row with marks to the next; dropped ones apart."""

    done_weight: int = 0
    total_weight: int = 0
    any: bool = False
    some_open: bool = False
    open_dues: tuple[date, ...] = ()


NOTHING = Told()


class Step(NamedTuple):
    """What stands from a day on.

    `expected`: it is neither done nor stopped. `lags`: what was declared is behind what had elapsed that day. `doubts`:
    why to check it, lateness apart.
    """

    on: date
    row: UpdateRecord
    status: ActionStatus
    health: Health
    progress: float | None
    rule: ProgressRule
    milestones: Told
    silent_after: date
    expected: bool
    lags: bool
    doubts: tuple[ToCheck, ...]


def step_of(row: UpdateRecord, told: Told, *, rhythm_months: int) -> Step:
    """What a row says, with the milestones as it leaves them."""
    status = status_of(row)
    health = health_of(row, status)
    progress, rule = progress_of(status, row.declared_progress, told.done_weight, told.total_weight)
    return Step(
        on=row.effective_on,
        row=row,
        status=status,
        health=health,
        progress=progress,
        rule=rule,
        milestones=told,
        silent_after=add_months(row.effective_on, rhythm_months),
        expected=not status.is_closed,
        lags=status is ActionStatus.IN_PROGRESS and not told.any and _lags(row),
        doubts=_doubts(row, status, health, some_open=told.some_open),
    )


def status_of(row: UpdateRecord) -> ActionStatus:
    if row.status is None:
        raise ValueError(f"update {row.id} is not a complete statement: it has no status")
    return row.status


def health_of(row: UpdateRecord, status: ActionStatus) -> Health:
    if row.health is not None:
        return row.health
    return Health.NOT_APPLICABLE if status.is_closed else Health.UNKNOWN


def progress_of(
    status: ActionStatus, declared: int | None, done_weight: int, total_weight: int
) -> tuple[float | None, ProgressRule]:
    """Progress of a leaf by the first rule that applies; weights leave out dropped milestones."""
    if status is ActionStatus.STOPPED:
        return None, "stopped"
    if status is ActionStatus.DONE:
        return 100.0, "done"
    if total_weight > 0:
        return 100 * done_weight / total_weight, "milestones"
    if declared is not None:
        return min(100.0, max(0.0, float(declared))), "declared"
    if status is ActionStatus.TO_START:
        return 0.0, "to_start"
    return None, "none"


def _lags(row: UpdateRecord) -> bool:
    """On the day of the statement, not today: keeping silent is another rule."""
    if row.planned_start is None or row.planned_end is None or row.declared_progress is None:
        return False
    return row.declared_progress + BEHIND_POINTS < elapsed_percent(row.effective_on, row.planned_start, row.planned_end)


def _doubts(row: UpdateRecord, status: ActionStatus, health: Health, *, some_open: bool) -> tuple[ToCheck, ...]:
    done = status is ActionStatus.DONE
    complete = row.declared_progress is not None and row.declared_progress >= 100
    reasons: list[ToCheck] = []
    if done and some_open:
        reasons.append(ToCheck.DONE_OPEN_MILESTONES)
    if complete and not done:
        reasons.append(ToCheck.COMPLETE_NOT_DONE)
    if row.planned_start is None and status is ActionStatus.IN_PROGRESS:
        reasons.append(ToCheck.STARTED_WITHOUT_START)
    if not row.has_sentence and health.needs_sentence:
        reasons.append(ToCheck.HEALTH_WITHOUT_SENTENCE)
    return tuple(reasons)
