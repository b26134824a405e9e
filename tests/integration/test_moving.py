"""The move of a SQLite file into PostgreSQL: exact or refused, whatever people do meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from tests import databases, demo_digest, factories
from tests.conftest import NOON, SECRET
from tests.servers import application
from tracker import search
from tracker.enums import PhaseKind, Role
from tracker.errors import Refused
from tracker.extensions import db, write_transaction
from tracker.models import Counter, RollEntry, Setting, User, Vote
from tracker.services.copies import moving

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def migrated(scratch: Path) -> Iterator[Flask]:
    """A town on SQLite; `town` empties it."""
    import flask_migrate

    folder = scratch / "moving"
    folder.mkdir()
    base = databases.SqliteBase(folder, "town")
    app = application(folder, base.url)
    with app.app_context():
        flask_migrate.upgrade()
    databases.let_go(app)
    base.keep("empty")
    app.config["BASE"] = base
    yield app
    databases.let_go(app)


@pytest.fixture
def town(migrated: Flask) -> Iterator[Flask]:
    """A town with something of everything, its context pushed."""
    migrated.config["BASE"].put_back("empty")
    with migrated.app_context():
        with write_transaction():
            settle()
        yield migrated
    databases.let_go(migrated)


def settle() -> None:
    project = factories.programme(title="De l’idée au résultat : l'été, \\ \t\n« œuvre » 🏛")
    voting = factories.campaign(project, (PhaseKind.VOTING, NOON.date(), NOON.date().replace(day=30)))
    people = [factories.user(programme=project) for _ in range(5)]
    proposals = [factories.proposal(project, campaign_id=voting.id, author=person) for person in people]
    proposals.append(factories.proposal(project, title="Des cœurs vaillants"))
    factories.action(project)
    # in another order than that of their keys
    for n, person in reversed(list(enumerate(people))):
        db.session.add(RollEntry(campaign_id=voting.id, user_id=person.id, is_manager=False, took_part=n < 3))
        if n < 3:
            db.session.add(Vote(campaign_id=voting.id, proposal_id=proposals[n].id, tag=f"{n:064}"))
            proposals[n].support_count = 1
        db.session.flush()
    db.session.add(Setting(key="mots", value={"z": ["é", None, 1.5], "a": 10**15}))
    db.session.add(Setting(key="rien", value=None))
    db.session.add_all([Counter(name="x", value=0), Counter(name="y", value=0)])
    db.session.flush()
    db.session.delete(factories.user())  # the last key is given again, on both sides


@pytest.fixture
def target(bases: Any) -> Any:
    base = bases("moved")
    base.blank()
    return base


def held() -> dict[str, list[str]]:
    """Every row of the application at hand."""
    return {
        table.name: sorted(repr(tuple(row)) for row in db.session.execute(select(table)))
        for table in db.metadata.sorted_tables
    }


def tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def ask(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchall()


def test_every_row_is_there_and_the_tool_goes_on_with_them(town: Flask, target: Any, tmp_path: Path) -> None:
    before, found = held(), search.indexed(db.session.connection())
    last = db.session.scalar(select(db.func.max(User.id)))
    db.session.rollback()
    done = town.test_cli_runner().invoke(args=["copy-to", target.url])
    assert done.exit_code == 0, done.output
    told = {words[0]: int(words[1]) for line in done.output.splitlines() if len(words := line.split()) == 3}
    assert told == {name: len(rows) for name, rows in before.items()}
    assert f"{sum(told.values())} lignes" in done.output
    moved = application(tmp_path, target.url)
    with moved.app_context():
        assert held() == before
        assert search.indexed(db.session.connection()) == found
        chosen = search.matching_proposals("coeur vaillant")
        assert chosen is not None
        assert len(db.session.scalars(chosen).all()) == 1
        db.session.rollback()
        with write_transaction():
            assert factories.user(Role.ADMIN, password_hash="unknown").id == last + 1
        checked = moved.test_cli_runner().invoke(args=["check", "--deep"])
        assert checked.exit_code == 0, checked.output
    databases.let_go(moved)


def test_votes_and_electors_lie_in_the_order_of_their_keys(town: Flask, target: Any) -> None:
    moving.copy_to(target.url)
    for table, key in (("vote", "proposal_id"), ("roll_entry", "user_id")):
        assert ask(target.url, f"SELECT count(DISTINCT xmin::text) FROM {table}") == [(1,)]
        lying = ask(target.url, f"SELECT {key} FROM {table} ORDER BY ctid")
        assert len(lying) >= 3
        assert lying == sorted(lying)


# --- While people write ------------------------------------------------------------------------------------------


def write(file: Path) -> None:
    """What a person does: two counters rise together."""
    with closing(sqlite3.connect(file, timeout=10)) as person:
        person.execute("UPDATE counter SET value = value + 1 WHERE name IN ('x', 'y')")
        person.commit()


def test_one_write_meanwhile_and_the_copy_is_refused_or_of_its_first_moment(town: Flask, target: Any) -> None:
    file = town.config["BASE"].file

    def meanwhile(one: moving.Summed) -> None:
        if one.table == min(db.metadata.tables):
            write(file)

    with pytest.raises(Refused, match="a écrit pendant la copie"):
        moving.copy_to(target.url, say=meanwhile)
    assert tables(target.url) == []
    moving.copy_to(target.url, live=True, say=meanwhile)
    assert ask(target.url, "SELECT DISTINCT value FROM counter WHERE name IN ('x', 'y')") == [(1,)]
    written = db.session.scalar(select(Counter.value).where(Counter.name == "x"))
    assert written == 2, "what was written after the copy began is in the file"


def test_under_load_a_copy_is_refused_or_a_state_that_was(town: Flask, target: Any) -> None:
    file, over, written = town.config["BASE"].file, threading.Event(), []

    def load() -> None:
        while not over.wait(0.02):
            write(file)
            written.append(1)

    people = threading.Thread(target=load)
    people.start()
    try:
        with pytest.raises(Refused, match="a écrit pendant la copie"):
            moving.copy_to(target.url)
        first = len(written)
        moving.copy_to(target.url, live=True)
        last = len(written)
    finally:
        over.set()
        people.join(timeout=30)
    ((copied,),) = ask(target.url, "SELECT DISTINCT value FROM counter WHERE name IN ('x', 'y')")
    assert 0 < first - 1 <= copied <= last < len(written) + 1


# --- What is refused, and leaves nothing -------------------------------------------------------------------------


def test_a_target_that_is_not_empty_keeps_what_it_has(town: Flask, target: Any) -> None:
    with psycopg.connect(target.url) as other:
        other.execute("CREATE TABLE recette AS SELECT 'tarte' AS titre")
    with pytest.raises(Refused, match="n'est pas vide"):
        moving.copy_to(target.url)
    assert tables(target.url) == ["recette"]
    assert ask(target.url, "SELECT titre FROM recette") == [("tarte",)]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:////tmp/autre.db", "adresse d'une base PostgreSQL"),
        ("mysql://compte@serveur/nom", "adresse d'une base PostgreSQL"),
        ("n'importe quoi", "adresse d'une base PostgreSQL"),
        ("postgresql://compte:secret@/nom?host=/nowhere", "PostgreSQL répond"),
    ],
)
def test_an_address_that_is_no_postgresql_is_said_in_a_sentence(town: Flask, url: str, why: str) -> None:
    done = town.test_cli_runner().invoke(args=["copy-to", url])
    assert done.exit_code == 1
    assert why in done.output
    assert "secret" not in done.output


def test_only_a_sqlite_file_is_moved(app: Flask, target: Any) -> None:
    with pytest.raises(Refused, match="doit être un fichier SQLite"):
        moving.copy_to(target.url)


def change(file: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute(statement, values)
        database.commit()


def test_a_file_of_another_version_is_brought_up_to_date_first(town: Flask, target: Any) -> None:
    change(town.config["BASE"].file, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(Refused, match="db upgrade"):
        moving.copy_to(target.url)
    assert tables(target.url) == []


def test_an_old_postgresql_is_refused(town: Flask, target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "OLDEST", 10_000_000)
    with pytest.raises(Refused, match="trop ancien"):
        moving.copy_to(target.url)


@pytest.mark.parametrize("value", ["Anne-Sophie " * 40, "Odile\0Martin"])
def test_a_row_that_postgresql_does_not_take_is_named_by_its_place(town: Flask, target: Any, value: str) -> None:
    change(town.config["BASE"].file, 'UPDATE "user" SET first_name = ? WHERE id = (SELECT max(id) FROM "user")', value)
    with pytest.raises(Refused, match="La table user ne peut pas être copiée") as refusal:
        moving.copy_to(target.url)
    assert "Odile" not in refusal.value.message
    assert "Anne" not in refusal.value.message
    if "\0" not in value:
        assert "ligne 5" in refusal.value.message
        assert "colonne first_name" in refusal.value.message
    assert tables(target.url) == []


def test_what_is_read_back_otherwise_is_not_kept(town: Flask, target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Callable[..., Iterator[tuple[Any, ...]]] = moving._rows

    def other(read: Any, connection: Any) -> Iterator[tuple[Any, ...]]:
        for row in rows(read, connection):
            yield (*row[:-1], None) if connection.dialect.name == "postgresql" else row

    monkeypatch.setattr(moving, "_rows", other)
    with pytest.raises(Refused, match="n'est pas la même des deux côtés"):
        moving.copy_to(target.url)
    assert tables(target.url) == []


def test_an_index_that_lacks_a_proposal_is_not_kept(town: Flask, target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = search.fill
    monkeypatch.setattr(search, "fill", lambda connection, rows: fill(connection, rows[1:]))
    with pytest.raises(Refused, match="index de la recherche"):
        moving.copy_to(target.url)
    assert tables(target.url) == []


# --- The demonstration -------------------------------------------------------------------------------------------


@pytest.mark.demo
def test_the_whole_demonstration_is_moved(target: Any, tmp_path: Path) -> None:
    app = demo_digest.built(tmp_path, SECRET, now=NOON)
    with app.app_context():
        before = held()
        db.session.rollback()
        moving.copy_to(target.url)
    databases.let_go(app)
    moved = application(tmp_path / "instance", target.url, mode="demo")
    with moved.app_context():
        assert held() == before
        checked = moved.test_cli_runner().invoke(args=["check", "--deep"])
        assert checked.exit_code == 0, checked.output
    databases.let_go(moved)
