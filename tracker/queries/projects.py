"""Projects and what every page needs of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any

from flask import current_app
from flask_babel import gettext
from sqlalchemy import Select, select

from tracker.config import USUAL_CONTACT
from tracker.extensions import db
from tracker.models import Entity, Instance, Programme, Setting, Theme, WorkingGroup, programme_entity
from tracker.records import paris_day
from tracker.wording import NONE, Labels, labels_of

LABELS, CONTACT, AUDIT = "labels", "contact", "accessibility"  # keys of settings that every page needs


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project as menus and rules need it."""

    id: int
    slug: str
    title: str
    starts_on: date
    ends_on: date
    is_principal: bool
    letter_name: str
    letters_public: bool
    people_consulted: int | None
    revision: int
    closed_at: datetime | None = None

    @property
    def closed_on(self) -> date | None:
        """The day since which it is read-only; None while it lives."""
        return None if self.closed_at is None else paris_day(self.closed_at)

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    @property
    def programme_id(self) -> int:
        """So that permissions may be asked of a project as of what belongs to it."""
        return self.id

    def last_day(self, today: date) -> date:
        """The day a board shows by default: today, or the project's end if that is past."""
        return min(today, self.ends_on) if today >= self.starts_on else self.starts_on


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame of every page needs, read in one statement."""

    revision: int
    demo: bool
    projects: tuple[ProjectRecord, ...]
    labels: Labels = NONE  # the town's own words
    contact: str = ""  # whom to ask for help, when the town has said it
    audit: dict[str, Any] | None = None  # of accessibility, as it was recorded

    @property
    def principal(self) -> ProjectRecord | None:
        return next((p for p in self.projects if p.is_principal), self.projects[0] if self.projects else None)

    def by_slug(self, slug: str) -> ProjectRecord | None:
        return next((p for p in self.projects if p.slug == slug), None)

    def by_id(self, key: int) -> ProjectRecord:
        """The project of that id; raises KeyError when there is none."""
        for project in self.projects:
            if project.id == key:
                return project
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a filter or a select."""

    id: int
    slug: str
    name: str


@cache
def _frame() -> Select[Any]:
    """Built once: every request asks it."""
    columns = [getattr(Programme, field.name) for field in fields(ProjectRecord)]
    said = [select(Setting.value).where(Setting.key == key).scalar_subquery() for key in (LABELS, CONTACT, AUDIT)]
    return (
        select(Instance.revision, Instance.demo, *said, *columns)
        .outerjoin_from(Instance, Programme, Instance.id == 1)
        .order_by(Programme.is_principal.desc(), Programme.starts_on, Programme.id)
    )


def frame() -> Frame:
    """The instance's revision and its projects, the principal one first."""
    rows = db.session.connection().execute(_frame()).all()  # past the session: no objects are to be made of them
    if not rows:
        return Frame(0, False, ())
    revision, demo, labels, contact, audit = rows[0][:5]
    projects = tuple(ProjectRecord(*row[5:]) for row in rows if row[5] is not None)
    return Frame(revision, demo, projects, labels_of(labels), str(contact or ""), audit)


def usual_contact() -> str:
    """Whom to ask for help when the settings do not say; the words of the operator, unless they are ours."""
    told = str(current_app.config["CONTACT"])
    return gettext(told) if told == USUAL_CONTACT else told


def entities(programme_id: int) -> tuple[Choice, ...]:
    """The employers of a project, in their order."""
    rows = db.session.execute(
        select(Entity.id, Entity.slug, Entity.short_name)
        .join(programme_entity, programme_entity.c.entity_id == Entity.id)
        .where(programme_entity.c.programme_id == programme_id)
        .order_by(Entity.position, Entity.id)
    )
    return tuple(Choice(*row) for row in rows)


def all_entities() -> tuple[Choice, ...]:
    rows = db.session.execute(select(Entity.id, Entity.slug, Entity.short_name).order_by(Entity.position, Entity.id))
    return tuple(Choice(*row) for row in rows)


def employer_colour(slug: str) -> str:
    """The colour of an employer; "" when there is no such employer."""
    return db.session.scalar(select(Entity.colour).where(Entity.slug == slug)) or ""


def employer_logo(slug: str) -> str:
    """The key of an employer's logo; "" when it has none."""
    return db.session.scalar(select(Entity.logo).where(Entity.slug == slug)) or ""


def themes(programme_id: int, *, with_unknown: bool = True) -> tuple[Choice, ...]:
    """The themes of a project, "Je ne sais pas" last."""
    query = select(Theme.id, Theme.slug, Theme.name).where(Theme.programme_id == programme_id)
    if not with_unknown:
        query = query.where(Theme.is_unknown.is_(False))
    return tuple(Choice(*row) for row in db.session.execute(query.order_by(Theme.is_unknown, Theme.position, Theme.id)))


def groups(programme_id: int) -> tuple[Choice, ...]:
    rows = db.session.execute(
        select(WorkingGroup.id, WorkingGroup.slug, WorkingGroup.name)
        .where(WorkingGroup.programme_id == programme_id)
        .order_by(WorkingGroup.position, WorkingGroup.id)
    )
    return tuple(Choice(*row) for row in rows)
