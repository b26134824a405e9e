"""The one place where a proposal changes state: checked, appended, cached (design 4.4)."""

from __future__ import annotations

from datetime import date, datetime

from tracker import workflow
from tracker.enums import ProposalState
from tracker.extensions import db
from tracker.models import Decision, Proposal, ProposalTransition


def move(
    proposal: Proposal,
    to_state: ProposalState,
    *,
    effective_on: date,
    now: datetime,
    decision: Decision | None = None,
    reason: str | None = None,
) -> ProposalTransition:
    """Append the move and set the cached state. Raises IllegalTransition."""
    workflow.check_proposal_move(proposal.state, to_state)
    transition = ProposalTransition(
        proposal_id=proposal.id,
        from_state=proposal.state,
        to_state=to_state,
        effective_on=effective_on,
        recorded_at=now,
        decision_id=decision.id if decision else None,
        reason=reason,
    )
    db.session.add(transition)
    proposal.state = to_state
    db.session.flush()
    return transition
