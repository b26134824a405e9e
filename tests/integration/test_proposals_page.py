"""The page of a proposal, and one's own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests import factories
from tests.client import CheckedClient
from tests.integration import proposal_scene
from tests.integration.proposal_scene import S, Town
from tracker.enums import (
    ActionStatus,
    LineageKind,
    Origin,
    Outcome,
    Role,
    TallyChoice,
)
from tracker.models import (
    Authorship,
    ImportedTally,
    ProposalLineage,
    Review,
    Vote,
    Workshop,
)

forget = proposal_scene.forget  # the fixture
town = proposal_scene.town  # the fixture
agent = proposal_scene.agent  # the fixture


# --- The page of one --------------------------------------------------------------------------------------------


def test_the_page_shows_text_origin_authors_and_state(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        p = town.proposal(author=town.other, body="Un **vrai** texte <script>alert(1)</script>")
        number, name = p.number, town.other.name
    page = agent.get(f"/propositions/{number}")
    assert page.page.select_one(".proposal-text strong").get_text() == "vrai"
    assert not page.select("main script")
    for words in (name, "en ligne", "Publiée le 2 mars 2026", "Envoyée"):
        assert words in page, words


@pytest.mark.parametrize("number", ["0", "999", str(2**31), "9" * 40])
def test_a_number_never_given_is_not_found(agent: CheckedClient, number: str) -> None:
    agent.get(f"/propositions/{number}", expected=404)
    agent.post(f"/propositions/{number}/soutien", expected=404)


def test_a_sealed_author_is_named_to_themself_alone_and_the_page_tells_no_time(
    client: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        hidden = factories.sealed_user(programme=town.project)
        number = town.proposal(author=hidden, sealed=True).number
        name = hidden.name
    page = client.login(town.agent).get(f"/propositions/{number}")
    assert "nom non affiché" in page
    assert " h " not in page.words
    own = CheckedClient(client.app).login(hidden)
    own.user_name = name
    page = own.get(f"/propositions/{number}")
    assert name in page
    assert "Votre nom n'est affiché à personne d'autre" in page


def test_workshop_numbers_and_paper_names_are_shown(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        place = factories.add(
            Workshop(
                programme_id=town.project.id, title="Atelier des écoles", held_on=date(2026, 2, 20), place="École A"
            )
        )
        p = town.proposal(origin=Origin.WORKSHOP, workshop_id=place.id)
        factories.add(Authorship(proposal_id=p.id, number=7))
        factories.add(Authorship(proposal_id=p.id, name="Léa Martin"))
        number = p.number
    page = agent.get(f"/propositions/{number}")
    for words in ("participant·e n° 7", "Léa Martin", "Atelier des écoles", "Dite en atelier", "20 février 2026"):
        assert words in page, words


def test_the_parcours_goes_from_the_idea_to_the_result(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        p = town.proposal(author=town.other)
        reviewer = factories.user(Role.REVIEWER)
        factories.add(
            Review(
                proposal_id=p.id, reviewer_id=reviewer.id, advice="favourable", text="Un avis réservé au comité.",
                recorded_at=factories.noon(date(2026, 3, 5)), effective_on=date(2026, 3, 5),
            )
        )  # fmt: skip
        comite = factories.meeting(town.project, date(2026, 3, 10))
        factories.decision(p, meeting_id=comite.id, taken_on=date(2026, 3, 10), reason="Parce que cela simplifie.")
        done = factories.action(town.project, proposals=(p,), opened_on=date(2026, 3, 11), title="Acheter des vélos")
        factories.update(
            done, date(2026, 3, 14), status=ActionStatus.DONE, note="Les vélos sont là.", private_note="Secret"
        )
        factories.action(town.project, proposals=(p,), opened_on=date(2026, 3, 12))
        number, reviewer_name = p.number, reviewer.name
    page = agent.get(f"/propositions/{number}")
    assert "Retenue le 10 mars 2026 · 2 actions, 1 réalisée" in page
    titles = [t.get_text(" ", strip=True) for t in page.select(".parcours-title")]
    steps = [
        "Envoyée",
        "Publiée sous",
        "Étudiée",
        "Réponse du comité",
        "Action n°",
        "Action n°",
        "Résultat",
        "Le résultat",
    ]
    assert [t[: len(s)] for t, s in zip(titles, steps, strict=True)] == steps
    for words in ("Parce que cela simplifie.", "réunion du 10 mars 2026", "Les vélos sont là.", "Acheter des vélos"):
        assert words in page, words
    for words in ("Un avis réservé au comité.", "Secret", reviewer_name):
        assert words not in page.text, words


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.STEERING])
def test_the_opinion_is_read_by_committee_and_reviewers(
    client: CheckedClient, town: Town, writing: Any, role: Role
) -> None:
    with writing():
        reader = factories.user(role, programme=town.project)
        elsewhere = factories.user(role, programme=factories.programme())
        p = town.proposal()
        factories.add(
            Review(
                proposal_id=p.id, advice="unfavourable", text="Un avis réservé au comité.",
                recorded_at=factories.noon(date(2026, 3, 5)), effective_on=date(2026, 3, 5),
            )
        )  # fmt: skip
        number = p.number
    page = client.login(reader).get(f"/propositions/{number}")
    assert "Un avis réservé au comité." in page
    assert "Avis défavorable" in page
    other = CheckedClient(client.app).login(elsewhere).get(f"/propositions/{number}")
    assert "Un avis réservé" not in other.text


def test_an_unpublished_decision_is_nowhere_on_the_page(client: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        reader = factories.user(Role.STEERING, programme=town.project)
        p = town.proposal(state=S.UNDER_REVIEW)
        factories.decision(p, outcome=Outcome.DECLINED, published=False, reason="Trop tôt pour le dire.")
        number = p.number
    for person in (reader, town.agent):
        page = CheckedClient(client.app).login(person).get(f"/propositions/{number}")
        assert "Trop tôt pour le dire." not in page.text
        assert "À l'étude depuis le 2 mars 2026" in page


@pytest.mark.parametrize(
    ("outcome", "values", "words"),
    [
        (Outcome.DECLINED, {}, "Non retenue le 12 mars 2026"),
        (Outcome.DEFERRED, {"review_on": date(2026, 9, 1)}, "Reportée, revue le 1er septembre 2026"),
        (Outcome.REDIRECTED, {"redirected_to": "la mairie annexe"}, "Orientée vers : la mairie annexe"),
        (Outcome.RETAINED, {}, "l'action reste à lancer"),
    ],
)
def test_each_answer_is_said_in_one_sentence(
    agent: CheckedClient, town: Town, writing: Any, outcome: Outcome, values: dict[str, Any], words: str
) -> None:
    with writing():
        p = town.proposal()
        factories.decision(p, outcome=outcome, **values)
        number = p.number
    assert words in agent.get(f"/propositions/{number}").page.select_one(".proposal-sentence").get_text()


def test_a_regrouped_proposal_leads_to_the_other_whose_supports_are_united(
    agent: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        a, b = town.proposal(title="La petite"), town.proposal(title="La grande")
        for proposal, tag in ((a, "x"), (a, "y"), (b, "y"), (b, "z")):
            factories.add(Vote(campaign_id=town.campaign.id, proposal_id=proposal.id, tag=tag))
            proposal.support_count += 1
        factories.add(
            ProposalLineage(
                from_id=a.id, to_id=b.id, kind=LineageKind.MERGED, recorded_at=factories.noon(date(2026, 3, 9)),
                effective_on=date(2026, 3, 9),
            )
        )  # fmt: skip
        a.state = S.MERGED
        numbers = a.number, b.number
    page = agent.get(f"/propositions/{numbers[0]}")
    assert f"Regroupée avec la n° {numbers[1]} le 9 mars 2026" in page
    assert "La grande" in page
    page = agent.get(f"/propositions/{numbers[1]}")
    assert "2 soutiens" in page
    assert "3 personnes avec les propositions regroupées" in page
    assert "La petite" in page


def test_counts_from_elsewhere_are_shown_with_their_source(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        p = town.proposal()
        for choice, count in ((TallyChoice.FOR, 1234), (TallyChoice.MIXED, 5)):
            factories.add(ImportedTally(proposal_id=p.id, source="republique-numerique", choice=choice, count=count))
        number = p.number
    page = agent.get(f"/propositions/{number}")
    assert "1 234 pour" in page.words.replace("\u202f", " ").replace("\xa0", " ")
    assert "5 mitigé" in page
    assert "compté ailleurs : republique-numerique" in page


def test_a_withdrawn_proposal_keeps_its_number_and_hides_its_text(
    client: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        number = town.proposal(
            author=town.other, title="Un titre repris", body="Un texte repris", state=S.WITHDRAWN
        ).number
    page = client.login(town.agent).get(f"/propositions/{number}")
    assert "Retirée par son auteur·rice le 2 mars 2026" in page
    assert "repris" not in page.text
    assert "Un texte repris" in CheckedClient(client.app).login(town.other).get(f"/propositions/{number}")


def test_my_proposals_are_mine_drafts_first(client: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        town.proposal(author=town.agent, title="Ancienne", state=S.DECLINED)
        town.proposal(author=town.agent, title="Commencée", state=S.DRAFT)
        town.proposal(author=town.other, title="Étrangère", state=S.DRAFT)
        factories.proposal(factories.programme(), author=town.agent, title="Autre projet")
    page = client.login(town.agent).get("/propositions/mes-propositions")
    assert page.words.index("Commencée") < page.words.index("Ancienne")
    assert "Autre projet" in page
    assert "Étrangère" not in page


def test_my_proposals_when_there_are_none(agent: CheckedClient) -> None:
    assert "Vous n'avez encore rien proposé" in agent.get("/propositions/mes-propositions")
