"""Rows of the log made of imported statements, as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tracker.enums import Health, MarkKind, UpdateKind, UpdateSource
from tracker.imports.actions import ActionImport, UpdateImport
from tracker.records import Actor


def update_row(
    action_id: int, said: UpdateImport, *, kind: UpdateKind, actor: Actor | None, now: datetime
) -> dict[str, Any]:
    """A complete statement; the order of rows of one day is that of their ids."""
    return {
        "action_id": action_id,
        "kind": kind,
        "source": UpdateSource.IMPORT,
        "effective_on": said.effective_on,
        "recorded_at": now,
        "rank_at": now,
        "supersedes_id": None,
        "author_id": actor.id if actor else None,
        "status": said.status,
        "declared_progress": said.declared_progress,
        "health": said.health,
        "health_on": None if said.health is Health.UNKNOWN else said.effective_on,
        "planned_start": said.planned_start,
        "planned_end": said.planned_end,
        "move_reason": "",
        "note": said.note,
    }


def mark_rows(record: ActionImport, at: int, update_id: int, milestones: dict[str, int]) -> list[dict[str, Any]]:
    """The facts of milestones that a statement carries: the opening adds them all."""
    rows = []
    if at == 0:
        rows = [
            {
                "update_id": update_id,
                "milestone_id": milestones[step.key],
                "kind": MarkKind.ADDED,
                "due": step.due,
                "weight": 1,
            }
            for step in record.milestones
        ]
    done = [
        {"update_id": update_id, "milestone_id": milestones[key], "kind": MarkKind.DONE, "due": None, "weight": None}
        for key in record.updates[at].done
    ]
    return rows + done
