"""Who has a second code, and who must."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select

from tracker.enums import Role
from tracker.extensions import db
from tracker.models import RecoveryCode, RoleGrant, SecondFactor, Setting, User
from tracker.records import paris_day

REQUIRED = "second_factor_required"  # key of the setting
ROLES = (Role.ADMIN, Role.STEERING)  # for whom it may be
SHOWN = 300


@dataclass(frozen=True, slots=True)
class FactorState:
    """What a person's own page needs: a secret still to confirm, or since when codes are asked."""

    pending_secret: str = ""
    confirmed_at: datetime | None = None
    recovery_left: int = 0
    has_password: bool = True  # without one, a provider's account opens theirs


@dataclass(frozen=True, slots=True)
class Bearer:
    """One line of the manager's page."""

    id: int
    name: str
    must: bool
    has: bool


def is_on(user_id: int) -> bool:
    """Whether this person is asked a second code at login."""
    found = select(SecondFactor.user_id).where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    return db.session.scalar(found) is not None


def is_required() -> bool:
    return bool(db.session.scalar(select(Setting.value).where(Setting.key == REQUIRED)))


def must_have(user_id: int, *, now: datetime) -> bool:
    """Whether a role of today asks this person for a second code."""
    return is_required() and db.session.scalar(_bound(now).where(RoleGrant.user_id == user_id).limit(1)) is not None


def _bound(now: datetime) -> Select[int]:
    today = paris_day(now)
    return select(RoleGrant.user_id).where(
        RoleGrant.role.in_(ROLES),
        RoleGrant.starts_on <= today,
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today),
    )


def state(user_id: int) -> FactorState:
    row = db.session.execute(
        select(SecondFactor.secret, SecondFactor.confirmed_at, User.password_hash.is_not(None))
        .join(User, User.id == SecondFactor.user_id)
        .where(SecondFactor.user_id == user_id)
    ).first()
    if row is None:
        return FactorState()
    secret, confirmed_at, has_password = row
    if confirmed_at is None:
        return FactorState(pending_secret=secret)
    left = select(func.count(RecoveryCode.id)).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return FactorState("", confirmed_at, db.session.scalar(left) or 0, bool(has_password))


def bearers(now: datetime) -> tuple[Bearer, ...]:
    """Managers and committee, then the others who have a second code."""
    bound = _bound(now)
    name = func.trim(User.first_name + " " + User.last_name)
    must, has = User.id.in_(bound), SecondFactor.confirmed_at.is_not(None)
    rows = db.session.execute(
        select(User.id, name, must, has)
        .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
        .where(User.is_active.is_(True), or_(must, has))
        .order_by(must.desc(), has, User.last_name, User.id)
        .limit(SHOWN)
    )
    return tuple(Bearer(key, person, bool(one), bool(two)) for key, person, one, two in rows)
