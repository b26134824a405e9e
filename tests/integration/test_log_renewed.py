"""What a process keeps of a project's log is brought up to date by reading only what changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests import factories
from tests.conftest import NOON
from tracker.enums import ActionStatus, Health
from tracker.extensions import db, write_transaction
from tracker.models import Action
from tracker.progress import Timeline
from tracker.queries import log, projects
from tracker.services import history

STEPS = (("Premier pas", date(2026, 2, 1)),)


def _said(action: Action) -> None:
    factories.update(action, date(2026, 2, 10), status=ActionStatus.DONE, note="C'est fait.")


def _titled(action: Action) -> None:
    action.title = "Un autre titre"


def _withdrawn(action: Action) -> None:
    row = action.updates[-1]
    row.note, row.redacted_at = "", NOON


def _put_back(action: Action) -> None:
    """A copy of before its last point takes the place of the file, and the next one gets the same number."""
    row = action.updates[-1]
    row.recorded_at = row.rank_at = row.recorded_at + timedelta(hours=3)
    row.status, row.health = ActionStatus.SUSPENDED, Health.STORM


def _begun(action: Action) -> None:
    factories.action(action.programme, milestones=STEPS)


@pytest.mark.parametrize(
    ("change", "read_again"), [(_said, 1), (_titled, 0), (_withdrawn, 1), (_put_back, 1), (_begun, 1)]
)
def test_a_log_is_read_again_when_it_changed_and_alone(app: Any, writing: Any, monkeypatch, change, read_again) -> None:
    with writing():
        programme = factories.programme()
        made = [factories.action(programme, milestones=STEPS) for _ in range(3)]
        for one in made:
            factories.update(one, date(2026, 2, 2), note="Cela avance.")
        key = made[1].id
    before = log.timeline(_project())

    with write_transaction():
        action = db.session.get_one(Action, key)
        change(action)
        history.bump(action.programme_id)
    read: list[int] = []
    logs = log._logs

    def counted(condition: Any) -> Any:
        found = logs(condition)
        read.extend(found.updates)
        return found

    monkeypatch.setattr(log, "_logs", counted)
    after = log.timeline(_project())
    assert len(read) == read_again
    whole = Timeline.build(log.load_actions(programme_id=_project().id))
    assert [one.record for one in after.logs] == [one.record for one in whole.logs]
    assert [one.rows for one in after.logs] == [one.rows for one in whole.logs]
    assert after.logs[0] is before.logs[0]
    assert [one.record for one in after.logs] != [one.record for one in before.logs]


def _project() -> projects.ProjectRecord:
    found = projects.frame().principal
    assert found is not None
    return found
