"""Rows of somebody's list of projects to actions with their log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from tracker import validation
from tracker.enums import ActionStatus, Health
from tracker.errors import Refused
from tracker.imports.cells import Cells, rows_of
from tracker.imports.csvfile import CsvTable
from tracker.imports.issues import Issues
from tracker.imports.mapping import Mapping, Step

STOP_DATE_ASSUMED = "stop_date_assumed"
STATUS_DATE_ASSUMED = "status_date_assumed"
END_BEFORE_START = "end_before_start"
STEPS_OUT_OF_ORDER = "steps_out_of_order"


@dataclass(frozen=True, slots=True)
class MilestoneImport:
    """A dated step; `key` is the mapping's."""

    key: str
    label: str
    due: date | None


@dataclass(frozen=True, slots=True)
class UpdateImport:
    """A complete statement; the first of an action is its opening."""

    effective_on: date
    status: ActionStatus
    planned_start: date | None
    planned_end: date | None
    done: tuple[str, ...] = ()
    declared_progress: int | None = None
    health: Health = Health.UNKNOWN
    note: str = ""


@dataclass(frozen=True, slots=True)
class ActionImport:
    """One action and its whole log, oldest first."""

    line: int
    source_id: str
    source_status: str
    title: str
    summary: str
    theme: str
    group: str
    entities: tuple[str, ...]
    weight: int
    milestones: tuple[MilestoneImport, ...]
    updates: tuple[UpdateImport, ...]
    flags: tuple[str, ...]

    @property
    def status(self) -> ActionStatus:
        return self.updates[-1].status


def read_actions(table: CsvTable, mapping: Mapping, issues: Issues) -> tuple[ActionImport, ...]:
    """Make the actions of a file; rows at fault are left out, each fault among `issues`."""
    found = (_Reader(cells).action() for cells in rows_of(table, mapping, issues))
    return tuple(action for action in found if action is not None)


