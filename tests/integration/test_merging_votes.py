"""Two accounts merged while people vote: one person's supports, nobody else's touched, nothing else written."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests import factories
from tests.integration.test_votes import LATER, NOW, Ballot
from tracker.enums import Role
from tracker.errors import Conflict, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Campaign, Event, Programme, RollEntry, User, Vote
from tracker.queries import checks, people
from tracker.services import merging, vote_merging, votes


def ids_of(ballot: Ballot) -> list[int]:
    found = [ballot.actor(n).id for n in range(len(ballot.logins))]
    end_transaction(commit=False)
    return found


def merge(kept_id: int, dropped_id: int) -> None:
    with write_transaction():
        login = factories.user(Role.ADMIN).login
    actor = people.actor_by_login(login, now=NOW)
    assert actor is not None
    keys = vote_merging.read_keys()
    found = merging.preview(kept_id=kept_id, dropped_id=dropped_id, keys=keys, actor=actor, now=NOW)
    end_transaction(commit=False)
    with write_transaction():
        merging.merge(
            kept_id=kept_id, dropped_id=dropped_id, keys=keys, seen=found.mark, management_said=False, actor=actor,
            now=NOW,
        )  # fmt: skip


def cast_votes() -> set[tuple[int, str]]:
    return {(row[0], row[1]) for row in db.session.execute(select(Vote.proposal_id, Vote.tag))}


def check_invariants(ballot: Ballot) -> None:
    of_this = Vote.campaign_id == ballot.campaign_id
    tags = db.session.scalar(select(func.count(func.distinct(Vote.tag))).where(of_this))
    took_part = select(func.count()).where(RollEntry.campaign_id == ballot.campaign_id, RollEntry.took_part)
    assert db.session.scalar(took_part) == tags
    assert checks.wrong_supports() == []


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    acts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12),
    after=st.lists(st.tuples(st.booleans(), st.integers(0, 2)), max_size=4),
)
def test_the_supports_of_both_become_one_persons(
    app: Flask, acts: list[tuple[int, int]], after: list[tuple[bool, int]]
) -> None:
    ballot = Ballot(electors=4, proposals=3)
    ballot.open()
    for n, proposal in acts:
        ballot.cast(n, proposal)
    ids, key = ids_of(ballot), ballot.key()
    before = cast_votes()
    merge(ids[0], ids[1])
    kept, dropped = key.tag(ids[0]), key.tag(ids[1])
    mine = {proposal for proposal, tag in before if tag in {kept, dropped}}
    others = {(proposal, tag) for proposal, tag in before if tag not in {kept, dropped}}
    assert cast_votes() == others | {(proposal, kept) for proposal in mine}
    assert db.session.get(RollEntry, (ballot.campaign_id, ids[1])) is None
    check_invariants(ballot)
    end_transaction(commit=False)
    for casting, proposal in after:  # the person goes on voting, under the one account
        (ballot.cast if casting else ballot.withdraw)(0, proposal)
        check_invariants(ballot)
        end_transaction(commit=False)


@pytest.fixture
def ballot(app: Flask) -> Ballot:
    made = Ballot()
    made.open()
    return made


def key_file(ballot: Ballot) -> Any:
    return votes.key_folder() / f"{ballot.campaign_id}.key"


def test_an_elector_merged_into_somebody_who_is_none_keeps_their_supports(ballot: Ballot) -> None:
    with write_transaction():
        other = factories.user(entity_id=None).id
    ballot.cast(0)
    ids, key = ids_of(ballot), ballot.key()
    merge(other, ids[0])
    assert cast_votes() == {(ballot.proposals[0], key.tag(other))}
    assert db.session.get_one(RollEntry, (ballot.campaign_id, other)).took_part
    check_invariants(ballot)


@pytest.mark.parametrize("voted", [0, 1, 2, None])
def test_two_electors_wait_for_the_close_when_the_key_is_lost(ballot: Ballot, voted: int | None) -> None:
    """Whoever voted, the answer is the same: it tells nothing of who took part."""
    if voted is not None:
        ballot.cast(voted)
    key_file(ballot).unlink()
    ids = ids_of(ballot)
    with pytest.raises(Refused, match="la clé de vote en a été perdue"):
        merge(ids[0], ids[1])
    end_transaction(commit=False)
    assert db.session.get_one(User, ids[1]).merged_into_id is None


def test_a_key_lost_then_replaced_leaves_votes_that_nobody_can_tell_apart(ballot: Ballot) -> None:
    ballot.cast(0)
    key_file(ballot).unlink()
    ballot.cast(1)
    ids = ids_of(ballot)
    for pair in ((ids[0], ids[1]), (ids[2], ids[1])):
        with pytest.raises(Refused, match="la clé de vote en a été perdue"):
            merge(*pair)
        end_transaction(commit=False)


def test_a_lost_key_holds_nobody_who_is_alone_on_the_roll(ballot: Ballot) -> None:
    with write_transaction():
        other = factories.user(entity_id=None).id
    ballot.cast(0)
    key_file(ballot).unlink()
    ids = ids_of(ballot)
    merge(other, ids[0])
    assert db.session.get_one(RollEntry, (ballot.campaign_id, other)).took_part
    check_invariants(ballot)


def test_a_roll_stays_as_it_is_once_the_vote_is_closed(ballot: Ballot) -> None:
    ballot.cast(0)
    ballot.cast(1)
    with write_transaction():
        votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)
    votes.destroy_key(ballot.campaign_id)
    ids, before = ids_of(ballot), cast_votes()
    merge(ids[0], ids[1])
    assert cast_votes() == before
    assert set(db.session.scalars(select(RollEntry.user_id))) == set(ids)
    check_invariants(ballot)


def test_a_consultation_that_opened_meanwhile_is_looked_at_again(ballot: Ballot) -> None:
    ids = ids_of(ballot)
    with pytest.raises(Conflict, match="vient de s'ouvrir"):
        vote_merging.check(kept_id=ids[0], dropped_id=ids[1], keys={})


def test_nothing_is_written_of_the_supports_elsewhere(ballot: Ballot) -> None:
    """The trace of the merge is the same whether the two voted or not."""
    ballot.cast(0)
    ballot.cast(1)
    ids = ids_of(ballot)
    merge(ids[0], ids[1])
    event = db.session.scalars(select(Event)).one()
    assert (event.verb, event.changes) == ("user:merge", {"merged": ids[1]})
    assert db.session.get_one(Campaign, ballot.campaign_id).key_sha256 == ballot.key().sha256
    assert db.session.scalars(select(Programme.revision)).all() == [2]
