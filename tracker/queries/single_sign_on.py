"""Whom in the register a provider or a directory speaks of, by the rule that the manager chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import gettext
from sqlalchemy import Select, select

from tracker.extensions import db
from tracker.identity import Identity
from tracker.models import Entity, Matricule, Setting, User
from tracker.queries.findings import Finding, Level

SETTING = "single_sign_on"
NOBODY, EMAIL, NUMBER = "none", "email", "number"
RULES = (NOBODY, EMAIL, NUMBER)
SIREN = 9  # the first digits of a SIRET: those of the employer, whatever the building


@dataclass(frozen=True, slots=True)
class SignOn:
    """What the manager chose; `sirens`: nine digits by slug of employer."""

    rule: str = NOBODY
    label: str = ""
    sirens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the register; `bound`: a provider's account is theirs already."""

    id: int
    name: str
    employer: str
    is_active: bool
    bound: bool


def chosen() -> SignOn:
    kept: Any = db.session.scalar(select(Setting.value).where(Setting.key == SETTING)) or {}
    return SignOn(kept.get("rule", NOBODY), kept.get("label", ""), kept.get("sirens", {}))


def _people() -> Any:
    return select(
        User.id, User.first_name + " " + User.last_name, Entity.name, User.is_active, User.subject
    ).outerjoin_from(User, Entity, Entity.id == User.entity_id)


def _only(query: Select[Any]) -> Person | None:
    """The one person found; None when none, or several, answer."""
    found = db.session.execute(query.where(User.erased_at.is_(None)).distinct().limit(2)).all()
    if len(found) != 1:
        return None
    key, name, employer, is_active, subject = found[0]
    return Person(key, name.strip(), employer or "", is_active, subject is not None)


def known(told: Identity) -> Person | None:
    """The person whose account at the provider this is, whatever else it says of them today."""
    return _only(_people().where(User.issuer == told.issuer, User.subject == told.subject))


def matched(told: Identity) -> Person | None:
    """The person that the rule finds, active or not, bound or not."""
    chose = chosen()
    if chose.rule == EMAIL and told.email and told.email_verified:
        return _only(_people().where(User.email == told.email))
    if chose.rule == NUMBER and told.number and len(told.siret) >= SIREN:
        slugs = [slug for slug, siren in chose.sirens.items() if siren == told.siret[:SIREN]]
        numbered = _people().join(Matricule, Matricule.user_id == User.id)
        return _only(
            numbered.where(
                Matricule.number.in_({told.number, told.number.upper()}),
                Matricule.entity_id.in_(select(Entity.id).where(Entity.slug.in_(slugs))),
            )
        )
    return None


def findings() -> Iterator[Finding]:
    """A provider without a rule: its button leads nobody in."""
    if current_app.config["OPENID"] is not None and chosen().rule == NOBODY:
        yield Finding(
            Level.WARNING,
            gettext("La connexion unique est prête, mais aucune règle ne dit qui entre"),
            gettext("Choisissez comment reconnaître les personnes à leur première connexion."),
            endpoint="settings.single_sign_on",
            optional=True,
        )


def in_directory(match: str, value: str) -> int | None:
    """The active person whose login, address or register number a directory gives."""
    query = _people().where(User.is_active.is_(True))
    if match == "matricule":
        numbered = query.join(Matricule, Matricule.user_id == User.id)
        found = _only(numbered.where(Matricule.number.in_({value, value.upper()})))
    else:
        found = _only(query.where((User.email if match == "email" else User.login) == value.lower()))
    return found.id if found else None
