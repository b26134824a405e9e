"""Two accounts that may be one person's, side by side, and the names typed of somebody who has an account.

Nothing here tells a name that is not displayed: what is not shown with its author is not counted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import cast, func, literal, or_, select, union_all
from sqlalchemy.types import String

from tracker import search
from tracker.enums import Role
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Comment,
    DataRequest,
    Entity,
    Matricule,
    Programme,
    Proofreading,
    Proposal,
    Review,
    RoleGrant,
    Site,
    User,
    WorkingGroup,
)

NAMES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of each kind is a person's."""

    actions: int
    points: int
    proposals: int
    opinions: int
    comments: int
    readings: int
    requests: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two accounts."""

    id: int
    name: str
    login: str
    email: str
    employer: str
    active: bool
    has_password: bool
    has_identity: bool  # at the provider of the single sign-on
    merged_into_id: int | None
    erased: bool
    counted: Counted
    numbers: tuple[str, ...] = ()
    roles: tuple[tuple[Role, str], ...] = ()  # held now or later, and where

    @property
    def has_account(self) -> bool:
        return self.has_password or self.has_identity

    @property
    def manages(self) -> bool:
        return any(role is Role.ADMIN for role, _where in self.roles)


@dataclass(frozen=True, slots=True)
class TypedName:
    """A name typed of the author of a proposal, on paper or of a workshop."""

    authorship_id: int
    name: str
    number: int
    title: str


def _of(column: Any, *where: Any) -> Any:
    return select(func.count()).where(column == User.id, *where).correlate(User).scalar_subquery()


def sides(ids: Collection[int], *, today: date) -> dict[int, Side]:
    """The accounts, in two statements."""
    named = (
        select(func.count())
        .join_from(Authorship, Proposal, Proposal.id == Authorship.proposal_id)
        .where(Authorship.user_id == User.id, Authorship.sealed.is_(False), Proposal.number.is_not(None))
        .correlate(User)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            User, Entity.short_name, _of(Action.pilot_id), _of(ActionUpdate.author_id), named,
            _of(Review.reviewer_id), _of(Comment.author_id), _of(Proofreading.user_id), _of(DataRequest.user_id),
        )
        .outerjoin(Entity, Entity.id == User.entity_id)
        .where(User.id.in_(ids))
    ).all()  # fmt: skip
    numbers, roles = _held(ids, today)
    return {
        user.id: Side(
            id=user.id, name=user.name or user.login, login=user.login, email=user.email or "",
            employer=employer or "", active=user.is_active, has_password=user.password_hash is not None,
            has_identity=user.issuer is not None, merged_into_id=user.merged_into_id,
            erased=user.erased_at is not None, counted=Counted(*counts), numbers=tuple(numbers.get(user.id, ())),
            roles=tuple(roles.get(user.id, ())),
        )
        for user, employer, *counts in rows
    }  # fmt: skip


def _held(ids: Collection[int], today: date) -> tuple[dict[int, list[str]], dict[int, list[tuple[Role, str]]]]:
    """Register numbers, and roles that are not over."""
    where = func.coalesce(WorkingGroup.name, Site.name, Programme.title, "")
    rows = db.session.execute(
        union_all(
            select(literal("number"), Matricule.user_id, Matricule.number, Entity.short_name)
            .join_from(Matricule, Entity, Entity.id == Matricule.entity_id)
            .where(Matricule.user_id.in_(ids)),
            select(literal("role"), RoleGrant.user_id, cast(RoleGrant.role, String), where)
            .outerjoin_from(RoleGrant, WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
            .outerjoin(Site, Site.id == RoleGrant.site_id)
            .outerjoin(Programme, Programme.id == RoleGrant.programme_id)
            .where(RoleGrant.user_id.in_(ids), or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today)),
        )
    ).all()
    numbers: dict[int, list[str]] = {}
    roles: dict[int, list[tuple[Role, str]]] = {}
    for kind, user_id, word, place in rows:
        if kind == "number":
            numbers.setdefault(user_id, []).append(f"{word} ({place})")
        else:
            roles.setdefault(user_id, []).append((Role(word), place))
    return numbers, roles


def typed_names(q: str) -> tuple[TypedName, ...]:
    """The names shown of authors without account that hold every word of `q`, accents apart."""
    wanted = search.words(q)
    if not wanted:
        return ()
    rows: Any = db.session.execute(
        select(Authorship.id, Authorship.name, Proposal.number, Proposal.title)
        .join(Proposal, Proposal.id == Authorship.proposal_id)
        .where(Authorship.name.is_not(None), Authorship.sealed.is_(False), Proposal.number.is_not(None))
        .order_by(Authorship.name, Proposal.number)
    )
    found = [TypedName(*row) for row in rows if set(wanted) <= set(search.words(row[1]))]
    return tuple(found[:NAMES_SHOWN])
