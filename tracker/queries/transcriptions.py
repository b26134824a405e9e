"""What somebody wrote down for others today, and may still take back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from tracker.enums import Origin, ProposalState
from tracker.extensions import db
from tracker.models import Event, Proposal
from tracker.records import paris_day, paris_instant

VERB = "proposal:transcribe"
ORIGINS = (Origin.PAPER, Origin.WORKSHOP)


@dataclass(frozen=True, slots=True)
class TypedToday:
    id: int
    title: str
    state: ProposalState


def _mine(user_id: int, now: datetime) -> Select[int]:
    """Those of today whose trace has who wrote them: where the name is not displayed, it has nobody."""
    since = paris_instant(paris_day(now))
    return select(Event.subject_id).where(Event.verb == VERB, Event.actor_id == user_id, Event.at >= since)


def by_me_today(proposal_id: int, *, user_id: int, now: datetime) -> bool:
    return db.session.scalar(_mine(user_id, now).where(Event.subject_id == proposal_id).limit(1)) is not None


def typed_today(*, user_id: int, campaign_id: int, now: datetime) -> Sequence[TypedToday]:
    """Those that nobody supports or studies yet, the last first."""
    rows = db.session.execute(
        select(Proposal.id, Proposal.title, Proposal.state)
        .where(
            Proposal.id.in_(_mine(user_id, now)), Proposal.campaign_id == campaign_id, Proposal.origin.in_(ORIGINS),
            Proposal.state.in_((ProposalState.SUBMITTED, ProposalState.PUBLISHED)), Proposal.support_count == 0,
        )
        .order_by(Proposal.id.desc())
    )  # fmt: skip
    return [TypedToday(*row) for row in rows]
