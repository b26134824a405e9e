"""Answers of the steering committee: those that agents read, those still to publish, and what is to settle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import ColumnElement, Select, func, select

from tracker import filters
from tracker.enums import ConditionKind, MeetingKind, Motive, Outcome
from tracker.extensions import db
from tracker.models import Decision, DecisionCondition, Meeting, Proposal
from tracker.records import Page, paris_day, window
from tracker.workflow import DECIDABLE

UNPUBLISHED_SIZE = 30


@dataclass(frozen=True, slots=True)
class ConditionRecord:
    """What must be met for an answer to hold without reserve."""

    id: int
    kind: ConditionKind
    label: str
    met_on: date | None

    def is_met(self, day: date) -> bool:
        """Whether it counts as met on that day."""
        return self.met_on is not None and self.met_on <= day


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer as people read it; `published_on` is None only in the committee's own pages."""

    id: int
    programme_id: int
    proposal_id: int
    proposal_number: int
    proposal_title: str
    outcome: Outcome
    motive: Motive
    reason: str
    taken_on: date
    published_on: date | None
    review_on: date | None
    redirected_to: str
    redacted_on: date | None
    meeting_id: int | None
    meeting_on: date | None
    meeting_title: str
    meeting_kind: MeetingKind | None
    conditions: tuple[ConditionRecord, ...] = ()

    def has_reserve(self, day: date) -> bool:
        """Retained, but a condition is not met on that day."""
        return self.outcome is Outcome.RETAINED and any(not c.is_met(day) for c in self.conditions)

    def words(self, day: date) -> str:
        """The answer in a few words, as it stands on that day: "Retenue sous réserve", "Reportée, revue le…"."""
        if self.outcome is Outcome.RETAINED:
            return gettext("Retenue sous réserve") if self.has_reserve(day) else gettext("Retenue")
        if self.outcome is Outcome.DEFERRED:
            if self.review_on is None:
                return gettext("Reportée")
            return gettext("Reportée, revue le %(day)s", day=_day(self.review_on))
        if self.outcome is Outcome.REDIRECTED:
            return gettext("Orientée vers : %(where)s", where=self.redirected_to)
        return gettext("Non retenue")

    @property
    def signature(self) -> str:
        """Who answers: the committee and its meeting, never the person who typed."""
        if self.meeting_on is not None:
            return gettext("Le comité de pilotage, réunion du %(day)s", day=_day(self.meeting_on))
        return gettext("Le comité de pilotage, le %(day)s", day=_day(self.taken_on))

    @property
    def digest(self) -> str:
        """Changes whenever what agents would read changes: a preview is published as it was seen."""
        parts = [
            self.id, self.proposal_id, self.outcome.value, self.motive.value, self.reason, self.taken_on.isoformat(),
            self.review_on.isoformat() if self.review_on else "", self.redirected_to, self.meeting_id,
            [[c.kind.value, c.label] for c in self.conditions],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


def _day(value: date) -> str:
    return filters.day(value)


def _rows() -> Select[Decision, Proposal, Meeting, DecisionCondition]:
    """Decisions with proposal, meeting and conditions: one line per condition."""
    return (
        select(Decision, Proposal, Meeting, DecisionCondition)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .outerjoin(Meeting, Meeting.id == Decision.meeting_id)
        .outerjoin(DecisionCondition, DecisionCondition.decision_id == Decision.id)
    )


def _answers(query: Select[Decision, Proposal, Meeting, DecisionCondition]) -> tuple[AnswerRecord, ...]:
    """The records of `_rows`, in the order of the query, from one statement."""
    found: dict[int, tuple[Decision, Proposal, Meeting | None]] = {}
    conditions: dict[int, list[ConditionRecord]] = {}
    for decision, proposal, meeting, condition in db.session.execute(query):
        found.setdefault(decision.id, (decision, proposal, meeting))
        listed = conditions.setdefault(decision.id, [])
        if condition is not None:
            listed.append(ConditionRecord(condition.id, condition.kind, condition.label, condition.met_on))
    return tuple(_answer(*found[key], tuple(conditions[key])) for key in found)


def _answer(
    decision: Decision, proposal: Proposal, meeting: Meeting | None, conditions: tuple[ConditionRecord, ...]
) -> AnswerRecord:
    redacted = paris_day(decision.redacted_at) if decision.redacted_at else None
    return AnswerRecord(
        id=decision.id,
        programme_id=proposal.programme_id,
        proposal_id=proposal.id,
        proposal_number=proposal.number or 0,
        proposal_title=proposal.title,
        outcome=decision.outcome,
        motive=decision.motive,
        reason=gettext("Texte retiré le %(day)s.", day=_day(redacted)) if redacted else decision.reason,
        taken_on=decision.taken_on,
        published_on=decision.published_on,
        review_on=decision.review_on,
        redirected_to=decision.redirected_to or "",
        redacted_on=redacted,
        meeting_id=decision.meeting_id,
        meeting_on=meeting.held_on if meeting else None,
        meeting_title=meeting.title if meeting else "",
        meeting_kind=meeting.kind if meeting else None,
        conditions=conditions,
    )


def _published(*where: ColumnElement[bool]) -> tuple[AnswerRecord, ...]:
    return _answers(
        _rows()
        .where(Decision.published_on.is_not(None), *where)
        .order_by(Decision.published_on, Decision.published_at, Decision.id, DecisionCondition.id)
    )


def published_answers(proposal_id: int) -> tuple[AnswerRecord, ...]:
    """The answers to a proposal that agents may read, the latest last; one statement."""
    return _published(Decision.proposal_id == proposal_id)


def answers_between(
    programme_id: int, *, after: date, until: date, known_at: datetime | None = None
) -> tuple[AnswerRecord, ...]:
    """The answers of a project published in ]after, until], as known at K, in the order of their publication."""
    known = [] if known_at is None else [Decision.published_at <= known_at]
    return _published(
        Proposal.programme_id == programme_id, Decision.published_on > after, Decision.published_on <= until, *known
    )


def by_ids(keys: Iterable[int]) -> tuple[AnswerRecord, ...]:
    """Decisions, published or not, by id. For the committee."""
    return _answers(_rows().where(Decision.id.in_(list(keys))).order_by(Decision.id, DecisionCondition.id))


def decisions_on(proposal_id: int) -> tuple[AnswerRecord, ...]:
    """All that was decided on a proposal, what is not published last. For the committee."""
    return _answers(
        _rows()
        .where(Decision.proposal_id == proposal_id)
        .order_by(Decision.published_on.is_(None), Decision.published_at, Decision.id, DecisionCondition.id)
    )


# what may still be published: never that on a proposal which can no longer be answered
_WAITING = (Decision.published_on.is_(None), Proposal.state.in_(DECIDABLE))


def unpublished(programme_id: int, *, page: int) -> Page[AnswerRecord]:
    """A page of the decisions taken and not published, by number of proposal. For the committee."""
    total = unpublished_count_of_project(programme_id)
    shown = window(page, size=UNPUBLISHED_SIZE, total=total)
    keys = (
        select(Decision.id)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .where(Proposal.programme_id == programme_id, *_WAITING)
        .order_by(Proposal.number, Decision.id)
        .limit(shown.size)
        .offset(shown.start)
    )
    return shown.holding(_unpublished(Decision.id.in_(keys)))


def unpublished_among(programme_id: int, keys: Iterable[int]) -> tuple[AnswerRecord, ...]:
    """Those of these decisions that wait to be published, by number of proposal. For the committee."""
    return _unpublished(Proposal.programme_id == programme_id, Decision.id.in_(list(keys)), *_WAITING)


def _unpublished(*where: ColumnElement[bool]) -> tuple[AnswerRecord, ...]:
    return _answers(_rows().where(*where).order_by(Proposal.number, Decision.id, DecisionCondition.id))


def unpublished_count(*where: ColumnElement[bool]) -> int:
    """How many decisions wait to be published. For the committee."""
    count = db.session.scalar(
        select(func.count(Decision.id)).join(Proposal, Proposal.id == Decision.proposal_id).where(*_WAITING, *where)
    )
    return count or 0


def unpublished_count_of_project(programme_id: int) -> int:
    return unpublished_count(Proposal.programme_id == programme_id)


def unpublished_count_of_meeting(meeting_id: int) -> int:
    return unpublished_count(Decision.meeting_id == meeting_id)


def answers_of_meeting(meeting_id: int) -> tuple[AnswerRecord, ...]:
    """The published answers taken in a meeting, by number of proposal."""
    return tuple(sorted(_published(Decision.meeting_id == meeting_id), key=lambda answer: answer.proposal_number))
