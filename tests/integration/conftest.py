"""Fixtures of integration tests only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.integration.letter_scene import drafted, published, scene  # noqa: F401 - fixtures of the tests of letters
from tests.integration.sign_on_scene import claire, configured, provider  # noqa: F401 - fixtures of single sign-on
from tests.integration.trial import trial_app
from tracker.extensions import db, end_transaction


@pytest.fixture
def trial(shared_app: Flask, scratch: Path, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Flask]]:
    """`trial(mode=…, …)` makes an application that misbehaves on purpose, on an empty database, its context pushed."""
    with ExitStack() as stack:

        def make(**options: Any) -> Flask:
            shutil.copy(scratch / "empty.db", tmp_path / "trial.db")
            app = trial_app(tmp_path, clock=clock, **options)
            stack.enter_context(app.app_context())

            def close() -> None:
                end_transaction(commit=False)
                db.session.remove()
                db.engine.dispose()

            stack.callback(close)
            return app

        yield make
