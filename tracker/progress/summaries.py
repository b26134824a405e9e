"""Counts and means over a set of states: counts come before percentages."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tracker.enums import ActionStatus, Health
from tracker.progress.measures import weighted_mean
from tracker.progress.states import ActionState

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Summary:
    """Numbers of leaves; `used`, `left_out` (stopped) and `missing` add up to `total`."""

    total: int
    by_status: dict[ActionStatus, int]
    by_health: dict[Health, int]
    late: int
    late_start: int
    silent: int
    to_check: int
    behind: int
    progress: float | None
    used: int
    left_out: int
    missing: int
    weighted: bool


def summarise(states: Iterable[ActionState]) -> Summary:
    """Counts and weighted mean of the leaves; None, never 0, when nothing can be counted."""
    given = tuple(states)
    parents = {state.action.parent_id for state in given} - {None}
    leaves = [state for state in given if state.leaf and state.action.id not in parents]
    statuses, healths = [state.status for state in leaves], [state.health for state in leaves]
    by_status = {status: statuses.count(status) for status in ActionStatus}
    by_health = {health: healths.count(health) for health in Health}
    counted = [(state.action.weight, state.progress) for state in leaves if state.progress is not None]
    return Summary(
        total=len(leaves),
        by_status=by_status,
        by_health=by_health,
        late=sum([state.late for state in leaves]),
        late_start=sum([state.late_start for state in leaves]),
        silent=sum([state.silent for state in leaves]),
        to_check=sum([bool(state.to_check) for state in leaves]),
        behind=sum([state.behind for state in leaves]),
        progress=weighted_mean(counted),
        used=len(counted),
        left_out=sum([state.left_out for state in leaves]),
        missing=sum([state.missing for state in leaves]),
        weighted=any(state.action.weight != 1 for state in leaves),
    )


def summarise_by(states: Iterable[ActionState], *, key: Callable[[ActionState], K]) -> dict[K, Summary]:
    """A summary per value of `key`, in the order in which the values come."""
    return summarise_by_each(states, keys=lambda state: (key(state),))


def summarise_by_each(states: Iterable[ActionState], *, keys: Callable[[ActionState], Iterable[K]]) -> dict[K, Summary]:
    """The same when a state belongs to several: in full under each, so totals do not add up."""
    parts: dict[K, list[ActionState]] = {}
    for state in states:
        for key in keys(state):
            parts.setdefault(key, []).append(state)
    return {key: summarise(part) for key, part in parts.items()}


def by_group(states: Iterable[ActionState]) -> dict[int | None, Summary]:
    """None stands for "sans groupe"."""
    return summarise_by(states, key=lambda state: state.action.group_id)


def by_theme(states: Iterable[ActionState]) -> dict[int | None, Summary]:
    """None stands for "sans thème"."""
    return summarise_by(states, key=lambda state: state.action.theme_id)


def by_entity(states: Iterable[ActionState]) -> dict[int | None, Summary]:
    """None stands for "sans employeur"; a shared action counts under each of its employers."""
    return summarise_by_each(states, keys=_entities)


def _entities(state: ActionState) -> tuple[int | None, ...]:
    return tuple(sorted(state.action.entity_ids)) or (None,)
