"""Unit tests reach neither the application nor the database: asking for them is an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel


@pytest.fixture
def app() -> None:
    raise AssertionError("a unit test asked for the application: put it in tests/integration")


@pytest.fixture(autouse=True)
def _french() -> Iterator[None]:
    """Sentences need a language, nothing more: an empty application with Flask-Babel alone."""
    bare = Flask("words")
    Babel(bare, default_locale="fr")
    with bare.app_context():
        yield
