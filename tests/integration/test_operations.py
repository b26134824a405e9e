"""Commands of operators: backup, restore, check, jobs."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from tests import factories
from tracker.enums import PhaseKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Campaign, Proposal
from tracker.queries import checks
from tracker.queries.checks import Level


def test_a_backup_is_a_whole_database_and_restores_only_into_an_empty_place(app, writing, tmp_path: Path) -> None:
    with writing():
        factories.programme(title="Projet à sauver")
    runner = app.test_cli_runner()
    target = tmp_path / "copie.db"
    assert runner.invoke(args=["backup", str(target)]).exit_code == 0
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT title FROM programme").fetchall() == [("Projet à sauver",)]
    again = runner.invoke(args=["backup", str(target)])
    assert again.exit_code == 1
    assert "existe déjà" in again.output
    refused = runner.invoke(args=["restore", str(target)])
    assert refused.exit_code == 1
    assert "rien n'est écrasé" in refused.output


def test_check_deep_finds_each_count_that_differs_from_its_source(app, writing) -> None:
    with writing():
        programme = factories.programme()
        proposal = factories.proposal(programme)
        factories.action(programme)
    assert all(finding.level is Level.OK for finding in checks.deep())
    end_transaction(commit=False)
    with write_transaction():
        row = db.session.get(Proposal, proposal.id)
        assert row is not None
        row.support_count = 3
    wrong = [finding for finding in checks.deep() if finding.level is Level.ERROR]
    assert [finding.message for finding in wrong] == ["soutiens : compte égal aux votes"]
    assert app.test_cli_runner().invoke(args=["check", "--deep"]).exit_code == 1


def test_jobs_open_the_vote_at_its_hour_and_destroy_the_key_at_its_close(app, writing, clock) -> None:
    with writing():
        programme = factories.programme()
        factories.user(programme=programme)
        campaign = factories.campaign(programme, (PhaseKind.VOTING, date(2026, 3, 10), date(2026, 3, 20)))
    campaign_id = campaign.id
    keys = Path(app.config["INSTANCE_FOLDER"]) / "vote-keys"
    runner = app.test_cli_runner()
    assert runner.invoke(args=["jobs", "run"]).exit_code == 0
    assert len(list(keys.iterdir())) == 1
    clock.advance(days=10)
    result = runner.invoke(args=["jobs", "run"])
    assert "votes clos : 1" in result.output
    assert list(keys.iterdir()) == []
    end_transaction(commit=False)
    closed = db.session.get(Campaign, campaign_id)
    assert closed is not None
    assert closed.votes_closed_at is not None


@pytest.mark.parametrize("path", ["/healthz"])
def test_health_answers_without_login(client, path: str) -> None:
    answer = client.get(path)
    assert answer.json["status"] == "ok"
