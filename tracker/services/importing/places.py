"""The project, themes, groups and employers that imported rows name: found, or made when the mapping says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from tracker.extensions import db
from tracker.imports.issues import Issues
from tracker.imports.mapping import Mapping
from tracker.imports.proposals import ProposalImport
from tracker.models import Entity, Programme, Theme, WorkingGroup
from tracker.services.importing.results import Record
from tracker.validation import slugify

SHORT_NAME_MAX = 40


class Places:
    """Ids by the names that the file uses; case, accents and blanks of a name do not count."""

    def __init__(self, mapping: Mapping, issues: Issues) -> None:
        self.mapping = mapping
        self.issues = issues
        self.programme_id = 0
        self.made_programme = False
        self.themes: dict[str, int] = {}
        self.groups: dict[str, int] = {}
        self.entities: dict[str, int] = {}

    def find(self, records: Sequence[Record]) -> bool:
        """Resolve every name of the records; False, with errors, when one is unknown and may not be made."""
        self._find_project()
        if not self.programme_id:
            return False
        self.themes = self._resolve(
            "themes", "theme", (one.theme for one in records), self._all_themes, self._make_theme
        )
        groups = (one.group for one in records if not isinstance(one, ProposalImport))
        self.groups = self._resolve("groups", "group", groups, self._all_groups, self._make_group)
        entities = (name for one in records for name in one.entities)
        self.entities = self._resolve("entities", "entities", entities, self._all_entities, self._make_entity)
        if self.issues.errors:
            return False
        if self.made_programme and self.entities:
            programme = db.session.get_one(Programme, self.programme_id)
            programme.entities = list(
                db.session.scalars(select(Entity).where(Entity.id.in_(set(self.entities.values()))))
            )
        db.session.flush()
        return True

    def theme(self, name: str) -> int | None:
        return self.themes.get(slugify(name)) if name else None

    def group(self, name: str) -> int | None:
        return self.groups.get(slugify(name)) if name else None

    def entity_ids(self, names: Iterable[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self.entities[slugify(name)] for name in names))

    def _find_project(self) -> None:
        wanted = self.mapping.project
        found = db.session.scalar(select(Programme.id).where(Programme.slug == wanted.slug))
        if found is not None:
            self.programme_id = found
        elif "project" not in self.mapping.create or wanted.starts_on is None or wanted.ends_on is None:
            self.issues.error(
                _("Ce projet n'existe pas : créez-le, ou mettez « project = true » sous [create]."),
                column="project.slug",
                value=wanted.slug,
            )
        else:
            first = db.session.scalar(select(func.count()).select_from(Programme)) == 0
            programme = Programme(
                slug=wanted.slug,
                title=wanted.title,
                starts_on=wanted.starts_on,
                ends_on=wanted.ends_on,
                is_principal=first,
            )
            db.session.add(programme)
            db.session.flush()
            self.programme_id = programme.id
            self.made_programme = True

    def _resolve(
        self,
        noun: str,
        field: str,
        names: Iterable[str],
        present: Callable[[], dict[str, int]],
        make: Callable[[str, int], Any],
    ) -> dict[str, int]:
        """Ids of the names wanted; unknown ones are made, or named as errors."""
        wanted = {slugify(name): name for name in names if name}
        if not wanted:
            return {}
        found = present()
        missing = sorted(wanted.keys() - found.keys())
        if missing and noun not in self.mapping.create:
            for key in missing:
                message = _(
                    "Ce nom est inconnu ici : ajoutez-le, ou mettez « %(noun)s = true » sous [create].", noun=noun
                )
                self.issues.error(message, column=f"fields.{field}", value=wanted[key])
            return {}
        rows = [make(wanted[key], len(found) + at) for at, key in enumerate(missing, start=1)]
        db.session.add_all(rows)
        db.session.flush()
        return found | {key: row.id for key, row in zip(missing, rows, strict=True)}

    def _all_themes(self) -> dict[str, int]:
        rows = db.session.execute(
            select(Theme.id, Theme.slug, Theme.name).where(Theme.programme_id == self.programme_id)
        )
        return _by_name(rows)

    def _all_groups(self) -> dict[str, int]:
        rows = db.session.execute(
            select(WorkingGroup.id, WorkingGroup.slug, WorkingGroup.name).where(
                WorkingGroup.programme_id == self.programme_id
            )
        )
        return _by_name(rows)

    def _all_entities(self) -> dict[str, int]:
        return _by_name(db.session.execute(select(Entity.id, Entity.slug, Entity.short_name, Entity.name)))

    def _make_theme(self, name: str, position: int) -> Theme:
        slug = slugify(name)
        unknown = slug == "je-ne-sais-pas"
        return Theme(programme_id=self.programme_id, slug=slug, name=name, position=position, is_unknown=unknown)

    def _make_group(self, name: str, position: int) -> WorkingGroup:
        """A group; its slug, unique in the instance, takes the project's before it when another project has it."""
        slug = slugify(name)
        if db.session.scalar(select(WorkingGroup.id).where(WorkingGroup.slug == slug)) is not None:
            slug = slugify(f"{self.mapping.project.slug} {name}", limit=80)
        return WorkingGroup(programme_id=self.programme_id, slug=slug, name=name, position=position)

    def _make_entity(self, name: str, position: int) -> Entity:
        return Entity(slug=slugify(name), name=name, short_name=name[:SHORT_NAME_MAX], position=position)


def _by_name(rows: Iterable[Any]) -> dict[str, int]:
    """Ids under each way of writing a row's name: (id, slug, name…); the full name, last, wins."""
    return {slugify(name): row[0] for row in rows for name in row[1:]}
