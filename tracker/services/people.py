"""Creating people and giving them roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker import validation
from tracker.enums import Role
from tracker.errors import Refused
from tracker.extensions import db, end_transaction
from tracker.models import RoleGrant, User
from tracker.records import Actor, paris_day
from tracker.services import accounts, history


@dataclass(frozen=True, slots=True)
class PreparedAccount:
    """A checked login with its hash, made outside the write transaction."""

    login: str
    password_hash: str


def prepare_account(*, login: str, password: str, demo: bool = False) -> PreparedAccount:
    """Check and hash. Raises Refused."""
    name = validation.login(login)
    checked = accounts.check_new_password(login=name, password=password, demo=demo)
    end_transaction(commit=False)  # the check read the town's words; no hashing inside a transaction
    return PreparedAccount(name, accounts.hash_password(checked))


def create(
    account: PreparedAccount, *, first_name: str, last_name: str, admin: bool, actor: Actor | None, now: datetime
) -> User:
    """A person with an account; raises Refused when the login is taken."""
    if db.session.scalar(select(User.id).where(User.login == account.login)) is not None:
        raise Refused(gettext("Cet identifiant est déjà pris."), field="login")
    user = User(
        login=account.login,
        password_hash=account.password_hash,
        password_changed_at=now,
        first_name=validation.person_name(first_name, field="first_name"),
        last_name=validation.person_name(last_name, field="last_name"),
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    if admin:
        db.session.add(RoleGrant(user_id=user.id, role=Role.ADMIN, starts_on=paris_day(now)))
    history.record(
        actor=actor, now=now, verb="user:create", subject="user", subject_id=user.id, programme_id=None,
        changes={"login": account.login, "admin": admin},
    )  # fmt: skip
    db.session.flush()
    return user
