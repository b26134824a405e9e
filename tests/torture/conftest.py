"""A town on a database of the kind asked for, with what people write there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import databases
from tests.servers import application


@pytest.fixture
def site(shared_app: Flask, bases: Any, tmp_path: Path) -> Iterator[Flask]:
    """The application of this process on an empty database, its context pushed; its clock is that of servers."""
    base = bases("torture")
    base.put_back("empty")
    app = application(tmp_path, base.url)
    app.config["BASE"] = base
    with app.app_context():
        yield app
    databases.let_go(app)
