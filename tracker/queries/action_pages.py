"""One action as its page tells it: what it is, its log with who said what, the proposals it comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import String, and_, case, cast, func, null, or_, select, union
from sqlalchemy.orm import aliased

from tracker.enums import ActionStatus, Health, MarkKind, ProposalState, UpdateKind, UpdateSource
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Entity,
    Event,
    Meeting,
    Milestone,
    MilestoneMark,
    Proposal,
    Theme,
    User,
    WorkingGroup,
    action_entity,
    action_proposal,
)
from tracker.progress import ActionState, Timeline
from tracker.queries import log
from tracker.records import ActionRecord, paris_day, seen_mark


@dataclass(frozen=True, slots=True)
class ActionHead:
    """What an action is, besides its log; also what permissions are asked of."""

    id: int
    number: int
    programme_id: int
    title: str
    summary: str
    group_id: int | None
    group_name: str | None
    group_slug: str | None
    theme_id: int | None
    theme_name: str | None
    pilot_id: int | None
    pilot_name: str | None
    weight: int
    rhythm_months: int
    baseline_start: date | None
    baseline_end: date | None
    baseline_changed_on: date | None
    baseline_reason: str
    entities: tuple[tuple[int, str], ...]
    family: frozenset[int]
    parent_number: int | None

    @property
    def mark(self) -> str:
        """Changes whenever what may be edited changes."""
        return seen_mark(
            self.title, self.summary, self.group_id, self.theme_id, self.pilot_id, self.weight, self.rhythm_months,
            sorted(key for key, _name in self.entities),
        )  # fmt: skip

    @property
    def baseline_mark(self) -> str:
        """Changes whenever the first dates change."""
        return seen_mark(self.baseline_start, self.baseline_end)


@dataclass(frozen=True, slots=True)
class UpdateDetail:
    """A row of the log with its words; the private note is there only for those who may read it."""

    id: int
    kind: UpdateKind
    source: UpdateSource
    effective_on: date
    recorded_on: date
    author_id: int | None
    author_name: str
    status: ActionStatus | None
    declared_progress: int | None
    health: Health | None
    health_on: date | None
    planned_start: date | None
    planned_end: date | None
    move_reason: str
    note: str
    private_note: str
    redacted_on: date | None
    supersedes_id: int | None
    superseded_by: int | None
    meeting_id: int | None
    meeting_title: str | None
    meeting_on: date | None
    marks: tuple[tuple[str, MarkKind, date | None], ...] = ()

    @property
    def is_back_dated(self) -> bool:
        return self.kind is not UpdateKind.RETRACTION and self.effective_on < self.recorded_on


COLUMNS = (
    "id", "kind", "source", "effective_on", "recorded_at", "author_id", "first_name", "last_name", "status",
    "declared_progress", "health", "health_on", "planned_start", "planned_end", "move_reason", "note", "private_note",
    "redacted_at", "supersedes_id", "superseded_by", "meeting_id", "meeting_title", "meeting_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """A proposal that an action comes from, with the names that may be shown."""

    number: int
    title: str
    state: ProposalState
    authors: tuple[str, ...]
    hidden_authors: int


def head(number: int) -> ActionHead | None:
    """The action of that number, in one statement."""
    child, parent, baseline = aliased(Action), aliased(Action), aliased(Event)
    last_change = (
        select(func.max(Event.id))
        .where(Event.subject == "action", Event.subject_id == Action.id, Event.verb == "baseline:change")
        .correlate(Action)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Action, WorkingGroup, Theme, User, Entity, child.id, parent.number, baseline.at, baseline.changes)
        .outerjoin(WorkingGroup, WorkingGroup.id == Action.group_id)
        .outerjoin(Theme, Theme.id == Action.theme_id)
        .outerjoin(User, User.id == Action.pilot_id)
        .outerjoin(action_entity, action_entity.c.action_id == Action.id)
        .outerjoin(Entity, Entity.id == action_entity.c.entity_id)
        .outerjoin(child, child.parent_id == Action.id)
        .outerjoin(parent, parent.id == Action.parent_id)
        .outerjoin(baseline, baseline.id == last_change)
        .where(Action.number == number)
        .order_by(Entity.position, Entity.id)
    ).all()
    if not rows:
        return None
    action, group, theme, pilot, *_rest, parent_number, changed_at, changes = rows[0]
    entities = {row[4].id: row[4].short_name for row in rows if row[4] is not None}
    return ActionHead(
        id=action.id,
        number=action.number,
        programme_id=action.programme_id,
        title=action.title,
        summary=action.summary,
        group_id=action.group_id,
        group_name=group.name if group else None,
        group_slug=group.slug if group else None,
        theme_id=action.theme_id,
        theme_name=theme.name if theme else None,
        pilot_id=action.pilot_id,
        pilot_name=pilot.name if pilot else None,
        weight=action.weight,
        rhythm_months=action.rhythm_months,
        baseline_start=action.baseline_start,
        baseline_end=action.baseline_end,
        baseline_changed_on=paris_day(changed_at) if changed_at else None,
        baseline_reason=str((changes or {}).get("reason", [None, ""])[1]),
        entities=tuple(entities.items()),
        family=frozenset({action.id} | {row[5] for row in rows if row[5] is not None}),
        parent_number=parent_number,
    )


def records(action: ActionHead) -> tuple[ActionRecord, ...]:
    """The action's own record first, then those of its sub-actions, with their logs."""
    found = log.load_actions(ids=sorted(action.family))
    return tuple(sorted(found, key=lambda record: record.id != action.id))


