"""Correcting and retracting rows of a log: the row stays, another supersedes it (design 4.2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

from flask_babel import gettext
from sqlalchemy import select

from tracker import permissions, validation
from tracker.enums import ActionStatus, UpdateKind
from tracker.errors import Conflict, Forbidden, NotFound, Refused
from tracker.extensions import FRENCH, db, speaking
from tracker.models import Action, ActionUpdate, MilestoneMark
from tracker.permissions import Permission
from tracker.progress import MilestoneState, live_rows, state_at
from tracker.progress.steps import health_of, status_of
from tracker.records import ActionRecord, Actor, MarkRecord, UpdateRecord, paris_day
from tracker.services import history
from tracker.services.log_entries import (
    Statement,
    Values,
    already_superseded,
    append,
    check_texts,
    locked_action,
    marks_of,
    record_of,
    values_of,
)
from tracker.services.updates import changes_between

CANCEL_WITHIN = timedelta(days=1)  # days of Paris, so that a page says the same all day long


def correct(
    *,
    update_id: int,
    statement: Statement,
    actor: Actor,
    now: datetime,
    effective_on: date | None = None,
    kept_marks: Collection[int] | None = None,
) -> ActionUpdate:
    """Append the row that replaces another; what is not said stays as the replaced row said it.

    `kept_marks`: the marks of the replaced row that stay true (all by default). Raises Forbidden, Refused, and
    Conflict when somebody has superseded the row already.
    """
    action, record, old = _load(update_id, actor)
    day = effective_on or old.effective_on
    _check_day(record, old, day, today=paris_day(now))
    base = _values(old)
    before = _before(record, old, day)
    said_that_day = old.health_on is None or old.health_on in {old.effective_on, max(old.health_on, day)}
    health_on = old.health_on and (day if said_that_day else old.health_on)
    values = values_of(statement, base, on=day, health_on=health_on)
    moved = values.dates != base.dates
    note, private_note, reason = check_texts(statement, values, before=before, compare_dates=moved)
    restated = _restated(update_id, kept_marks)
    # the log as it will stand, before what the correction adds
    place = replace(old, effective_on=day, marks=tuple(restated))
    after = replace(record, updates=(*(row for row in record.updates if row.id != old.id), place))
    marks = [
        *restated,
        *marks_of(statement, _milestones(after, paris_day(now)), on_the_day=_milestones(after, day)),
    ]
    row = append(
        action, kind=UpdateKind.CORRECTION, values=values, effective_on=day, now=now, marks=marks,
        added=statement.added, rank_at=old.rank_at, supersedes_id=old.id, source=_source(old.id),
        author_id=actor.id, note=note,
        private_note=private_note, move_reason=reason,
    )  # fmt: skip
    changes = changes_between(base, values, update_id=row.id)
    changes["update"] = [old.id, row.id]
    if day != old.effective_on:
        changes["effective_on"] = [old.effective_on.isoformat(), day.isoformat()]
    _record(action, "action:correct", changes, actor=actor, now=now)
    return row


def retract(*, update_id: int, reason: str, actor: Actor, now: datetime) -> ActionUpdate:
    """Withdraw a row, saying why; it no longer counts from now on. Raises as `correct`."""
    action, record, old = _load(update_id, actor)
    if _stands_for_opening(record, old):
        raise Refused(gettext("L'ouverture d'une action se corrige, elle ne se retire pas."))
    note = validation.reason(reason)
    row = append(
        action, kind=UpdateKind.RETRACTION, values=None, effective_on=paris_day(now), now=now, supersedes_id=old.id,
        source=_source(old.id), author_id=actor.id, note=note,
    )  # fmt: skip
    _record(action, "action:retract", {"update": [old.id, row.id]}, actor=actor, now=now)
    return row


def cancel_creation(*, action_id: int, actor: Actor, now: datetime) -> ActionUpdate:
    """Say that an action was created by mistake, by whoever may create it, until the end of the next day.

    Its opening is corrected, since it is never retracted: stopped, hence not counted, from its first day. Its proposals
    are free for another action. Raises Forbidden, and Conflict once anything else was said or when it is too late.
    """
    action = locked_action(action_id)
    permissions.require(actor, Permission.ACTION_CREATE, action)
    opening, *others = record_of(action_id).updates
    if others or opening.status is ActionStatus.STOPPED:
        raise Conflict(gettext("Un point a déjà été publié sur cette action : dites plutôt qu'elle est arrêtée."))
    if paris_day(now) - paris_day(opening.recorded_at) > CANCEL_WITHIN:
        raise Conflict(gettext("La création ne s'annule que jusqu'au lendemain : dites plutôt qu'elle est arrêtée."))
    with speaking(FRENCH):  # what is kept is read by all
        said = Statement(status=ActionStatus.STOPPED, note=gettext("Action créée par erreur."))
    row = correct(update_id=opening.id, statement=said, actor=actor, now=now)
    freed = sorted(proposal.number or 0 for proposal in action.proposals)
    action.proposals = []
    _record(action, "action:cancel", {"proposals": [freed, []]}, actor=actor, now=now)
    return row


def may_supersede(actor: Actor, action: object, *, author_id: int | None) -> bool:
    """Whether a person may correct or retract a row: its author, the group's lead or the committee."""
    if not permissions.can(actor, Permission.ACTION_POST, action):
        return False
    return author_id == actor.id or permissions.can(actor, Permission.ACTION_EDIT, action)


