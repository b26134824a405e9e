"""Commands of operators: backup, restore, check, jobs."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import factories
from tracker.config import ROOT
from tracker.enums import ActionStatus, PhaseKind, Role, UpdateKind
from tracker.errors import Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import ActionUpdate, Campaign, Proposal
from tracker.queries import checks, people
from tracker.queries.checks import Level
from tracker.services import copies, corrections, proposals
from tracker.services.copies import sqlite
from tracker.services.copies.files import REVISION_STEP
from tracker.services.updates import Statement


@pytest.mark.sqlite("copies of its file; those of PostgreSQL: test_copies.py")
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


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def copied(app, writing, tmp_path: Path) -> Path:
    """A copy of a database with one project, at revision 1."""
    with writing():
        factories.programme()
    target = tmp_path / "copie.db"
    copies.backup(app.config["SQLALCHEMY_DATABASE_URI"], target)
    return target


def revisions(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT i.revision, p.revision FROM instance i, programme p").fetchone()


@pytest.mark.sqlite("copies of its file; those of PostgreSQL: test_copies.py")
def test_a_backup_of_nothing_is_refused_and_leaves_nothing(app, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="pas de base à sauvegarder"):
        copies.backup(url_of(tmp_path / "absente.db"), tmp_path / "copie.db")
    (tmp_path / "autre.db").write_text("ceci n'est pas une base, ni de près ni de loin" * 40)
    with pytest.raises(Refused, match="pas une base lisible"):
        copies.backup(url_of(tmp_path / "autre.db"), tmp_path / "copie.db")
    assert [path.name for path in tmp_path.iterdir()] == ["autre.db"]


@pytest.mark.sqlite("copies of its file; those of PostgreSQL: test_copies.py")
def test_a_backup_is_its_owners_alone_before_it_holds_anything(app, writing, tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "copie.db"
    seen: list[int] = []
    connect = sqlite3.connect

    def looking(database: str, **options: object) -> sqlite3.Connection:
        if target.exists():
            seen.append(stat.S_IMODE(target.stat().st_mode))
        return connect(database, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite.sqlite3, "connect", looking)
    copies.backup(app.config["SQLALCHEMY_DATABASE_URI"], target)
    assert seen
    assert set(seen) == {0o600}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.sqlite("copies of its file; those of PostgreSQL: test_copies.py")
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_a_restoration_overwrites_nothing_and_mixes_with_no_old_journal(
    copied: Path, tmp_path: Path, suffix: str
) -> None:
    stale = tmp_path / f"tracker.db{suffix}"
    stale.write_bytes(b"ancien")
    with pytest.raises(Refused, match="rien n'est écrasé"):
        copies.restore(url_of(tmp_path / "tracker.db"), copied)
    assert stale.read_bytes() == b"ancien"
    assert {path.name for path in tmp_path.iterdir()} == {"copie.db", stale.name}


@pytest.mark.sqlite("copies of its file; those of PostgreSQL: test_copies.py")
def test_after_a_restoration_no_old_revision_comes_back(copied: Path, tmp_path: Path) -> None:
    before = revisions(copied)
    found = []
    for name in ("une.db", "deux.db"):
        copies.restore(url_of(tmp_path / name), copied)
        found.append(revisions(tmp_path / name))
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    for after in found:
        assert all(new >= old + REVISION_STEP for new, old in zip(after, before, strict=True))
    assert found[0] != found[1], "nor what was kept of an earlier restoration"
    assert revisions(copied) == before, "the copy itself is only read"


@pytest.mark.sqlite("copies of its file; those of PostgreSQL: test_copies.py")
def test_a_restoration_that_fails_leaves_nothing(copied: Path, tmp_path: Path) -> None:
    damaged, foreign = tmp_path / "abimee.db", tmp_path / "etrangere.db"
    damaged.write_bytes(copied.read_bytes()[:5000] + b"\0" * 4000)
    with closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE recette (titre TEXT)")
    for source in (damaged, foreign):
        with pytest.raises(Refused):
            copies.restore(url_of(tmp_path / "tracker.db"), source)
    assert {path.name for path in tmp_path.iterdir()} == {"copie.db", "abimee.db", "etrangere.db"}


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


def test_check_deep_finds_nothing_wrong_in_a_draft_nor_in_an_opening_that_was_corrected(app, writing) -> None:
    with writing():
        programme = factories.programme()
        author, steering = factories.user(programme=programme), factories.user(Role.STEERING, programme=programme)
        campaign = factories.open_campaign(programme)
        action = factories.action(programme)
        now, key = app.config["CLOCK"](), proposals.new_key()
    with writing():
        me = people.actor_by_login(author.login, now=now)
        proposals.save_draft(
            actor=me, key=key, campaign_id=campaign.id, text=proposals.Text("Un titre", "Un texte."), now=now
        )
        opening = action.updates[0]
        corrections.correct(
            update_id=opening.id, statement=Statement(), effective_on=opening.effective_on - timedelta(days=9),
            actor=people.actor_by_login(steering.login, now=now), now=now,
        )  # fmt: skip
    assert [finding for finding in checks.deep() if finding.level is not Level.OK] == []
    end_transaction(commit=False)
    with write_transaction():
        db.session.add(
            ActionUpdate(
                action_id=action.id, kind=UpdateKind.CONFIRMATION, status=ActionStatus.TO_START, recorded_at=now,
                rank_at=now, effective_on=opening.effective_on - timedelta(days=10),
            )
        )  # fmt: skip
    wrong = [finding.message for finding in checks.deep() if finding.level is Level.ERROR]
    assert wrong == ["actions : une ouverture, et rien avant elle"]


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


def test_the_web_server_loads_nothing_that_only_commands_need(tmp_path: Path) -> None:
    """Design, part 7: no Plotly, WeasyPrint, Alembic or API framework before it is needed."""
    heavy = (
        "alembic",
        "flask_migrate",
        "plotly",
        "weasyprint",
        "numpy",
        "apiflask",
        "authlib",
        "requests",
        "ldap3",
        "psycopg",
        "sqlalchemy.dialects.postgresql",
    )
    asked = f"import sys, wsgi; print([name for name in {heavy!r} if name in sys.modules])"
    environment = {**os.environ, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(tmp_path)}
    for name in ("FLASK_RUN_FROM_CLI", "DATABASE_URL"):
        environment.pop(name, None)
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