def state_of(family: Collection[ActionRecord], *, as_of: date) -> ActionState | None:
    """The state of the first of `records`, its sub-actions counted."""
    own = next(iter(family))
    return next((s for s in Timeline.build(family).states(as_of) if s.action.id == own.id), None)


def updates(record: ActionRecord, *, private: bool) -> tuple[UpdateDetail, ...]:
    """The rows of a log, the latest recorded first; private notes are not even read unless `private`."""
    newer = aliased(ActionUpdate)
    rows: Any = db.session.execute(
        select(
            ActionUpdate.id,
            ActionUpdate.kind,
            ActionUpdate.source,
            ActionUpdate.effective_on,
            ActionUpdate.recorded_at,
            ActionUpdate.author_id,
            User.first_name,
            User.last_name,
            ActionUpdate.status,
            ActionUpdate.declared_progress,
            ActionUpdate.health,
            ActionUpdate.health_on,
            ActionUpdate.planned_start,
            ActionUpdate.planned_end,
            ActionUpdate.move_reason,
            ActionUpdate.note,
            ActionUpdate.private_note if private else null(),
            ActionUpdate.redacted_at,
            ActionUpdate.supersedes_id,
            newer.id,
            Meeting.id,
            Meeting.title,
            Meeting.held_on,
        )
        .outerjoin(User, User.id == ActionUpdate.author_id)
        .outerjoin(newer, newer.supersedes_id == ActionUpdate.id)
        .outerjoin(Meeting, Meeting.id == ActionUpdate.meeting_id)
        .where(ActionUpdate.action_id == record.id)
        .order_by(ActionUpdate.recorded_at.desc(), ActionUpdate.id.desc())
    )
    labels = dict(record.milestone_labels)
    marks = {
        row.id: tuple((labels.get(mark.milestone_id, ""), mark.kind, mark.due) for mark in row.marks)
        for row in record.updates
    }
    return tuple(_detail(tuple(row), marks.get(row[0], ())) for row in rows)


def _detail(row: tuple[Any, ...], marks: tuple[tuple[str, MarkKind, date | None], ...]) -> UpdateDetail:
    values: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    redacted_at = values.pop("redacted_at")
    values["recorded_on"] = paris_day(values.pop("recorded_at"))
    values["author_name"] = f"{values.pop('first_name') or ''} {values.pop('last_name') or ''}".strip()
    values["private_note"] = values["private_note"] or ""
    if redacted_at is not None:
        values |= {"move_reason": "", "note": "", "private_note": ""}
    return UpdateDetail(**values, redacted_on=paris_day(redacted_at) if redacted_at else None, marks=marks)


