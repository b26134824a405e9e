"""People as the manager of the tool sees them: the list, one person, and the imports of the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select, union_all

from tracker import search
from tracker.enums import Role, RunState
from tracker.extensions import db
from tracker.models import (
    Department,
    Entity,
    Matricule,
    Programme,
    RegisterRun,
    RoleGrant,
    Site,
    User,
    WorkingGroup,
)
from tracker.queries.people import HAS_ACCOUNT
from tracker.records import Page, seen_mark, window

PAGE_SIZE = 50
_SMALL = {"a": "àâä", "c": "ç", "e": "éèêë", "i": "îï", "o": "ôö", "u": "ùûü", "n": "ñ", "oe": "œ"}
_CAPITALS = {"a": "ÀÂ", "c": "Ç", "e": "ÉÈÊË", "i": "ÎÏ", "o": "ÔÖ", "u": "ÙÛÜ", "oe": "Œ"}

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Employers, services and sites, as a form offers them."""

    employers: Options
    departments: Options
    sites: Options


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    q: str = ""
    entity_id: int | None = None
    department_id: int | None = None
    site_id: int | None = None
    state: str = "presentes"
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class PersonLine:
    id: int
    name: str
    login: str
    employer: str
    department: str
    site: str
    active: bool
    has_account: bool


