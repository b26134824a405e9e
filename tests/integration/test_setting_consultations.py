"""A consultation's steps: what has begun stays, a closed vote is not reopened, promises have their bounds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.conftest import NOON
from tests.integration import settings_scene
from tests.integration.settings_scene import last_event
from tracker.enums import PhaseKind
from tracker.extensions import db
from tracker.models import Campaign, Event, Phase
from tracker.records import paris_instant

project = settings_scene.project  # the fixture
manager = settings_scene.manager  # the fixture


START = paris_instant(date(2026, 3, 1), 8)
CLOSE = paris_instant(date(2026, 4, 1))
END = paris_instant(date(2026, 6, 30), 18)


def typed(
    *steps: tuple[str, str, str], ends_on: str = "2026-06-30", ends_at: str = "18:00", **more: str
) -> dict[str, str]:
    data = {"title": "Vos idées", "moderation_days": "5", "ends_on": ends_on, "ends_at": ends_at, **more}
    for at, (kind, day, hour) in enumerate(steps):
        data |= {f"phases-{at}-kind": kind, f"phases-{at}-day": day, f"phases-{at}-hour": hour}
    return data


PRESENT = (("proposing", "2026-03-01", "08:00"), ("reviewing", "2026-04-01", "00:00"))


@pytest.fixture
def campaign(writing, project) -> Campaign:
    with writing():
        row = factories.add(Campaign(programme_id=project.id, title="Vos idées"))
        for kind, starts_at, ends_at in ((PhaseKind.PROPOSING, START, CLOSE), (PhaseKind.REVIEWING, CLOSE, END)):
            factories.add(Phase(campaign_id=row.id, kind=kind, starts_at=starts_at, ends_at=ends_at))
    return row


def steps_of(key: int) -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(Phase).where(Phase.campaign_id == key).order_by(Phase.starts_at))
    return [(row.kind.value, row.starts_at.isoformat(), row.ends_at.isoformat()) for row in rows]


def test_a_consultation_s_form_says_what_is_there_and_saving_it_changes_nothing(manager, campaign) -> None:
    page = manager.get(f"/reglages/consultations/{campaign.id}")
    shown = {one["name"]: one.get("value", "") for one in page.select("main form input[name]")}
    assert (shown["phases-0-day"], shown["phases-0-hour"]) == ("2026-03-01", "08:00")
    assert (shown["ends_on"], shown["ends_at"]) == ("2026-06-30", "18:00")
    before, events = steps_of(campaign.id), db.session.scalar(select(func.count(Event.id)))
    manager.post(f"/reglages/consultations/{campaign.id}", typed(*PRESENT))
    assert steps_of(campaign.id) == before
    assert db.session.scalar(select(func.count(Event.id))) == events


def test_a_running_step_is_prolonged_and_the_next_one_follows(manager, campaign) -> None:
    manager.post(f"/reglages/consultations/{campaign.id}", typed(PRESENT[0], ("reviewing", "2026-04-10", "")))
    steps = steps_of(campaign.id)
    assert steps[0][2] == steps[1][1] == paris_instant(date(2026, 4, 10)).isoformat()
    assert last_event().verb == "campaign:edit"
    assert "steps" in last_event().changes


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([("proposing", "2026-03-02", "08:00"), PRESENT[1]], "garde son début"),
        ([PRESENT[1]], "garde son début"),
        ([("voting", "2026-03-01", "08:00"), PRESENT[1]], "garde ce qu'elle permet"),
        ([PRESENT[0], ("reviewing", "2026-03-10", "")], "maintenant ou plus tard"),
        ([PRESENT[0], ("reviewing", "2026-02-01", "")], "après celle qui précède"),
        ([PRESENT[0], ("reviewing", "2026-08-01", "")], "La fin vient avant"),
        ([PRESENT[0], ("reviewing", "", "")], "le jour où l'étape « étude et réponses » commence"),
        ([PRESENT[0], ("reviewing", "0001-01-01", "")], "une date entre 1990 et 2100"),
        ([PRESENT[0], ("zzz", "2026-04-01", "")], "choix"),
    ],
)
def test_steps_that_would_move_what_has_begun_are_refused_and_kept(manager, campaign, steps, said) -> None:
    before = steps_of(campaign.id)
    page = manager.post(f"/reglages/consultations/{campaign.id}", typed(*steps, title="Des mots gardés"), expected=422)
    assert said in page.words.lower() or said in page, page.words
    assert page.select('input[name="title"]')[0]["value"] == "Des mots gardés"
    assert steps_of(campaign.id) == before


@pytest.mark.parametrize("job_closed", [False, True])
def test_after_the_close_no_step_of_support_is_added_or_prolonged(
    manager, campaign, clock, writing, job_closed
) -> None:
    clock.set(CLOSE + timedelta(days=2))
    if job_closed:
        with writing():
            db.session.get(Campaign, campaign.id).votes_closed_at = CLOSE
    address = f"/reglages/consultations/{campaign.id}"
    assert "Le vote est clos" in manager.get(address)
    for steps in (
        (*PRESENT, ("voting", "2026-05-01", "")),
        (PRESENT[0], PRESENT[1], ("proposing", "2026-05-01", "")),
    ):
        assert (
            "Le vote est clos"
            in manager.post(address, typed(*steps), expected=422).select(".error-summary")[0].get_text()
        )
    longer = manager.post(address, typed(PRESENT[0], ("reviewing", "2026-05-01", "")), expected=422)
    assert "garde" in longer.select(".error-summary")[0].get_text() or "terminée" in longer.text
    manager.post(address, typed(*PRESENT, ("pause", "2026-05-01", "")))
    assert len(steps_of(campaign.id)) == 3


def test_a_consultation_that_is_over_may_go_on_with_a_step_where_nobody_votes(manager, campaign, clock) -> None:
    clock.set(END + timedelta(days=3))
    manager.login(manager.user)
    address = f"/reglages/consultations/{campaign.id}"
    manager.post(address, typed(*PRESENT, ends_on="2026-09-01"), expected=422)
    going_on = (*PRESENT, ("pause", "2026-06-30", "18:00"))
    manager.post(address, typed(*going_on, ends_on="2026-09-01"))
    assert [step[0] for step in steps_of(campaign.id)] == ["proposing", "reviewing", "pause"]


def test_a_first_step_does_not_begin_in_the_past(manager, project) -> None:
    page = manager.post("/reglages/consultations/nouvelle", typed(("proposing", "2026-03-15", "")), expected=422)
    assert "avant aujourd'hui" in page
    manager.post("/reglages/consultations/nouvelle", typed(("proposing", "2026-03-16", "")))


def test_promises_have_their_bounds(manager, project) -> None:
    for wrong in ({"moderation_days": "0"}, {"moderation_days": "61"}, {"answer_by": "2026-03-20"}):
        manager.post("/reglages/consultations/nouvelle", typed(("proposing", "2026-03-16", ""), **wrong), expected=422)
    assert db.session.scalar(select(func.count(Campaign.id))) == 0


def test_a_consultation_leaves_only_while_it_has_received_nothing(manager, campaign, project, writing) -> None:
    address = f"/reglages/consultations/{campaign.id}"
    with writing():
        proposal = factories.proposal(project, campaign_id=campaign.id)
    gone = {"geste": "supprimer", "confirmed": "yes"}
    manager.post(address, gone)
    assert "a reçu des propositions" in manager.get("/aide").text
    with writing():
        db.session.get(type(proposal), proposal.id).campaign_id = None
        db.session.get(Campaign, campaign.id).roll_opened_at = NOON
    manager.post(address, gone)
    assert "ne peut plus être supprimée" in manager.get("/aide").text
    with writing():
        db.session.get(Campaign, campaign.id).roll_opened_at = None
    manager.post(address, gone)
    assert db.session.scalar(select(func.count(Campaign.id))) == 0
    assert db.session.scalar(select(func.count(Phase.id))) == 0
