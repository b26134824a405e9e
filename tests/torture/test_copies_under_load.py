"""Copies made while people write: each is a state that was, with all that was acknowledged before it began."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask

from tests import databases, effort
from tests.effort import THOROUGH
from tests.servers import application, running
from tests.torture import recording
from tests.torture.test_kills import sound
from tests.torture.writers import settle, whole, writing
from tracker.errors import Refused
from tracker.services import copies
from tracker.services.copies import moving

ROUNDS = 10 if THOROUGH else 1


@contextmanager
def opened(folder: Path, url: str) -> Iterator[None]:
    """A copy, as the application finds it; the keys of votes are those of the folder."""
    app = application(folder, url)
    with app.app_context():
        sound(app)
        yield
    databases.let_go(app)


def tried(
    app: Flask, folder: Path, copy: Callable[[int], float], address: Callable[[int], str], *, chance: random.Random
) -> list[tuple[int, int, int]]:
    """Copy while people write: of each copy how many deeds were acknowledged before it, are in it, were begun by its
    end. `copy` makes the nth and tells when it began to; `address` then gives its address."""
    writers = settle(app)
    counts = []
    with running(folder, str(app.config["BASE"].url)) as node:
        for place in range(ROUNDS):
            with writing(writers, node, chance):
                time.sleep(0.8)
                since = copy(place)
                until = time.monotonic()
                time.sleep(0.3)
            with opened(folder, address(place)):
                held = sum(whole(writers, since, until))
            deeds = [deed for writer in writers for deed in writer.deeds]
            before = sum(deed.done is not None and deed.done < since for deed in deeds)
            counts.append((before, held, sum(deed.begun <= until for deed in deeds)))
            assert before < len(deeds), "people wrote meanwhile"
    return counts


def test_a_backup_made_while_people_write_restores_to_a_state_that_was(site: Flask, bases: Any, tmp_path: Path) -> None:
    url = str(site.config["SQLALCHEMY_DATABASE_URI"])

    def copy(place: int) -> float:
        since = time.monotonic()
        copies.backup(url, tmp_path / f"copy-{place}")
        return since

    def address(place: int) -> str:
        restored = f"sqlite:///{tmp_path / f'restored-{place}.db'}"
        if databases.ON_POSTGRESQL:
            base = bases("restored")
            base.blank()
            restored = base.url.replace("postgresql:", "postgresql+psycopg:")
        copies.restore(restored, tmp_path / f"copy-{place}")
        return restored

    counts = tried(site, tmp_path, copy, address, chance=effort.chance(8))
    tell(f"backups {recording.database()}", counts)


def tell(name: str, counts: list[tuple[int, int, int]]) -> None:
    heading = ("copy", "acknowledged before it began", "in it", "begun before its end", "torn")
    recording.record(name, recording.table(heading, *((n, *found, 0) for n, found in enumerate(counts, 1))))


@pytest.mark.postgresql
def test_a_move_made_while_people_write_is_refused_or_a_state_that_was(
    scratch: Path, bases: Any, tmp_path: Path
) -> None:
    folder = scratch / "moved under load"
    folder.mkdir()
    base, target = databases.SqliteBase(folder, "town"), bases("moved")
    app = application(tmp_path, base.url)
    app.config["BASE"] = base

    def copy(_place: int) -> float:
        target.blank()
        with pytest.raises(Refused, match="a écrit pendant la copie"):
            moving.copy_to(target.url)
        since = time.monotonic()
        moving.copy_to(target.url, live=True)
        return since

    with app.app_context():
        flask_migrate.upgrade()
        chance = effort.chance(9)
        counts = tried(app, tmp_path, copy, lambda _place: str(target.url), chance=chance)
    databases.let_go(app)
    tell("moves", counts)
