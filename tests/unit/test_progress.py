"""The rules of 4.2 and 4.3 of the design, one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from tracker import progress
from tracker.enums import ActionStatus, Health, MarkKind, ToCheck, UpdateKind
from tracker.progress import ActionState, Timeline, state_at, summarise
from tracker.records import ActionRecord, MarkRecord, UpdateRecord

TO_START, IN_PROGRESS, SUSPENDED, DONE, STOPPED = ActionStatus
OPENING, STATEMENT, CONFIRMATION, CORRECTION, RETRACTION = UpdateKind
Plan = tuple[date | None, date | None]
NO_PLAN: Plan = (None, None)


def day(text: str) -> date:
    return date.fromisoformat(f"2017-{text}")


def noon(on: date) -> datetime:
    return datetime.combine(on, time(12), tzinfo=UTC)


def row(
    key: int,
    on: str,
    status: ActionStatus | None = IN_PROGRESS,
    *,
    kind: UpdateKind = STATEMENT,
    recorded: str | None = None,
    rank: str | None = None,
    supersedes: int | None = None,
    declared: int | None = None,
    health: Health | None = None,
    plan: Plan = NO_PLAN,
    sentence: bool = True,
    marks: tuple[MarkRecord, ...] = (),
) -> UpdateRecord:
    return UpdateRecord(
        id=key,
        kind=kind,
        effective_on=day(on),
        recorded_at=noon(day(recorded or on)),
        rank_at=noon(day(rank or recorded or on)),
        supersedes_id=supersedes,
        status=status,
        declared_progress=declared,
        health=health,
        health_on=day(on) if health else None,
        planned_start=plan[0],
        planned_end=plan[1],
        has_sentence=sentence,
        marks=marks,
    )


def action(
    *rows: UpdateRecord,
    key: int = 1,
    weight: int = 1,
    rhythm: int = 3,
    baseline: Plan = NO_PLAN,
    parent: int | None = None,
    group: int | None = None,
    entities: tuple[int, ...] = (),
) -> ActionRecord:
    return ActionRecord(
        id=key,
        number=key,
        title=f"Action {key}",
        weight=weight,
        rhythm_months=rhythm,
        baseline_start=baseline[0],
        baseline_end=baseline[1],
        parent_id=parent,
        group_id=group,
        theme_id=None,
        entity_ids=frozenset(entities),
        updates=rows,
        milestone_labels=((1, "Choisir"), (2, "Former")),
    )


def state(act: ActionRecord, on: str, *, known: str | None = None) -> ActionState:
    found = state_at(act, as_of=day(on), known_at=noon(day(known)) if known else None)
    assert found is not None
    return found


def one(on: str, *, opened: str = "01-01", **values: object) -> ActionState:
    """The state on a day of an action that says a single thing."""
    rhythm = values.pop("rhythm", 3)
    return state(action(row(1, opened, **values), rhythm=rhythm), on)  # type: ignore[arg-type]


def mark(kind: MarkKind, key: int = 1, **values: object) -> MarkRecord:
    return MarkRecord(key, kind, **values)  # type: ignore[arg-type]


ADDED = mark(MarkKind.ADDED, due=day("03-31"), weight=1)
ADDED_2 = mark(MarkKind.ADDED, 2, due=day("06-30"), weight=3)
TICK = mark(MarkKind.DONE)


class TestLog:
    def test_an_action_exists_from_the_day_of_its_opening(self) -> None:
        act = action(row(1, "02-01", TO_START, kind=OPENING, recorded="03-01"))
        assert state_at(act, as_of=day("01-31")) is None
        assert state(act, "02-01").status is TO_START
        assert state_at(act, as_of=day("12-31"), known_at=noon(day("02-28"))) is None

    def test_the_state_is_the_latest_row_by_effective_day_then_rank_then_id(self) -> None:
        rows = (
            row(9, "02-01", TO_START, recorded="05-01"),
            row(4, "03-01", SUSPENDED, recorded="03-02"),
            row(3, "03-01", IN_PROGRESS, recorded="03-03"),
            row(2, "03-01", DONE, recorded="03-03"),
        )
        assert [r.id for r in progress.live_rows(action(*rows))] == [9, 4, 2, 3]
        assert state(action(*rows), "12-31").update_id == 3

    def test_a_row_is_superseded_from_the_recording_of_the_other_whatever_its_day(self) -> None:
        fixed = row(3, "06-01", kind=CORRECTION, recorded="05-01", rank="02-01", supersedes=2)
        act = action(row(1, "01-01", TO_START), row(2, "02-01", SUSPENDED), fixed)
        assert state(act, "03-01", known="04-30").status is SUSPENDED
        assert state(act, "03-01", known="05-01").status is TO_START
        assert state(act, "06-01").status is IN_PROGRESS

    def test_a_correction_keeps_the_rank_of_the_row_it_replaces(self) -> None:
        act = action(
            row(1, "02-01", SUSPENDED, recorded="02-01"),
            row(2, "02-01", DONE, recorded="02-02"),
            row(3, "02-01", kind=CORRECTION, recorded="02-03", rank="02-01", supersedes=1),
        )
        assert state(act, "02-01").update_id == 2

    def test_a_retraction_is_never_the_state_nor_news(self) -> None:
        act = action(
            row(1, "01-01", TO_START, kind=OPENING),
            row(2, "02-01"),
            row(3, "03-01", None, kind=RETRACTION, supersedes=2),
        )
        found = state(act, "03-02")
        assert (found.status, found.update_id, found.last_news_on) == (TO_START, 1, day("01-01"))

    def test_retracting_a_correction_does_not_revive_what_it_corrected(self) -> None:
        act = action(
            row(1, "01-01", TO_START, kind=OPENING),
            row(2, "02-01", SUSPENDED),
            row(3, "02-01", kind=CORRECTION, recorded="03-01", rank="02-01", supersedes=2),
            row(4, "02-01", None, kind=RETRACTION, recorded="04-01", supersedes=3),
        )
        assert state(act, "05-01").update_id == 1

    def test_a_row_without_a_status_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not a complete statement"):
            state(action(row(1, "01-01", None)), "01-01")

    def test_health_not_said_is_unknown_then_not_applicable_once_closed(self) -> None:
        assert one("01-01").health is Health.UNKNOWN
        assert one("01-01", status=DONE).health is Health.NOT_APPLICABLE
        assert one("01-01", status=DONE, health=Health.VEILED).health is Health.VEILED


class TestMilestones:
    def test_a_mark_counts_from_the_day_of_its_update(self) -> None:
        act = action(
            row(1, "01-01", marks=(ADDED,)),
            row(2, "02-01", marks=(TICK,)),
            row(3, "02-15", marks=(TICK,)),  # said again: done since the first
        )
        assert [m.done for m in state(act, "01-31").milestones] == [False]
        (milestone,) = state(act, "03-01").milestones
        assert (milestone.label, milestone.due, milestone.weight) == ("Choisir", day("03-31"), 1)
        assert (milestone.done_on, milestone.added_on) == (day("02-01"), day("01-01"))

    def test_a_mark_follows_its_row_when_it_is_superseded(self) -> None:
        rows = (
            row(1, "01-01", marks=(ADDED, ADDED_2)),
            row(2, "02-01", marks=(TICK, mark(MarkKind.DONE, 2))),
            row(3, "03-01", kind=CORRECTION, rank="02-01", supersedes=2, marks=(TICK,)),
        )
        found = state(action(*rows), "03-01")
        assert {m.id: m.done_on for m in found.milestones} == {1: day("03-01"), 2: None}
        assert not any(m.done for m in state(action(*rows), "02-15").milestones)
        gone = (*rows[:2], row(3, "03-01", None, kind=RETRACTION, supersedes=2))
        assert not any(m.done for m in state(action(*gone), "03-01").milestones)

    def test_each_fact_is_the_latest_mark_in_the_order_of_the_log(self) -> None:
        later = (mark(MarkKind.DUE, due=day("09-30")), mark(MarkKind.WEIGHT, weight=5))
        earlier = (mark(MarkKind.DUE, due=day("05-31")), mark(MarkKind.WEIGHT, weight=2))
        act = action(
            row(1, "01-01", marks=(ADDED,)),
            row(2, "03-01", marks=later),
            row(3, "02-01", recorded="04-01", marks=earlier),  # dated back
        )
        (milestone,) = state(act, "04-01").milestones
        assert (milestone.due, milestone.weight) == (day("09-30"), 5)

    def test_a_tick_dated_before_the_addition_holds_but_shows_from_the_addition(self) -> None:
        act = action(row(1, "01-01"), row(2, "03-01", marks=(ADDED,)), row(3, "02-01", marks=(TICK,)))
        assert state(act, "02-15").milestones == ()
        assert state(act, "03-01").milestones[0].done

    def test_a_milestone_reopened_is_open_and_one_dropped_counts_no_more(self) -> None:
        act = action(
            row(1, "01-01", marks=(ADDED, ADDED_2)),
            row(2, "02-01", marks=(TICK,)),
            row(3, "03-01", marks=(mark(MarkKind.REOPENED),)),
            row(4, "04-01", marks=(TICK, mark(MarkKind.DROPPED, 2))),
        )
        assert [state(act, f"0{n}-01").progress for n in (1, 2, 3, 4)] == [0, 25, 0, 100]
        assert [m.is_open for m in state(act, "04-01").milestones] == [False, False]


class TestProgress:
    @pytest.mark.parametrize(
        ("status", "declared", "marks", "expected"),
        [
            (STOPPED, 50, (ADDED, TICK), (None, "stopped")),
            (DONE, 50, (ADDED,), (100, "done")),
            (TO_START, 50, (ADDED, ADDED_2, TICK), (25, "milestones")),
            (IN_PROGRESS, 50, (ADDED, mark(MarkKind.DROPPED)), (50, "declared")),
            (TO_START, 5, (), (5, "declared")),
            (TO_START, None, (), (0, "to_start")),
            (IN_PROGRESS, None, (), (None, "none")),
            (SUSPENDED, None, (), (None, "none")),
        ],
    )
    def test_the_first_rule_that_applies(
        self,
        status: ActionStatus,
        declared: int | None,
        marks: tuple[MarkRecord, ...],
        expected: tuple[float | None, str],
    ) -> None:
        found = one("01-01", status=status, declared=declared, marks=marks)
        assert (found.progress, found.progress_rule) == expected
        assert found.counted == (expected[0] is not None)
        assert (found.left_out, found.missing) == (status is STOPPED, expected[1] == "none")

    def test_the_mean_is_weighted_and_tells_what_it_used_left_out_and_misses(self) -> None:
        acts = [
            action(row(1, "01-01", declared=50), key=1, weight=3),
            action(row(2, "01-01", DONE), key=2),
            action(row(3, "01-01", STOPPED), key=3),
            action(row(4, "01-01"), key=4),
        ]
        total = summarise(Timeline.build(acts).states(day("01-01")))
        assert (total.progress, total.weighted) == (62.5, True)
        assert (total.total, total.used, total.left_out, total.missing) == (4, 2, 1, 1)
        assert total.by_status == {
            TO_START: 0, IN_PROGRESS: 2, SUSPENDED: 0, DONE: 1, STOPPED: 1
        }  # fmt: skip
        assert total.by_health[Health.UNKNOWN] == total.by_health[Health.NOT_APPLICABLE] == 2

    def test_nothing_to_count_is_none_and_never_zero(self) -> None:
        assert summarise([]).progress is None
        assert summarise([one("01-01"), one("01-01", status=STOPPED)]).progress is None

    def test_only_leaves_count_and_a_parent_shows_the_weighted_mean_of_its_own(self) -> None:
        acts = [
            action(row(1, "01-01", declared=10), key=1, group=1),
            action(row(2, "02-01", declared=20), key=2, parent=1, weight=3, group=2),
            action(row(3, "03-01", DONE), key=3, parent=1),
            action(row(4, "03-01", STOPPED), key=4, parent=1),
        ]
        timeline = Timeline.build(acts)
        assert [timeline.states(day(f"0{n}-01"))[0].progress for n in (1, 2, 3)] == [10, 20, 40]
        parent = timeline.states(day("03-01"))[0]
        assert (parent.leaf, parent.counted, parent.progress_rule) == (False, False, "sub_actions")
        total = summarise(timeline.states(day("03-01")))
        assert (total.total, total.used, total.progress) == (3, 2, 40)
        # Alone in its group, the parent still shows them and still does not count.
        shown = timeline.select(lambda record: record.group_id == 1).states(day("03-01"))
        assert shown == (parent,)
        assert summarise(shown).total == 0
        loose = [state(act, "03-01") for act in acts]
        again = progress.with_children(loose)[0]
        assert (again._replace(log=parent.log), again.milestones) == (parent, parent.milestones)
        assert summarise(loose) == total

    def test_summaries_by_key_keep_a_bucket_for_what_has_none(self) -> None:
        acts = [
            action(row(1, "01-01", declared=10), key=1, group=5, entities=(1, 2)),
            action(row(2, "01-01", declared=30), key=2, entities=(2,)),
            action(row(3, "01-01", declared=50), key=3),
        ]
        states = Timeline.build(acts).states(day("01-01"))
        groups, entities = progress.by_group(states), progress.by_entity(states)
        assert {key: part.progress for key, part in groups.items()} == {5: 10, None: 40}
        assert {key: part.progress for key, part in entities.items()} == {1: 10, 2: 20, None: 50}
        assert progress.by_theme(states).keys() == {None}

    @pytest.mark.parametrize(
        ("start", "current", "target", "expected"),
        [
            (0, 5, 20, 25),
            (20, 15, 0, 25),
            (0, 30, 20, 100),
            (10, 5, 20, 0),
            (Decimal("1.5"), Decimal(2), Decimal("2.5"), 50),
            (None, 5, 20, None),
            (0, None, 20, None),
            (0, 5, None, None),
            (20, 20, 20, None),
        ],
    )
    def test_indicator_rising_or_falling_clipped_or_none(
        self, start: float, current: float, target: float, expected: float | None
    ) -> None:
        assert progress.indicator_progress(start, current, target) == expected


class TestComputed:
    END = (day("01-01"), day("03-31"))

    @pytest.mark.parametrize("status", list(ActionStatus))
    def test_late_is_due_before_today_and_neither_done_nor_stopped(self, status: ActionStatus) -> None:
        late = one("04-01", status=status, plan=self.END).late
        assert late == (status not in {DONE, STOPPED})
        assert not one("03-31", status=status, plan=self.END).late
        assert not one("12-31", status=status).late

    def test_late_start_is_to_start_after_the_planned_start(self) -> None:
        assert one("01-02", status=TO_START, plan=self.END).late_start
        assert not one("01-01", status=TO_START, plan=self.END).late_start
        assert not one("01-02", plan=self.END).late_start

    def test_behind_with_milestones_is_one_due_and_not_done(self) -> None:
        values = {"plan": (day("01-01"), day("12-31")), "declared": 0}
        assert one("04-01", marks=(ADDED,), **values).behind
        assert not one("03-31", marks=(ADDED,), **values).behind
        assert not one("04-01", marks=(ADDED, TICK), **values).behind
        assert not one("04-01", marks=(ADDED, mark(MarkKind.DROPPED)), **values).behind
        assert not one("04-01", marks=(ADDED,), plan=(day("01-01"), None)).behind
        assert not one("04-01", marks=(ADDED,), status=SUSPENDED, **values).behind

    def test_behind_without_milestones_compares_on_the_day_of_the_last_statement(self) -> None:
        plan = (day("01-01"), day("04-11"))  # 100 days
        said = {"opened": "02-20", "recorded": "03-31", "plan": plan}  # 50 % elapsed when said
        assert one("12-31", declared=39, **said).behind
        assert not one("12-31", declared=40, **said).behind
        assert not one("12-31", declared=None, **said).behind
        for elapsed in range(10, 100):  # never behind for a rounding
            on = f"{day('01-01') + timedelta(days=elapsed):%m-%d}"
            assert not one("12-31", opened=on, declared=elapsed - 10, plan=plan).behind

    def test_silent_after_the_rhythm_counted_from_any_row_in_force(self) -> None:
        assert not one("04-01", status=TO_START).silent
        found = one("04-02", status=TO_START)
        assert (found.silent, found.silent_since) == (True, day("01-01"))
        act = action(row(1, "01-01"), row(2, "02-01", kind=CONFIRMATION))
        assert not state(act, "05-01").silent
        assert state(act, "05-02").silent_since == day("02-01")
        assert one("02-02", rhythm=1).silent
        assert not any(one("12-31", status=status).silent for status in (DONE, STOPPED))

    def test_to_check_sun_while_behind_or_late(self) -> None:
        sun = {"health": Health.SUN, "plan": self.END}
        assert one("04-01", declared=100, **sun).to_check[0] is ToCheck.SUN_BUT_LATE
        assert one("04-01", status=SUSPENDED, **sun).to_check == (ToCheck.SUN_BUT_LATE,)
        assert one("03-31", opened="03-01", declared=0, **sun).to_check == (ToCheck.SUN_BUT_LATE,)
        assert one("04-01", health=Health.VEILED, plan=self.END).to_check == ()
        assert one("03-31", **sun).to_check == ()

    def test_to_check_the_other_reasons(self) -> None:
        assert one("01-01", status=DONE, marks=(ADDED,)).to_check == (ToCheck.DONE_OPEN_MILESTONES,)
        assert one("01-01", status=DONE, marks=(ADDED, TICK)).to_check == ()
        assert one("01-01", status=SUSPENDED, declared=100).to_check == (ToCheck.COMPLETE_NOT_DONE,)
        assert one("01-01", status=DONE, declared=100).to_check == ()
        assert one("01-01").to_check == (ToCheck.STARTED_WITHOUT_START,)
        for health in Health:
            doubt = one("01-01", status=SUSPENDED, health=health, sentence=False).to_check
            assert bool(doubt) == (health in {Health.CLOUDY, Health.STORM})

    def test_late_milestones_are_counted_while_something_is_expected(self) -> None:
        assert one("07-01", marks=(ADDED, ADDED_2)).open_milestones_late == 2
        assert one("04-01", marks=(ADDED, ADDED_2)).open_milestones_late == 1
        assert one("07-01", marks=(ADDED, ADDED_2), status=DONE).open_milestones_late == 0
