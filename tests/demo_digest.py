"""Loading the demonstration for tests, and a digest of what was loaded: `python -m tests.demo_digest FOLDER`."""

from __future__ import annotations

import hashlib
import os
import sys
from datetime import datetime
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import select

from tracker import create_app
from tracker.extensions import db
from tracker.models import Campaign, User, UserSession, Vote
from tracker.services import demo

# what a load draws anew each time: salts of passwords, the key of the open consultation, visits
DRAWN = {User.__table__: {"password_hash"}, Campaign.__table__: {"key_sha256"}, Vote.__table__: {"tag"}}


def build(folder: Path, secret: str, *, now: datetime) -> Flask:
    """An application of its own in demo mode, on a migrated database with the demonstration loaded."""
    app = create_app(
        environ={
            "TRACKER_MODE": "demo",
            "TRACKER_SECRET_KEY": secret,
            "TRACKER_INSTANCE": str(folder / "instance"),
            "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        },
        config={"TESTING": True, "SERVER_NAME": None, "CLOCK": lambda: now},
    )
    said: list[str] = []
    with app.app_context():
        flask_migrate.upgrade()
        loaded = demo.load(now=now, say=said.append)
        assert loaded is not None
        app.config["DEMO_LOADED"], app.config["DEMO_SAID"] = loaded, said
        app.config["DEMO_DIGEST"] = digest()
        db.session.remove()
        db.engine.dispose()
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
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    built = build(target, "for tests only, never elsewhere: 9876543210", now=datetime.fromisoformat(os.environ["NOW"]))
    sys.stdout.write(built.config["DEMO_DIGEST"])
