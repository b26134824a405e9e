"""People, their visits and their roles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, or_, select

from tracker.extensions import db
from tracker.models import Entity, Matricule, RoleGrant, User, UserSession, WorkingGroup
from tracker.records import Actor, Grant, paris_day


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account that may be logged in to, and the hash of its password; None: not yet activated."""

    user_id: int
    password_hash: str | None


# they chose a password, or a provider's account is theirs: no code needs to be printed for them
HAS_ACCOUNT = or_(User.password_hash.is_not(None), User.subject.is_not(None))


def active_grant(today: Any) -> ColumnElement[bool]:
    """A role that is held on that day."""
    return and_(RoleGrant.starts_on <= today, or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today))


_PERSON = (
    User.id,
    User.login,
    func.trim(User.first_name + " " + User.last_name),
    User.entity_id,
    User.department_id,
    User.is_manager,
    User.locale,
    User.previous_visit_at,
    Entity.slug,
    Entity.colour,
    Entity.logo,
    Entity.short_name,
)
_GRANT = (RoleGrant.role, RoleGrant.programme_id, RoleGrant.group_id, RoleGrant.site_id, WorkingGroup.programme_id)


@cache
def _visit() -> Select[Any]:
    """Built once: every request asks it."""
    return (
        select(UserSession.id, UserSession.shared, *_PERSON, *_GRANT)
        .join_from(UserSession, User, User.id == UserSession.user_id)
        .outerjoin(Entity, Entity.id == User.entity_id)
        .outerjoin(RoleGrant, and_(RoleGrant.user_id == User.id, active_grant(bindparam("today", type_=Date()))))
        .outerjoin(WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .where(
            UserSession.token_hash == bindparam("token_hash"),
            UserSession.ended_at.is_(None),
            UserSession.expires_at > bindparam("now", type_=UserSession.expires_at.type),
            User.is_active.is_(True),
        )
        .order_by(RoleGrant.id)
    )


def actor_of_session(token_hash: str, *, token: str, now: datetime) -> Actor | None:
    """The active person of a live visit, with today's roles, in one statement; None when there is none."""
    asked = {"token_hash": token_hash, "now": now, "today": paris_day(now)}
    # past the session, which would look for objects to make of the rows: every request asks this
    rows = db.session.connection().execute(_visit(), asked).all()
    if not rows:
        return None
    session_id, shared, *person = rows[0][: 2 + len(_PERSON)]
    actor = _actor(person, _grants([row[-len(_GRANT) :] for row in rows]))
    return replace(actor, session_id=session_id, session_token=token, shared_device=shared)


def _actor(person: Sequence[Any], grants: tuple[Grant, ...]) -> Actor:
    key, login, name, entity_id, department_id, is_manager, locale, previous_visit_at, *employer = person
    slug, colour, logo, employer_name = (value or "" for value in employer)
    return Actor(
        id=key,
        login=login,
        name=name,
        entity_id=entity_id,
        department_id=department_id,
        is_manager=is_manager,
        locale=locale,
        previous_visit_at=previous_visit_at,
        grants=grants,
        employer=slug,
        employer_colour=colour,
        employer_logo=logo,
        employer_name=employer_name,
    )


def _grants(rows: Iterable[Sequence[Any]]) -> tuple[Grant, ...]:
    """Each grant with its project: its own, or that of its group."""
    return tuple(
        Grant(role, programme_id if group_id is None else group_programme_id, group_id, site_id)
        for role, programme_id, group_id, site_id, group_programme_id in rows
        if role is not None
    )


def actor_by_login(login: str, *, now: datetime) -> Actor | None:
    """The active person of that login, with today's roles."""
    person = db.session.execute(
        select(*_PERSON)
        .outerjoin_from(User, Entity, Entity.id == User.entity_id)
        .where(User.login == login, User.is_active.is_(True))
    ).first()
    if person is None:
        return None
    grants = db.session.execute(
        select(*_GRANT)
        .outerjoin_from(RoleGrant, WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .where(RoleGrant.user_id == person.id, active_grant(paris_day(now)))
        .order_by(RoleGrant.id)
    ).all()
    return _actor(person, _grants(grants))


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