def origins(action_id: int, *, reader_id: int) -> tuple[Origin, ...]:
    """The proposals an action comes from; a name that is not displayed is never selected, but for its bearer."""
    shown = or_(Authorship.sealed.is_(False), Authorship.user_id == reader_id)
    name = case(
        (and_(shown, User.id.is_not(None)), User.first_name + " " + User.last_name),
        (and_(shown, Authorship.name.is_not(None)), Authorship.name),
        (and_(shown, Authorship.number.is_not(None)), cast(Authorship.number, String)),
        else_=null(),
    )
    rows = db.session.execute(
        select(Proposal.number, Proposal.title, Proposal.state, Authorship.id, Authorship.number, name)
        .join(action_proposal, action_proposal.c.proposal_id == Proposal.id)
        .outerjoin(Authorship, Authorship.proposal_id == Proposal.id)
        .outerjoin(User, User.id == Authorship.user_id)
        .where(action_proposal.c.action_id == action_id, Proposal.number.is_not(None))
        .order_by(Proposal.number, Authorship.id)
    )
    heads: dict[int, tuple[str, ProposalState]] = {}
    named: dict[int, list[str]] = defaultdict(list)
    hidden: dict[int, int] = defaultdict(int)
    for number, title, state, authorship_id, within, author in rows:
        heads[number or 0] = (title, state)
        if authorship_id is not None and author is None:
            hidden[number or 0] += 1
        elif author is not None:
            named[number or 0].append(gettext("n° %(n)s", n=author) if within is not None else author)
    return tuple(
        Origin(number, title, state, tuple(named[number]), hidden[number]) for number, (title, state) in heads.items()
    )


def last_notes(update_ids: Collection[int]) -> dict[int, UpdateDetail]:
    """The words of some rows (without private notes), by action id."""
    if not update_ids:
        return {}
    rows: Any = db.session.execute(
        select(ActionUpdate, User.first_name, User.last_name)
        .outerjoin(User, User.id == ActionUpdate.author_id)
        .where(ActionUpdate.id.in_(tuple(update_ids)))
    )
    found = {}
    for row, first, last in rows:
        values = (
            row.id, row.kind, row.source, row.effective_on, row.recorded_at, row.author_id, first, last, row.status,
            row.declared_progress, row.health, row.health_on, row.planned_start, row.planned_end, row.move_reason,
            row.note, None, row.redacted_at, row.supersedes_id, None, None, None, None,
        )  # fmt: skip
        found[row.action_id] = _detail(values, ())
    return found


def marks_of(update_id: int) -> tuple[tuple[int, str, MarkKind, date | None], ...]:
    """The marks of a row with their ids, for the form that corrects it."""
    rows = db.session.execute(
        select(MilestoneMark.id, Milestone.label, MilestoneMark.kind, MilestoneMark.due)
        .join(Milestone, Milestone.id == MilestoneMark.milestone_id)
        .where(MilestoneMark.update_id == update_id)
        .order_by(MilestoneMark.id)
    )
    return tuple((row[0], row[1], row[2], row[3]) for row in rows)


def involved(number: int) -> frozenset[int]:
    """The people to whom the page of an action may show more: its pilote, who wrote its log, who proposed it."""
    action = select(Action.id).where(Action.number == number).scalar_subquery()
    everybody = union(
        select(Action.pilot_id).where(Action.number == number),
        select(ActionUpdate.author_id).where(ActionUpdate.action_id == action),
        select(Authorship.user_id)
        .join(action_proposal, action_proposal.c.proposal_id == Authorship.proposal_id)
        .where(action_proposal.c.action_id == action),
    )
    return frozenset(key for key in db.session.scalars(everybody) if key is not None)
