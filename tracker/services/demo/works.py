"""Actions and their logs: five years of points, confirmations, moved dates, corrections and silences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tracker import validation
from tracker.enums import ActionStatus, Health, MarkKind, UpdateKind, UpdateSource
from tracker.models import (
    Action,
    ActionUpdate,
    Milestone,
    MilestoneMark,
    action_entity,
    action_proposal,
)
from tracker.records import paris_day
from tracker.services.bulk import Batch
from tracker.services.demo.content import Entry, Work
from tracker.services.demo.days import next_workday, office_time, workday
from tracker.services.demo.ideas import Told
from tracker.services.demo.logs import VERBS, Log, Mark, Row, marks_of, ticks
from tracker.services.demo.project import Group, Project
from tracker.services.demo.town import Person, Town
from tracker.services.demo.traces import trace

LOCKDOWN = (date(2020, 3, 17), date(2020, 5, 11))  # nobody had the heart to write that nothing had changed


class Works:
    """Writes all the actions of a project, until `last_day`."""

    def __init__(
        self,
        batch: Batch,
        rng: Random,
        town: Town,
        project: Project,
        *,
        last_day: date,
        now: datetime,
        corrections: Sequence[Mapping[str, Any]] = (),
        retractions: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.batch, self.rng, self.town, self.project = batch, rng, town, project
        self.last_day, self.now = last_day, now
        self.logs: dict[str, Log] = {}
        self._corrections, self._retractions = corrections, retractions
        # what is corrected later was written at once
        self._prompt = {(one["action"], one["on"]) for one in corrections}

    def write(self, works: Sequence[Work], *, piloted: Iterable[str]) -> None:
        """Every action with its log; `piloted`: those of the account `pilote`."""
        mine = set(piloted)
        for work in sorted(works, key=lambda w: (w.opened_on, w.key)):
            group = self.project.groups[work.group]
            pilots = (self.town.accounts["pilote"],) if work.key in mine else self._pilots(group)
            log = Log(work, group, pilots)
            self.logs[work.key] = log
            self._tell(log)
        self._mend()

    def _pilots(self, group: Group) -> tuple[Person, ...]:
        """Nobody for a few, two in a row for some, one for most."""
        drawn = self.rng.random()
        if drawn < 0.05:
            return ()
        members = [p for p in group.members if all(p is not t.person for t in group.leads)]
        return tuple(self.rng.sample(members, 2 if drawn < 0.2 else 1))

    # --- The log --------------------------------------------------------------------------------------------

    def _tell(self, log: Log) -> None:
        work = log.work
        start, end = work.planned
        opening = Row(
            UpdateKind.OPENING,
            work.opened_on,
            self._instant(work.opened_on),
            log.group.lead_at(work.opened_on),
            start=start,
            end=end,
            marks=tuple(Mark(step.key, MarkKind.ADDED, step.due, 1) for step in work.steps),
        )
        log.rows.append(opening)
        state = opening
        for position, entry in enumerate(work.log):
            following = work.log[position + 1].on if position + 1 < len(work.log) else None
            self._confirm(log, state, until=entry.on)
            state = self._say(log, state, entry, following=following)
        if not work.silent:
            self._confirm(log, state, until=self.last_day + timedelta(days=22))

    def _say(self, log: Log, state: Row, entry: Entry, *, following: date | None) -> Row:
        status = entry.status or state.status or ActionStatus.TO_START
        health, health_on = entry.health or state.health or Health.UNKNOWN, state.health_on
        if status.is_closed and health is not Health.NOT_APPLICABLE:
            health, health_on = Health.NOT_APPLICABLE, entry.on
        elif not status.is_closed and health is Health.NOT_APPLICABLE:
            health, health_on = Health.UNKNOWN, None
        elif entry.health:
            health_on = entry.on
        row = Row(
            UpdateKind.STATEMENT,
            entry.on,
            self._recorded(log.work, state, entry, following),
            self._author(log, entry.on),
            status=status,
            progress=entry.progress if entry.progress is not None else state.progress,
            health=health,
            health_on=health_on,
            start=entry.planned_start or state.start,
            end=entry.planned_end or state.end,
            move_reason=entry.move_reason,
            note=entry.note,
            private_note=entry.private_note,
            marks=marks_of(entry),
            meeting_id=self._meeting(entry.on),
        )
        self._check(log.work, row, state)
        log.rows.append(row)
        return row

    def _check(self, work: Work, row: Row, before: Row) -> None:
        """The rules that a form applies."""
        validation.effective_on(row.on, today=paris_day(row.recorded_at), opened_on=work.opened_on)
        validation.health_sentence(row.health or Health.UNKNOWN, row.note)
        validation.percentage(row.progress)
        if row.dates != before.dates:
            validation.date_range(*row.dates)
            validation.move_reason(before.dates, row.dates, row.move_reason)
        known = {step.key for step in work.steps} | {step.key for entry in work.log for step in entry.added}
        if not {mark.step for mark in row.marks} <= known:
            raise ValueError(f"{work.key}: unknown milestone on {row.on}")

    def _recorded(self, work: Work, state: Row, entry: Entry, following: date | None) -> datetime:
        """Most points are written the same day, some a few days later, a few weeks later: before the next one."""
        drawn = self.rng.random()
        lag = 0 if drawn < 0.72 else self.rng.randrange(1, 4)
        if drawn > 0.9:
            lag = self.rng.randrange(7, 33)
        if (work.key, entry.on) in self._prompt:
            lag = 0
        last = min(following or self.last_day, paris_day(self.now)) - timedelta(days=3)
        day = min(entry.on + timedelta(days=lag), max(last, entry.on))
        at = self._instant(day)
        return max(at, state.recorded_at + timedelta(minutes=7))

    def _instant(self, day: date) -> datetime:
        return min(office_time(self.rng, day), self.now - timedelta(minutes=self.rng.randrange(5, 90)))

    def _confirm(self, log: Log, state: Row, *, until: date) -> None:
        """ "Rien n'a changé", about once a quarter, while the action is open."""
        day = max(state.on, paris_day(state.recorded_at))
        while state.status is not None and not state.status.is_closed:
            day = workday(day + timedelta(days=self.rng.randrange(66, 97)))
            if self.rng.random() < 0.4:
                day = self._near_meeting(day)
            if day >= until - timedelta(days=20) or day > self.last_day:
                return
            if LOCKDOWN[0] <= day <= LOCKDOWN[1]:
                continue
            log.rows.append(
                replace(
                    state,
                    kind=UpdateKind.CONFIRMATION,
                    on=day,
                    recorded_at=self._instant(day + timedelta(days=self.rng.choice((0, 0, 0, 1, 2)))),
                    author=self._author(log, day),
                    move_reason="",
                    note="",
                    private_note="",
                    marks=(),
                    meeting_id=self._meeting(day),
                )
            )

    def _near_meeting(self, day: date) -> date:
        near = [held for held in self.project.meetings if abs((held - day).days) <= 9]
        return min(near, key=lambda held: abs((held - day).days)) if near else day

    def _meeting(self, day: date) -> int | None:
        held = self.project.meetings.get(day)
        return held[0] if held else None

    def _author(self, log: Log, day: date) -> Person:
        """The pilote of the time, or the group's lead."""
        lead = log.group.lead_at(day)
        if not log.pilots or self.rng.random() < 0.22:
            return lead
        return log.pilots[0] if len(log.pilots) == 1 or day < self._handover(log) else log.pilots[1]

    def _handover(self, log: Log) -> date:
        """The day a second pilote took over: about half-way."""
        last = log.work.log[-1].on if log.work.log else log.work.opened_on
        return next_workday(log.work.opened_on + (last - log.work.opened_on) / 2)

    # --- Mended afterwards --------------------------------------------------------------------------------

    def _mend(self) -> None:
        """Corrections of points, and points withdrawn because they should never have been written."""
        for one in self._corrections:
            self._correct(self.logs[one["action"]], one)
        for one in self._retractions:
            self._retract(self.logs[one["action"]], one)

    def _correct(self, log: Log, one: Mapping[str, Any]) -> None:
        old = next(r for r in log.rows if r.on == one["on"] and r.kind is UpdateKind.STATEMENT)
        day = one.get("moved_to", old.on)
        _hush(log, min(old.on, day), max(old.on, day))
        row = replace(
            old,
            kind=UpdateKind.CORRECTION,
            on=day,
            recorded_at=self._instant(one["recorded_on"]),
            author=log.group.lead_at(one["recorded_on"]),
            note=validation.reason(one["note"], field="note"),
            private_note="",
            health=Health(one["health"]) if "health" in one else old.health,
            health_on=day if old.health_on == old.on else old.health_on,
            progress=one.get("progress", old.progress),
            marks=(*(m for m in old.marks if m.step not in one.get("undone", ())), *ticks(one.get("done", ()))),
            rank_at=old.rank_at or old.recorded_at,
            supersedes=old,
        )
        # what was said afterwards started from the corrected day
        log.rows = [
            replace(r, health_on=day) if r.recorded_at > row.recorded_at and r.health_on == old.on else r
            for r in log.rows
        ]
        self._append(log, row)

    def _retract(self, log: Log, one: Mapping[str, Any]) -> None:
        _hush(log, one["on"], one["retracted_on"])
        state = max((r for r in log.rows if r.on <= one["on"]), key=lambda r: (r.on, r.recorded_at))
        mistaken = replace(
            state,
            kind=UpdateKind.STATEMENT,
            on=one["on"],
            recorded_at=self._instant(one["on"]),
            author=self._author(log, one["on"]),
            status=ActionStatus(one["status"]) if "status" in one else state.status,
            health=Health(one["health"]) if "health" in one else state.health,
            health_on=one["on"] if "health" in one else state.health_on,
            move_reason="",
            note=validation.note(one["note"]) or "",
            private_note="",
            marks=ticks(one.get("done", ())),
            meeting_id=None,
        )
        self._append(log, mistaken)
        retraction = Row(
            UpdateKind.RETRACTION,
            one["retracted_on"],
            self._instant(one["retracted_on"]),
            log.group.lead_at(one["retracted_on"]),
            status=None,
            health=None,
            note=validation.reason(one["reason"]),
            supersedes=mistaken,
        )
        self._append(log, retraction)

    def _append(self, log: Log, row: Row) -> None:
        validation.effective_on(row.on, today=paris_day(row.recorded_at), opened_on=log.work.opened_on)
        log.rows.append(row)

    # --- Rows --------------------------------------------------------------------------------------------

    def rows(self, told: Mapping[str, Told], first_number: int) -> int:
        """Keep the rows, numbered in the order in which the actions began; gives the last number."""
        keys: dict[str, int] = {}
        steps: dict[tuple[str, str], int] = {}
        for number, log in enumerate(self.logs.values(), first_number):
            keys[log.work.key] = self._action_row(log, number, told)
            self._step_rows(log, keys[log.work.key], steps)
        written = sorted(
            ((log, row) for log in self.logs.values() for row in log.rows),
            key=lambda pair: (pair[1].recorded_at, pair[0].work.key, pair[1].supersedes is not None),
        )
        numbers: dict[Row, int] = {}
        for log, row in written:
            numbers[row] = self._update_row(log, row, keys[log.work.key], numbers, steps)
        return first_number + len(self.logs) - 1

    def _action_row(self, log: Log, number: int, told: Mapping[str, Told]) -> int:
        work = log.work
        # a retraction has no dates, and a correction has those of what it corrects
        dated = (row.dates for row in log.rows if None not in row.dates)
        start, end = next(dated, (None, None))
        key = self.batch.add(
            Action,
            programme_id=self.project.id,
            number=number,
            group_id=log.group.id,
            theme_id=self.project.themes[work.theme],
            pilot_id=log.pilots[-1].id if log.pilots else None,
            title=work.title,
            summary=work.summary,
            baseline_start=start,
            baseline_end=end,
            created_at=log.rows[0].recorded_at,
        )
        for employer in work.entities:
            self.batch.add(action_entity, action_id=key, entity_id=self.town.entities[employer])
        for proposal in work.proposals:
            retained_on = told[proposal].retained_on
            if retained_on is None or retained_on > work.opened_on:
                raise ValueError(f"{work.key} began on {work.opened_on} before {proposal} was retained")
            self.batch.add(action_proposal, action_id=key, proposal_id=told[proposal].id)
        self._trace(log, log.rows[0], key, "action:create", title=[None, work.title])
        if len(log.pilots) == 2:
            day = self._handover(log)
            trace(
                self.batch, at=self._instant(day), programme_id=self.project.id,
                person=log.group.lead_at(day).signature, verb="action:edit", subject="action", subject_id=key,
                pilot_id=[person.id for person in log.pilots],
            )  # fmt: skip
        return key

    def _step_rows(self, log: Log, action_id: int, steps: dict[tuple[str, str], int]) -> None:
        added = [*log.work.steps, *(step for entry in log.work.log for step in entry.added)]
        for position, step in enumerate(added):
            steps[log.work.key, step.key] = self.batch.add(
                Milestone, action_id=action_id, label=step.label, position=position
            )

    def _update_row(
        self, log: Log, row: Row, action_id: int, numbers: Mapping[Row, int], steps: Mapping[tuple[str, str], int]
    ) -> int:
        key = self.batch.add(
            ActionUpdate,
            action_id=action_id,
            kind=row.kind,
            source=UpdateSource.MEETING if row.meeting_id else UpdateSource.FORM,
            effective_on=row.on,
            recorded_at=row.recorded_at,
            rank_at=row.rank_at or row.recorded_at,
            supersedes_id=numbers[row.supersedes] if row.supersedes else None,
            meeting_id=row.meeting_id,
            author_id=row.author.id,
            status=row.status,
            declared_progress=row.progress,
            health=row.health,
            health_on=row.health_on,
            planned_start=row.start,
            planned_end=row.end,
            move_reason=row.move_reason,
            note=row.note,
            private_note=row.private_note,
        )
        for mark in row.marks:
            self.batch.add(
                MilestoneMark, update_id=key, milestone_id=steps[log.work.key, mark.step], kind=mark.kind,
                due=mark.due, weight=mark.weight,
            )  # fmt: skip
        if row.kind in VERBS:
            before = numbers[row.supersedes] if row.supersedes else None
            self._trace(log, row, action_id, VERBS[row.kind], update=[before, key])
        return key

    def _trace(self, log: Log, row: Row, action_id: int, verb: str, **changes: object) -> None:
        trace(
            self.batch, at=row.recorded_at, programme_id=self.project.id, person=row.author.signature, verb=verb,
            subject="action", subject_id=action_id, **changes,
        )  # fmt: skip


def _hush(log: Log, first: date, last: date) -> None:
    """Nobody confirmed anything while a mistake stood."""
    log.rows = [row for row in log.rows if row.kind is not UpdateKind.CONFIRMATION or not first <= row.on <= last]
