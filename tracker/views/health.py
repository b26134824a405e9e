"""Whether the server and its database answer."""

from __future__ import annotations

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from tracker.extensions import DatabaseTrouble
from tracker.queries import instance
from tracker.security import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """200 and the schema revision, or 503 when the database cannot be reached or is another version's."""
    try:
        revision = instance.schema_revision()
    except DatabaseTrouble:
        current_app.logger.error("healthz: database unreachable")
        return {"status": "unavailable"}, 503
    if instance.schema_fault(revision):
        return {"status": "other schema", "schema": revision}, 503
    return {"status": "ok", "schema": revision}
