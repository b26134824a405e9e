"""Many actions, sorted once and asked for any day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from tracker.progress.log import ActionLog
from tracker.progress.measures import weighted_mean
from tracker.progress.states import ActionState, judge
from tracker.progress.steps import Step
from tracker.records import ActionRecord

T = TypeVar("T")


class Timeline:
    """The logs of a set of actions as known at K.

    Build it from all the actions of a project, then `select` those a figure shows: which actions
    have sub-actions, hence do not count themselves, is read from the whole.
    """

    __slots__ = ("_at", "_children", "_leaf_until", "_others", "_whole", "logs")

    def __init__(
        self,
        logs: tuple[ActionLog, ...],
        *,
        others: tuple[ActionLog, ...] = (),
        children: dict[int, list[ActionLog]],
        leaf_until: dict[int, date],
    ) -> None:
        self.logs = logs
        self._others = others
        self._children = children
        self._leaf_until = leaf_until
        self._whole: dict[Hashable, Any] = {}
        self._at: tuple[date | None, list[tuple[ActionLog, Step]]] = (None, [])

    @classmethod
    def build(
        cls, actions: Iterable[ActionRecord], known_at: datetime | None = None, *, before: Timeline | None = None
    ) -> Timeline:
        """Sort the logs as known at K (None: all that is recorded); unborn actions are dropped.

        `before`: a timeline as known now, whose logs serve again for the records that are the same objects.
        """
        sorted_already = {id(log.record): log for log in before.logs} if before else {}
        every = (sorted_already.get(id(action)) or ActionLog(action, known_at=known_at) for action in actions)
        logs = tuple(log for log in every if log.rows)
        children: dict[int, list[ActionLog]] = {}
        leaf_until: dict[int, date] = {}
        for log in logs:
            parent, born = log.record.parent_id, log.exists_from
            if parent is not None and born is not None:
                children.setdefault(parent, []).append(log)
                leaf_until[parent] = min(born, leaf_until.get(parent, born))
        return cls(logs, children=children, leaf_until=leaf_until)

    def select(self, keep: Callable[[ActionRecord], bool]) -> Timeline:
        """The same timeline showing only some actions; nothing is sorted again."""
        logs = tuple(log for log in self.logs if keep(log.record))
        return Timeline(
            logs,
            others=self._hidden_descendants(logs),
            children=self._children,
            leaf_until=self._leaf_until,
        )

    def _hidden_descendants(self, logs: tuple[ActionLog, ...]) -> tuple[ActionLog, ...]:
        """Sub-actions that are not shown, but whose mean a shown action shows."""
        if not self._children:
            return ()
        seen = {log.record.id for log in logs}
        hidden: list[ActionLog] = []
        queue = list(logs)
        while queue:
            for child in self._children.get(queue.pop().record.id, ()):
                if child.record.id not in seen:
                    seen.add(child.record.id)
                    hidden.append(child)
                    queue.append(child)
        return tuple(hidden)

    def is_leaf(self, action_id: int, as_of: date) -> bool:
        """Whether no sub-action exists yet on that day."""
        until = self._leaf_until.get(action_id)
        return until is None or as_of < until

    def states(self, as_of: date) -> tuple[ActionState, ...]:
        """The full state of each action existing on that day, in the order given to `build`."""
        states = self._judge(self.standing_at(as_of), as_of)
        if not self._children:
            return tuple(states)
        others = self._judge(_standing(self._others, as_of), as_of)
        return with_children((*states, *others))[: len(states)]

    def _judge(self, standing: list[tuple[ActionLog, Step]], as_of: date) -> list[ActionState]:
        return [
            judge(
                log,
                step,
                as_of=as_of,
                leaf=not self._leaf_until or self.is_leaf(log.record.id, as_of),
            )
            for log, step in standing
        ]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What does not depend on the day asked for, made once for this timeline."""
        if key not in self._whole:
            self._whole[key] = make()
        found: T = self._whole[key]
        return found

    def standing_at(self, day: date) -> list[tuple[ActionLog, Step]]:
        """What stands of each action that exists on that day; the last day asked for is kept."""
        kept_day, found = self._at
        if kept_day != day:
            found = _standing(self.logs, day)
            self._at = day, found
        return found

    def leaves_at(self, day: date) -> list[tuple[ActionLog, Step]]:
        """The same of each action that counts on that day."""
        standing = self.standing_at(day)
        if not self._leaf_until:
            return standing
        return [(log, step) for log, step in standing if self.is_leaf(log.record.id, day)]

    def leaf_steps(
        self, points: Sequence[date], *, as_of: date
    ) -> Iterator[tuple[ActionLog, list[tuple[int, int, Step]]]]:
        """The light path of figures: for each action, its steps as ranges of indices of `points`.

        What stands at `as_of` runs on over later points. A step that no point sees is left out, and
        so is the time when an action has sub-actions: only leaves count.
        """
        for log in self.logs:
            until = self._leaf_until.get(log.record.id)
            closed = until is not None and until <= as_of
            stop = bisect_left(points, until) if until is not None and closed else len(points)
            spans: list[tuple[int, int, Step]] = []
            steps = log.steps
            for index in range(len(steps) - 1, -1, -1):
                step = steps[index]
                if step.on > as_of:
                    continue
                start = bisect_left(points, step.on)
                if start < stop:
                    spans.append((start, stop, step))
                    stop = start
            if spans:
                yield log, spans


def _standing(logs: Iterable[ActionLog], day: date) -> list[tuple[ActionLog, Step]]:
    found = ((log, log.step_at(day)) for log in logs)
    return [(log, step) for log, step in found if step is not None]


def state_at(
    action: ActionRecord,
    *,
    as_of: date,
    known_at: datetime | None = None,
) -> ActionState | None:
    """One action alone, taken as a leaf; None when it does not exist yet.

    For an action with sub-actions, build a `Timeline` of all of them.
    """
    states = Timeline.build((action,), known_at).states(as_of)
    return states[0] if states else None


def with_children(states: Iterable[ActionState]) -> tuple[ActionState, ...]:
    """The states, each action that has sub-actions among them showing their weighted mean."""
    given = tuple(states)
    children: dict[int, list[ActionState]] = {}
    for state in given:
        if state.action.parent_id is not None:
            children.setdefault(state.action.parent_id, []).append(state)
    if not children:
        return given
    shown: dict[int, float | None] = {}

    def progress(state: ActionState) -> float | None:
        own = children.get(state.action.id)
        if own is None:
            return state.progress
        if state.action.id not in shown:
            shown[state.action.id] = None  # ends a loop of parents, should the data hold one
            values = ((child.action.weight, progress(child)) for child in own)
            shown[state.action.id] = weighted_mean((weight, value) for weight, value in values if value is not None)
        return shown[state.action.id]

    return tuple(
        state._replace(
            progress=progress(state),
            progress_rule="sub_actions",
            leaf=False,
            counted=False,
            left_out=False,
            missing=False,
        )
        if state.action.id in children
        else state
        for state in given
    )
