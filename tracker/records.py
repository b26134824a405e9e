"""Plain records that travel between the rooms: what queries fetch and pure modules compute on.

Nothing here knows the database or the request. Dates are Europe/Paris days; instants are aware UTC datetimes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from tracker.enums import ActionStatus, Health, MarkKind, Role, UpdateKind

T = TypeVar("T")

NO_COLOUR = "#1f4e79"  # of an employer that has chosen none


def seen_mark(*values: object) -> str:
    """A short mark of what a page showed, carried by its form: another one once somebody has changed any of it."""
    return sha256(json.dumps(values, ensure_ascii=False, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class MarkRecord:
    """A fact about a milestone, belonging to an update (design 4.2)."""

    milestone_id: int
    kind: MarkKind
    due: date | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """One row of an action's log: a complete statement, or a retraction that carries no values."""

    id: int
    kind: UpdateKind
    effective_on: date
    recorded_at: datetime
    rank_at: datetime
    supersedes_id: int | None
    status: ActionStatus | None
    declared_progress: int | None
    health: Health | None
    health_on: date | None
    planned_start: date | None
    planned_end: date | None
    has_sentence: bool
    marks: tuple[MarkRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """What progress needs of an action; `updates` in any order, all of them, superseded ones included."""

    id: int
    number: int
    title: str
    weight: int
    rhythm_months: int
    baseline_start: date | None
    baseline_end: date | None
    parent_id: int | None
    group_id: int | None
    theme_id: int | None
    entity_ids: frozenset[int]
    updates: tuple[UpdateRecord, ...]
    milestone_labels: tuple[tuple[int, str], ...] = ()
    pilot_id: int | None = None

    def up_to(self, update_id: int) -> ActionRecord:
        """The action as it was known when this row was the last of its log; itself when there was none yet."""
        kept = tuple(row for row in self.updates if row.id <= update_id)
        return replace(self, updates=kept) if kept else self


PARIS = ZoneInfo("Europe/Paris")


def paris_day(instant: datetime) -> date:
    """The business day in Paris of an aware instant."""
    return instant.astimezone(PARIS).date()


def paris_instant(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """The instant of a day and time typed as Paris time."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PARIS).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held today; None means everywhere."""

    role: Role
    programme_id: int | None = None
    group_id: int | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: what permissions need to know of a person. Also what Flask-Login calls the current user."""

    id: int
    login: str
    name: str
    entity_id: int | None = None
    department_id: int | None = None
    is_manager: bool = False
    locale: str | None = None
    previous_visit_at: datetime | None = None
    grants: tuple[Grant, ...] = ()
    session_id: int = 0
    session_token: str = ""
    shared_device: bool = True
    employer: str = ""  # slug of the main employer, and its colour
    employer_colour: str = ""
    employer_logo: str = ""
    employer_name: str = ""
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the token of this visit, not the person."""
        return self.session_token


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `number` counts from 1."""

    items: tuple[T, ...]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        return 0 if self.total == 0 else (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return min(self.total, self.number * self.size)


@dataclass(frozen=True, slots=True)
class Window:
    """Which lines of a list a page holds: `size` of them from `start`."""

    number: int
    size: int
    total: int

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size

    def holding(self, items: Iterable[T]) -> Page[T]:
        """The page, once its lines are read."""
        return Page(tuple(items), self.number, self.size, self.total)

    def of(self, items: Sequence[T]) -> Page[T]:
        """The page, of a list read whole."""
        return self.holding(items[self.start : self.start + self.size])


def window(number: int, *, size: int, total: int) -> Window:
    """The page asked for; past the end of the list, the last one."""
    return Window(min(max(number, 1), max(1, -(-total // size))), size, total)
