"""The addresses of the settings, their menu, and what their pages share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask_babel import gettext
from flask_login import current_user

from tracker.permissions import can
from tracker.views.frame import Link

bp = Blueprint("settings", __name__, url_prefix="/reglages")
REMOVE = "supprimer"  # what the button that removes sends as « geste »
FIRST_STEPS = "premiers-pas"


def removes() -> bool:
    """Whether the button that removes was pressed."""
    return request.method == "POST" and request.form.get("geste") == REMOVE


def after(endpoint: str, **args: Any) -> str:
    """Where to go once something is set: back to the first steps for who came from there."""
    return url_for("settings.first_steps") if from_first_steps() else url_for(endpoint, **args)


def from_first_steps() -> dict[str, Any]:
    """The argument that remembers that somebody came from the first steps; none for others."""
    return {"suite": FIRST_STEPS} if request.args.get("suite") == FIRST_STEPS else {}


def menu() -> list[tuple[str, list[Link]]]:
    """The pages of the settings that the reader may open, by what they are about, in the order of need."""
    groups: list[tuple[str, list[tuple[str, str]]]] = [
        (gettext("Le projet"), [
            ("settings.first_steps", gettext("Premiers pas")),
            ("settings.projects_list", gettext("Projets")),
            ("settings.themes", gettext("Thèmes")),
            ("settings.groups", gettext("Groupes de travail")),
            ("settings.campaigns_list", gettext("Consultations")),
            ("settings.archives_list", gettext("Fin de projet et archives")),
        ]),
        (gettext("Les personnes et leurs accès"), [
            ("settings.employers_list", gettext("Employeurs")),
            ("settings.departments", gettext("Services")),
            ("settings.sites", gettext("Sites")),
            ("people.index", gettext("Personnes")),
            ("slips.codes", gettext("Codes imprimés")),
            ("second_factor.settings", gettext("Second code")),
            ("settings.single_sign_on", gettext("Connexion unique")),
        ]),
        (gettext("Ce que l'outil dit, et les demandes"), [
            ("settings.contact", gettext("Qui contacter")),
            ("settings.labels", gettext("Mots de l'outil")),
            ("duties.privacy", gettext("Données personnelles")),
            ("duties.accessibility", gettext("Accessibilité")),
            ("duties.data_requests_list", gettext("Demandes sur les données")),
            ("duties.redactions_list", gettext("Retraits de textes")),
        ]),
    ]  # fmt: skip
    shown = [(title, [Link(url_for(endpoint), label) for endpoint, label in entries if _opens(endpoint)])
             for title, entries in groups]  # fmt: skip
    return [(title, links) for title, links in shown if links]


def _opens(endpoint: str) -> bool:
    permission = getattr(current_app.view_functions.get(endpoint), "permission", None)
    return permission is not None and can(current_user, permission)
