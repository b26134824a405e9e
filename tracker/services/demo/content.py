"""The hand-written texts of the demonstration, read from `seeds/demo` and checked as typed data would be."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tracker import validation
from tracker.config import ROOT
from tracker.enums import ActionStatus, ConditionKind, Health, Motive, Origin, Outcome
from tracker.services.demo.days import at

SEEDS = ROOT / "seeds" / "demo"


@dataclass(frozen=True, slots=True)
class Condition:
    kind: ConditionKind
    label: str
    met_on: date | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision of the committee as it is written in the seeds; `published_on` None: a week or so later."""

    outcome: Outcome
    taken_on: date
    motive: Motive
    reason: str
    review_on: date | None = None
    redirected_to: str | None = None
    conditions: tuple[Condition, ...] = ()
    opinion: str = ""
    published_on: date | None = None
    held_back: bool = False  # taken, and not published yet


@dataclass(frozen=True, slots=True)
class Idea:
    """A proposal; `state` is how far it went when no answer says it."""

    key: str
    theme: str
    title: str
    body: str
    origin: Origin
    department: str
    entities: tuple[str, ...]
    sent_on: date
    weight: int
    sealed: bool
    state: str
    answers: tuple[Answer, ...] = ()
    opinion: str = ""
    merged_into: str | None = None
    return_reason: str = ""

    @property
    def retained_on(self) -> date | None:
        """The meeting that retained it, if one did."""
        return next((a.taken_on for a in self.answers if a.outcome is Outcome.RETAINED), None)


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    label: str
    due: date


@dataclass(frozen=True, slots=True)
class Entry:
    """What changes on a day in the life of an action; None: as before."""

    on: date
    note: str = ""
    status: ActionStatus | None = None
    health: Health | None = None
    progress: int | None = None
    planned_start: date | None = None
    planned_end: date | None = None
    move_reason: str = ""
    private_note: str = ""
    done: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    added: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """An action with its log."""

    key: str
    group: str
    theme: str
    title: str
    summary: str
    proposals: tuple[str, ...]
    entities: tuple[str, ...]
    opened_on: date
    planned: tuple[date | None, date | None]
    silent: bool
    steps: tuple[Step, ...]
    log: tuple[Entry, ...]


Day = Callable[[Any], date]


def read(name: str) -> dict[str, Any]:
    with (SEEDS / name).open("rb") as file:
        return tomllib.load(file)


def _text(value: str) -> str:
    return validation.clean_text(value)


def _answer(row: dict[str, Any], day: Day) -> Answer:
    conditions = tuple(
        Condition(ConditionKind(c["kind"]), validation.label(c["label"]), day(c["met_on"]) if "met_on" in c else None)
        for c in row.get("condition", ())
    )
    return Answer(
        outcome=Outcome(row["state"]),
        taken_on=day(row["taken_on"]),
        motive=Motive(row["motive"]),
        reason=validation.reason(row["reason"]),
        review_on=day(row["review_on"]) if "review_on" in row else None,
        redirected_to=row.get("redirected_to"),
        conditions=conditions,
        opinion=_text(row.get("opinion", "")),
        published_on=day(row["published_on"]) if "published_on" in row else None,
        held_back=row.get("held_back", False),
    )


def _idea(row: dict[str, Any], day: Day) -> Idea:
    given = [*([row] if row["state"] in set(Outcome) else []), *row.get("later", ())]
    answers = [_answer(one, day) for one in given]
    return Idea(
        key=row["key"],
        theme=row["theme"],
        title=validation.title(row["title"]),
        body=validation.body(row["body"]),
        origin=Origin(row["origin"]),
        department=row["department"],
        entities=tuple(row["entities"]),
        sent_on=day(row["sent_on"]),
        weight=row["weight"],
        sealed=row["sealed"],
        state=row["state"],
        answers=tuple(answers),
        opinion=_text(row.get("opinion", "")),
        merged_into=row.get("merged_into"),
        return_reason=_text(row.get("return_reason", "")),
    )


def _step(row: dict[str, Any], day: Day) -> Step:
    return Step(row["key"], validation.label(row["label"]), day(row["due"]))


