"""How a visit begins: the right password, then the second code of those who have one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import current_app, request

from tracker import validation
from tracker.extensions import begin_write, end_transaction
from tracker.queries import people
from tracker.security import current_time, sessions
from tracker.services import accounts

DEMO_PASSWORD = validation.DEMO_PASSWORD


@dataclass(frozen=True, slots=True)
class Visit:
    """What a successful login gives."""

    token: str
    user_id: int
    shared: bool

    def begin(self, now: datetime) -> None:
        sessions.begin(self.token, user_id=self.user_id, shared=self.shared, now=now)


def try_login(
    login: str, password: str, *, shared: bool, entity_id: int | None = None, only_user_id: int | None = None
) -> Visit | None:
    """A new visit, or None when account and password do not match.

    Raises TooManyAttempts. Reads, then hashes outside any transaction, then writes alone and commits: the cookie
    names the visit only once its row is kept.
    """
    now = current_time()
    keys = accounts.throttle_keys(current_app.config["SECRET_KEY"], account=login, address=request.remote_addr or "")
    accounts.check_throttle(keys, now=now)
    account = people.credentials(login, entity_id=entity_id, user_id=only_user_id)
    named = sessions.named_session()
    end_transaction(commit=False)
    right = accounts.verify_password(account.password_hash if account else None, password)
    if current_app.config["MODE"] == "production" and password == DEMO_PASSWORD:
        right = False  # everybody knows it: a demo's database served for good opens to nobody by it
    begin_write()
    if account is None or not right:
        accounts.note_failure(keys, now=now)
        end_transaction(commit=True)
        return None
    accounts.forget_failures(keys[0])
    token = accounts.open_session(user_id=account.user_id, shared=shared, now=now, replaced=replaced(named))
    end_transaction(commit=True)
    return Visit(token, account.user_id, shared)


def replaced(named: str | None) -> str | None:
    """The hash of the visit that a new one ends."""
    return sessions.hash_token(named) if named else None
