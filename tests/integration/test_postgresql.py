"""What PostgreSQL alone has: its lock of writers, its one state of readers, its files, its faults."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from tests import demo_digest, factories
from tests.client import CheckedClient
from tests.conftest import NOON, SECRET
from tests.integration.test_transactions_together import in_threads
from tracker import create_app, search
from tracker.enums import PhaseKind
from tracker.extensions import WRITE_LOCK, begin_write, db, end_transaction, is_unavailable, write_transaction
from tracker.models import Counter, RollEntry, Setting, User, Vote
from tracker.queries import campaigns, people
from tracker.services import votes

pytestmark = pytest.mark.postgresql


@pytest.fixture
def other(app: Flask) -> Iterator[Any]:
    """A connection of somebody else."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def test_a_reader_sees_one_state_until_the_end(app: Flask, writing: Any, other: Any) -> None:
    with writing():
        db.session.add(Counter(name="x", value=1))
    assert db.session.scalar(select(Counter.value)) == 1
    other.execute(text("UPDATE counter SET value = 5"))
    assert db.session.scalar(select(Counter.value)) == 1
    end_transaction(commit=False)
    assert db.session.scalar(select(Counter.value)) == 5


def test_a_writer_who_waited_reads_what_the_one_before_committed(app: Flask, writing: Any) -> None:
    with writing():
        db.session.add(Counter(name="x", value=1))
    first_writes, second_waits = threading.Event(), threading.Event()
    seen: list[int] = []

    def first() -> None:
        with write_transaction():
            first_writes.set()
            assert second_waits.wait(10)
            while not db.session.scalar(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            ):
                pass
            db.session.get_one(Counter, "x").value = 2

    def second() -> None:
        assert first_writes.wait(10)
        assert db.session.scalar(select(Counter.value)) == 1  # as a request reads first
        second_waits.set()
        with write_transaction():
            seen.append(db.session.get_one(Counter, "x").value)

    assert in_threads(app, first, second) == []
    assert seen == [2]


def test_a_writer_holds_the_lock_until_the_end_and_a_reader_none(app: Flask, other: Any) -> None:
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted")
    db.session.scalar(select(Setting.key))
    assert other.scalar(held, {"key": WRITE_LOCK}) == 0
    begin_write()
    assert other.scalar(held, {"key": WRITE_LOCK}) == 1
    end_transaction(commit=True)
    assert other.scalar(held, {"key": WRITE_LOCK}) == 0


def test_a_writer_that_waits_too_long_is_told_so_as_unavailable(app: Flask, other: Any) -> None:
    db.session.rollback()
    db.engine.dispose()  # one connection and no other: the one that is told to wait less
    other.execute(text(f"SELECT pg_advisory_lock({WRITE_LOCK})"))
    db.session.connection().exec_driver_sql("SET SESSION lock_timeout = 50")
    db.session.commit()
    with pytest.raises(OperationalError) as refusal:
        begin_write()
    assert is_unavailable(refusal.value)
    end_transaction(commit=False)
    other.execute(text(f"SELECT pg_advisory_unlock({WRITE_LOCK})"))
    db.session.connection().invalidate()  # the next test waits as long as it should
    end_transaction(commit=False)


def test_no_error_quotes_what_a_person_wrote(app: Flask, writing: Any) -> None:
    with writing():
        factories.user(login="odile.martin")
    with pytest.raises(IntegrityError) as refusal, write_transaction():
        factories.user(login="odile.martin")
    assert "uq_user_login" in str(refusal.value)
    assert "odile.martin" not in str(refusal.value)
    assert "odile.martin" not in str(refusal.value.orig)


def test_a_server_that_ended_our_connections_is_no_failure(client: CheckedClient, other: Any) -> None:
    client.get("/connexion")
    end_transaction(commit=False)
    other.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
    )
    client.get("/connexion")


def test_a_server_that_vanished_is_not_waited_for_as_long_as_the_system_would(app: Flask) -> None:
    """Fifteen minutes for a question, two hours for an answer: told to libpq, as no test here cuts a network."""
    driver: Any = db.session.connection().connection.driver_connection
    told = driver.info.get_parameters()
    assert (told["tcp_user_timeout"], told["keepalives_idle"], told["keepalives_count"]) == ("20000", "10", "2")


def test_a_server_that_is_away_is_a_503_and_its_return_is_noticed(trial: Any) -> None:
    app: Flask = trial()
    client = CheckedClient(app)
    client.get("/healthz")
    with app.config["BASE"].away():
        client.get("/healthz", expected=503)
        answer = client.get("/connexion", expected=503)
        assert answer.response.headers["Retry-After"]
    app.config["BASE"].put_back("empty")
    client.get("/healthz")


