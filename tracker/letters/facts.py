"""What a letter is composed from: plain facts of a quarter, fetched by `queries.letter_facts`.

No name of a person stands here, only keys of authorships: names are looked up when a letter is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tracker.enums import ActionStatus, ConditionKind, Motive, Outcome, PhaseKind

Counters = dict[str, int]


@dataclass(frozen=True, slots=True)
class Period:
    """From `after` (D0, excluded) to `until` (D1, included), as known at `known_at` (K1)."""

    quarter: str
    after: date
    until: date
    known_at: datetime
    provisional: bool = False
    previous_number: int | None = None
    previous_known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Counters: those the previous letter closed with, S(D0, K1) and S(D1, K1)."""

    opening: Counters
    before: Counters
    closing: Counters
    people_consulted: int | None = None
    progress: float | None = None
    used: int = 0
    left_out: int = 0
    missing: int = 0

    @property
    def corrections(self) -> Counters:
        """What is known today to have been otherwise when the previous letter closed."""
        return {key: self.before.get(key, 0) - self.opening.get(key, 0) for key in self.closing}

    @property
    def changes(self) -> Counters:
        """What became effective since."""
        return {key: value - self.before.get(key, 0) for key, value in self.closing.items()}


@dataclass(frozen=True, slots=True)
class ConditionFact:
    kind: ConditionKind
    label: str
    met_on: date | None


@dataclass(frozen=True, slots=True)
class AnswerFact:
    """A published answer of the committee."""

    decision_id: int
    number: int
    title: str
    outcome: Outcome
    motive: Motive
    reason: str
    taken_on: date
    published_on: date
    meeting_id: int | None = None
    meeting_on: date | None = None
    conditions: tuple[ConditionFact, ...] = ()
    review_on: date | None = None
    redirected_to: str = ""


@dataclass(frozen=True, slots=True)
class ActionFact:
    """An action of which something is told; `why` is a note for everybody, `update_id` the row it comes from."""

    number: int
    title: str
    group: str
    status: ActionStatus
    before: ActionStatus | None
    on: date
    planned_end: date | None
    first_end: date | None
    newly: bool = False
    why: str = ""
    update_id: int | None = None
    proposals: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PointFact:
    """Numbers of actions by status on a day."""

    on: date
    counts: dict[ActionStatus, int]


@dataclass(frozen=True, slots=True)
class GroupFact:
    slug: str
    name: str
    started: int
    done: int


@dataclass(frozen=True, slots=True)
class ThanksFact:
    """Somebody who may be thanked by name: an authorship that is not sealed and consents."""

    authorship_id: int
    number: int


@dataclass(frozen=True, slots=True)
class MeetingFact:
    meeting_id: int
    title: str
    on: date
    place: str


@dataclass(frozen=True, slots=True)
class StepFact:
    """A step of a consultation, open now or to come; `last_day` is the last on which one may act."""

    campaign_id: int
    title: str
    kind: PhaseKind
    first_day: date
    last_day: date
    open: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a letter of a quarter may tell."""

    project: str
    project_title: str
    letter_name: str
    period: Period
    figures: Figures
    answers: tuple[AnswerFact, ...] = ()
    started: tuple[ActionFact, ...] = ()
    finished: tuple[ActionFact, ...] = ()
    stopped: tuple[ActionFact, ...] = ()
    late: tuple[ActionFact, ...] = ()
    points: tuple[PointFact, ...] = ()
    groups: tuple[GroupFact, ...] = ()
    thanks: tuple[ThanksFact, ...] = ()
    meetings: tuple[MeetingFact, ...] = ()
    ends: tuple[ActionFact, ...] = ()
    steps: tuple[StepFact, ...] = ()
