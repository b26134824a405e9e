"""Figures over time: points, what they count, the two plans (design 4.3, "Curves")."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from tracker import progress
from tracker.enums import ActionStatus, Health, UpdateKind
from tracker.progress import CurvePoint, Timeline
from tracker.records import ActionRecord, UpdateRecord

TO_START, IN_PROGRESS, SUSPENDED, DONE, STOPPED = ActionStatus
Plan = tuple[date | None, date | None]
YEAR = (date(2017, 1, 1), date(2017, 12, 31))


def day(text: str) -> date:
    return date.fromisoformat(f"2017-{text}")


def action(
    key: int,
    *said: tuple[str, ActionStatus, int | None],
    plan: Plan = (None, None),
    baseline: Plan = (None, None),
    weight: int = 1,
    parent: int | None = None,
) -> ActionRecord:
    rows = tuple(
        UpdateRecord(
            id=key * 100 + index,
            kind=UpdateKind.STATEMENT,
            effective_on=day(on),
            recorded_at=datetime.combine(day(on), time(12), tzinfo=UTC),
            rank_at=datetime.combine(day(on), time(12), tzinfo=UTC),
            supersedes_id=None,
            status=status,
            declared_progress=declared,
            health=Health.SUN if status is IN_PROGRESS else None,
            health_on=None,
            planned_start=plan[0],
            planned_end=plan[1],
            has_sentence=False,
        )
        for index, (on, status, declared) in enumerate(said)
    )
    return ActionRecord(
        id=key,
        number=key,
        title="",
        weight=weight,
        rhythm_months=3,
        baseline_start=baseline[0],
        baseline_end=baseline[1],
        parent_id=parent,
        group_id=key,
        theme_id=None,
        entity_ids=frozenset(),
        updates=rows,
    )


def values(points: tuple[CurvePoint, ...]) -> list[float | None]:
    return [point.value for point in points]


def curves(*actions: ActionRecord, as_of: str, last: str = "12-31") -> progress.Curves:
    timeline = Timeline.build(actions)
    return progress.progress_curves(timeline, first=day("01-01"), last=day(last), as_of=day(as_of))


def test_months_are_added_with_the_day_cut_to_the_end_of_the_month() -> None:
    assert progress.add_months(day("01-31"), 1) == day("02-28")
    assert progress.add_months(date(2015, 11, 30), 3) == date(2016, 2, 29)
    assert progress.add_months(day("03-31"), -1) == day("02-28")
    assert progress.add_months(day("01-15"), -13) == date(2015, 12, 15)


def test_month_ends_finish_on_the_last_day_asked_for() -> None:
    ends = progress.month_ends(day("01-31"), day("03-10"))
    assert ends == (day("01-31"), day("02-28"), day("03-10"))
    assert progress.month_ends(day("01-05"), day("01-31")) == (day("01-31"),)
    assert progress.month_ends(day("02-01"), day("01-31")) == ()


def test_statuses_and_health_by_month_stop_at_the_day_of_the_figures() -> None:
    timeline = Timeline.build(
        [
            action(1, ("01-10", TO_START, None), ("02-05", IN_PROGRESS, 5), ("02-06", DONE, 5)),
            action(2, ("03-05", IN_PROGRESS, None), ("03-20", SUSPENDED, None)),
        ]
    )
    months = progress.status_by_month(timeline, day("01-01"), day("12-31"), day("03-10"))
    assert [point.on for point in months] == [day("01-31"), day("02-28"), day("03-10")]
    assert [{k: n for k, n in point.counts.items() if n} for point in months] == [
        {TO_START: 1},
        {DONE: 1},
        {DONE: 1, IN_PROGRESS: 1},
    ]
    assert all(list(point.counts) == list(ActionStatus) for point in months)
    health = progress.health_by_month(timeline, day("03-01"), day("03-31"), day("03-10"))
    assert [point.counts[Health.SUN] for point in health] == [1]
    assert progress.status_by_month(timeline, day("04-01"), day("12-31"), day("03-10")) == ()


def test_the_actual_line_stops_at_the_day_and_counts_what_exists_at_each_point() -> None:
    actual = curves(
        action(1, ("02-01", IN_PROGRESS, 40), ("03-05", STOPPED, None)),
        action(2, ("03-01", IN_PROGRESS, 60), weight=3),
        action(3, ("03-01", IN_PROGRESS, None)),
        as_of="03-10",
    ).actual
    assert actual == (
        CurvePoint(day("01-31"), None, 0, 0, 0),
        CurvePoint(day("02-28"), 40, 1, 0, 0),
        CurvePoint(day("03-10"), 60, 1, 1, 1),
    )


def test_planned_lines_run_to_the_end_over_what_the_actual_line_counts() -> None:
    plan = (day("02-28"), day("04-29"))  # 60 days; the 31st of March is the 31st
    found = curves(
        action(1, ("02-01", IN_PROGRESS, 0), plan=plan, baseline=(day("01-01"), day("02-28"))),
        action(2, ("03-01", IN_PROGRESS, 0), plan=plan),
        action(3, ("02-01", STOPPED, 0), plan=plan, baseline=YEAR),
        action(4, ("04-01", IN_PROGRESS, 0), plan=plan, baseline=YEAR),  # after D
        as_of="03-15",
        last="05-31",
    )
    assert len(found.actual) == 3
    assert [(p.on.month, p.value, p.counted, p.left_out) for p in found.current] == [
        (1, None, 0, 0),
        (2, 0, 1, 0),
        (3, 25, 2, 0),
        (3, pytest.approx(100 * 31 / 60), 2, 0),
        (4, 100, 2, 0),
        (5, 100, 2, 0),
    ]
    assert [(p.value, p.counted, p.left_out) for p in found.baseline[1:4]] == [
        (100, 1, 0),
        (100, 1, 1),
        (100, 1, 1),
    ]


def test_current_dates_are_those_of_the_day_for_every_point() -> None:
    act = action(1, ("01-01", IN_PROGRESS, 0), ("03-01", IN_PROGRESS, 0))
    early, late = act.updates
    moved = replace(
        act,
        updates=(
            replace(early, planned_start=day("01-01"), planned_end=day("01-31")),
            replace(late, planned_start=day("02-28"), planned_end=day("03-31")),
        ),
    )
    assert values(curves(moved, as_of="02-28", last="03-31").current) == [100, 100, 100]
    assert values(curves(moved, as_of="03-31", last="03-31").current) == [0, 0, 100]


def test_a_plan_of_no_length_is_a_step_on_its_end() -> None:
    for start in ("02-28", "11-30"):
        act = action(1, ("01-01", IN_PROGRESS, 0), plan=(day(start), day("02-28")))
        assert values(curves(act, as_of="12-31", last="03-31").current) == [0, 100, 100]
        assert values(curves(act, as_of="12-31", last="02-27").current) == [0, 0]


def test_planned_lines_weigh_like_the_actual_one() -> None:
    found = curves(
        action(1, ("01-01", IN_PROGRESS, 0), baseline=(day("01-01"), day("01-31"))),
        action(2, ("01-01", IN_PROGRESS, 0), baseline=(day("06-01"), day("06-30")), weight=3),
        as_of="01-31",
        last="06-30",
    )
    assert (values(found.baseline), found.weighted) == ([25, 25, 25, 25, 25, 100], True)


def test_a_parent_counts_until_it_has_sub_actions() -> None:
    found = curves(
        action(1, ("01-01", IN_PROGRESS, 10), plan=YEAR),
        action(2, ("02-10", IN_PROGRESS, 50), parent=1),
        as_of="03-31",
        last="04-30",
    )
    assert values(found.actual) == [10, 50, 50]
    assert [(p.counted, p.left_out) for p in found.current] == [(1, 0), (0, 1), (0, 1), (0, 1)]


def test_a_selection_shows_only_its_actions() -> None:
    timeline = Timeline.build([action(1, ("01-01", IN_PROGRESS, 10)), action(2, ("01-01", IN_PROGRESS, 50))]).select(
        lambda record: record.group_id == 2
    )
    assert [state.action.id for state in timeline.states(day("01-01"))] == [2]
    found = progress.progress_curves(timeline, first=day("01-01"), last=day("01-31"), as_of=day("01-31"))
    assert values(found.actual) == [50]


def test_nothing_is_drawn_before_anything_exists() -> None:
    found = curves(as_of="06-30", last="02-28")
    assert values(found.actual) == values(found.current) == [None, None]
    assert curves(action(1, ("03-01", DONE, None)), as_of="02-28", last="02-28").weighted is False
