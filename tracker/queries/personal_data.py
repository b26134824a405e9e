"""All that is kept of one person, for that person: never anybody else's data, nor what moderators or reviewers wrote.

Supports are read only while the key of the consultation lives: afterwards nobody can tell whose they were.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from flask_babel import gettext
from sqlalchemy import or_, select

from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    ActivationCode,
    Authorship,
    Campaign,
    Comment,
    DataRequest,
    Department,
    Entity,
    Event,
    Follow,
    Letter,
    Matricule,
    Programme,
    Proofreading,
    Proposal,
    ProposalVersion,
    Review,
    RoleGrant,
    RollEntry,
    Site,
    User,
    UserSession,
    WorkingGroup,
)
from tracker.queries import deeds
from tracker.wording import N_

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, its key in the file, and its rows: label → value."""

    key: str
    title: str
    rows: tuple[Row, ...]


def plain(value: Any) -> Any:
    """As a file may hold it; days and instants stay what they are, each file writes them its way."""
    if isinstance(value, Enum):
        return getattr(value, "label", value.value)
    return value


def _part(key: str, title: str, names: tuple[str, ...], query: Any) -> Part:
    rows = db.session.execute(query)
    return Part(key, title, tuple({name: plain(value) for name, value in zip(names, row, strict=True)} for row in rows))


def of_person(user_id: int, supported: Collection[int]) -> tuple[Part, ...]:
    """Every part, empty ones included; `supported`: the proposals they support, while the key lives."""
    mine = Authorship.user_id == user_id
    parts = [*_account(user_id), *_access(user_id), *_written(user_id, mine), *_said(user_id)]
    parts.append(_traces(user_id))
    parts.append(
        _part(
            "soutiens", gettext("Propositions que vous soutenez, tant que le vote dure"), (N_("numéro"), N_("titre")),
            select(Proposal.number, Proposal.title).where(Proposal.id.in_(supported)).order_by(Proposal.number),
        )
    )  # fmt: skip
    return tuple(parts)


def _traces(user_id: int) -> Part:
    rows = db.session.execute(
        select(Event.at, Event.verb, Event.subject, Event.subject_id, Event.changes)
        .where(or_(Event.actor_id == user_id, (Event.subject == "user") & (Event.subject_id == user_id)))
        .order_by(Event.id)
    )
    names = (N_("le"), N_("acte"), N_("objet"), N_("repère"), N_("changements"))
    said = (
        (at, deeds.act(verb), deeds.subject(subject), key, deeds.changes(changes))
        for at, verb, subject, key, changes in rows
    )
    return Part(
        "evenements", gettext("Traces de vos actes, et de ce qui a été changé à votre compte"),
        tuple(dict(zip(names, row, strict=True)) for row in said),
    )  # fmt: skip


def _account(user_id: int) -> list[Part]:
    return [
        _part(
            "compte", gettext("Compte"),
            (N_("identifiant"), N_("prénom"), N_("nom"), N_("adresse électronique"), N_("employeur"),
             N_("service"), N_("site"), N_("encadrant·e"),
             N_("actif"), N_("langue"), N_("créé le"), N_("dernière visite"), N_("visite précédente"),
             N_("mot de passe changé le"),
             N_("parti·e le"), N_("fournisseur d'identité"), N_("numéro chez ce fournisseur")),
            select(
                User.login, User.first_name, User.last_name, User.email, Entity.name, Department.name, Site.name,
                User.is_manager, User.is_active, User.locale, User.created_at, User.last_visit_at,
                User.previous_visit_at, User.password_changed_at, User.left_on, User.issuer, User.subject,
            )
            .outerjoin(Entity, Entity.id == User.entity_id)
            .outerjoin(Department, Department.id == User.department_id)
            .outerjoin(Site, Site.id == User.site_id)
            .where(User.id == user_id),
        ),
        _merged(user_id),
        _part(
            "matricules", gettext("Matricules"), (N_("employeur"), N_("matricule")),
            select(Entity.name, Matricule.number)
            .join(Entity, Entity.id == Matricule.entity_id)
            .where(Matricule.user_id == user_id),
        ),
        _part(
            "roles", gettext("Rôles"), (N_("rôle"), N_("projet"), N_("groupe"), N_("site"), N_("du"), N_("au")),
            select(RoleGrant.role, Programme.title, WorkingGroup.name, Site.name, RoleGrant.starts_on,
                   RoleGrant.ends_on)
            .outerjoin(Programme, Programme.id == RoleGrant.programme_id)
            .outerjoin(WorkingGroup, WorkingGroup.id == RoleGrant.group_id)
            .outerjoin(Site, Site.id == RoleGrant.site_id)
            .where(RoleGrant.user_id == user_id)
            .order_by(RoleGrant.id),
        ),
    ]  # fmt: skip


def _merged(user_id: int) -> Part:
    """What is kept of the accounts united with theirs."""
    labels = {
        "login": N_("identifiant"),
        "first_name": N_("prénom"),
        "last_name": N_("nom"),
        "email": N_("adresse électronique"),
    }
    kept = db.session.scalar(select(User.merged_names).where(User.id == user_id)) or []
    rows = tuple({label: one.get(name, "") for name, label in labels.items()} for one in kept)
    return Part("fiches_reunies", gettext("Fiches réunies à la vôtre"), rows)


