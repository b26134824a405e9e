"""What the settings pages show: projects, employers, services, sites, themes, groups, consultations."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from tracker.extensions import db
from tracker.models import (
    Department,
    Entity,
    Programme,
    Setting,
    Site,
    Theme,
    WorkingGroup,
    department_entity,
    programme_entity,
)
from tracker.records import seen_mark


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    id: int
    title: str
    summary: str
    starts_on: date
    ends_on: date
    people_consulted: int | None
    letter_name: str
    letters_public: bool
    is_principal: bool
    closed: bool
    entity_ids: tuple[int, ...]

    @property
    def mark(self) -> str:
        """Changes whenever what may be edited changes.

        Which project is the principal one is left out: another takes its place, a form never takes it away.
        """
        return seen_mark(
            self.title, self.summary, self.starts_on, self.ends_on, self.people_consulted, self.letter_name,
            self.letters_public, sorted(self.entity_ids),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Employer:
    id: int
    slug: str
    name: str
    short_name: str
    colour: str
    logo: str
    position: int

    @property
    def mark(self) -> str:
        """Changes whenever what is typed of it changes."""
        return seen_mark(self.name, self.short_name, self.colour, self.position)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a short list."""

    id: int
    name: str
    programme_id: int | None = None
    position: int = 0
    text: str = ""
    entity_ids: tuple[int, ...] = ()
    is_unknown: bool = False

    @property
    def mark(self) -> str:
        """Changes whenever what may be edited changes."""
        return seen_mark(self.name, self.position, self.text, sorted(self.entity_ids))


def project(project_id: int) -> ProjectSettings | None:
    row = db.session.get(Programme, project_id)
    if row is None:
        return None
    entities = select(programme_entity.c.entity_id).where(programme_entity.c.programme_id == row.id)
    return ProjectSettings(
        id=row.id, title=row.title, summary=row.summary, starts_on=row.starts_on, ends_on=row.ends_on,
        people_consulted=row.people_consulted, letter_name=row.letter_name, letters_public=row.letters_public,
        is_principal=row.is_principal, closed=row.closed_at is not None,
        entity_ids=tuple(db.session.scalars(entities)),
    )  # fmt: skip


def _employers() -> Any:
    return select(
        Entity.id, Entity.slug, Entity.name, Entity.short_name, Entity.colour, Entity.logo, Entity.position
    ).order_by(Entity.position, Entity.id)


def employers() -> tuple[Employer, ...]:
    return tuple(Employer(*row) for row in db.session.execute(_employers()))


def employer(entity_id: int) -> Employer | None:
    row = db.session.execute(_employers().where(Entity.id == entity_id)).first()
    return Employer(*row) if row else None


def only_employer() -> Employer | None:
    """The employer of a town that has one alone: its logo stands before login too."""
    rows = db.session.execute(_employers().limit(2)).all()
    return Employer(*rows[0]) if len(rows) == 1 else None


def departments() -> tuple[Line, ...]:
    rows = db.session.execute(select(Department.id, Department.name).order_by(Department.name, Department.id)).all()
    links: dict[int, list[int]] = {}
    for department_id, entity_id in db.session.execute(select(department_entity)):
        links.setdefault(department_id, []).append(entity_id)
    return tuple(Line(key, name, entity_ids=tuple(links.get(key, ()))) for key, name in rows)


def sites() -> tuple[Line, ...]:
    rows = db.session.execute(select(Site.id, Site.name, Site.address).order_by(Site.name, Site.id))
    return tuple(Line(key, name, text=address) for key, name, address in rows)


def themes(programme_id: int | None = None) -> tuple[Line, ...]:
    query = select(Theme.id, Theme.name, Theme.programme_id, Theme.position, Theme.is_unknown).order_by(
        Theme.is_unknown, Theme.position, Theme.id
    )
    rows = db.session.execute(query if programme_id is None else query.where(Theme.programme_id == programme_id))
    return tuple(Line(*row[:4], is_unknown=row[4]) for row in rows)


def groups(programme_id: int | None = None) -> tuple[Line, ...]:
    query = select(
        WorkingGroup.id, WorkingGroup.name, WorkingGroup.programme_id, WorkingGroup.position, WorkingGroup.mandate
    ).order_by(WorkingGroup.position, WorkingGroup.id)
    rows = db.session.execute(query if programme_id is None else query.where(WorkingGroup.programme_id == programme_id))
    return tuple(Line(*row) for row in rows)


def find(lines: Sequence[Line], row_id: int) -> Line | None:
    return next((line for line in lines if line.id == row_id), None)


def setting(key: str) -> Any:
    """A setting; None when it was never set."""
    return db.session.scalar(select(Setting.value).where(Setting.key == key))


def settings_mark(keys: Collection[str]) -> str:
    """Changes whenever one of these settings changes."""
    rows = db.session.execute(select(Setting.key, Setting.value).where(Setting.key.in_(keys)))
    return seen_mark(sorted((key, json.dumps(value, sort_keys=True)) for key, value in rows))


def counts(*models: type) -> tuple[int, ...]:
    """How many rows each of these tables has, in one statement."""
    return tuple(
        db.session.execute(select(*(select(func.count()).select_from(m).scalar_subquery() for m in models))).one()
    )
