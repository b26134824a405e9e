"""The people of a test: `town` is the `Town` that its module describes, `actor` one of them as services see them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import NOON
from tracker.extensions import end_transaction
from tracker.queries import people
from tracker.records import Actor


@pytest.fixture
def town(request: pytest.FixtureRequest, writing: Any) -> Any:
    with writing():
        return request.module.Town()


def actor(login: str = "gestion") -> Actor:
    found = people.actor_by_login(login, now=NOON)
    assert found is not None
    end_transaction(commit=False)
    return found
