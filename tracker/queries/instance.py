"""The instance itself: schema revision and settings."""

from __future__ import annotations

from sqlalchemy import text

from tracker.extensions import db


def schema_revision() -> str:
    """The revision Alembic wrote in this database; "" when it was made without migrations."""
    found = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")
