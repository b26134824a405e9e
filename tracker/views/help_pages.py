"""Pages anybody may read: accessibility, personal data, and who may do what; the help itself is in guide.py."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, render_template
from flask_babel import gettext

from tracker.enums import Role
from tracker.permissions import AGENT, AUTHOR, PILOT, ROLE_PERMISSIONS, Permission
from tracker.queries import notices
from tracker.security import public
from tracker.views.frame import contact, today

bp = Blueprint("help_pages", __name__)

P = Permission


def _acts() -> dict[Permission, str]:
    """What each permission lets one do, in words, in the order of the table."""
    return {
        P.PROPOSAL_VIEW: gettext("Lire les propositions et les réponses"),
        P.PROPOSAL_CREATE: gettext("Proposer une idée"),
        P.PROPOSAL_SUPPORT: gettext("Soutenir une proposition"),
        P.PROPOSAL_FOLLOW: gettext("Suivre une proposition"),
        P.PROPOSAL_EDIT: gettext("Réécrire sa proposition"),
        P.PROPOSAL_WITHDRAW: gettext("Retirer sa proposition"),
        P.PROPOSAL_MODERATE: gettext("Publier une proposition ou la renvoyer à son auteur·rice"),
        P.PROPOSAL_TRANSCRIBE: gettext("Saisir une proposition dite sur papier ou en atelier"),
        P.PROPOSAL_REVIEW: gettext("Étudier une proposition et donner un avis"),
        P.DECISION_PREPARE: gettext("Voir ce qui est à décider"),
        P.DECISION_TAKE: gettext("Écrire la réponse du comité de pilotage"),
        P.DECISION_PUBLISH: gettext("Publier les réponses"),
        P.ACTION_VIEW: gettext("Lire les actions et leurs points"),
        P.ACTION_CREATE: gettext("Créer une action"),
        P.ACTION_EDIT: gettext("Modifier une fiche action"),
        P.ACTION_POST: gettext("Publier un point sur une action"),
        P.BASELINE_CHANGE: gettext("Changer la date prévue au départ, avec une raison"),
        P.PRIVATE_NOTE_READ: gettext("Lire les notes réservées au comité et à l'animateur·rice"),
        P.GROUP_VIEW: gettext("Lire les pages des groupes de travail"),
        P.GROUP_ROUND: gettext("Faire le point de toutes les actions d'un groupe"),
        P.BOARD_VIEW: gettext("Lire le tableau de bord"),
        P.LETTER_VIEW: gettext("Lire les lettres"),
        P.LETTER_PROOFREAD: gettext("Relire une lettre, quand on y est invité"),
        P.LETTER_EDIT: gettext("Composer une lettre"),
        P.LETTER_PUBLISH: gettext("Publier une lettre"),
        P.MEETING_VIEW: gettext("Lire les pages des réunions"),
        P.MEETING_EDIT: gettext("Préparer une réunion et en écrire le compte rendu"),
        P.ACCOUNT_OWN: gettext("Tenir son compte : mot de passe, copie de ses données, demandes"),
        P.REDACTION_VIEW: gettext("Voir les retraits de texte demandés"),
        P.REDACTION_ASK: gettext("Demander le retrait d'un texte, avec une raison"),
        P.REDACTION_AGREE: gettext("Accepter ou refuser le retrait qu'une autre personne demande"),
        P.PERSON_EDIT: gettext("Importer le personnel, tenir les personnes et leurs rôles"),
        P.PERSON_ERASE: gettext("Répondre aux demandes sur les données et effacer une personne"),
        P.SETTINGS_EDIT: gettext("Changer les réglages : projet, employeurs, consultations, mots"),
        P.CODE_PRINT: gettext("Imprimer les codes qui ouvrent un compte (le relais : pour son site)"),
        P.ARCHIVE_MAKE: gettext("Clore un projet terminé, le rouvrir, en faire l'archive"),
        P.SETTINGS_VIEW: gettext("Ouvrir les réglages : personnes, employeurs, vérifications"),
    }


@bp.get("/aide/qui-peut-quoi")
@public
def permissions() -> str:
    """Rendered from the table that the tool itself applies; a permission still without words shows its name."""
    acts = _acts()
    acts.update({permission: permission.value for permission in Permission if permission not in acts})
    holders = [
        (gettext("l'auteur·rice, sur sa proposition"), AUTHOR),
        (gettext("le ou la pilote, sur son action"), PILOT),
        *((role.label, ROLE_PERMISSIONS[role]) for role in Role),
    ]
    rows = [
        (words, [] if permission in AGENT else [holder for holder, granted in holders if permission in granted])
        for permission, words in acts.items()
    ]
    return render_template("help/permissions.html", rows=rows)


@bp.get("/accessibilite")
@public
def accessibility() -> str:
    found = notices.accessibility()
    return render_template(
        "help/accessibility.html", contact=contact(), found=found, expired=found.has_expired(today())
    )


@bp.get("/donnees-personnelles")
@public
def privacy() -> str:
    told, _accessibility, kept = notices.all_three()
    durations = [
        (notices.Retention.words(name)[0], months, notices.Retention.words(name)[1])
        for name, months in asdict(kept).items()
    ]
    confirmed = notices.retention_is_confirmed()
    return render_template("help/privacy.html", contact=contact(), told=told, durations=durations, confirmed=confirmed)
