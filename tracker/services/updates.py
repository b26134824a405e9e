"""Saying where an action is: a point, "Rien n'a changé", or a whole round of them (design 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from flask_babel import gettext

from tracker import permissions, validation
from tracker.enums import MarkKind, UpdateKind, UpdateSource
from tracker.errors import Conflict, Refused
from tracker.extensions import db
from tracker.models import Action, ActionUpdate
from tracker.permissions import Permission
from tracker.progress import ActionState, live_rows, state_at
from tracker.queries import log
from tracker.records import ActionRecord, Actor, MarkRecord, paris_day
from tracker.services import history
from tracker.services.log_entries import (
    KEEP,
    NewMilestone,
    Statement,
    Values,
    append,
    check_texts,
    check_unmoved,
    locked_action,
    marks_of,
    record_of,
    values_of,
)

__all__ = ["KEEP", "NewMilestone", "RoundResult", "Statement", "confirm", "post_round", "post_update"]


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round wrote, and the rows that moved meanwhile, by action id."""

    confirmed: int
    changed: int
    conflicts: Mapping[int, Conflict]


class RoundRefused(Refused):
    """Some rows of a round are not acceptable: none is written. `rows`: the refusal of each, by action id."""

    def __init__(self, rows: Mapping[int, Refused]) -> None:
        super().__init__(gettext("Rien n'a été enregistré : il reste à corriger."))
        self.rows = rows


def post_update(
    *,
    action_id: int,
    statement: Statement,
    actor: Actor,
    now: datetime,
    effective_on: date | None = None,
    source: UpdateSource = UpdateSource.FORM,
    meeting_id: int | None = None,
    expected_update_id: int | None = None,
) -> ActionUpdate:
    """Append a complete statement; what is not said stays as it stood on `effective_on` (today by default).

    The same form sent again by the same person (a button pressed twice, an answer that never came) writes nothing more.
    Raises Forbidden, Refused (a day to come or before the opening, a sentence or a reason missing…) and Conflict.
    """
    action = locked_action(action_id)
    permissions.require(actor, Permission.ACTION_POST, action)
    return _post(
        action, record_of(action_id), statement, actor=actor, now=now, effective_on=effective_on or paris_day(now),
        source=source, meeting_id=meeting_id, expected_update_id=expected_update_id,
    )  # fmt: skip


def confirm(
    *,
    action_id: int,
    actor: Actor,
    now: datetime,
    effective_on: date | None = None,
    source: UpdateSource = UpdateSource.FORM,
    meeting_id: int | None = None,
    expected_update_id: int | None = None,
) -> ActionUpdate:
    """ "Rien n'a changé": a row with the values that stood. Raises as `post_update`."""
    action = locked_action(action_id)
    permissions.require(actor, Permission.ACTION_POST, action)
    return _confirm(
        action, record_of(action_id), actor=actor, now=now, effective_on=effective_on or paris_day(now),
        source=source, meeting_id=meeting_id, expected_update_id=expected_update_id,
    )  # fmt: skip


def post_round(
    *,
    statements: Mapping[int, Statement | None],
    expected: Mapping[int, int],
    actor: Actor,
    now: datetime,
    source: UpdateSource = UpdateSource.FORM,
    meeting_id: int | None = None,
) -> RoundResult:
    """All the rows of a round at once: None confirms, a statement changes.

    A row whose action moved since `expected` (its latest update) is left aside; any other refusal writes nothing.
    Raises RoundRefused, Forbidden, and Refused when the project is closed.
    """
    actions = {key: locked_action(key) for key in sorted(statements)}
    history.check_open({action.programme_id for action in actions.values()})
    records: Sequence[ActionRecord] = log.load_actions(ids=tuple(statements)) if statements else ()
    by_id = {record.id: record for record in records}
    confirmed = changed = 0
    conflicts: dict[int, Conflict] = {}
    refusals: dict[int, Refused] = {}
    common = {"actor": actor, "now": now, "effective_on": paris_day(now), "source": source, "meeting_id": meeting_id}
    for key, statement in statements.items():
        permissions.require(actor, Permission.ACTION_POST, actions[key])
        try:
            if statement is None:
                _confirm(actions[key], by_id[key], expected_update_id=expected[key], **common)  # type: ignore[arg-type]
                confirmed += 1
            else:
                _post(actions[key], by_id[key], statement, expected_update_id=expected[key], **common)  # type: ignore[arg-type]
                changed += 1
        except Conflict as conflict:
            conflicts[key] = conflict
        except Refused as refusal:
            refusals[key] = refusal
    if refusals:
        raise RoundRefused(refusals)
    return RoundResult(confirmed, changed, conflicts)


