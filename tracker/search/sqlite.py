"""Search by SQLite's FTS5."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, column, func, literal_column, select, table, text

from tracker.search.folding import Text, fold, stem, telling_stems, words

CREATE = (
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS proposal_search "
        'USING fts5(title, body, tokenize="unicode61 remove_diacritics 2")'
    ),
)
DROP = ("DROP TABLE IF EXISTS proposal_search",)

_index = table("proposal_search", column("rowid"), column("title"), column("body"))
KEY = _index.c.rowid
INSERT = text("INSERT INTO proposal_search (rowid, title, body) VALUES (:id, :title, :body)")
REMOVE = text("DELETE FROM proposal_search WHERE rowid = :id")


def told(rows: list[Text]) -> list[dict[str, Any]]:
    return [{"id": key, "title": fold(title), "body": fold(body)} for key, title, body in rows]


def matching_proposals(query: str) -> Select[tuple[int]] | None:
    # every word is quoted, hence never syntax, and found by its beginning
    expression = " ".join(f'"{stem(word)}"*' for word in words(query))
    if not expression:
        return None
    return select(KEY).where(_matches(expression))


def resembling_proposals(text_typed: str) -> Select[tuple[int, float]] | None:
    expression = " OR ".join(f'"{one}"*' for one in telling_stems(text_typed))
    if not expression:
        return None
    distance = func.bm25(literal_column("proposal_search"), 4.0, 1.0).label("distance")
    return select(KEY.label("proposal_id"), distance).where(_matches(expression)).order_by("distance").limit(20)


def _matches(expression: str):  # type: ignore[no-untyped-def]
    return literal_column("proposal_search").op("MATCH")(bindparam("search_words", expression, unique=True))
