"""What the manager of the tool sees: what is missing or failing."""

from __future__ import annotations

from flask import Blueprint, render_template

from tracker.permissions import Permission
from tracker.queries import checks
from tracker.security import requires

bp = Blueprint("settings", __name__, url_prefix="/reglages")


@bp.get("")
@requires(Permission.SETTINGS_VIEW)
def index() -> str:
    return render_template("settings/index.html", findings=list(checks.setup()))
