"""Supporting and following a proposal from its pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tests.integration import proposal_scene
from tests.integration.proposal_scene import Town
from tracker.enums import (
    PhaseKind,
)
from tracker.extensions import db, end_transaction
from tracker.models import (
    Campaign,
    Event,
    Follow,
    Proposal,
)
from tracker.services import votes

forget = proposal_scene.forget  # the fixture
town = proposal_scene.town  # the fixture
agent = proposal_scene.agent  # the fixture


# --- Support ----------------------------------------------------------------------------------------------------


def supports(number: int) -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(Proposal.support_count).where(Proposal.number == number)) or 0


def test_support_and_withdrawal_as_plain_posts(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    page = agent.get(f"/propositions/{number}")
    action = page.page.select_one("form[data-support]")["action"]
    assert action == f"/propositions/{number}/soutien"
    page = agent.submit(action)
    assert supports(number) == 1
    assert "dont le vôtre" in page
    assert "Vous soutenez" in page.text
    assert "Vous soutenez" not in page.page.select_one("form[data-support] button").get_text()
    assert not page.select("form[data-support] button svg"), "taking back is a plain button"
    action = page.page.select_one("form[data-support]")["action"]
    assert "dont le vôtre" not in agent.submit(action)
    assert supports(number) == 0


def test_a_double_click_counts_once(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    for _ in range(2):
        agent.post(f"/propositions/{number}/soutien")
    assert supports(number) == 1
    for _ in range(2):
        agent.post(f"/propositions/{number}/retrait-soutien")
    assert supports(number) == 0


def test_asked_for_json_the_button_comes_back(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    answer = agent.post(
        f"/propositions/{number}/soutien?retour=/propositions", expected=200, headers={"Accept": "application/json"}
    )
    assert answer.json["supported"] is True
    assert answer.json["count"] == 1
    assert answer.json["label"] == "1 soutien"
    assert answer.json["message"].startswith("Votre soutien est enregistré")
    assert f"/propositions/{number}/retrait-soutien?retour=/propositions" in answer.json["html"].replace("%2F", "/")
    assert supports(number) == 1


def test_from_the_list_one_comes_back_to_the_same_place(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    action = agent.get("/propositions?theme=outils").page.select_one("form[data-support]")["action"]
    assert agent.post(action).location.endswith(f"/propositions?theme=outils#proposition-{number}")
    away = agent.post(f"/propositions/{number}/soutien?retour=https://ailleurs.example/").location
    assert "ailleurs" not in away


def test_no_button_and_no_support_outside_the_step(
    agent: CheckedClient, town: Town, writing: Any, clock: Clock
) -> None:
    with writing():
        number = town.proposal().number
    clock.set(datetime(2026, 4, 2, 10, 0, tzinfo=UTC))
    agent.login(town.agent)
    assert not agent.get(f"/propositions/{number}").select("form[data-support]")
    assert not agent.get("/propositions").select("form[data-support]")
    assert "pas ouverts" in agent.submit(f"/propositions/{number}/soutien")
    refused = agent.post(f"/propositions/{number}/soutien", expected=422, headers={"Accept": "application/json"})
    assert "pas ouverts" in refused.json["error"]
    assert supports(number) == 0


def test_the_page_says_what_is_protected_and_no_cache_keeps_it(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    page = agent.get(f"/propositions/{number}")
    assert "sans votre nom ni l'heure" in page
    assert "ce qui ne l'est pas" in page
    assert page.response.headers["Cache-Control"] == "private, no-cache"
    assert "ETag" not in page.response.headers


def test_a_vote_writes_no_event_and_no_follow(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    agent.post(f"/propositions/{number}/soutien")
    for table in (Event, Follow):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_visitor_may_neither_read_nor_support(client: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    client.get(f"/propositions/{number}", expected=302)
    client.post(f"/propositions/{number}/soutien", expected=401, headers={"Origin": "http://localhost"})
    assert supports(number) == 0


def test_the_first_support_opens_the_roll(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    agent.post(f"/propositions/{number}/soutien")
    campaign = db.session.get_one(Campaign, town.campaign.id)
    assert campaign.roll_opened_at is not None
    key = votes.living_key(campaign.id)
    assert key is not None
    assert campaign.key_sha256 == key.sha256


def test_reviewing_step_shows_the_count_without_the_button(client: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        quiet = factories.campaign(town.project, (PhaseKind.REVIEWING, date(2026, 3, 1), date(2026, 4, 1)))
        number = town.proposal(campaign_id=quiet.id, support_count=3).number
    page = client.login(town.agent).get(f"/propositions/{number}")
    assert "3 soutiens" in page
    assert not page.select("form[data-support]")


# --- Following --------------------------------------------------------------------------------------------------


def test_following_is_a_separate_choice(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal().number
    for _ in range(2):
        assert "Ne plus suivre" in agent.submit(f"/propositions/{number}/suivi", {"suivre": "1"})
    assert db.session.scalar(select(func.count()).select_from(Follow)) == 1
    assert "Suivre cette proposition" in agent.submit(f"/propositions/{number}/suivi", {"suivre": "0"})
    assert db.session.scalar(select(func.count()).select_from(Follow)) == 0
    assert supports(number) == 0
