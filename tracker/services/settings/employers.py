"""Employers: their names, colour and logo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select

from tracker import validation
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Department, Entity, Programme
from tracker.permissions import Permission, require
from tracker.queries import town
from tracker.records import NO_COLOUR, Actor
from tracker.services import history
from tracker.services.settings.common import changed, check_seen, free_slug, refuse_if_used

SHORT_MAX = 40
POSITION_MAX = 999
_HEX = re.compile("#[0-9a-f]{6}")
LINKS = ("programme_entity", "department_entity")  # what leaves with an employer that nothing else names


@dataclass(frozen=True, slots=True)
class EmployerInput:
    name: str
    short_name: str = ""
    colour: str = NO_COLOUR
    position: int = 0
    logo: str | None = None  # key of a picture just kept; "" takes it away, None leaves it


def check_employer(employer: EmployerInput) -> EmployerInput:
    """The same, cleaned; pure. Raises Refused naming the field."""
    name = validation.label(employer.name, field="name")
    short = validation.text(employer.short_name, field="short_name", limit=SHORT_MAX, required=False, multiline=False)
    if not short and len(name) > SHORT_MAX:
        raise Refused(gettext("Donnez aussi un nom court : il tient dans les listes."), field="short_name")
    colour = (employer.colour or NO_COLOUR).strip().lower()
    if not _HEX.fullmatch(colour):
        raise Refused(gettext("Écrivez la couleur comme #1f4e79."), field="colour")
    return EmployerInput(name, short or name, colour, position(employer.position), employer.logo)


def position(value: int | None) -> int:
    """The rank of a row among its kind."""
    if value is None or not 0 <= value <= POSITION_MAX:
        raise Refused(gettext("Donnez un rang entre 0 et %(n)s.", n=POSITION_MAX), field="position")
    return value


def create(*, employer: EmployerInput, actor: Actor, now: datetime) -> Entity:
    """A new employer, which joins the projects that are not archived; the one made a moment ago is not made twice.

    Raises Forbidden, Refused, Conflict.
    """
    require(actor, Permission.SETTINGS_EDIT)
    checked = check_employer(employer)
    recent = history.just_made("employer:create", actor=actor, now=now)
    twin: Entity | None = db.session.scalar(select(Entity).where(Entity.id.in_(recent), Entity.name == checked.name))
    if twin is not None:
        return twin
    _check_free(checked, None)
    row = Entity(slug=free_slug(Entity.slug, checked.short_name, word="employeur"))
    _fill(row, checked)
    db.session.add(row)
    db.session.flush()
    for project in db.session.scalars(select(Programme).where(Programme.closed_at.is_(None))):
        project.entities.append(row)
        history.bump(project.id)
    history.record(
        actor=actor, now=now, verb="employer:create", subject="entity", subject_id=row.id, programme_id=None,
        changes={name: [None, value] for name, value in _plain(row).items()},
    )  # fmt: skip
    db.session.flush()
    return row


def edit(*, entity_id: int, employer: EmployerInput, actor: Actor, now: datetime, seen: str | None = None) -> Entity:
    """Change an employer; its address stays. `seen` is the mark of what was being edited.

    Raises Forbidden, NotFound, Refused, Conflict.
    """
    require(actor, Permission.SETTINGS_EDIT)
    row = _locked(entity_id)
    present = town.employer(entity_id)
    checked = check_employer(employer)
    _check_free(checked, row.id)
    changes = changed(row, lambda: _fill(row, checked), _plain)
    if changes:
        check_seen(seen, present.mark if present is not None else "")
        history.record(
            actor=actor, now=now, verb="employer:edit", subject="entity", subject_id=row.id, programme_id=None,
            changes=changes,
        )  # fmt: skip
        db.session.flush()
    return row


def remove(*, entity_id: int, actor: Actor, now: datetime) -> None:
    """Take away an employer that nobody and nothing names. Raises Forbidden, NotFound, Conflict."""
    require(actor, Permission.SETTINGS_EDIT)
    row = _locked(entity_id)
    message = gettext("Des personnes, des propositions ou des actions relèvent de cet employeur")
    refuse_if_used(row, message, apart=LINKS)
    for project in db.session.scalars(select(Programme).where(Programme.entities.contains(row))):
        project.entities.remove(row)
        history.bump(project.id)
    for department in db.session.scalars(select(Department).where(Department.entities.contains(row))):
        department.entities.remove(row)
    history.record(
        actor=actor, now=now, verb="employer:remove", subject="entity", subject_id=row.id, programme_id=None,
        changes={name: [value, None] for name, value in _plain(row).items()},
    )  # fmt: skip
    db.session.delete(row)
    db.session.flush()


def _locked(entity_id: int) -> Entity:
    row = db.session.get(Entity, entity_id, with_for_update=True)
    if row is None:
        raise NotFound(gettext("Cet employeur n'existe pas."))
    return row


def _check_free(employer: EmployerInput, own_id: int | None) -> None:
    same = select(Entity.id).where(func.lower(Entity.name) == employer.name.lower())
    if db.session.scalar(same if own_id is None else same.where(Entity.id != own_id)) is not None:
        raise Conflict(gettext("Un employeur porte déjà ce nom."), field="name")


def _fill(row: Entity, employer: EmployerInput) -> None:
    row.name = employer.name
    row.short_name = employer.short_name
    row.colour = employer.colour
    row.position = employer.position
    if employer.logo is not None:
        row.logo = employer.logo


def _plain(row: Entity) -> dict[str, Any]:
    return {
        "name": row.name, "short_name": row.short_name, "colour": row.colour, "position": row.position,
        "logo": row.logo or "",
    }  # fmt: skip
