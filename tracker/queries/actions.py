"""Actions as lists, pages and forms show them; every figure comes from `tracker.progress`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import case, literal, null, select, union_all

from tracker.enums import ActionStatus, Health
from tracker.extensions import db
from tracker.models import (
    Action,
    Entity,
    Proposal,
    Theme,
    WorkingGroup,
    action_proposal,
    programme_entity,
    proposal_entity,
)
from tracker.progress import ActionState, Summary, summarise
from tracker.queries import log
from tracker.queries.kept import Kept, database
from tracker.queries.projects import Choice, ProjectRecord
from tracker.records import Page, window
from tracker.search import fold, words
from tracker.workflow import VISIBLE

SOON = timedelta(days=45)
PAGE_SIZE = 25
NONE = 0  # the "sans …" bucket of a filter
SORTS = ("besoin", "numero", "echeance", "avancement")
_states: Kept[tuple[ActionState, ...]] = Kept(8)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters and forms of a project offer, and the actions that nobody pilots; one statement."""

    groups: tuple[Choice, ...]
    themes: tuple[Choice, ...]
    entities: tuple[Choice, ...]
    unpiloted: frozenset[int]

    def group(self, key: int | None) -> Choice | None:
        return next((one for one in self.groups if one.id == key), None)

    def theme(self, key: int | None) -> Choice | None:
        return next((one for one in self.themes if one.id == key), None)


@dataclass(frozen=True, slots=True)
class ActionFilters:
    """What a list is limited to: ids, NONE for "sans …", None for everything."""

    group_id: int | None = None
    theme_id: int | None = None
    entity_id: int | None = None
    status: ActionStatus | None = None
    health: Health | None = None
    late: bool = False
    late_any: bool = False  # late, or late to start
    silent: bool = False
    to_check: bool = False
    unpiloted: bool = False
    q: str = ""

    def keeps(self, state: ActionState, *, unpiloted: Collection[int], any_status: bool = False) -> bool:
        """Whether an action is among what is shown."""
        action = state.action
        if self.group_id is not None and (action.group_id or NONE) != self.group_id:
            return False
        if self.theme_id is not None and (action.theme_id or NONE) != self.theme_id:
            return False
        if self.entity_id is not None and self.entity_id not in (action.entity_ids or {NONE}):
            return False
        if self.health is not None and state.health is not self.health:
            return False
        flags = (
            # counted as the board counts: an action with sub-actions is told by them
            (self.late, state.leaf and state.late),
            (self.late_any, state.leaf and (state.late or state.late_start)),
            (self.silent, state.silent),
            (self.to_check, bool(state.to_check)),
            (self.unpiloted, action.id in unpiloted),
        )
        if any(wanted and not true for wanted, true in flags):
            return False
        return any_status or self.status is None or state.status is self.status


@dataclass(frozen=True, slots=True)
class ActionList:
    """A page of actions; `summary` counts all statuses under the other filters."""

    page: Page[ActionState]
    summary: Summary
    total: int


def choices(programme_id: int) -> Choices:
    """Groups, themes, employers and actions without pilote of a project."""
    groups = select(
        literal("group").label("kind"), WorkingGroup.id, WorkingGroup.slug, WorkingGroup.name, WorkingGroup.position
    ).where(WorkingGroup.programme_id == programme_id)
    # "Je ne sais pas" comes last
    themes = select(
        literal("theme"), Theme.id, Theme.slug, Theme.name, Theme.position + case((Theme.is_unknown, 10_000), else_=0)
    ).where(Theme.programme_id == programme_id)
    entities = (
        select(literal("entity"), Entity.id, Entity.slug, Entity.short_name, Entity.position)
        .join(programme_entity, programme_entity.c.entity_id == Entity.id)
        .where(programme_entity.c.programme_id == programme_id)
    )
    unpiloted = select(literal("unpiloted"), Action.id, null(), null(), literal(0)).where(
        Action.programme_id == programme_id, Action.pilot_id.is_(None)
    )
    every = union_all(groups, themes, entities, unpiloted).subquery()
    found: dict[str, list[Choice]] = {"group": [], "theme": [], "entity": [], "unpiloted": []}
    for kind, key, slug, name, _position in db.session.execute(
        select(every).order_by(every.c.kind, every.c.position, every.c.id)
    ):
        found[kind].append(Choice(key, slug, name))
    return Choices(
        tuple(found["group"]),
        tuple(found["theme"]),
        tuple(found["entity"]),
        frozenset(one.id for one in found["unpiloted"]),
    )


