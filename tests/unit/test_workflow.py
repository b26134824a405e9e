"""Which step may follow which: every pair of states (design 4.4 and 4.8)."""

from __future__ import annotations

import itertools

import pytest

from tracker import workflow
from tracker.enums import LetterState, Outcome, ProposalState
from tracker.errors import IllegalTransition

# from → to, written apart from the code: d(raft) s(ubmitted) p(ublished) u(nder review) r(etained) n(declined)
# l(deferred) o(redirected) m(erged) w(ithdrawn)
S = dict(zip("dspurnlomw", ProposalState, strict=True))
MOVES = {
    "d": "s",
    "s": "dpw",
    "p": "urnlomw",
    "u": "rnlomw",
    "r": "rnlom",
    "n": "rnlo",
    "l": "rnloum",
    "o": "rnlo",
    "m": "pu",
    "w": "",
}
L = dict(zip("dtaxgs", LetterState, strict=True))  # draft, to approve, approved, scheduled, sending, sent
LETTER_MOVES = {"d": "t", "t": "da", "a": "dxs", "x": "ags", "g": "s", "s": ""}


@pytest.mark.parametrize(("one", "other"), list(itertools.product(S, S)))
def test_every_pair_of_states_of_a_proposal(one: str, other: str) -> None:
    if other in MOVES[one]:
        workflow.check_proposal_move(S[one], S[other])
    else:
        with pytest.raises(IllegalTransition) as refusal:
            workflow.check_proposal_move(S[one], S[other])
        assert S[one].label in refusal.value.message
        assert S[other].label in refusal.value.message
        assert refusal.value.status == 409


@pytest.mark.parametrize(("one", "other"), list(itertools.product(L, L)))
def test_every_pair_of_states_of_a_letter(one: str, other: str) -> None:
    if other in LETTER_MOVES[one]:
        workflow.check_letter_move(L[one], L[other])
    else:
        with pytest.raises(IllegalTransition) as refusal:
            workflow.check_letter_move(L[one], L[other])
        assert L[one].label in refusal.value.message


def test_a_return_to_the_author_is_a_move_back_to_draft() -> None:
    workflow.check_proposal_move(ProposalState.SUBMITTED, ProposalState.DRAFT)


def test_nothing_is_answered_before_it_is_published() -> None:
    for outcome in Outcome:
        for before in (ProposalState.DRAFT, ProposalState.SUBMITTED, ProposalState.WITHDRAWN, ProposalState.MERGED):
            assert before not in workflow.DECIDABLE
            with pytest.raises(IllegalTransition):
                workflow.check_proposal_move(before, outcome.state)
        for before in workflow.DECIDABLE:
            workflow.check_proposal_move(before, outcome.state)


def test_what_agents_read_what_may_be_supported_and_what_waits() -> None:
    hidden = {ProposalState.DRAFT, ProposalState.SUBMITTED, ProposalState.WITHDRAWN}
    assert set(ProposalState) - hidden == workflow.VISIBLE
    assert workflow.SUPPORTABLE <= workflow.VISIBLE
    assert {ProposalState.PUBLISHED, ProposalState.UNDER_REVIEW} == workflow.PENDING
    assert {outcome.state for outcome in Outcome} == workflow.ANSWERED


def test_what_is_withdrawn_or_sent_stays_so() -> None:
    assert not workflow.PROPOSAL_MOVES[ProposalState.WITHDRAWN]
    assert not workflow.LETTER_MOVES[LetterState.SENT]
    assert set(workflow.PROPOSAL_MOVES) == set(ProposalState)
    assert set(workflow.LETTER_MOVES) == set(LetterState)