def _access(user_id: int) -> list[Part]:
    """How the account was used and opened, and what its person asked about their data."""
    return [
        _part(
            "visites", gettext("Visites"), (N_("ouverte le"), N_("appareil partagé"), N_("valable jusqu'au"),
            N_("fermée le")),
            select(UserSession.created_at, UserSession.shared, UserSession.expires_at, UserSession.ended_at)
            .where(UserSession.user_id == user_id)
            .order_by(UserSession.id),
        ),
        _part(
            "codes", gettext("Codes et liens pour choisir un mot de passe"),
            (N_("voie"), N_("fait le"), N_("valable jusqu'au"), N_("servi le"), N_("remplacé le")),
            select(ActivationCode.channel, ActivationCode.made_at, ActivationCode.expires_at, ActivationCode.used_at,
                   ActivationCode.revoked_at)
            .where(ActivationCode.user_id == user_id)
            .order_by(ActivationCode.id),
        ),
        _part(
            "participations", gettext("Participation aux consultations : oui ou non, jamais à quoi"),
            (N_("consultation"), N_("a soutenu")),
            select(Campaign.title, RollEntry.took_part)
            .join(Campaign, Campaign.id == RollEntry.campaign_id)
            .where(RollEntry.user_id == user_id)
            .order_by(Campaign.id),
        ),
        _part(
            "demandes", gettext("Demandes sur vos données"),
            (N_("demande"), N_("texte"), N_("faite le"), N_("reçue par écrit le"), N_("échéance"),
             N_("état"), N_("réponse"), N_("répondue le")),
            select(DataRequest.kind, DataRequest.text, DataRequest.made_at, DataRequest.received_on,
                   DataRequest.due_on, DataRequest.state, DataRequest.answer, DataRequest.handled_at)
            .where(DataRequest.user_id == user_id)
            .order_by(DataRequest.id),
        ),
    ]  # fmt: skip


def _written(user_id: int, mine: Any) -> list[Part]:
    return [
        _part(
            "propositions", gettext("Propositions"),
            (N_("numéro"), N_("état"), N_("titre"), N_("texte"), N_("nom non affiché"),
             N_("remerciements acceptés"), N_("écrite le"),
             N_("envoyée le"), N_("publiée le")),
            select(Proposal.number, Proposal.state, Proposal.title, Proposal.body, Authorship.sealed,
                   Authorship.thanks_consent, Proposal.created_on, Proposal.submitted_on, Proposal.published_on)
            .join(Authorship, Authorship.proposal_id == Proposal.id)
            .where(mine)
            .order_by(Proposal.id),
        ),
        _part(
            "versions", gettext("Versions de vos propositions"), (N_("numéro"), N_("version"), N_("titre"),
            N_("texte"), N_("écrite le")),
            select(Proposal.number, ProposalVersion.position, ProposalVersion.title, ProposalVersion.body,
                   ProposalVersion.recorded_at)
            .join(Proposal, Proposal.id == ProposalVersion.proposal_id)
            .join(Authorship, Authorship.proposal_id == Proposal.id)
            .where(mine)
            .order_by(ProposalVersion.id),
        ),
        _part(
            "suivis", gettext("Ce que vous suivez"), (N_("proposition"), N_("action"), N_("depuis le")),
            select(Proposal.number, Action.number, Follow.created_on)
            .outerjoin(Proposal, Proposal.id == Follow.proposal_id)
            .outerjoin(Action, Action.id == Follow.action_id)
            .where(Follow.user_id == user_id)
            .order_by(Follow.id),
        ),
    ]  # fmt: skip


def _said(user_id: int) -> list[Part]:
    return [
        _part(
            "commentaires", gettext("Commentaires"), (N_("écrit le"), N_("texte")),
            select(Comment.recorded_at, Comment.body).where(Comment.author_id == user_id).order_by(Comment.id),
        ),
        _part(
            "points", gettext("Points publiés sur des actions"),
            (N_("action"), N_("pour le"), N_("publié le"), N_("état"), N_("météo"), N_("note"),
             N_("note réservée"), N_("raison du changement")),
            select(Action.number, ActionUpdate.effective_on, ActionUpdate.recorded_at, ActionUpdate.status,
                   ActionUpdate.health, ActionUpdate.note, ActionUpdate.private_note, ActionUpdate.move_reason)
            .join(Action, Action.id == ActionUpdate.action_id)
            .where(ActionUpdate.author_id == user_id)
            .order_by(ActionUpdate.id),
        ),
        _part(
            "avis", gettext("Avis rendus"), (N_("proposition"), N_("rendu le"), N_("avis"), N_("texte")),
            select(Proposal.number, Review.effective_on, Review.advice, Review.text)
            .join(Proposal, Proposal.id == Review.proposal_id)
            .where(Review.reviewer_id == user_id)
            .order_by(Review.id),
        ),
        _part(
            "relectures", gettext("Relectures de lettres"), (N_("lettre"), N_("demandée le"), N_("faite le"),
            N_("remarque")),
            select(Letter.title, Proofreading.asked_at, Proofreading.answered_at, Proofreading.remark)
            .join(Letter, Letter.id == Proofreading.letter_id)
            .where(Proofreading.user_id == user_id)
            .order_by(Proofreading.asked_at),
        ),
    ]  # fmt: skip
