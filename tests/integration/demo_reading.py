"""Plain SQL on the demonstration, and what reads its values."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from tracker.extensions import db
from tracker.queries import projects

PAST, CURRENT = "projet-2015-2020", "mieux-travailler-ensemble"


def rows(statement: str, **values: Any) -> list[Any]:
    """Plain SQL: a recount must not go through what it recounts."""
    return [tuple(row) for row in db.session.execute(text(statement), values)]


def one(statement: str, **values: Any) -> Any:
    return rows(statement, **values)[0][0]


def day(value: str) -> date:
    return date.fromisoformat(value)


def instant(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def sentences(body: str) -> list[str]:
    parts = re.split(r"[.!?…\n]+", body)
    found = [re.sub(r"[\W_]+", " ", part).strip().lower() for part in parts]
    return [part for part in found if len(part) > 3]


def project(slug: str) -> projects.ProjectRecord:
    found = projects.frame().by_slug(slug)
    assert found is not None
    return found
