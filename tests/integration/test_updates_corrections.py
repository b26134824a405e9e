"""The log of an action: corrections and retractions (design 4.2)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.conftest import NOON
from tests.integration import log_scene
from tests.integration.log_scene import later, post, rows, state
from tracker.enums import ActionStatus, UpdateKind
from tracker.errors import Conflict, Forbidden, Refused
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, MilestoneMark
from tracker.records import Actor
from tracker.services import corrections, log_entries
from tracker.services.updates import Statement

site = log_scene.site  # the fixture


# --- Corrections and retractions


def correct(
    site: Any, update_id: int, actor: Actor | None = None, now: datetime = NOON + timedelta(hours=2), **options: Any
) -> ActionUpdate:
    on = options.pop("on", None)
    kept_marks = options.pop("kept_marks", None)
    return corrections.correct(
        update_id=update_id, statement=Statement(**options), actor=actor or site.pilot, now=now, effective_on=on,
        kept_marks=kept_marks,
    )  # fmt: skip


def test_a_correction_replaces_the_row_keeps_its_rank_and_the_past_as_it_was_known(site: Any, writing: Any) -> None:
    with writing():
        wrong = post(site, status=ActionStatus.DONE, on=date(2026, 3, 2))
        wrong_id, rank = wrong.id, wrong.rank_at
    with writing():
        row = correct(site, wrong_id, status=ActionStatus.IN_PROGRESS, note="Il reste une étape.")
        assert (row.kind, row.supersedes_id, row.rank_at) == (UpdateKind.CORRECTION, wrong_id, rank)
    assert state(site).status is ActionStatus.IN_PROGRESS
    assert state(site, known_at=NOON).status is ActionStatus.DONE


def test_a_correction_restates_the_marks_that_stay_true_and_only_these(site: Any, writing: Any) -> None:
    first, second = site.steps
    with writing():
        row_id = post(site, done=frozenset({first, second})).id
    marks = list(db.session.scalars(select(MilestoneMark.id).where(MilestoneMark.update_id == row_id)))
    with writing():
        corrected = correct(site, row_id, kept_marks=marks[:1]).id
    assert [m.done for m in state(site).milestones] == [True, False]
    with writing():
        correct(site, corrected, done=frozenset({second}), now=later(hours=3))
    assert [m.done for m in state(site).milestones] == [True, True]


def test_correcting_the_opening_keeps_its_milestones_and_may_move_it_earlier(site: Any, writing: Any) -> None:
    with writing():
        correct(site, site.opening_id, actor=site.lead, on=date(2025, 12, 1), planned_end=date(2026, 7, 31))
    before = state(site, date(2025, 12, 1))
    assert len(before.milestones) == 2
    assert before.planned_end == date(2026, 7, 31)


def test_the_opening_cannot_come_after_a_point_nor_a_point_before_it(site: Any, writing: Any) -> None:
    with writing():
        key = post(site, on=date(2026, 2, 10), note="Un premier point.").id
    with pytest.raises(Refused, match="après un point"), writing():
        correct(site, site.opening_id, actor=site.lead, on=date(2026, 2, 11))
    with pytest.raises(Refused, match="avant l'ouverture"), writing():
        correct(site, key, on=date(2026, 1, 4))
    with pytest.raises(Refused, match="à venir"), writing():
        correct(site, key, on=date(2026, 3, 17))


def test_the_opening_is_never_retracted_not_even_once_corrected(site: Any, writing: Any) -> None:
    with writing():
        corrected = correct(site, site.opening_id, actor=site.lead, planned_end=date(2026, 7, 31)).id
    with pytest.raises(Refused, match="ne se retire pas"), writing():
        corrections.retract(update_id=corrected, reason="Une ouverture de trop.", actor=site.lead, now=later(hours=3))


def test_a_retraction_takes_the_row_out_and_does_not_revive_what_it_corrected(site: Any, writing: Any) -> None:
    with writing():
        first = post(site, status=ActionStatus.IN_PROGRESS).id
    with writing():
        second = correct(site, first, status=ActionStatus.DONE).id
    with writing():
        row = corrections.retract(
            update_id=second, reason="Saisi sur la mauvaise action.", actor=site.pilot, now=later(hours=3)
        )
        assert (row.status, row.health, row.planned_end) == (None, None, None)
    assert state(site).status is ActionStatus.TO_START


def test_a_retraction_says_why_and_is_not_itself_corrected(site: Any, writing: Any) -> None:
    with writing():
        key = post(site, note="À retirer.").id
    with pytest.raises(Refused), writing():
        corrections.retract(update_id=key, reason="oups", actor=site.pilot, now=later(hours=1))
    with writing():
        gone = corrections.retract(
            update_id=key, reason="Saisi sur la mauvaise action.", actor=site.pilot, now=later(hours=1)
        ).id
    with pytest.raises(Refused, match="retrait"), writing():
        correct(site, gone, note="Encore.")


def test_a_row_is_superseded_once(site: Any, writing: Any) -> None:
    with writing():
        key = post(site, note="Un point.").id
    with writing():
        correct(site, key, note="Mieux dit.")
    with pytest.raises(Conflict, match="entre-temps"), writing():
        correct(site, key, note="Dit par quelqu'un d'autre.")
    with pytest.raises(Conflict), writing():
        corrections.retract(update_id=key, reason="Je le retire aussi.", actor=site.pilot, now=later(hours=3))
    assert rows() == 3


def retraction(action: Action, superseded: int) -> ActionUpdate:
    return log_entries.append(
        action, kind=UpdateKind.RETRACTION, values=None, effective_on=date(2026, 3, 16), now=later(hours=1),
        supersedes_id=superseded, note="Saisi sur la mauvaise action.",
    )  # fmt: skip


def test_the_second_superseding_is_a_conflict_that_leaves_the_transaction_alive(site: Any, writing: Any) -> None:
    with writing():
        key = post(site, note="Un point.").id
    with writing():
        action = db.session.get_one(Action, site.action_id)
        retraction(action, key)
        with pytest.raises(Conflict, match="entre-temps"):
            retraction(action, key)
    assert rows() == 3, "the first is kept, the second is not"


def test_another_broken_constraint_is_not_told_as_a_conflict(site: Any, writing: Any) -> None:
    with pytest.raises(IntegrityError), writing():
        retraction(db.session.get_one(Action, site.action_id), 999_999)  # no such row
    with pytest.raises(IntegrityError), writing():
        log_entries.append(
            db.session.get_one(Action, site.action_id),
            kind=UpdateKind.RETRACTION,
            values=None,
            effective_on=date(2026, 3, 16),
            now=later(hours=1),
        )  # fmt: skip - a retraction of nothing


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("pilot", False), ("lead", True), ("steering", True), ("agent", False), ("other_lead", False), ("member", False)],
)
def test_a_row_is_corrected_by_its_author_the_lead_or_the_committee(
    site: Any, writing: Any, who: str, allowed: bool
) -> None:
    with writing():
        key = post(site, actor=site.lead, note="Dit par l'animatrice.").id
    if allowed:
        with writing():
            correct(site, key, actor=getattr(site, who), note="Corrigé.")
    else:
        with pytest.raises(Forbidden), writing():
            correct(site, key, actor=getattr(site, who), note="Corrigé.")
        assert rows() == 2


def test_a_moved_date_needs_a_reason_in_a_correction_too(site: Any, writing: Any) -> None:
    with writing():
        key = post(site, note="Un point.").id
    with pytest.raises(Refused) as refusal, writing():
        correct(site, key, planned_end=date(2026, 10, 1))
    assert refusal.value.field == "move_reason"
