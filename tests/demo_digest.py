"""Loading the demonstration for tests, and a digest of what was loaded.

`python -m tests.demo_digest FOLDER` empties the demonstration of that folder and loads it anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import select

from tracker import create_app
from tracker.extensions import db
from tracker.models import Campaign, Instance, Programme, User, UserSession, Vote
from tracker.services import demo

# what a load draws anew each time: salts of passwords, the key of the open consultation, visits; revisions only grow
DRAWN = {
    User.__table__: {"password_hash"},
    Campaign.__table__: {"key_sha256"},
    Vote.__table__: {"tag"},
    Programme.__table__: {"revision"},
    Instance.__table__: {"revision"},
}


def application(folder: Path, secret: str, *, now: datetime, url: str = "") -> Flask:
    """An application of its own in demo mode, whose keys, and database unless told, stand in that folder."""
    return create_app(
        environ={
            "TRACKER_MODE": "demo",
            "TRACKER_SECRET_KEY": secret,
            "TRACKER_INSTANCE": str(folder / "instance"),
            "DATABASE_URL": url or f"sqlite:///{folder / 'demo.db'}",
        },
        config={"TESTING": True, "SERVER_NAME": None, "CLOCK": lambda: now},
    )


def build(app: Flask, *, now: datetime) -> dict[str, Any]:
    """Migrate its database and load the demonstration; what was loaded, what was said meanwhile, and the digest."""
    said: list[str] = []
    with app.app_context():
        flask_migrate.upgrade()
        loaded = demo.load(now=now, say=said.append)
        assert loaded is not None
        found = {"DEMO_SECONDS": loaded.seconds, "DEMO_SAID": said, "DEMO_DIGEST": digest()}
        db.session.remove()
        db.engine.dispose()
    return found


def built(folder: Path, secret: str, *, now: datetime, url: str = "") -> Flask:
    """The demonstration loaded in a folder of one's own, or in the database of that address."""
    folder.mkdir(exist_ok=True)
    app = application(folder, secret, now=now, url=url)
    app.config.update(build(app, now=now))
    return app


def built_once(base: Path, folder: Path, secret: str, *, now: datetime) -> Flask:
    """The demonstration in a folder of one's own; the processes that share `base` load it once for all."""
    original, done = base / "demonstration-at-noon", base / "demonstration-at-noon.json"
    with (base / "demonstration-at-noon.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the first
        if not done.exists():
            shutil.rmtree(original, ignore_errors=True)
            original.mkdir()
            done.write_text(json.dumps(build(application(original, secret, now=now), now=now)))
    shutil.copytree(original, folder)
    app = application(folder, secret, now=now)
    app.config.update(json.loads(done.read_text()))
    return app


def digest() -> str:
    """A hash of every row of every table, those of visits apart, in the order of their keys."""
    found = hashlib.sha256()
    for table in db.metadata.sorted_tables:
        if table is UserSession.__table__:
            continue
        columns = [column for column in table.columns if column.name not in DRAWN.get(table, ())]
        rows = sorted(repr(tuple(row)) for row in db.session.execute(select(*columns)))
        found.update(f"{table.name} {len(rows)} {rows}\n".encode())
    db.session.rollback()
    return found.hexdigest()


if __name__ == "__main__":
    again = application(
        Path(sys.argv[1]), "for tests only: 9876543210 9876543210", now=datetime.fromisoformat(os.environ["NOW"])
    )
    with again.app_context():
        said = again.test_cli_runner().invoke(args=["demo", "load", "--reset"])
        sys.stdout.write(f"{said.output}\n{digest()}")
        sys.exit(said.exit_code)
