"""What a person holds that somebody must take over when they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, Integer, and_, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.types import String

from tracker.enums import ActionStatus, ProposalState, Role, UpdateKind
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Event,
    Letter,
    Programme,
    Proofreading,
    Proposal,
    RoleGrant,
    Site,
    User,
    WorkingGroup,
)
from tracker.queries.reviews import HAND_OVER, TAKE, handed_to, has_fresh_opinion
from tracker.records import seen_mark


class HeldKind(StrEnum):
    """The value begins the name of the fields of a form."""

    ROLE = "role"
    ACTION = "action"
    STUDY = "etude"
    READING = "relecture"


@dataclass(frozen=True, slots=True)
class Held:
    """One thing held; `number` and `title` of an action, a proposal or a letter, `title` of where a role is held."""

    kind: HeldKind
    id: int
    programme_id: int | None
    title: str = ""
    number: int | None = None
    role: Role | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def key(self) -> str:
        return f"{self.kind.value}-{self.id}"


def mark_of(held: tuple[Held, ...]) -> str:
    """Another one once anything was added, taken away or moved in time."""
    return seen_mark(sorted((one.key, str(one.ends_on)) for one in held))


def of_person(user_id: int, *, today: date) -> tuple[Held, ...]:
    """Roles not over, actions not over, proposals in study without opinion, letters to read; in one statement.

    What belongs to a closed project is held by nobody any more.
    """
    rows = db.session.execute(
        union_all(_roles(user_id, today), _actions(user_id), _studies(user_id), _readings(user_id))
    ).all()
    found = [
        Held(HeldKind(kind), key, programme_id, title or "", number, Role(role) if role else None, starts_on, ends_on)
        for kind, key, programme_id, title, number, role, starts_on, ends_on in rows
    ]
    order = list(HeldKind)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.number or 0, one.id)))


def _line(kind: HeldKind, key: Any, programme_id: Any, title: Any, **values: Any) -> Any:
    columns = {
        "number": cast(null(), Integer), "role": cast(null(), String), "starts_on": cast(null(), Date),
        "ends_on": cast(null(), Date), **values,
    }  # fmt: skip
    return select(
        literal(kind.value).label("kind"), key.label("key"), programme_id.label("programme_id"), title.label("title"),
        *(column.label(name) for name, column in columns.items()),
    )  # fmt: skip


def _is_open(programme_id: Any) -> Any:
    return programme_id.in_(select(Programme.id).where(Programme.closed_at.is_(None)))


def _roles(user_id: int, today: date) -> Any:
    project = func.coalesce(RoleGrant.programme_id, WorkingGroup.programme_id)
    line = _line(
        HeldKind.ROLE, RoleGrant.id, project, func.coalesce(WorkingGroup.name, Site.name, Programme.title, ""),
        role=cast(RoleGrant.role, String), starts_on=RoleGrant.starts_on, ends_on=RoleGrant.ends_on,
    )  # fmt: skip
    return (
        line.outerjoin_from(RoleGrant, WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .outerjoin(Site, Site.id == RoleGrant.site_id)
        .outerjoin(Programme, Programme.id == RoleGrant.programme_id)
        .where(
            RoleGrant.user_id == user_id,
            or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today),
            or_(project.is_(None), _is_open(project)),
        )
    )


def _actions(user_id: int) -> Any:
    line = _line(HeldKind.ACTION, Action.id, Action.programme_id, Action.title, number=Action.number)
    return line.where(Action.pilot_id == user_id, _is_open(Action.programme_id), ~_is_over())


def _studies(user_id: int) -> Any:
    """Under study, without opinion, last taken by this person or handed to them."""
    later = aliased(Event)
    last = (
        select(func.max(later.id))
        .where(later.subject == "proposal", later.subject_id == Proposal.id, later.verb.in_((TAKE, HAND_OVER)))
        .correlate(Proposal)
        .scalar_subquery()
    )
    line = _line(HeldKind.STUDY, Proposal.id, Proposal.programme_id, Proposal.title, number=Proposal.number)
    return line.join_from(Proposal, Event, Event.id == last).where(
        Proposal.state == ProposalState.UNDER_REVIEW,
        ~has_fresh_opinion(),
        _is_open(Proposal.programme_id),
        or_(and_(Event.verb == TAKE, Event.actor_id == user_id), handed_to(user_id)),
    )


def _readings(user_id: int) -> Any:
    line = _line(HeldKind.READING, Letter.id, Letter.programme_id, Letter.title)
    return line.join_from(Proofreading, Letter, Letter.id == Proofreading.letter_id).where(
        Proofreading.user_id == user_id,
        Proofreading.answered_at.is_(None),
        Letter.published_at.is_(None),
        _is_open(Letter.programme_id),
    )


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What people who left still hold, counted, with who they are."""

    count: int
    people: tuple[tuple[int, str], ...]


def left_behind(today: date) -> tuple[LeftBehind, LeftBehind]:
    """Actions not over whose pilote left, and groups that somebody who left still leads; in one statement."""
    name = func.trim(User.first_name + " " + User.last_name).label("name")
    actions = (
        select(literal(HeldKind.ACTION.value).label("kind"), User.id.label("id"), name, User.last_name.label("by"))
        .join(Action, Action.pilot_id == User.id)
        .where(User.is_active.is_(False), _is_open(Action.programme_id), ~_is_over())
    )
    groups = (
        select(literal(HeldKind.ROLE.value), User.id, name, User.last_name)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .join(WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .where(
            User.is_active.is_(False), RoleGrant.role == Role.GROUP_LEAD, _is_open(WorkingGroup.programme_id),
            or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today),
        )
    )  # fmt: skip
    rows = db.session.execute(union_all(actions, groups).order_by("by", "id")).all()
    return _left(rows, HeldKind.ACTION), _left(rows, HeldKind.ROLE)


def _left(rows: Sequence[Any], kind: HeldKind) -> LeftBehind:
    held = [(user_id, name) for found, user_id, name, _by in rows if found == kind.value]
    return LeftBehind(len(held), tuple(dict.fromkeys(held)))


def _is_over() -> Any:
    """Whether the row of an action's log that counts today says réalisée or arrêtée (as `progress.live_rows`)."""
    newer = aliased(ActionUpdate)
    last = (
        select(ActionUpdate.status)
        .where(
            ActionUpdate.action_id == Action.id,
            ActionUpdate.kind != UpdateKind.RETRACTION,
            ~select(newer.id).where(newer.supersedes_id == ActionUpdate.id).exists(),
        )
        .order_by(ActionUpdate.effective_on.desc(), ActionUpdate.rank_at.desc(), ActionUpdate.id.desc())
        .limit(1)
        .correlate(Action)
        .scalar_subquery()
    )
    return last.in_([status for status in ActionStatus if status.is_closed])