def _entry(row: dict[str, Any], day: Day) -> Entry:
    return Entry(
        on=day(row["on"]),
        note=validation.note(row.get("note")) or "",
        status=ActionStatus(row["status"]) if "status" in row else None,
        health=Health(row["health"]) if "health" in row else None,
        progress=validation.percentage(row.get("progress")),
        planned_start=day(row["planned_start"]) if "planned_start" in row else None,
        planned_end=day(row["planned_end"]) if "planned_end" in row else None,
        move_reason=validation.note(row.get("move_reason")) or "",
        private_note=validation.note(row.get("private_note")) or "",
        done=tuple(row.get("done", ())),
        reopened=tuple(row.get("reopened", ())),
        dropped=tuple(row.get("dropped", ())),
        added=tuple(_step(one, day) for one in row.get("add", ())),
    )


def _work(row: dict[str, Any], day: Day) -> Work:
    start, end = (day(one) for one in row["planned"]) if row.get("planned") else (None, None)
    opened = row["opened_on"] if "opened_on" in row else row["opened"]
    return Work(
        key=row["key"],
        group=row["group"],
        theme=row["theme"],
        title=validation.title(row["title"]),
        summary=validation.body(row["summary"]),
        proposals=tuple(row["proposals"]),
        entities=tuple(row["entities"]),
        opened_on=day(opened),
        planned=validation.date_range(start, end),
        silent=row.get("silent", False),
        steps=tuple(_step(one, day) for one in row["milestones"]),
        log=tuple(sorted((_entry(one, day) for one in row["log"]), key=lambda entry: entry.on)),
    )


def _parts(prefix: str, table: str) -> list[dict[str, Any]]:
    return [row for path in sorted(SEEDS.glob(f"{prefix}_w*.toml")) for row in read(path.name)[table]]


def past_ideas() -> tuple[Idea, ...]:
    """The proposals of the project that is over."""
    return tuple(_idea(row, _same) for row in _parts("proposals", "proposal"))


def past_works() -> tuple[Work, ...]:
    """The actions of the project that is over."""
    return tuple(_work(row, _same) for row in _parts("actions", "action"))


def current_ideas(
    today: date, *, meetings: list[date], published: list[str], held_back: dict[str, Any]
) -> tuple[Idea, ...]:
    """The proposals of the current project, dated from today; each answer was taken at the meeting before it.

    `published`: submitted ones that a moderator has read since. `held_back`: decisions taken and not published.
    """
    ideas = []
    for row in _parts("current", "proposal"):
        if row["key"] in published:
            row["state"] = "published"
        if row["key"] in held_back:
            last = max(day for day in meetings if day < today)
            row["later"] = [{**held_back[row["key"]], "taken_on": last, "held_back": True}]
        sent = at(today, -row["days_ago"])
        values = {**row, "sent_on": sent}
        if "answered_days_ago" in row:
            answered = at(today, -row["answered_days_ago"])
            values |= {"published_on": answered, "taken_on": max(day for day in meetings if day < answered)}
        ideas.append(_idea(values, _same))
    return tuple(ideas)


def current_works(today: date, groups: dict[str, str]) -> tuple[Work, ...]:
    """The actions of the current project, dated from today; `groups` says to which group each belongs."""
    works = [_work(row, lambda offset: at(today, offset)) for row in _parts("current", "action")]
    return tuple(replace(work, group=groups[work.key]) for work in works)


def numbered(title: str, share: int) -> str:
    """A title or name as it stands in one share of a larger programme; the first is the demonstration as it is."""
    if not share:
        return title
    number = f" ({share + 1})"
    return title[: validation.LABEL_MAX - len(number)] + number


def first_names() -> list[str]:
    with (SEEDS / "first_names.csv").open(encoding="utf-8", newline="") as file:
        return [row["name"] for row in csv.DictReader(file)]


def last_names() -> list[str]:
    lines = (SEEDS / "last_names.txt").read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _same(day: Any) -> date:
    if not isinstance(day, date):
        raise TypeError(f"{day!r} is not a date")
    return validation.project_date(day, field="date")
