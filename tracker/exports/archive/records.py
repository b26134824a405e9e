"""What an archive is made of: records that hold nothing which everybody may not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tracker.enums import (
    ActionStatus,
    Health,
    MarkKind,
    MeetingKind,
    Motive,
    Origin,
    ProposalState,
    Role,
    TallyChoice,
    UpdateKind,
)
from tracker.exports.tables import Cell
from tracker.letters import Resolved
from tracker.progress import ActionState


@dataclass(frozen=True, slots=True)
class PersonRef:
    """Somebody whose name may be shown; the same key is the same person."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """Another thing of the archive."""

    number: int
    title: str


@dataclass(frozen=True, slots=True)
class AuthorItem:
    """An author as everybody reads them: nobody when the name is not displayed."""

    person: PersonRef | None
    number: int | None
    employer: str


@dataclass(frozen=True, slots=True)
class AnswerItem:
    words: str
    motive: Motive | None  # None once the text was withdrawn
    reason: str
    signature: str
    taken_on: date
    published_on: date
    meeting_id: int | None
    conditions: tuple[tuple[str, date | None], ...]
    reserved: bool


@dataclass(frozen=True, slots=True)
class ProposalItem:
    number: int
    title: str
    body: str
    theme: str
    state: ProposalState
    origin: Origin
    workshop: str
    sent_on: date | None
    published_on: date | None
    supports: int
    united: int  # with those regrouped into it, a person counted once; 0 when none is
    tallies: tuple[tuple[str, TallyChoice, int], ...]
    authors: tuple[AuthorItem, ...]
    answers: tuple[AnswerItem, ...]
    merged_into: tuple[Link, ...]
    gathered: tuple[Link, ...]
    actions: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class PointItem:
    """A row of an action's log, without what only some may read."""

    id: int
    kind: UpdateKind
    on: date
    recorded_on: date
    author: PersonRef | None
    status: ActionStatus | None
    progress: int | None
    health: Health | None
    planned_start: date | None
    planned_end: date | None
    move_reason: str
    note: str
    redacted_on: date | None
    replaced: bool
    meeting_id: int | None
    meeting_title: str
    marks: tuple[tuple[str, MarkKind, date | None], ...]


@dataclass(frozen=True, slots=True)
class ActionItem:
    number: int
    title: str
    summary: str
    group: tuple[str, str] | None  # slug and name
    theme: str
    employers: tuple[str, ...]
    pilot: PersonRef | None
    baseline_start: date | None
    baseline_end: date | None
    parent: Link | None
    state: ActionState | None
    points: tuple[PointItem, ...]
    proposals: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Member:
    person: PersonRef
    role: Role
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class GroupItem:
    slug: str
    name: str
    mandate: str
    people: tuple[Member, ...]
    actions: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class MeetingItem:
    id: int
    kind: MeetingKind
    title: str
    held_on: date
    place: str
    group: str
    agenda: str
    minutes: str
    proposals: tuple[Link, ...]  # answered there
    actions: tuple[Link, ...]  # told there


@dataclass(frozen=True, slots=True)
class LetterItem:
    """A published letter: as it was frozen, and what of it may be shown today."""

    number: int
    quarter: str
    title: str
    published_on: date
    approved_by: PersonRef | None
    approved_on: date | None
    sha256: str
    frozen: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableItem:
    """A figure as its table."""

    id: str
    title: str
    reading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class ProjectItem:
    slug: str
    title: str
    summary: str
    starts_on: date
    ends_on: date
    closed_on: date | None
    as_of: date
    employers: tuple[str, ...]
    letter_name: str
    people_consulted: int | None


@dataclass(frozen=True, slots=True)
class ArchiveData:
    project: ProjectItem
    sentence: str  # the one that opens the board
    proposals: tuple[ProposalItem, ...]
    actions: tuple[ActionItem, ...]
    groups: tuple[GroupItem, ...]
    meetings: tuple[MeetingItem, ...]
    letters: tuple[LetterItem, ...]
    people: Resolved  # of the letters
    counts: tuple[tuple[str, int], ...]
    figures: tuple[TableItem, ...]
