"""The log of an action, written only by services: points, confirmations, rounds, creation (design 4.1, 4.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.conftest import NOON, Clock
from tests.integration import log_scene
from tests.integration.log_scene import TODAY, later, post, rows, state
from tracker.enums import ActionStatus, Health, MarkKind, ProposalState, UpdateKind
from tracker.errors import Conflict, Forbidden, NotFound, Refused
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Event
from tracker.progress import state_at
from tracker.queries import log
from tracker.services import actions, corrections, updates
from tracker.services.updates import NewMilestone, Statement

site = log_scene.site  # the fixture


def test_a_point_is_a_complete_statement_of_what_was_said_and_what_stood(site: Any, writing: Any) -> None:
    with writing():
        row = post(site, status=ActionStatus.IN_PROGRESS, health=Health.VEILED, note="Nous avons commencé.")
        assert (row.kind, row.planned_start, row.planned_end) == (
            UpdateKind.STATEMENT, date(2026, 2, 1), date(2026, 6, 30),
        )  # fmt: skip
    now = state(site)
    assert (now.status, now.health, now.health_on) == (ActionStatus.IN_PROGRESS, Health.VEILED, TODAY)


def test_unchanged_values_are_those_of_the_day_spoken_of_not_of_today(site: Any, writing: Any) -> None:
    with writing():
        post(site, status=ActionStatus.IN_PROGRESS, health=Health.SUN, declared_progress=60)
    with writing():
        row = post(site, on=date(2026, 2, 10), note="Ce jour-là.", now=later(hours=1))
        assert (row.status, row.declared_progress) == (ActionStatus.TO_START, None)
    assert state(site).declared_progress == 60
    assert state(site, date(2026, 2, 20)).status is ActionStatus.TO_START


@pytest.mark.parametrize(("day", "word"), [(date(2026, 3, 17), "à venir"), (date(2026, 1, 4), "avant l'ouverture")])
def test_a_point_is_never_of_the_future_nor_before_the_opening(site: Any, writing: Any, day: date, word: str) -> None:
    with pytest.raises(Refused, match=word), writing():
        post(site, on=day, note="Trop tôt ou trop tard.")
    assert rows() == 1


@pytest.mark.parametrize("weather", [Health.CLOUDY, Health.STORM])
def test_from_nuageux_on_a_sentence_for_everybody_is_required(site: Any, writing: Any, weather: Health) -> None:
    with pytest.raises(Refused) as refusal, writing():
        post(site, health=weather, private_note="Dit au comité seulement.")
    assert refusal.value.field == "note"
    with writing():
        post(site, health=weather, note="Il manque un développeur.")
    assert state(site).health is weather
    assert state(site).to_check == ()


def test_a_moved_date_needs_its_reason_and_a_first_date_none(site: Any, writing: Any) -> None:
    with pytest.raises(Refused) as refusal, writing():
        post(site, planned_end=date(2026, 9, 30))
    assert refusal.value.field == "move_reason"
    with writing():
        row = post(site, planned_end=date(2026, 9, 30), move_reason="Le marché est relancé.")
        assert row.move_reason == "Le marché est relancé."
    assert state(site).planned_end == date(2026, 9, 30)


def test_the_end_cannot_come_before_the_start(site: Any, writing: Any) -> None:
    with pytest.raises(Refused) as refusal, writing():
        post(site, planned_end=date(2026, 1, 1), move_reason="Une erreur de frappe.")
    assert refusal.value.field == "planned_end"


def test_the_baseline_is_the_first_complete_pair_and_a_point_never_changes_it(site: Any, writing: Any) -> None:
    with writing():
        undated = actions.create_action(
            programme_id=site.project_id, title="Sans dates", actor=site.steering, now=NOON, planned_start=TODAY
        )
        key = undated.id
        assert (undated.baseline_start, undated.baseline_end) == (None, None)
    with writing():
        updates.post_update(
            action_id=key, statement=Statement(planned_end=date(2026, 12, 1)), actor=site.steering, now=NOON
        )
    with writing():
        updates.post_update(
            action_id=key, statement=Statement(planned_end=date(2027, 1, 1), move_reason="Plus long que prévu."),
            actor=site.steering, now=later(hours=1),
        )  # fmt: skip
        action = db.session.get_one(Action, key)
        assert (action.baseline_start, action.baseline_end) == (TODAY, date(2026, 12, 1))


def test_milestones_are_ticked_moved_dropped_and_added_by_a_point(site: Any, writing: Any) -> None:
    first, second = site.steps
    with writing():
        post(
            site, done=frozenset({first}), due={second: date(2026, 7, 1)},
            added=(NewMilestone("Bilan", date(2026, 12, 1), 2),),
        )  # fmt: skip
    now = state(site)
    assert [(m.label, m.due, m.done, m.weight) for m in now.milestones] == [
        ("Cahier des charges", date(2026, 3, 1), True, 1),
        ("Ouverture", date(2026, 7, 1), False, 1),
        ("Bilan", date(2026, 12, 1), False, 2),
    ]
    assert now.progress == 25.0
    with writing():
        post(site, dropped=frozenset({second}), reopened=frozenset({first}), now=later(hours=1))
    assert state(site).progress == 0.0


def test_what_was_already_so_makes_no_mark(site: Any, writing: Any) -> None:
    with writing():
        post(site, done=frozenset({site.steps[0]}))
    with writing():
        row = post(site, done=frozenset({site.steps[0]}), now=later(hours=1))
        assert row.marks == []


def test_a_milestone_of_another_action_is_refused(site: Any, writing: Any) -> None:
    with pytest.raises(Refused, match="jalons"), writing():
        post(site, done=frozenset({999}))


def test_an_earlier_tick_is_a_back_dated_row_of_its_own(site: Any, writing: Any) -> None:
    with writing():
        post(site, on=date(2026, 2, 20), done=frozenset({site.steps[0]}))
    assert state(site, date(2026, 2, 19)).progress == 0.0
    assert state(site, date(2026, 2, 20)).milestones[0].done_on == date(2026, 2, 20)


def test_a_stop_says_why_and_has_no_weather(site: Any, writing: Any) -> None:
    with pytest.raises(Refused, match="pourquoi"), writing():
        post(site, status=ActionStatus.STOPPED)
    with writing():
        post(site, status=ActionStatus.STOPPED, note="Le logiciel national le fait.", health=Health.SUN)
    assert state(site).health is Health.NOT_APPLICABLE
    with writing():
        post(site, status=ActionStatus.IN_PROGRESS, now=later(hours=1))
    assert state(site).health is Health.UNKNOWN


def test_nothing_has_changed_repeats_the_values_and_gives_news(site: Any, writing: Any) -> None:
    with writing():
        post(site, on=date(2026, 2, 2), health=Health.CLOUDY, note="Il manque un accord.")
    with writing():
        row = updates.confirm(action_id=site.action_id, actor=site.lead, now=NOON)
        assert (row.kind, row.health, row.health_on) == (UpdateKind.CONFIRMATION, Health.CLOUDY, date(2026, 2, 2))
    assert state(site).last_news_on == TODAY
    assert state(site).to_check == (), "the sentence said before still explains the weather"


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("pilot", True), ("lead", True), ("steering", True), ("member", False), ("agent", False), ("other_lead", False)],
)
def test_only_the_pilote_the_groups_lead_and_the_committee_speak_of_an_action(
    site: Any, writing: Any, who: str, allowed: bool
) -> None:
    acts = [
        lambda: post(site, getattr(site, who), note="Où en est-on."),
        lambda: updates.confirm(action_id=site.action_id, actor=getattr(site, who), now=NOON),
    ]
    for act in acts:
        before = rows()
        if allowed:
            with writing():
                act()
            assert rows() == before + 1
        else:
            with pytest.raises(Forbidden), writing():
                act()
            assert rows() == before


def test_an_unknown_action_or_row_is_not_found(site: Any, writing: Any) -> None:
    with pytest.raises(NotFound), writing():
        updates.confirm(action_id=999, actor=site.steering, now=NOON)
    with pytest.raises(NotFound), writing():
        corrections.retract(update_id=999, reason="Une ligne inconnue.", actor=site.steering, now=NOON)


def test_a_form_opened_before_somebody_elses_point_is_refused(site: Any, writing: Any) -> None:
    with writing():
        post(site, note="Entre-temps.")
    for act in (updates.confirm, lambda **kw: updates.post_update(statement=Statement(note="Trop tard."), **kw)):
        with pytest.raises(Conflict), writing():
            act(action_id=site.action_id, actor=site.pilot, now=NOON, expected_update_id=site.opening_id)
    assert rows() == 2


def test_every_act_leaves_one_event_without_any_note(site: Any, writing: Any) -> None:
    with writing():
        post(site, status=ActionStatus.IN_PROGRESS, note="Mot public.", private_note="Mot privé.")
    event = db.session.scalars(select(Event)).one()
    assert (event.verb, event.changes["status"]) == ("action:post", ["to_start", "in_progress"])
    assert "Mot" not in str(event.changes)


# --- The round


def test_a_round_confirms_and_changes_in_one_go(site: Any, writing: Any) -> None:
    with writing():
        second = factories.action(db.session.get_one(Action, site.action_id).programme, group_id=site.group_id)
        second_id = second.id
        opening = db.session.scalar(select(ActionUpdate.id).where(ActionUpdate.action_id == second_id))
    with writing():
        result = updates.post_round(
            statements={site.action_id: None, second_id: Statement(status=ActionStatus.IN_PROGRESS)},
            expected={site.action_id: site.opening_id, second_id: opening or 0}, actor=site.lead, now=NOON,
        )  # fmt: skip
    assert (result.confirmed, result.changed, dict(result.conflicts)) == (1, 1, {})
    assert rows() == 4


def test_a_round_leaves_aside_what_moved_and_writes_the_rest(site: Any, writing: Any) -> None:
    with writing():
        second = factories.action(db.session.get_one(Action, site.action_id).programme, group_id=site.group_id)
        second_id = second.id
        opening = db.session.scalar(select(ActionUpdate.id).where(ActionUpdate.action_id == second_id)) or 0
    statements = {site.action_id: None, second_id: None}
    expected = {site.action_id: site.opening_id, second_id: opening}
    with writing():
        post(site, note="Entre-temps.")
    with writing():
        result = updates.post_round(statements=statements, expected=expected, actor=site.lead, now=later(hours=1))
    assert (result.confirmed, set(result.conflicts)) == (1, {site.action_id})
    with writing():
        again = updates.post_round(statements=statements, expected=expected, actor=site.lead, now=later(hours=1))
    assert (again.confirmed, set(again.conflicts)) == (1, {site.action_id}), "one's own is not another's"
    assert rows() == 4, "and is not written again"


def test_one_bad_row_of_a_round_writes_nothing(site: Any, writing: Any) -> None:
    with writing():
        second = factories.action(db.session.get_one(Action, site.action_id).programme, group_id=site.group_id)
        second_id = second.id
        opening = db.session.scalar(select(ActionUpdate.id).where(ActionUpdate.action_id == second_id)) or 0
    before = rows()
    with pytest.raises(updates.RoundRefused) as refusal, writing():
        updates.post_round(
            statements={site.action_id: None, second_id: Statement(health=Health.STORM)},
            expected={site.action_id: site.opening_id, second_id: opening}, actor=site.lead, now=NOON,
        )  # fmt: skip
    assert set(refusal.value.rows) == {second_id}
    assert rows() == before


# --- Creating and changing what is not the log


def proposal(site: Any, writing: Any, state: ProposalState = ProposalState.RETAINED, **values: Any) -> int:
    from tracker.models import Programme

    with writing():
        project = db.session.get_one(Programme, site.project_id)
        return factories.proposal(project, state=state, **values).id


def test_a_lead_creates_an_action_from_retained_proposals_already_linked(site: Any, writing: Any, clock: Clock) -> None:
    ids = [proposal(site, writing), proposal(site, writing)]
    with writing():
        action = actions.create_action(
            programme_id=site.project_id, title="Ouvrir un guichet", actor=site.lead, now=NOON, proposal_ids=ids,
            group_id=site.group_id, planned_start=TODAY, planned_end=date(2026, 9, 1),
            milestones=[NewMilestone("Local choisi", date(2026, 5, 1))],
        )  # fmt: skip
        assert [p.id for p in action.proposals] == ids
        assert action.number == 2
        assert (action.baseline_start, action.baseline_end) == (TODAY, date(2026, 9, 1))
        assert [(u.kind, u.effective_on, [m.kind for m in u.marks]) for u in action.updates] == [
            (UpdateKind.OPENING, TODAY, [MarkKind.ADDED])
        ]
        key = action.id
    found = state_at(log.load_actions(ids=(key,))[0], as_of=TODAY)
    assert found is not None
    assert (found.status, found.progress) == (ActionStatus.TO_START, 0.0)


def test_a_lead_cannot_do_without_a_proposal_the_committee_can(site: Any, writing: Any) -> None:
    with pytest.raises(Refused) as refusal, writing():
        actions.create_action(
            programme_id=site.project_id, title="Sans idée", actor=site.lead, now=NOON, group_id=site.group_id
        )
    assert refusal.value.field == "proposals"
    with writing():
        actions.create_action(programme_id=site.project_id, title="Du comité", actor=site.steering, now=NOON)


@pytest.mark.parametrize("who", ["agent", "pilot", "member", "other_lead"])
def test_nobody_else_creates_an_action(site: Any, writing: Any, who: str) -> None:
    ids = [proposal(site, writing)]
    with pytest.raises(Forbidden), writing():
        actions.create_action(
            programme_id=site.project_id, title="Non", actor=getattr(site, who), now=NOON, proposal_ids=ids,
            group_id=site.group_id,
        )  # fmt: skip
    assert db.session.scalar(select(func.count()).select_from(Action)) == 1


def test_an_action_comes_from_retained_proposals_of_its_project_only(site: Any, writing: Any) -> None:
    published = proposal(site, writing, ProposalState.PUBLISHED)
    with writing():
        stranger = factories.proposal(factories.programme(), state=ProposalState.RETAINED).id
    for ids in ([published], [stranger], [9999]):
        with pytest.raises(Refused) as refusal, writing():
            actions.create_action(
                programme_id=site.project_id, title="Impossible", actor=site.steering, now=NOON, proposal_ids=ids
            )
        assert refusal.value.field == "proposals"


@pytest.mark.parametrize("day", [date(2026, 3, 17), date(1815, 1, 1)])
def test_an_action_does_not_open_in_the_future_nor_in_another_age(site: Any, writing: Any, day: date) -> None:
    with pytest.raises(Refused), writing():
        actions.create_action(
            programme_id=site.project_id, title="Demain", actor=site.steering, now=NOON, opened_on=day
        )


def test_the_baseline_is_changed_by_the_committee_alone_with_a_reason(site: Any, writing: Any) -> None:
    values = {"action_id": site.action_id, "start": date(2026, 3, 1), "end": date(2026, 8, 1)}
    with pytest.raises(Forbidden), writing():
        actions.change_baseline(**values, reason="Nous recommençons le plan.", actor=site.lead, now=NOON)
    with pytest.raises(Refused), writing():
        actions.change_baseline(**values, reason="", actor=site.steering, now=NOON)
    with writing():
        actions.change_baseline(**values, reason="Nous recommençons le plan.", actor=site.steering, now=NOON)
    action = db.session.get_one(Action, site.action_id)
    assert (action.baseline_start, action.baseline_end) == (date(2026, 3, 1), date(2026, 8, 1))
    with writing():
        actions.change_baseline(**values, reason="Nous recommençons le plan.", actor=site.steering, now=NOON)
    with pytest.raises(Refused, match="déjà celles"), writing():
        actions.change_baseline(**values, reason="Le marché a pris du retard.", actor=site.steering, now=NOON)
    event = db.session.scalars(select(Event)).one()
    assert event.changes["baseline_start"] == ["2026-02-01", "2026-03-01"]
    assert event.changes["reason"][1] == "Nous recommençons le plan."


def test_an_edit_leaves_old_and_new_in_the_trace(site: Any, writing: Any) -> None:
    with writing():
        old = db.session.get_one(Action, site.action_id).title
        actions.edit_action(action_id=site.action_id, title="Un meilleur titre", weight=3, actor=site.lead, now=NOON)
    assert db.session.scalars(select(Event)).one().changes == {"title": [old, "Un meilleur titre"], "weight": [1, 3]}
    with pytest.raises(Forbidden), writing():
        actions.edit_action(action_id=site.action_id, title="Non", actor=site.pilot, now=NOON)
    with pytest.raises(Forbidden), writing():
        actions.edit_action(action_id=site.action_id, group_id=site.other_id, actor=site.lead, now=NOON)
    with writing():
        actions.assign_pilot(action_id=site.action_id, pilot_id=None, actor=site.steering, now=NOON)
    assert db.session.get_one(Action, site.action_id).pilot_id is None


def test_an_instant_is_kept_in_utc_and_a_day_in_paris(site: Any, writing: Any) -> None:
    night = datetime(2026, 3, 16, 23, 30, tzinfo=UTC)  # already the 17th in Paris
    with writing():
        assert post(site, now=night, note="Après minuit.").effective_on == date(2026, 3, 17)
