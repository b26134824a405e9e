"""Full-text search of proposals and actions: the one place that knows the database's own search engine.

SQLite's FTS5 today. "teletravail" finds "télétravail", "coeur" finds "cœur"; what a person types is never syntax.
"""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import Select, bindparam, column, func, literal_column, select, table, text

from tracker.extensions import db

LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss"})
_WORD = re.compile(r"\w+")
# plural and feminine endings that a prefix search does not cover by itself
_ENDINGS = re.compile(r"(?:aux|s|x)$")

CREATE_TABLES = (
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS proposal_search "
        'USING fts5(title, body, tokenize="unicode61 remove_diacritics 2")'
    ),
)
DROP_TABLES = ("DROP TABLE IF EXISTS proposal_search",)

RESEMBLING_MIN, RESEMBLING_WORDS = 4, 40

_index = table("proposal_search", column("rowid"), column("title"), column("body"))


def fold(value: str) -> str:
    """Lower case, without ligatures or accents: the form that is indexed and sought."""
    bare = unicodedata.normalize("NFKD", value.translate(LIGATURES))
    return "".join(c for c in bare if not unicodedata.combining(c)).lower()


def words(query: str) -> list[str]:
    """The words of what a person typed; one-letter elisions ("s'engage") are left out when others remain."""
    found = _WORD.findall(fold(query))[:12]
    return [word for word in found if len(word) > 1] or found


def _match(query: str) -> str:
    """A search expression in which every word is quoted, hence never syntax, and found by its beginning."""
    stems = [_ENDINGS.sub("", word) if len(word) > 4 else word for word in words(query)]
    return " ".join(f'"{stem}"*' for stem in stems)


def index_proposal(proposal_id: int, *, title: str, body: str) -> None:
    """Put a published proposal's present text in the index."""
    remove_proposal(proposal_id)
    db.session.execute(
        text("INSERT INTO proposal_search (rowid, title, body) VALUES (:id, :title, :body)"),
        {"id": proposal_id, "title": fold(title), "body": fold(body)},
    )


def index_many(rows: list[tuple[int, str, str]]) -> None:
    """The same for many proposals at once: (id, title, body)."""
    if rows:
        db.session.execute(
            text("INSERT INTO proposal_search (rowid, title, body) VALUES (:id, :title, :body)"),
            [{"id": key, "title": fold(title), "body": fold(body)} for key, title, body in rows],
        )


def remove_proposal(proposal_id: int) -> None:
    db.session.execute(text("DELETE FROM proposal_search WHERE rowid = :id"), {"id": proposal_id})


def matching_proposals(query: str) -> Select[tuple[int]] | None:
    """A select of the ids of proposals whose text has every word; None when there is no word to seek."""
    expression = _match(query)
    if not expression:
        return None
    return select(_index.c.rowid).where(
        literal_column("proposal_search").op("MATCH")(bindparam("search_words", expression, unique=True))
    )


def resembling_proposals(text_typed: str) -> Select[tuple[int, float]] | None:
    """A select of (rowid, distance) of proposals sharing some of the longer words; None when there are none to seek."""
    stems = {_ENDINGS.sub("", word) for word in _WORD.findall(fold(text_typed)) if len(word) > RESEMBLING_MIN}
    if not stems:
        return None
    expression = " OR ".join(f'"{stem}"*' for stem in sorted(stems)[:RESEMBLING_WORDS])
    return (
        select(_index.c.rowid, func.bm25(literal_column("proposal_search"), 4.0, 1.0).label("distance"))
        .where(literal_column("proposal_search").op("MATCH")(bindparam("search_words", expression, unique=True)))
        .order_by("distance")
        .limit(20)
    )


def create(connection) -> None:  # type: ignore[no-untyped-def]
    """Make the index; called by the migration and by tests."""
    if connection.dialect.name == "sqlite":
        for statement in CREATE_TABLES:
            connection.exec_driver_sql(statement)


def drop(connection) -> None:  # type: ignore[no-untyped-def]
    if connection.dialect.name == "sqlite":
        for statement in DROP_TABLES:
            connection.exec_driver_sql(statement)
