"""Actions with their logs, as the plain records that `tracker.progress` computes on.

Two statements whatever the number of actions. The timeline of a project as known now is the same for every reader:
it is kept per process until the project's revision moves, so that lists and boards need not read the log again.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, select

from tracker.enums import UpdateKind
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Milestone, MilestoneMark, action_entity
from tracker.progress import Timeline
from tracker.queries.kept import Kept, database
from tracker.queries.projects import ProjectRecord
from tracker.records import ActionRecord, MarkRecord, UpdateRecord

SET_APART = 2_000  # actions
_timelines: Kept[Timeline] = Kept(8)
_read_once: ContextVar[dict[int, tuple[ActionRecord, ...]] | None] = ContextVar("_read_once", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Meanwhile the log of a project is read once: for who composes many letters in a row and writes no point."""
    token = _read_once.set({})
    try:
        yield
    finally:
        _read_once.reset(token)


def project_actions(programme_id: int) -> tuple[ActionRecord, ...]:
    """All actions of a project, with their whole logs."""
    read = _read_once.get()
    if read is None:
        return load_actions(programme_id=programme_id)
    if programme_id not in read:
        read[programme_id] = load_actions(programme_id=programme_id)
    return read[programme_id]


def load_actions(*, programme_id: int | None = None, ids: Collection[int] | None = None) -> tuple[ActionRecord, ...]:
    """The actions of a project, or those of the ids, in the order of their numbers, with their whole logs."""
    condition: ColumnElement[bool] = Action.programme_id == programme_id if ids is None else Action.id.in_(tuple(ids))
    entities: dict[int, set[int | None]] = defaultdict(set)
    heads: list[Any] = []
    rows: Any = db.session.execute(
        select(
            Action.id,
            Action.number,
            Action.title,
            Action.weight,
            Action.rhythm_months,
            Action.baseline_start,
            Action.baseline_end,
            Action.parent_id,
            Action.group_id,
            Action.theme_id,
            Action.pilot_id,
            action_entity.c.entity_id,
        )
        .outerjoin(action_entity, action_entity.c.action_id == Action.id)
        .where(condition)
        .order_by(Action.number)
    )
    for row in rows:
        head, entity_id = row[:-1], row[-1]
        if head[0] not in entities:
            heads.append(head)
        entities[head[0]].add(entity_id)
    logs = _logs(condition)
    return tuple(
        _action(
            (
                *head[:-1],
                _known(entities[head[0]]),
                tuple(logs.updates[head[0]]),
                tuple(logs.labels[head[0]].items()),
                head[-1],
            )
        )
        for head in heads
    )


def _action(values: Sequence[Any]) -> ActionRecord:
    return ActionRecord(*values)


def _update(values: Sequence[Any]) -> UpdateRecord:
    return UpdateRecord(*values)


def _known(keys: set[int | None]) -> frozenset[int]:
    return frozenset(key for key in keys if key is not None)


@dataclass(slots=True)
class _Logs:
    """By action: its rows in the order of their ids, and the labels of its milestones."""

    updates: dict[int, list[UpdateRecord]]
    labels: dict[int, dict[int, str]]


def _logs(condition: ColumnElement[bool]) -> _Logs:
    found = _Logs(defaultdict(list), defaultdict(dict))
    rows: Any = db.session.execute(
        select(
            ActionUpdate.action_id,
            ActionUpdate.id,
            ActionUpdate.kind,
            ActionUpdate.effective_on,
            ActionUpdate.recorded_at,
            ActionUpdate.rank_at,
            ActionUpdate.supersedes_id,
            ActionUpdate.status,
            ActionUpdate.declared_progress,
            ActionUpdate.health,
            ActionUpdate.health_on,
            ActionUpdate.planned_start,
            ActionUpdate.planned_end,
            ActionUpdate.note != "",
            Milestone.label,
            MilestoneMark.milestone_id,
            MilestoneMark.kind,
            MilestoneMark.due,
            MilestoneMark.weight,
        )
        .join(Action, Action.id == ActionUpdate.action_id)
        .outerjoin(MilestoneMark, MilestoneMark.update_id == ActionUpdate.id)
        .outerjoin(Milestone, Milestone.id == MilestoneMark.milestone_id)
        .where(condition)
        .order_by(ActionUpdate.id, Milestone.position, MilestoneMark.id)
    )
    # a confirmation repeats the health of an earlier row, whose sentence still explains it
    explained: dict[int, bool] = {}
    for (action_id, key, kind), lines in groupby(rows, key=lambda row: row[:3]):
        first, *others = lines
        marks = []
        for *_, label, milestone_id, mark, due, weight in (first, *others):
            if milestone_id is not None:
                found.labels[action_id][milestone_id] = label
                marks.append(MarkRecord(milestone_id, mark, due, weight))
        said = bool(first[13]) or (kind is UpdateKind.CONFIRMATION and explained.get(action_id, False))
        if kind is not UpdateKind.RETRACTION:  # it says nothing of the action
            explained[action_id] = said
        found.updates[action_id].append(_update((key, kind, *first[3:13], said, tuple(marks))))
    return found


def timeline(project: ProjectRecord, *, known_at: datetime | None = None) -> Timeline:
    """The timeline of a project: as known now from what this process keeps, else read and sorted anew."""
    if known_at is not None:
        return Timeline.build(project_actions(project.id), known_at)
    return _timelines.get((database(), project), lambda: _long_lived(Timeline.build(project_actions(project.id))))


def _long_lived(found: Timeline) -> Timeline:
    """Set a large timeline apart from what is searched for garbage: each search would halt the process for a second."""
    if len(found.logs) > SET_APART:
        gc.collect()  # else what is garbage now would be set apart too
        gc.freeze()
    return found
