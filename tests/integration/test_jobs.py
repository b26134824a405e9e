"""What starts by itself: a round goes on after what fails, and no key outlives the close."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.integration.test_votes import LATER, NOW, Ballot
from tracker import jobs
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Campaign, Phase
from tracker.queries import campaigns
from tracker.services import maintenance, votes


class Said(list[str]):
    def __call__(self, sentence: str) -> None:
        self.append(sentence)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def ballot(app: Flask) -> Ballot:
    made = Ballot()
    made.open()
    return made


def closed_then_stopped(ballot: Ballot) -> None:
    """The close is committed, and the process stops before it destroys the key."""
    ballot.cast(0)
    with write_transaction():
        votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)


def keys() -> list[str]:
    return sorted(path.name for path in votes.key_folder().iterdir())


def test_a_key_does_not_outlive_a_round_stopped_between_the_close_and_its_destruction(
    ballot: Ballot, said: Said
) -> None:
    closed_then_stopped(ballot)
    assert keys()
    assert jobs.run(LATER, say=said)
    assert keys() == []


def test_a_key_that_outlived_the_close_tells_nobody_what_they_supported(ballot: Ballot) -> None:
    closed_then_stopped(ballot)
    actor = ballot.actor(0)
    assert keys()
    assert votes.living_tags(actor) == {}
    assert votes.supported_by(actor=actor) == set()


def test_a_key_made_just_after_the_close_by_a_request_that_read_before_it_is_destroyed(
    ballot: Ballot, said: Said
) -> None:
    read_before = campaigns.by_id(ballot.campaign_id)
    end_transaction(commit=False)
    assert read_before is not None
    closed_then_stopped(ballot)
    votes.destroy_key(ballot.campaign_id)
    votes.prepare_key(read_before)
    assert keys() == [f"{ballot.campaign_id}.key.new"]
    assert jobs.run(LATER, say=said)
    assert keys() == []


def test_the_key_of_an_open_consultation_is_left_alone(ballot: Ballot, said: Said) -> None:
    other = Ballot()
    other.open()
    closed_then_stopped(other)
    jobs.run(NOW, say=said)
    assert keys() == [f"{ballot.campaign_id}.key"]


def end_now(ballot: Ballot) -> None:
    with write_transaction():
        for step in db.session.scalars(select(Phase).where(Phase.campaign_id == ballot.campaign_id)):
            step.ends_at = NOW - timedelta(hours=1)


def test_one_bad_consultation_stops_neither_the_others_nor_the_jobs_after_it(app: Flask, said: Said) -> None:
    bad, ending, beginning = Ballot(), Ballot(), Ballot()
    for one in (bad, ending):
        one.open()
    with write_transaction():
        db.session.get_one(Campaign, bad.campaign_id).roll_opened_at = None
    (votes.key_folder() / f"{bad.campaign_id}.key").write_bytes(b"x" * 32)  # another instance's key
    end_now(ending)
    assert not jobs.run(NOW, say=said)
    assert votes.living_key(ending.campaign_id) is None, "closed"
    begun = campaigns.by_id(beginning.campaign_id)
    assert begun is not None
    assert begun.roll_opened, "opened"
    failed = [sentence for sentence in said if "échec" in sentence]
    assert len(failed) == 1
    assert f"consultation {bad.campaign_id}" in failed[0]
    assert "n'est pas celle de cette consultation" in failed[0]
    assert "votes clos : 1" in said
    assert "votes ouverts : 1" in said
    assert any(sentence.startswith("lignes nettoyées") for sentence in said)


def test_a_close_that_fails_leaves_its_key_and_the_other_close_is_made(
    app: Flask, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Ballot(), Ballot()
    for one in (first, second):
        one.open()
        end_now(one)
    close = votes.close_votes

    def failing(**values: object) -> bool:
        if values["campaign_id"] == first.campaign_id:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return close(**values)  # type: ignore[arg-type]

    monkeypatch.setattr(votes, "close_votes", failing)
    assert not jobs.run(NOW, say=said)
    assert keys() == [f"{first.campaign_id}.key"]
    assert any("database is locked" in sentence for sentence in said)
    monkeypatch.undo()
    assert jobs.run(NOW, say=said), "the next round makes up for it"
    assert keys() == []


def test_a_job_in_trouble_does_not_stop_the_next_and_the_command_ends_with_status_1(
    ballot: Ballot, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_now: object) -> tuple[()]:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(votes, "due_to_close", away)
    result = app.test_cli_runner().invoke(args=["jobs", "run"])
    assert result.exit_code == 1
    assert "votes clos : échec" in result.output
    assert "lignes nettoyées : 0" in result.output


def test_a_fault_of_the_code_is_not_hidden(ballot: Ballot, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_values: object) -> tuple[int, int]:
        raise TypeError("a fault")

    monkeypatch.setattr(maintenance, "clean", broken)
    with pytest.raises(TypeError):
        jobs.run(NOW, say=said)


def test_the_close_comes_before_the_opening() -> None:
    titles = [title for title, _job in jobs.JOBS]
    assert titles.index("votes clos") < titles.index("votes ouverts")
