"""Lists of proposals: published ones with filters, one's own.

A name that its bearer does not want displayed is never selected, except for that person (design 4.7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from flask_babel import gettext
from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from tracker import search
from tracker.enums import AuthorRole, ProposalState
from tracker.extensions import db
from tracker.models import (
    Authorship,
    Decision,
    DecisionCondition,
    Entity,
    Programme,
    Proposal,
    Theme,
    User,
    Vote,
    action_proposal,
    programme_entity,
    proposal_entity,
)
from tracker.queries.projects import Choice
from tracker.records import Actor, Page, window
from tracker.workflow import VISIBLE

PAGE_SIZE = 20
OWN_SIZE = 30  # a page of one's own, and of the queue of a moderator (`queries.moderation`)
EXCERPT = 400  # characters of a body that lists read
NONE = "sans"  # the bucket of what is missing, in addresses
NOBODY = 0  # no person's id: names not displayed stay so


class Sort(StrEnum):
    """How a list is sorted; the values stand in addresses."""

    RECENT = "recent"
    SUPPORTED = "soutenues"
    NUMBER = "numero"


@dataclass(frozen=True, slots=True)
class AuthorLine:
    """An author as this reader may see them; `name` is "" when it is not displayed."""

    id: int
    name: str
    number: int | None
    sealed: bool
    role: AuthorRole
    employer: str
    mine: bool


@dataclass(frozen=True, slots=True)
class ProposalFilters:
    """What a list is asked for; `tags` are the reader's own, by consultation, while their keys live."""

    programme_id: int
    everywhere: tuple[int, ...] = ()  # these projects instead
    theme: str = ""
    state: ProposalState | None = None
    entity: str = ""
    mine: bool = False
    supported: bool = False
    q: str = ""
    sort: Sort = Sort.RECENT


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """A published proposal in a list."""

    id: int
    programme_id: int
    number: int
    title: str
    excerpt: str
    theme: str
    state: ProposalState
    published_on: date
    campaign_id: int | None
    actions: int
    reserved: bool  # retained, but a condition is not met yet
    authors: tuple[AuthorLine, ...]


@dataclass(frozen=True, slots=True)
class ProposalList:
    """A page of the list, with how many there are in each state under the other filters."""

    page: Page[ProposalCard]
    by_state: Mapping[ProposalState, int]

    @property
    def any_state(self) -> int:
        return sum(self.by_state.values())


@dataclass(frozen=True, slots=True)
class OwnProposal:
    """One of the reader's own, published or not."""

    id: int
    number: int | None
    draft_key: str
    title: str
    state: ProposalState
    created_on: date
    submitted_on: date | None
    published_on: date | None
    support_count: int
    programme_title: str
    sealed: bool
    actions: int
    reserved: bool


def own_vote(tags: Mapping[int, str]) -> ColumnElement[bool]:
    """Whether the reader supports the proposal of the row; never true once the keys are gone."""
    if not tags:
        return false()
    mine = or_(*(and_(Vote.campaign_id == key, Vote.tag == tag) for key, tag in sorted(tags.items())))
    return exists().where(Vote.proposal_id == Proposal.id, mine)


def author_columns(reader: int) -> tuple[Any, ...]:
    """What may be read of an authorship: nothing that tells who, when the name is not displayed to this reader."""
    mine = func.coalesce(Authorship.user_id == reader, false())
    shown = or_(Authorship.sealed.is_(False), mine)
    nothing = null()
    return (
        Authorship.id,
        case((shown, User.first_name), else_=nothing),
        case((shown, User.last_name), else_=nothing),
        case((shown, Authorship.name), else_=nothing),
        case((shown, Authorship.number), else_=nothing),
        Authorship.sealed,
        Authorship.role,
        case((shown, Entity.short_name), else_=nothing),
        mine,
    )


def author_line(columns: Iterable[Any]) -> AuthorLine:
    key, first, last, name, number, sealed, role, employer, mine = columns
    return AuthorLine(
        id=key,
        name=name or f"{first or ''} {last or ''}".strip(),
        number=number,
        sealed=sealed,
        role=role,
        employer=employer or "",
        mine=bool(mine),
    )


