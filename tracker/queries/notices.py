"""What the two legal pages say: accessibility and personal data, with the durations that are really applied."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select

from tracker.extensions import db
from tracker.models import Event, Proposal, Setting
from tracker.progress.days import add_months
from tracker.queries.projects import AUDIT
from tracker.records import paris_day

PRIVACY, ACCESSIBILITY, RETENTION = "privacy", AUDIT, "retention"
STATEMENT_YEARS = 3  # a statement of accessibility is to be made again then
MONTHS_MAX = 240


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the town says of its own; empty: the page gives the sentence that holds everywhere."""

    controller: str = ""
    officer: str = ""
    purposes: str = ""
    legal_basis: str = ""
    recipients: str = ""


@dataclass(frozen=True, slots=True)
class Accessibility:
    """The last audit recorded, and the statement that came of it."""

    audited_on: date | None = None
    rate: float | None = None
    auditor: str = ""
    derogations: str = ""
    stated_on: date | None = None

    @property
    def label(self) -> str:
        """How the law wants it said, on every page."""
        if self.audited_on is None or self.rate is None or self.rate < 50:
            return gettext("non conforme")
        return gettext("totalement conforme") if self.rate >= 100 else gettext("partiellement conforme")

    @property
    def expires_on(self) -> date | None:
        """The day from which the statement no longer holds."""
        stated = self.stated_on or self.audited_on
        if stated is None:
            return None
        return add_months(stated, 12 * STATEMENT_YEARS)

    def has_expired(self, today: date) -> bool:
        return self.expires_on is not None and today >= self.expires_on


@dataclass(frozen=True, slots=True)
class Retention:
    """Months after which the job erases; each may be changed by the town."""

    leavers: int = field(default=12)
    authors: int = field(default=24)
    security: int = field(default=6)
    drafts: int = field(default=12)
    requests: int = field(default=12)

    @staticmethod
    def words(name: str) -> tuple[str, str]:
        """What is kept, and from when the months are counted."""
        return {
            "leavers": (
                gettext("Compte d'une personne partie"),
                gettext("après son départ ; son nom est alors effacé, comme à sa demande"),
            ),
            "authors": (
                gettext("Nom des auteurs et autrices"),
                gettext("après la fin du projet ; les propositions restent, sans nom"),
            ),
            "security": (
                gettext("Traces de sécurité : codes d'activation périmés, demandes de code, alertes"),
                gettext("après les faits"),
            ),
            "drafts": (
                gettext("Brouillon jamais envoyé"),
                gettext("après la dernière modification ; la page du brouillon prévient"),
            ),
            "requests": (
                gettext("Texte d'une demande d'effacement ou de rectification, et sa réponse"),
                gettext("après la réponse"),
            ),
        }[name]


def _stored(keys: tuple[str, ...]) -> dict[str, Any]:
    rows = db.session.execute(select(Setting.key, Setting.value).where(Setting.key.in_(keys)))
    return {key: value for key, value in rows if isinstance(value, dict)}


def _known(kind: type, value: dict[str, Any]) -> dict[str, Any]:
    """The stored values that this version of the tool still knows."""
    names = {one.name for one in fields(kind)}
    return {name: one for name, one in value.items() if name in names}


def accessibility_of(value: dict[str, Any]) -> Accessibility:
    """From what the setting holds."""
    known = _known(Accessibility, value)
    for name in ("audited_on", "stated_on"):
        known[name] = date.fromisoformat(known[name]) if known.get(name) else None
    return Accessibility(**known)


def privacy() -> Privacy:
    return Privacy(**_known(Privacy, _stored((PRIVACY,)).get(PRIVACY, {})))


def accessibility() -> Accessibility:
    return accessibility_of(_stored((ACCESSIBILITY,)).get(ACCESSIBILITY, {}))


def retention() -> Retention:
    return Retention(**_known(Retention, _stored((RETENTION,)).get(RETENTION, {})))


def retention_is_confirmed() -> bool:
    """Whether a manager has read and saved the durations: before, nobody's name is erased by the clock."""
    return db.session.get(Setting, RETENTION) is not None


def all_three() -> tuple[Privacy, Accessibility, Retention]:
    """In one statement."""
    found = _stored((PRIVACY, ACCESSIBILITY, RETENTION))
    return (
        Privacy(**_known(Privacy, found.get(PRIVACY, {}))),
        accessibility_of(found.get(ACCESSIBILITY, {})),
        Retention(**_known(Retention, found.get(RETENTION, {}))),
    )


def draft_kept_until(proposal_id: int) -> date | None:
    """The day from which a draft never sent is deleted; None when there is none."""
    written = select(func.max(Event.at)).where(Event.subject == "proposal", Event.subject_id == proposal_id)
    row = db.session.execute(
        select(Proposal.created_on, written.scalar_subquery(), Setting.value)
        .outerjoin_from(Proposal, Setting, Setting.key == RETENTION)
        .where(Proposal.id == proposal_id)
    ).first()
    if row is None:
        return None
    created_on, written_at, value = row
    months = Retention(**_known(Retention, value or {})).drafts
    return add_months(paris_day(written_at) if written_at else created_on, months)
