"""What the town says on the legal pages, and how long things are kept."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime

from flask_babel import gettext

from tracker import validation
from tracker.errors import Refused
from tracker.queries import notices
from tracker.queries.notices import MONTHS_MAX, Accessibility, Privacy, Retention
from tracker.records import Actor, paris_day
from tracker.services.settings import values


def write_privacy(
    privacy: Privacy, retention: Retention, *, actor: Actor, now: datetime, seen: str | None = None
) -> bool:
    """Keep both; whether anything changed. Raises Forbidden, Refused, Conflict."""
    told = {
        name: validation.text(text, field=name, limit=validation.BODY_MAX, required=False)
        for name, text in asdict(privacy).items()
    }
    months = asdict(retention)
    for name, value in months.items():
        if not 1 <= value <= MONTHS_MAX:
            raise Refused(gettext("Donnez un nombre de mois, de 1 à 240."), field=name)
    wanted = {notices.PRIVACY: told, notices.RETENTION: months}
    return values.put_all(wanted, seen=seen, actor=actor, now=now)


def write_accessibility(found: Accessibility, *, actor: Actor, now: datetime, seen: str | None = None) -> bool:
    """Record an audit, or that there is none. Raises Forbidden, Refused, Conflict."""
    today = paris_day(now)
    for name, day in (("audited_on", found.audited_on), ("stated_on", found.stated_on)):
        if day is not None and validation.project_date(day, field=name) > today:
            raise Refused(gettext("Cette date est à venir."), field=name)
    if found.rate is not None and not (math.isfinite(found.rate) and 0 <= found.rate <= 100):
        raise Refused(gettext("Donnez un taux de 0 à 100."), field="rate")
    if found.audited_on is not None and found.rate is None:
        raise Refused(gettext("Donnez le taux que l'audit a mesuré."), field="rate")
    if found.audited_on is not None and not found.auditor.strip():
        raise Refused(gettext("Dites qui a fait l'audit."), field="auditor")
    if found.audited_on is None and found.rate is not None:
        raise Refused(gettext("Donnez la date de l'audit : sans audit, il n'y a pas de taux."), field="audited_on")
    if found.stated_on and found.audited_on and found.stated_on < found.audited_on:
        raise Refused(gettext("La déclaration suit l'audit : elle ne peut pas être plus ancienne."), field="stated_on")
    kept = {
        "audited_on": found.audited_on.isoformat() if found.audited_on else None,
        "rate": found.rate,
        "auditor": validation.text(
            found.auditor, field="auditor", limit=validation.NAME_MAX, required=False, multiline=False
        ),
        "derogations": validation.text(
            found.derogations, field="derogations", limit=validation.BODY_MAX, required=False
        ),
        "stated_on": found.stated_on.isoformat() if found.stated_on else None,
    }
    return values.put_all({notices.ACCESSIBILITY: kept}, seen=seen, actor=actor, now=now)
