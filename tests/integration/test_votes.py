"""Expressions of support (design 4.6): what is written, what is never written, and what a lost key does."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tests.effort import cases
from tracker.enums import PhaseKind, ProposalState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Campaign, Event, Instance, Programme, Proposal, RollEntry, User, Vote
from tracker.queries import campaigns, checks, people
from tracker.records import Actor
from tracker.services import votes

NOW = datetime(2026, 3, 16, 11, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 11, 0, tzinfo=UTC)


class Ballot:
    """A consultation open to support, some proposals and some people."""

    def __init__(self, electors: int = 3, proposals: int = 2) -> None:
        with write_transaction():
            project = factories.programme()
            consultation = factories.open_campaign(project)
            self.project_id, self.campaign_id = project.id, consultation.id
            self.logins = [factories.user(programme=project).login for _ in range(electors)]
            self.proposals = [factories.proposal(project, campaign_id=consultation.id).id for _ in range(proposals)]

    def actor(self, n: int) -> Actor:
        found = people.actor_by_login(self.logins[n], now=NOW)
        assert found is not None
        end_transaction(commit=False)
        return found

    def key(self) -> votes.Key:
        record = campaigns.by_id(self.campaign_id)
        end_transaction(commit=False)
        assert record is not None
        return votes.prepare_key(record)

    def open(self) -> None:
        key = self.key()
        with write_transaction():
            votes.open_roll(campaign_id=self.campaign_id, key=key, now=NOW)

    def act(self, what: Callable[..., bool], n: int, proposal: int = 0, now: datetime = NOW) -> bool:
        actor, key = self.actor(n), self.key()
        with write_transaction():
            return what(actor=actor, proposal_id=self.proposals[proposal], key=key, now=now)

    def cast(self, n: int, proposal: int = 0, now: datetime = NOW) -> bool:
        return self.act(votes.cast, n, proposal, now)

    def withdraw(self, n: int, proposal: int = 0, now: datetime = NOW) -> bool:
        return self.act(votes.withdraw, n, proposal, now)

    def count(self, proposal: int = 0) -> int:
        return db.session.scalar(select(Proposal.support_count).where(Proposal.id == self.proposals[proposal])) or 0


@pytest.fixture
def ballot(app: Flask) -> Ballot:
    made = Ballot()
    made.open()
    return made


def snapshot(*, but: set[str]) -> dict[str, list[Any]]:
    """Every row of every table, apart from those named."""
    return {
        table.name: sorted(map(repr, db.session.execute(select(table)).all()))
        for table in db.metadata.sorted_tables
        if table.name not in but
    }


def test_the_key_file_is_its_owners_alone_and_is_not_in_the_database(ballot: Ballot) -> None:
    path = votes.key_folder() / f"{ballot.campaign_id}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    campaign = db.session.get_one(Campaign, ballot.campaign_id)
    assert campaign.key_sha256 == ballot.key().sha256
    assert ballot.key().secret.hex() not in repr(snapshot(but=set()))


def test_the_key_does_not_show_itself_in_a_log(ballot: Ballot) -> None:
    assert ballot.key().secret.hex() not in repr(ballot.key())
    assert str(ballot.key().secret) not in repr(ballot.key())


def test_the_key_is_made_once(ballot: Ballot) -> None:
    assert ballot.key() == ballot.key()


def test_the_roll_has_the_active_people_of_the_employers_of_the_project(app: Flask) -> None:
    ballot = Ballot()
    with write_transaction():
        project = db.session.get_one(Programme, ballot.project_id)
        factories.user(programme=project, is_active=False)
        factories.user(entity_id=factories.entity().id)
        factories.user(entity_id=None)
    ballot.open()
    on_roll = set(db.session.scalars(select(User.login).join(RollEntry, RollEntry.user_id == User.id)))
    assert on_roll == set(ballot.logins)


def test_opening_the_roll_twice_adds_nothing(ballot: Ballot) -> None:
    key = ballot.key()
    with write_transaction():
        assert votes.open_roll(campaign_id=ballot.campaign_id, key=key, now=NOW) == 0
    assert db.session.scalar(select(func.count()).select_from(RollEntry)) == 3


def test_one_who_joins_later_is_added_to_the_roll(ballot: Ballot) -> None:
    with write_transaction():
        project = db.session.get_one(Programme, ballot.project_id)
        ballot.logins.append(factories.user(programme=project).login)
    assert ballot.cast(3)
    assert db.session.scalar(select(func.count()).select_from(RollEntry)) == 4


def test_a_vote_outside_a_write_transaction_is_refused_loudly(ballot: Ballot) -> None:
    actor, key = ballot.actor(0), ballot.key()
    for act in (votes.cast, votes.withdraw):
        with pytest.raises(RuntimeError, match=r"call begin_write\(\) first"):
            act(actor=actor, proposal_id=ballot.proposals[0], key=key, now=NOW)
    end_transaction(commit=False)
    assert ballot.count() == 0


def test_one_of_another_employer_may_not_support(ballot: Ballot) -> None:
    with write_transaction():
        ballot.logins.append(factories.user(entity_id=factories.entity().id).login)
    with pytest.raises(Refused, match="employeurs de ce projet"):
        ballot.cast(3)
    assert ballot.count() == 0


def test_supporting_twice_counts_once(ballot: Ballot) -> None:
    assert ballot.cast(0)
    assert not ballot.cast(0)
    assert ballot.count() == 1


def test_withdrawing_twice_takes_one_off(ballot: Ballot) -> None:
    ballot.cast(0)
    ballot.cast(1)
    assert ballot.withdraw(0)
    assert not ballot.withdraw(0)
    assert ballot.count() == 1


def test_supported_by_me_is_mine_alone(ballot: Ballot) -> None:
    ballot.cast(0, 1)
    assert votes.supported_by(actor=ballot.actor(0), campaign_ids=[ballot.campaign_id]) == {ballot.proposals[1]}
    assert votes.supported_by(actor=ballot.actor(1), campaign_ids=[ballot.campaign_id]) == set()


def test_a_vote_writes_nothing_else_anywhere(ballot: Ballot) -> None:
    """No event, follow, notification, revision: only the vote, the roll's mark and the proposal's count."""

    def others() -> dict[str, list[Any]]:
        rows = snapshot(but={"vote", "roll_entry", "proposal"})
        columns = [c for c in Proposal.__table__.columns if c.name != "support_count"]
        rows["proposal"] = sorted(map(repr, db.session.execute(select(*columns)).all()))
        return rows

    before = others()
    ballot.cast(0)
    ballot.cast(1)
    ballot.withdraw(1)
    assert others() == before
    assert db.session.scalar(select(func.count()).select_from(Event)) == 0
    assert db.session.scalar(select(Instance.revision)) == 1
    assert db.session.scalar(select(Programme.revision)) == 1


def test_no_support_before_the_opening_nor_after_the_close(ballot: Ballot) -> None:
    for moment in (datetime(2026, 2, 28, 22, 59, tzinfo=UTC), LATER):
        with pytest.raises(Refused, match="pas ouverts"):
            ballot.cast(0, now=moment)
    assert ballot.count() == 0


def test_no_support_while_a_step_does_not_allow_it(app: Flask, clock: Clock) -> None:
    ballot = Ballot()
    with write_transaction():
        project = db.session.get_one(Programme, ballot.project_id)
        paused = factories.campaign(project, (PhaseKind.REVIEWING, date(2026, 3, 1), date(2026, 4, 1)))
        ballot.campaign_id = paused.id
        ballot.proposals = [factories.proposal(project, campaign_id=paused.id).id]
    with pytest.raises(Refused, match="pas ouverts"):
        ballot.cast(0)


def test_a_step_that_allows_support_does_so_from_its_first_instant_to_the_one_before_its_end(ballot: Ballot) -> None:
    first, end = datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)  # midnights in Paris
    instant = timedelta(microseconds=1)
    for outside in (first - instant, end):
        with pytest.raises(Refused, match="pas ouverts"):
            ballot.cast(0, now=outside)
    assert ballot.cast(0, now=first)
    assert ballot.cast(1, now=end - instant)
    assert ballot.count() == 2


def test_no_support_once_the_votes_are_closed_whatever_the_step_says(ballot: Ballot) -> None:
    key = ballot.key()
    with write_transaction():
        db.session.get_one(Campaign, ballot.campaign_id).votes_closed_at = NOW
    actor = ballot.actor(0)
    with pytest.raises(Refused, match="pas ouverts"), write_transaction():
        votes.cast(actor=actor, proposal_id=ballot.proposals[0], key=key, now=NOW)


@pytest.mark.parametrize("state", [ProposalState.RETAINED, ProposalState.MERGED, ProposalState.WITHDRAWN])
def test_no_support_once_a_proposal_has_its_answer(ballot: Ballot, state: ProposalState) -> None:
    with write_transaction():
        db.session.get_one(Proposal, ballot.proposals[0]).state = state
    with pytest.raises(Refused):
        ballot.cast(0)


def test_a_submission_cannot_be_supported(ballot: Ballot) -> None:
    with write_transaction():
        project = db.session.get_one(Programme, ballot.project_id)
        sent = factories.proposal(project, state=ProposalState.SUBMITTED, campaign_id=ballot.campaign_id)
        ballot.proposals = [sent.id]
    with pytest.raises(NotFound):
        ballot.cast(0)


def test_a_key_of_another_consultation_is_refused(ballot: Ballot) -> None:
    path = votes.key_folder() / f"{ballot.campaign_id}.key"
    path.write_bytes(b"x" * 32)
    with pytest.raises(Conflict, match="clé de vote"):
        ballot.cast(0)
    assert ballot.count() == 0


def test_a_lost_key_keeps_the_votes_and_lets_only_the_others_vote(ballot: Ballot) -> None:
    ballot.cast(0)
    (votes.key_folder() / f"{ballot.campaign_id}.key").unlink()
    assert ballot.cast(1)
    for act in (ballot.cast, ballot.withdraw):
        with pytest.raises(Refused, match="clé de vote"):
            act(0)
    assert ballot.count() == 2
    assert ballot.withdraw(1)
    assert ballot.cast(1), "the new key is kept from one act to the next"
    assert (votes.key_folder() / f"{ballot.campaign_id}.key").exists()
    assert ballot.count() == 2


def test_one_who_took_everything_back_is_not_held_by_a_lost_key(ballot: Ballot) -> None:
    ballot.cast(0)
    ballot.withdraw(0)
    (votes.key_folder() / f"{ballot.campaign_id}.key").unlink()
    assert ballot.cast(0)


def test_the_close_keeps_every_row_and_destroys_the_key(ballot: Ballot) -> None:
    ballot.cast(0)
    ballot.cast(1, 1)
    before = (db.session.execute(select(Vote.__table__)).all(), db.session.execute(select(RollEntry.__table__)).all())
    with write_transaction():
        assert votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)
    votes.destroy_key(ballot.campaign_id)
    after = (db.session.execute(select(Vote.__table__)).all(), db.session.execute(select(RollEntry.__table__)).all())
    assert [sorted(map(repr, rows)) for rows in after] == [sorted(map(repr, rows)) for rows in before]
    assert not (votes.key_folder() / f"{ballot.campaign_id}.key").exists()
    assert votes.supported_by(actor=ballot.actor(0)) == set()
    assert ballot.count() == 1
    assert db.session.scalar(select(Programme.revision)) == 2, "the close is told to caches"


def test_after_the_close_no_key_is_made_again(ballot: Ballot) -> None:
    with write_transaction():
        votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)
    votes.destroy_key(ballot.campaign_id)
    with pytest.raises(Refused, match="pas ouverts"):
        ballot.cast(0)
    assert not (votes.key_folder() / f"{ballot.campaign_id}.key").exists()


def test_the_votes_cannot_be_closed_early_and_are_closed_once(ballot: Ballot) -> None:
    with pytest.raises(Refused, match="encore ouverts"), write_transaction():
        votes.close_votes(campaign_id=ballot.campaign_id, now=NOW)
    with write_transaction():
        assert votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)
    with write_transaction():
        assert not votes.close_votes(campaign_id=ballot.campaign_id, now=LATER + timedelta(days=1))


def test_what_is_due_to_open_and_to_close(app: Flask) -> None:
    ballot = Ballot()
    assert [c.id for c in votes.due_to_open(NOW)] == [ballot.campaign_id]
    assert votes.due_to_close(NOW) == ()
    ballot.open()
    assert votes.due_to_open(NOW) == ()
    assert [c.id for c in votes.due_to_close(LATER)] == [ballot.campaign_id]


@cases(12, 300)
@given(
    acts=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2)), max_size=25),
    loss=st.integers(0, 30),
)
def test_counts_and_participation_equal_the_tags_after_any_sequence(
    app: Flask, acts: list[tuple[bool, int, int]], loss: int
) -> None:
    """Whatever people do, whenever the key is lost: support_count = tags, electors who took part = distinct tags."""
    ballot = Ballot(electors=4, proposals=3)
    ballot.open()
    for step, (casting, n, proposal) in enumerate(acts):
        if step == loss:
            (votes.key_folder() / f"{ballot.campaign_id}.key").unlink(missing_ok=True)
        try:
            (ballot.cast if casting else ballot.withdraw)(n, proposal)
        except Refused:
            assert step >= loss, "only a lost key may refuse here"
        of_this = Vote.campaign_id == ballot.campaign_id
        tags = db.session.scalar(select(func.count(func.distinct(Vote.tag))).where(of_this))
        took_part = select(func.count()).where(RollEntry.campaign_id == ballot.campaign_id, RollEntry.took_part)
        assert db.session.scalar(took_part) == tags
        assert checks.wrong_supports() == []
        end_transaction(commit=False)
