"""What a board shows of a project as of a day, as known at an instant (design 4.2, 4.3).

At most seven statements, whatever the number of rows: three for the log when this process does not keep it,
two for the counts, one for the names, one for the letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from tracker.charts import GroupSummary, Line
from tracker.enums import ActionStatus, Health
from tracker.extensions import db
from tracker.models import Decision, Letter, Proposal
from tracker.progress import (
    ActionState,
    Curves,
    MonthPoint,
    Timeline,
    by_group,
    health_by_month,
    progress_curves,
    status_by_month,
)
from tracker.queries import figures, log
from tracker.queries.actions import Choices
from tracker.queries.figures import NONE, Filters, Snapshot
from tracker.queries.projects import ProjectRecord

NEEDS_SHOWN = 8
WITHOUT = "sans"  # the slug of the "sans …" bucket of a filter


@dataclass(frozen=True, slots=True)
class Need:
    """An action that needs attention, and why: late, storm, silent, to check. Never a person."""

    state: ActionState
    group_name: str

    @property
    def storm(self) -> bool:
        return is_storm(self.state)


@dataclass(frozen=True, slots=True)
class Board:
    """The figures of a project, before they are drawn."""

    snapshot: Snapshot
    states: tuple[ActionState, ...]
    groups: tuple[GroupSummary, ...]
    lines: tuple[Line, ...]
    needs: tuple[Need, ...]
    storms: int
    late_any: int  # late, or late to start
    statuses: tuple[MonthPoint[ActionStatus], ...]
    skies: tuple[MonthPoint[Health], ...]
    curves: Curves | None


def is_storm(state: ActionState) -> bool:
    return state.health is Health.STORM and not state.status.is_closed


def board(
    project: ProjectRecord,
    *,
    as_of: date,
    known_at: datetime | None,
    filters: Filters,
    choices: Choices,
    without_group: str,
) -> Board:
    """Everything a board counts, from one reading of the log. `without_group`: the name of that bucket."""
    whole = log.timeline(project, known_at=known_at)
    line = whole if filters == figures.EVERYTHING else whole.select(filters.keeps)
    states = line.states(as_of)
    leaves = tuple(state for state in states if state.leaf)
    names = {group.id: (group.slug, group.name) for group in choices.groups}
    none = (WITHOUT, without_group)
    return Board(
        snapshot=figures.snapshot(project, as_of=as_of, known_at=known_at, filters=filters, actions=states),
        states=leaves,
        groups=tuple(GroupSummary(*names.get(key or 0, none), summary) for key, summary in by_group(leaves).items()),
        lines=_lines(leaves, names, none),
        needs=_needs(leaves, names, none),
        late_any=sum(state.late or state.late_start for state in leaves),
        storms=sum(is_storm(state) for state in leaves),
        statuses=status_by_month(line, project.starts_on, project.ends_on, as_of) if leaves else (),
        skies=health_by_month(line, project.starts_on, project.ends_on, as_of) if leaves else (),
        curves=_curves(line, project, as_of) if leaves else None,
    )


def _curves(line: Timeline, project: ProjectRecord, as_of: date) -> Curves:
    return progress_curves(line, first=project.starts_on, last=project.ends_on, as_of=as_of)


def _lines(
    states: tuple[ActionState, ...], names: dict[int, tuple[str, str]], none: tuple[str, str]
) -> tuple[Line, ...]:
    """Actions in the order of their groups, those without group last."""
    by_group: dict[int, list[ActionState]] = {key: [] for key in (*names, NONE)}
    for state in states:  # by number already
        key = state.action.group_id or NONE
        by_group[key if key in names else NONE].append(state)
    lines: list[Line] = []
    for key, own in by_group.items():
        group, name = names.get(key, none)
        lines += [
            Line(
                action.number,
                action.title,
                group,
                name,
                state.status,
                state.late,
                (action.baseline_start, action.baseline_end),
                (state.planned_start, state.planned_end),
            )
            for state in own
            for action in (state.action,)
        ]
    return tuple(lines)


def _needs(
    states: tuple[ActionState, ...], names: dict[int, tuple[str, str]], none: tuple[str, str]
) -> tuple[Need, ...]:
    """Those that hurt most: blocked or late first, then the oldest date."""
    troubled = [s for s in states if s.late or s.late_start or s.silent or s.to_check or is_storm(s)]
    troubled.sort(
        key=lambda s: (
            -(4 * is_storm(s) + 4 * s.late + 2 * s.late_start + s.silent + bool(s.to_check)),
            s.planned_end or date.max,
            s.action.number,
        )
    )
    return tuple(Need(s, names.get(s.action.group_id or 0, none)[1]) for s in troubled[:NEEDS_SHOWN])


def published_letter(programme_id: int, quarter: str) -> int | None:
    """The number of the letter of a quarter, once published."""
    return db.session.scalar(
        select(Letter.number).where(
            Letter.programme_id == programme_id, Letter.quarter == quarter, Letter.published_at.is_not(None)
        )
    )


def unpublished_decisions(programme_id: int) -> int:
    """Decisions taken and not published: told to the committee beside the figures, never inside."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Decision)
            .join(Proposal, Proposal.id == Decision.proposal_id)
            .where(Proposal.programme_id == programme_id, Decision.published_on.is_(None))
        )
        or 0
    )
