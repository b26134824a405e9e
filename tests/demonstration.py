"""The whole demonstration, loaded once for a run of the tests, however many processes share the run.

The data is that of today, by the operator's own commands; `demo_app` in conftest.py is that of a fixed day, in process.
Set TRACKER_TEST_DEMO to a folder to keep it from one run to the next while you write tests; delete it when it is old.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """What the commands and the server need to work on the instance of a folder, a demonstration unless told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    for name in ("DATABASE_URL", "SMTP_URL", "FLASK_DEBUG"):
        kept.pop(name, None)
    return {**kept, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(folder), **settings}


def run_flask(*arguments: str, folder: Path, typed: str = "", **settings: str) -> str:
    """One command of an operator on that folder; its words."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT, env=environment(folder, **settings), input=typed, text=True, capture_output=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"flask {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder of a loaded demonstration: read it or copy it, never write there."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent  # common to the processes of this run
    folder = Path(os.environ.get("TRACKER_TEST_DEMO") or base / "demonstration")
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "loaded"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the first
        if not done.exists():
            for leftover in folder.glob("tracker.db*"):
                leftover.unlink()
            run_flask("db", "upgrade", folder=folder)
            run_flask("demo", "load", folder=folder)
            with sqlite3.connect(folder / "tracker.db") as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            done.touch()
    return folder


def copy_to(source: Path, target: Path) -> Path:
    """A private copy of a loaded demonstration, vote keys and secret included."""
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("lock", "loaded")))
