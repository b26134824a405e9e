"""Proposals to study: the list, one proposal as its readers need it, and its opinions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from tracker import search
from tracker.enums import LineageKind, ProposalState, ReviewAdvice
from tracker.extensions import db
from tracker.models import Decision, Event, Proposal, ProposalLineage, ProposalTransition, Review, Theme, User
from tracker.records import Page, window
from tracker.validation import as_id
from tracker.workflow import PENDING, VISIBLE

PAGE_SIZE = 20
TAKE, HAND_OVER = "review:take", "review:hand_over"  # verbs: who began a study, and to whom it was then given


class StudyBucket(StrEnum):
    """Where a proposal stands in its study; the value is what the address says."""

    TO_TAKE = "a-prendre"
    WITHOUT_OPINION = "sans-avis"
    WITH_OPINION = "avec-avis"


class StudySort(StrEnum):
    NEED = "besoin"
    OLDEST = "anciennes"
    SUPPORTED = "soutenues"
    NUMBER = "numero"


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """What the list shows; None and "" mean everything."""

    bucket: StudyBucket | None = None
    theme: str = ""
    mine_of: int | None = None
    q: str = ""
    sort: StudySort = StudySort.NEED


@dataclass(frozen=True, slots=True)
class StudyItem:
    """One line of the list; `since` is the day its study began."""

    number: int
    title: str
    state: ProposalState
    theme: str
    published_on: date | None
    support_count: int
    advice: ReviewAdvice | None
    opinion_on: date | None
    since: date | None


@dataclass(frozen=True, slots=True)
class StudyCounts:
    to_take: int
    without_opinion: int
    with_opinion: int

    def of(self, bucket: StudyBucket | None) -> int:
        counts = {
            StudyBucket.TO_TAKE: self.to_take,
            StudyBucket.WITHOUT_OPINION: self.without_opinion,
            StudyBucket.WITH_OPINION: self.with_opinion,
        }
        return sum(counts.values()) if bucket is None else counts[bucket]


@dataclass(frozen=True, slots=True)
class OpinionRecord:
    """One opinion; `reviewer` is for the reviewers and the committee alone."""

    id: int
    advice: ReviewAdvice
    text: str
    recorded_at: datetime
    effective_on: date
    reviewer: str


@dataclass(frozen=True, slots=True)
class StudiedProposal:
    """A published proposal as the one who studies or decides reads it; nothing here tells its authors."""

    id: int
    programme_id: int
    number: int
    title: str
    body: str
    state: ProposalState
    theme: str
    published_on: date | None
    support_count: int
    under_review_since: date | None
    merged_into: int | None


def current_opinion_id() -> ColumnElement[Any]:
    """The id of a proposal's latest opinion, for a select that has Proposal."""
    other = aliased(Review)
    return select(func.max(other.id)).where(other.proposal_id == Proposal.id).correlate(Proposal).scalar_subquery()


def has_fresh_opinion() -> ColumnElement[bool]:
    """Whether an opinion was written since the last answer: what was studied before a deferral is no news."""
    opinion, answer = aliased(Review), aliased(Decision)
    answered_since = (
        select(answer.id)
        .where(answer.proposal_id == opinion.proposal_id, answer.published_at > opinion.recorded_at)
        .correlate(opinion)
        .exists()
    )
    return select(opinion.id).where(opinion.proposal_id == Proposal.id, ~answered_since).correlate(Proposal).exists()


def _began_on() -> ColumnElement[Any]:
    """The day the present study began."""
    return (
        select(func.max(ProposalTransition.effective_on))
        .where(
            ProposalTransition.proposal_id == Proposal.id,
            ProposalTransition.to_state == ProposalState.UNDER_REVIEW,
        )
        .correlate(Proposal)
        .scalar_subquery()
    )


def _values(row: Any) -> Any:
    return row


def _bucket_where(bucket: StudyBucket) -> ColumnElement[bool]:
    if bucket is StudyBucket.TO_TAKE:
        return and_(Proposal.state == ProposalState.PUBLISHED, ~has_fresh_opinion())
    if bucket is StudyBucket.WITHOUT_OPINION:
        return and_(Proposal.state == ProposalState.UNDER_REVIEW, ~has_fresh_opinion())
    return has_fresh_opinion()


def handed_to(user_id: int) -> ColumnElement[bool]:
    """The event by which a study was given to this person."""
    return and_(Event.verb == HAND_OVER, Event.changes["to"].as_integer() == user_id)


def _mine(user_id: int) -> ColumnElement[bool]:
    """Taken by this person or given to them, or with an opinion of theirs."""
    written = aliased(Review)
    return or_(
        select(written.id)
        .where(written.proposal_id == Proposal.id, written.reviewer_id == user_id)
        .correlate(Proposal)
        .exists(),
        exists().where(
            Event.subject == "proposal",
            Event.subject_id == Proposal.id,
            or_(and_(Event.verb == TAKE, Event.actor_id == user_id), handed_to(user_id)),
        ),
    )


