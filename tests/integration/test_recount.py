"""The board equals an independent recount in plain SQL, on random projects, for several days and instants."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.databases import PLAIN_SQL
from tests.effort import cases
from tests.recount import BY_GROUP, planned, recount
from tracker.enums import ActionStatus, Health, MarkKind, Outcome, ProposalState, UpdateKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Action, Authorship, Milestone, MilestoneMark, ProposalTransition
from tracker.queries import actions, board, kept, projects
from tracker.queries.figures import Filters

pytestmark = pytest.mark.sqlite(PLAIN_SQL)

FIRST, LAST = date(2015, 1, 1), date(2016, 12, 31)
ENDS = st.sampled_from(
    [date(2015, 1, 31), date(2015, 8, 31), date(2015, 11, 30), date(2015, 12, 31), date(2016, 3, 31)]
)
DAYS = st.dates(date(2015, 1, 15), date(2016, 6, 30)) | ENDS
PLANS = st.sampled_from([None, *(date(2015, month, 10) for month in range(1, 13))])
STATUSES = st.sampled_from([ActionStatus.IN_PROGRESS, ActionStatus.IN_PROGRESS, *ActionStatus])
HOURS = st.integers(0, 24 * 400)
MARKS = st.tuples(st.sampled_from([MarkKind.ADDED, *MarkKind]), st.integers(0, 2), PLANS, st.none() | st.integers(1, 3))
CLOSED_MOVES = (ProposalState.MERGED, ProposalState.WITHDRAWN, ProposalState.DRAFT, ProposalState.UNDER_REVIEW)


def instant(hours: int) -> datetime:
    return datetime(2015, 1, 20, 8, 30, tzinfo=UTC) + timedelta(hours=hours)


def values(draw: st.DrawFn) -> dict[str, Any]:
    """A complete statement, whatever it says."""
    return {
        "status": draw(STATUSES),
        "declared_progress": draw(st.none() | st.integers(0, 100)),
        "health": draw(st.none() | st.sampled_from(Health)),
        "planned_start": draw(PLANS),
        "planned_end": draw(PLANS),
        "note": draw(st.sampled_from(["", "Une phrase."])),
    }


def write_log(draw: st.DrawFn, action: Action) -> None:
    """An opening, then statements, confirmations, corrections and retractions with their marks."""
    steps = [factories.add(Milestone(action_id=action.id, label=f"Étape {n}", position=n)) for n in range(3)]
    clock, free, opening = 0, [], None
    for index in range(draw(st.integers(1, 7))):
        clock += draw(st.integers(0, 24 * 40))
        kind = draw(st.sampled_from(list(UpdateKind)[1:])) if index else UpdateKind.OPENING
        old = None
        if kind in {UpdateKind.CORRECTION, UpdateKind.RETRACTION}:
            choices = [row for row in free if kind is UpdateKind.CORRECTION or row is not opening]
            if not choices:
                continue
            old = draw(st.sampled_from(choices))
            free.remove(old)
        empty = kind is UpdateKind.RETRACTION
        at = instant(clock)
        row = factories.update(
            action, draw(DAYS), kind=kind, recorded_at=at, rank_at=old.rank_at if old and not empty else at,
            supersedes_id=old.id if old else None, **({} if empty else values(draw)),
        )  # fmt: skip
        if empty:
            continue
        opening = opening or row
        free.append(row)
        for mark, step, due, weight in draw(st.lists(MARKS, max_size=3)):
            factories.add(
                MilestoneMark(update_id=row.id, milestone_id=steps[step].id, kind=mark, due=due, weight=weight)
            )


def write_proposal(draw: st.DrawFn, programme: Any, people: list[Any]) -> None:
    """A proposal whose moves are dated and recorded anyhow, with one or two authors, sealed or not."""
    row = factories.proposal(programme, state=ProposalState.DRAFT)
    for author in draw(st.lists(st.sampled_from(people), max_size=2, unique=True)):
        factories.add(Authorship(proposal_id=row.id, user_id=author.id, sealed=draw(st.booleans())))
    if draw(st.booleans()):
        factories.add(Authorship(proposal_id=row.id, name=draw(st.sampled_from(["Camille", "Dominique"]))))
    before = ProposalState.DRAFT
    for move in (ProposalState.SUBMITTED, ProposalState.PUBLISHED, draw(st.sampled_from([*Outcome, *CLOSED_MOVES]))):
        if draw(st.integers(0, 4)) == 0:
            break
        state = ProposalState(move.value)
        factories.add(
            ProposalTransition(
                proposal_id=row.id, from_state=before, to_state=state, effective_on=draw(DAYS),
                recorded_at=instant(draw(HOURS)),
            )
        )  # fmt: skip
        before = state


@st.composite
def worlds(draw: st.DrawFn) -> Any:
    """A function that writes a random project; hypothesis draws while it runs."""
    size = draw(st.integers(0, 5))
    parents = [draw(st.sampled_from([None, None, *range(key)])) for key in range(size)]
    weights = [draw(st.integers(1, 3)) for _ in range(size)]
    rhythms = [draw(st.integers(1, 4)) for _ in range(size)]
    grouped = [draw(st.sampled_from([None, 0, 1])) for _ in range(size)]

    def write() -> int:
        programme = factories.programme(starts_on=FIRST, ends_on=LAST)
        groups = [factories.group(programme) for _ in range(2)]
        people = [factories.user(programme=programme) for _ in range(3)]
        rows: list[Action] = []
        for key in range(size):
            group = grouped[key]
            row = Action(
                programme_id=programme.id, number=key + 1, title=f"Action {key}", weight=weights[key],
                rhythm_months=rhythms[key], parent_id=None if parents[key] is None else rows[parents[key]].id,
                group_id=None if group is None else groups[group].id, created_at=instant(0),
            )  # fmt: skip
            rows.append(factories.add(row))
            write_log(draw, row)
        for _ in range(draw(st.integers(0, 4))):
            write_proposal(draw, programme, people)
        return programme.id

    return write


def counted(programme_id: int, as_of: date, known_at: datetime | None) -> dict[str, Any]:
    """What the board shows, under the names of the recount."""
    project = projects.frame().by_id(programme_id)
    shown = board.board(
        project, as_of=as_of, known_at=known_at, filters=Filters(), choices=actions.choices(programme_id),
        without_group="sans",
    )  # fmt: skip
    summary = shown.snapshot.actions
    return {
        **shown.snapshot.counters,
        **{f"health_{health.value}": n for health, n in summary.by_health.items()},
        "behind": summary.behind,
        "used": summary.used,
        "left_out": summary.left_out,
        "missing": summary.missing,
        "progress": summary.progress,
        "_board": shown,
    }


def agree(programme_id: int, as_of: date, known_at: datetime | None) -> None:
    shown = counted(programme_id, as_of, known_at)
    figures = shown.pop("_board")
    expected = recount(db.session.connection(), programme_id, as_of, known_at)
    groups = expected.pop("groups")
    assert shown["progress"] == (None if expected["progress"] is None else pytest.approx(expected["progress"]))
    assert {k: v for k, v in shown.items() if k != "progress"} == {k: v for k, v in expected.items() if k != "progress"}
    by_slug = {group.id: group.slug for group in actions.choices(programme_id).groups}
    drawn = {g.slug: g.summary for g in figures.groups}
    assert set(drawn) == {by_slug.get(key, "sans") for key in groups}
    for key, counts in groups.items():
        summary = drawn[by_slug.get(key, "sans")]
        assert {status.value: n for status, n in summary.by_status.items()} == {
            k: v for k, v in counts.items() if k not in BY_GROUP
        }
        assert (summary.late, summary.silent) == (counts["late"], counts["silent"])
    if figures.curves is not None:
        assert figures.curves.actual[-1].value == shown["progress"]
        for first, now in list(zip(figures.curves.baseline, figures.curves.current, strict=True))[::4]:
            plans = planned(db.session.connection(), programme_id, first.on, as_of, known_at)
            assert plans == {
                "baseline": (None if first.value is None else pytest.approx(first.value, abs=1e-6), first.counted),
                "current": (None if now.value is None else pytest.approx(now.value, abs=1e-6), now.counted),
            }
        for point in figures.statuses:
            then = recount(db.session.connection(), programme_id, point.on, known_at)
            assert {s.value: n for s, n in point.counts.items()} == {
                s.value: then[f"actions_{s.value}"] for s in ActionStatus
            }


def drawn_world(data: Any) -> int:
    """A database that holds a random project and nothing else; gives the project's id."""
    kept.forget()
    with write_transaction():
        for table in reversed(db.metadata.sorted_tables):
            if table.name != "instance":
                db.session.execute(table.delete())
        programme_id: int = data.draw(worlds())()
    db.session.expire_all()
    return programme_id


