"""The short lists of a town: services, sites, themes, working groups. All are added, changed and removed alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select

from tracker import validation
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Department, Entity, Programme, Site, Theme, WorkingGroup
from tracker.permissions import Permission, require
from tracker.queries.town import Line
from tracker.records import Actor
from tracker.services import history
from tracker.services.settings.common import changed, check_seen, free_slug, refuse_if_used
from tracker.services.settings.employers import position

ADDED_MAX = 200  # names at once
ADDRESS_MAX = 200


@dataclass(frozen=True, slots=True)
class LineInput:
    """What may be said of a line; each list takes what it has."""

    name: str
    position: int = 0
    text: str = ""  # the mandate of a group, the address of a site
    entity_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Listed:
    """A kind of line: its table and what is its own."""

    noun: str
    model: Any
    per_project: bool = False
    links: tuple[str, ...] = ()
    text: str = ""  # name of the column that `LineInput.text` fills
    text_rule: Callable[[str], str] = field(default=lambda text: text)
    has_entities: bool = False

    @property
    def has_position(self) -> bool:
        return hasattr(self.model, "position")


def _mandate(text: str) -> str:
    return validation.body(text, field="text", required=False)


def _address(text: str) -> str:
    return validation.text(text, field="text", limit=ADDRESS_MAX, required=False, multiline=False)


DEPARTMENTS = Listed("department", Department, links=("department_entity",), has_entities=True)
SITES = Listed("site", Site, text="address", text_rule=_address)
THEMES = Listed("theme", Theme, per_project=True)
GROUPS = Listed("group", WorkingGroup, per_project=True, text="mandate", text_rule=_mandate)


def _used_message(kind: Listed) -> str:
    return {
        "department": gettext("Des personnes ou des consultations relèvent de ce service"),
        "site": gettext("Des personnes ou un relais relèvent de ce site"),
        "theme": gettext("Des propositions ou des actions portent ce thème"),
        "group": gettext("Ce groupe a des actions, des membres ou des réunions"),
    }[kind.noun]


def names_of(typed: str | None) -> tuple[str, ...]:
    """One name a line, each once. Raises Refused on `names`."""
    names = [validation.label(line, field="names") for line in (typed or "").splitlines() if line.strip()]
    if not names:
        raise Refused(gettext("Écrivez au moins un nom, un par ligne."), field="names")
    if len(names) > ADDED_MAX:
        raise Refused(gettext("%(n)s noms au plus à la fois.", n=ADDED_MAX), field="names")
    once: dict[str, str] = {}
    for name in names:
        once.setdefault(name.casefold(), name)
    return tuple(once.values())


def add(
    kind: Listed, names: Sequence[str], *, programme_id: int | None = None, entity_ids: Sequence[int] = (),
    actor: Actor, now: datetime,
) -> tuple[str, ...]:  # fmt: skip
    """Add lines at the end of a list; gives the names that were not there yet. Raises Forbidden, NotFound."""
    require(actor, Permission.SETTINGS_EDIT)
    if kind.per_project and _project(programme_id) is None:
        raise NotFound(gettext("Ce projet n'existe pas."))
    own = kind.model.programme_id == programme_id if kind.per_project else None
    where = () if own is None else (own,)
    there = {name.casefold() for name in db.session.scalars(select(kind.model.name).where(*where))}
    last = _last(kind, where)
    added = tuple(name for name in names if name.casefold() not in there)
    for rank, name in enumerate(added, start=1):
        row = kind.model(name=name, slug=_slug(kind, name, where))
        if kind.per_project:
            row.programme_id = programme_id
        if kind.has_position:
            row.position = min(last + rank, 999)
        if kind.has_entities:
            row.entities = _entities(entity_ids)
        db.session.add(row)
        db.session.flush()
        _record(kind, row, "add", {"name": [None, name]}, actor, now)
    db.session.flush()
    return added


def _slug(kind: Listed, name: str, where: Sequence[ColumnElement[bool]]) -> str:
    # a theme's address is its project's alone; all others are the instance's
    return free_slug(kind.model.slug, name, *(where if kind.model is Theme else ()), word=kind.noun)


def _last(kind: Listed, where: Sequence[ColumnElement[bool]]) -> int:
    if not kind.has_position:
        return 0
    known = [*where, Theme.is_unknown.is_(False)] if kind.model is Theme else where
    return db.session.scalar(select(func.max(kind.model.position)).where(*known)) or 0


def edit(kind: Listed, *, row_id: int, line: LineInput, actor: Actor, now: datetime, seen: str | None = None) -> None:
    """Change a line; its address stays. `seen` is the mark of what was being edited.

    Raises Forbidden, NotFound, Refused, Conflict.
    """
    require(actor, Permission.SETTINGS_EDIT)
    row = _locked(kind, row_id)
    present = _line(kind, row).mark
    name = validation.label(line.name, field="name")
    same = select(kind.model.id).where(func.lower(kind.model.name) == name.lower(), kind.model.id != row.id)
    if kind.per_project:
        same = same.where(kind.model.programme_id == row.programme_id)
    if db.session.scalar(same) is not None:
        raise Conflict(gettext("Ce nom est déjà dans la liste."), field="name")

    def fill() -> None:
        row.name = name
        if kind.has_position:
            row.position = position(line.position)
        if kind.text:
            setattr(row, kind.text, kind.text_rule(line.text))
        if kind.has_entities:
            row.entities = _entities(line.entity_ids)

    changes = changed(row, fill, lambda one: _plain(kind, one))
    if changes:
        check_seen(seen, present)
        _record(kind, row, "edit", changes, actor, now)
        db.session.flush()


def remove(kind: Listed, *, row_id: int, actor: Actor, now: datetime) -> None:
    """Take away a line that nothing names. Raises Forbidden, NotFound, Conflict."""
    require(actor, Permission.SETTINGS_EDIT)
    row = _locked(kind, row_id)
    if getattr(row, "is_unknown", False):
        raise Conflict(gettext("Ce thème reste : il sert à qui ne sait pas lequel choisir. Vous pouvez le renommer."))
    refuse_if_used(row, _used_message(kind), apart=kind.links)
    if kind.has_entities:
        row.entities = []
    changes = {name: [value, None] for name, value in _plain(kind, row).items()}
    _record(kind, row, "remove", changes, actor, now)
    db.session.delete(row)
    db.session.flush()


def _project(programme_id: int | None) -> Programme | None:
    return db.session.get(Programme, programme_id) if programme_id is not None else None


def _locked(kind: Listed, row_id: int) -> Any:
    row = db.session.get(kind.model, row_id, with_for_update=True)
    if row is None:
        raise NotFound(gettext("Cette ligne n'existe pas, ou plus."))
    return row


def _entities(ids: Sequence[int]) -> list[Entity]:
    return list(db.session.scalars(select(Entity).where(Entity.id.in_(ids)))) if ids else []


def _plain(kind: Listed, row: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"name": row.name}
    if kind.has_position:
        said["position"] = row.position
    if kind.text:
        said[kind.text] = getattr(row, kind.text)
    if kind.has_entities:
        said["entities"] = sorted(entity.id for entity in row.entities)
    return said


def _line(kind: Listed, row: Any) -> Line:
    said = _plain(kind, row)
    return Line(
        row.id, row.name, position=said.get("position", 0), text=said.get(kind.text, ""),
        entity_ids=tuple(said.get("entities", ())),
    )  # fmt: skip


def _record(kind: Listed, row: Any, verb: str, changes: dict[str, Any], actor: Actor, now: datetime) -> None:
    history.record(
        actor=actor, now=now, verb=f"{kind.noun}:{verb}", subject=kind.model.__tablename__, subject_id=row.id,
        programme_id=row.programme_id if kind.per_project else None, changes=changes,
    )  # fmt: skip
