"""What the first page shows: what is open, what is mine, what moved, what waits for the committee."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    Date,
    Integer,
    Select,
    String,
    Subquery,
    bindparam,
    cast,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)

from tracker.enums import ActionStatus, MeetingKind, Outcome, ProposalState, UpdateKind
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Decision,
    Letter,
    Meeting,
    Proposal,
    Redaction,
    action_proposal,
)
from tracker.queries.redactions import PROJECT_OF_TEXT
from tracker.queries.settling import SettleBucket, bucket_count, to_settle

MINE_SHOWN = 5
MOVED_SHOWN = 3


class NewsKind(StrEnum):
    ANSWER = "answer"
    ACTION_DONE = "action_done"
    LETTER = "letter"
    MEETING = "meeting"
    TO_DECIDE = "to_decide"
    UNPUBLISHED = "unpublished"
    WITHDRAWALS = "withdrawals"


@dataclass(frozen=True, slots=True)
class MyProposal:
    draft_key: str
    number: int | None
    title: str
    state: ProposalState
    actions: int


@dataclass(frozen=True, slots=True)
class News:
    """Something that moved: an answer, an action finished, a letter, the next meeting."""

    kind: NewsKind
    number: int
    title: str
    on: date  # date.min when it has none
    detail: str

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.detail)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the committee of a project."""

    next_meeting: News | None
    to_decide: int
    ready: int
    without_opinion: int
    unpublished: int
    withdrawals: int  # of texts, asked by one person, to be agreed to by another


@cache
def _mine() -> Any:
    """Built once: every reader's first page asks it."""
    linked = select(func.count()).where(action_proposal.c.proposal_id == Proposal.id).correlate(Proposal)
    return (
        select(Proposal.draft_key, Proposal.number, Proposal.title, Proposal.state, linked.scalar_subquery())
        .join(Authorship, Authorship.proposal_id == Proposal.id)
        .where(Authorship.user_id == bindparam("reader", type_=Integer()))
        .order_by(Proposal.id.desc())
        .limit(MINE_SHOWN)
    )


def my_proposals(user_id: int) -> tuple[MyProposal, ...]:
    """The last proposals of a person, whatever their state, with how many actions carry them out."""
    return tuple(MyProposal(*_values(row)) for row in db.session.execute(_mine(), {"reader": user_id}))


_ASKED = (Redaction.agreed_at.is_(None), Redaction.refused_at.is_(None))


@dataclass(frozen=True, slots=True)
class Duties:
    """What waits for a moderator: submissions to publish or return, withdrawals of a text asked by another."""

    submissions: int
    withdrawals: int


def duties(moderated: Collection[int], *, user_id: int) -> Duties:
    """What waits for a person who moderates these projects."""
    submissions = select(func.count(Proposal.id)).where(
        Proposal.programme_id.in_(moderated), Proposal.state == ProposalState.SUBMITTED
    )
    withdrawals = select(func.count(Redaction.id)).where(
        *_ASKED, Redaction.asked_by_id != user_id, PROJECT_OF_TEXT.in_(moderated)
    )
    row = db.session.execute(select(submissions.scalar_subquery(), withdrawals.scalar_subquery())).one()
    return Duties(*row)


@dataclass(frozen=True, slots=True)
class Feed:
    moved: tuple[News, ...]
    last_letter: News | None
    waiting: Waiting | None


def _values(row: Any) -> Any:
    return row


def _line(kind: NewsKind, number: Any, title: Any, on: Any, detail: Any) -> Select[Any]:
    return select(
        literal(kind.value).label("kind"),
        number.label("number"),
        title.label("title"),
        on.label("day"),
        type_coerce(detail, String).label("detail"),
    )


def _last_words(today: date) -> Subquery:
    """(action_id, status, rank): rows of the log in force, the last one ranked 1 (design 4.2)."""
    replaced = select(ActionUpdate.supersedes_id).where(ActionUpdate.supersedes_id.is_not(None))
    rank = func.row_number().over(
        partition_by=ActionUpdate.action_id,
        order_by=(ActionUpdate.effective_on.desc(), ActionUpdate.rank_at.desc(), ActionUpdate.id.desc()),
    )
    return (
        select(ActionUpdate.action_id, ActionUpdate.status, rank.label("rank"))
        .where(
            ActionUpdate.kind != UpdateKind.RETRACTION,
            ActionUpdate.effective_on <= today,
            ActionUpdate.id.not_in(replaced),
        )
        .subquery()
    )


