"""The import of the register from the command line: the same steps as in the browser."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from flask_babel import gettext
from sqlalchemy import select

from tracker.errors import Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.imports.people import FILE_MAX, guess_columns, read_register, read_sheet
from tracker.imports.plan import Plan
from tracker.imports.register import compare
from tracker.models import Entity
from tracker.records import paris_day
from tracker.services import register


def run(
    file: Path, mapping: Path | None, *, absent_leave: bool, commit: bool, clock: Callable[[], datetime]
) -> tuple[Plan, int]:
    """What the file would change, and how many people were written (none without `commit`). Raises Refused."""
    if file.stat().st_size > FILE_MAX:
        raise Refused(gettext("Ce fichier dépasse %(n)s Mo.", n=FILE_MAX // 1024 // 1024))
    data = file.read_bytes()
    sheet = read_sheet(data)
    told = _told(mapping)
    columns = told.get("columns") or guess_columns(sheet.columns, register.remembered_columns())
    employer = _employer(told.get("employer"))
    known = register.directory(today=paris_day(clock()), asked_by=None)
    end_transaction(commit=False)
    plan = compare(read_register(sheet, columns), known, employer_id=employer)
    if not commit:
        return plan, 0
    key = register.put_aside(data)
    with write_transaction():
        row = register.begin(key=key, file_name=file.name, sheet=sheet, actor=None, now=clock())
        run_id = row.id
        register.keep_preview(run_id=run_id, columns=columns, employer_id=employer, plan=plan, actor=None, now=clock())
        register.confirm(run_id=run_id, absent_leave=absent_leave, actor=None, now=clock())
    return plan, register.apply(run_id, clock=clock)


def _told(mapping: Path | None) -> dict[str, dict[str, str]]:
    """A mapping file: `employer = "slug"`, and under `[columns]` the header of each field."""
    if mapping is None:
        return {}
    try:
        return tomllib.loads(mapping.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(gettext("Le fichier de correspondance ne peut pas être lu : %(why)s", why=error)) from error


def _employer(slug: object) -> int | None:
    """The employer named, or the only one there is."""
    found: dict[str, int] = {row.slug: row.id for row in db.session.execute(select(Entity.slug, Entity.id))}
    if slug is None:
        return next(iter(found.values())) if len(found) == 1 else None
    if slug not in found:
        raise Refused(gettext("Cet employeur n'est pas dans les réglages."))
    return found[str(slug)]


def words(counts: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for name, label in (
        ("created", gettext("à créer")), ("changed", gettext("à modifier")), ("unchanged", gettext("inchangées")),
        ("absent", gettext("absentes du fichier")), ("ambiguous", gettext("en doute")),
        ("refused", gettext("refusées")), ("departments", gettext("services à créer")),
        ("sites", gettext("sites à créer")),
    ):  # fmt: skip
        yield label, counts[name]
