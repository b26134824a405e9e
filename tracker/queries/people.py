"""People, their visits and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from tracker.extensions import db
from tracker.models import Matricule, RoleGrant, User, UserSession, WorkingGroup
from tracker.records import Actor, Grant, paris_day


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account that may be logged in to, and the hash of its password; None: not yet activated."""

    user_id: int
    password_hash: str | None


def _active_grant(now: datetime) -> ColumnElement[bool]:
    today = paris_day(now)
    return and_(RoleGrant.starts_on <= today, or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today))


def _actor(user: User, grants: tuple[Grant, ...], visit: UserSession | None = None, token: str = "") -> Actor:
    return Actor(
        id=user.id,
        login=user.login,
        name=user.name,
        entity_id=user.entity_id,
        department_id=user.department_id,
        is_manager=user.is_manager,
        locale=user.locale,
        previous_visit_at=user.previous_visit_at,
        grants=grants,
        session_id=visit.id if visit else 0,
        session_token=token,
        shared_device=visit.shared if visit else True,
    )


def actor_of_session(token_hash: str, *, token: str, now: datetime) -> Actor | None:
    """The active person of a live visit, with today's roles, in one statement; None when there is none."""
    rows = db.session.execute(
        select(UserSession, User, RoleGrant, WorkingGroup.programme_id)
        .join(User, User.id == UserSession.user_id)
        .outerjoin(RoleGrant, and_(RoleGrant.user_id == User.id, _active_grant(now)))
        .outerjoin(WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .where(
            UserSession.token_hash == token_hash,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > now,
            User.is_active.is_(True),
        )
    ).all()
    if not rows:
        return None
    visit, user, _, _ = rows[0]
    return _actor(user, _grants([(row[2], row[3]) for row in rows]), visit, token)


def _grants(rows: list[tuple[RoleGrant | None, int | None]]) -> tuple[Grant, ...]:
    """Each grant with its project: its own, or that of its group."""
    return tuple(
        Grant(grant.role, grant.programme_id if grant.group_id is None else group_programme_id, grant.group_id)
        for grant, group_programme_id in rows
        if grant is not None
    )


def actor_by_login(login: str, *, now: datetime) -> Actor | None:
    """The active person of that login, with today's roles."""
    user = db.session.scalar(select(User).where(User.login == login, User.is_active.is_(True)))
    if user is None:
        return None
    grants = db.session.execute(
        select(RoleGrant, WorkingGroup.programme_id)
        .outerjoin(WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .where(RoleGrant.user_id == user.id, _active_grant(now))
    ).all()
    return _actor(user, _grants([(row[0], row[1]) for row in grants]))


def credentials(text: str, *, entity_id: int | None = None, user_id: int | None = None) -> Credentials | None:
    """The active account that a person types: login, e-mail or register number; None when none, or several, answer.

    `entity_id` tells whose register the number is of; `user_id` leaves one person only.
    """
    wanted = text.strip()
    accounts = select(User.id, User.password_hash).where(User.is_active.is_(True))
    if user_id is not None:
        accounts = accounts.where(User.id == user_id)
    numbered = accounts.join(Matricule, Matricule.user_id == User.id).where(
        Matricule.number.in_({wanted, wanted.upper()})
    )
    if entity_id is not None:
        found = db.session.execute(numbered.where(Matricule.entity_id == entity_id)).unique().all()
        if len(found) == 1:
            return Credentials(*found[0])
    name = wanted.lower()
    named = accounts.where(or_(User.login == name, User.email == name)).order_by((User.login == name).desc())
    row = db.session.execute(named.limit(1)).first()
    if row is not None:
        return Credentials(*row)
    found = db.session.execute(numbered.distinct().limit(2)).all()
    return Credentials(*found[0]) if len(found) == 1 else None


def password_hash(user_id: int) -> str | None:
    """The hash of a person's password."""
    stored: str | None = db.session.scalar(select(User.password_hash).where(User.id == user_id))
    return stored


def session_owner(token_hash: str) -> int | None:
    """The person a visit belonged to, ended or not."""
    owner: int | None = db.session.scalar(select(UserSession.user_id).where(UserSession.token_hash == token_hash))
    return owner
