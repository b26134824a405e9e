"""Full-text search of proposals: the one place that knows the search engine of each database, one module for each.

"teletravail" finds "télétravail", "coeur" finds "cœur"; what a person types is never syntax.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from sqlalchemy import Connection, Select

from tracker.extensions import db
from tracker.search.folding import Text, fold, words

__all__ = [
    "create", "drop", "fill", "fold", "index_many", "index_proposal", "indexed", "matching_proposals",
    "remove_proposal", "resembling_proposals", "words",
]  # fmt: skip


def _of(dialect: str) -> ModuleType:
    """The module of a database, read when first asked for: that of the other never is."""
    return import_module(f"{__name__}.{dialect}")


def _engine() -> ModuleType:
    return _of(db.engine.dialect.name)


def index_proposal(proposal_id: int, *, title: str, body: str) -> None:
    """Put a published proposal's present text in the index."""
    remove_proposal(proposal_id)
    index_many([(proposal_id, title, body)])


def index_many(rows: list[Text]) -> None:
    """The same for many proposals at once that are not there yet."""
    if rows:
        _engine().index_many(rows)


def remove_proposal(proposal_id: int) -> None:
    _engine().remove_proposal(proposal_id)


def matching_proposals(query: str) -> Select[tuple[int]] | None:
    """A select of the ids of proposals whose text has every word; None when there is no word to seek."""
    found: Select[tuple[int]] | None = _engine().matching_proposals(query)
    return found


def resembling_proposals(text_typed: str) -> Select[tuple[int, float]] | None:
    """A select of (proposal_id, distance) of proposals that share some of the longer words, the nearest first.

    None when there are none to seek.
    """
    found: Select[tuple[int, float]] | None = _engine().resembling_proposals(text_typed)
    return found


def indexed(connection: Connection) -> set[int]:
    """The ids of the proposals that are in the index of that database."""
    return set(connection.scalars(_of(connection.dialect.name).indexed()))


def fill(connection: Connection, rows: list[Text]) -> None:
    """Put many proposals in the index of that database, where they are not yet."""
    if rows:
        _of(connection.dialect.name).fill(connection, rows)


def create(connection: Connection) -> None:
    """Make the index; called by the migration and by tests."""
    _of(connection.dialect.name).create(connection)


def drop(connection: Connection) -> None:
    _of(connection.dialect.name).drop(connection)