@dataclass(frozen=True, slots=True)
class GrantLine:
    id: int
    role: Role
    where: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    id: int
    first_name: str
    last_name: str
    login: str
    email: str
    entity_id: int | None
    department_id: int | None
    site_id: int | None
    employer: str
    department: str
    site: str
    is_manager: bool
    active: bool
    left_on: date | None
    erased: bool
    has_account: bool
    last_visit_at: datetime | None
    numbers: tuple[tuple[str, str], ...]
    number: str  # the first one at their employer
    grants: tuple[GrantLine, ...]

    merged_into_id: int | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.login

    @property
    def mark(self) -> str:
        """Changes whenever what may be edited changes."""
        return seen_mark(
            self.first_name, self.last_name, self.email, self.entity_id, self.department_id, self.site_id,
            self.is_manager,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunRecord:
    id: int
    file_name: str
    state: RunState
    mapping: dict[str, Any]
    report: dict[str, Any]
    absent_leave: bool
    total: int
    done: int
    asked_at: datetime
    finished_at: datetime | None


def places() -> Places:
    """In three statements."""

    def options(model: type[Entity] | type[Department] | type[Site], *order: Any) -> Options:
        return tuple(
            (str(key), name) for key, name in db.session.execute(select(model.id, model.name).order_by(*order))
        )

    return Places(options(Entity, Entity.position), options(Department, Department.name), options(Site, Site.name))


def where_roles_are_held() -> Options:
    """Projects, groups and sites, as the form of a role offers them, in one statement."""
    held = (("projet", Programme.id, Programme.title), ("groupe", WorkingGroup.id, WorkingGroup.name))
    kinds = (*held, ("site", Site.id, Site.name))
    lines = [
        select(literal(n).label("rank"), literal(kind).label("kind"), key.label("key"), name.label("name"))
        for n, (kind, key, name) in enumerate(kinds)
    ]
    rows = db.session.execute(union_all(*lines).order_by("rank", "name"))
    return tuple((f"{kind}-{key}", name) for _rank, kind, key, name in rows)


def _named(word: str) -> Any:
    """Ids of those whose names, login or address hold a word, accents apart: the database replaces letter by letter.

    In two steps, small letters then capitals: SQLite does not parse functions nested thirty deep.
    """
    said = User.first_name + " " + User.last_name + " " + User.login + " " + func.coalesce(User.email, "")
    small = select(User.id.label("id"), _replaced(said, _SMALL).label("said")).subquery()
    bare = select(small.c.id, func.lower(_replaced(small.c.said, _CAPITALS)).label("said")).subquery()
    return select(bare.c.id).where(bare.c.said.contains(word, autoescape=True))


def _replaced(text: Any, letters: dict[str, str]) -> Any:
    for letter, accented in letters.items():
        for one in accented:
            text = func.replace(text, one, letter)
    return text


def _matching(filters: PeopleFilter, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [User.erased_at.is_(None)]
    for word in search.words(filters.q):
        number = exists().where(Matricule.user_id == User.id, Matricule.number == word.upper())
        found.append(or_(User.id.in_(_named(word)), number))
    for column, key in (
        (User.entity_id, filters.entity_id), (User.department_id, filters.department_id),
        (User.site_id, filters.site_id),
    ):  # fmt: skip
        if key is not None:
            found.append(column == key)
    if filters.state in {"presentes", "sans-compte"}:
        found.append(User.is_active.is_(True))
    if filters.state == "sans-compte":
        found.append(not_(HAS_ACCOUNT))
    if filters.state == "parties":
        found.append(User.is_active.is_(False))
    if filters.role is not None:
        held = and_(
            RoleGrant.user_id == User.id, RoleGrant.role == filters.role,
            or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today),
        )  # fmt: skip
        found.append(exists().where(held))
    return found


def people(filters: PeopleFilter, *, today: date, page: int) -> Page[PersonLine]:
    """In two statements."""
    matching = _matching(filters, today)
    total = db.session.scalar(select(func.count()).select_from(User).where(*matching)) or 0
    asked = window(page, size=PAGE_SIZE, total=total)
    rows = db.session.execute(
        select(
            User.id, func.trim(User.first_name + " " + User.last_name), User.login, Entity.short_name, Department.name,
            Site.name, User.is_active, HAS_ACCOUNT,
        )
        .outerjoin(Entity, Entity.id == User.entity_id)
        .outerjoin(Department, Department.id == User.department_id)
        .outerjoin(Site, Site.id == User.site_id)
        .where(*matching)
        .order_by(User.last_name, User.first_name, User.id)
        .limit(asked.size)
        .offset(asked.start)
    )  # fmt: skip
    return asked.holding(
        PersonLine(key, name, login, employer or "", department or "", site or "", active, account)
        for key, name, login, employer, department, site, active, account in rows
    )


def person(user_id: int, *, whole: bool = True) -> PersonRecord | None:
    """One person, with register numbers and roles, past ones included, when `whole`: in three statements, or one."""
    row = db.session.execute(
        select(User, Entity.name, Department.name, Site.name)
        .outerjoin(Entity, Entity.id == User.entity_id)
        .outerjoin(Department, Department.id == User.department_id)
        .outerjoin(Site, Site.id == User.site_id)
        .where(User.id == user_id)
    ).first()
    if row is None:
        return None
    user, employer, department, site = row
    numbers = _numbers(user_id) if whole else ()
    return PersonRecord(
        id=user.id, first_name=user.first_name, last_name=user.last_name, login=user.login, email=user.email or "",
        entity_id=user.entity_id, department_id=user.department_id, site_id=user.site_id, employer=employer or "",
        department=department or "", site=site or "", is_manager=user.is_manager, active=user.is_active,
        left_on=user.left_on, erased=user.erased_at is not None,
        has_account=user.password_hash is not None or user.subject is not None,
        last_visit_at=user.last_visit_at, numbers=tuple((number, name) for number, name, _at in numbers),
        number=next((number for number, _name, at in numbers if at == user.entity_id), ""),
        grants=_grants(user_id) if whole else (), merged_into_id=user.merged_into_id,
    )  # fmt: skip


def _numbers(user_id: int) -> tuple[tuple[str, str, int], ...]:
    rows = db.session.execute(
        select(Matricule.number, Entity.short_name, Entity.id)
        .join(Entity, Entity.id == Matricule.entity_id)
        .where(Matricule.user_id == user_id)
        .order_by(Entity.position, Matricule.number)
    )
    return tuple((number, name, at) for number, name, at in rows)


def _grants(user_id: int) -> tuple[GrantLine, ...]:
    rows = db.session.execute(
        select(RoleGrant, func.coalesce(WorkingGroup.name, Site.name, Programme.title, ""))
        .outerjoin(WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
        .outerjoin(Site, Site.id == RoleGrant.site_id)
        .outerjoin(Programme, Programme.id == RoleGrant.programme_id)
        .where(RoleGrant.user_id == user_id)
        .order_by(RoleGrant.starts_on.desc(), RoleGrant.id)
    )
    return tuple(GrantLine(grant.id, grant.role, where, grant.starts_on, grant.ends_on) for grant, where in rows)


def _record(run: RegisterRun) -> RunRecord:
    return RunRecord(
        id=run.id, file_name=run.file_name, state=run.state, mapping=run.mapping, report=run.report,
        absent_leave=run.absent_leave, total=run.total, done=run.done, asked_at=run.asked_at,
        finished_at=run.finished_at,
    )  # fmt: skip


def run(run_id: int) -> RunRecord | None:
    row = db.session.get(RegisterRun, run_id)
    return None if row is None else _record(row)


def runs(limit: int = 10) -> Sequence[RunRecord]:
    """The last imports."""
    return [
        _record(row) for row in db.session.scalars(select(RegisterRun).order_by(RegisterRun.id.desc()).limit(limit))
    ]