def _post(
    action: Action,
    record: ActionRecord,
    statement: Statement,
    *,
    actor: Actor,
    now: datetime,
    effective_on: date,
    source: UpdateSource,
    meeting_id: int | None,
    expected_update_id: int | None,
) -> ActionUpdate:
    again = _last_word(record, actor=actor, effective_on=effective_on, expected_update_id=expected_update_id)
    if again is not None and _says(again, statement, record, record.up_to(expected_update_id or 0), now):
        return again
    check_unmoved(record, expected_update_id)
    said = _read(statement, record, on=effective_on, now=now)
    note, private_note, reason = said.texts
    row = append(
        action, kind=UpdateKind.STATEMENT, values=said.values, effective_on=effective_on, now=now, marks=said.marks,
        added=statement.added, source=source, meeting_id=meeting_id, author_id=actor.id, note=note,
        private_note=private_note, move_reason=reason,
    )  # fmt: skip
    history.record(
        actor=actor, now=now, verb="action:post", subject="action", subject_id=action.id,
        programme_id=action.programme_id, changes=changes_between(said.before, said.values, update_id=row.id),
    )  # fmt: skip
    db.session.flush()
    return row


def _confirm(
    action: Action,
    record: ActionRecord,
    *,
    actor: Actor,
    now: datetime,
    effective_on: date,
    source: UpdateSource,
    meeting_id: int | None,
    expected_update_id: int | None,
) -> ActionUpdate:
    again = _last_word(record, actor=actor, effective_on=effective_on, expected_update_id=expected_update_id)
    if again is not None and again.kind is UpdateKind.CONFIRMATION:
        return again
    check_unmoved(record, expected_update_id)
    values = _values(_state_on(record, effective_on, now))
    row = append(
        action, kind=UpdateKind.CONFIRMATION, values=values, effective_on=effective_on, now=now, source=source,
        meeting_id=meeting_id, author_id=actor.id,
    )  # fmt: skip
    history.record(
        actor=actor, now=now, verb="action:confirm", subject="action", subject_id=action.id,
        programme_id=action.programme_id, changes={"update": [None, row.id]},
    )  # fmt: skip
    db.session.flush()
    return row


def _last_word(
    record: ActionRecord, *, actor: Actor, effective_on: date, expected_update_id: int | None
) -> ActionUpdate | None:
    """The one row written since the person opened the page, when it is their own, of that day: a form sent twice."""
    later = [row.id for row in record.updates if expected_update_id is not None and row.id > expected_update_id]
    row = db.session.get(ActionUpdate, later[0]) if len(later) == 1 else None
    return row if row is not None and (row.author_id, row.effective_on) == (actor.id, effective_on) else None


@dataclass(frozen=True, slots=True)
class _Said:
    """What a statement makes of a log: the values that stood and those of the row, its texts and its marks."""

    before: Values
    values: Values
    texts: tuple[str, str, str]
    marks: list[MarkRecord]


def _read(statement: Statement, record: ActionRecord, *, on: date, now: datetime) -> _Said:
    """Raises Refused when the statement cannot be written after this log."""
    state = _state_on(record, on, now)
    before = _values(state)
    values = values_of(statement, before, on=on, health_on=state.health_on)
    return _Said(
        before, values, check_texts(statement, values, before=before),
        marks_of(statement, _latest(record, now).milestones, on_the_day=state.milestones),
    )  # fmt: skip


def _says(row: ActionUpdate, statement: Statement, record: ActionRecord, before: ActionRecord, now: datetime) -> bool:
    """Whether a point is what this statement, and nothing else, makes of the log as it was `before` it."""
    if row.kind is not UpdateKind.STATEMENT:
        return False
    try:
        said = _read(statement, before, on=row.effective_on, now=now)
        added = [(validation.label(new.label), new.due, new.weight) for new in statement.added]
    except Refused:
        return False
    labels = dict(record.milestone_labels)
    new = [(labels.get(m.milestone_id), m.due, m.weight) for m in row.marks if m.kind is MarkKind.ADDED]
    marks = [MarkRecord(m.milestone_id, m.kind, m.due, m.weight) for m in row.marks if m.kind is not MarkKind.ADDED]
    return (
        all(getattr(row, one.name) == getattr(said.values, one.name) for one in fields(Values))
        and (row.note, row.private_note, row.move_reason) == said.texts
        and (marks, new) == (said.marks, added)
    )


def _state_on(record: ActionRecord, day: date, now: datetime) -> ActionState:
    """What the log says of that day; raises Refused for a day to come or before the opening."""
    opened_on = live_rows(record)[0].effective_on
    validation.effective_on(day, today=paris_day(now), opened_on=opened_on)
    state = state_at(record, as_of=day)
    if state is None:  # pragma: no cover - the opening is never retracted
        raise Refused(gettext("Cette action n'existait pas encore ce jour-là."), field="effective_on")
    return state


def _latest(record: ActionRecord, now: datetime) -> ActionState:
    return _state_on(record, max(paris_day(now), live_rows(record)[0].effective_on), now)


def _values(state: ActionState) -> Values:
    return Values(
        status=state.status,
        declared_progress=state.declared_progress,
        health=state.health,
        health_on=state.health_on,
        planned_start=state.planned_start,
        planned_end=state.planned_end,
    )


def changes_between(before: Values, after: Values, *, update_id: int) -> dict[str, list[object]]:
    """Old → new of what differs, as an Event keeps it: figures and dates, never a note."""
    changes: dict[str, list[object]] = {"update": [None, update_id]}
    for name in ("status", "declared_progress", "health", "planned_start", "planned_end"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changes[name] = [_plain(old), _plain(new)]
    return changes


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
