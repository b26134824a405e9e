"""An instance of its own for real files, and the command that imports them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tracker import create_app
from tracker.extensions import db

ROOT = Path(__file__).parents[2]
REALDATA = Path(os.environ.get("TRACKER_REALDATA") or ROOT.parent / "shared" / "data")
NOW = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def real(request: pytest.FixtureRequest, shared_app: Flask, scratch: Path, bases: Any) -> Iterator[Flask]:
    """An application of its own on an empty database, for the whole file."""
    folder = scratch / request.module.__name__.rpartition(".")[2]
    folder.mkdir()
    base = bases("real")
    base.put_back("empty")
    app = create_app(
        environ={
            "TRACKER_MODE": "test",
            "TRACKER_SECRET_KEY": "for tests only, never elsewhere: 5555555555",
            "TRACKER_INSTANCE": str(folder / "instance"),
            "DATABASE_URL": base.url,
        },
        config={"TESTING": True, "SERVER_NAME": None, "CLOCK": lambda: NOW},
    )
    yield app
    with app.app_context():
        db.engine.dispose()


def operate(app: Flask, kind: str, file: Path, mapping: Path, *options: str) -> Result:
    """`flask import …`, as typed in a terminal."""
    return app.test_cli_runner().invoke(args=["import", kind, str(file), "--map", str(mapping), *options])
