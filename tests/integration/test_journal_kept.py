"""The journal of a SQLite file holds writes that the file has not: kept, told, and folded in by a gentle stop."""

from __future__ import annotations

import os
import runpy
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine

from tracker import create_app
from tracker.config import ROOT
from tracker.connections import fold_journal, make_file
from tracker.errors import Refused
from tracker.services import copies

pytestmark = pytest.mark.sqlite("its journal")


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """A file whose last write lies in its journal, held by a process that goes on."""
    path = tmp_path / "tracker.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("PRAGMA journal_mode=WAL")
        held.execute("CREATE TABLE kept (what TEXT)")
        yield path


def journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_no_base_is_begun_beside_the_journal_of_one_that_was_moved(tmp_path: Path, suffix: str) -> None:
    left = tmp_path / f"tracker.db{suffix}"
    left.write_bytes(b"x" * 5000)
    app = create_app({"TESTING": True}, {"TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(tmp_path)})
    done = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert done.exit_code == os.EX_CONFIG
    assert f"{left}, qui tient peut-être des écritures" in done.output
    assert left.read_bytes() == b"x" * 5000
    assert not (tmp_path / "tracker.db").exists()
    with pytest.raises(Refused, match="ne l'effacez pas"):
        copies.restore(f"sqlite:///{tmp_path / 'tracker.db'}", tmp_path / "copie.db")


def test_nor_in_an_empty_file_that_took_its_place(tmp_path: Path) -> None:
    (tmp_path / "tracker.db").touch()
    journal(tmp_path / "tracker.db").write_bytes(b"x" * 5000)
    with pytest.raises(Refused, match="son journal y est encore"):
        make_file(create_engine(f"sqlite:///{tmp_path / 'tracker.db'}"))


def test_a_journal_beside_its_base_is_no_obstacle(base: Path) -> None:
    assert journal(base).stat().st_size
    make_file(create_engine(f"sqlite:///{base}"))


def stop(url: str, monkeypatch: Any, folder: Path) -> list[str]:
    """What the server says when it has ended all its processes."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    said: list[str] = []
    app = SimpleNamespace(config={"SQLALCHEMY_DATABASE_URI": url})
    log = SimpleNamespace(warning=lambda message, *values: said.append(message % values))
    server = SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app), log=log, reexec_pid=0)
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))["on_exit"](server)
    return said


def test_a_gentle_stop_leaves_all_in_the_file(base: Path, monkeypatch: Any, tmp_path: Path) -> None:
    assert stop(f"sqlite:///{base}", monkeypatch, tmp_path) == []
    assert journal(base).stat().st_size == 0
    (tmp_path / "alone.db").write_bytes(base.read_bytes())
    with closing(sqlite3.connect(tmp_path / "alone.db")) as alone:
        assert alone.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_stop_says_that_somebody_still_reads_and_loses_nothing(base: Path, monkeypatch: Any, tmp_path: Path) -> None:
    with closing(sqlite3.connect(base, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM kept").fetchall()
        assert "somebody still works on it" in stop(f"sqlite:///{base}", monkeypatch, tmp_path)[0]
        assert journal(base).stat().st_size


def test_a_stop_makes_no_file_and_says_what_it_could_not_do(monkeypatch: Any, tmp_path: Path) -> None:
    away = tmp_path / "away.db"
    assert stop(f"sqlite:///{away}", monkeypatch, tmp_path) == []
    assert not away.exists()
    away.write_bytes(b"not a database" * 100)
    assert stop(f"sqlite:///{away}", monkeypatch, tmp_path) == ["The journal stays beside the database: DatabaseError"]


def test_a_database_of_a_server_has_no_journal_to_fold() -> None:
    assert fold_journal("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
