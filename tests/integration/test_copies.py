"""Backup and restoration on PostgreSQL, by its own tools (on SQLite: test_operations.py)."""

from __future__ import annotations

import re
import stat
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.conftest import NOON
from tests.integration.test_moving import ask, held, tables
from tests.servers import application
from tracker import search
from tracker.enums import PhaseKind
from tracker.errors import Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Counter, RollEntry, User, Vote
from tracker.queries import campaigns, people
from tracker.services import copies, votes
from tracker.services.copies import postgresql
from tracker.services.copies.files import REVISION_STEP

pytestmark = pytest.mark.postgresql


@pytest.fixture
def url(app: Flask) -> str:
    return str(app.config["SQLALCHEMY_DATABASE_URI"])


@pytest.fixture
def elsewhere(bases: Any) -> Any:
    """An empty database to restore into."""
    base = bases("restored")
    base.blank()
    return base


@pytest.fixture
def copied(url: str, writing: Any, tmp_path: Path) -> Path:
    with writing():
        project = factories.programme()
        factories.proposal(project, title="Des cœurs vaillants")
        db.session.delete(factories.user())
    copies.backup(url, tmp_path / "copie.dump")
    return tmp_path / "copie.dump"


def restored(base: Any, source: Path) -> None:
    copies.restore(base.url.replace("postgresql:", "postgresql+psycopg:"), source)


def test_a_backup_restores_into_an_empty_database_and_the_tool_goes_on(
    app: Flask, writing: Any, elsewhere: Any, tmp_path: Path
) -> None:
    with writing():
        factories.proposal(factories.programme(), title="Des cœurs vaillants")
        last = factories.user().id
        db.session.delete(factories.user())
    before = held()
    end_transaction(commit=False)
    target = tmp_path / "copie.dump"
    saved = app.test_cli_runner().invoke(args=["backup", str(target)])
    assert saved.exit_code == 0, saved.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    again = app.test_cli_runner().invoke(args=["backup", str(target)])
    assert again.exit_code == 1
    assert "existe déjà" in again.output
    other = application(tmp_path, elsewhere.url)
    with other.app_context():
        put_back = other.test_cli_runner().invoke(args=["restore", str(target)])
        assert put_back.exit_code == 0, put_back.output
        after = held()
        assert {name for name in after if after[name] != before[name]} == {"instance", "programme"}, "their revisions"
        chosen = search.matching_proposals("coeur vaillant")
        assert chosen is not None
        assert len(db.session.scalars(chosen).all()) == 1
        assert db.session.scalar(select(db.func.max(User.id))) == last
        end_transaction(commit=False)
        with write_transaction():
            assert factories.user().id > last
        db.session.remove()
        db.engine.dispose()


REVISIONS = "SELECT i.revision, p.revision FROM instance i, programme p"


def test_after_a_restoration_no_old_revision_comes_back(copied: Path, elsewhere: Any) -> None:
    before = db.session.execute(db.text(REVISIONS)).one()
    found = []
    for _ in range(2):
        elsewhere.blank()
        restored(elsewhere, copied)
        found.append(ask(elsewhere.url, REVISIONS)[0])
    for after in found:
        assert all(new >= old + REVISION_STEP for new, old in zip(after, before, strict=True))
    assert found[0] != found[1], "nor what was kept of an earlier restoration"


def test_a_restoration_overwrites_nothing(copied: Path, elsewhere: Any) -> None:
    with psycopg.connect(elsewhere.url) as other:
        other.execute("CREATE TABLE recette AS SELECT 'tarte' AS titre")
    with pytest.raises(Refused, match="n'est pas vide"):
        restored(elsewhere, copied)
    assert tables(elsewhere.url) == ["recette"]


def test_a_restoration_that_fails_leaves_nothing(copied: Path, elsewhere: Any, bases: Any, tmp_path: Path) -> None:
    damaged, foreign, text = tmp_path / "abimee", tmp_path / "etrangere", tmp_path / "texte"
    damaged.write_bytes(copied.read_bytes()[:-3_000])
    text.write_text("ceci n'est pas une sauvegarde")
    with psycopg.connect(elsewhere.url) as other:
        other.execute("CREATE TABLE recette AS SELECT 'tarte' AS titre")
    subprocess.run(["pg_dump", "--format=custom", f"--file={foreign}", elsewhere.url], check=True)
    elsewhere.blank()
    for source in (damaged, foreign, text, tmp_path / "absente"):
        with pytest.raises(Refused, match=r"pas une sauvegarde lisible|n'existe pas|n'est pas faite"):
            restored(elsewhere, source)
        assert tables(elsewhere.url) == []


def test_a_backup_that_fails_leaves_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "copie.dump"
    with pytest.raises(Refused, match="PostgreSQL répond"):
        copies.backup("postgresql+psycopg://compte@/nom?host=/nowhere", target)
    monkeypatch.setattr(postgresql, "WAIT", "never")
    with pytest.raises(Refused, match="n'est pas faite"):
        copies.backup(url, target)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="Il manque pg_dump sur cette machine"):
        copies.backup(url, target)
    with pytest.raises(Refused, match="Il manque pg_restore sur cette machine"):
        copies.restore(url, target)
    assert list(tmp_path.iterdir()) == []


