"""What the committee has before it: proposals to settle, conditions awaited, retained proposals without action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from tracker.enums import ConditionKind, MeetingKind, Outcome, ProposalState, ReviewAdvice
from tracker.extensions import db
from tracker.models import (
    Decision,
    DecisionCondition,
    Meeting,
    Proposal,
    Review,
    Theme,
    action_proposal,
)
from tracker.queries.reviews import current_opinion_id, has_fresh_opinion, narrowed
from tracker.records import Page, window
from tracker.workflow import PENDING

PAGE_SIZE = 16  # two printed sides of eight


class SettleBucket(StrEnum):
    """Why a proposal waits for the committee; the value is what the address says."""

    READY = "avis-pret"
    WITHOUT_OPINION = "sans-avis"
    REVISIT = "a-revoir"


class SettleSort(StrEnum):
    NEED = "besoin"
    SUPPORTED = "soutenues"
    OLDEST = "anciennes"
    NUMBER = "numero"


@dataclass(frozen=True, slots=True)
class SettleFilter:
    bucket: SettleBucket | None = None
    theme: str = ""
    q: str = ""
    sort: SettleSort = SettleSort.NEED


@dataclass(frozen=True, slots=True)
class SettleItem:
    """One proposal to settle, with its latest opinion."""

    id: int
    number: int
    title: str
    body: str
    state: ProposalState
    theme: str
    published_on: date | None
    support_count: int
    advice: ReviewAdvice | None
    opinion: str
    opinion_on: date | None
    review_on: date | None


@dataclass(frozen=True, slots=True)
class SettleCounts:
    ready: int
    without_opinion: int
    revisit: int

    def of(self, bucket: SettleBucket | None) -> int:
        counts = {
            SettleBucket.READY: self.ready,
            SettleBucket.WITHOUT_OPINION: self.without_opinion,
            SettleBucket.REVISIT: self.revisit,
        }
        return sum(counts.values()) if bucket is None else counts[bucket]


@dataclass(frozen=True, slots=True)
class RetainedProposal:
    """Retained and not carried out by any action yet."""

    number: int
    title: str
    published_on: date


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """A condition of an answer that holds today."""

    id: int
    programme_id: int
    kind: ConditionKind
    label: str
    met_on: date | None
    proposal_number: int
    proposal_title: str
    published_on: date


@dataclass(frozen=True, slots=True)
class MeetingChoice:
    id: int
    title: str
    held_on: date


def _review_due() -> ColumnElement[Any]:
    """The review date of the answer that holds: the last one published."""
    return (
        select(Decision.review_on)
        .where(Decision.proposal_id == Proposal.id, Decision.published_on.is_not(None))
        .order_by(Decision.published_at.desc(), Decision.id.desc())
        .limit(1)
        .correlate(Proposal)
        .scalar_subquery()
    )


def waits_for_publication() -> ColumnElement[bool]:
    """A decision is taken on the proposal and not published."""
    return exists().where(Decision.proposal_id == Proposal.id, Decision.published_on.is_(None))


def to_settle(today: date) -> ColumnElement[bool]:
    """Pending, or deferred and due again; and nothing decided that waits to be published."""
    due = and_(Proposal.state == ProposalState.DEFERRED, _review_due() <= today)
    return and_(or_(Proposal.state.in_(PENDING), due), ~waits_for_publication())


def bucket_count(bucket: SettleBucket) -> ColumnElement[Any]:
    """How many of the proposals selected are in a bucket."""
    return func.coalesce(func.sum(case((_bucket() == bucket.value, 1), else_=0)), 0)


def _bucket() -> ColumnElement[Any]:
    return case(
        (Proposal.state == ProposalState.DEFERRED, SettleBucket.REVISIT.value),
        (has_fresh_opinion(), SettleBucket.READY.value),
        else_=SettleBucket.WITHOUT_OPINION.value,
    )


def _wheres(programme_id: int, wanted: SettleFilter, today: date) -> list[ColumnElement[bool]]:
    return [Proposal.programme_id == programme_id, to_settle(today), *narrowed(theme=wanted.theme, q=wanted.q)]


def settle_counts(programme_id: int, wanted: SettleFilter, *, today: date) -> SettleCounts:
    """How many proposals wait in each bucket under the other filters."""
    bucket = _bucket().label("bucket")
    rows = db.session.execute(
        select(bucket, func.count()).where(*_wheres(programme_id, wanted, today)).group_by(bucket)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    return SettleCounts(
        counts.get(SettleBucket.READY, 0),
        counts.get(SettleBucket.WITHOUT_OPINION, 0),
        counts.get(SettleBucket.REVISIT, 0),
    )


def settle_page(
    programme_id: int, wanted: SettleFilter, *, today: date, page: int, total: int, size: int = PAGE_SIZE
) -> Page[SettleItem]:
    """One page of what is to settle: opinion ready first, then without opinion, then what is due again."""
    bucket = _bucket()
    rank = case((bucket == SettleBucket.READY.value, 0), (bucket == SettleBucket.WITHOUT_OPINION.value, 1), else_=2)
    orders: dict[SettleSort, list[Any]] = {
        SettleSort.NEED: [rank, Proposal.support_count.desc(), Proposal.number],
        SettleSort.SUPPORTED: [Proposal.support_count.desc(), Proposal.number],
        SettleSort.OLDEST: [Proposal.published_on, Proposal.number],
        SettleSort.NUMBER: [Proposal.number],
    }
    shown = window(page, size=size, total=total)
    wheres = _wheres(programme_id, wanted, today)
    if wanted.bucket is not None:
        wheres.append(bucket == wanted.bucket.value)
    rows = db.session.execute(
        select(
            Proposal.id,
            Proposal.number,
            Proposal.title,
            Proposal.body,
            Proposal.state,
            func.coalesce(Theme.name, ""),
            Proposal.published_on,
            Proposal.support_count,
            Review.advice,
            func.coalesce(Review.text, ""),
            Review.effective_on,
            _review_due(),
        )
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .outerjoin(Review, Review.id == current_opinion_id())
        .where(*wheres)
        .order_by(*orders[wanted.sort])
        .limit(shown.size)
        .offset(shown.start)
    ).all()
    return shown.holding(SettleItem(*_values(row)) for row in rows)


def _values(row: Any) -> Any:
    return row


def meeting_choices(
    programme_id: int, *, today: date, keep: int | None = None, limit: int = 40
) -> tuple[MeetingChoice, ...]:
    """The committee's meetings of the last year, today's first; nothing is decided in one that is still to come.

    `keep`: the meeting of the decision being changed stays on offer.
    """
    recent = and_(
        Meeting.kind == MeetingKind.STEERING, Meeting.held_on <= today, Meeting.held_on >= today - timedelta(days=366)
    )
    rows = db.session.execute(
        select(Meeting.id, Meeting.title, Meeting.held_on)
        .where(Meeting.programme_id == programme_id, or_(recent, Meeting.id == keep) if keep else recent)
        .order_by(Meeting.held_on.desc(), Meeting.id.desc())
        .limit(limit)
    )
    return tuple(MeetingChoice(*row) for row in rows)


def next_meeting(programme_id: int, *, today: date) -> MeetingChoice | None:
    """The committee's next meeting, today's included."""
    row = db.session.execute(
        select(Meeting.id, Meeting.title, Meeting.held_on)
        .where(Meeting.programme_id == programme_id, Meeting.kind == MeetingKind.STEERING, Meeting.held_on >= today)
        .order_by(Meeting.held_on, Meeting.id)
        .limit(1)
    ).first()
    return None if row is None else MeetingChoice(*_values(row))


def retained_without_action(programme_id: int, *, limit: int = 50) -> tuple[RetainedProposal, ...]:
    """Retained proposals that no action carries out yet, the latest answer first."""
    answered = (
        select(func.max(Decision.published_on))
        .where(Decision.proposal_id == Proposal.id)
        .correlate(Proposal)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Proposal.number, Proposal.title, answered)
        .where(
            Proposal.programme_id == programme_id,
            Proposal.state == ProposalState.RETAINED,
            ~exists().where(action_proposal.c.proposal_id == Proposal.id),
        )
        .order_by(answered.desc(), Proposal.number)
        .limit(limit)
    )
    return tuple(RetainedProposal(*_values(row)) for row in rows)


def _condition_wheres(programme_id: int, q: str) -> list[ColumnElement[bool]]:
    """Conditions of the answers that hold: retained, and no later answer published."""
    newest = (
        select(Decision.id)
        .where(Decision.proposal_id == Proposal.id, Decision.published_on.is_not(None))
        .order_by(Decision.published_at.desc(), Decision.id.desc())
        .limit(1)
        .correlate(Proposal)
        .scalar_subquery()
    )
    return [
        Proposal.programme_id == programme_id,
        Proposal.state == ProposalState.RETAINED,
        Decision.outcome == Outcome.RETAINED,
        Decision.id == newest,
        *narrowed(q=q),
    ]


def condition_counts(programme_id: int, *, q: str) -> tuple[int, int]:
    """How many conditions are awaited, and how many are met."""
    row = db.session.execute(
        select(
            func.coalesce(func.sum(case((DecisionCondition.met_on.is_(None), 1), else_=0)), 0),
            func.coalesce(func.sum(case((DecisionCondition.met_on.is_not(None), 1), else_=0)), 0),
        )
        .join(Decision, Decision.id == DecisionCondition.decision_id)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .where(*_condition_wheres(programme_id, q))
    ).one()
    return row[0], row[1]


def condition_page(
    programme_id: int, *, met: bool, q: str, page: int, total: int, size: int = 25
) -> Page[ConditionLine]:
    """Conditions awaited (the oldest answer first) or met (the last met first)."""
    shown = window(page, size=size, total=total)
    order = DecisionCondition.met_on.desc() if met else Decision.published_on.asc()
    rows = db.session.execute(
        select(
            DecisionCondition.id,
            Proposal.programme_id,
            DecisionCondition.kind,
            DecisionCondition.label,
            DecisionCondition.met_on,
            Proposal.number,
            Proposal.title,
            Decision.published_on,
        )
        .join(Decision, Decision.id == DecisionCondition.decision_id)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .where(
            *_condition_wheres(programme_id, q),
            DecisionCondition.met_on.is_not(None) if met else DecisionCondition.met_on.is_(None),
        )
        .order_by(order, Proposal.number, DecisionCondition.id)
        .limit(shown.size)
        .offset(shown.start)
    )
    return shown.holding(ConditionLine(*_values(row)) for row in rows)