def _load(update_id: int, actor: Actor) -> tuple[Action, ActionRecord, UpdateRecord]:
    found = db.session.execute(
        select(ActionUpdate.action_id, ActionUpdate.author_id).where(ActionUpdate.id == update_id)
    ).one_or_none()
    if found is None:
        raise NotFound(gettext("Ce point n'existe pas."))
    action = locked_action(found.action_id)
    if not may_supersede(actor, action, author_id=found.author_id):
        raise Forbidden(
            gettext(
                "Un point se corrige ou se retire par la personne qui l'a publié, "
                "l'animateur·rice du groupe ou le comité."
            )
        )
    record = record_of(action.id)
    old = next(row for row in record.updates if row.id == update_id)
    if old.kind is UpdateKind.RETRACTION:
        raise Refused(gettext("Un retrait ne se corrige pas : publiez un nouveau point."))
    if any(row.supersedes_id == update_id for row in record.updates):
        raise already_superseded()
    return action, record, old


def _milestones(record: ActionRecord, day: date) -> tuple[MilestoneState, ...]:
    state = state_at(record, as_of=day)
    return () if state is None else state.milestones


def _stands_for_opening(record: ActionRecord, row: UpdateRecord) -> bool:
    """Whether a row is the opening, or corrects it, be it through other corrections."""
    by_id = {one.id: one for one in record.updates}
    while row.supersedes_id is not None:
        row = by_id[row.supersedes_id]
    return row.kind is UpdateKind.OPENING


def _check_day(record: ActionRecord, old: UpdateRecord, day: date, *, today: date) -> None:
    others = [row.effective_on for row in live_rows(record) if row.id != old.id]
    if not _stands_for_opening(record, old):
        validation.effective_on(day, today=today, opened_on=min(others))
        return
    validation.effective_on(day, today=today)
    if others and day > min(others):
        raise Refused(gettext("L'ouverture ne peut pas venir après un point déjà publié."), field="effective_on")


def _before(record: ActionRecord, old: UpdateRecord, day: date) -> Values | None:
    """What stood just before the place where the correction goes; None for the opening."""
    place = (day, old.rank_at, old.id)
    rows = [row for row in live_rows(record) if row.id != old.id and (row.effective_on, row.rank_at, row.id) < place]
    return _values(rows[-1]) if rows else None


def _values(row: UpdateRecord) -> Values:
    status = status_of(row)
    return Values(
        status, row.declared_progress, health_of(row, status), row.health_on, row.planned_start, row.planned_end
    )


def _restated(update_id: int, kept_marks: Collection[int] | None) -> list[MarkRecord]:
    marks = db.session.scalars(
        select(MilestoneMark).where(MilestoneMark.update_id == update_id).order_by(MilestoneMark.id)
    )
    return [
        MarkRecord(mark.milestone_id, mark.kind, mark.due, mark.weight)
        for mark in marks
        if kept_marks is None or mark.id in kept_marks
    ]


def _source(update_id: int) -> object:
    return db.session.scalar(select(ActionUpdate.source).where(ActionUpdate.id == update_id))


def _record(action: Action, verb: str, changes: dict[str, list[object]], *, actor: Actor, now: datetime) -> None:
    history.record(
        actor=actor, now=now, verb=verb, subject="action", subject_id=action.id, programme_id=action.programme_id,
        changes=changes,
    )  # fmt: skip
    db.session.flush()
