"""What the manager of the tool sees first: what is missing or failing, and where to mend it."""

from __future__ import annotations

from flask import render_template

from tracker.permissions import Permission
from tracker.queries import checks
from tracker.security import requires
from tracker.views.settings.blueprint import bp, menu


@bp.get("")
@requires(Permission.SETTINGS_VIEW)
def index() -> str:
    return render_template("settings/index.html", findings=list(checks.setup()), menu=menu())
