"""The full state of an action as of a day: what is stated and what follows (design 4.3)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date

from tracker.enums import ActionStatus, Health, ToCheck
from tracker.progress.log import ActionLog, MilestoneState, ProgressRule
from tracker.progress.measures import elapsed_percent
from tracker.records import ActionRecord, UpdateRecord

# looked up once: a board judges 15,000 actions
_CLOSED = frozenset(status for status in ActionStatus if status.is_closed)
_TO_START = ActionStatus.TO_START


@dataclass(frozen=True, slots=True)
class ActionState:
    """An action as of a day.

    Exactly one of `counted`, `left_out` (stopped) and `missing` (no progress can be told) holds for
    a leaf; none for an action with sub-actions (`leaf` False), which shows their mean.
    """

    action: ActionRecord
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
    milestones: tuple[MilestoneState, ...]
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


def judge(log: ActionLog, *, as_of: date, leaf: bool = True, behind_points: int = 10) -> ActionState | None:
    """The state of an action on a day; None when it does not exist yet."""
    index = log.index_at(as_of)
    if index < 0:
        return None
    found = log.standing_at(index)
    action, row, status, health = log.record, found.row, found.status, found.health
    progress, rule = found.progress, found.rule
    expected = status not in _CLOSED
    overdue = bisect_left(found.open_dues, as_of)
    late = expected and row.planned_end is not None and row.planned_end < as_of
    behind = _is_behind(row, status, milestones=found.has_milestones, overdue=overdue, behind_points=behind_points)
    # The state is the latest row in force, hence also the last news: a confirmation or a correction
    # is a row like another, a retraction is none.
    silent = expected and found.silent_after < as_of
    return ActionState(
        action=action,
        as_of=as_of,
        update_id=row.id,
        status=status,
        declared_progress=row.declared_progress,
        health=health,
        health_on=row.health_on,
        planned_start=row.planned_start,
        planned_end=row.planned_end,
        stated_on=row.effective_on,
        last_news_on=row.effective_on,
        milestones=found.milestones,
        progress=progress,
        progress_rule=rule,
        leaf=leaf,
        counted=leaf and progress is not None,
        left_out=leaf and rule == "stopped",
        missing=leaf and rule == "none",
        late=late,
        late_start=(status is _TO_START and row.planned_start is not None and row.planned_start < as_of),
        behind=behind,
        silent=silent,
        silent_since=row.effective_on if silent else None,
        to_check=_to_check(row, status, health, troubled=late or behind, some_open=found.some_open),
        open_milestones_late=overdue if expected else 0,
    )


def _is_behind(
    row: UpdateRecord,
    status: ActionStatus,
    *,
    milestones: bool,
    overdue: int,
    behind_points: int,
) -> bool:
    if status is not ActionStatus.IN_PROGRESS:
        return False
    if row.planned_start is None or row.planned_end is None:
        return False
    if milestones:
        return overdue > 0
    if row.declared_progress is None:
        return False
    # On the day of the statement, not today: keeping silent is another rule.
    elapsed = elapsed_percent(row.effective_on, row.planned_start, row.planned_end)
    return row.declared_progress + behind_points < elapsed


def _to_check(
    row: UpdateRecord, status: ActionStatus, health: Health, *, troubled: bool, some_open: bool
) -> tuple[ToCheck, ...]:
    done = status is ActionStatus.DONE
    complete = row.declared_progress is not None and row.declared_progress >= 100
    reasons: list[ToCheck] = []
    if troubled and health is Health.SUN:
        reasons.append(ToCheck.SUN_BUT_LATE)
    if done and some_open:
        reasons.append(ToCheck.DONE_OPEN_MILESTONES)
    if complete and not done:
        reasons.append(ToCheck.COMPLETE_NOT_DONE)
    if row.planned_start is None and status is ActionStatus.IN_PROGRESS:
        reasons.append(ToCheck.STARTED_WITHOUT_START)
    if not row.has_sentence and health.needs_sentence:
        reasons.append(ToCheck.HEALTH_WITHOUT_SENTENCE)
    return tuple(reasons)
