"""A town hall is one address: everybody there logs in of a morning, and who guesses one password is held up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tests.integration.test_auth import HASH, PASSWORD
from tracker.extensions import db, end_transaction
from tracker.models import LoginFailure, UserSession
from tracker.services import accounts

PEOPLE = 300
MISTYPES = 15  # one in so many, once
GUESSES = 20  # one for so many of the others


def test_three_hundred_people_log_in_within_ten_minutes_while_a_guesser_on_one_account_is_held_up(
    client: CheckedClient, writing: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # to check a password takes 30 ms, three hundred times; that it is argon2id is shown in test_auth.py
    monkeypatch.setattr(accounts, "verify_password", lambda kept, typed: (kept, typed) == (HASH, PASSWORD))
    with writing():
        factories.programme()
        for number in range(PEOPLE + 1):
            factories.user(login=f"agent{number}", password_hash=HASH)
    began, held_up = clock.now, 0

    def attempt(number: int, password: str) -> int:
        client.http.delete_cookie("tracker")
        fields = {"csrf_token": client.csrf_token(), "login": f"agent{number}", "password": password, "shared": "1"}
        return client.http.post("/connexion", data=fields).status_code

    for number in range(PEOPLE):
        if number % MISTYPES == 0:
            assert attempt(number, "faute de frappe") == 422
        assert attempt(number, PASSWORD) == 303, f"the person n° {number} is refused"
        if number % GUESSES == 0:
            held_up += attempt(PEOPLE, f"essai {number}") == 429
        clock.advance(seconds=2)
    assert (clock.now - began).total_seconds() == 600
    assert held_up == PEOPLE // GUESSES - accounts.LIMIT_ACCOUNT
    assert attempt(PEOPLE, PASSWORD) == 429, "found at last, too late"
    end_transaction(commit=False)
    assert db.session.scalar(select(func.count(UserSession.user_id.distinct()))) == PEOPLE
    # who mistyped once and then got in is forgotten on their own account; their address keeps count, far from its limit
    assert (db.session.scalar(select(func.count()).select_from(LoginFailure)) or 0) < accounts.LIMIT_ADDRESS
