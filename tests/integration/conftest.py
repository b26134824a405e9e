"""Fixtures of integration tests only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from flask import Flask

from tests import drawing
from tests.conftest import Clock
from tests.integration.letter_scene import drafted, published, scene  # noqa: F401 - fixtures of the tests of letters
from tests.integration.sign_on_scene import claire, configured, provider  # noqa: F401 - fixtures of single sign-on
from tests.integration.town_scene import town  # noqa: F401 - fixture of the tests of people
from tests.integration.trial import trial_app
from tracker.extensions import db, end_transaction
from tracker.queries import kept
from tracker.services import accounts


class Checked:
    """argon2id as it is, which checks the same password of the same account once for all tests: 30 ms each."""

    def __init__(self, real: PasswordHasher) -> None:
        self._real = real
        self._known: dict[tuple[str, str], VerificationError | None] = {}

    def hash(self, password: str) -> str:
        return self._real.hash(password)

    def verify(self, kept: str, typed: str) -> bool:
        if (kept, typed) not in self._known:
            try:
                self._real.verify(kept, typed)
                self._known[kept, typed] = None
            except VerificationError as wrong:
                self._known[kept, typed] = wrong
        if wrong := self._known[kept, typed]:
            raise wrong.with_traceback(None)
        return True


@pytest.fixture(scope="session", autouse=True)
def passwords_checked_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", Checked(accounts._hasher))
        yield


@pytest.fixture
def drawn_here() -> Iterator[None]:
    with drawing.drawn_here():
        yield


@pytest.fixture(scope="session")
def trial_folder(scratch: Path) -> Path:
    """Where the database of the applications made by `trial` stands."""
    folder = scratch / "trial"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def trial_apps() -> dict[str, tuple[Flask, dict[str, Any]]]:
    """The applications made by `trial`, by what was asked for, with their settings: each is made once for the run."""
    return {}


@pytest.fixture
def trial(
    shared_app: Flask, bases: Any, trial_folder: Path, trial_apps: dict[str, Any], clock: Clock
) -> Iterator[Callable[..., Flask]]:
    """`trial(mode=…, …)` gives an application that misbehaves on purpose, on an empty database, its context pushed."""
    with ExitStack() as stack:

        def make(**options: Any) -> Flask:
            base = bases("trial")
            options.setdefault("DATABASE_URL", base.url)
            asked = repr(sorted(options.items()))
            if asked not in trial_apps:
                app = trial_app(trial_folder, clock=clock, **options)
                trial_apps[asked] = app, dict(app.config)
            app, settings = trial_apps[asked]
            app.config.clear()
            app.config.update(settings, CLOCK=clock, BASE=base)
            base.put_back("empty")
            shutil.rmtree(trial_folder / "vote-keys", ignore_errors=True)
            kept.forget()
            stack.enter_context(app.app_context())

            def close() -> None:
                end_transaction(commit=False)
                db.session.remove()
                db.engine.dispose()

            stack.callback(close)
            return app

        yield make
