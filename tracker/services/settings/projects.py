"""Projects: their title, dates, employers and letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select, update

from tracker import validation
from tracker.errors import NotFound, Refused
from tracker.extensions import FRENCH, db, speaking
from tracker.models import Entity, Programme, Theme
from tracker.permissions import Permission, require
from tracker.queries import town
from tracker.records import Actor
from tracker.services import history
from tracker.services.settings.common import changed, check_seen, free_slug

UNKNOWN_THEME = "Je ne sais pas"


@dataclass(frozen=True, slots=True)
class ProjectInput:
    title: str
    starts_on: date
    ends_on: date
    summary: str = ""
    people_consulted: int | None = None
    letter_name: str = ""
    letters_public: bool = False
    is_principal: bool = False
    entity_ids: tuple[int, ...] | None = None  # None: not asked


def check_project(project: ProjectInput) -> ProjectInput:
    """The same, cleaned; pure. Raises Refused naming the field."""
    starts_on = validation.project_date(project.starts_on, field="starts_on")
    ends_on = validation.project_date(project.ends_on, field="ends_on")
    if ends_on < starts_on:
        raise Refused(gettext("La fin vient avant le début."), field="ends_on")
    if project.people_consulted is not None and not 0 <= project.people_consulted <= 10_000_000:
        raise Refused(gettext("Donnez un nombre de personnes."), field="people_consulted")
    name = validation.NAME_MAX
    with speaking(FRENCH):  # kept, and read by all
        usual_letter = gettext("La lettre du projet")
    return ProjectInput(
        title=validation.title(project.title),
        starts_on=starts_on,
        ends_on=ends_on,
        summary=validation.body(project.summary, field="summary", required=False),
        people_consulted=project.people_consulted,
        letter_name=validation.text(
            project.letter_name, field="letter_name", limit=name, required=False, multiline=False
        )
        or usual_letter,
        letters_public=project.letters_public,
        is_principal=project.is_principal,
        entity_ids=project.entity_ids,
    )


def create(*, project: ProjectInput, actor: Actor, now: datetime) -> Programme:
    """A new project, with its theme « Je ne sais pas »; the first one is the principal one.

    The very one made a moment ago is not made twice. Raises Forbidden, Refused.
    """
    require(actor, Permission.SETTINGS_EDIT)
    checked = check_project(project)
    recent = history.just_made("project:create", actor=actor, now=now)
    twin: Programme | None = db.session.scalar(
        select(Programme).where(Programme.id.in_(recent), Programme.title == checked.title)
    )
    if twin is not None:
        return twin
    first = db.session.scalar(select(func.count(Programme.id))) == 0
    row = Programme(slug=free_slug(Programme.slug, checked.title, word="projet"))
    _fill(row, checked)
    row.is_principal = first
    if checked.entity_ids is None:
        row.entities = list(db.session.scalars(select(Entity)))
    db.session.add(row)
    db.session.flush()
    db.session.add(
        Theme(
            programme_id=row.id, slug=validation.slugify(UNKNOWN_THEME), name=UNKNOWN_THEME, position=99,
            is_unknown=True,
        )
    )  # fmt: skip
    if checked.is_principal and not first:
        _make_principal(row)
    history.record(
        actor=actor, now=now, verb="project:create", subject="programme", subject_id=row.id, programme_id=row.id,
        changes={name: [None, value] for name, value in _plain(row).items()},
    )  # fmt: skip
    history.bump(None)
    db.session.flush()
    return row


def edit(*, project_id: int, project: ProjectInput, actor: Actor, now: datetime, seen: str | None = None) -> Programme:
    """Change a project; its address stays. `seen` is the mark of what was being edited.

    Raises Forbidden, NotFound, Conflict, Refused, also once it is closed.
    """
    require(actor, Permission.SETTINGS_EDIT)
    row = db.session.get(Programme, project_id, with_for_update=True)
    present = town.project(project_id)
    if row is None or present is None:
        raise NotFound(gettext("Ce projet n'existe pas."))
    if row.closed_at is not None:
        raise history.closed()
    checked = check_project(project)
    was_principal = row.is_principal

    def fill() -> None:
        _fill(row, checked)
        if checked.is_principal and not was_principal:
            _make_principal(row)

    changes = changed(row, fill, _plain)
    if not changes:
        return row
    check_seen(seen, present.mark)
    history.record(
        actor=actor, now=now, verb="project:edit", subject="programme", subject_id=row.id, programme_id=row.id,
        changes=changes,
    )  # fmt: skip
    db.session.flush()
    return row


def _make_principal(row: Programme) -> None:
    """There is one principal project at a time; another one takes its place, none never does."""
    db.session.execute(update(Programme).where(Programme.id != row.id).values(is_principal=False))
    row.is_principal = True


def _fill(row: Programme, project: ProjectInput) -> None:
    row.title = project.title
    row.summary = project.summary
    row.starts_on = project.starts_on
    row.ends_on = project.ends_on
    row.people_consulted = project.people_consulted
    row.letter_name = project.letter_name
    row.letters_public = project.letters_public
    if project.entity_ids is not None:
        row.entities = list(db.session.scalars(select(Entity).where(Entity.id.in_(project.entity_ids))))


def _plain(row: Programme) -> dict[str, Any]:
    return {
        "title": row.title,
        "summary": row.summary,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
        "people_consulted": row.people_consulted,
        "letter_name": row.letter_name,
        "letters_public": row.letters_public,
        "is_principal": bool(row.is_principal),
        "entities": sorted(entity.id for entity in row.entities),
    }
