"""Actions with their logs, as the plain records that `tracker.progress` computes on.

Three statements whatever the number of actions. The timeline of a project as known now is the same for every reader:
it is kept per process until the project's revision moves, so that lists and boards need not read the log again.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, select

from tracker.enums import UpdateKind
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Milestone, MilestoneMark, action_entity
from tracker.progress import Timeline
from tracker.queries.projects import ProjectRecord
from tracker.records import ActionRecord, MarkRecord, UpdateRecord

KEPT = 8
_kept: OrderedDict[tuple[str, int, int], Timeline] = OrderedDict()
_lock = Lock()


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
    marks, labels = _marks(condition)
    updates = _updates(condition, marks)
    return tuple(
        _action(
            (
                *head[:-1],
                _known(entities[head[0]]),
                tuple(updates[head[0]]),
                tuple(labels[head[0]].items()),
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


def _marks(
    condition: ColumnElement[bool],
) -> tuple[dict[int, list[MarkRecord]], dict[int, dict[int, str]]]:
    """Marks by update, and labels of milestones by action."""
    marks: dict[int, list[MarkRecord]] = defaultdict(list)
    labels: dict[int, dict[int, str]] = defaultdict(dict)
    rows = db.session.execute(
        select(
            Milestone.action_id,
            Milestone.label,
            MilestoneMark.update_id,
            MilestoneMark.milestone_id,
            MilestoneMark.kind,
            MilestoneMark.due,
            MilestoneMark.weight,
        )
        .join(Milestone, Milestone.id == MilestoneMark.milestone_id)
        .join(Action, Action.id == Milestone.action_id)
        .where(condition)
        .order_by(Milestone.position, MilestoneMark.id)
    )
    for action_id, label, update_id, milestone_id, kind, due, weight in rows:
        labels[action_id][milestone_id] = label
        marks[update_id].append(MarkRecord(milestone_id, kind, due, weight))
    return marks, labels


def _updates(condition: ColumnElement[bool], marks: dict[int, list[MarkRecord]]) -> dict[int, list[UpdateRecord]]:
    updates: dict[int, list[UpdateRecord]] = defaultdict(list)
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
        )
        .join(Action, Action.id == ActionUpdate.action_id)
        .where(condition)
        .order_by(ActionUpdate.id)
    )
    # a confirmation repeats the health of an earlier row, whose sentence still explains it
    explained: dict[int, bool] = {}
    for row in rows:
        action_id, key, kind, has_note = row[0], row[1], row[2], row[-1]
        values: Any = row[3:-1]
        said = bool(has_note) or (kind is UpdateKind.CONFIRMATION and explained.get(action_id, False))
        if kind is not UpdateKind.RETRACTION:  # it says nothing of the action
            explained[action_id] = said
        updates[action_id].append(_update((key, kind, *values, said, tuple(marks.get(key, ())))))
    return updates


def forget() -> None:
    """Drop what this process keeps; for tests, which change rows without raising revisions."""
    with _lock:
        _kept.clear()


def timeline(project: ProjectRecord, *, known_at: datetime | None = None) -> Timeline:
    """The timeline of a project: as known now from what this process keeps, else read and sorted anew."""
    if known_at is not None:
        return Timeline.build(load_actions(programme_id=project.id), known_at)
    key = (str(db.engine.url), project.id, project.revision)
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = Timeline.build(load_actions(programme_id=project.id))
        with _lock:
            _kept[key] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found
