"""Working groups: who they are and what is theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select

from tracker.enums import Role
from tracker.extensions import db
from tracker.models import Action, RoleGrant, User, WorkingGroup
from tracker.progress import ActionState, MilestoneState, live_rows
from tracker.records import ActionRecord, Actor


@dataclass(frozen=True, slots=True)
class GroupPerson:
    """Somebody in a group, with the dates of the role."""

    user_id: int
    name: str
    role: Role
    starts_on: date
    ends_on: date | None

    def is_there(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group and its people, past ones included."""

    id: int
    programme_id: int
    slug: str
    name: str
    mandate: str
    people: tuple[GroupPerson, ...]

    @property
    def group_id(self) -> int:
        """So that permissions may be asked of a group as of what belongs to it."""
        return self.id

    def leads(self, day: date) -> tuple[GroupPerson, ...]:
        return tuple(one for one in self.people if one.role is Role.GROUP_LEAD and one.is_there(day))

    def members(self, day: date) -> tuple[GroupPerson, ...]:
        return tuple(one for one in self.people if one.role is Role.GROUP_MEMBER and one.is_there(day))

    def former(self, day: date) -> tuple[GroupPerson, ...]:
        """Those who left before that day."""
        return tuple(one for one in self.people if one.ends_on is not None and one.ends_on < day)


def _groups(condition: object) -> tuple[GroupRecord, ...]:
    rows = db.session.execute(
        select(WorkingGroup, RoleGrant, User.first_name, User.last_name)
        .outerjoin(RoleGrant, RoleGrant.group_id == WorkingGroup.id)
        .outerjoin(User, User.id == RoleGrant.user_id)
        .where(condition)  # type: ignore[arg-type]
        .order_by(
            WorkingGroup.position, WorkingGroup.id, RoleGrant.starts_on, User.last_name, User.first_name, RoleGrant.id
        )
    )
    heads: dict[int, WorkingGroup] = {}
    inside: dict[int, list[GroupPerson]] = {}
    for group, grant, first, last in rows:
        heads[group.id] = group
        members = inside.setdefault(group.id, [])
        if grant is not None:
            members.append(
                GroupPerson(grant.user_id, f"{first} {last}".strip(), grant.role, grant.starts_on, grant.ends_on)
            )
    return tuple(
        GroupRecord(key, group.programme_id, group.slug, group.name, group.mandate, tuple(inside[key]))
        for key, group in heads.items()
    )


def of_project(programme_id: int) -> tuple[GroupRecord, ...]:
    """The groups of a project in their order, with their people, in one statement."""
    return _groups(WorkingGroup.programme_id == programme_id)


def by_slug(slug: str) -> GroupRecord | None:
    return next(iter(_groups(WorkingGroup.slug == slug)), None)


def next_milestones(states: Iterable[ActionState], *, limit: int = 6) -> tuple[tuple[ActionState, MilestoneState], ...]:
    """The open milestones of actions that are not over, the earliest due first."""
    found = [
        (state, milestone)
        for state in states
        if not state.status.is_closed
        for milestone in state.milestones
        if milestone.is_open and milestone.due is not None
    ]
    found.sort(key=lambda pair: (pair[1].due or date.max, pair[0].action.number))
    return tuple(found[:limit])


def action_ids_of_group(group_id: int) -> tuple[int, ...]:
    return tuple(db.session.scalars(select(Action.id).where(Action.group_id == group_id).order_by(Action.number)))


@dataclass(frozen=True, slots=True)
class Charges:
    """Who is asked about which actions of every project: (number, id, project), by pilote and by group."""

    by_pilot: dict[int, list[tuple[int, int, int]]]
    by_group: dict[int, list[tuple[int, int, int]]]

    def of(self, person: Actor) -> dict[int, int]:
        """The actions that a person pilots or whose group they lead, by number, each with its project."""
        led = {one.group_id for one in person.grants if one.role is Role.GROUP_LEAD and one.group_id is not None}
        found = {one for key in led for one in self.by_group.get(key, ())}.union(self.by_pilot.get(person.id, ()))
        return {key: programme_id for _number, key, programme_id in sorted(found)}


def charges() -> Charges:
    found = Charges(defaultdict(list), defaultdict(list))
    rows = db.session.execute(
        select(Action.number, Action.id, Action.programme_id, Action.pilot_id, Action.group_id).where(
            or_(Action.pilot_id.is_not(None), Action.group_id.is_not(None))
        )
    )
    for number, key, programme_id, pilot_id, group_id in rows:
        if pilot_id is not None:
            found.by_pilot[pilot_id].append((number, key, programme_id))
        if group_id is not None:
            found.by_group[group_id].append((number, key, programme_id))
    return found


def last_said(records: Collection[ActionRecord]) -> tuple[int, ...]:
    """For each action the row in force that last said something, be it only "Rien n'a changé" before any word."""
    ids = []
    for record in records:
        rows = live_rows(record)
        if rows:
            told = [row for row in rows if row.has_sentence and row.kind.value != "confirmation"]
            ids.append((told or list(rows))[-1].id)
    return tuple(ids)


def find_people(text: str) -> tuple[tuple[int, str], ...]:
    """The active people whom a login, an address or a full name points to; two at most."""
    wanted = " ".join(text.split())
    if not wanted:
        return ()
    name, back = User.first_name + " " + User.last_name, User.last_name + " " + User.first_name
    exact = or_(User.login == wanted.lower(), User.email == wanted.lower())
    # the database may lower plain letters only: the name as typed is sought too
    named = or_(name == wanted, func.lower(name) == wanted.lower(), func.lower(back) == wanted.lower())
    rows = db.session.execute(
        select(User.id, User.first_name, User.last_name, exact)
        .where(User.is_active.is_(True), or_(exact, named))
        .order_by(User.id)
        .limit(2)
    ).all()
    chosen = [row for row in rows if row[3]] or rows
    return tuple((row[0], f"{row[1]} {row[2]}") for row in chosen)
