"""The disk is full, the database locked, moved, replaced, stopped or to be read alone: a page says to wait, what was
typed comes back, and once the cause is gone everything goes on without a restart."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from tests import databases, postgresql_server
from tests.client import CheckedClient
from tests.effort import THOROUGH
from tests.servers import Node, Person, Reply, running
from tests.torture.writers import Author, Pilot, Voter, Writer, settle
from tracker import extensions
from tracker.extensions import WRITE_LOCK, db, end_transaction
from tracker.forms.proposals import SHOWN
from tracker.models import User
from tracker.services.proposals import new_key

IDEA = "Ouvrir la mairie « annexe » un samedi sur deux & le dire."
ROOT_ALONE = ("setpriv", "--bounding-set=-dac_override") if os.getuid() == 0 else ()  # whom rights would not stop


def send(person: Person, node: Node, key: str) -> Reply:
    fields = {"key": key, "title": "", "body": IDEA, "name": SHOWN, "geste": "envoyer"}
    return person.post(node, "/propositions/nouvelle", fields)


def is_told_to_wait(answer: Reply, *, typed: str = "") -> None:
    assert answer.status == 503, answer.text[:2000]
    assert answer.headers["Retry-After"] == "30"
    assert "<h1>Un instant</h1>" in answer.text
    assert "site-header" in answer.text, "in the layout of the tool"
    assert "Rien n'a été enregistré" in answer.text.replace("&#39;", "'")
    if typed:
        carried = re.search(r'<form class="resume".*?</form>', answer.text, re.S)
        assert carried, answer.text
        assert typed.replace("&", "&amp;") in carried[0]


class Town:
    """People who write, and what is asked of the server before, during and after a fault."""

    def __init__(self, app: Flask) -> None:
        self.writers = settle(app, voters=1, pilots=1, authors=1)
        self.author = self.one(Author).person
        self.keys = [new_key()]
        self.sent = 0

    def one(self, kind: type[Writer]) -> Any:
        return next(writer for writer in self.writers if isinstance(writer, kind))

    def works(self, node: Node) -> None:
        """What was refused is sent again, as the button of the page does, and is written once."""
        assert send(self.author, node, self.keys[-1]).status == 303
        self.sent += 1
        self.keys.append(new_key())
        assert self.author.get(node, "/propositions").status == 200

    def waits(self, node: Node, *, reads: tuple[int, ...]) -> None:
        """Every kind of write is refused; pages that are read answer one of `reads`."""
        is_told_to_wait(send(self.author, node, self.keys[-1]), typed=IDEA)
        number, voter, pilot = min(self.one(Voter).numbers), self.one(Voter).person, self.one(Pilot)
        is_told_to_wait(voter.post(node, f"/propositions/{number}/soutien"))
        note = {"status": "in_progress", "health": "sun", "note": "Le marché est signé.", "token": "1"}
        is_told_to_wait(pilot.person.post(node, f"/actions/{pilot.number}/point", note), typed="Le marché est signé.")
        in_place = voter.post(node, f"/propositions/{number}/soutien", Accept="application/json")
        assert (in_place.status, in_place.headers["Content-Type"]) == (503, "application/json")
        for path in ("/", "/propositions", f"/actions/{pilot.number}"):
            page = self.author.get(node, path)
            assert page.status in reads, page.text[:2000]
            if page.status == 503:
                is_told_to_wait(page)

    def nothing_else(self) -> None:
        """What was refused was not written; what was accepted was, once."""
        assert len(self.one(Author).found()) == self.sent
        assert self.one(Pilot).found() == []
        assert self.one(Voter).found() == set()
        end_transaction(commit=False)


@pytest.fixture
def town(site: Flask) -> Town:
    return Town(site)


@contextmanager
def served(site: Flask, town: Town, folder: Path, *, before: tuple[str, ...] = ()) -> Iterator[Node]:
    """A server that works before the fault and after it."""
    with running(folder, str(site.config["BASE"].url), before=before) as node:
        town.works(node)
        yield node
        town.works(node)
        assert node.process.poll() is None
    town.nothing_else()


# --- SQLite --------------------------------------------------------------------------------------------------------


@contextmanager
def moved(node: Node, file: Path) -> Iterator[None]:
    aside = file.with_name("aside.db")
    file.rename(aside)
    yield
    assert not file.exists(), "no other database is begun in its place"
    aside.rename(file)


@contextmanager
def no_room(node: Node, file: Path) -> Iterator[None]:
    """No file may grow past a limit: what a full disk does, without filling one."""
    processes = [node.process.pid, *node.workers]
    usual = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (16_000, usual[1]))
    yield
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, usual)


@contextmanager
def to_be_read(node: Node, file: Path) -> Iterator[None]:
    replaced(file, 0o400)
    yield
    may_be_written(file)


@contextmanager
def in_a_folder_to_be_read(node: Node, file: Path) -> Iterator[None]:
    mode = file.parent.stat().st_mode
    replaced(file, 0o400)
    file.parent.chmod(0o500)
    try:
        yield
    finally:
        file.parent.chmod(mode)
    may_be_written(file)


def may_be_written(file: Path) -> None:
    for one in file.parent.glob(f"{file.name}*"):  # its journal took its rights
        one.chmod(0o600)


def replaced(file: Path, mode: int) -> None:
    """Another file takes its place, as a restoration does it: the server opens it, whatever it held open."""
    with closing(sqlite3.connect(file)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = Path(shutil.copy(file, file.with_name("aside.db")))
    aside.chmod(mode)
    aside.replace(file)


@pytest.mark.sqlite("its file")
def test_a_file_that_is_moved_or_replaced_or_refused_by_its_disk(site: Flask, town: Town, tmp_path: Path) -> None:
    file: Path = site.config["BASE"].file
    with served(site, town, tmp_path, before=ROOT_ALONE) as node:
        for fault in (moved, no_room, to_be_read, in_a_folder_to_be_read):
            databases.let_go(site)
            with fault(node, file):
                town.waits(node, reads=(503,) if fault is moved else (200, 503))
                if fault is no_room:  # a large form passes by a file
                    is_told_to_wait(town.author.post_file(node, "/propositions/nouvelle", b"a;b;c\r\n" * 200_000))
            town.works(node)
        databases.let_go(site)
        replaced(file, 0o600)
        town.works(node)


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


@contextmanager
def stopped(base: Any) -> Iterator[None]:
    with postgresql_server.stopped(base.socket):
        yield


@contextmanager
def closed(base: Any) -> Iterator[None]:
    """Nobody may connect any more, and those who were are sent away."""
    postgresql_server.run(
        base.socket,
        f'ALTER DATABASE "{base.name}" ALLOW_CONNECTIONS false',
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{base.name}'",
    )
    yield
    postgresql_server.run(base.socket, f'ALTER DATABASE "{base.name}" ALLOW_CONNECTIONS true')


@contextmanager
def to_be_read_alone(base: Any) -> Iterator[None]:
    """As a server that took over from another and is not its successor yet."""
    for word in ("on", "off"):
        postgresql_server.run(
            base.socket,
            f'ALTER DATABASE "{base.name}" SET default_transaction_read_only = {word}',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{base.name}'",
        )
        if word == "on":
            yield


@contextmanager
def full(base: Any) -> Iterator[None]:
    """A disk that is full is told when a row is written, or not before the commit."""
    tables = ("event", "roll_entry", "proposal_version", "vote")
    with psycopg.connect(base.url, autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
        for table in tables:
            owner.execute(
                f"CREATE CONSTRAINT TRIGGER no_room AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION no_room()"
            )
        yield
        owner.execute("DROP FUNCTION no_room CASCADE")


@pytest.mark.postgresql
def test_a_postgresql_that_is_stopped_or_refuses(site: Flask, town: Town, tmp_path: Path) -> None:
    faults = ((stopped, 503), (closed, 503), (to_be_read_alone, 200), (full, 200))
    with served(site, town, tmp_path) as node:
        for fault, reads in faults:
            databases.let_go(site)
            with fault(site.config["BASE"]):
                town.waits(node, reads=(reads,))
            town.works(node)
        databases.let_go(site)


# --- Both ----------------------------------------------------------------------------------------------------------


@contextmanager
def taken(base: Any) -> Iterator[None]:
    """Somebody else writes meanwhile."""
    if databases.ON_POSTGRESQL:
        with psycopg.connect(base.url, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", (WRITE_LOCK,))
            yield
        return
    with closing(sqlite3.connect(base.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.skipif(not THOROUGH, reason="ten seconds for each write: in make torture; shortened below")
def test_a_database_that_another_process_keeps_for_itself(site: Flask, town: Town, tmp_path: Path) -> None:
    with served(site, town, tmp_path) as node, taken(site.config["BASE"]):
        town.waits(node, reads=(200,))


def test_a_write_that_waits_too_long_is_told_so_and_keeps_what_was_typed(
    site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extensions, "BUSY_TIMEOUT_MS", 50)
    town = Town(site)
    client = CheckedClient(site).login(db.session.get_one(User, town.one(Author).user_id))
    fields = {"key": town.keys[0], "title": "", "body": IDEA, "name": SHOWN, "geste": "envoyer"}
    if databases.ON_POSTGRESQL:
        db.session.execute(text("SET lock_timeout = 50"))
        db.session.commit()  # of this connection, the only one
    with taken(site.config["BASE"]):
        answer = client.post("/propositions/nouvelle", fields, expected=503, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.select("form.resume input[name=body], form.resume textarea[name=body]")
        client.get("/propositions")
    client.post("/propositions/nouvelle", fields)


def test_a_server_that_is_stopped_answers_what_it_was_asked(site: Flask, town: Town, tmp_path: Path) -> None:
    with running(tmp_path, str(site.config["BASE"].url)) as node, ThreadPoolExecutor(1) as browser:
        with taken(site.config["BASE"]):
            asked = browser.submit(send, town.author, node, town.keys[0])
            time.sleep(0.7)  # it waits for its turn
            os.kill(node.process.pid, signal.SIGTERM)
            time.sleep(0.7)
            assert not asked.done()
        assert asked.result().status == 303
        assert node.process.wait(timeout=20) == 0
    assert len(town.one(Author).found()) == 1