@cases(10, 200)
@given(st.data())
def test_board_equals_a_recount_in_plain_sql(app, data) -> None:
    programme_id = drawn_world(data)
    days = sorted({data.draw(DAYS), data.draw(DAYS), LAST})
    instants = [None, instant(data.draw(HOURS))]
    for as_of, known_at in itertools.product(days, instants):
        agree(programme_id, as_of, known_at)
    end_transaction(commit=False)


def test_a_correction_recorded_later_changes_what_is_known_now_not_what_was_known(app, writing) -> None:
    day = date(2015, 6, 30)
    with writing():
        programme = factories.programme(starts_on=FIRST, ends_on=LAST)
        action = factories.action(programme, opened_on=date(2015, 3, 2), planned=None)
        done = factories.update(action, date(2015, 5, 4), status=ActionStatus.DONE)
        factories.update(
            action, date(2015, 5, 4), kind=UpdateKind.CORRECTION, supersedes_id=done.id, rank_at=done.rank_at,
            recorded_at=factories.noon(date(2015, 9, 1)), status=ActionStatus.IN_PROGRESS,
        )  # fmt: skip
        programme_id = programme.id
    then = factories.noon(day)
    assert counted(programme_id, day, None)["actions_done"] == 0
    assert counted(programme_id, day, then)["actions_done"] == 1
    agree(programme_id, day, None)
    agree(programme_id, day, then)
