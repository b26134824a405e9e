"""The first page: what is open, what became of what I said, what I must say this month."""

from __future__ import annotations

from flask import Blueprint, render_template

from tracker.permissions import Permission
from tracker.security import requires

bp = Blueprint("home", __name__)


@bp.get("/")
@requires(Permission.PROPOSAL_VIEW)
def index() -> str:
    return render_template("home/index.html")
