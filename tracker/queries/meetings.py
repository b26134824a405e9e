"""Meetings: the list by year, one meeting, and what was said in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select

from tracker import filters
from tracker.enums import ActionStatus, Health, MeetingKind, UpdateKind
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Decision, Meeting, WorkingGroup
from tracker.records import Page, paris_day, seen_mark, window
from tracker.search import fold, words

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """One meeting of the list; `answers` counts the published ones only."""

    id: int
    kind: MeetingKind
    title: str
    held_on: date
    place: str
    group: str
    has_minutes: bool
    answers: int


@dataclass(frozen=True, slots=True)
class MeetingRecord:
    id: int
    programme_id: int
    group_id: int | None
    group_slug: str
    group_name: str
    kind: MeetingKind
    title: str
    held_on: date
    place: str
    agenda: str
    minutes: str

    @property
    def mark(self) -> str:
        """Changes whenever what may be edited changes."""
        return seen_mark(
            self.title, self.kind.value, self.group_id, self.held_on, self.place, self.agenda, self.minutes
        )


@dataclass(frozen=True, slots=True)
class PointTold:
    """What was said of an action in a meeting; `replaced`: corrected or retracted since."""

    action_number: int
    action_title: str
    status: ActionStatus | None
    health: Health | None
    note: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class MeetingFilter:
    kind: MeetingKind | None = None
    year: int | None = None
    q: str = ""


@dataclass(frozen=True, slots=True)
class MeetingList:
    """Those to come, the next first; a page of those held, the last first; and the years there are."""

    coming: tuple[MeetingLine, ...]
    held: Page[MeetingLine]
    years: tuple[int, ...]
    total: int


def _values(row: Any) -> Any:
    return row


def listing(programme_id: int, wanted: MeetingFilter, *, today: date, page: int) -> MeetingList:
    """The meetings of a project: a plan has a few hundred at most, so words are sought here, accents aside."""
    answers = (
        select(func.count(Decision.id))
        .where(Decision.meeting_id == Meeting.id, Decision.published_on.is_not(None))
        .correlate(Meeting)
        .scalar_subquery()
    )
    wheres: list[ColumnElement[bool]] = [Meeting.programme_id == programme_id]
    if wanted.kind is not None:
        wheres.append(Meeting.kind == wanted.kind)
    rows = db.session.execute(
        select(
            Meeting.id,
            Meeting.kind,
            Meeting.title,
            Meeting.held_on,
            Meeting.place,
            func.coalesce(WorkingGroup.name, ""),
            Meeting.minutes != "",
            answers,
        )
        .outerjoin(WorkingGroup, WorkingGroup.id == Meeting.group_id)
        .where(*wheres)
        .order_by(Meeting.held_on.desc(), Meeting.id.desc())
    )
    lines = [MeetingLine(*_values(row)) for row in rows]
    years = tuple(sorted({line.held_on.year for line in lines}, reverse=True))
    shown = [line for line in lines if _matches(line, wanted)]
    coming = tuple(reversed([line for line in shown if line.held_on >= today]))
    held = [line for line in shown if line.held_on < today]
    return MeetingList(coming, window(page, size=PAGE_SIZE, total=len(held)).of(held), years, len(lines))


def _matches(line: MeetingLine, wanted: MeetingFilter) -> bool:
    if wanted.year is not None and line.held_on.year != wanted.year:
        return False
    text = fold(f"{line.title} {line.place} {line.group}")
    return all(word in text for word in words(wanted.q))


def one(meeting_id: int) -> MeetingRecord | None:
    row = db.session.execute(
        select(
            Meeting.id,
            Meeting.programme_id,
            Meeting.group_id,
            func.coalesce(WorkingGroup.slug, ""),
            func.coalesce(WorkingGroup.name, ""),
            Meeting.kind,
            Meeting.title,
            Meeting.held_on,
            Meeting.place,
            Meeting.agenda,
            Meeting.minutes,
        )
        .outerjoin(WorkingGroup, WorkingGroup.id == Meeting.group_id)
        .where(Meeting.id == meeting_id)
    ).one_or_none()
    return None if row is None else MeetingRecord(*_values(row))


def points_told(meeting_id: int) -> tuple[PointTold, ...]:
    """The points said in a meeting, by number of action; a text withdrawn or replaced since is not shown."""
    newer = select(ActionUpdate.supersedes_id).where(ActionUpdate.supersedes_id.is_not(None))
    rows = db.session.execute(
        select(
            Action.number,
            Action.title,
            ActionUpdate.status,
            ActionUpdate.health,
            ActionUpdate.note,
            ActionUpdate.redacted_at,
            ActionUpdate.id.in_(newer),
        )
        .join(Action, Action.id == ActionUpdate.action_id)
        .where(ActionUpdate.meeting_id == meeting_id, ActionUpdate.kind != UpdateKind.RETRACTION)
        .order_by(Action.number, ActionUpdate.id)
    )
    return tuple(
        PointTold(number, title, status, health, _told(note, redacted_at), replaced)
        for number, title, status, health, note, redacted_at, replaced in rows
    )


def _told(note: str, redacted_at: Any) -> str:
    if redacted_at is None:
        return note
    return gettext("Texte retiré le %(day)s.", day=filters.day(paris_day(redacted_at)))
