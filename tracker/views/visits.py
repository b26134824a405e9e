"""How a visit begins: the right password, then the second code of those who have one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import current_app, request, session
from flask_babel import gettext

from tracker import validation
from tracker.errors import Refused
from tracker.extensions import begin_write, end_transaction
from tracker.identity import Away, directory
from tracker.queries import people, single_sign_on
from tracker.queries import second_factor as factors
from tracker.records import Actor
from tracker.security import current_time, sessions
from tracker.services import accounts, second_factor

DEMO_PASSWORD = validation.DEMO_PASSWORD
PENDING = "pending"  # in the signed cookie: whose password was right, until the second code comes
PENDING_LIFE = timedelta(minutes=5)
HINT = "provider"  # in the signed cookie: what the provider of the single sign-on wants to be shown at logout


@dataclass(frozen=True, slots=True)
class Visit:
    """What a successful login gives; `enrol`: a role asks for a second code that this person has yet to set up."""

    token: str
    user_id: int
    shared: bool
    enrol: bool = False
    hint: str | None = None

    def begin(self, now: datetime) -> None:
        sessions.begin(self.token, user_id=self.user_id, shared=self.shared, now=now)
        if self.enrol:
            session[sessions.ENROL] = True
        if self.hint is not None:
            session[HINT] = self.hint


@dataclass(frozen=True, slots=True)
class Pending:
    """Half a login: the password was right, the second code is yet to come."""

    user_id: int
    shared: bool
    target: str = ""
    hint: str | None = None

    def keep(self, now: datetime, target: str) -> None:
        session[PENDING] = [self.user_id, self.shared, target, int(now.timestamp()), self.hint]


def pending(now: datetime) -> Pending | None:
    """The half login of this browser, while it lasts."""
    match session.get(PENDING):
        case [int() as user_id, bool() as shared, str() as target, int() as since, hint]:
            if now.timestamp() - since < PENDING_LIFE.total_seconds():
                return Pending(user_id, shared, target, hint)
    return None


def try_login(
    login: str, password: str, *, shared: bool, entity_id: int | None = None, only_user_id: int | None = None
) -> Visit | Pending | None:
    """A new visit, half of one, or None when account and password do not match.

    Raises TooManyAttempts. Reads, then hashes outside any transaction, then writes alone and commits: the cookie
    names the visit only once its row is kept.
    """
    now = current_time()
    keys = accounts.throttle_keys(current_app.config["SECRET_KEY"], account=login, address=request.remote_addr or "")
    accounts.check_throttle(keys, now=now)
    account = people.credentials(login, entity_id=entity_id, user_id=only_user_id)
    end_transaction(commit=False)
    right = accounts.verify_password(account.password_hash if account else None, password)
    if current_app.config["MODE"] == "production" and password == DEMO_PASSWORD:
        right = False  # everybody knows it: a demo's database served for good opens to nobody by it
    user_id = account.user_id if account is not None and right else _in_directory(login, password, only_user_id)
    begin_write()
    if user_id is None:
        accounts.note_failure(keys, now=now)
        end_transaction(commit=True)
        return None
    accounts.forget_failures(keys[0])
    begun = opened(user_id, shared=shared, now=now)
    end_transaction(commit=True)
    return begun


def _in_directory(login: str, password: str, only_user_id: int | None) -> int | None:
    """The person whose password it is in the town's directory, where there is one; outside any transaction."""
    asked = current_app.config["DIRECTORY"]
    if asked is None:
        return None
    try:
        value = directory.ask(asked, login.strip(), password)
    except Away as trouble:
        current_app.logger.warning("The directory does not answer: %s", type(trouble.__cause__).__name__)
        return None
    user_id = single_sign_on.in_directory(asked.match, value) if value else None
    end_transaction(commit=False)
    return user_id if only_user_id in {None, user_id} else None


def opened(user_id: int, *, shared: bool, now: datetime, strong: bool = False) -> Visit | Pending:
    """The visit of somebody whose password is right, or half of it; inside the caller's write transaction.

    `strong`: a provider has already asked two factors of them.
    """
    if strong:
        return _visit(user_id, shared=shared, now=now)
    if factors.is_on(user_id):
        return Pending(user_id, shared)
    return _visit(user_id, shared=shared, now=now, enrol=factors.must_have(user_id, now=now))


def _visit(user_id: int, *, shared: bool, now: datetime, enrol: bool = False) -> Visit:
    named = sessions.named_session()
    replaced = sessions.hash_token(named) if named else None
    token = accounts.open_session(user_id=user_id, shared=shared, now=now, replaced=replaced)
    return Visit(token, user_id, shared, enrol)


def check_own_code(actor: Actor, typed: str) -> None:
    """Raises Refused (`code`) unless this is a second code or a recovery code of who asks, or TooManyAttempts."""
    now = current_time()
    # as for the present password: these guesses count apart from those of the login page
    keys = accounts.throttle_keys(
        current_app.config["SECRET_KEY"], account=str(actor.id), address=request.remote_addr or "", purpose="own-code"
    )
    accounts.check_throttle(keys, now=now)
    begin_write()
    right = second_factor.verify(actor.id, typed, now=now)
    if right:
        accounts.forget_failures(keys[0])
    else:
        accounts.note_failure(keys, now=now)
    end_transaction(commit=True)
    if not right:
        raise Refused(gettext("Ce n'est pas le bon code, ou il a déjà servi."), field="code")


def complete(half: Pending, typed: str) -> Visit | None:
    """The visit, once the second code is right; None when it is not. Raises TooManyAttempts."""
    now = current_time()
    keys = accounts.throttle_keys(
        current_app.config["SECRET_KEY"], account=str(half.user_id), address=request.remote_addr or "", purpose="second"
    )
    accounts.check_throttle(keys, now=now)
    begin_write()
    visit = None
    if second_factor.verify(half.user_id, typed, now=now):
        accounts.forget_failures(keys[0])
        visit = replace(_visit(half.user_id, shared=half.shared, now=now), hint=half.hint)
    else:
        accounts.note_failure(keys, now=now)
    end_transaction(commit=True)
    return visit
