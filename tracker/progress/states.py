"""The full state of an action as of a day: what is stated and what follows (design 4.3)."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from typing import NamedTuple

from tracker.enums import ActionStatus, Health, ToCheck
from tracker.progress.log import ActionLog, MilestoneState
from tracker.progress.steps import ProgressRule, Step
from tracker.records import ActionRecord

# looked up once: a board judges 15,000 actions
_TO_START, _IN_PROGRESS = ActionStatus.TO_START, ActionStatus.IN_PROGRESS
_SUN, _SUN_BUT_LATE = Health.SUN, ToCheck.SUN_BUT_LATE


class ActionState(NamedTuple):  # made 15,000 times for one board: a dataclass takes three times as long
    """An action as of a day.

    Exactly one of `counted`, `left_out` (stopped) and `missing` (no progress can be told) holds for
    a leaf; none for an action with sub-actions (`leaf` False), which shows their mean.
    """

    action: ActionRecord
    log: ActionLog
    as_of: date
    update_id: int
    status: ActionStatus
    declared_progress: int | None
    health: Health
    health_on: date | None
    planned_start: date | None
    planned_end: date | None
    stated_on: date
    last_news_on: date
    progress: float | None
    progress_rule: ProgressRule
    leaf: bool
    counted: bool
    left_out: bool
    missing: bool
    late: bool
    late_start: bool
    behind: bool
    silent: bool
    silent_since: date | None
    to_check: tuple[ToCheck, ...]
    open_milestones_late: int

    @property
    def milestones(self) -> tuple[MilestoneState, ...]:
        return self.log.milestones_at(self.as_of)


def judge(log: ActionLog, step: Step, *, as_of: date, leaf: bool = True) -> ActionState:
    """The state of an action on a day; `step` is what its log says then."""
    on, row, status, health, progress, rule, told, silent_after, expected, behind, doubts = step
    overdue = bisect_left(told.open_dues, as_of) if told.open_dues else 0
    late = expected and row.planned_end is not None and row.planned_end < as_of
    if overdue and status is _IN_PROGRESS and row.planned_start is not None and row.planned_end is not None:
        behind = True
    # The state is the latest row in force, hence also the last news: a confirmation or a correction
    # is a row like another, a retraction is none.
    silent = expected and silent_after < as_of
    return ActionState(
        log.record,
        log,
        as_of,
        row.id,
        status,
        row.declared_progress,
        health,
        row.health_on,
        row.planned_start,
        row.planned_end,
        on,
        on,
        progress,
        rule,
        leaf,
        leaf and progress is not None,
        leaf and rule == "stopped",
        leaf and rule == "none",
        late,
        status is _TO_START and row.planned_start is not None and row.planned_start < as_of,
        behind,
        silent,
        on if silent else None,
        (_SUN_BUT_LATE, *doubts) if health is _SUN and (late or behind) else doubts,
        overdue if expected else 0,
    )
