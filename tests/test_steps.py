"""What a step of a consultation allows, to whom, in which state: every combination, none left to chance (design 4.4).

Sending, changing one's text and supporting depend on the step; taking back, moderating, studying and answering depend
on state and role alone. The expectation is written here by hand; nothing of it comes from `workflow` or `permissions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask import Flask

from tests import factories as make
from tests.conftest import NOON
from tracker.enums import Motive, Outcome, PhaseKind, ProposalState, ReviewAdvice, Role
from tracker.errors import TrackerError
from tracker.extensions import begin_write, end_transaction
from tracker.queries import campaigns
from tracker.queries.people import actor_by_login
from tracker.records import Actor
from tracker.services import decisions, lineage, proposals, reviews, votes
from tracker.services.decisions import AnswerInput
from tracker.services.proposals import Text

S = ProposalState
STEPS: dict[str, PhaseKind | None] = {**{kind.value: kind for kind in PhaseKind}, "none": None}
WHO = ("author", "agent", "pilote", "etude", "moderation", "copil", "redaction", "admin")
ROLE_OF = {
    "pilote": Role.GROUP_LEAD, "etude": Role.REVIEWER, "moderation": Role.MODERATOR, "copil": Role.STEERING,
    "redaction": Role.EDITOR, "admin": Role.ADMIN,
}  # fmt: skip

EVERYBODY = set(WHO)
IDEAS = {"proposing"}  # steps in which ideas come in
SUPPORT = {"proposing", "voting"}
ANY_STEP = set(STEPS)
PUBLIC = {S.PUBLISHED, S.UNDER_REVIEW}
ANSWERED = {S.RETAINED, S.DECLINED, S.DEFERRED, S.REDIRECTED}

# act → (steps, states, people): allowed when all three hold, in one of the lines
EXPECTED: dict[str, tuple[tuple[set[str], set[ProposalState], set[str]], ...]] = {
    "support": ((SUPPORT, PUBLIC, EVERYBODY),),
    "take back support": ((SUPPORT, PUBLIC, EVERYBODY),),
    "save draft": ((ANY_STEP, {S.DRAFT}, {"author"}),),  # what one wrote is kept at any time
    "send": ((IDEAS, {S.DRAFT}, {"author"}), (ANY_STEP, {S.SUBMITTED, S.PUBLISHED}, {"author"})),  # again: sent once
    "rewrite": ((IDEAS, {S.PUBLISHED}, {"author"}),),
    "withdraw": ((ANY_STEP, {S.SUBMITTED, *PUBLIC}, {"author"}),),
    "publish": ((ANY_STEP, {S.SUBMITTED}, {"moderation"}),),
    "send back": ((ANY_STEP, {S.SUBMITTED}, {"moderation"}),),
    "take for study": ((ANY_STEP, {S.PUBLISHED, S.DEFERRED}, {"etude"}),),
    "give an opinion": ((ANY_STEP, PUBLIC, {"etude"}),),
    "decide": ((ANY_STEP, {*PUBLIC, *ANSWERED}, {"copil"}),),
    "regroup": ((ANY_STEP, {*PUBLIC, S.DEFERRED}, {"copil", "etude"}),),
    "begin": ((IDEAS, set(S), EVERYBODY),),  # a new idea, whatever became of another one
}


class Ground:
    """One consultation per step, one proposal per state in each, one person per role."""

    def __init__(self) -> None:
        project = make.programme()
        group = make.group(project)
        employer = project.entities[0].id
        people = {
            who: make.user(*([ROLE_OF[who]] if who in ROLE_OF else []), group=group, programme=project, login=who,
                           entity_id=employer)
            for who in WHO
        }  # fmt: skip
        self.logins = {who: one.login for who, one in people.items()}
        self.campaigns: dict[str, int] = {}
        self.proposals: dict[tuple[str, ProposalState], int] = {}
        self.keys: dict[tuple[str, ProposalState], str] = {}
        for step, kind in STEPS.items():
            campaign = make.campaign(project, *([(kind, date(2026, 3, 1), date(2026, 4, 1))] if kind else []))
            self.campaigns[step] = campaign.id
            for state in S:
                row = make.proposal(project, state=state, author=people["author"], campaign_id=campaign.id)
                row.draft_key = proposals.new_key()
                self.proposals[step, state] = row.id
                self.keys[step, state] = row.draft_key
        self.target = make.proposal(project, author=people["author"])


@pytest.fixture
def ground(app: Flask, writing: Any) -> Ground:
    with writing():
        return Ground()


@contextmanager
def undone() -> Iterator[None]:
    """A write of which nothing stays."""
    begin_write()
    try:
        yield
    finally:
        end_transaction(commit=False)


LONG_ENOUGH = "Une phrase assez longue pour être une raison."
ANSWER = AnswerInput(
    outcome=Outcome.DECLINED, motive=Motive.COST,
    reason=LONG_ENOUGH, conditions=(), review_on=None, redirected_to="", meeting_id=None, taken_on=date(2026, 3, 12),
)  # fmt: skip


def acts(ground: Ground, step: str, state: ProposalState, keys: dict[str, Any]) -> dict[str, Callable[[Actor], object]]:
    """Each act as the views ask it of the services."""
    one, key, target = ground.proposals[step, state], ground.keys[step, state], ground.target.number
    campaign = ground.campaigns[step]
    text = Text(title="Un titre qui convient", body="Le texte d'une idée, en une phrase.")
    now: dict[str, Any] = {"now": NOON}
    return {
        "support": lambda who: votes.cast(actor=who, proposal_id=one, key=keys[step], **now),
        "take back support": lambda who: votes.withdraw(actor=who, proposal_id=one, key=keys[step], **now),
        "save draft": lambda who: proposals.save_draft(actor=who, key=key, campaign_id=campaign, text=text, **now),
        "send": lambda who: proposals.submit(actor=who, key=key, **now),
        "rewrite": lambda who: proposals.rewrite(
            actor=who, proposal_id=one, title=text.title, body=text.body, base_version=1, **now
        ),
        "withdraw": lambda who: proposals.withdraw(actor=who, proposal_id=one, **now),
        "publish": lambda who: proposals.publish(actor=who, proposal_id=one, **now),
        "send back": lambda who: proposals.send_back(actor=who, proposal_id=one, reason=LONG_ENOUGH, **now),
        "take for study": lambda who: reviews.take(proposal_id=one, actor=who, **now),
        "give an opinion": lambda who: reviews.write(
            proposal_id=one, advice=ReviewAdvice.FAVOURABLE, text=LONG_ENOUGH, actor=who, **now
        ),
        "decide": lambda who: decisions.take(proposal_id=one, answer=ANSWER, actor=who, **now),
        "regroup": lambda who: lineage.merge(proposal_id=one, into_number=target, actor=who, **now),
        "begin": lambda who: proposals.save_draft(
            actor=who, key=proposals.new_key(), campaign_id=campaign, text=text, **now
        ),
    }


@pytest.mark.parametrize("step", STEPS)
def test_every_act_in_every_step_state_and_role(ground: Ground, step: str) -> None:
    record = campaigns.by_id(ground.campaigns[step])
    assert record is not None
    end_transaction(commit=False)
    keys = {step: votes.prepare_key(record)}
    people = {who: actor_by_login(login, now=NOON) for who, login in ground.logins.items()}
    wrong = []
    for state in S:
        for act, run in acts(ground, step, state, keys).items():
            for who, actor in people.items():
                assert actor is not None
                expected = any(step in when and state in states and who in by for when, states, by in EXPECTED[act])
                try:
                    with undone():
                        run(actor)
                    done, said = True, ""
                except TrackerError as refusal:
                    done, said = False, refusal.message
                    assert said.strip(), "refused without a sentence"
                if done != expected:
                    wrong.append(f"{who} may{'' if done else ' not'} {act} what is {state.value}: {said}")
    assert not wrong, "\n".join(wrong)
