"""The day that boards and lists show: `?au=`, and `?connu=` for what was known then (design 4.2)."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import request
from flask_babel import gettext

from tracker.filters import day
from tracker.queries.projects import ProjectRecord
from tracker.records import paris_instant
from tracker.views.frame import today


@dataclass(frozen=True, slots=True)
class Moment:
    """The day of the board and what is known, as asked for, and what to say when something else was asked."""

    as_of: date
    known_on: date | None
    notes: tuple[str, ...] = ()

    @property
    def known_at(self) -> datetime | None:
        """The last instant of that day in Paris."""
        if self.known_on is None:
            return None
        return paris_instant(self.known_on + timedelta(days=1)) - timedelta(microseconds=1)


def typed_day(text: str) -> date | None:
    """The day of a text such as 2017-06-30; the nearest one for 2017-02-30; None when it says no day."""
    found = re.fullmatch("([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text.strip())
    if found is None:
        return None
    year, month, number = (int(part) for part in found.groups())
    if not 1 <= year <= 9998:
        return None
    month = min(max(month, 1), 12)
    return date(year, month, min(max(number, 1), monthrange(year, month)[1]))


def chosen_moment(project: ProjectRecord) -> Moment:
    """The days of `au` and `connu`, brought to the nearest ones that exist."""
    last = project.last_day(today())
    notes = []
    asked = request.args.get("au", "")
    wanted = typed_day(asked) if asked else last
    as_of = min(max(wanted or last, project.starts_on), last)
    if asked and as_of.isoformat() != asked:
        notes.append(_note(asked, wanted, as_of, project, last))
    known_on = None
    asked = request.args.get("connu", "")
    if asked:
        known_on = typed_day(asked)
        if known_on is None:
            notes.append(
                gettext("« %(asked)s » n'est pas une date : voici les chiffres connus aujourd'hui.", asked=asked[:40])
            )
        elif known_on >= today():
            known_on = None
    return Moment(as_of, known_on, tuple(notes))


def _note(asked: str, wanted: date | None, as_of: date, project: ProjectRecord, last: date) -> str:
    if wanted is None:
        return gettext(
            "« %(asked)s » n'est pas une date : voici les chiffres du %(day)s.", asked=asked[:40], day=day(as_of)
        )
    if wanted < project.starts_on:
        return gettext("Le projet commence le %(day)s : voici les chiffres de ce jour.", day=day(as_of))
    if wanted > last:
        return gettext("Les chiffres vont jusqu'au %(day)s : les voici.", day=day(as_of))
    return gettext("Le jour demandé n'existe pas : voici les chiffres du %(day)s.", day=day(as_of))