def _wheres(programme_id: int, wanted: StudyFilter) -> list[ColumnElement[bool]]:
    wheres: list[ColumnElement[bool]] = [Proposal.programme_id == programme_id, Proposal.state.in_(PENDING)]
    if wanted.mine_of is not None:
        wheres.append(_mine(wanted.mine_of))
    return wheres + narrowed(theme=wanted.theme, q=wanted.q)


def narrowed(*, theme: str = "", q: str = "") -> list[ColumnElement[bool]]:
    """By the theme and the text that the lists of reviewers and of the committee are asked for, if any."""
    return ([_of_theme(theme)] if theme else []) + ([_with_text(q)] if q else [])


def _of_theme(slug: str) -> ColumnElement[bool]:
    """The proposals of a theme; "sans" those without any."""
    if slug == "sans":
        return Proposal.theme_id.is_(None)
    heading = aliased(Theme)
    return select(heading.id).where(heading.id == Proposal.theme_id, heading.slug == slug).correlate(Proposal).exists()


def _with_text(q: str) -> ColumnElement[bool]:
    """The proposals that have every word, or the number typed."""
    bare = q.strip().removeprefix("n°").strip()
    if (number := as_id(bare)) is not None:
        return Proposal.number == number
    matching = search.matching_proposals(q)
    return Proposal.id.in_(matching) if matching is not None else Proposal.id.is_not(None)


def study_counts(programme_id: int, wanted: StudyFilter) -> StudyCounts:
    """How many proposals stand in each bucket under the other filters."""
    fresh = has_fresh_opinion()
    published = Proposal.state == ProposalState.PUBLISHED
    row = db.session.execute(
        select(
            func.coalesce(func.sum(case((and_(~fresh, published), 1), else_=0)), 0),
            func.coalesce(func.sum(case((and_(~fresh, ~published), 1), else_=0)), 0),
            func.coalesce(func.sum(case((fresh, 1), else_=0)), 0),
        ).where(*_wheres(programme_id, wanted))
    ).one()
    return StudyCounts(row[0], row[1], row[2])


def study_page(programme_id: int, wanted: StudyFilter, *, page: int, total: int) -> Page[StudyItem]:
    """One page of the proposals to study, those without opinion first."""
    fresh = has_fresh_opinion()
    orders: dict[StudySort, list[Any]] = {
        StudySort.NEED: [case((fresh, 1), else_=0), Proposal.published_on, Proposal.number],
        StudySort.OLDEST: [Proposal.published_on, Proposal.number],
        StudySort.SUPPORTED: [Proposal.support_count.desc(), Proposal.number],
        StudySort.NUMBER: [Proposal.number],
    }
    shown = window(page, size=PAGE_SIZE, total=total)
    wheres = _wheres(programme_id, wanted)
    if wanted.bucket is not None:
        wheres.append(_bucket_where(wanted.bucket))
    rows = db.session.execute(
        select(
            Proposal.number,
            Proposal.title,
            Proposal.state,
            func.coalesce(Theme.name, ""),
            Proposal.published_on,
            Proposal.support_count,
            Review.advice,
            Review.effective_on,
            _began_on(),
        )
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .outerjoin(Review, Review.id == current_opinion_id())
        .where(*wheres)
        .order_by(*orders[wanted.sort])
        .limit(shown.size)
        .offset(shown.start)
    ).all()
    return shown.holding(StudyItem(*_values(row)) for row in rows)


def studied(number: int) -> StudiedProposal | None:
    """The numbered proposal, answered or not; None when nobody may read it, withdrawn for instance."""
    target = aliased(Proposal)
    merged_into = (
        select(target.number)
        .join(ProposalLineage, ProposalLineage.to_id == target.id)
        .where(
            ProposalLineage.from_id == Proposal.id,
            ProposalLineage.kind == LineageKind.MERGED,
            ProposalLineage.undone_at.is_(None),
        )
        .order_by(ProposalLineage.id.desc())
        .limit(1)
        .correlate(Proposal)
        .scalar_subquery()
    )
    row = db.session.execute(
        select(
            Proposal.id,
            Proposal.programme_id,
            Proposal.number,
            Proposal.title,
            Proposal.body,
            Proposal.state,
            func.coalesce(Theme.name, ""),
            Proposal.published_on,
            Proposal.support_count,
            _began_on(),
            merged_into,
        )
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .where(Proposal.number == number, Proposal.state.in_(VISIBLE))
    ).one_or_none()
    return None if row is None else StudiedProposal(*_values(row))


def opinions(proposal_id: int) -> tuple[OpinionRecord, ...]:
    """The opinions on a proposal, the one that counts last. For reviewers and the committee."""
    rows = db.session.execute(
        select(Review.id, Review.advice, Review.text, Review.recorded_at, Review.effective_on, User)
        .outerjoin(User, User.id == Review.reviewer_id)
        .where(Review.proposal_id == proposal_id)
        .order_by(Review.id)
    ).all()
    return tuple(OpinionRecord(*row[:5], row[5].name if row[5] is not None else "") for row in rows)