# --- Search ------------------------------------------------------------------------------------------------------


def found(query: str) -> set[int]:
    chosen = search.matching_proposals(query)
    return set() if chosen is None else set(db.session.scalars(chosen))


def test_words_of_one_family_are_found(app: Flask, writing: Any) -> None:
    with writing():
        search.index_proposal(1, title="S'engager à signer des conventions", body="")
        search.index_proposal(2, title="Un compteur d'énergie", body="x" * 5_000)
    assert found("engagements") == {1}
    assert found("conventionnelles") == set(), "another word"
    assert found("x" * 5_000) == {2}


def test_the_index_is_used(app: Flask) -> None:
    chosen = search.matching_proposals("télétravail")
    assert chosen is not None
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = db.session.execute(text("EXPLAIN " + str(chosen.compile(db.engine, compile_kwargs={"literal_binds": True}))))
    assert "ix_proposal_search_words" in "\n".join(row[0] for row in plan)


# --- Votes -------------------------------------------------------------------------------------------------------


def test_after_the_close_no_row_tells_when_it_was_written(app: Flask, writing: Any, clock: Any) -> None:
    with writing():
        project = factories.programme()
        campaign = factories.campaign(project, (PhaseKind.VOTING, NOON.date(), NOON.date() + timedelta(days=9)))
        proposals = [factories.proposal(project, campaign_id=campaign.id) for _ in range(3)]
        logins = [factories.user(programme=project).login for _ in range(6)]
        key, ids = campaign.id, [one.id for one in proposals]
    record = campaigns.by_id(key)
    assert record is not None
    secret = votes.prepare_key(record)
    with writing():
        votes.open_roll(campaign_id=key, key=secret, now=NOON)
    for n, login in enumerate(logins):
        actor = people.actor_by_login(login, now=NOON)
        assert actor is not None
        with writing():
            votes.cast(actor=actor, proposal_id=ids[n % 3], key=secret, now=NOON)
    tables = (Vote.__table__, RollEntry.__table__)
    writers = [db.session.scalar(text(f"SELECT count(DISTINCT xmin::text) FROM {one.name}")) for one in tables]
    files = [db.session.scalar(text(f"SELECT pg_relation_filenode('{one.name}')")) for one in tables]
    before = [db.session.execute(select(one).order_by(*one.primary_key)).all() for one in tables]
    assert min(writers) >= 6, "each cast is a transaction: what must not remain"
    with writing():
        votes.close_votes(campaign_id=key, now=NOON + timedelta(days=20))
    for table, file, rows in zip(tables, files, before, strict=True):
        order = ", ".join(column.name for column in table.primary_key)
        assert db.session.execute(select(table).order_by(*table.primary_key)).all() == rows
        assert db.session.scalar(text(f"SELECT count(DISTINCT xmin::text) FROM {table.name}")) == 1
        assert db.session.scalar(text(f"SELECT pg_relation_filenode('{table.name}')")) != file
        places = db.session.execute(text(f"SELECT ctid::text FROM {table.name} ORDER BY {order}")).scalars().all()
        assert places == db.session.execute(text(f"SELECT ctid::text FROM {table.name} ORDER BY ctid")).scalars().all()


# --- The demonstration -------------------------------------------------------------------------------------------


@pytest.mark.demo
def test_the_demonstration_has_the_same_rows_on_both_databases(demo_app: Flask, tmp_path: Path) -> None:
    on_sqlite = demo_digest.built(tmp_path, SECRET, now=NOON)
    assert demo_app.config["DEMO_DIGEST"] == on_sqlite.config["DEMO_DIGEST"]


@pytest.mark.demo
def test_a_row_made_after_the_load_gets_the_next_key(fresh_demo: Flask) -> None:
    last = db.session.scalar(select(db.func.max(User.id)))
    with write_transaction():
        assert factories.user().id == last + 1


@pytest.mark.demo
def test_the_deep_check_finds_nothing(demo: Flask) -> None:
    said = demo.test_cli_runner().invoke(args=["check", "--deep"])
    assert "error" not in said.output
    assert said.exit_code == 0, said.output


# --- Away --------------------------------------------------------------------------------------------------------


def test_an_instance_starts_without_the_server(tmp_path: Path) -> None:
    app = create_app(
        environ={
            "TRACKER_MODE": "test", "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(tmp_path),
            "DATABASE_URL": "postgres://nobody@/nowhere?host=/nowhere",
        },
    )  # fmt: skip
    assert app.test_client().get("/healthz").status_code == 503
