"""A town on a database of the kind asked for, with what people write there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.servers import shared


@pytest.fixture
def site(shared_app: Flask, bases: Any, tmp_path: Path) -> Iterator[Flask]:
    base = bases("torture")
    with shared(base, tmp_path) as app:
        app.config["BASE"] = base
        yield app
