"""Two people who write at once: each in their turn, and nobody sees half of what another writes."""

from __future__ import annotations

import sqlite3
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.integration.test_transactions import written
from tracker import extensions
from tracker.extensions import begin_write, db, end_transaction, is_unavailable, write_transaction
from tracker.models import Counter, Setting


def in_threads(app: Flask, *works: Any) -> list[BaseException]:
    failures: list[BaseException] = []

    def run(work: Any) -> None:
        with app.app_context():
            try:
                work()
            except BaseException as error:  # so that the test shows it
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    return failures


def test_two_writers_queue(app: Flask, writing: Any) -> None:
    with writing():
        db.session.add(Counter(name="x", value=0))
    end_transaction(commit=False)

    def add() -> None:
        for _ in range(10):
            db.session.scalar(select(Counter.value))  # first reads, as a request does
            with write_transaction():
                row = db.session.get_one(Counter, "x")
                value = row.value
                time.sleep(0.002)
                row.value = value + 1

    assert in_threads(app, add, add, add, add) == []
    end_transaction(commit=False)
    assert db.session.scalar(select(Counter.value)) == 40


def test_readers_neither_wait_for_a_writer_nor_see_half_of_it(app: Flask) -> None:
    writing, read = threading.Event(), threading.Event()
    seen: list[int] = []

    def write() -> None:
        with write_transaction():
            db.session.add(Setting(key="a", value=1))
            db.session.flush()
            writing.set()
            assert read.wait(10), "the reader waited"

    def look() -> None:
        assert writing.wait(10)
        seen.append(written())
        read.set()

    assert in_threads(app, write, look) == []
    assert seen == [0]
    assert written() == 1


@pytest.mark.sqlite("its timeout")
def test_a_writer_that_waits_too_long_is_told_so_as_unavailable(app: Flask, monkeypatch: Any) -> None:
    monkeypatch.setattr(extensions, "BUSY_TIMEOUT_MS", 50)
    with sqlite3.connect(str(db.engine.url.database)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):  # the first gives its turn back: the second is not told otherwise
            with pytest.raises(OperationalError) as refusal:
                begin_write()
            assert is_unavailable(refusal.value)
            end_transaction(commit=False)
        other.execute("ROLLBACK")
    other.close()
    begin_write()
    end_transaction(commit=False)


@pytest.mark.sqlite("its queue of writers")
def test_a_writer_waits_while_the_file_recovers_from_a_process_that_was_killed(app: Flask) -> None:
    recovering = sqlite3.OperationalError("database is locked")
    recovering.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
    left, said = [recovering, recovering], []

    class Driver:
        def execute(self, statement: str) -> None:
            said.append(statement)
            if statement == "BEGIN IMMEDIATE" and left:
                raise left.pop()

    record: Any = SimpleNamespace(connection=SimpleNamespace(driver_connection=Driver()), engine=db.engine, info={})
    extensions._take_turn(record)
    extensions._give_turn(record.info)
    assert said.count("BEGIN IMMEDIATE") == 3


@pytest.mark.sqlite("its queue of writers")
def test_a_writer_behind_another_of_its_process_is_told_so_too(app: Flask, monkeypatch: Any) -> None:
    monkeypatch.setattr(extensions, "BUSY_TIMEOUT_MS", 50)
    began, over = threading.Event(), threading.Event()

    def hold() -> None:
        with write_transaction():
            began.set()
            assert over.wait(10)

    def wait() -> None:
        assert began.wait(10)
        try:
            begin_write()
        finally:
            end_transaction(commit=False)
            over.set()

    (refusal,) = in_threads(app, hold, wait)
    assert is_unavailable(refusal)
