"""Search by PostgreSQL's text search, in its French configuration.

A text is indexed by its words as folding.py leaves them, so that whatever SQLite finds is found here too, and by their
French stems. As accents are taken away before, the `unaccent` extension need not be installed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from tracker.search.folding import Text, fold, stem, telling_stems, words

CREATE = (
    "CREATE TABLE proposal_search (proposal_id integer PRIMARY KEY, words tsvector NOT NULL)",
    "CREATE INDEX ix_proposal_search_words ON proposal_search USING gin (words)",
)
DROP = ("DROP TABLE IF EXISTS proposal_search",)

LONGEST = 100  # letters of a word that are kept: what is longer is no word, and PostgreSQL refuses 2,046 bytes
LAST_POSITION = 16_383  # of a word in a text, beyond which PostgreSQL counts no more
TITLE, BODY = "A", "D"
WEIGHTS = "{0.25, 0, 0, 1}"  # of D, C, B and A: a word of the title counts for four

_index = table("proposal_search", column("proposal_id", Integer), column("words", TSVECTOR))
KEY = _index.c.proposal_id
_french: ColumnElement[str] = literal_column("'french'::regconfig")
REMOVE = text("DELETE FROM proposal_search WHERE proposal_id = :id")
INSERT = text(
    "INSERT INTO proposal_search (proposal_id, words) VALUES (:id, CAST(:words AS tsvector)"
    " || setweight(to_tsvector('french', :title), 'A') || setweight(to_tsvector('french', :body), 'D'))"
)


def _pieces(folded: str) -> list[str]:
    """Letters and digits in a row, which PostgreSQL takes between quotes as they are."""
    kept = "".join(c if c.isalnum() else " " for c in folded)
    return [word[:LONGEST] for word in kept.split()]


def _places(title: list[str], body: list[str]) -> str:
    """A text's words with their places, as PostgreSQL writes them: 'mot':3A."""
    said = [*((word, TITLE) for word in title), *((word, BODY) for word in body)]
    return " ".join(f"'{word}':{min(place, LAST_POSITION)}{part}" for place, (word, part) in enumerate(said, 1))


def told(rows: list[Text]) -> list[dict[str, Any]]:
    told = []
    for key, title, body in rows:
        titled, said = _pieces(fold(title)), _pieces(fold(body))
        told.append({"id": key, "words": _places(titled, said), "title": " ".join(titled), "body": " ".join(said)})
    return told


def _typed(expression: str) -> ColumnElement[str]:
    return cast(bindparam("search_words", expression, unique=True), TSQUERY)


def matching_proposals(query: str) -> Select[tuple[int]] | None:
    sought: ColumnElement[str] | None = None
    for word in _pieces(" ".join(words(query))):
        one = _typed(f"'{stem(word)}':*").op("||")(func.plainto_tsquery(_french, word))
        sought = one if sought is None else sought.op("&&")(one)
    if sought is None:
        return None
    return select(KEY).where(_index.c.words.op("@@")(sought))


def resembling_proposals(text_typed: str) -> Select[tuple[int, float]] | None:
    expression = " | ".join(f"'{one}':*" for one in _pieces(" ".join(telling_stems(text_typed))))
    if not expression:
        return None
    sought = _typed(expression)
    distance = (-func.ts_rank(literal_column(f"'{WEIGHTS}'::real[]"), _index.c.words, sought)).label("distance")
    return select(_index.c.proposal_id, distance).where(_index.c.words.op("@@")(sought)).order_by("distance").limit(20)
