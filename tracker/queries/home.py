"""What the first page shows: what is open, what is mine, what moved, what waits for the committee."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, String, Subquery, cast, func, literal, null, select, type_coerce, union_all

from tracker.enums import ActionStatus, MeetingKind, Outcome, PhaseKind, ProposalState, UpdateKind
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Campaign,
    Decision,
    Letter,
    Meeting,
    Phase,
    Proposal,
    action_proposal,
)
from tracker.queries.groups import theirs
from tracker.queries.settling import SettleBucket, bucket_count, to_settle
from tracker.records import Actor, paris_day

MINE_SHOWN = 5
MOVED_SHOWN = 3


class NewsKind(StrEnum):
    ANSWER = "answer"
    ACTION_DONE = "action_done"
    LETTER = "letter"
    MEETING = "meeting"
    TO_DECIDE = "to_decide"
    UNPUBLISHED = "unpublished"
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step of a consultation that runs now."""

    campaign_id: int
    programme_id: int
    title: str
    kind: PhaseKind
    ends_at: datetime

    @property
    def last_day(self) -> date:
        """The last whole day: ends are half-open."""
        return paris_day(self.ends_at - timedelta(seconds=1))


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
    on: date | None
    detail: str

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.detail)


@dataclass(frozen=True, slots=True)
class Feed:
    my_actions: dict[int, int]  # the project of each action that the reader is asked about
    moved: tuple[News, ...]
    last_letter: News | None
    next_meeting: News | None
    to_decide: int
    ready: int
    without_opinion: int
    unpublished: int


def open_steps(now: datetime) -> tuple[OpenStep, ...]:
    """Steps running now, in which one may propose first."""
    rows = db.session.execute(
        select(Campaign.id, Campaign.programme_id, Campaign.title, Phase.kind, Phase.ends_at)
        .join(Phase, Phase.campaign_id == Campaign.id)
        .where(Phase.starts_at <= now, Phase.ends_at > now, Phase.kind != PhaseKind.PAUSE)
        .order_by(Phase.ends_at)
    ).all()
    steps = [OpenStep(*_values(row)) for row in rows]
    return tuple(sorted(steps, key=lambda step: not step.kind.allows_submission))


def my_proposals(user_id: int) -> tuple[MyProposal, ...]:
    """The last proposals of a person, whatever their state, with how many actions carry them out."""
    linked = select(func.count()).where(action_proposal.c.proposal_id == Proposal.id).correlate(Proposal)
    rows = db.session.execute(
        select(Proposal.draft_key, Proposal.number, Proposal.title, Proposal.state, linked.scalar_subquery())
        .join(Authorship, Authorship.proposal_id == Proposal.id)
        .where(Authorship.user_id == user_id)
        .order_by(Proposal.id.desc())
        .limit(MINE_SHOWN)
    )
    return tuple(MyProposal(*_values(row)) for row in rows)


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


def feed(person: Actor, *, today: date, steering_of: int | None) -> Feed:
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
    asked = _line(NewsKind.MINE, Action.id, literal(""), null(), cast(Action.programme_id, String))
    parts = [answers, finished, letter, asked.where(theirs(person))]
    if steering_of is not None:
        parts += _steering_lines(steering_of, today)
    rows = db.session.execute(union_all(*(select(part.subquery()) for part in parts)))
    news = [News(NewsKind(row[0]), row[1] or 0, row[2], row[3], str(row[4] or "")) for row in rows]
    moved = sorted(
        (n for n in news if n.kind in {NewsKind.ANSWER, NewsKind.ACTION_DONE}),
        key=lambda n: n.on or date.min,
        reverse=True,
    )
    by_kind = {n.kind: n for n in news}

    def count(kind: NewsKind) -> int:
        return by_kind[kind].number if kind in by_kind else 0

    waiting = by_kind.get(NewsKind.TO_DECIDE)
    ready, _slash, without = (waiting.detail if waiting else "").partition("/")
    return Feed(
        my_actions={n.number: int(n.detail) for n in news if n.kind is NewsKind.MINE},
        moved=tuple(moved[:MOVED_SHOWN]),
        last_letter=by_kind.get(NewsKind.LETTER),
        next_meeting=by_kind.get(NewsKind.MEETING),
        to_decide=count(NewsKind.TO_DECIDE),
        ready=int(ready or 0),
        without_opinion=int(without or 0),
        unpublished=count(NewsKind.UNPUBLISHED),
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
    return [meeting, undecided, ready]
