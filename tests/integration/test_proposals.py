"""Published proposals: the list, the page of one and its parcours, support buttons, following."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tracker.enums import (
    ActionStatus,
    ConditionKind,
    LineageKind,
    Origin,
    Outcome,
    PhaseKind,
    ProposalState,
    Role,
    TallyChoice,
)
from tracker.extensions import db, end_transaction
from tracker.models import (
    Authorship,
    Campaign,
    DecisionCondition,
    Event,
    Follow,
    ImportedTally,
    Proposal,
    ProposalLineage,
    Review,
    Vote,
    Workshop,
)
from tracker.queries import kept
from tracker.services import votes

S = ProposalState


@pytest.fixture(autouse=True)
def _forget() -> None:
    kept.forget()


class Town:
    """A project with an open consultation, an agent, and whatever a test adds."""

    def __init__(self, writing: Any) -> None:
        with writing():
            self.employer = factories.entity(slug="ville", short_name="Ville")
            self.project = factories.programme(entities=[self.employer])
            self.theme = factories.theme(self.project, slug="outils", name="Outils de travail")
            self.campaign = factories.open_campaign(self.project)
            self.agent = factories.user(programme=self.project)
            self.other = factories.user(programme=self.project)

    def proposal(self, **values: Any) -> Proposal:
        return factories.proposal(
            self.project, **{"campaign_id": self.campaign.id, "theme_id": self.theme.id, **values}
        )


@pytest.fixture
def town(app: Flask, writing: Any) -> Town:
    return Town(writing)


@pytest.fixture
def agent(client: CheckedClient, town: Town) -> CheckedClient:
    return client.login(town.agent)


# --- The list -------------------------------------------------------------------------------------------------


def test_the_list_shows_number_title_theme_state_supports_and_authors(
    agent: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        p = town.proposal(author=town.other, title="Un vélo par site", support_count=0)
        number, name = p.number, town.other.name
    page = agent.get("/propositions")
    for words in (
        f"n° {number}",
        "Un vélo par site",
        "Outils de travail",
        "publiée",
        "0 soutien",
        name,
        "1 proposition",
    ):
        assert words in page, words


def test_an_empty_list_says_what_to_do(agent: CheckedClient) -> None:
    assert "la première peut être la vôtre" in agent.get("/propositions")
    assert "retirez un filtre" in agent.get("/propositions?q=rien")


@pytest.mark.parametrize("state", [S.DRAFT, S.SUBMITTED, S.WITHDRAWN])
def test_what_is_not_published_is_not_listed(agent: CheckedClient, town: Town, writing: Any, state: S) -> None:
    with writing():
        town.proposal(author=town.agent, title="Un texte encore privé", state=state)
    assert "encore privé" not in agent.get("/propositions")
    assert "encore privé" not in agent.get("/propositions?q=encore&mes=1")


@pytest.mark.parametrize(
    ("query", "found"),
    [("teletravail", True), ("TÉLÉTRAVAIL", True), ("coeur", True), ("cœur", True), ("s'engage", True), ('"', False),
     ("télétravail absent", False), ("*", False), ("NEAR(", False), ("body:coeur", False)],
)  # fmt: skip
def test_search_ignores_accents_and_is_never_an_error(
    agent: CheckedClient, town: Town, writing: Any, query: str, found: bool
) -> None:
    with writing():
        town.proposal(title="Le télétravail au cœur du projet", body="La direction s'engage.")
    assert ("au cœur du projet" in agent.get("/propositions", query_string={"q": query})) is found


def test_filters_by_theme_state_and_mine(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        town.proposal(title="Alpha", author=town.agent)
        town.proposal(title="Bravo", theme_id=None, state=S.RETAINED)
    for address, seen, unseen in (
        ("theme=outils", "Alpha", "Bravo"),
        ("theme=sans", "Bravo", "Alpha"),
        ("etat=retained", "Bravo", "Alpha"),
        ("mes=1", "Alpha", "Bravo"),
    ):
        titles = agent.get(f"/propositions?{address}").page.select_one(".cards").get_text()
        assert seen in titles, address
        assert unseen not in titles, address


def test_states_are_counted_under_the_other_filters(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        for _ in range(2):
            town.proposal()
        town.proposal(state=S.DECLINED)
        town.proposal(theme_id=None, state=S.DECLINED)
    options = [
        o.get_text() for o in agent.get("/propositions?theme=outils&etat=declined").select("#filtre-etat option")
    ]
    assert "Tous les états (3)" in options
    assert "publiée (2)" in options
    assert "non retenue (1)" in options


def test_the_employer_filter_leaves_out_names_not_displayed(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        town.proposal(title="Signée", author=town.other)
        town.proposal(title="Discrète", author=factories.sealed_user(programme=town.project), sealed=True)
        town.proposal(title="Orpheline")
    of_town = agent.get("/propositions?employeur=ville").page.select_one(".cards").get_text()
    assert "Signée" in of_town
    assert "Discrète" not in of_town
    without = agent.get("/propositions?employeur=sans").page.select_one(".cards").get_text()
    assert "Discrète" in without
    assert "Orpheline" in without
    assert "Signée" not in without


@pytest.mark.parametrize(
    ("order", "expected"), [("", "CBA"), ("recent", "CBA"), ("soutenues", "BCA"), ("numero", "ABC"), ("autre", "CBA")]
)
def test_sorting(agent: CheckedClient, town: Town, writing: Any, order: str, expected: str) -> None:
    with writing():
        for n, (title, count) in enumerate((("A", 0), ("B", 7), ("C", 1))):
            town.proposal(title=title * 3, support_count=count, sent_on=date(2026, 3, 2) + timedelta(days=n))
    cards = agent.get(f"/propositions?tri={order}").select(".cards h2")
    assert "".join(card.get_text().split()[-1][0] for card in cards) == expected


def test_paging_keeps_the_filters(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        for _ in range(25):
            town.proposal()
    first = agent.get("/propositions?theme=outils")
    assert len(first.select(".cards > li")) == 20
    following = first.page.select_one("a[rel=next]")["href"]
    assert "theme=outils" in following
    assert len(agent.get(following).select(".cards > li")) == 5
    assert len(agent.get("/propositions?page=999999").select(".cards > li")) == 5


@pytest.mark.parametrize(
    "junk", ["etat=x", "page=-1", "page=x", "employeur=nulle-part", "theme=%27", "soutien=1", "tri=%F0", "q=%27--"]
)
def test_odd_addresses_are_never_an_error(agent: CheckedClient, town: Town, writing: Any, junk: str) -> None:
    with writing():
        town.proposal()
    agent.get(f"/propositions?{junk}")


def test_a_project_that_does_not_exist_is_not_found(agent: CheckedClient) -> None:
    agent.get("/propositions?projet=nulle-part", expected=404)


def test_the_list_shows_one_project_and_keeps_it_in_links(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        town.proposal(title="Du premier")
        second = factories.programme(slug="second")
        factories.proposal(second, title="Du second")
    assert "Du second" not in agent.get("/propositions")
    page = agent.get("/propositions?projet=second")
    assert "Du premier" not in page
    assert page.page.select_one("main input[name=projet]")["value"] == "second"


def test_only_mine_among_those_i_support(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        number = town.proposal(title="Premier choix").number
        town.proposal(title="Second choix")
    agent.post(f"/propositions/{number}/soutien")
    page = agent.get("/propositions?soutien=1")
    assert "Premier choix" in page
    assert "Second choix" not in page
    assert "disparaît" in page
    other = CheckedClient(agent.app).login(town.other)
    assert "Premier choix" not in other.get("/propositions?soutien=1")


@pytest.mark.parametrize("rows", [10, 300])
def test_the_list_takes_as_many_statements_however_long(
    agent: CheckedClient, town: Town, writing: Any, count_sql: Any, rows: int
) -> None:
    with writing():
        for n in range(rows):
            town.proposal(author=town.other if n % 2 else town.agent)
    with count_sql() as statements:
        agent.get("/propositions?q=texte&tri=soutenues&soutien=0")
    assert len(statements) <= 8, statements


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


@pytest.mark.parametrize("rows", [1, 40])
def test_the_page_takes_as_many_statements_however_rich(
    agent: CheckedClient, town: Town, writing: Any, count_sql: Any, rows: int
) -> None:
    with writing():
        p = town.proposal(author=town.agent)
        for _ in range(rows):
            factories.add(Authorship(proposal_id=p.id, user_id=factories.user().id, sealed=False))
            action = factories.action(town.project, proposals=(p,), milestones=(("Étape", date(2026, 4, 1)),))
            factories.update(action, date(2026, 3, 1), note="Un point.")
            factories.decision(p, outcome=Outcome.RETAINED)
        number = p.number
    with count_sql() as statements:
        agent.get(f"/propositions/{number}")
    assert len(statements) <= 8, statements


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


# --- All projects at once ---------------------------------------------------------------------------------------


def test_search_covers_all_projects(agent: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        other = factories.programme(title="L'autre projet")
        number = factories.proposal(other, title="Licornes en mairie").number
    page = agent.get("/propositions?projet=tous")
    assert page.select(f"#proposition-{number}")
    assert "L'autre projet" in page.page.select_one(f"#proposition-{number}").get_text()
    assert not page.select("select[name=theme]")
    assert not agent.get("/propositions").select(f"#proposition-{number}")
    agent.get("/actions?projet=tous")


def test_a_reserve_is_said_in_lists_until_its_last_condition_is_met(town: Town, client: CheckedClient, writing) -> None:
    with writing():
        proposal = town.proposal(state=S.RETAINED, author=town.agent)
        first = factories.decision(proposal, taken_on=date(2026, 3, 2))
        met = DecisionCondition(decision_id=first.id, kind=ConditionKind.CREDITS, label="", met_on=date(2026, 3, 5))
        open_one = DecisionCondition(decision_id=first.id, kind=ConditionKind.ORDER, label="")
        db.session.add_all([met, open_one])
    client.login(town.agent)
    pages = ("/propositions", "/propositions/mes-propositions", f"/propositions/{proposal.number}")

    def tags() -> set[str]:
        return {client.get(path).select("main .tag")[0].get_text(strip=True) for path in pages}

    assert tags() == {"retenue sous réserve"}
    with writing():
        db.session.get_one(DecisionCondition, open_one.id).met_on = date(2026, 3, 20)  # to come: not met today
    assert tags() == {"retenue sous réserve"}
    with writing():
        db.session.get_one(DecisionCondition, open_one.id).met_on = date(2026, 3, 16)
    assert tags() == {"retenue"}