class _Reader:
    """Makes one action of one row."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.mapping = cells.mapping
        self.flags: list[str] = []

    def action(self) -> ActionImport | None:
        cells = self.cells
        title, summary = self.title_and_summary()
        status = cells.member(ActionStatus, "status", cells.text("status"))
        theme, group = (
            cells.name(cells.text("theme"), "theme"),
            cells.name(cells.text("group"), "group"),
        )
        weight = self.number("weight")
        dues: dict[str, date | None] = {
            step.key: cells.step_date(step.on, last_day=step.last_day) for step in self.mapping.steps
        }
        self.check_order(dues)
        plan = self.plan()
        updates = self.log(status, dues, plan) if status and not cells.failed else ()
        if cells.failed or not updates:
            return None
        return ActionImport(
            line=cells.line,
            source_id=cells.source_id(),
            source_status=cells.raw("status"),
            title=title,
            summary=summary,
            theme=theme,
            group=group,
            entities=cells.names("entities"),
            weight=1 if weight is None else weight,
            milestones=tuple(MilestoneImport(step.key, step.label, dues[step.key]) for step in self.mapping.steps),
            updates=updates,
            flags=tuple(dict.fromkeys(self.flags)),
        )

    def title_and_summary(self) -> tuple[str, str]:
        cells = self.cells
        title = summary = ""
        try:
            title = validation.title(cells.text("title"))
        except Refused as refused:
            cells.error(refused.message, cells.column("title"), cells.text("title"))
        try:
            summary = validation.body(cells.text("summary"), required=False)
        except Refused as refused:
            cells.error(refused.message, cells.column("summary"), cells.text("summary"))
        return title, summary

    def number(self, field: str) -> int | None:
        said = self.cells.text(field).rstrip("% ")
        if not said:
            return None
        check = validation.weight if field == "weight" else validation.percentage
        try:
            value = float(said.replace(",", "."))
            if value.is_integer():
                return check(int(value))
            message = _("Un nombre entier est attendu.")
        except Refused as refused:
            message = refused.message
        except (ValueError, OverflowError):
            message = _("Un nombre entier est attendu.")
        self.cells.error(message, self.cells.column(field), said)
        return None

    def plan(self) -> tuple[date | None, date | None]:
        """The planned dates. An end before its start is what the source says: kept, and told."""
        cells = self.cells
        start, end = cells.day("planned_start"), cells.day("planned_end", last_day=True)
        if start and end and end < start:
            self.flags.append(END_BEFORE_START)
            cells.warn(
                _("La fin prévue est avant le début : dates gardées telles quelles."),
                cells.column("planned_end"),
                f"{cells.raw('planned_start')} > {cells.raw('planned_end')}",
            )
        return start, end

    def check_order(self, dues: dict[str, date | None]) -> None:
        labels = {step.key: step for step in self.mapping.steps}
        for step in self.mapping.steps:
            due, earlier = dues[step.key], dues.get(step.after)
            if due and earlier and due < earlier:
                self.flags.append(STEPS_OUT_OF_ORDER)
                self.cells.warn(
                    _(
                        "« %(step)s » est avant « %(earlier)s » : dates gardées telles quelles.",
                        step=step.label,
                        earlier=labels[step.after].label,
                    ),
                    step.on.column,
                    step.on.fill(self.cells.row.cells),
                )

    def log(
        self,
        status: ActionStatus,
        dues: dict[str, date | None],
        plan: tuple[date | None, date | None],
    ) -> tuple[UpdateImport, ...]:
        """The statements that the dates tell: opening, each step reached on its day, the present status."""
        events = self.events(dues)
        opened_on = self.opened_on(events, plan)
        statements = [(opened_on, ActionStatus.TO_START, tuple[str, ...]())]
        for day in sorted(events):
            stated = self.stated(status, statements[-1][1], events[day])
            keys = tuple(step.key for step in events[day])
            if day == opened_on:
                statements.clear()
            statements.append((day, stated, keys))
        note = ""
        if statements[-1][1] is not status:
            day, note = self.status_day(status, statements[-1][0])
            if day == statements[-1][0]:
                statements.append((day, status, statements.pop()[2]))
            else:
                statements.append((day, status, ()))
        return self.finished(statements, plan, note)

    def events(self, dues: dict[str, date | None]) -> dict[date, list[Step]]:
        """The steps reached, by day; a reached step without a date counts from the next dated one."""
        as_of = self.mapping.as_of
        named = self.mapping.reached.get(self.cells.raw("status"), ())
        events: dict[date, list[Step]] = {}
        waiting: list[Step] = []
        for step in self.mapping.steps:
            if step.key not in named:
                continue
            waiting.append(step)
            day = dues[step.key]
            if day is not None and day > as_of:
                message = _("Étape faite selon l'état, mais datée d'après le fichier : laissée ouverte.")
                self.cells.warn(message, step.on.column, step.on.fill(self.cells.row.cells))
                waiting.pop()
            elif day is not None:
                events.setdefault(day, []).extend(waiting)
                waiting = []
        if waiting and events:
            events[max(events)].extend(waiting)
        return events

    def opened_on(self, events: Iterable[date], plan: tuple[date | None, date | None]) -> date:
        """The day the action exists from: the mapping's, or earlier when something is known earlier."""
        given = self.cells.day("opened_on") or plan[0] or self.mapping.project.starts_on
        days = [*events, self.mapping.as_of]
        if given is not None:
            days.append(given)
        return min(days)

    def stated(self, status: ActionStatus, before: ActionStatus, steps: list[Step]) -> ActionStatus:
        """What reaching these steps states; never the end of an action that the source calls open."""
        states = {step.states for step in steps}
        if ActionStatus.DONE in states | {before} and status is ActionStatus.DONE:
            return ActionStatus.DONE
        return ActionStatus.IN_PROGRESS

    def status_day(self, status: ActionStatus, last: date) -> tuple[date, str]:
        """The day of a status that no step dates, and a note when that day is supposed."""
        cells, as_of = self.cells, self.mapping.as_of
        given = cells.day("status_on")
        if given is not None and given <= as_of:
            return max(given, last), ""
        stop = self.mapping.stop
        if status is ActionStatus.STOPPED and stop is not None:
            self.flags.append(STOP_DATE_ASSUMED)
            day = max(min(stop.on, as_of), last)
            message = _("Arrêt sans date : celle de la correspondance est prise.")
            cells.warn(message, cells.column("status"), cells.raw("status"))
            return day, stop.note
        self.flags.append(STATUS_DATE_ASSUMED)
        day = max(as_of, last)
        message = _("État sans date : celle du fichier est prise.")
        cells.warn(message, cells.column("status"), cells.raw("status"))
        return day, ""

    def finished(
        self,
        statements: list[tuple[date, ActionStatus, tuple[str, ...]]],
        plan: tuple[date | None, date | None],
        note: str,
    ) -> tuple[UpdateImport, ...]:
        last = len(statements) - 1
        health, said = self.health_and_note(statements[-1][1])
        progress = self.number("progress")
        return tuple(
            UpdateImport(
                effective_on=day,
                status=status,
                planned_start=plan[0],
                planned_end=plan[1],
                done=keys,
                declared_progress=progress if at == last else None,
                health=health if at == last else _closed_health(status),
                note=(said or note) if at == last else "",
            )
            for at, (day, status, keys) in enumerate(statements)
        )

    def health_and_note(self, status: ActionStatus) -> tuple[Health, str]:
        cells = self.cells
        word = cells.text("health")
        health = _closed_health(status)
        if word:
            health = cells.member(Health, "health", word) or health
        try:
            return health, validation.health_sentence(health, cells.text("note")) or ""
        except Refused as refused:
            cells.error(refused.message, cells.column("note"), cells.raw("note"))
            return health, ""


def _closed_health(status: ActionStatus) -> Health:
    return Health.NOT_APPLICABLE if status.is_closed else Health.UNKNOWN
