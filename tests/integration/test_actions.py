"""Pages of actions: the list, the page of one, creation, changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration import action_scene
from tests.integration.action_scene import PEOPLE, Site, be
from tracker.enums import ActionStatus, Health, ProposalState, UpdateKind
from tracker.extensions import db
from tracker.models import Action, Programme

fresh_log = action_scene.fresh_log  # the fixture
site = action_scene.site  # the fixture


# --- The list


def test_the_list_counts_before_it_shows(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        factories.action(site.project, status=ActionStatus.DONE, title="Déjà fait")
    page = be(client, site, "agent").get("/actions")
    assert "1 action réalisée sur 2" in page
    assert "Ouvrir un guichet unique" in page
    assert "sans groupe" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("groupe=vie-au-travail", True),
        ("groupe=sans", False),
        ("theme=sans", False),
        ("employeur=sans", False),
        ("statut=a-lancer", True),
        ("statut=realisee", False),
        ("meteo=soleil", True),
        ("meteo=orage", False),
        ("retard=1", False),  # it starts late: that is another filter
        ("retard=depart", True),
        ("sans_nouvelles=1", False),
        ("a_verifier=1", False),
        ("sans_pilote=1", False),
        ("q=GUICHET", True),
        ("q=téléphone", False),
        ("q=%27%22%28", True),
        ("statut=inconnu&groupe=nulle-part&tri=hasard&page=x", True),
    ],
)
def test_filters_live_in_the_address_and_unknown_values_are_ignored(
    client: CheckedClient, site: Site, query: str, found: bool
) -> None:
    page = be(client, site, "agent").get(f"/actions?{query}")
    assert ("Ouvrir un guichet unique" in page) is found
    if not found:
        assert "Aucune action ne correspond" in page


def test_sorting_by_need_puts_late_first_and_what_is_over_last(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        factories.action(site.project, title="Finie", status=ActionStatus.DONE)
        later = (date(2026, 4, 1), date(2027, 6, 1))
        factories.action(site.project, title="Tranquille", planned=later, opened_on=date(2026, 3, 1))
        factories.action(site.project, title="Muette", planned=later, opened_on=date(2025, 6, 1))
    page = be(client, site, "agent").get("/actions")
    titles = [link.get_text() for link in page.select("table tbody th a")]
    assert titles == ["Ouvrir un guichet unique", "Muette", "Tranquille", "Finie"]
    for sort, words in (("numero", "numéro"), ("echeance", "échéance"), ("avancement", "avancement")):
        page = client.get(f"/actions?tri={sort}")
        assert len(page.select("table tbody tr")) == 4
        assert page.select("table caption")[0].get_text() == f"Actions, {words}"


def test_late_and_starting_late_are_two_filters(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        late = factories.action(site.project, title="Finit tard", opened_on=date(2026, 1, 5))
        factories.update(late, date(2026, 2, 2), planned_start=date(2026, 1, 5), planned_end=date(2026, 3, 1))
        start = factories.action(site.project, title="Part tard", opened_on=date(2026, 1, 5))
        factories.update(
            start, date(2026, 2, 2), status=ActionStatus.TO_START, planned_start=date(2026, 3, 1),
            planned_end=date(2026, 9, 1),
        )  # fmt: skip
    be(client, site, "agent")
    only, both = client.get("/actions?retard=1"), client.get("/actions?retard=depart")
    assert "Finit tard" in only
    assert "Part tard" not in only
    assert "Finit tard" in both
    assert "Part tard" in both
    assert "partant en retard" in both
    board = client.get("/tableau-de-bord")
    link = next(a for a in board.select(".board-statuses a") if "partant en retard" in a.get_text())
    assert link.get_text().split()[0] == str(len(client.get(link["href"]).select("table tbody tr")))


def test_lateness_is_never_listed_by_person(client: CheckedClient, site: Site) -> None:
    page = be(client, site, "steering").get("/actions?retard=1")
    assert "en retard" in page
    assert "Paule Pilote" not in page
    assert client.get("/actions?q=Paule").select("table") == []


def test_past_the_last_page_stands_the_last_one(client: CheckedClient, site: Site) -> None:
    be(client, site, "agent")
    rows = [
        [row.get_text() for row in client.get(f"/actions{page}").select("table tbody tr")] for page in ("", "?page=9")
    ]
    assert rows[0]
    assert rows[0] == rows[1]


def test_a_page_that_does_not_exist_is_not_found(client: CheckedClient, site: Site) -> None:
    be(client, site, "agent")
    client.get("/actions/99", expected=404)
    client.get("/actions/99999999999999", expected=404)
    client.get("/actions/nouvelle", expected=403)


# --- The page of one


def test_the_page_says_where_it_is_since_when_and_who_says_so(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        one = db.session.get_one(Action, site.action_id)
        factories.update(
            one, date(2026, 3, 2), status=ActionStatus.IN_PROGRESS, health=Health.CLOUDY, note="Il manque un local.",
            planned_start=date(2026, 2, 1), planned_end=date(2026, 9, 30), author_id=site.users["pilot"].id,
            move_reason="Le local est en travaux.",
        )  # fmt: skip
    page = be(client, site, "agent").get(f"/actions/{site.number}")
    for words in ("en cours", "nuageux", "besoin d'un appui", "0 jalon franchi sur 2", "Il manque un local.",
                  "Paule Pilote", "30 juin 2026", "30 septembre 2026", "Le local est en travaux."):  # fmt: skip
        assert words in page, words
    assert [tag.get_text() for tag in page.select(".moved del")] == ["date prévue au départ : 30 juin 2026"]


def test_the_proposals_it_comes_from_show_only_names_that_may_be_shown(
    client: CheckedClient, site: Site, writing: Any
) -> None:
    with writing():
        project = db.session.get_one(Programme, site.project.id)
        named = factories.proposal(project, state=ProposalState.RETAINED, author=factories.user(last_name="Visible"))
        sealed = factories.proposal(
            project, state=ProposalState.RETAINED, author=factories.sealed_user(), sealed=True, title="Idée discrète"
        )
        one = factories.action(project, proposals=(named, sealed))
        number = one.number
    page = be(client, site, "steering").get(f"/actions/{number}")
    assert "Visible" in page
    assert "Idée discrète" in page
    assert "Nom non affiché" in page


@pytest.mark.parametrize(
    ("who", "reads"),
    [("pilot", True), ("lead", True), ("steering", True), ("agent", False), ("member", False), ("other_lead", False),
     ("admin", False), ("reviewer", False)],
)  # fmt: skip
def test_a_private_note_is_read_by_the_committee_the_lead_and_the_pilote_only(
    client: CheckedClient, site: Site, writing: Any, who: str, reads: bool
) -> None:
    with writing():
        one = db.session.get_one(Action, site.action_id)
        factories.update(one, date(2026, 3, 2), note="Public.", private_note="Conflit entre deux directions.")
    page = be(client, site, who).get(f"/actions/{site.number}")
    assert ("Conflit" in page.text) is reads


def test_history_strikes_what_was_replaced_and_says_by_whom(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        one = db.session.get_one(Action, site.action_id)
        wrong = factories.update(
            one, date(2026, 2, 10), note="Fausse nouvelle.", recorded_at=factories.noon(date(2026, 3, 1))
        )
        factories.update(
            one, date(2026, 2, 10), kind=UpdateKind.CORRECTION, supersedes_id=wrong.id, rank_at=wrong.rank_at,
            recorded_at=NOON, note="Bonne nouvelle.", author_id=site.users["lead"].id,
        )  # fmt: skip
    page = be(client, site, "agent").get(f"/actions/{site.number}")
    assert "Remplacé le 16 mars 2026 par la correction de " + site.users["lead"].name in page
    assert any("Fausse nouvelle." in tag.get_text() for tag in page.select("del"))
    assert "Saisi le 1er mars 2026" in page


@pytest.mark.parametrize(("who", "sees"), [("pilot", True), ("lead", True), ("steering", True), ("agent", False)])
def test_only_those_who_may_see_the_buttons(client: CheckedClient, site: Site, who: str, sees: bool) -> None:
    page = be(client, site, who).get(f"/actions/{site.number}")
    assert ("Dire où on en est" in page) is sees
    assert ("Changer les dates prévues au départ" in page) is (who == "steering")


# --- Creating and changing


def retained(site: Site, writing: Any, **values: Any) -> int:
    with writing():
        project = db.session.get_one(Programme, site.project.id)
        number = factories.proposal(project, state=ProposalState.RETAINED, **values).number
    assert number is not None
    return number


def test_an_action_is_created_already_linked_to_its_proposals(client: CheckedClient, site: Site, writing: Any) -> None:
    a, b = retained(site, writing, title="Un guichet pour tous"), retained(site, writing)
    path = f"/actions/nouvelle?proposition={a}&proposition={b}"
    page = be(client, site, "lead").get(path)
    # an empty title: one tap cannot create an action
    assert not page.select("input[name=title]")[0].get("value")
    assert "La proposition disait : « Un guichet pour tous »" in page
    ticked = [int(str(box["value"])) for box in page.select("input[name=entities][checked]")]
    assert ticked == _entity_ids(site), "an agent's proposal bears no employer: else the action would have none"
    page = client.submit(path, {
        "title": "Guichet", "group": str(site.group_id), "theme": "0", "pilot": "paule pilote",
        "opened_on": "2026-03-16",
        "planned_start": "2026-04-01", "planned_end": "2026-10-01", "step_1": "Local", "step_1_due": "2026-05-01",
        "entities": [str(e) for e in _entity_ids(site)],
    })  # fmt: skip
    assert "créée" in page
    assert f"Proposition n° {a}" in page
    assert "Paule Pilote" in page
    assert "Local" in page


def _entity_ids(site: Site) -> list[int]:
    return [e.id for e in db.session.get_one(Programme, site.project.id).entities]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"title": ""}, "Donnez un titre"),
        ({"pilot": "Personne Inconnue"}, "Personne ne répond à ce nom"),
        ({"planned_start": "2026-10-01", "planned_end": "2026-04-01"}, "La fin est avant le début"),
        ({"opened_on": "2026-03-17"}, "à venir"),
        ({"step_2_due": "2026-05-01"}, "Donnez un nom à ce jalon"),
        ({"group": "999"}, ""),
        ({"planned_end": "demain"}, "Donnez la date en entier"),
    ],
)
def test_a_refused_creation_keeps_what_was_typed(
    client: CheckedClient, site: Site, writing: Any, said: dict[str, str], sentence: str
) -> None:
    number = retained(site, writing)
    form = {"title": "Guichet", "group": str(site.group_id), "theme": "0", "summary": "Tout mon texte."} | said
    page = be(client, site, "lead").post(f"/actions/nouvelle?proposition={number}", form, expected=422)
    assert sentence in page
    assert "Tout mon texte." in page.text
    assert page.select(".error-summary")
    assert db.session.scalar(select(func.count()).select_from(Action)) == 1


@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_create_an_action(client: CheckedClient, site: Site, writing: Any, who: str) -> None:
    number = retained(site, writing)
    allowed = who in {"lead", "steering"}
    form = {"title": "Guichet", "group": str(site.group_id), "theme": "0"}
    expected = 303 if allowed else 422 if who == "other_lead" else 403
    be(client, site, who).post(f"/actions/nouvelle?proposition={number}", form, expected=expected)
    assert db.session.scalar(select(func.count()).select_from(Action)) == (2 if allowed else 1)


def test_an_unknown_or_unpublished_proposal_is_not_found(client: CheckedClient, site: Site) -> None:
    be(client, site, "steering").get("/actions/nouvelle?proposition=999", expected=404)
    client.get("/actions/nouvelle?proposition=abc&proposition=-1")


@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_edit_an_action(client: CheckedClient, site: Site, who: str) -> None:
    allowed = who in {"lead", "steering"}
    be(client, site, who).get(f"/actions/{site.number}/modifier", expected=200 if allowed else 403)
    form = {"title": "Autre titre", "group": str(site.group_id), "theme": "0", "pilot": "Paule Pilote", "weight": "2",
            "rhythm_months": "6", "entities": [str(e) for e in _entity_ids(site)]}  # fmt: skip
    client.post(f"/actions/{site.number}/modifier", form, expected=303 if allowed else 403)
    one = db.session.get_one(Action, site.action_id)
    db.session.refresh(one)
    assert (one.title, one.weight, one.pilot_id) == (
        ("Autre titre", 2, site.users["pilot"].id)
        if allowed
        else ("Ouvrir un guichet unique", 1, site.users["pilot"].id)
    )


@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_change_the_baseline(client: CheckedClient, site: Site, who: str) -> None:
    allowed = who == "steering"
    path = f"/actions/{site.number}/dates-de-depart"
    be(client, site, who).get(path, expected=200 if allowed else 403)
    form = {"baseline_start": "2026-03-01", "baseline_end": "2026-08-01", "reason": "Le plan recommence en mars."}
    if allowed:
        client.post(path, form | {"reason": "non"}, expected=422)
    client.post(path, form, expected=303 if allowed else 403)
    if allowed:
        assert "Le plan recommence en mars." in client.get(f"/actions/{site.number}")
