"""The first account of a town: a link printed at start, which serves once, while no account exists."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from flask_babel import gettext
from sqlalchemy import select

from tracker.errors import NotFound
from tracker.extensions import db
from tracker.models import Instance, Setting, User
from tracker.services import people
from tracker.services.people import PreparedAccount

KEY = "first-account"
LIFE = timedelta(hours=24)


def needed() -> bool:
    """Whether nobody at all can log in: people of a register without password do not count."""
    return db.session.scalar(select(User.id).where(User.password_hash.is_not(None)).limit(1)) is None


def make_token(*, now: datetime) -> str:
    """A new token, in place of any older one; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    kept = {"sha256": _hash(token), "until": (now + LIFE).isoformat()}
    row = db.session.get(Setting, KEY)
    if row is None:
        db.session.add(Setting(key=KEY, value=kept))
    else:
        row.value = kept
    db.session.flush()
    return token


def check_token(token: str, *, now: datetime) -> None:
    """Raise NotFound unless this is the living token of an instance without any account."""
    row = db.session.get(Setting, KEY, populate_existing=True)
    kept = row.value if row is not None else None
    right = (
        isinstance(kept, dict)
        and hmac.compare_digest(str(kept.get("sha256", "")), _hash(token))
        and now < datetime.fromisoformat(str(kept.get("until")))
    )
    if not right or not needed():
        raise NotFound(gettext("Ce lien n'est plus valable, ou a déjà servi."))


def create(token: str, account: PreparedAccount, *, first_name: str, last_name: str, now: datetime) -> None:
    """The first manager; the link is spent. Raises NotFound, Refused."""
    db.session.execute(select(Instance.id).with_for_update())  # two people with the same link: one at a time
    check_token(token, now=now)
    people.create(account, first_name=first_name, last_name=last_name, admin=True, actor=None, now=now)
    db.session.delete(db.session.get(Setting, KEY))
    db.session.flush()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
