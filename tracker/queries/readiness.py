"""What a town needs before people come, in the order in which it is set: the first steps, and the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext, ngettext
from sqlalchemy import exists, func, select

from tracker.enums import OutboxState, Role
from tracker.extensions import db
from tracker.filters import day, moment, number
from tracker.models import (
    Department,
    Entity,
    OutboxMessage,
    Programme,
    RoleGrant,
    Setting,
    Site,
    Theme,
    User,
    WorkingGroup,
    programme_entity,
)
from tracker.queries import campaigns
from tracker.queries.campaigns import CampaignRecord
from tracker.queries.findings import Finding, Level
from tracker.queries.people import HAS_ACCOUNT, active_grant
from tracker.queries.projects import CONTACT
from tracker.queries.supervision import COPY, COPY_FAILED, ROUND, copy_of, last_copy, noted, round_of
from tracker.records import paris_day

LEGAL = "privacy"  # key of what the town says of personal data
COPY_LATE = timedelta(days=2)
ROUND_LATE = timedelta(minutes=20)  # a whole round takes place every five minutes, later after a long import


@dataclass(frozen=True, slots=True)
class Counts:
    projects: int
    employers: int
    employed: int  # employers of some project
    departments: int
    sites: int
    themes: int
    groups: int
    people: int
    accounts: int
    moderators: int
    unsent: int
    contact: int
    legal: int
    last_round: Any
    last_copy: Any
    failed_copy: Any
    sent: bool


def _count(column: Any, *where: Any) -> Any:
    return select(func.count(column)).where(*where).scalar_subquery()


def _counts(now: datetime) -> Counts:
    moderators = select(RoleGrant.user_id).where(RoleGrant.role == Role.MODERATOR, active_grant(paris_day(now)))
    row = db.session.execute(
        select(
            _count(Programme.id),
            _count(Entity.id),
            _count(programme_entity.c.entity_id),
            _count(Department.id),
            _count(Site.id),
            _count(Theme.id, Theme.is_unknown.is_(False)),
            _count(WorkingGroup.id),
            _count(User.id, User.is_active.is_(True)),
            _count(User.id, User.is_active.is_(True), HAS_ACCOUNT),
            _count(User.id, User.is_active.is_(True), User.id.in_(moderators)),
            _count(OutboxMessage.id, OutboxMessage.state == OutboxState.FAILED),
            _count(Setting.key, Setting.key == CONTACT),
            _count(Setting.key, Setting.key == LEGAL),
            noted(ROUND),
            noted(COPY),
            noted(COPY_FAILED),
            exists().where(OutboxMessage.state == OutboxState.SENT),
        )
    ).one()
    return Counts(*tuple(row))


def _told(found: bool, message: str, advice: str, **where: Any) -> Finding:
    return Finding(Level.OK if found else Level.WARNING, message, "" if found else advice, **where)


def steps(counts: Counts, consultation: Finding) -> Iterator[Finding]:
    """The first steps, in order."""
    yield _told(
        counts.projects > 0,
        ngettext("%(num)s projet", "%(num)s projets", counts.projects) if counts.projects else gettext("Aucun projet"),
        gettext("Créez le projet : son titre et ses dates."),
        endpoint="settings.project_create" if not counts.projects else "settings.projects_list",
        step=gettext("Le projet"),
    )
    yield _told(
        counts.employers > 0 and (counts.employed > 0 or not counts.projects),
        ngettext("%(num)s employeur", "%(num)s employeurs", counts.employers)
        if counts.employers
        else gettext("Aucun employeur"),
        gettext("Ajoutez chaque employeur, et vérifiez qu'il relève du projet : seuls leurs agents participent."),
        endpoint="settings.employers_list" if counts.employers else "settings.employer_create",
        step=gettext("Les employeurs"),
    )
    yield _told(
        counts.departments > 0,
        ngettext("%(num)s service", "%(num)s services", counts.departments),
        gettext("L'import du personnel peut les apporter."),
        endpoint="settings.departments",
        step=gettext("Les services"),
        optional=True,
    )
    yield _told(
        counts.sites > 0,
        ngettext("%(num)s site", "%(num)s sites", counts.sites),
        gettext("Utile pour remettre des codes d'accès à qui n'a pas d'adresse électronique."),
        endpoint="settings.sites",
        step=gettext("Les sites"),
        optional=True,
    )
    yield _told(
        counts.themes > 0,
        ngettext("%(num)s thème", "%(num)s thèmes", counts.themes),
        gettext("Écrivez de quoi parleront les propositions, un thème par ligne."),
        endpoint="settings.themes",
        step=gettext("Les thèmes"),
    )
    yield _told(
        counts.groups > 0,
        ngettext("%(num)s groupe de travail", "%(num)s groupes de travail", counts.groups),
        gettext("Ils porteront les actions : rien ne presse pour commencer."),
        endpoint="settings.groups",
        step=gettext("Les groupes de travail"),
        optional=True,
    )
    yield consultation
    yield _told(
        counts.contact > 0,
        gettext("Le contact est donné") if counts.contact else gettext("Le contact n'est pas donné"),
        gettext("Dites à qui s'adresser pour de l'aide : c'est écrit sur la page de connexion."),
        endpoint="settings.contact",
        step=gettext("Qui contacter"),
    )


def _consultation(every: tuple[CampaignRecord, ...], now: datetime) -> Finding:
    """Whether ideas may be sent now, or from a day to come."""
    opened = [one for one in every if one.allows_submission(now)]
    coming = sorted(
        step.starts_at for one in every for step in one.phases if step.kind.allows_submission and step.starts_at > now
    )
    step = gettext("Une consultation")
    where = "settings.campaigns_list" if every else "settings.campaign_create"
    if opened:
        last = opened[0].submission_last_day(now)
        message = gettext("Une consultation est ouverte : on y propose jusqu'au %(day)s", day=day(last))
        return Finding(Level.OK, message, endpoint=where, step=step)
    if coming:
        message = gettext("Une consultation s'ouvrira le %(day)s", day=day(paris_day(coming[0])))
        return Finding(Level.OK, message, endpoint=where, step=step)
    if every and all(one.support_ends_at and one.support_ends_at <= now for one in every):
        return Finding(Level.OK, gettext("Les consultations sont closes"), endpoint=where, step=step)
    return Finding(
        Level.WARNING,
        gettext("Aucune consultation ouverte ni prévue"),
        gettext("Créez-en une, avec les dates de ses étapes."),
        where,
        step,
    )


def findings(now: datetime) -> Iterator[Finding]:
    """All of it, in three statements."""
    counts = _counts(now)
    every = campaigns.every()
    yield from steps(counts, _consultation(every, now))
    yield _told(
        counts.people > 1,
        ngettext(
            "%(people)s personne, dont %(accounts)s avec un compte ouvert",
            "%(people)s personnes, dont %(accounts)s avec un compte ouvert",
            counts.people,
            people=number(counts.people),
            accounts=number(counts.accounts),
        ),
        gettext("Importez le fichier du personnel, ou ajoutez les personnes une à une."),
        endpoint="people.index",
        topic=gettext("Les personnes"),
    )
    yield _told(
        counts.moderators > 0,
        ngettext("%(num)s personne à la modération", "%(num)s personnes à la modération", counts.moderators),
        gettext("Donnez ce rôle à une personne au moins : sans elle, aucune proposition n'est publiée."),
        endpoint="people.index",
        topic=gettext("La modération"),
    )
    yield _told(
        counts.legal > 0,
        gettext("Les mentions sur les données personnelles sont remplies")
        if counts.legal
        else gettext("Les mentions sur les données personnelles ne sont pas remplies"),
        gettext("Dites au moins qui est responsable du traitement et qui est le délégué à la protection des données."),
        endpoint="duties.privacy",
        topic=gettext("Les données personnelles"),
    )
    yield from _mail(counts)
    if not current_app.config["DEMO"]:
        yield _round(counts.last_round, now)
    if not current_app.config["DEMO"] or current_app.config["BACKUP_FOLDER"] is not None:
        yield _copy(counts, now)


def _round(value: Any, now: datetime) -> Finding:
    """Whether somebody stands by for the jobs; a town that forgot it sees nothing else go wrong at first."""
    advice = gettext(
        "La DSI lance « flask --app wsgi jobs work » comme service. Sans ces tâches, aucun courriel ne "
        "part, un gros import attend, et la clé d'un vote fini n'est pas détruite."
    )
    last = round_of(value)
    if last is None:
        return Finding(Level.WARNING, gettext("Les tâches automatiques n'ont jamais tourné"), advice)
    if now - last.at > ROUND_LATE:
        return Finding(
            Level.WARNING,
            gettext("Les tâches automatiques n'ont pas tourné depuis le %(moment)s", moment=moment(last.at)),
            advice,
        )
    if last.failures and (last.good_at is None or now - last.good_at > ROUND_LATE):
        return Finding(
            Level.WARNING,
            gettext("Les tâches automatiques tournent, mais une partie échoue à chaque fois"),
            gettext("La DSI lit laquelle dans leur journal, ou par « flask --app wsgi jobs run »."),
        )
    return Finding(Level.OK, gettext("Les tâches automatiques tournent"))


def _copy(counts: Counts, now: datetime) -> Finding:
    """Whether the database is copied each day, and was when it was last tried."""
    if current_app.config["BACKUP_FOLDER"] is None:
        return Finding(
            Level.WARNING,
            gettext("Aucune sauvegarde automatique"),
            gettext("La DSI donne un dossier par la variable TRACKER_BACKUP_DIR, ou sauvegarde la base à sa façon."),
            optional=True,
        )
    advice = gettext("La DSI lit pourquoi dans le journal des tâches, ou par « flask --app wsgi jobs run ».")
    last = copy_of(counts.last_copy)
    if last is None:
        return Finding(Level.WARNING, gettext("Aucune sauvegarde n'a encore été faite"), advice)
    if now - last.at > COPY_LATE:
        return Finding(Level.ERROR, _late_copy(last.at), advice)
    failed_at = datetime.fromisoformat(counts.failed_copy["at"]) if counts.failed_copy else None
    if failed_at is not None and failed_at > last.at:
        message = gettext(
            "La dernière sauvegarde a échoué le %(moment)s ; la dernière bonne est du %(good)s",
            moment=moment(failed_at),
            good=moment(last.at),
        )
        return Finding(Level.WARNING, message, advice)
    return Finding(Level.OK, gettext("La base est sauvegardée, la dernière fois le %(moment)s", moment=moment(last.at)))


def _late_copy(at: datetime) -> str:
    return gettext("La base n'est plus sauvegardée depuis le %(moment)s : prévenez la DSI", moment=moment(at))


def late_copy(now: datetime) -> str:
    """What managers are told on the first page when no copy was made for two days; "" when all is well."""
    if current_app.config["BACKUP_FOLDER"] is None:
        return ""
    last = last_copy()
    return _late_copy(last.at) if last is not None and now - last.at > COPY_LATE else ""


def _mail(counts: Counts) -> Iterator[Finding]:
    if not current_app.config["SMTP_URL"]:
        yield Finding(
            Level.WARNING,
            gettext("Aucun serveur de courriel : les courriels attendent"),
            gettext(
                "La DSI le donne par la variable SMTP_URL. Sans lui, chacun entre par un code imprimé, "
                "la première fois comme après un oubli."
            ),
            optional=True,
        )
    elif counts.unsent:
        yield Finding(
            Level.ERROR,
            ngettext("%(num)s courriel n'a pas pu partir", "%(num)s courriels n'ont pas pu partir", counts.unsent),
            gettext("La cause levée, relancez-les : flask jobs retry-mail"),
        )
    elif counts.sent:
        yield Finding(Level.OK, gettext("Aucun courriel n'a été refusé"))
    else:
        yield Finding(Level.OK, gettext("Un serveur de courriel est donné ; aucun courriel n'est encore parti"))
