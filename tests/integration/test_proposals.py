"""The list of published proposals: filters, sorts, pages, projects."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests import factories
from tests.client import CheckedClient
from tests.integration import proposal_scene
from tests.integration.proposal_scene import S, Town
from tracker.enums import (
    ConditionKind,
)
from tracker.extensions import db
from tracker.models import (
    DecisionCondition,
)

forget = proposal_scene.forget  # the fixture
town = proposal_scene.town  # the fixture
agent = proposal_scene.agent  # the fixture


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
        sealed = factories.sealed_user(programme=town.project)
        town.proposal(title="Signée", author=town.other, entities=[])
        town.proposal(title="Discrète", author=sealed, sealed=True, entities=[])
        town.proposal(title="Orpheline", entities=[])
        town.proposal(title="Venue d'un autre outil", entities=list(town.project.entities))
    of_town = agent.get("/propositions?employeur=ville").page.select_one(".cards").get_text()
    assert "Signée" in of_town
    assert "Venue d'un autre outil" in of_town
    assert "Discrète" not in of_town
    without = agent.get("/propositions?employeur=sans").page.select_one(".cards").get_text()
    assert "Discrète" in without
    assert "Orpheline" in without
    assert "Signée" not in without
    assert "Venue d'un autre outil" not in without


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
