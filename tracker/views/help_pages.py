"""Pages anybody may read: help, accessibility, personal data, and who may do what."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from tracker.enums import Role
from tracker.permissions import AGENT, AUTHOR, PILOT, ROLE_PERMISSIONS, Permission
from tracker.security import public

bp = Blueprint("help_pages", __name__)


@bp.get("/aide")
@public
def index() -> str:
    return render_template("help/index.html", contact=current_app.config["CONTACT"])


@bp.get("/aide/qui-peut-quoi")
@public
def permissions() -> str:
    return render_template(
        "help/permissions.html", permissions=list(Permission), agent=AGENT, author=AUTHOR, pilot=PILOT,
        roles=[(role, ROLE_PERMISSIONS[role]) for role in Role],
    )  # fmt: skip


@bp.get("/accessibilite")
@public
def accessibility() -> str:
    return render_template("help/accessibility.html", contact=current_app.config["CONTACT"])


@bp.get("/donnees-personnelles")
@public
def privacy() -> str:
    return render_template("help/privacy.html", contact=current_app.config["CONTACT"])
