"""What the services of the settings share: slugs nobody else has, what still uses a row, what a change says."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select

from tracker.errors import Conflict
from tracker.extensions import db
from tracker.validation import slugify


def free_slug(column: Any, name: str, *where: ColumnElement[bool], word: str) -> str:
    """A slug made from a name, that no other row has; `word` when the name leaves nothing."""
    base = slugify(name) or word
    taken = set(db.session.scalars(select(column).where(column.startswith(base), *where)))
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def uses(row: Any, *, apart: Collection[str] = ()) -> int:
    """How many rows of other tables name this one; `apart`: tables that leave with it."""
    own = row.__table__
    columns = [
        key.parent
        for table in db.metadata.sorted_tables
        if table.name not in apart
        for key in table.foreign_keys
        if key.column.table is own
    ]
    counts = [select(func.count()).where(column == row.id).scalar_subquery() for column in columns]
    return sum(db.session.execute(select(*counts)).one()) if counts else 0


def refuse_if_used(row: Any, message: str, *, apart: Collection[str] = ()) -> None:
    """Raise Conflict with how many things still name this row."""
    found = uses(row, apart=apart)
    if found:
        raise Conflict(gettext("%(message)s (%(n)s fois).", message=message, n=found))


def check_seen(seen: str | None, present: str) -> None:
    """Raise Conflict when what is about to be changed is no longer what was on the page; both are marks."""
    if seen and seen != present:
        raise Conflict(
            gettext("Quelqu'un a enregistré autre chose ici pendant que vous écriviez : comparez les versions.")
        )


def changed(row: Any, fill: Callable[[], None], plain: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Fill a row; what it said and says now, where that differs."""
    before = plain(row)
    fill()
    after = plain(row)
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}
