"""The addresses of the settings, their menu, and what their pages share."""

from __future__ import annotations

from flask import Blueprint, current_app, url_for
from flask_babel import gettext
from flask_login import current_user

from tracker.permissions import can
from tracker.views.frame import Link

bp = Blueprint("settings", __name__, url_prefix="/reglages")


def menu() -> list[Link]:
    """The pages of the settings that the reader may open, in the order in which a town needs them."""
    entries = [
        ("settings.first_steps", gettext("Premiers pas")),
        ("settings.projects_list", gettext("Projets")),
        ("settings.employers_list", gettext("Employeurs")),
        ("settings.departments", gettext("Services")),
        ("settings.sites", gettext("Sites")),
        ("settings.themes", gettext("Thèmes")),
        ("settings.groups", gettext("Groupes de travail")),
        ("settings.campaigns_list", gettext("Consultations")),
        ("settings.contact", gettext("Qui contacter")),
        ("slips.codes", gettext("Codes imprimés")),
        ("settings.labels", gettext("Mots de l'outil")),
    ]
    shown = []
    for endpoint, label in entries:
        permission = getattr(current_app.view_functions.get(endpoint), "permission", None)
        if permission is not None and can(current_user, permission):
            shown.append(Link(url_for(endpoint), label))
    return shown
