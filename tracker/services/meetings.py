"""Meetings: written beforehand, completed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select, update

from tracker import validation
from tracker.enums import MeetingKind
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.filters import day
from tracker.models import Decision, Meeting, Programme, Proposal, WorkingGroup
from tracker.permissions import Permission, require
from tracker.queries import meetings as queries
from tracker.records import Actor, paris_day
from tracker.services import history


@dataclass(frozen=True, slots=True)
class MeetingInput:
    title: str
    kind: MeetingKind
    held_on: date
    place: str = ""
    agenda: str = ""
    minutes: str = ""
    group_id: int | None = None


def check_meeting(meeting: MeetingInput) -> MeetingInput:
    """The same, cleaned; pure. Raises Refused naming the field."""
    is_group = meeting.kind is MeetingKind.GROUP
    if is_group and meeting.group_id is None:
        raise Refused(gettext("Choisissez le groupe qui se réunit."), field="group_id")
    if not is_group and meeting.group_id is not None:
        raise Refused(gettext("Un groupe ne va qu'avec une réunion de groupe."), field="group_id")
    return MeetingInput(
        title=validation.title(meeting.title),
        kind=meeting.kind,
        held_on=validation.project_date(meeting.held_on, field="held_on"),
        place=validation.text(meeting.place, field="place", limit=validation.NAME_MAX, required=False, multiline=False),
        agenda=validation.body(meeting.agenda, field="agenda", required=False),
        minutes=validation.body(meeting.minutes, field="minutes", required=False),
        group_id=meeting.group_id,
    )


def create(*, programme_id: int, meeting: MeetingInput, actor: Actor, now: datetime) -> Meeting:
    """A new meeting; the very one added a moment ago is not added twice (a button pressed twice).

    Raises Forbidden, Refused.
    """
    programme = db.session.get(Programme, programme_id)
    if programme is None:
        raise NotFound(gettext("Ce projet n'existe pas."))
    row = Meeting(programme_id=programme.id)
    require(actor, Permission.MEETING_EDIT, row)
    checked = _checked(meeting, programme.id, now)
    twin = _just_added(checked, programme.id, actor, now)
    if twin is not None:
        return twin
    _fill(row, checked)
    db.session.add(row)
    db.session.flush()
    history.record(
        actor=actor, now=now, verb="meeting:create", subject="meeting", subject_id=row.id,
        programme_id=programme.id, changes={"title": [None, row.title], "held_on": [None, row.held_on.isoformat()]},
    )  # fmt: skip
    db.session.flush()
    return row


def _just_added(meeting: MeetingInput, programme_id: int, actor: Actor, now: datetime) -> Meeting | None:
    """The meeting that this person added within `history.TWICE` with these very values."""
    recent = history.just_made("meeting:create", actor=actor, now=now)
    rows = db.session.scalars(select(Meeting).where(Meeting.programme_id == programme_id, Meeting.id.in_(recent)))
    return next((row for row in rows if _values(row) == meeting), None)


def _values(row: Meeting) -> MeetingInput:
    return MeetingInput(
        title=row.title, kind=row.kind, held_on=row.held_on, place=row.place, agenda=row.agenda, minutes=row.minutes,
        group_id=row.group_id,
    )  # fmt: skip


def edit(*, meeting_id: int, meeting: MeetingInput, actor: Actor, now: datetime, seen: str | None = None) -> Meeting:
    """Change a meeting. Decisions not published yet follow its day; once published, the day stands.

    `seen` is the mark of what was being edited: something else written meanwhile is a Conflict.
    Raises Forbidden, NotFound, Refused, Conflict.
    """
    row = db.session.get(Meeting, meeting_id, with_for_update=True)
    if row is None:
        raise NotFound(gettext("Cette réunion n'existe pas."))
    require(actor, Permission.MEETING_EDIT, row)
    checked = _checked(meeting, row.programme_id, now)
    present = queries.one(row.id) if seen else None
    if present is not None and present.mark != seen and _values(row) != checked:
        raise Conflict(gettext("Quelqu'un a changé cette réunion pendant que vous écriviez : comparez les versions."))
    moved = _move(row, checked.held_on, now) if checked.held_on != row.held_on else []
    if checked.kind is MeetingKind.GROUP and _decisions(row.id):
        raise Refused(gettext("Des décisions y ont été prises : ce n'est pas une réunion de groupe."), field="kind")
    before = _plain(row)
    _fill(row, checked)
    after = _plain(row)
    changes: dict[str, Any] = {n: [before[n], after[n]] for n in after if before[n] != after[n]}
    if not changes:
        return row
    if moved:
        changes["decisions"] = moved
    history.record(
        actor=actor, now=now, verb="meeting:edit", subject="meeting", subject_id=row.id,
        programme_id=row.programme_id, changes=changes,
    )  # fmt: skip
    db.session.flush()
    return row


def _move(row: Meeting, held_on: date, now: datetime) -> list[int]:
    """Give the decisions that nobody has read yet the new day; their ids.

    Raises Conflict once one is published, Refused for a day to come or before one of their proposals was published.
    """
    published = _decisions(row.id, Decision.published_on.is_not(None))
    if published:
        raise Conflict(
            gettext("Des réponses publiées citent cette réunion et sa date : elle ne peut plus changer."),
            field="held_on",
        )
    if held_on > paris_day(now) and _decisions(row.id):
        raise Refused(gettext("Des décisions y ont été prises : elle ne peut pas être à venir."), field="held_on")
    taken = db.session.execute(
        select(Decision.id, Proposal.number, Proposal.published_on)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .where(Decision.meeting_id == row.id)
        .order_by(Decision.id)
    ).all()
    too_late = [(number, on) for _id, number, on in taken if on is not None and held_on < on]
    if too_late:
        number, on = too_late[0]
        sentence = gettext("La n° %(n)s, qui y a été décidée, n'a été publiée que le %(day)s.", n=number, day=day(on))
        raise Refused(sentence, field="held_on")
    db.session.execute(update(Decision).where(Decision.meeting_id == row.id).values(taken_on=held_on))
    return [key for key, _number, _on in taken]


def _decisions(meeting_id: int, *where: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count(Decision.id)).where(Decision.meeting_id == meeting_id, *where)) or 0


def _checked(meeting: MeetingInput, programme_id: int, now: datetime) -> MeetingInput:
    checked = check_meeting(meeting)
    if checked.group_id is not None:
        group = db.session.get(WorkingGroup, checked.group_id)
        if group is None or group.programme_id != programme_id:
            raise Refused(gettext("Choisissez un groupe de ce projet."), field="group_id")
    if checked.minutes and checked.held_on > paris_day(now):
        raise Refused(gettext("La réunion n'a pas encore eu lieu : son compte rendu attend."), field="minutes")
    return checked


def _fill(row: Meeting, meeting: MeetingInput) -> None:
    row.title = meeting.title
    row.kind = meeting.kind
    row.held_on = meeting.held_on
    row.place = meeting.place
    row.agenda = meeting.agenda
    row.minutes = meeting.minutes
    row.group_id = meeting.group_id


def _plain(row: Meeting) -> dict[str, object]:
    """What the trace keeps of a meeting."""
    return {
        "title": row.title,
        "kind": row.kind.value,
        "held_on": row.held_on.isoformat(),
        "place": row.place,
        "group": row.group_id,
        "agenda": row.agenda,
        "minutes": row.minutes,
    }
