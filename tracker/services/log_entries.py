"""How rows are appended to an action's log: complete, in order, never touched again (design 4.2).

Only `services.actions`, `services.updates` and `services.corrections` call this module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import Enum
from typing import Final, Literal, TypeAlias, TypeVar

from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tracker import validation
from tracker.enums import ActionStatus, Health, MarkKind, UpdateKind
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Milestone, MilestoneMark
from tracker.progress import MilestoneState
from tracker.queries import log
from tracker.records import ActionRecord, MarkRecord

MILESTONES_MAX = 40
T = TypeVar("T")


class Keep(Enum):
    """ "As it stands": the value is filled from the log, not from what a person says."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
Kept: TypeAlias = T | Literal[Keep.KEEP]


@dataclass(frozen=True, slots=True)
class NewMilestone:
    """A milestone to add; without day it only waits to be ticked."""

    label: str
    due: date | None = None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of an action. What is not said (KEEP) stays as it stood on the day spoken of."""

    status: Kept[ActionStatus] = KEEP
    declared_progress: Kept[int | None] = KEEP
    health: Kept[Health] = KEEP
    planned_start: Kept[date | None] = KEEP
    planned_end: Kept[date | None] = KEEP
    move_reason: str = ""
    note: str = ""
    private_note: str = ""
    done: frozenset[int] = frozenset()
    reopened: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    due: Mapping[int, date] = field(default_factory=dict)
    weights: Mapping[int, int] = field(default_factory=dict)
    added: tuple[NewMilestone, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing said at all."""
        return self == Statement()


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a complete row."""

    status: ActionStatus
    declared_progress: int | None
    health: Health
    health_on: date | None
    planned_start: date | None
    planned_end: date | None

    @property
    def dates(self) -> tuple[date | None, date | None]:
        return self.planned_start, self.planned_end


def kept(value: T | Literal[Keep.KEEP], otherwise: T) -> T:
    """The value said, or the one that stands."""
    return otherwise if isinstance(value, Keep) else value


def locked_action(action_id: int) -> Action:
    """The action, its row held until the commit so that two people do not write its log at once."""
    action: Action | None = db.session.scalar(select(Action).where(Action.id == action_id).with_for_update())
    if action is None:
        raise NotFound(gettext("Cette action n'existe pas."))
    return action


def record_of(action_id: int) -> ActionRecord:
    """The action with its whole log, read now."""
    return log.load_actions(ids=(action_id,))[0]


def check_unmoved(record: ActionRecord, expected_update_id: int | None) -> None:
    """Raise Conflict when the log has grown since the person opened the form."""
    if expected_update_id is not None and max(row.id for row in record.updates) != expected_update_id:
        raise Conflict(
            gettext(
                "L'action n° %(number)s a changé depuis que vous avez ouvert cette page : "
                "rien n'a été enregistré deux fois. Relisez où elle en est, puis recommencez si besoin.",
                number=record.number,
            )
        )


def values_of(statement: Statement, base: Values, *, on: date, health_on: date | None) -> Values:
    """The complete values of a row; a closed action has no weather, a reopened one has none yet."""
    status = kept(statement.status, base.status)
    health = kept(statement.health, base.health)
    if status.is_closed and health is not Health.NOT_APPLICABLE:
        health, health_on = Health.NOT_APPLICABLE, on
    elif not status.is_closed and health is Health.NOT_APPLICABLE:
        health, health_on = Health.UNKNOWN, None
    elif statement.health is not KEEP:
        health_on = None if health is Health.UNKNOWN else on
    return Values(
        status=status,
        declared_progress=validation.percentage(kept(statement.declared_progress, base.declared_progress)),
        health=health,
        health_on=health_on,
        planned_start=kept(statement.planned_start, base.planned_start),
        planned_end=kept(statement.planned_end, base.planned_end),
    )


def check_texts(
    statement: Statement, values: Values, *, before: Values | None, compare_dates: bool = True
) -> tuple[str, str, str]:
    """The note, the private note and the reason of a move, as they are kept. Raises Refused.

    `before`: what stood just before the row, None for an opening.
    """
    note = validation.health_sentence(values.health, statement.note) or ""
    if values.status is ActionStatus.STOPPED and (before is None or before.status is not values.status) and not note:
        raise Refused(gettext("L'action s'arrête : dites pourquoi, en une phrase."), field="note")
    private_note = validation.note(statement.private_note, field="private_note") or ""
    if not compare_dates:
        return note, private_note, validation.note(statement.move_reason, field="move_reason") or ""
    if before is None or values.dates != before.dates:
        validation.date_range(*values.dates, start_field="planned_start", end_field="planned_end")
    reason = validation.move_reason(
        (None, None) if before is None else before.dates, values.dates, statement.move_reason
    )
    return note, private_note, reason or ""


def marks_of(
    statement: Statement, milestones: Collection[MilestoneState], *, on_the_day: Collection[MilestoneState] = ()
) -> list[MarkRecord]:
    """The marks that a statement makes; what was already so on its day makes none.

    `milestones`: those of the action today. A step may be ticked for a day before it was written down.
    """
    known = {milestone.id: milestone for milestone in milestones}
    touched = {*statement.done, *statement.reopened, *statement.dropped, *statement.due, *statement.weights}
    if touched - known.keys():
        raise Refused(gettext("Un des jalons n'existe plus : relisez la liste."), field="milestones")
    known = {key: replace(one, done=False, dropped=False) for key, one in known.items()} | {
        one.id: one for one in on_the_day
    }
    if statement.done & (statement.reopened | statement.dropped):
        raise Refused(
            gettext("Un même jalon ne peut pas être fait et abandonné ou rouvert à la fois."), field="milestones"
        )
    marks = [MarkRecord(key, MarkKind.DONE) for key in sorted(statement.done) if not known[key].done]
    marks += [MarkRecord(key, MarkKind.REOPENED) for key in sorted(statement.reopened) if not known[key].is_open]
    marks += [MarkRecord(key, MarkKind.DROPPED) for key in sorted(statement.dropped) if not known[key].dropped]
    for key, due in sorted(statement.due.items()):
        validation.project_date(due, field="milestones")
        if due != known[key].due:
            marks.append(MarkRecord(key, MarkKind.DUE, due=due))
    for key, weight in sorted(statement.weights.items()):
        validation.weight(weight, field="milestones")
        if weight != known[key].weight:
            marks.append(MarkRecord(key, MarkKind.WEIGHT, weight=weight))
    return marks


def append(
    action: Action,
    *,
    kind: UpdateKind,
    values: Values | None,
    effective_on: date,
    now: datetime,
    marks: Iterable[MarkRecord] = (),
    added: Iterable[NewMilestone] = (),
    **columns: object,
) -> ActionUpdate:
    """Write one row with its marks; sets the baseline when this is the first complete pair of dates.

    Raises Conflict when somebody has already superseded the same row.
    """
    state = {} if values is None else {one.name: getattr(values, one.name) for one in fields(values)}
    row = ActionUpdate(
        action_id=action.id, kind=kind, effective_on=effective_on, recorded_at=now,
        **{"rank_at": now, **state, **columns},
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as error:
        if not _is_second_superseding(error):
            raise
        raise already_superseded() from error
    for mark in marks:
        db.session.add(
            MilestoneMark(
                update_id=row.id, milestone_id=mark.milestone_id, kind=mark.kind, due=mark.due, weight=mark.weight
            )
        )
        db.session.flush()  # one by one: the order of marks is that of their ids
    _add_milestones(action, row, tuple(added))
    if values is not None and None not in values.dates and None in (action.baseline_start, action.baseline_end):
        action.baseline_start, action.baseline_end = values.dates
    db.session.flush()
    return row


def _is_second_superseding(error: IntegrityError) -> bool:
    """Whether it is the unique constraint on `supersedes_id` that refused; PostgreSQL names it, SQLite its column."""
    return any(name in str(error.orig) for name in ("uq_action_update_supersedes_id", "action_update.supersedes_id"))


def already_superseded() -> Conflict:
    return Conflict(
        gettext(
            "Ce point a déjà été corrigé ou retiré entre-temps. "
            "Relisez l'historique de l'action, puis recommencez si besoin."
        )
    )


def _add_milestones(action: Action, row: ActionUpdate, added: tuple[NewMilestone, ...]) -> None:
    if not added:
        return
    count, last = db.session.execute(
        select(func.count(), func.coalesce(func.max(Milestone.position), -1)).where(Milestone.action_id == action.id)
    ).one()
    if count + len(added) > MILESTONES_MAX:
        raise Refused(gettext("Une action a %(n)s jalons au plus.", n=MILESTONES_MAX), field="milestones")
    for position, new in enumerate(added, start=last + 1):
        label = validation.label(new.label, field="new_milestone")
        if new.due is not None:
            validation.project_date(new.due, field="new_milestone_due")
        milestone = Milestone(action_id=action.id, label=label, position=position)
        db.session.add(milestone)
        db.session.flush()
        db.session.add(
            MilestoneMark(
                update_id=row.id, milestone_id=milestone.id, kind=MarkKind.ADDED, due=new.due,
                weight=validation.weight(new.weight),
            )
        )  # fmt: skip
        db.session.flush()
