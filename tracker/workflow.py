"""Which step may follow which (design 4.4 and 4.8). Pure; rights are `permissions`' affair."""

from __future__ import annotations

from flask_babel import gettext

from tracker.enums import LetterState, ProposalState
from tracker.errors import IllegalTransition

S = ProposalState
ANSWERED = frozenset({S.RETAINED, S.DECLINED, S.DEFERRED, S.REDIRECTED})
# once published, agents may read it
VISIBLE = frozenset({S.PUBLISHED, S.UNDER_REVIEW, S.MERGED}) | ANSWERED
# an answer may be given, or given again
DECIDABLE = frozenset({S.PUBLISHED, S.UNDER_REVIEW}) | ANSWERED
# people may still say that they want it
SUPPORTABLE = frozenset({S.PUBLISHED, S.UNDER_REVIEW})
PENDING = frozenset({S.PUBLISHED, S.UNDER_REVIEW})

PROPOSAL_MOVES: dict[ProposalState, frozenset[ProposalState]] = {
    S.DRAFT: frozenset({S.SUBMITTED}),
    S.SUBMITTED: frozenset({S.PUBLISHED, S.DRAFT, S.WITHDRAWN}),
    S.PUBLISHED: frozenset({S.UNDER_REVIEW, S.MERGED, S.WITHDRAWN}) | ANSWERED,
    S.UNDER_REVIEW: frozenset({S.MERGED, S.WITHDRAWN}) | ANSWERED,
    S.RETAINED: ANSWERED | {S.MERGED},
    S.DECLINED: ANSWERED,
    S.DEFERRED: ANSWERED | {S.UNDER_REVIEW, S.MERGED},
    S.REDIRECTED: ANSWERED,
    S.MERGED: frozenset({S.PUBLISHED, S.UNDER_REVIEW}),
    S.WITHDRAWN: frozenset(),
}

L = LetterState
LETTER_MOVES: dict[LetterState, frozenset[LetterState]] = {
    L.DRAFT: frozenset({L.TO_APPROVE}),
    L.TO_APPROVE: frozenset({L.DRAFT, L.APPROVED}),
    L.APPROVED: frozenset({L.DRAFT, L.SCHEDULED, L.SENT}),
    L.SCHEDULED: frozenset({L.APPROVED, L.SENDING, L.SENT}),
    L.SENDING: frozenset({L.SENT}),
    L.SENT: frozenset(),
}


def check_proposal_move(from_state: ProposalState, to_state: ProposalState) -> None:
    """Raise IllegalTransition with both states in words unless the move is allowed."""
    if to_state not in PROPOSAL_MOVES[from_state]:
        raise IllegalTransition(
            gettext(
                "Cette proposition est « %(present)s » : elle ne peut pas devenir « %(wanted)s ».",
                present=from_state.label,
                wanted=to_state.label,
            )
        )


def check_letter_move(from_state: LetterState, to_state: LetterState) -> None:
    """Raise IllegalTransition with both states in words unless the move is allowed."""
    if to_state not in LETTER_MOVES[from_state]:
        raise IllegalTransition(
            gettext(
                "Cette lettre est « %(present)s » : elle ne peut pas devenir « %(wanted)s ».",
                present=from_state.label,
                wanted=to_state.label,
            )
        )
