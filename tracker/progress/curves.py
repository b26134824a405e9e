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
from tracker.progress.measures import FIXED_BITS, fixed, fixed_mean
from tracker.progress.steps import Step
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
    return _count_by_month(timeline, (first, last, as_of), tuple(ActionStatus), lambda step: step.status)


def health_by_month(timeline: Timeline, first: date, last: date, as_of: date) -> tuple[MonthPoint[Health], ...]:
    """The same for the declared health."""
    return _count_by_month(timeline, (first, last, as_of), tuple(Health), lambda step: step.health)


def _count_by_month(
    timeline: Timeline, days: tuple[date, date, date], members: Sequence[C], read: Callable[[Step], C]
) -> tuple[MonthPoint[C], ...]:
    """The ends of months do not depend on D, which only says where they stop: they are counted once."""
    first, last, as_of = days
    points = month_ends(first, min(last, as_of))
    if not points:
        return ()
    ends = month_ends(first, last)
    whole = timeline.once((members, ends), lambda: _count(timeline, ends, members, read))
    standing = [read(step) for _, step in timeline.leaves_at(points[-1])]
    now = {member: standing.count(member) for member in members}
    earlier = len(points) - 1
    return whole[:earlier] + (MonthPoint(points[earlier], now),)  # noqa: RUF005 - mypy loses the type of a mixed tuple


def _count(
    timeline: Timeline, points: Sequence[date], members: Sequence[C], read: Callable[[Step], C]
) -> tuple[MonthPoint[C], ...]:
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
        whole, constant = weight << FIXED_BITS, self.constant
        full = bisect_left(self.days, end, start, stop)
        constant[full] += whole
        constant[stop] -= whole
        climb = bisect_right(self.days, begin, start, full)
        if climb < full:  # some point sees it climb, so that it begins before it ends
            rate = whole // (end - begin).days
            origin = rate * begin.toordinal()
            self.slope[climb] += rate
            self.slope[full] -= rate
            constant[climb] -= origin
            constant[full] += origin

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


@dataclass(frozen=True, slots=True)
class _Past:
    """What month ends say whatever D: the actual line, the baseline over the same points, and when each counted."""

    actual: tuple[CurvePoint, ...]
    baseline: tuple[CurvePoint, ...]
    runs: dict[int, list[tuple[int, int]]]  # by action


def _past(timeline: Timeline, ends: Sequence[date]) -> _Past:
    actual, baseline = _Actual(len(ends)), _Planned(ends)
    found: dict[int, list[tuple[int, int]]] = {}
    for log, spans in timeline.leaf_steps(ends, as_of=ends[-1]):
        action = log.record
        for start, stop, step in spans:
            actual.add(start, stop, step, action.weight)
        runs = _counted_runs(spans)
        for start, stop in runs:
            baseline.add(start, stop, (action.baseline_start, action.baseline_end), action.weight)
        found[action.id] = runs
    return _Past(actual.points(ends), baseline.points(), found)


def progress_curves(timeline: Timeline, *, first: date, last: date, as_of: date) -> Curves:
    """Actual progress until D, and both plans until `last`, at month ends and at D.

    Point x of a plan counts the actions that the actual line counts at min(x, D); current dates are
    those as of D.
    """
    ends = month_ends(first, last)
    if not ends:
        return Curves((), (), (), False)
    past = timeline.once(("progress", ends), lambda: _past(timeline, ends))
    shown = first <= as_of <= last
    points = sorted({*ends, as_of}) if shown else list(ends)
    here = bisect_left(points, as_of)  # the points before D, where D does not change what counts
    size = len(points)
    now, later, current = _Actual(1), _Planned(points), _Planned(points)
    standing = timeline.leaves_at(as_of)
    counting = set()
    for log, step in standing:
        action = log.record
        now.add(0, 1, step, action.weight)
        if step.progress is not None:
            counting.add(action.id)
            later.add(here, size, (action.baseline_start, action.baseline_end), action.weight)
    for log, step in timeline.standing_at(as_of):
        action = log.record
        plan = step.row.planned_start, step.row.planned_end
        for start, stop in _ranges(past.runs.get(action.id, ()), here, size, counts=action.id in counting):
            current.add(start, stop, plan, action.weight)
    return Curves(
        (*past.actual[:here], *now.points(points[here : here + 1] if shown else ())),
        (*past.baseline[:here], *later.points()[here:]),
        current.points(),
        any(log.record.weight != 1 for log, _ in standing),
    )


def _ranges(runs: Sequence[tuple[int, int]], here: int, size: int, *, counts: bool) -> list[tuple[int, int]]:
    """Where an action counts: its runs (the latest first) before `here`, and all that follows when it counts there."""
    shown = [(start, min(stop, here)) for start, stop in runs if start < here]
    if counts and shown and shown[0][1] == here:
        shown[0] = shown[0][0], size
    elif counts:
        shown.append((here, size))
    return shown


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
