"""Figures over time: statuses and health by month, progress against the plans.

They read each action's few changes rather than its state at each point, so that their cost follows
the length of the logs and hardly the number of months.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Generic, TypeVar

from tracker.enums import ActionStatus, Health
from tracker.progress.days import month_ends
from tracker.progress.log import Step
from tracker.progress.measures import FIXED_BITS, fixed, fixed_mean
from tracker.progress.timeline import Timeline

C = TypeVar("C", ActionStatus, Health)
Plan = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class MonthPoint(Generic[C]):
    on: date
    counts: dict[C, int]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A percentage and what it counts.

    On the actual line `left_out` are the stopped actions and `missing` those whose progress cannot
    be told; on a planned line `left_out` are those the actual one counts, without both dates.
    """

    on: date
    value: float | None
    counted: int
    left_out: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Curves:
    """The actual line stops at D, the planned ones run to the end over the same points."""

    actual: tuple[CurvePoint, ...]
    baseline: tuple[CurvePoint, ...]
    current: tuple[CurvePoint, ...]
    weighted: bool


def status_by_month(timeline: Timeline, first: date, last: date, as_of: date) -> tuple[MonthPoint[ActionStatus], ...]:
    """Numbers of actions in each status at the end of each month, at D or `last` for the last."""
    points = month_ends(first, min(last, as_of))
    return _count_by_month(timeline, points, tuple(ActionStatus), lambda step: step.status)


def health_by_month(timeline: Timeline, first: date, last: date, as_of: date) -> tuple[MonthPoint[Health], ...]:
    """The same for the declared health."""
    points = month_ends(first, min(last, as_of))
    return _count_by_month(timeline, points, tuple(Health), lambda step: step.health)


def _count_by_month(
    timeline: Timeline, points: Sequence[date], members: Sequence[C], read: Callable[[Step], C]
) -> tuple[MonthPoint[C], ...]:
    if not points:
        return ()
    # Differences: +1 where a step begins, -1 where it ends.
    changes = {member: [0] * (len(points) + 1) for member in members}
    for _, spans in timeline.leaf_steps(points, as_of=points[-1]):
        for start, stop, step in spans:
            change = changes[read(step)]
            change[start] += 1
            change[stop] -= 1
    counts = {member: list(accumulate(change)) for member, change in changes.items()}
    return tuple(
        MonthPoint(on, {member: counts[member][index] for member in members}) for index, on in enumerate(points)
    )


class _Actual:
    """Sums of the actual line, kept as differences between one point and the next."""

    def __init__(self, size: int) -> None:
        self.total, self.weight = [0] * (size + 1), [0] * (size + 1)
        self.counted, self.left_out, self.missing = ([0] * (size + 1) for _ in range(3))

    def add(self, start: int, stop: int, step: Step, weight: int) -> None:
        if step.progress is None:
            bucket = self.left_out if step.rule == "stopped" else self.missing
        else:
            bucket = self.counted
            value = weight * fixed(step.progress)
            self.total[start] += value
            self.total[stop] -= value
            self.weight[start] += weight
            self.weight[stop] -= weight
        bucket[start] += 1
        bucket[stop] -= 1

    def points(self, days: Sequence[date]) -> tuple[CurvePoint, ...]:
        sums = zip(
            days,
            accumulate(self.total),
            accumulate(self.weight),
            accumulate(self.counted),
            accumulate(self.left_out),
            accumulate(self.missing),
            strict=False,
        )
        return tuple(
            CurvePoint(on, fixed_mean(total, weight), counted, left_out, missing)
            for on, total, weight, counted, left_out, missing in sums
        )


class _Planned:
    """Sums of a planned line: while it climbs, an action adds slope × day + constant."""

    def __init__(self, days: Sequence[date]) -> None:
        self.days = days
        size = len(days) + 1
        self.slope, self.constant, self.weight = [0] * size, [0] * size, [0] * size
        self.counted, self.left_out = [0] * size, [0] * size

    def add(self, start: int, stop: int, plan: Plan, weight: int) -> None:
        begin, end = plan
        if begin is None or end is None:
            self.left_out[start] += 1
            self.left_out[stop] -= 1
            return
        self.counted[start] += 1
        self.counted[stop] -= 1
        self.weight[start] += weight
        self.weight[stop] -= weight
        full = min(stop, max(start, bisect_left(self.days, end)))
        self.constant[full] += weight << FIXED_BITS
        self.constant[stop] -= weight << FIXED_BITS
        if begin < end:
            climb = min(full, max(start, bisect_right(self.days, begin)))
            rate = (weight << FIXED_BITS) // (end - begin).days
            origin = rate * begin.toordinal()
            self.slope[climb] += rate
            self.slope[full] -= rate
            self.constant[climb] -= origin
            self.constant[full] += origin

    def points(self) -> tuple[CurvePoint, ...]:
        sums = zip(
            self.days,
            accumulate(self.slope),
            accumulate(self.constant),
            accumulate(self.weight),
            accumulate(self.counted),
            accumulate(self.left_out),
            strict=False,
        )
        return tuple(
            CurvePoint(on, fixed_mean(100 * (slope * on.toordinal() + constant), weight), counted, out)
            for on, slope, constant, weight, counted, out in sums
        )


def progress_curves(timeline: Timeline, *, first: date, last: date, as_of: date) -> Curves:
    """Actual progress until D, and both plans until `last`, at month ends and at D.

    Point x of a plan counts the actions that the actual line counts at min(x, D); current dates are
    those as of D.
    """
    days = set(month_ends(first, last))
    if first <= as_of <= last:
        days.add(as_of)
    points = sorted(days)
    actual, baseline, current = _Actual(len(points)), _Planned(points), _Planned(points)
    weighted = False
    for log, spans in timeline.leaf_steps(points, as_of=as_of):
        action = log.record
        now = log.rows[log.index_at(as_of)]
        weighted = weighted or action.weight != 1
        for start, stop, step in spans:
            actual.add(start, stop, step, action.weight)
        for start, stop in _counted_runs(spans):
            plan = action.baseline_start, action.baseline_end
            baseline.add(start, stop, plan, action.weight)
            current.add(start, stop, (now.planned_start, now.planned_end), action.weight)
    until_now = points[: bisect_right(points, as_of)]
    return Curves(actual.points(until_now), baseline.points(), current.points(), weighted)


def _counted_runs(spans: Sequence[tuple[int, int, Step]]) -> list[tuple[int, int]]:
    """Ranges where progress is told, neighbours joined; spans come from the latest to the first."""
    runs: list[tuple[int, int]] = []
    for start, stop, step in spans:
        if step.progress is None:
            continue
        if runs and runs[-1][0] == stop:
            runs[-1] = (start, runs[-1][1])
        else:
            runs.append((start, stop))
    return runs
