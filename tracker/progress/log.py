"""The log of one action: rows in force, milestones, and what they say from one to the next (design 4.2, 4.3)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

from tracker.enums import MarkKind, UpdateKind
from tracker.progress.steps import NOTHING, Step, Told, step_of
from tracker.records import ActionRecord, MarkRecord, UpdateRecord

_log_order = attrgetter("effective_on", "rank_at", "id")
# Looking up a member of an enum is slow enough to be felt over the marks of 15,000 actions.
_ADDED, _DONE, _REOPENED = MarkKind.ADDED, MarkKind.DONE, MarkKind.REOPENED
_DUE, _WEIGHT, _DROPPED = MarkKind.DUE, MarkKind.WEIGHT, MarkKind.DROPPED


@dataclass(frozen=True, slots=True)
class MilestoneState:
    """A milestone as of a day; `done_on` is the day since which it has been done."""

    id: int
    label: str
    due: date | None
    weight: int
    done: bool
    done_on: date | None
    dropped: bool
    added_on: date

    @property
    def is_open(self) -> bool:
        return not (self.done or self.dropped)


@dataclass(slots=True)
class _Milestone:
    """A milestone while its marks are read one by one."""

    due: date | None = None
    weight: int = 1
    done_on: date | None = None
    dropped: bool = False
    added_on: date | None = None

    def read(self, mark: MarkRecord, on: date) -> None:
        kind = mark.kind
        if kind is _ADDED:
            # Says a due date and a weight, nothing of done: a tick may be dated before it.
            self.due, self.weight = mark.due, mark.weight or 1
            self.added_on = self.added_on or on
        elif kind is _DONE:
            self.done_on = self.done_on or on
        elif kind is _REOPENED:
            self.done_on, self.dropped = None, False
        elif kind is _DUE:
            self.due = mark.due
        elif kind is _WEIGHT:
            self.weight = mark.weight or self.weight
        elif kind is _DROPPED:
            self.dropped = True


def live_rows(action: ActionRecord, *, known_at: datetime | None = None) -> tuple[UpdateRecord, ...]:
    """The rows in force as known at K, retractions apart, in the log's order.

    A superseded row stays ignored whatever becomes of the row that supersedes it: retracting a
    correction does not revive what it corrected.
    """
    rows: Iterable[UpdateRecord] = action.updates
    if known_at is not None:
        rows = [row for row in rows if row.recorded_at <= known_at]
    superseded = {row.supersedes_id for row in rows if row.supersedes_id is not None}
    kept = [row for row in rows if row.kind is not UpdateKind.RETRACTION and row.id not in superseded]
    kept.sort(key=_log_order)
    return tuple(kept)


class ActionLog:
    """The live rows of an action, ready to be asked for any day."""

    __slots__ = ("_step_days", "_steps", "days", "record", "rows")

    def __init__(self, record: ActionRecord, *, known_at: datetime | None = None) -> None:
        self.record = record
        self.rows = live_rows(record, known_at=known_at)
        self.days = [row.effective_on for row in self.rows]
        self._steps: tuple[Step, ...] | None = None
        self._step_days: list[date] = []

    @property
    def exists_from(self) -> date | None:
        return self.days[0] if self.days else None

    def index_at(self, day: date) -> int:
        """Index of the row that is the state on that day; -1 when the action does not exist yet."""
        return bisect_right(self.days, day) - 1

    def milestones_at(self, day: date) -> tuple[MilestoneState, ...]:
        """Milestones as the rows up to that day leave them, by due date, those without one last."""
        read: dict[int, _Milestone] = {}
        for row in self.rows[: self.index_at(day) + 1]:
            if row.marks:
                _read_marks(read, row)
        if not read:
            return ()
        labels = dict(self.record.milestone_labels)
        states = [
            MilestoneState(
                id=key,
                label=labels.get(key, ""),
                due=milestone.due,
                weight=milestone.weight,
                done=milestone.done_on is not None,
                done_on=milestone.done_on,
                dropped=milestone.dropped,
                added_on=milestone.added_on,
            )
            for key, milestone in read.items()
            if milestone.added_on is not None
        ]
        states.sort(key=lambda state: (state.due or date.max, state.id))
        return tuple(states)

    def step_at(self, day: date) -> Step | None:
        """What stands on that day; None when the action does not exist yet."""
        steps = self.steps
        index = bisect_right(self._step_days, day) - 1
        return steps[index] if index >= 0 else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """One step per day with a row, computed once: what each point of a curve looks up."""
        if self._steps is None:
            steps = self._walk()
            self._step_days = [step.on for step in steps]
            self._steps = steps
        return self._steps

    def _walk(self) -> tuple[Step, ...]:
        read: dict[int, _Milestone] = {}
        told = NOTHING
        steps: list[Step] = []
        for row in self.rows:
            if row.marks:
                _read_marks(read, row)
                told = _told(read)
            step = step_of(row, told, rhythm_months=self.record.rhythm_months)
            if steps and steps[-1].on == step.on:
                steps[-1] = step
            else:
                steps.append(step)
        return tuple(steps)


def _read_marks(read: dict[int, _Milestone], row: UpdateRecord) -> None:
    for mark in row.marks:
        milestone = read.get(mark.milestone_id)
        if milestone is None:
            milestone = read[mark.milestone_id] = _Milestone()
        milestone.read(mark, row.effective_on)


def _told(read: dict[int, _Milestone]) -> Told:
    kept = [one for one in read.values() if one.added_on is not None and not one.dropped]
    left = [one for one in kept if one.done_on is None]
    total = sum([one.weight for one in kept])
    return Told(
        total - sum([one.weight for one in left]),
        total,
        bool(kept),
        bool(left),
        tuple(sorted([one.due for one in left if one.due is not None])),
    )
