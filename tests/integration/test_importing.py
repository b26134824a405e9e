"""Importing somebody else's lists: once, whole or not at all, and the second time nothing."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.integration import import_scene
from tests.integration.import_scene import ACTION_MAP, DONE_ROW, LOGGED, NOW, counts, tallied
from tracker.enums import ActionStatus, MarkKind, TallyChoice, UpdateKind, UpdateSource
from tracker.extensions import db, end_transaction
from tracker.models import (
    Action,
    ActionUpdate,
    ExternalRef,
    MilestoneMark,
    Programme,
    WorkingGroup,
)
from tracker.progress import ActionState, Timeline, progress_curves, status_by_month, summarise
from tracker.queries.log import load_actions
from tracker.services import importing

run = import_scene.run  # the fixture

ROOT = Path(__file__).parents[2]
REALDATA = Path(os.environ.get("TRACKER_REALDATA") or ROOT.parent / "shared" / "data")
OPEN_ROW = "2;Une rue;TRAVAUX;2016;2017-02;2018-03;2019-12;"


def states(as_of: date, *, known_at: datetime | None = None) -> list[ActionState]:
    programme_id = db.session.scalar(select(Programme.id).where(Programme.slug == "essai"))
    return list(Timeline.build(load_actions(programme_id=programme_id), known_at).states(as_of))


def test_actions_come_with_their_log(run: Any) -> None:
    report = run(DONE_ROW, OPEN_ROW)
    assert (report.created, report.changed, report.unchanged, report.issues) == (2, 0, 0, ())
    done, open_ = states(date(2020, 1, 31))
    assert (done.status, done.progress) == (ActionStatus.DONE, 100)
    assert (open_.status, open_.progress, open_.late) == (ActionStatus.IN_PROGRESS, 50, True)
    assert open_.planned_end == date(2019, 12, 31)
    assert [one.status for one in states(date(2016, 1, 1))] == [ActionStatus.TO_START]
    assert [one.progress for one in states(date(2017, 3, 1))] == [50, 25]
    kinds = Counter(db.session.scalars(select(ActionUpdate.kind).where(ActionUpdate.source == UpdateSource.IMPORT)))
    assert kinds == {UpdateKind.OPENING: 2, UpdateKind.STATEMENT: 6}
    action = db.session.scalars(select(Action).order_by(Action.number)).first()
    assert action is not None
    assert (action.number, action.baseline_start, action.baseline_end) == (1, date(2016, 2, 1), date(2018, 6, 30))
    assert [entity.name for entity in action.entities] == ["Ville"]
    assert action.group is not None
    assert action.theme is not None
    assert (action.group.name, action.theme.name) == ("Voirie", "Cadre de vie")


def test_a_second_run_changes_nothing(run: Any) -> None:
    run(DONE_ROW, OPEN_ROW)
    before = counts()
    revision = db.session.scalar(select(Programme.revision))
    report = run(DONE_ROW, OPEN_ROW, now=NOW + timedelta(days=30))
    assert (report.created, report.changed, report.unchanged) == (0, 0, 2)
    assert counts() == before
    assert db.session.scalar(select(Programme.revision)) == revision


def test_a_dry_run_says_the_same_and_leaves_nothing(run: Any) -> None:
    report = run(DONE_ROW, commit=False)
    assert (report.created, report.may_commit) == (1, True)
    assert counts() == [0] * len(LOGGED)


def test_one_error_and_nothing_is_written(run: Any) -> None:
    report = run(DONE_ROW, "2;Une rue;MYSTÈRE;2016;;;;")
    assert (report.created, report.errors, report.may_commit) == (0, 1, False)
    assert [(issue.line, issue.column) for issue in report.issues] == [(3, "état")]
    assert counts() == [0] * len(LOGGED)


def test_what_the_mapping_may_not_create_is_an_error(run: Any) -> None:
    report = run(DONE_ROW, mapping=ACTION_MAP)
    assert [issue.column for issue in report.issues] == ["project.slug"]
    report = run(DONE_ROW, mapping=ACTION_MAP + "[create]\nproject = true")
    assert {(issue.column, issue.value) for issue in report.issues} == {
        ("fields.theme", "Cadre de vie"),
        ("fields.group", "Voirie"),
        ("fields.entities", "Ville"),
    }
    assert counts() == [0] * len(LOGGED)


def test_what_is_there_is_found_whatever_its_case_and_accents(run: Any, writing: Any) -> None:
    with writing():
        project = factories.programme(slug="essai", entities=[factories.entity(slug="ville", name="La Ville")])
        factories.theme(project, slug="cadre", name="CADRE DE VIÉ")
        factories.group(project, slug="voirie-et-reseaux", name="Voirie")
        factories.action(project)
    report = run(DONE_ROW, mapping=ACTION_MAP)
    assert (report.created, report.issues) == (1, ())
    assert counts()[:4] == [1, 1, 1, 1]
    assert db.session.scalar(select(func.max(Action.number))) == 2


def test_a_group_of_another_project_does_not_take_the_slug(run: Any, writing: Any) -> None:
    with writing():
        factories.group(factories.programme(), slug="voirie", name="Voirie")
    assert run(DONE_ROW).errors == 0
    assert sorted(db.session.scalars(select(WorkingGroup.slug))) == ["essai-voirie", "voirie"]


def test_a_file_with_more_news_appends_and_keeps_what_was_known(run: Any) -> None:
    run(OPEN_ROW)
    later = NOW + timedelta(days=60)
    finished = "2;Une rue;FIN;2016;2017-02;2018-03;2019-11;2019-12"
    report = run(finished, now=later)
    assert (report.created, report.changed, report.issues) == (0, 1, ())
    (now,) = states(date(2020, 2, 28))
    assert (now.status, now.progress) == (ActionStatus.DONE, 100)
    assert now.planned_end == date(2019, 11, 30)
    (then,) = states(date(2020, 2, 28), known_at=NOW)
    assert (then.status, then.planned_end) == (ActionStatus.IN_PROGRESS, date(2019, 12, 31))
    moved = db.session.scalars(select(ActionUpdate).where(ActionUpdate.move_reason != "")).all()
    assert [one.effective_on for one in moved] == [date(2019, 11, 30)]
    before = counts()
    assert run(finished, now=later).unchanged == 1
    assert counts() == before


def test_new_dates_alone_are_told_on_the_day_of_the_file(run: Any) -> None:
    run(OPEN_ROW)
    postponed = OPEN_ROW.replace("2019-12", "2021-06")
    run(postponed, now=NOW + timedelta(days=60))
    (state,) = states(date(2020, 1, 31))
    assert (state.planned_end, state.stated_on, state.late) == (date(2021, 6, 30), date(2019, 12, 31), False)
    (before,) = states(date(2019, 12, 30))
    assert before.planned_end == date(2019, 12, 31)
    # a third file, for another reason, does not take the move back
    run(postponed.replace("Une rue", "Une avenue"), now=NOW + timedelta(days=90))
    (state,) = states(date(2020, 1, 31))
    assert state.planned_end == date(2021, 6, 30)


def test_a_date_put_right_at_the_source_is_corrected_and_an_untrue_one_retracted(run: Any) -> None:
    run(OPEN_ROW)
    report = run("2;Une rue;TRAVAUX;2016;2017-02;2018-05;2019-12;", now=NOW + timedelta(days=60))
    assert report.changed == 1
    kinds = Counter(db.session.scalars(select(ActionUpdate.kind)))
    # the opening's correction restates the due date, the retraction takes the old tick away
    assert kinds == {
        UpdateKind.OPENING: 1,
        UpdateKind.STATEMENT: 3,
        UpdateKind.CORRECTION: 1,
        UpdateKind.RETRACTION: 1,
    }
    assert [one.progress for one in states(date(2018, 4, 1))] == [25]
    assert [one.progress for one in states(date(2018, 5, 1))] == [50]


def test_what_people_corrected_stays(run: Any, writing: Any) -> None:
    run(OPEN_ROW)
    with writing():
        row = db.session.scalars(select(ActionUpdate).where(ActionUpdate.effective_on == date(2018, 3, 1))).one()
        factories.update(
            db.session.get_one(Action, row.action_id), date(2018, 3, 15), recorded_at=NOW + timedelta(days=1),
            kind=UpdateKind.CORRECTION, supersedes_id=row.id, rank_at=row.rank_at, status=ActionStatus.SUSPENDED,
        )  # fmt: skip
    run(OPEN_ROW.replace("Une rue", "Une avenue"), now=NOW + timedelta(days=60))
    (state,) = states(date(2020, 1, 31))
    assert state.status is ActionStatus.SUSPENDED
    assert db.session.scalar(select(Action.title)) == "Une avenue"


def test_statements_do_not_grow_with_rows(run: Any, count_sql: Any) -> None:
    def rows(count: int, first: int) -> list[str]:
        return [
            f"{first + at};Une place n° {first + at};FIN;2015;2016-02;2017-03;2018-06;2018-09" for at in range(count)
        ]

    run(DONE_ROW)
    with count_sql() as few:
        run(*rows(5, 100))
    with count_sql() as many:
        run(*rows(150, 1_000))
    assert len(many) == len(few)


needs_realdata = pytest.mark.skipif(not REALDATA.is_dir(), reason=f"real data not found in {REALDATA}")


@pytest.mark.realdata
@needs_realdata
def test_paris_becomes_a_board(app: Any) -> None:
    now = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
    data = REALDATA / "paris_bp_laureats" / "bp_projets_gagnants.csv"
    mapping = ROOT / "seeds" / "reference" / "paris_bp_laureats.toml"
    report = importing.run_import("actions", data, mapping, now=now)
    assert (report.created, report.errors) == (973, 0)
    end_transaction(commit=True)
    project = db.session.scalars(select(Programme)).one()
    timeline = Timeline.build(load_actions(programme_id=project.id))
    summary = summarise(timeline.states(date(2025, 11, 30)))
    assert {status: count for status, count in summary.by_status.items() if count} == {
        ActionStatus.DONE: 740,
        ActionStatus.IN_PROGRESS: 167,
        ActionStatus.STOPPED: 56,
        ActionStatus.TO_START: 10,
    }
    months = status_by_month(timeline, date(2015, 1, 1), date(2029, 12, 31), date(2025, 11, 30))
    assert sum(months[-1].counts.values()) == 973
    curves = progress_curves(timeline, first=date(2015, 1, 1), last=date(2029, 12, 31), as_of=date(2025, 11, 30))
    assert curves.actual[-1].value == pytest.approx(summary.progress)
    reversed_ = select(func.count()).select_from(Action).where(Action.baseline_end < Action.baseline_start)
    assert db.session.scalar(reversed_) == 3
    flags = Counter(flag for row in db.session.scalars(select(ExternalRef.flags)) for flag in row)
    assert flags["stop_date_assumed"] == 56
    again = importing.run_import("actions", data, mapping, now=now)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 973)
    end_transaction(commit=True)


@pytest.mark.realdata
@needs_realdata
def test_republique_numerique_keeps_its_counts(app: Any) -> None:
    data = REALDATA / "republique_numerique" / "opinions.csv"
    mapping = ROOT / "seeds" / "reference" / "republique_numerique.toml"
    report = importing.run_import("proposals", data, mapping, now=NOW)
    assert (report.created, report.errors) == (696, 0)
    end_transaction(commit=True)
    assert tallied() == {
        TallyChoice.FOR.value: 71_940,
        TallyChoice.AGAINST.value: 10_735,
        TallyChoice.MIXED.value: 5_947,
    }
    assert importing.run_import("proposals", data, mapping, now=NOW).unchanged == 696
    end_transaction(commit=False)


def test_marks_are_those_of_the_steps(run: Any) -> None:
    run(OPEN_ROW)
    kinds = Counter(db.session.scalars(select(MilestoneMark.kind)))
    assert kinds == {MarkKind.ADDED: 4, MarkKind.DONE: 2}


def test_a_report_reads_as_a_sentence(run: Any) -> None:
    report = run(DONE_ROW, commit=False)
    assert report.sentence().startswith("Lignes lues : 1 · nouvelles : 1 · modifiées : 0")