def authors_of(proposal_ids: Collection[int], reader: int) -> dict[int, tuple[AuthorLine, ...]]:
    found: dict[int, list[AuthorLine]] = defaultdict(list)
    rows = db.session.execute(
        select(Authorship.proposal_id, *author_columns(reader))
        .outerjoin(User, User.id == Authorship.user_id)
        .outerjoin(Entity, Entity.id == Authorship.entity_id)
        .where(Authorship.proposal_id.in_(proposal_ids))
        .order_by(Authorship.id)
    )
    for key, *columns in rows:
        found[key].append(author_line(columns))
    return {key: tuple(lines) for key, lines in found.items()}


def _conditions(filters: ProposalFilters, *, reader: int, tags: Mapping[int, str]) -> list[ColumnElement[bool]]:
    """All filters but the state's."""
    projects = filters.everywhere or (filters.programme_id,)
    kept: list[ColumnElement[bool]] = [Proposal.programme_id.in_(projects), Proposal.state.in_(VISIBLE)]
    if filters.theme == NONE:
        kept.append(Proposal.theme_id.is_(None))
    elif filters.theme:
        themes = select(Theme.id).where(Theme.programme_id == filters.programme_id, Theme.slug == filters.theme)
        kept.append(Proposal.theme_id.in_(themes))
    if filters.entity:
        employer = select(Entity.id).where(Entity.slug == filters.entity).scalar_subquery()
        kept.append(of_employer(None if filters.entity == NONE else employer))
    if filters.mine:
        kept.append(exists().where(Authorship.proposal_id == Proposal.id, Authorship.user_id == reader))
    if filters.supported:
        kept.append(own_vote(tags))
    if filters.q:
        matching = search.matching_proposals(filters.q)
        kept.append(false() if matching is None else Proposal.id.in_(matching))
    return kept


def of_employer(key: Any | None) -> ColumnElement[bool]:
    """Told of that employer when it was brought from elsewhere, or by one of its people whose name is displayed.

    None: of no employer. Of an author whose name is not displayed nothing may be told.
    """
    told = select(1).where(proposal_entity.c.proposal_id == Proposal.id)
    by = select(1).where(
        Authorship.proposal_id == Proposal.id, Authorship.sealed.is_(False), Authorship.entity_id.is_not(None)
    )
    if key is None:
        return and_(~exists(told), ~exists(by))
    return or_(exists(told.where(proposal_entity.c.entity_id == key)), exists(by.where(Authorship.entity_id == key)))


def theme_shown() -> ColumnElement[str]:
    """The theme as readers see it: "Je ne sais pas" is the author's word in the form, not the name of a heading."""
    return case((Theme.is_unknown.is_(True), gettext("Thème à préciser")), else_=Theme.name)


def action_count() -> Any:
    linked = select(func.count()).where(action_proposal.c.proposal_id == Proposal.id)
    return linked.correlate(Proposal).scalar_subquery()


def under_reserve(today: date) -> ColumnElement[bool]:
    """Whether a retained proposal's last answer has a condition that is not met on that day."""
    answer = aliased(Decision)
    last = (
        select(answer.id)
        .where(answer.proposal_id == Proposal.id, answer.published_on.is_not(None))
        .order_by(answer.published_on.desc(), answer.published_at.desc(), answer.id.desc())
        .limit(1)
        .correlate(Proposal)
        .scalar_subquery()
    )
    unmet = or_(DecisionCondition.met_on.is_(None), DecisionCondition.met_on > today)
    return and_(
        Proposal.state == ProposalState.RETAINED,
        exists(select(1).where(DecisionCondition.decision_id == last, unmet).correlate(Proposal)),
    )


def listing(
    filters: ProposalFilters, *, reader: int, tags: Mapping[int, str], number: int, today: date
) -> ProposalList:
    """A page of published proposals as everybody reads them; three statements whatever their number.

    The reader, and their tags, only tell which are theirs when the filters ask for these.
    """
    kept = _conditions(filters, reader=reader, tags=tags)
    counted = db.session.execute(select(Proposal.state, func.count()).where(*kept).group_by(Proposal.state))
    by_state: dict[ProposalState, int] = {row[0]: row[1] for row in counted}
    total = sum(by_state.values()) if filters.state is None else by_state.get(filters.state, 0)
    shown = window(number, size=PAGE_SIZE, total=total)
    if filters.state is not None:
        kept.append(Proposal.state == filters.state)
    orders: dict[Sort, tuple[Any, ...]] = {
        Sort.RECENT: (Proposal.published_on.desc(), Proposal.number.desc()),
        Sort.SUPPORTED: (Proposal.support_count.desc(), Proposal.number.desc()),
        Sort.NUMBER: (Proposal.number.asc(),),
    }
    rows = db.session.execute(
        select(
            Proposal.id, Proposal.number, Proposal.title, func.substr(Proposal.body, 1, EXCERPT), theme_shown(),
            Proposal.state, Proposal.published_on, Proposal.campaign_id, action_count(), under_reserve(today),
            Proposal.programme_id,
        )
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .where(*kept)
        .order_by(*orders[filters.sort])
        .limit(shown.size)
        .offset(shown.start)
    ).all()  # fmt: skip
    authors = authors_of([row[0] for row in rows], NOBODY)
    return ProposalList(shown.holding(_card(row, authors.get(row[0], ())) for row in rows), by_state)


