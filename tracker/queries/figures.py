"""S(D, K): the figures of a project as of a day, as known at an instant (design 4.2, 4.8).

Board, letters, meetings and exports count with this module and nothing else, so that one figure is the same everywhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, null, select, true, union_all

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
from tracker.queries.kept import Kept, database
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


@dataclass(frozen=True, slots=True)
class ProposalDays:
    """How many proposals were in each state, and how many people had sent one, from each day on which that moved."""

    days: tuple[date, ...]
    states: tuple[dict[ProposalState, int], ...]
    people: tuple[int, ...]

    def at(self, day: date) -> tuple[dict[ProposalState, int], int]:
        index = bisect_right(self.days, day) - 1
        return (self.states[index], self.people[index]) if index >= 0 else ({}, 0)


Span = tuple[date, date]
_proposal_days: Kept[ProposalDays] = Kept(8)


def proposal_days(project: ProjectRecord, *, known_at: datetime | None, filters: Filters = EVERYTHING) -> ProposalDays:
    """What became of the proposals of a project, for any day: read once for the whole project as known now."""
    if known_at is not None or filters != EVERYTHING:
        return _by_day(_lines(project.id, known_at=known_at, filters=filters))
    key = (database(), project)
    return _proposal_days.get(key, lambda: _by_day(_lines(project.id, known_at=None, filters=filters)))


def _lines(programme_id: int, *, known_at: datetime | None, filters: Filters) -> list[Any]:
    """(proposal, day, state…) of each move known at K, in order, drafts never sent apart; and with neither day nor
    state, (…account, workshop, name, number) of each author, in one statement.

    A filter by employer leaves out those whose name is not displayed (design 4.7).
    """
    own = Proposal.programme_id == programme_id
    known = [] if known_at is None else [ProposalTransition.recorded_at <= known_at]
    moves: Any = (
        select(
            ProposalTransition.proposal_id.label("key"), ProposalTransition.effective_on.label("day"),
            ProposalTransition.to_state, ProposalTransition.recorded_at.label("at"), ProposalTransition.id.label("id"),
            *(null() for _ in range(4)),
        )
        .join(Proposal, Proposal.id == ProposalTransition.proposal_id)
        .where(own, *known)
    )  # fmt: skip
    named: ColumnElement[bool] = ~Authorship.sealed if filters.entity_id is not None else true()
    authors = (
        select(
            Authorship.proposal_id, *(null() for _ in range(4)), Authorship.user_id,
            case((Authorship.user_id.is_(None), Proposal.workshop_id), else_=None), Authorship.name, Authorship.number,
        )
        .join(Proposal, Proposal.id == Authorship.proposal_id)
        .where(Authorship.proposal_id.in_(_narrowed(select(Proposal.id).where(own), filters)), named)
    )  # fmt: skip
    both: Any = union_all(_narrowed(moves, filters), authors)
    return list(db.session.execute(both.order_by("key", "day", "at", "id")))


def _by_day(lines: Iterable[Any]) -> ProposalDays:
    changes: dict[date, Counter[ProposalState]] = defaultdict(Counter)
    sent: dict[int, list[Span]] = {}  # when a proposal was sent, and not returned
    signed: list[tuple[int, Hashable]] = []
    for key, found in groupby(lines, key=itemgetter(0)):
        by_day: dict[date, ProposalState] = {}  # the last move of each day
        for _, on, state, _, _, *person in found:
            if state is None:
                signed.append((key, tuple(person)))
            else:
                by_day[on] = state
        last: ProposalState | None = None
        for on, state in by_day.items():
            changes[on][state] += 1
            if last is not None:
                changes[on][last] -= 1
            if state is not ProposalState.DRAFT and (last is None or last is ProposalState.DRAFT):
                sent.setdefault(key, []).append((on, date.max))
            elif state is ProposalState.DRAFT and last is not None and last is not ProposalState.DRAFT:
                sent[key][-1] = (sent[key][-1][0], on)
            last = state
    by_person: dict[Hashable, list[Span]] = defaultdict(list)
    for key, person in signed:
        by_person[person] += sent.get(key, ())
    people: Counter[date] = Counter()
    for spans in by_person.values():
        for begin, end in _joined(spans):
            people[begin] += 1
            people[end] -= 1
    days = sorted(changes)
    states = accumulate((changes[on] for on in days), _moved)
    return ProposalDays(
        tuple(days),
        tuple({state: n for state, n in one.items() if n} for one in states),
        tuple(accumulate(people[on] for on in days)),
    )


def _moved(before: Counter[ProposalState], change: Counter[ProposalState]) -> Counter[ProposalState]:
    after = before.copy()
    after.update(change)
    return after


def _joined(spans: list[Span]) -> list[Span]:
    """The same days, none told twice."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def snapshot(
    project: ProjectRecord,
    *,
    as_of: date,
    known_at: datetime | None = None,
    filters: Filters = EVERYTHING,
    actions: Iterable[ActionState] | None = None,
    proposals: ProposalDays | None = None,
) -> Snapshot:
    """The figures of a project, in one statement unless this process keeps them, and two more to read the log.

    `actions`: the states of the same actions on the same day, when the caller has them already; `proposals` likewise.
    """
    days = proposals or proposal_days(project, known_at=known_at, filters=filters)
    by_state, contributors = days.at(as_of)
    if actions is None:
        actions = log.timeline(project, known_at=known_at).select(filters.keeps).states(as_of)
    return Snapshot(
        as_of=as_of,
        known_at=known_at,
        people_consulted=project.people_consulted,
        contributors=contributors,
        proposals=by_state,
        actions=summarise(actions),
    )