def feed(today: date, *, steering_of: int | None) -> Feed:
    """The last things that moved, the last letter and, for the committee of a project, what waits: one statement."""
    answers = (
        _line(NewsKind.ANSWER, Proposal.number, Proposal.title, Decision.published_on, Decision.outcome)
        .join_from(Decision, Proposal, Proposal.id == Decision.proposal_id)
        .where(Decision.published_on <= today)
        .order_by(Decision.published_on.desc(), Decision.id.desc())
        .limit(MOVED_SHOWN)
    )
    last = _last_words(today)
    finished = (
        _line(NewsKind.ACTION_DONE, Action.number, Action.title, func.min(ActionUpdate.effective_on), literal(""))
        .join_from(ActionUpdate, Action, Action.id == ActionUpdate.action_id)
        .join(last, last.c.action_id == Action.id)
        .where(last.c.rank == 1, last.c.status == ActionStatus.DONE, ActionUpdate.status == ActionStatus.DONE)
        .group_by(Action.id, Action.number, Action.title)
        .order_by(func.min(ActionUpdate.effective_on).desc())
        .limit(MOVED_SHOWN)
    )
    letter = (
        _line(NewsKind.LETTER, Letter.number, Letter.title, Letter.as_of, Letter.quarter)
        .where(Letter.published_at.is_not(None))
        .order_by(Letter.published_at.desc())
        .limit(1)
    )
    parts = [answers, finished, letter, *(_steering_lines(steering_of, today) if steering_of is not None else ())]
    rows = db.session.execute(union_all(*(select(part.subquery()) for part in parts)))
    news = [News(NewsKind(row[0]), row[1] or 0, row[2], row[3] or date.min, str(row[4] or "")) for row in rows]
    told = [n for n in news if n.kind in {NewsKind.ANSWER, NewsKind.ACTION_DONE}]
    by_kind = {n.kind: n for n in news}
    return Feed(
        moved=tuple(sorted(told, key=lambda n: n.on, reverse=True)[:MOVED_SHOWN]),
        last_letter=by_kind.get(NewsKind.LETTER),
        waiting=_waiting(by_kind) if steering_of is not None else None,
    )


def _waiting(by_kind: dict[NewsKind, News]) -> Waiting:
    to_decide = by_kind[NewsKind.TO_DECIDE]
    ready, _slash, without = to_decide.detail.partition("/")
    return Waiting(
        next_meeting=by_kind.get(NewsKind.MEETING),
        to_decide=to_decide.number,
        ready=int(ready or 0),
        without_opinion=int(without or 0),
        unpublished=by_kind[NewsKind.UNPUBLISHED].number,
        withdrawals=by_kind[NewsKind.WITHDRAWALS].number,
    )


def _steering_lines(programme_id: int, today: date) -> list[Select[Any]]:
    meeting = (
        _line(NewsKind.MEETING, Meeting.id, Meeting.title, Meeting.held_on, Meeting.place)
        .where(Meeting.programme_id == programme_id, Meeting.held_on >= today, Meeting.kind == MeetingKind.STEERING)
        .order_by(Meeting.held_on)
        .limit(1)
    )
    opinions = (
        cast(bucket_count(SettleBucket.READY), String) + "/" + cast(bucket_count(SettleBucket.WITHOUT_OPINION), String)
    )
    undecided = _line(
        NewsKind.TO_DECIDE, func.count(Proposal.id), literal(""), func.max(Proposal.published_on), opinions
    ).where(Proposal.programme_id == programme_id, to_settle(today))
    ready = (
        _line(NewsKind.UNPUBLISHED, func.count(Decision.id), literal(""), func.max(Decision.taken_on), literal(""))
        .join_from(Decision, Proposal, Proposal.id == Decision.proposal_id)
        .where(Proposal.programme_id == programme_id, Decision.published_on.is_(None))
    )
    withdrawals = _line(
        NewsKind.WITHDRAWALS, func.count(Redaction.id), literal(""), cast(None, Date), literal("")
    ).where(*_ASKED, PROJECT_OF_TEXT.in_((programme_id,)))
    return [meeting, undecided, ready, withdrawals]