def count_matching(q: str, programme_ids: Collection[int]) -> int:
    """How many published proposals of these projects answer a search."""
    matching = search.matching_proposals(q)
    if matching is None or not programme_ids:
        return 0
    found = select(func.count(Proposal.id)).where(
        Proposal.programme_id.in_(programme_ids), Proposal.state.in_(VISIBLE), Proposal.id.in_(matching)
    )
    return db.session.scalar(found) or 0


def _card(row: Any, authors: tuple[AuthorLine, ...]) -> ProposalCard:
    key, number, title, excerpt, theme, state, published_on, campaign_id, actions, reserved, programme_id = row
    return ProposalCard(
        id=key, programme_id=programme_id, number=number, title=title, excerpt=excerpt, theme=theme or "", state=state,
        published_on=published_on, campaign_id=campaign_id, actions=actions, reserved=bool(reserved), authors=authors,
    )  # fmt: skip


def filter_choices(programme_id: int) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """The themes and the employers of a project, in one statement."""
    themes = select(
        literal("theme").label("kind"), Theme.id.label("id"), Theme.slug.label("slug"), Theme.name.label("name"),
        Theme.is_unknown.label("last"), Theme.position.label("position"),
    ).where(Theme.programme_id == programme_id)  # fmt: skip
    employers = (
        select(literal("entity"), Entity.id, Entity.slug, Entity.short_name, false(), Entity.position)
        .join(programme_entity, programme_entity.c.entity_id == Entity.id)
        .where(programme_entity.c.programme_id == programme_id)
    )
    found: dict[str, list[Choice]] = {"theme": [], "entity": []}
    rows = db.session.execute(union_all(themes, employers).order_by("kind", "last", "position", "id"))
    for kind, key, slug, name, *_ in rows:
        found[kind].append(Choice(key, slug, name))
    return tuple(found["theme"]), tuple(found["entity"])


def mine(actor: Actor, *, page: int, today: date) -> Page[OwnProposal]:
    """A page of the reader's own, in every project: drafts first, then the latest."""
    owned = select(func.count()).select_from(Authorship).where(Authorship.user_id == actor.id)
    total = db.session.scalar(owned) or 0
    shown = window(page, size=OWN_SIZE, total=total)
    rows: Any = db.session.execute(
        select(
            Proposal.id, Proposal.number, Proposal.draft_key, Proposal.title, Proposal.state, Proposal.created_on,
            Proposal.submitted_on, Proposal.published_on, Proposal.support_count, Programme.title, Authorship.sealed,
            action_count(), under_reserve(today),
        )
        .join(Authorship, and_(Authorship.proposal_id == Proposal.id, Authorship.user_id == actor.id))
        .join(Programme, Programme.id == Proposal.programme_id)
        .order_by(Proposal.state != ProposalState.DRAFT, Proposal.created_on.desc(), Proposal.id.desc())
        .limit(shown.size)
        .offset(shown.start)
    )  # fmt: skip
    return shown.holding(OwnProposal(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Resembling:
    """A published proposal whose words resemble those typed."""

    number: int
    title: str
    state: ProposalState
    support_count: int


def resembling(text: str, *, programme_id: int, limit: int = 3) -> tuple[Resembling, ...]:
    """Published proposals of a project that may say the same already, the nearest first."""
    nearest = search.resembling_proposals(text)
    if nearest is None:
        return ()
    found = nearest.subquery()
    rows = db.session.execute(
        select(Proposal.number, Proposal.title, Proposal.state, Proposal.support_count)
        .join(found, found.c.proposal_id == Proposal.id)
        .where(Proposal.programme_id == programme_id, Proposal.state.in_(VISIBLE))
        .order_by(found.c.distance, Proposal.number)
        .limit(limit)
    )
    return tuple(Resembling(row[0] or 0, row[1], row[2], row[3]) for row in rows)
