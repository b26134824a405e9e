"""The page of a consultation."""

from __future__ import annotations

from datetime import date

from tests import factories
from tests.client import CheckedClient
from tracker.enums import PhaseKind


def test_a_consultation_tells_its_steps_and_when_an_answer_comes(client: CheckedClient, writing) -> None:
    with writing():
        programme = factories.programme()
        campaign = factories.campaign(
            programme,
            (PhaseKind.PROPOSING, date(2026, 3, 1), date(2026, 4, 1)),
            (PhaseKind.REVIEWING, date(2026, 4, 1), date(2026, 5, 1)),
            answer_by=date(2026, 5, 15),
            elsewhere="Pour une situation personnelle, voyez l'assistante sociale.",
        )
        factories.proposal(programme, campaign_id=campaign.id)
        user = factories.user(programme=programme)
    answer = client.login(user).get(f"/consultations/{campaign.id}")
    assert "dépôt et soutien des propositions" in answer, "supports are open from the start"
    assert "15 mai 2026" in answer
    assert "assistante sociale" in answer
    assert "se lit ici une fois les soutiens clos" in answer


def test_an_unknown_consultation_is_not_found(client: CheckedClient, writing) -> None:
    with writing():
        factories.programme()
        user = factories.user()
    client.login(user)
    client.get("/consultations/999", expected=404)
    client.get("/consultations/99999999999999999999", expected=404)


def test_home_greets_and_shows_what_is_open(client: CheckedClient, writing, count_sql) -> None:
    with writing():
        programme = factories.programme()
        factories.open_campaign(programme)
        user = factories.user(programme=programme)
        factories.proposal(programme, author=user, title="Une idée à moi")
    client.login(user)
    with count_sql() as statements:
        answer = client.get("/")
    assert "J'ai une idée" in answer
    assert "Une idée à moi" in answer
    assert len(statements) <= 8
