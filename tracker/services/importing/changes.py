"""When the source says something else of an action that is already here (design 4.2).

Nothing of the log is edited or deleted: a row that no longer holds is corrected or retracted, a new one is appended.
Rows that people wrote, corrections of imported rows among them, are left alone: they know better.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from tracker.enums import MarkKind, UpdateKind, UpdateSource
from tracker.extensions import db
from tracker.imports.actions import ActionImport, UpdateImport
from tracker.imports.issues import Issues
from tracker.models import Action, ActionUpdate, Milestone, MilestoneMark
from tracker.records import Actor
from tracker.services.bulk import insert_all
from tracker.services.importing.rows import mark_rows, update_row

_VALUES = ("effective_on", "status", "declared_progress", "health", "planned_start", "planned_end", "note")


Plan = tuple[date | None, date | None]


def bring_log(
    action: Action, record: ActionImport, *, as_of: date, actor: Actor | None, now: datetime, issues: Issues
) -> int:
    """Append what makes the log say what the record says; the number of rows appended."""
    milestones = list(
        db.session.scalars(select(Milestone).where(Milestone.action_id == action.id).order_by(Milestone.position))
    )
    by_label = {milestone.label: milestone.id for milestone in milestones}
    if not {step.label for step in record.milestones} <= by_label.keys():
        message = _("Les étapes ont changé depuis le premier import : l'historique de cette action reste tel quel.")
        issues.warn(message, line=record.line, value=record.source_id)
        return 0
    ids = {step.key: by_label[step.label] for step in record.milestones}
    return _Log(action.id, record, ids, as_of, actor, now).bring()


class _Log:
    """The rows of one action beside what the source now says of it."""

    def __init__(
        self, action_id: int, record: ActionImport, milestones: dict[str, int], as_of: date, actor: Actor | None,
        now: datetime,
    ) -> None:  # fmt: skip
        self.action_id = action_id
        self.record = record
        self.milestones = milestones
        self.as_of = as_of
        self.actor = actor
        self.now = now
        self.superseded, self.rows = _present_rows(action_id)
        self.imported = [row for row in self.rows if row.source is UpdateSource.IMPORT]
        self.appended = 0

    def bring(self) -> int:
        by_day = {row.effective_on: row for row in self.imported}
        last = self.imported[-1] if self.imported else self.rows[0]
        old_plan, new_plan = _plan(last), _plan(self.record.updates[-1])
        told = old_plan == new_plan
        for at, said in enumerate(self.record.updates):
            before = self.rows[0] if at == 0 else by_day.pop(said.effective_on, None)
            if at == 0:
                by_day.pop(self.rows[0].effective_on, None)
            if before is not None:
                self._correct(before, at)
            elif said.effective_on not in self.superseded:
                moves = not told and said.effective_on > last.effective_on
                self._state(at, old_plan if not told and not moves else new_plan, moved=moves)
                told = told or moves
        if not told:
            self._state(len(self.record.updates) - 1, new_plan, moved=True, alone_on=max(self.as_of, last.effective_on))
        for row in by_day.values():
            if not row.move_reason:  # a move told by an earlier import stays told
                self._append(_retraction(row, self.actor, self.now), [])
        return self.appended

    def _values(self, at: int) -> dict[str, Any]:
        said = self.record.updates[at]
        values = update_row(self.action_id, said, kind=UpdateKind.STATEMENT, actor=self.actor, now=self.now)
        if at == 0:  # nothing may stand before the opening
            by_people = [row.effective_on for row in self.rows if row.source is not UpdateSource.IMPORT]
            values["effective_on"] = min([said.effective_on, *by_people])
        return values

    def _correct(self, before: ActionUpdate, at: int) -> None:
        """Replace a row whose facts were otherwise; the plan it was made with stays, a new plan is news."""
        if before.source is not UpdateSource.IMPORT:
            return
        start, end = _plan(before)
        values = self._values(at) | {"planned_start": start, "planned_end": end, "move_reason": before.move_reason}
        marks = mark_rows(self.record, at, before.id, self.milestones)
        if _same(before, values, marks):
            return
        values |= {"kind": UpdateKind.CORRECTION, "supersedes_id": before.id, "rank_at": before.rank_at}
        self._append(values, marks)

    def _state(self, at: int, plan: Plan, *, moved: bool, alone_on: date | None = None) -> None:
        """A new row; `alone_on`: one that only tells the new plan, on that day."""
        values = self._values(at) | {"planned_start": plan[0], "planned_end": plan[1]}
        values["move_reason"] = _("Nouvelles dates à la source.") if moved else ""
        if alone_on is None:
            self._append(values, mark_rows(self.record, at, 0, self.milestones))
        else:
            self._append(values | {"effective_on": alone_on}, [])

    def _append(self, values: dict[str, Any], marks: list[dict[str, Any]]) -> None:
        row = ActionUpdate(**values)
        db.session.add(row)
        db.session.flush()
        insert_all(MilestoneMark, [mark | {"update_id": row.id} for mark in marks])
        self.appended += 1


def _plan(row: ActionUpdate | UpdateImport) -> Plan:
    return row.planned_start, row.planned_end


def _present_rows(action_id: int) -> tuple[set[date], list[ActionUpdate]]:
    """Days of imported rows that people superseded, and the rows in force in the log's order."""
    rows = list(
        db.session.scalars(
            select(ActionUpdate)
            .where(ActionUpdate.action_id == action_id)
            .order_by(ActionUpdate.effective_on, ActionUpdate.rank_at, ActionUpdate.id)
        )
    )
    by_people = {row.supersedes_id for row in rows if row.supersedes_id and row.source is not UpdateSource.IMPORT}
    gone = {row.supersedes_id for row in rows if row.supersedes_id}
    days = {row.effective_on for row in rows if row.id in by_people and row.source is UpdateSource.IMPORT}
    return days, [row for row in rows if row.id not in gone and row.kind is not UpdateKind.RETRACTION]


def _same(row: ActionUpdate, values: dict[str, Any], marks: list[dict[str, Any]]) -> bool:
    present = {(mark.milestone_id, mark.kind, mark.due) for mark in row.marks}
    wanted = {(mark["milestone_id"], MarkKind(mark["kind"]), mark["due"]) for mark in marks}
    return present == wanted and all(getattr(row, name) == values[name] for name in _VALUES)


def _retraction(row: ActionUpdate, actor: Actor | None, now: datetime) -> dict[str, Any]:
    """A row that carries no values and is never the state."""
    return {
        "action_id": row.action_id,
        "kind": UpdateKind.RETRACTION,
        "source": UpdateSource.IMPORT,
        "effective_on": row.effective_on,
        "recorded_at": now,
        "rank_at": now,
        "supersedes_id": row.id,
        "author_id": actor.id if actor else None,
        "status": None,
        "declared_progress": None,
        "health": None,
        "health_on": None,
        "planned_start": None,
        "planned_end": None,
        "move_reason": "",
        "note": "",
    }
