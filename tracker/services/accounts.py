"""Logins, visits and passwords."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import unicodedata
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from flask_babel import gettext
from sqlalchemy import delete, func, select, update

from tracker import validation
from tracker.errors import Refused, TooManyAttempts
from tracker.extensions import db
from tracker.models import Entity, LoginFailure, User, UserSession
from tracker.records import Actor
from tracker.services import history

# OWASP's argon2id parameters (design part 7): 19 MiB, 2 passes, 1 lane; at most two at once per process
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_at_most_two = threading.BoundedSemaphore(2)
# verified when there is no account, so that an unknown one takes as long as a known one; the answer is never used
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$0a8xaciiaeYCNNZDt4tfAg$nKC5Y9wUQNoI+9FF1HZRLsaJMcSW+tioaoIMg3PI9NE"

LIFE_SHARED = timedelta(hours=12)
LIFE_PRIVATE = timedelta(days=30)
WINDOW = timedelta(minutes=15)
LIMIT_ACCOUNT = 8
LIMIT_ADDRESS = 400  # a town hall is one address


def hash_password(password: str) -> str:
    """The argon2id hash; call it outside any transaction."""
    with _at_most_two:
        return _hasher.hash(_typed(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one; takes as long when there is none. Call it outside any transaction."""
    with _at_most_two:
        try:
            return _hasher.verify(password_hash or _NOBODY, _typed(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def _typed(password: str) -> str:
    """The same bytes whatever the keyboard: an "é" may be typed as one character or as two."""
    return unicodedata.normalize("NFC", password)


def throttle_keys(secret: str, *, account: str, address: str, purpose: str = "account") -> tuple[str, str]:
    """Keys under which failures are counted: neither the account name nor the address is kept in clear."""

    def key(kind: str, value: str) -> str:
        return hmac.new(secret.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()

    return key(purpose, account.strip().lower()), key("address", address)


def check_throttle(keys: tuple[str, str], *, now: datetime) -> None:
    """Raise TooManyAttempts when this account or this address failed too often lately."""
    since = now - WINDOW
    for key, limit in zip(keys, (LIMIT_ACCOUNT, LIMIT_ADDRESS), strict=True):
        failures = db.session.scalar(
            select(func.count()).select_from(LoginFailure).where(LoginFailure.key == key, LoginFailure.at > since)
        )
        if failures and failures >= limit:
            minutes = int(WINDOW.total_seconds() // 60)
            raise TooManyAttempts(
                gettext("Trop d'essais. Attendez %(minutes)s minutes, puis recommencez.", minutes=minutes),
                retry_after=int(WINDOW.total_seconds()),
            )


def note_failure(keys: tuple[str, str], *, now: datetime) -> None:
    """Count a failed attempt; the caller commits it alone."""
    db.session.add_all([LoginFailure(key=key, at=now) for key in keys])
    db.session.flush()


def forget_failures(key: str) -> None:
    db.session.execute(delete(LoginFailure).where(LoginFailure.key == key))


def open_session(*, user_id: int, shared: bool, now: datetime, replaced: str | None = None) -> str:
    """Write a visit and give its token, which only the cookie will hold. Remembers the visit before this one.

    `replaced`: hash of the token that the cookie held until now, whose visit is ended.
    """
    token = secrets.token_urlsafe(32)
    if replaced is not None:
        db.session.execute(
            update(UserSession)
            .where(UserSession.token_hash == replaced, UserSession.ended_at.is_(None))
            .values(ended_at=now)
        )
    db.session.add(
        UserSession(
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            user_id=user_id,
            shared=shared,
            created_at=now,
            expires_at=now + (LIFE_SHARED if shared else LIFE_PRIVATE),
        )
    )
    db.session.execute(
        update(User).where(User.id == user_id).values(previous_visit_at=User.last_visit_at, last_visit_at=now)
    )
    db.session.flush()
    return token


def end_session(*, session_id: int, now: datetime) -> None:
    db.session.execute(
        update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(ended_at=now)
    )


def check_new_password(*, login: str, password: str, demo: bool) -> str:
    """The password, if it is strong enough; raises Refused on the field `new_password`."""
    try:
        return validation.password(password, login=login, town_words=_town_words(), demo=demo)
    except Refused as refusal:
        raise Refused(refusal.message, field="new_password") from refusal


def _town_words() -> set[str]:
    """What everybody here would try first: the site's name, the employers' short names, and their words."""
    names = [current_app.config["SITE_NAME"], *db.session.scalars(select(Entity.short_name))]
    return {word for name in names for word in (name, *re.findall(r"\w{4,}", name))}


def change_password(*, actor: Actor, new_hash: str, now: datetime) -> None:
    """Store the new hash and end every visit of the person, this one included."""
    db.session.execute(update(User).where(User.id == actor.id).values(password_hash=new_hash, password_changed_at=now))
    db.session.execute(
        update(UserSession).where(UserSession.user_id == actor.id, UserSession.ended_at.is_(None)).values(ended_at=now)
    )
    history.record(actor=actor, now=now, verb="password:change", subject="user", subject_id=actor.id, programme_id=None)
    db.session.flush()


def choose_language(language: str, *, actor: Actor, now: datetime) -> None:
    """The language in which this person reads the tool, on any device, and its mails."""
    db.session.execute(update(User).where(User.id == actor.id).values(locale=language))
    history.record(actor=actor, now=now, verb="language:choose", subject="user", subject_id=actor.id, programme_id=None)
    db.session.flush()
