"""Actions with their logs, as the plain records that `tracker.progress` computes on.

Two statements whatever the number of actions. The timeline of a project as known now is the same for every reader:
it is kept per process until the project's revision moves, so that lists and boards need not read the log again. Then
only the logs that have grown are read: rows are appended, and change in place only when their text is withdrawn.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, func, select

from tracker.enums import UpdateKind
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Milestone, MilestoneMark, action_entity
from tracker.progress import Timeline
from tracker.queries.kept import Kept, database
from tracker.queries.projects import ProjectRecord
from tracker.records import ActionRecord, MarkRecord, UpdateRecord

SET_APART = 2_000  # actions
FEW = 500  # logs that are read by their ids
# of a log: how many rows, the last, when it was recorded (its number is given again once a copy is put back), how many
# texts were withdrawn
Print: TypeAlias = tuple[int, int, datetime, int]
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
    heads = _heads(condition)
    logs = _logs(condition)
    return tuple(_action(head, tuple(logs.updates[head[0]]), tuple(logs.labels[head[0]].items())) for head in heads)


def _heads(condition: ColumnElement[bool]) -> list[Any]:
    """All of an action but its log, in the order of the fields of its record; in the order of the numbers."""
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
    return [(*head[:-1], _known(entities[head[0]]), head[-1]) for head in heads]


def _action(head: Any, updates: tuple[UpdateRecord, ...], labels: tuple[tuple[int, str], ...]) -> ActionRecord:
    values: Any = (*head[:-1], updates, labels, head[-1])
    return ActionRecord(*values)


def _update(values: tuple[Any, ...]) -> UpdateRecord:
    return UpdateRecord(*values)


def _known(keys: set[int | None]) -> frozenset[int]:
    return frozenset(key for key in keys if key is not None)


@dataclass(slots=True)
class _Logs:
    """By action: its rows in the order of their ids, the labels of its milestones, how many texts were withdrawn."""

    updates: dict[int, list[UpdateRecord]] = field(default_factory=lambda: defaultdict(list))
    labels: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    withdrawn: Counter[int] = field(default_factory=Counter)

    def prints(self) -> dict[int, Print]:
        return {
            key: (len(rows), rows[-1].id, max(row.recorded_at for row in rows), self.withdrawn[key])
            for key, rows in self.updates.items()
            if rows
        }


def _logs(condition: ColumnElement[bool]) -> _Logs:
    found = _Logs()
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
            ActionUpdate.redacted_at.is_not(None),
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
        found.withdrawn[action_id] += bool(first[14])
        found.updates[action_id].append(_update((key, kind, *first[3:13], said, tuple(marks))))
    return found


def timeline(project: ProjectRecord, *, known_at: datetime | None = None) -> Timeline:
    """The timeline of a project: as known now from what this process keeps, else read and sorted anew."""
    if known_at is not None:
        return Timeline.build(project_actions(project.id), known_at)
    key = (database(), project)
    found = _timelines.find(key)
    if found is None:
        with _reads.turn((database(), project.id)):  # the others of this process wait for what one reads
            found = _timelines.get(key, lambda: _renewed(project.id))
    return found


@dataclass(frozen=True, slots=True)
class _Read:
    """A timeline, with what tells which of its logs have changed since."""

    timeline: Timeline
    prints: dict[int, Print]


_reads: Kept[_Read] = Kept(8)  # the last of each project


def _renewed(programme_id: int) -> Timeline:
    """The timeline of a project as the database now has it, from the one read before and what changed since."""
    before = _reads.find((database(), programme_id))
    if before is None and _read_once.get() is not None:
        return Timeline.build(project_actions(programme_id))
    condition = Action.programme_id == programme_id
    heads = _heads(condition)
    if before is None:
        logs = _logs(condition)
        found = Timeline.build(
            _action(head, tuple(logs.updates[head[0]]), tuple(logs.labels[head[0]].items())) for head in heads
        )
        _long_lived(found)
        _reads.replace((database(), programme_id), _Read(found, logs.prints()))
        return found
    prints = _prints(condition)
    known = {one.record.id: one.record for one in before.timeline.logs}
    changed = {key for key, *_ in heads if key not in known or before.prints.get(key) != prints.get(key)}
    logs = _logs(Action.id.in_(changed) if len(changed) <= FEW else condition) if changed else _Logs()
    records = []
    for head in heads:
        key = head[0]
        if key in changed:
            record = _action(head, tuple(logs.updates[key]), tuple(logs.labels[key].items()))
        else:
            record = _action(head, known[key].updates, known[key].milestone_labels)
            record = known[key] if record == known[key] else record
        records.append(record)
    found = Timeline.build(records, before=before.timeline)
    _reads.replace((database(), programme_id), _Read(found, prints))
    return found


def _prints(condition: ColumnElement[bool]) -> dict[int, Print]:
    rows = db.session.execute(
        select(
            ActionUpdate.action_id,
            func.count(ActionUpdate.id),
            func.max(ActionUpdate.id),
            func.max(ActionUpdate.recorded_at),
            func.count(ActionUpdate.redacted_at),
        )
        .join(Action, Action.id == ActionUpdate.action_id)
        .where(condition)
        .group_by(ActionUpdate.action_id)
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _long_lived(found: Timeline) -> None:
    """Set a large timeline apart from what is searched for garbage: each search would halt the process for a second."""
    if len(found.logs) > SET_APART:
        gc.collect()  # else what is garbage now would be set apart too
        gc.freeze()
