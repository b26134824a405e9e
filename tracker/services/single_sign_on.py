"""A provider's account becomes that of somebody in the register, once; what the manager chooses for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select, update

from tracker import validation
from tracker.errors import NotFound, Refused
from tracker.extensions import db
from tracker.identity import Identity
from tracker.models import Entity, User, UserSession
from tracker.permissions import Permission, require
from tracker.queries import single_sign_on as queries
from tracker.queries.single_sign_on import NUMBER, RULES, SETTING, SIREN, Person
from tracker.records import Actor
from tracker.services import history
from tracker.services.settings import values

LABEL_MAX = 60


def recognise(told: Identity) -> Person:
    """Who this is, without writing anything. Raises Refused, with what the person may do about it."""
    person = queries.known(told) or queries.matched(told)
    if person is None:
        raise Refused(gettext("Votre compte n'a pas été retrouvé dans la liste du personnel de cet outil."))
    if not person.is_active:
        raise Refused(gettext("Votre compte dans cet outil est désactivé."))
    if person.bound and queries.known(told) is None:
        raise Refused(gettext("La personne qui vous correspond dans cet outil s'y connecte déjà par un autre compte."))
    return person


def enter(told: Identity, *, now: datetime) -> Person:
    """Who this is, from now on by the provider's name for them: an address may change. Raises Refused."""
    person = recognise(told)
    if not person.bound:
        row = db.session.get_one(User, person.id)
        row.issuer, row.subject = told.issuer, told.subject
        history.record(
            actor=Actor(id=row.id, login=row.login, name=row.name), now=now, verb="account:bind", subject="user",
            subject_id=row.id, programme_id=None,
        )  # fmt: skip
        db.session.flush()
    return person


def release(typed: str, *, actor: Actor, now: datetime) -> str:
    """Forget which provider's account is somebody's, and end their visits; their name. Raises NotFound, Refused."""
    require(actor, Permission.SETTINGS_EDIT)
    name = typed.strip().lower()
    row = db.session.scalars(select(User).where((User.login == name) | (User.email == name)).limit(1)).first()
    if row is None:
        raise NotFound(gettext("Personne n'a cet identifiant ni cette adresse."), field="person")
    if row.subject is None:
        raise Refused(gettext("Cette personne n'est rattachée à aucun compte."), field="person")
    row.issuer = row.subject = None
    db.session.execute(
        update(UserSession).where(UserSession.user_id == row.id, UserSession.ended_at.is_(None)).values(ended_at=now)
    )
    history.record(actor=actor, now=now, verb="account:release", subject="user", subject_id=row.id, programme_id=None)
    db.session.flush()
    return row.name


def choose(
    *, rule: str, label: str, sirens: Mapping[str, str], actor: Actor, now: datetime, seen: str | None = None
) -> bool:
    """Keep the rule, the words of the button, and each employer's SIREN. Raises Forbidden, Refused, Conflict."""
    if rule not in RULES:
        raise Refused(gettext("Choisissez une règle."), field="rule")
    words = validation.text(label, field="label", limit=LABEL_MAX, required=False, multiline=False)
    names = {row.slug: row.name for row in db.session.execute(select(Entity.slug, Entity.name))}
    kept = {slug: _siren(typed, slug, names[slug]) for slug, typed in sirens.items() if slug in names and typed.strip()}
    if len(set(kept.values())) < len(kept):
        again = next(slug for slug, siren in reversed(kept.items()) if list(kept.values()).count(siren) > 1)
        raise Refused(gettext("Deux employeurs ont le même numéro SIREN."), field=f"siren-{again}")
    if rule == NUMBER and not kept:
        message = gettext("Donnez le numéro SIREN d'un employeur au moins : la règle du matricule en a besoin.")
        raise Refused(message, field=f"siren-{next(iter(sirens), '')}")
    chosen = {"rule": rule, "label": words, "sirens": kept}
    return values.put_all({SETTING: chosen}, seen=seen, actor=actor, now=now)


def _siren(typed: str, slug: str, employer: str) -> str:
    digits = re.sub(r"\s", "", typed)
    if not re.fullmatch(r"[0-9]{9}([0-9]{5})?", digits):
        message = gettext(
            "Le numéro de %(employer)s n'est ni un SIREN, de neuf chiffres, ni un SIRET, de quatorze.",
            employer=employer,
        )
        raise Refused(message, field=f"siren-{slug}")
    return digits[:SIREN]
