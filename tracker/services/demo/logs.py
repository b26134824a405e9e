"""Rows of an action's log before they have their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from tracker.enums import ActionStatus, Health, MarkKind, UpdateKind
from tracker.services.demo.content import Entry, Work
from tracker.services.demo.project import Group
from tracker.services.demo.town import Person


@dataclass(frozen=True, slots=True)
class Mark:
    step: str
    kind: MarkKind
    due: date | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row of the log before it has a number."""

    kind: UpdateKind
    on: date
    recorded_at: datetime
    author: Person
    status: ActionStatus | None = ActionStatus.TO_START
    progress: int | None = None
    health: Health | None = Health.UNKNOWN
    health_on: date | None = None
    start: date | None = None
    end: date | None = None
    move_reason: str = ""
    note: str = ""
    private_note: str = ""
    marks: tuple[Mark, ...] = ()
    meeting_id: int | None = None
    rank_at: datetime | None = None
    supersedes: Row | None = None

    @property
    def dates(self) -> tuple[date | None, date | None]:
        return self.start, self.end


@dataclass(slots=True)
class Log:
    """An action with its rows."""

    work: Work
    group: Group
    pilots: tuple[Person, ...]
    rows: list[Row] = field(default_factory=list)


VERBS = {
    UpdateKind.STATEMENT: "action:post",
    UpdateKind.CONFIRMATION: "action:confirm",
    UpdateKind.CORRECTION: "action:correct",
    UpdateKind.RETRACTION: "action:retract",
}


def ticks(keys: Iterable[str]) -> tuple[Mark, ...]:
    return tuple(Mark(key, MarkKind.DONE) for key in keys)


def marks_of(entry: Entry) -> tuple[Mark, ...]:
    return (
        *(Mark(step.key, MarkKind.ADDED, step.due, 1) for step in entry.added),
        *ticks(entry.done),
        *(Mark(key, MarkKind.REOPENED) for key in entry.reopened),
        *(Mark(key, MarkKind.DROPPED) for key in entry.dropped),
    )
