"""The log against an independent, naive reading of the rules, on random histories."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.effort import cases
from tracker import progress
from tracker.enums import ActionStatus, Health, MarkKind, UpdateKind
from tracker.progress import ActionState, Timeline, summarise
from tracker.records import ActionRecord, MarkRecord, UpdateRecord

FIRST, LAST = date(2016, 11, 15), date(2017, 12, 15)
DAYS = st.dates(date(2016, 12, 1), date(2017, 6, 30))


def instant(hours: int) -> datetime:
    return datetime(2016, 12, 1, tzinfo=UTC) + timedelta(hours=hours)


INSTANTS = st.integers(0, 40).map(instant)
PLANS = st.one_of(st.none(), DAYS)
MARKS = st.builds(
    MarkRecord,
    milestone_id=st.integers(1, 3),
    kind=st.sampled_from([MarkKind.ADDED, *MarkKind]),
    due=PLANS,
    weight=st.integers(1, 4),
)


@st.composite
def logs(draw: st.DrawFn, *, key: int = 1, parent: int | None = None) -> ActionRecord:
    """An opening, then statements, corrections and retractions; none superseded twice."""
    rows: list[UpdateRecord] = []
    free: list[UpdateRecord] = []
    recorded = 0
    for index in range(draw(st.integers(1, 8))):
        recorded += draw(st.integers(0, 6))  # several rows may share an instant
        kind = draw(st.sampled_from(list(UpdateKind)[1:])) if index else UpdateKind.OPENING
        old = None
        if kind in {UpdateKind.CORRECTION, UpdateKind.RETRACTION}:
            choices = [row for row in free if row.kind is not UpdateKind.RETRACTION]
            if kind is UpdateKind.RETRACTION:
                choices = [row for row in choices if row.id != key * 100]
            if not choices:
                continue
            old = draw(st.sampled_from(choices))
            free.remove(old)
        empty = kind is UpdateKind.RETRACTION
        row = UpdateRecord(
            id=key * 100 + index,
            kind=kind,
            effective_on=draw(DAYS),
            recorded_at=instant(recorded),
            rank_at=old.rank_at if old and not empty else instant(recorded),
            supersedes_id=old.id if old else None,
            status=None if empty else draw(st.sampled_from(ActionStatus)),
            declared_progress=None if empty else draw(st.none() | st.integers(0, 100)),
            health=None if empty else draw(st.none() | st.sampled_from(Health)),
            health_on=None,
            planned_start=None if empty else draw(PLANS),
            planned_end=None if empty else draw(PLANS),
            has_sentence=draw(st.booleans()),
            marks=() if empty else tuple(draw(st.lists(MARKS, max_size=3))),
        )
        rows.append(row)
        free.append(row)
    return ActionRecord(
        id=key,
        number=key,
        title="",
        weight=draw(st.integers(1, 3)),
        rhythm_months=draw(st.integers(1, 4)),
        baseline_start=draw(PLANS),
        baseline_end=draw(PLANS),
        parent_id=parent,
        group_id=None,
        theme_id=None,
        entity_ids=frozenset(),
        updates=tuple(draw(st.permutations(rows))),
    )


@st.composite
def projects(draw: st.DrawFn) -> list[ActionRecord]:
    size = draw(st.integers(1, 5))
    parents = [draw(st.sampled_from([None, None, *range(1, key)])) for key in range(1, size + 1)]
    return [draw(logs(key=key, parent=parents[key - 1])) for key in range(1, size + 1)]


# --- The naive reading: the sentences of the design, each time from the whole log, in fractions.


def naive_rows(action: ActionRecord, on: date, known: datetime) -> list[UpdateRecord]:
    def ignored(row: UpdateRecord) -> bool:
        return any(other.supersedes_id == row.id and other.recorded_at <= known for other in action.updates)

    return [
        row
        for row in action.updates
        if row.recorded_at <= known
        and row.effective_on <= on
        and row.kind is not UpdateKind.RETRACTION
        and not ignored(row)
    ]


def naive_milestones(rows: list[UpdateRecord]) -> dict[int, tuple[date | None, int, bool, bool]]:
    """By milestone: due, weight, done, dropped."""
    facts: dict[int, tuple[date | None, int, bool, bool]] = {}
    for key in (1, 2, 3):
        told = sorted(
            (row.effective_on, row.rank_at, row.id, index, mark.kind, mark)
            for row in rows
            for index, mark in enumerate(row.marks)
            if mark.milestone_id == key
        )
        latest = {
            name: max((fact for fact in told if fact[4] in kinds), default=None)
            for name, kinds in {
                "added": {MarkKind.ADDED},
                "due": {MarkKind.ADDED, MarkKind.DUE},
                "weight": {MarkKind.ADDED, MarkKind.WEIGHT},
                "done": {MarkKind.DONE, MarkKind.REOPENED},
                "dropped": {MarkKind.DROPPED, MarkKind.REOPENED},
            }.items()
        }
        due, weight, done, dropped = (latest[k] for k in ("due", "weight", "done", "dropped"))
        if latest["added"] and due and weight:
            facts[key] = (
                due[5].due,
                weight[5].weight or 1,
                done is not None and done[4] is MarkKind.DONE,
                dropped is not None and dropped[4] is MarkKind.DROPPED,
            )
    return facts


def naive_state(action: ActionRecord, on: date, known: datetime) -> dict[str, Any] | None:
    rows = naive_rows(action, on, known)
    if not rows:
        return None
    row = max(rows, key=lambda row: (row.effective_on, row.rank_at, row.id))
    milestones = naive_milestones(rows)
    kept = [(weight, done) for _, weight, done, dropped in milestones.values() if not dropped]
    value: Fraction | None = None
    if row.status is ActionStatus.STOPPED:
        pass
    elif row.status is ActionStatus.DONE:
        value = Fraction(100)
    elif kept:
        value = Fraction(100 * sum(w for w, done in kept if done), sum(w for w, _ in kept))
    elif row.declared_progress is not None:
        value = Fraction(row.declared_progress)
    elif row.status is ActionStatus.TO_START:
        value = Fraction(0)
    return {"action": action, "row": row, "milestones": milestones, "progress": value}


def naive_leaves(actions: list[ActionRecord], on: date, known: datetime) -> list[dict[str, Any]]:
    states = [s for a in actions if (s := naive_state(a, on, known)) is not None]
    parents = {s["action"].parent_id for s in states}
    return [s for s in states if s["action"].id not in parents]


def mean(pairs: Sequence[tuple[int, Fraction]]) -> Fraction | None:
    weight = sum(w for w, _ in pairs)
    return sum((w * value for w, value in pairs), Fraction(0)) / weight if weight else None


def share(on: date, start: date, end: date) -> Fraction:
    if end <= start:
        return Fraction(int(on >= end))
    return min(Fraction(1), max(Fraction(0), Fraction((on - start).days, (end - start).days)))


def same(value: float | None, expected: Fraction | None) -> bool:
    if value is None or expected is None:
        return value is None and expected is None
    return 0 <= value <= 100 and abs(value - float(expected)) < 1e-9


def told(state: ActionState) -> dict[str, Any]:
    """All that a state says but the record itself, which holds the rows not yet known too."""
    said = {name: value for name, value in state._asdict().items() if name not in {"action", "log"}}
    return said | {"milestones": state.milestones}


# --- The properties.


@cases(60, 2000)
@given(logs(), DAYS, INSTANTS)
def test_a_state_is_what_the_sentences_of_the_design_say(action: ActionRecord, on: date, known: datetime) -> None:
    found = progress.state_at(action, as_of=on, known_at=known)
    expected = naive_state(action, on, known)
    assert (found is None) == (expected is None)
    if found is None or expected is None:
        return
    row: UpdateRecord = expected["row"]
    assert (found.update_id, found.status) == (row.id, row.status)
    assert found.last_news_on == max(r.effective_on for r in naive_rows(action, on, known))
    assert {m.id: (m.due, m.weight, m.done, m.dropped) for m in found.milestones} == expected["milestones"]
    assert same(found.progress, expected["progress"])
    assert found.counted + found.left_out + found.missing == 1


@cases(25, 1000)
@given(logs(), DAYS, INSTANTS)
def test_done_on_is_a_day_from_which_the_milestone_has_been_done(
    action: ActionRecord, on: date, known: datetime
) -> None:
    found = progress.state_at(action, as_of=on, known_at=known)
    for milestone in found.milestones if found else ():
        assert milestone.done == (milestone.done_on is not None)
        if milestone.done_on is not None:
            then = naive_milestones(naive_rows(action, max(milestone.done_on, milestone.added_on), known))
            assert then[milestone.id][2]


@cases(25, 1000)
@given(logs(), DAYS, st.data())
def test_retracting_a_correction_does_not_revive_what_it_corrected(
    action: ActionRecord, on: date, data: st.DataObject
) -> None:
    live = progress.live_rows(action)
    assume(live)  # a corrected opening whose correction is retracted leaves nothing
    old = data.draw(st.sampled_from(live))
    fix = replace(old, id=900, kind=UpdateKind.CORRECTION, supersedes_id=old.id, recorded_at=instant(900))
    gone = replace(
        old, id=901, kind=UpdateKind.RETRACTION, supersedes_id=900, recorded_at=instant(901),
        rank_at=instant(901), status=None, marks=(),
    )  # fmt: skip
    both = replace(action, updates=(*action.updates, fix, gone))
    assert progress.live_rows(both) == tuple(row for row in live if row.id != old.id)
    assert progress.live_rows(both, known_at=instant(899)) == live
    assert {row.id for row in progress.live_rows(both, known_at=instant(900))} == (
        {row.id for row in live} - {old.id} | {900}
    )


@cases(25, 1000)
@given(projects(), DAYS, INSTANTS)
def test_what_is_recorded_after_an_instant_changes_nothing_known_at_it(
    actions: list[ActionRecord], on: date, known: datetime
) -> None:
    before = [replace(a, updates=tuple(row for row in a.updates if row.recorded_at <= known)) for a in actions]
    then, now = Timeline.build(before), Timeline.build(actions, known)
    assert [told(s) for s in now.states(on)] == [told(s) for s in then.states(on)]
    assert summarise(now.states(on)) == summarise(then.states(on))
    window = {"first": FIRST, "last": LAST, "as_of": on}
    assert progress.progress_curves(now, **window) == progress.progress_curves(then, **window)
    assert progress.status_by_month(now, **window) == progress.status_by_month(then, **window)


@cases(30, 1000)
@given(projects(), DAYS, INSTANTS)
def test_a_summary_is_the_naive_count_of_leaves(actions: list[ActionRecord], on: date, known: datetime) -> None:
    total = summarise(Timeline.build(actions, known).states(on))
    leaves = naive_leaves(actions, on, known)
    used = [(s["action"].weight, s["progress"]) for s in leaves if s["progress"] is not None]
    assert (total.total, total.used) == (len(leaves), len(used))
    assert total.used + total.left_out + total.missing == total.total
    assert same(total.progress, mean(used))
    for status in ActionStatus:
        assert total.by_status[status] == sum(s["row"].status is status for s in leaves)


@cases(30, 1000)
@given(projects(), DAYS, INSTANTS)
def test_curves_are_the_naive_sums_at_every_point(actions: list[ActionRecord], on: date, known: datetime) -> None:
    timeline = Timeline.build(actions, known)
    found = progress.progress_curves(timeline, first=FIRST, last=LAST, as_of=on)
    days = [point.on for point in found.current]
    assert days == [point.on for point in found.baseline]
    assert days[-1] == LAST
    assert [point.on for point in found.actual] == days[: bisect_right(days, on)]
    assert found.actual[-1].on == on
    final = {a.id: s["row"] for a in actions if (s := naive_state(a, on, known))}
    for index, day in enumerate(days):
        leaves = naive_leaves(actions, min(day, on), known)
        used = [s for s in leaves if s["progress"] is not None]
        if day <= on:
            actual = found.actual[index]
            assert same(actual.value, mean([(s["action"].weight, s["progress"]) for s in used]))
            assert (actual.counted, actual.counted + actual.left_out + actual.missing) == (
                len(used),
                len(leaves),
            )
        for point, plan in (
            (found.baseline[index], lambda a: (a.baseline_start, a.baseline_end)),
            (found.current[index], lambda a: (final[a.id].planned_start, final[a.id].planned_end)),
        ):
            dated = [s["action"] for s in used if None not in plan(s["action"])]
            expected = mean([(a.weight, 100 * share(day, *plan(a))) for a in dated])
            assert same(point.value, expected)
            assert (point.counted, point.left_out) == (len(dated), len(used) - len(dated))


@cases(25, 1000)
@given(projects(), DAYS, INSTANTS)
def test_figures_over_time_end_exactly_on_the_summary_of_the_day(
    actions: list[ActionRecord], on: date, known: datetime
) -> None:
    timeline = Timeline.build(actions, known)
    total = summarise(timeline.states(on))
    window = {"first": FIRST, "last": LAST, "as_of": on}
    last = progress.progress_curves(timeline, **window).actual[-1]
    assert (last.on, last.value, last.counted) == (on, total.progress, total.used)
    assert (last.left_out, last.missing) == (total.left_out, total.missing)
    assert progress.status_by_month(timeline, **window)[-1].counts == total.by_status
    assert progress.health_by_month(timeline, **window)[-1].counts == total.by_health


@cases(25, 1000)
@given(projects(), DAYS)
def test_progress_is_none_or_between_0_and_100(actions: list[ActionRecord], on: date) -> None:
    for state in Timeline.build(actions).states(on):
        assert state.progress is None or 0 <= state.progress <= 100


VALUES = st.none() | st.integers(-1000, 1000) | st.floats(-1e6, 1e6)


@given(VALUES, VALUES, VALUES)
def test_an_indicator_is_none_or_between_0_and_100(
    start: float | None, current: float | None, target: float | None
) -> None:
    value = progress.indicator_progress(start, current, target)
    assert value is None or 0 <= value <= 100
    if value is not None and current == target:
        assert value == 100


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-500, 500))
def test_adding_months_lands_in_the_right_month(day: date, n: int) -> None:
    found = progress.add_months(day, n)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == n
    assert found.day == min(day.day, progress.month_end(found).day)
