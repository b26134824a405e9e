"""Any sequence of points, confirmations, corrections and retractions keeps the invariants of the log (design 4.2)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests import factories
from tests.conftest import NOON
from tests.effort import cases
from tracker.enums import ActionStatus, Health, Role, UpdateKind
from tracker.errors import TrackerError
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import ActionUpdate, Programme
from tracker.progress import live_rows, state_at
from tracker.queries import log, people
from tracker.records import ActionRecord, Actor, paris_day
from tracker.services import corrections, updates
from tracker.services.updates import NewMilestone, Statement

OPENED = date(2026, 3, 2)
DAYS = st.integers(-3, 25).map(lambda n: OPENED + timedelta(days=n))
SAID = st.builds(
    dict,
    status=st.sampled_from(ActionStatus),
    health=st.sampled_from([Health.SUN, Health.CLOUDY]),
    note=st.sampled_from(["", "Une phrase qui dit où on en est."]),
    planned_end=st.sampled_from([date(2026, 6, 30), date(2026, 9, 30)]),
    move_reason=st.sampled_from(["", "Le marché est relancé."]),
    tick=st.integers(0, 2),
    add=st.booleans(),
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["post", "confirm", "correct", "retract"]), DAYS, SAID, st.integers(0, 12), st.integers(0, 60)
    ),
    max_size=9,
)


@pytest.fixture
def place(app: Flask) -> tuple[Any, Actor]:
    """A project and its committee."""
    with write_transaction():
        project = factories.programme()
        login = factories.user(Role.STEERING, programme=project).login
    actor = people.actor_by_login(login, now=NOON)
    assert actor is not None
    return project.id, actor


def load(action_id: int) -> ActionRecord:
    return log.load_actions(ids=(action_id,))[0]


def statement(said: dict[str, Any], record: ActionRecord) -> Statement:
    known = [key for key, _label in record.milestone_labels]
    values = {k: v for k, v in said.items() if k not in {"tick", "add"}}
    done = frozenset(known[said["tick"] : said["tick"] + 1])
    added = (NewMilestone("Encore un jalon", date(2026, 5, 1)),) if said["add"] else ()
    return Statement(**values, done=done, added=added)


def act(
    kind: str, day: date, said: dict[str, Any], pick: int, *, record: ActionRecord, actor: Actor, now: datetime
) -> None:
    target = record.updates[pick % len(record.updates)].id
    if kind == "post":
        updates.post_update(
            action_id=record.id, statement=statement(said, record), effective_on=day, actor=actor, now=now
        )
    elif kind == "confirm":
        updates.confirm(action_id=record.id, effective_on=day, actor=actor, now=now)
    elif kind == "correct":
        corrections.correct(update_id=target, statement=statement(said, record), effective_on=day, actor=actor, now=now)
    else:
        corrections.retract(update_id=target, reason="Ce point était de trop ici.", actor=actor, now=now)


def check_log(record: ActionRecord, *, now: datetime) -> None:
    superseded = [row.supersedes_id for row in record.updates if row.supersedes_id is not None]
    assert len(superseded) == len(set(superseded)), "a row superseded twice"
    rows = live_rows(record)
    by_id = {row.id: row for row in record.updates}
    openings = []
    for row in rows:
        first = row
        while first.supersedes_id is not None:
            first = by_id[first.supersedes_id]
        if first.kind is UpdateKind.OPENING:
            openings.append(row)
    assert len(openings) == 1, "the opening, or what corrects it, is always in force"
    for row in record.updates:
        assert row.effective_on <= paris_day(row.recorded_at) <= paris_day(now)
        assert (row.status is None) is (row.kind is UpdateKind.RETRACTION)
        if row.kind is UpdateKind.CORRECTION:
            assert row.supersedes_id is not None
            assert row.rank_at == by_id[row.supersedes_id].rank_at
        elif row.kind is not UpdateKind.RETRACTION:
            assert row.rank_at == row.recorded_at
    assert all(row.effective_on >= openings[0].effective_on for row in rows), "a row in force before the opening"


def seen(record: ActionRecord, known_at: datetime) -> list[Any]:
    """What was known then, for each day of the month."""
    days = [OPENED + timedelta(days=n) for n in range(-3, 30)]
    states = [state_at(record, as_of=day, known_at=known_at) for day in days]
    return [
        s
        and (s.update_id, s.status, s.health, s.planned_end, s.progress, [(m.id, m.done, m.due) for m in s.milestones])
        for s in states
    ]


@cases(15, 400)
@given(acts=ACTS)
def test_any_sequence_keeps_the_log_sound_and_the_past_as_it_was_known(
    place: tuple[Any, Actor], acts: list[Any]
) -> None:
    project_id, actor = place
    end_transaction(commit=False)
    with write_transaction():
        action = factories.action(
            db.session.get_one(Programme, project_id), opened_on=OPENED,
            milestones=(("Un", date(2026, 4, 1)), ("Deux", date(2026, 5, 1))),
        )  # fmt: skip
        key = action.id
    now = factories.noon(OPENED) + timedelta(hours=1)
    for kind, day, said, pick, hours in acts:
        before = load(key)
        then, known = now, seen(before, now)
        now += timedelta(hours=1 + hours)
        end_transaction(commit=False)
        try:
            with write_transaction():
                act(kind, day, said, pick, record=before, actor=actor, now=now)
        except TrackerError:
            assert load(key) == before, "a refusal writes nothing"
        else:
            after = load(key)
            assert after.updates[: len(before.updates)] == before.updates, "a row was edited or deleted"
            assert len(after.updates) == len(before.updates) + 1
            assert seen(after, then) == known, "what was known before the act has changed"
            state = state_at(after, as_of=paris_day(now))
            assert state is not None
            assert state.progress is None or 0 <= state.progress <= 100
        check_log(load(key), now=now)


def test_no_row_is_ever_updated(place: tuple[Any, Actor]) -> None:
    project_id, actor = place
    with write_transaction():
        action = factories.action(db.session.get_one(Programme, project_id), opened_on=OPENED)
        key = action.id
    with write_transaction():
        row_id = updates.confirm(action_id=key, actor=actor, now=NOON).id
    before = db.session.execute(select(ActionUpdate.__table__).where(ActionUpdate.id == row_id)).one()
    with write_transaction():
        corrections.correct(update_id=row_id, statement=Statement(note="Mieux dit."), actor=actor, now=NOON)
    assert db.session.execute(select(ActionUpdate.__table__).where(ActionUpdate.id == row_id)).one() == before