def states(project: ProjectRecord, *, as_of: date) -> tuple[ActionState, ...]:
    """The state of each action of a project on a day, as known now; kept while the project's log does not move."""
    return _states.get((database(), project, as_of), lambda: log.timeline(project).states(as_of))


def need(state: ActionState) -> tuple[int, date, int]:
    """The order of what needs somebody: late, to check, silent, due soon, the rest, then what is over."""
    due = state.planned_end or date.max
    if state.status is ActionStatus.STOPPED:
        rank = 7
    elif state.late or state.late_start:
        rank = 0
    elif state.to_check:
        rank = 1
    elif state.status is ActionStatus.DONE:
        rank = 6
    elif state.silent:
        rank = 2
    elif state.open_milestones_late or due <= state.as_of + SOON:
        rank = 3
    elif state.status is ActionStatus.IN_PROGRESS:
        rank = 4
    else:
        rank = 5
    return rank, due, state.action.number


def by_need(given: Iterable[ActionState]) -> tuple[ActionState, ...]:
    return tuple(sorted(given, key=need))


def to_tell(given: Iterable[ActionState], *, over: Collection[int]) -> tuple[ActionState, ...]:
    """By need, those of `over` (ids of actions whose project has ended) last."""
    return tuple(sorted(given, key=lambda state: (state.action.id in over, need(state))))


def action_list(
    project: ProjectRecord,
    *,
    as_of: date,
    filters: ActionFilters,
    unpiloted: Collection[int] = (),
    sort: str = "besoin",
    number: int = 1,
    size: int = PAGE_SIZE,
) -> ActionList:
    """The actions that filters leave, sorted, one page of them."""
    sought = words(filters.q)
    matching = [
        state
        for state in states(project, as_of=as_of)
        if filters.keeps(state, unpiloted=unpiloted, any_status=True) and _has(state, sought)
    ]
    shown = [state for state in matching if filters.status is None or state.status is filters.status]
    _sort(shown, sort)
    return ActionList(
        page=window(number, size=size, total=len(shown)).of(shown),
        summary=summarise(matching),
        total=len(matching),
    )


def _has(state: ActionState, sought: list[str]) -> bool:
    if not sought:
        return True
    title = fold(state.action.title)
    return all(word in title for word in sought) or sought == [str(state.action.number)]


def _sort(shown: list[ActionState], sort: str) -> None:
    if sort == "numero":
        shown.sort(key=lambda s: s.action.number)
    elif sort == "echeance":
        shown.sort(key=lambda s: (s.planned_end or date.max, s.action.number))
    elif sort == "avancement":
        shown.sort(key=lambda s: (s.progress is None, -(s.progress or 0.0), s.action.number))
    else:
        shown.sort(key=need)


@dataclass(frozen=True, slots=True)
class SourceProposal:
    """A retained proposal that an action may carry out."""

    id: int
    number: int
    title: str
    programme_id: int
    theme_id: int | None
    state_label: str
    entity_ids: frozenset[int]
    actions: tuple[int, ...]


def proposals_by_number(numbers: Collection[int]) -> tuple[SourceProposal, ...]:
    """The proposals of these numbers that all may read, with the numbers of the actions that carry them out already."""
    if not numbers:
        return ()
    rows = db.session.execute(
        select(
            Proposal.id,
            Proposal.number,
            Proposal.title,
            Proposal.programme_id,
            Proposal.theme_id,
            Proposal.state,
            proposal_entity.c.entity_id,
            Action.number,
        )
        .outerjoin(proposal_entity, proposal_entity.c.proposal_id == Proposal.id)
        .outerjoin(action_proposal, action_proposal.c.proposal_id == Proposal.id)
        .outerjoin(Action, Action.id == action_proposal.c.action_id)
        .where(Proposal.number.in_(tuple(numbers)), Proposal.state.in_(VISIBLE))
        .order_by(Proposal.number)
    ).all()
    found: dict[int, tuple[tuple[int, int, str, int, int | None, str], set[int], set[int]]] = {}
    for key, number, title, programme_id, theme_id, state, entity_id, action_number in rows:
        head = (key, number or 0, title, programme_id, theme_id, state.label)
        _head, entities, actions = found.setdefault(key, (head, set(), set()))
        entities |= {entity_id} - {None}
        actions |= {action_number} - {None}
    return tuple(
        SourceProposal(*head, frozenset(entities), tuple(sorted(actions))) for head, entities, actions in found.values()
    )