def test_no_other_account_reads_the_copy_nor_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first instant on; the command of a process is everybody's to read, its environment is not."""
    seen: list[dict[str, str]] = []

    def run(command: list[str], *, env: dict[str, str], **_options: Any) -> Any:
        assert not any("s3cret" in word for word in command)
        seen.append(env)
        return subprocess.CompletedProcess(command, 0, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    postgresql._run(["pg_dump"], "postgresql+psycopg://ville:s3cret@serveur:5433/suivi?sslmode=require")
    kept = {name: seen[0][name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE")}
    assert list(kept.values()) == ["serveur", "5433", "ville", "s3cret", "suivi", "require"]


def test_a_backup_made_while_people_write_is_a_state_that_was(
    app: Flask, url: str, writing: Any, elsewhere: Any, tmp_path: Path
) -> None:
    with writing():
        db.session.add_all([Counter(name="x", value=0), Counter(name="y", value=0)])
    over, written = threading.Event(), []

    def load() -> None:
        with app.app_context():
            while not over.is_set():
                with write_transaction():
                    for name in ("x", "y"):
                        db.session.get_one(Counter, name).value += 1
                written.append(1)
            db.session.remove()

    people = threading.Thread(target=load)
    people.start()
    try:
        while not written:
            over.wait(0.01)
        first = len(written)
        copies.backup(url, tmp_path / "copie.dump")
        last = len(written)
    finally:
        over.set()
        people.join(timeout=30)
    assert last > first, "people wrote meanwhile"
    restored(elsewhere, tmp_path / "copie.dump")
    ((copied,),) = ask(elsewhere.url, "SELECT DISTINCT value FROM counter")
    assert first <= copied <= last + 1


@pytest.fixture
def voting(app: Flask, writing: Any) -> dict[Any, list[tuple[str, ...]]]:
    """A vote is open, and people took part in another order than that of the keys: how both tables lie."""
    with writing():
        project = factories.programme()
        campaign = factories.campaign(project, (PhaseKind.VOTING, NOON.date(), NOON.date() + timedelta(days=9)))
        key, ids = campaign.id, [factories.proposal(project, campaign_id=campaign.id).id for _ in range(3)]
        logins = [factories.user(programme=project).login for _ in range(8)]
    record = campaigns.by_id(key)
    assert record is not None
    secret = votes.prepare_key(record)
    with writing():
        votes.open_roll(campaign_id=key, key=secret, now=NOON)
    for n, login in enumerate(reversed(logins)):
        actor = people.actor_by_login(login, now=NOON)
        assert actor is not None
        with writing():
            votes.cast(actor=actor, proposal_id=ids[n % 3], key=secret, now=NOON)
    found = {table: lying(table) for table in (Vote, RollEntry)}
    end_transaction(commit=False)
    return found


def test_a_copy_made_while_a_vote_is_open_says_nothing_of_its_order(url: str, voting: Any, tmp_path: Path) -> None:
    copies.backup(url, tmp_path / "copie.dump")
    for table, rows in voting.items():
        assert rows != sorted(rows), "the database itself keeps the order of casts"
        assert list(dumped(tmp_path / "copie.dump", table.__tablename__)) == sorted(rows)


def test_readers_of_the_votes_are_waited_for(
    url: str, voting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copie.dump"
    monkeypatch.setattr(postgresql, "TURN", "20ms")
    monkeypatch.setattr(postgresql, "TURNS", 3)
    lying(Vote)
    with pytest.raises(Refused, match="trop occupée"):
        copies.backup(url, target)
    assert not target.exists()
    monkeypatch.setattr(postgresql.time, "sleep", lambda _seconds: end_transaction(commit=False))
    copies.backup(url, target)
    assert list(dumped(target, "vote")) == sorted(voting[Vote])


def lying(model: Any) -> list[tuple[str, ...]]:
    """The keys of a table's rows as they lie."""
    keys = [column.cast(db.String) for column in model.__table__.primary_key.columns]
    return [tuple(row) for row in db.session.execute(select(*keys).order_by(db.text("ctid")))]


def dumped(copy: Path, table: str) -> Iterator[tuple[str, ...]]:
    """The keys of a table's rows as the copy has them."""
    said = subprocess.run(
        ["pg_restore", "--data-only", f"--table={table}", "--file=-", str(copy)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = re.search(r"^COPY [^\n]*\((.*)\) FROM stdin;\n(.*?)^\\\.$", said, re.M | re.S)
    assert found is not None
    columns = found[1].split(", ")
    keys = [columns.index(column.name) for column in db.metadata.tables[table].primary_key.columns]
    for line in found[2].splitlines():
        values = line.split("\t")
        yield tuple(values[key] for key in keys)
