"""The addresses of the settings, their menu, and what their pages share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask_babel import gettext
from flask_login import current_user

from tracker.forms import BaseForm
from tracker.permissions import can
from tracker.views.frame import Link

bp = Blueprint("settings", __name__, url_prefix="/reglages")
REMOVE = "supprimer"  # what the button that removes sends as « geste »
FIRST_STEPS = "premiers-pas"


def removes() -> bool:
    """Whether the button that removes was pressed."""
    return request.method == "POST" and request.form.get("geste") == REMOVE


def shown_status(form: BaseForm) -> int:
    """Of a page that shows a form: 422 when it was sent and something is to be corrected."""
    return 422 if form.is_submitted() else 200


def after(endpoint: str, **args: Any) -> str:
    """Where to go once something is set: back to the first steps for who came from there."""
    return url_for("settings.first_steps") if from_first_steps() else url_for(endpoint, **args)


def from_first_steps() -> dict[str, Any]:
    """The argument that remembers that somebody came from the first steps; none for others."""
    return {"suite": FIRST_STEPS} if request.args.get("suite") == FIRST_STEPS else {}


def menu() -> list[Link]:
    """The pages of the settings that the reader may open, in the order in which a town needs them."""
    entries = [
        ("settings.first_steps", gettext("Premiers pas")),
        ("settings.projects_list", gettext("Projets")),
        ("settings.employers_list", gettext("Employeurs")),
        ("people.index", gettext("Personnes")),
        ("settings.departments", gettext("Services")),
        ("settings.sites", gettext("Sites")),
        ("settings.themes", gettext("Thèmes")),
        ("settings.groups", gettext("Groupes de travail")),
        ("settings.campaigns_list", gettext("Consultations")),
        ("settings.contact", gettext("Qui contacter")),
        ("duties.privacy", gettext("Données personnelles")),
        ("duties.accessibility", gettext("Accessibilité")),
        ("duties.data_requests_list", gettext("Demandes sur les données")),
        ("duties.redactions_list", gettext("Retraits de textes")),
        ("slips.codes", gettext("Codes imprimés")),
        ("second_factor.settings", gettext("Second code")),
        ("settings.single_sign_on", gettext("Connexion unique")),
        ("settings.labels", gettext("Mots de l'outil")),
        ("settings.archives_list", gettext("Fin de projet et archives")),
    ]
    shown = []
    for endpoint, label in entries:
        permission = getattr(current_app.view_functions.get(endpoint), "permission", None)
        if permission is not None and can(current_user, permission):
            shown.append(Link(url_for(endpoint), label))
    return shown
