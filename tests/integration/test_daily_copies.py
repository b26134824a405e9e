"""The copy of each day: whole or not there, the last few kept, never with the keys of votes, and its failure told."""

from __future__ import annotations

import fcntl
import sqlite3
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import databases, factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.test_votes import LATER, Ballot
from tracker import jobs
from tracker.enums import Role
from tracker.errors import Refused
from tracker.extensions import end_transaction, write_transaction
from tracker.queries import checks, supervision
from tracker.services import copies, votes
from tracker.services.copies import daily

KIND = "dump" if databases.ON_POSTGRESQL else "db"
TODAY = f"tracker-2026-03-16.{KIND}"


@pytest.fixture
def folder(app: Flask, tmp_path: Path, monkeypatch: Any) -> Path:
    found = tmp_path / "copies"
    monkeypatch.setitem(app.config, "BACKUP_FOLDER", found)
    monkeypatch.setitem(app.config, "BACKUP_DAYS", 3)
    return found


def make(app: Flask, folder: Path, **later: float) -> int:
    end_transaction(commit=False)
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    return daily.make(url, folder, days=3, now=NOON + timedelta(**later))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_the_jobs_copy_the_database_once_a_day_and_the_copy_is_good(app: Flask, folder: Path, clock) -> None:
    said: list[str] = []
    for _ in range(2):
        assert jobs.run(clock.now, say=said.append)
        clock.advance(minutes=5)
    assert [line for line in said if line.startswith("sauvegardes")] == ["sauvegardes : 1", "sauvegardes : 0"]
    assert names(folder) == [TODAY]
    assert stat.S_IMODE((folder / TODAY).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    copies.verify(app.config["SQLALCHEMY_DATABASE_URI"], folder / TODAY)
    noted = supervision.last_copy()
    assert noted is not None
    assert (noted.at, noted.size) == (NOON, (folder / TODAY).stat().st_size)


def test_copies_are_kept_as_many_days_as_asked_and_other_files_for_ever(app: Flask, folder: Path) -> None:
    for day in range(5):
        make(app, folder, days=day)
    (folder / "tracker-2020-01-01.db.gz").write_text("somebody else's")
    (folder / "tracker-2020-01-01.dump").write_text("of the time of PostgreSQL")
    make(app, folder, days=5)
    assert names(folder) == ["tracker-2020-01-01.db.gz", *(f"tracker-2026-03-{day}.{KIND}" for day in (19, 20, 21))]


def test_a_copy_that_fails_leaves_nothing_and_removes_nothing_older(app: Flask, folder: Path, monkeypatch) -> None:
    make(app, folder)

    def damaged(_url: str, _source: Path) -> None:
        raise Refused("abîmé")

    with monkeypatch.context() as patch:
        patch.setattr(copies, "verify", damaged)
        with pytest.raises(Refused, match="abîmé"):
            make(app, folder, days=9)
    assert names(folder) == [TODAY]
    make(app, folder, days=9)
    assert names(folder) == [TODAY, f"tracker-2026-03-25.{KIND}"]


@pytest.mark.parametrize("wrong", [21, 400])
def test_rounds_that_stopped_or_a_clock_ahead_take_no_good_copy_away(app: Flask, folder: Path, wrong: int) -> None:
    for day in (0, 1, wrong):
        make(app, folder, days=day)
    before = names(folder)
    assert before[:2] == [TODAY, f"tracker-2026-03-17.{KIND}"]
    make(app, folder, days=2)
    assert names(folder) == sorted([before[1], f"tracker-2026-03-18.{KIND}", before[2]])


def test_what_a_stopped_round_left_is_replaced(app: Flask, folder: Path) -> None:
    folder.mkdir()
    (folder / f".{TODAY}.partial").write_bytes(b"half of a copy")
    assert make(app, folder)
    assert names(folder) == [TODAY]


def test_while_another_process_makes_it_nothing_is_done(app: Flask, folder: Path) -> None:
    folder.mkdir()
    with (folder / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert make(app, folder) == 0
        assert names(folder) == []
    assert make(app, folder)


def test_no_key_of_a_vote_is_in_it(app: Flask, folder: Path) -> None:
    ballot = Ballot()
    ballot.open()
    ballot.cast(0)
    secret = ballot.key().secret
    assert (votes.key_folder() / f"{ballot.campaign_id}.key").read_bytes() == secret
    make(app, folder)
    for path in folder.rglob("*"):
        assert secret not in path.read_bytes()
        assert secret.hex().encode() not in path.read_bytes()


def test_of_a_vote_one_copy_is_kept_and_none_once_it_is_closed(app: Flask, folder: Path) -> None:
    """Two in a row would tell the votes of the only person who voted between them."""
    ballot = Ballot()
    make(app, folder)
    ballot.open()
    before = f"tracker-2026-03-16.{KIND}"
    for day in (1, 2):
        ballot.cast(day)
        assert make(app, folder, days=day)
        assert make(app, folder, days=day, minutes=5) == 0
        assert names(folder) == [before, f"tracker-2026-03-{16 + day}-voting.{KIND}"]
    with write_transaction():
        votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)
    assert make(app, folder, days=2, minutes=10), "at once: not a day later"
    assert names(folder) == [before, f"tracker-2026-03-18.{KIND}"]


def test_a_copy_of_a_vote_stays_until_a_later_one_is_good(app: Flask, folder: Path, monkeypatch) -> None:
    ballot = Ballot()
    ballot.open()
    make(app, folder)
    of_votes = [f"tracker-2026-03-16-voting.{KIND}"]
    assert names(folder) == of_votes
    with write_transaction():
        votes.close_votes(campaign_id=ballot.campaign_id, now=LATER)

    def damaged(_url: str, _source: Path) -> None:
        raise Refused("abîmé")

    with monkeypatch.context() as patch:
        patch.setattr(copies, "verify", damaged)
        with pytest.raises(Refused):
            make(app, folder, days=1)
    assert names(folder) == of_votes


def test_a_copy_during_which_a_vote_opens_is_one_of_the_vote(app: Flask, folder: Path, monkeypatch) -> None:
    ballot, backup = Ballot(), copies.backup

    def meanwhile(url: str, target: Path) -> int:
        ballot.open()
        return backup(url, target)

    monkeypatch.setattr(copies, "backup", meanwhile)
    make(app, folder)
    assert names(folder) == [f"tracker-2026-03-16-voting.{KIND}"]


@pytest.mark.sqlite("pg_dump speaks for itself")
def test_a_full_disk_is_told_and_the_rest_of_the_round_goes_on(app: Flask, folder: Path, monkeypatch, clock) -> None:
    class Full:
        def backup(self, _target: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        def close(self) -> None: ...

    monkeypatch.setattr("tracker.services.copies.sqlite.sqlite3.connect", lambda *_a, **_k: Full())
    said: list[str] = []
    assert not jobs.run(clock.now, say=said.append)
    assert any("sauvegardes : échec" in line and "disk is full" in line for line in said)
    assert names(folder) == []


def test_a_copy_that_failed_is_told_at_once_until_one_is_made(app: Flask, folder: Path, monkeypatch, clock) -> None:
    def told() -> list[tuple[str, checks.Level]]:
        found = [(one.message, one.level) for one in checks.setup() if "auvegard" in one.message]
        end_transaction(commit=False)
        return found

    def full(*_any: Any, **_named: Any) -> int:
        raise Refused("plein")

    jobs.run(clock.now, say=lambda _line: None)
    clock.advance(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(copies, "backup", full)
        jobs.run(clock.now, say=lambda _line: None)
    ((message, level),) = told()
    assert message.startswith("La dernière sauvegarde a échoué le ")
    assert level is checks.Level.WARNING
    clock.advance(minutes=5)
    jobs.run(clock.now, say=lambda _line: None)
    ((message, level),) = told()
    assert message.startswith("La base est sauvegardée")
    assert level is checks.Level.OK


def test_managers_are_told_after_two_days_without_a_copy(app: Flask, folder: Path, client, writing, clock) -> None:
    with writing():
        programme = factories.programme()
        manager, agent = factories.user(Role.ADMIN), factories.user(programme=programme)
    jobs.run(clock.now, say=lambda _line: None)
    for since, told in ((0, False), (47, False), (49, True)):
        clock.set(NOON + timedelta(hours=since))
        assert ("n'est plus sauvegardée depuis le" in client.login(manager).get("/")) is told
        assert "sauvegardée" not in CheckedClient(app).login(agent).get("/")
    assert "n'est plus sauvegardée depuis le" in client.get("/reglages")
    end_transaction(commit=False)
    late = [one for one in checks.setup() if "plus sauvegardée" in one.message]
    assert [one.level for one in late] == [checks.Level.ERROR]


def test_where_no_folder_is_given_none_is_made_and_check_says_so(app: Flask, clock) -> None:
    assert app.config["BACKUP_FOLDER"] is None
    assert jobs.run(clock.now, say=lambda _line: None)
    assert "Aucune sauvegarde automatique" in {one.message for one in checks.setup()}
