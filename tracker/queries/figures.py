"""S(D, K): the figures of a project as of a day, as known at an instant (design 4.2, 4.8).

Board, letters, meetings and exports count with this module and nothing else, so that one figure is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select, true
from sqlalchemy.sql.selectable import Subquery

from tracker.enums import ActionStatus, ProposalState
from tracker.extensions import db
from tracker.models import (
    Action,
    Authorship,
    Proposal,
    ProposalTransition,
    action_proposal,
)
from tracker.progress import ActionState, Summary, summarise
from tracker.queries import log
from tracker.queries.projects import ProjectRecord
from tracker.queries.proposals import of_employer
from tracker.records import ActionRecord

NONE = 0  # the "sans …" bucket of a filter


@dataclass(frozen=True, slots=True)
class Filters:
    """What a figure is limited to: ids, NONE for "sans …", None for everything."""

    entity_id: int | None = None
    theme_id: int | None = None
    group_id: int | None = None

    def keeps(self, action: ActionRecord) -> bool:
        """Whether an action is among what is shown."""
        if self.entity_id is not None and (
            bool(action.entity_ids) if self.entity_id == NONE else self.entity_id not in action.entity_ids
        ):
            return False
        if self.theme_id is not None and (action.theme_id or NONE) != self.theme_id:
            return False
        return self.group_id is None or (action.group_id or NONE) == self.group_id


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The figures of a project as of `as_of`, as known at `known_at` (None: now)."""

    as_of: date
    known_at: datetime | None
    people_consulted: int | None
    contributors: int
    proposals: dict[ProposalState, int]
    actions: Summary
    counters: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counters", self._counters())

    @property
    def submitted(self) -> int:
        """Proposals sent, whatever became of them; drafts and returned ones apart."""
        return sum(n for state, n in self.proposals.items() if state is not ProposalState.DRAFT)

    @property
    def published(self) -> int:
        hidden = self.proposals.get(ProposalState.SUBMITTED, 0)
        return self.submitted - hidden

    @property
    def retained(self) -> int:
        return self.proposals.get(ProposalState.RETAINED, 0)

    @property
    def answered(self) -> int:
        """Proposals whose last published answer stands."""
        states = (ProposalState.RETAINED, ProposalState.DECLINED, ProposalState.DEFERRED, ProposalState.REDIRECTED)
        return sum(self.proposals.get(state, 0) for state in states)

    def _counters(self) -> dict[str, int]:
        """Every counter that a letter opens, changes and closes with."""
        counts = {
            "contributors": self.contributors,
            "submitted": self.submitted,
            "published": self.published,
            "answered": self.answered,
            "retained": self.retained,
            "declined": self.proposals.get(ProposalState.DECLINED, 0),
            "deferred": self.proposals.get(ProposalState.DEFERRED, 0),
            "redirected": self.proposals.get(ProposalState.REDIRECTED, 0),
            "merged": self.proposals.get(ProposalState.MERGED, 0),
            "withdrawn": self.proposals.get(ProposalState.WITHDRAWN, 0),
            "actions": self.actions.total,
            "late": self.actions.late,
            "late_start": self.actions.late_start,
            "silent": self.actions.silent,
            "to_check": self.actions.to_check,
        }
        counts.update({f"actions_{status.value}": self.actions.by_status[status] for status in ActionStatus})
        return counts


def _narrowed(query: Select[Any], filters: Filters) -> Select[Any]:
    """The proposals a filter leaves; a group's are those that its actions carry out."""
    if filters.theme_id is not None:
        query = query.where(func.coalesce(Proposal.theme_id, NONE) == filters.theme_id)
    if filters.entity_id is not None:
        query = query.where(of_employer(None if filters.entity_id == NONE else filters.entity_id))
    if filters.group_id is not None:
        carried = (
            select(1)
            .select_from(action_proposal)
            .join(Action, Action.id == action_proposal.c.action_id)
            .where(action_proposal.c.proposal_id == Proposal.id)
        )
        if filters.group_id == NONE:
            query = query.where(~exists(carried))
        else:
            query = query.where(exists(carried.where(Action.group_id == filters.group_id)))
    return query


def states_as_of(programme_id: int, *, as_of: date, known_at: datetime | None, filters: Filters) -> Subquery:
    """(proposal_id, state) as of D known at K: the last effective move of each proposal, drafts never sent apart."""
    known: list[ColumnElement[bool]] = [ProposalTransition.effective_on <= as_of]
    if known_at is not None:
        known.append(ProposalTransition.recorded_at <= known_at)
    rank = func.row_number().over(
        partition_by=ProposalTransition.proposal_id,
        order_by=(
            ProposalTransition.effective_on.desc(),
            ProposalTransition.recorded_at.desc(),
            ProposalTransition.id.desc(),
        ),
    )
    moves = _narrowed(
        select(ProposalTransition.proposal_id, ProposalTransition.to_state.label("state"), rank.label("rank"))
        .join(Proposal, Proposal.id == ProposalTransition.proposal_id)
        .where(Proposal.programme_id == programme_id, and_(*known)),
        filters,
    ).subquery()
    return select(moves.c.proposal_id, moves.c.state).where(moves.c.rank == 1).subquery()


def _contributors(states: Subquery, *, by_employer: bool) -> Select[int]:
    """Distinct people among the authorships of what was sent: accounts, names or numbers within their workshop.

    A filter by employer leaves out those whose name is not displayed (design 4.7).
    """
    within = case((Authorship.user_id.is_(None), Proposal.workshop_id), else_=None)
    named: ColumnElement[bool] = ~Authorship.sealed if by_employer else true()
    people = (
        select(Authorship.user_id, within.label("workshop_id"), Authorship.name, Authorship.number)
        .select_from(states)
        .join(Proposal, Proposal.id == states.c.proposal_id)
        .join(Authorship, Authorship.proposal_id == Proposal.id)
        .where(states.c.state != ProposalState.DRAFT, named)
        .distinct()
        .subquery()
    )
    return select(func.count()).select_from(people)


def snapshot(
    project: ProjectRecord,
    *,
    as_of: date,
    known_at: datetime | None = None,
    filters: Filters = EVERYTHING,
    actions: Iterable[ActionState] | None = None,
) -> Snapshot:
    """The figures of a project, in one statement, and two more when the log must be read.

    `actions`: the states of the same actions on the same day, when the caller has them already.
    """
    states = states_as_of(project.id, as_of=as_of, known_at=known_at, filters=filters)
    people = _contributors(states, by_employer=filters.entity_id is not None).scalar_subquery()
    rows = db.session.execute(select(states.c.state, func.count(), people).group_by(states.c.state)).all()
    counts: dict[ProposalState, int] = {row[0]: row[1] for row in rows}
    if actions is None:
        actions = log.timeline(project, known_at=known_at).select(filters.keeps).states(as_of)
    return Snapshot(
        as_of=as_of,
        known_at=known_at,
        people_consulted=project.people_consulted,
        contributors=rows[0][2] if rows else 0,
        proposals=counts,
        actions=summarise(actions),
    )
