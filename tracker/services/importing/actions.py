"""Actions brought from elsewhere, with their whole log; a source that says something new appends to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from tracker.enums import UpdateKind
from tracker.extensions import db
from tracker.imports.actions import ActionImport
from tracker.imports.issues import Issues
from tracker.imports.mapping import Mapping
from tracker.models import (
    Action,
    ActionUpdate,
    ExternalRef,
    Milestone,
    MilestoneMark,
    action_entity,
)
from tracker.records import Actor
from tracker.services import history
from tracker.services.bulk import insert_all
from tracker.services.importing import changes
from tracker.services.importing.places import Places
from tracker.services.importing.results import (
    ImportResult,
    Known,
    batches,
    digest_of,
    insert_origins,
    known_rows,
    reserve_numbers,
)
from tracker.services.importing.rows import mark_rows, update_row


def import_actions(
    records: Sequence[ActionImport], *, mapping: Mapping, actor: Actor | None, now: datetime
) -> ImportResult:
    """Write actions that are new or say something new; flushes, never commits."""
    issues = Issues()
    known = known_rows(mapping.source, of_actions=True, issues=issues)
    fresh = [one for one in records if one.source_id not in known]
    moved = [one for one in records if one.source_id in known and known[one.source_id].digest != digest_of(one)]
    if not fresh and not moved and not issues.errors:
        return ImportResult(0, 0, len(records), ())
    places = Places(mapping, issues)
    if issues.errors or not places.find(records):
        return ImportResult(0, 0, 0, issues.sorted())
    for batch in batches(fresh):
        _create(batch, mapping=mapping, places=places, actor=actor, now=now)
    for record in moved:
        _change(
            record, known[record.source_id], as_of=mapping.as_of, places=places, actor=actor, now=now, issues=issues
        )
    history.bump(places.programme_id)
    db.session.flush()
    return ImportResult(len(fresh), len(moved), len(records) - len(fresh) - len(moved), issues.sorted())


def _create(
    records: Sequence[ActionImport], *, mapping: Mapping, places: Places, actor: Actor | None, now: datetime
) -> None:
    """Many actions in a dozen statements."""
    numbers = reserve_numbers("action", len(records))
    insert_all(
        Action,
        [_action_row(one, places, now) | {"number": number} for one, number in zip(records, numbers, strict=True)],
    )
    by_number = dict(
        db.session.execute(select(Action.number, Action.id).where(Action.number.between(numbers[0], numbers[-1]))).all()
    )
    made = [(by_number[number], one) for number, one in zip(numbers, records, strict=True)]
    insert_all(
        action_entity,
        [
            {"action_id": key, "entity_id": entity_id}
            for key, one in made
            for entity_id in places.entity_ids(one.entities)
        ],
    )
    _create_log(made, actor=actor, now=now)
    insert_origins(
        made, source=mapping.source, subject="action", programme_id=places.programme_id, actor=actor, now=now
    )


def _create_log(made: Sequence[tuple[int, ActionImport]], *, actor: Actor | None, now: datetime) -> None:
    ids = [key for key, _one in made]
    insert_all(
        Milestone,
        [
            {"action_id": key, "label": step.label, "position": position}
            for key, one in made
            for position, step in enumerate(one.milestones)
        ],
    )
    insert_all(
        ActionUpdate,
        [_opening_or_statement(key, one, at, actor, now) for key, one in made for at in range(len(one.updates))],
    )
    steps = select(Milestone.action_id, Milestone.position, Milestone.id).where(Milestone.action_id.in_(ids))
    milestones = {(key, position): found for key, position, found in db.session.execute(steps)}
    said = select(ActionUpdate.action_id, ActionUpdate.effective_on, ActionUpdate.id).where(
        ActionUpdate.action_id.in_(ids)
    )
    updates = {(key, day): found for key, day, found in db.session.execute(said)}
    marks = []
    for key, one in made:
        of_action = {step.key: milestones[key, position] for position, step in enumerate(one.milestones)}
        for at, update_ in enumerate(one.updates):
            marks += mark_rows(one, at, updates[key, update_.effective_on], of_action)
    insert_all(MilestoneMark, marks)


def _action_row(record: ActionImport, places: Places, now: datetime) -> dict[str, Any]:
    start, end = baseline_of(record)
    return {
        "programme_id": places.programme_id,
        "group_id": places.group(record.group),
        "theme_id": places.theme(record.theme),
        "title": record.title,
        "summary": record.summary,
        "weight": record.weight,
        "baseline_start": start,
        "baseline_end": end,
        "created_at": now,
    }


def baseline_of(record: ActionImport) -> tuple[date | None, date | None]:
    """The first complete pair of dates of the log."""
    for one in record.updates:
        if one.planned_start is not None and one.planned_end is not None:
            return one.planned_start, one.planned_end
    return None, None


def _opening_or_statement(
    action_id: int, record: ActionImport, at: int, actor: Actor | None, now: datetime
) -> dict[str, Any]:
    kind = UpdateKind.OPENING if at == 0 else UpdateKind.STATEMENT
    return update_row(action_id, record.updates[at], kind=kind, actor=actor, now=now)


def _change(
    record: ActionImport,
    known: Known,
    *,
    as_of: date,
    places: Places,
    actor: Actor | None,
    now: datetime,
    issues: Issues,
) -> None:
    """Bring an action to what the source now says: fields in place, the log by rows that correct it."""
    action = db.session.get_one(Action, known.target_id)
    changed: dict[str, Any] = {}
    fields = {
        "title": record.title,
        "summary": record.summary,
        "weight": record.weight,
        "theme_id": places.theme(record.theme),
        "group_id": places.group(record.group),
    }
    for name, value in fields.items():
        if getattr(action, name) != value:
            changed[name] = [getattr(action, name), value]
            setattr(action, name, value)
    wanted = places.entity_ids(record.entities)
    present = tuple(entity.id for entity in action.entities)
    if set(wanted) != set(present):
        changed["entities"] = [list(present), list(wanted)]
        db.session.execute(action_entity.delete().where(action_entity.c.action_id == action.id))
        insert_all(action_entity, [{"action_id": action.id, "entity_id": entity_id} for entity_id in wanted])
    if action.baseline_start is None and action.baseline_end is None:
        action.baseline_start, action.baseline_end = baseline_of(record)
    rows = changes.bring_log(action, record, as_of=as_of, actor=actor, now=now, issues=issues)
    if rows:
        changed["updates"] = [0, rows]
    db.session.execute(
        update(ExternalRef)
        .where(ExternalRef.id == known.ref_id)
        .values(digest=digest_of(record), flags=list(record.flags))
    )
    history.record(
        actor=actor, now=now, verb="action:import", subject="action", subject_id=action.id,
        programme_id=action.programme_id, changes=changed,
    )  # fmt: skip
    db.session.flush()
