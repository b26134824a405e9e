"""Full-text search of proposals: the one place that knows the search engine of each database, one module for each.

"teletravail" finds "télétravail", "coeur" finds "cœur"; what a person types is never syntax.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from sqlalchemy import Connection, Select, select

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
        db.session.execute(_engine().INSERT, _engine().told(rows))


def remove_proposal(proposal_id: int) -> None:
    db.session.execute(_engine().REMOVE, {"id": proposal_id})


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
    return set(connection.scalars(select(_of(connection.dialect.name).KEY)))


def fill(connection: Connection, rows: list[Text]) -> None:
    """Put many proposals in the index of that database, where they are not yet."""
    if rows:
        engine = _of(connection.dialect.name)
        connection.execute(engine.INSERT, engine.told(rows))


def create(connection: Connection) -> None:
    """Make the index; called by the migration and by tests."""
    _say(connection, _of(connection.dialect.name).CREATE)


def drop(connection: Connection) -> None:
    _say(connection, _of(connection.dialect.name).DROP)


def _say(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
