"""The actions of an archive: their log with the notes that everybody reads, in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from tracker.enums import MarkKind
from tracker.exports.archive import ActionItem, Link, PersonRef, PointItem
from tracker.exports.archive.names import person_of
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Entity,
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
from tracker.progress import ActionState
from tracker.records import paris_day
from tracker.workflow import VISIBLE

Marks = tuple[tuple[str, MarkKind, date | None], ...]


def somebody(user: User | None) -> PersonRef | None:
    return None if user is None else person_of(user.id, user.name)


def links_of(programme_id: int) -> tuple[dict[int, list[Link]], dict[int, list[Link]]]:
    """The proposals of each action, and the actions of each proposal that may be read."""
    rows = db.session.execute(
        select(Action.id, Action.number, Action.title, Proposal.id, Proposal.number, Proposal.title)
        .join(action_proposal, action_proposal.c.action_id == Action.id)
        .join(Proposal, Proposal.id == action_proposal.c.proposal_id)
        .where(Action.programme_id == programme_id, Proposal.state.in_(VISIBLE))
        .order_by(Action.number, Proposal.number)
    )
    of_actions: dict[int, list[Link]] = defaultdict(list)
    of_proposals: dict[int, list[Link]] = defaultdict(list)
    for action_id, number, title, proposal_id, proposal_number, proposal_title in rows:
        of_actions[action_id].append(Link(proposal_number or 0, proposal_title))
        of_proposals[proposal_id].append(Link(number, title))
    return of_actions, of_proposals


def action_items(
    programme_id: int, states: Mapping[int, ActionState], proposals: Mapping[int, list[Link]]
) -> tuple[ActionItem, ...]:
    """Every action by its number, with its whole log."""
    parent = aliased(Action)
    rows = db.session.execute(
        select(Action, WorkingGroup, Theme, User, parent)
        .outerjoin(WorkingGroup, WorkingGroup.id == Action.group_id)
        .outerjoin(Theme, Theme.id == Action.theme_id)
        .outerjoin(User, User.id == Action.pilot_id)
        .outerjoin(parent, parent.id == Action.parent_id)
        .where(Action.programme_id == programme_id)
        .order_by(Action.number)
    ).all()
    employers = _employers(programme_id)
    points = _points(programme_id)
    return tuple(
        ActionItem(
            number=action.number,
            title=action.title,
            summary=action.summary,
            group=(group.slug, group.name) if group else None,
            theme=theme.name if theme else "",
            employers=tuple(employers[action.id]),
            pilot=somebody(pilot),
            baseline_start=action.baseline_start,
            baseline_end=action.baseline_end,
            parent=Link(above.number, above.title) if above else None,
            state=states.get(action.id),
            points=tuple(points[action.id]),
            proposals=tuple(proposals.get(action.id, ())),
        )
        for action, group, theme, pilot, above in rows
    )


def _employers(programme_id: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = db.session.execute(
        select(action_entity.c.action_id, Entity.short_name)
        .join(Entity, Entity.id == action_entity.c.entity_id)
        .join(Action, Action.id == action_entity.c.action_id)
        .where(Action.programme_id == programme_id)
        .order_by(Entity.position, Entity.id)
    )
    for action_id, name in rows:
        found[action_id].append(name)
    return found


def _marks(programme_id: int) -> dict[int, Marks]:
    found: dict[int, list[tuple[str, MarkKind, date | None]]] = defaultdict(list)
    rows = db.session.execute(
        select(MilestoneMark.update_id, Milestone.label, MilestoneMark.kind, MilestoneMark.due)
        .join(Milestone, Milestone.id == MilestoneMark.milestone_id)
        .join(Action, Action.id == Milestone.action_id)
        .where(Action.programme_id == programme_id)
        .order_by(Milestone.position, MilestoneMark.id)
    )
    for update_id, label, kind, due in rows:
        found[update_id].append((label, kind, due))
    return {key: tuple(marks) for key, marks in found.items()}


def _points(programme_id: int) -> dict[int, list[PointItem]]:
    """The rows of every log, the first recorded first; private notes are not even read."""
    marks = _marks(programme_id)
    newer = aliased(ActionUpdate)
    row = ActionUpdate
    rows: Any = db.session.execute(
        select(
            row.action_id, row.id, row.kind, row.effective_on, row.recorded_at, User, row.status,
            row.declared_progress, row.health, row.planned_start, row.planned_end, row.move_reason, row.note,
            row.redacted_at, newer.id, Meeting.id, Meeting.title,
        )
        .join(Action, Action.id == row.action_id)
        .outerjoin(User, User.id == row.author_id)
        .outerjoin(newer, newer.supersedes_id == row.id)
        .outerjoin(Meeting, Meeting.id == row.meeting_id)
        .where(Action.programme_id == programme_id)
        .order_by(row.recorded_at, row.id)
    )  # fmt: skip
    found: dict[int, list[PointItem]] = defaultdict(list)
    for (
        action_id, key, kind, on, recorded_at, author, status, progress, health, start, end, why, note, redacted_at,
        replaced_by, meeting_id, meeting_title,
    ) in rows:  # fmt: skip
        gone = redacted_at is not None
        found[action_id].append(
            PointItem(
                id=key, kind=kind, on=on, recorded_on=paris_day(recorded_at), author=somebody(author), status=status,
                progress=progress, health=health, planned_start=start, planned_end=end,
                move_reason="" if gone else why, note="" if gone else note,
                redacted_on=paris_day(redacted_at) if gone else None, replaced=replaced_by is not None,
                meeting_id=meeting_id, meeting_title=meeting_title or "", marks=marks.get(key, ()),
            )
        )  # fmt: skip
    return found
