"""The board: as of any day of the project, filtered, drawn, told, exported, and unchanged when nothing moved."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import factories
from tests.client import CheckedClient
from tracker.enums import ActionStatus, FrozenKind, Health, LetterState, Outcome, Role, UpdateKind
from tracker.extensions import db, write_transaction
from tracker.models import Action, Frozen, Letter, Programme
from tracker.services import history

BOARD = "/tableau-de-bord"
FIGURES = (
    "statuts-par-mois", "avancement", "statuts-par-groupe", "calendrier", "de-l-idee-au-resultat", "meteo-par-mois",
)  # fmt: skip


@pytest.fixture
def world(app, writing) -> dict[str, Any]:
    """A project with two groups and four actions: one done, one late, one silent, one stopped without group."""
    with writing():
        employers = [factories.entity(slug="ville", short_name="Ville"), factories.entity(slug="agglo")]
        project = factories.programme(slug="projet", people_consulted=1870, entities=employers)
        groups = [factories.group(project, slug=slug, name=name) for slug, name in (("un", "Un"), ("deux", "Deux"))]
        theme = factories.theme(project, slug="accueil")
        author, sealed = factories.user(programme=project), factories.sealed_user(programme=project)
        kept = factories.proposal(project, author=author, sent_on=date(2025, 3, 3), theme_id=theme.id)
        factories.decision(kept, taken_on=date(2025, 6, 12))
        hidden = factories.proposal(project, author=sealed, sealed=True, sent_on=date(2025, 3, 4))
        factories.decision(hidden, outcome=Outcome.DECLINED, taken_on=date(2025, 6, 12), published=False)
        plan = (date(2025, 7, 1), date(2025, 12, 31))
        done = factories.action(
            project, opened_on=date(2025, 7, 1), planned=plan, group_id=groups[0].id, entities=employers[:1]
        )
        factories.update(done, date(2025, 12, 1), status=ActionStatus.DONE, planned_start=plan[0], planned_end=plan[1])
        late = factories.action(project, opened_on=date(2025, 7, 1), planned=plan, group_id=groups[0].id)
        factories.update(
            late, date(2026, 2, 2), health=Health.STORM, note="Il manque un local.", planned_start=plan[0],
            planned_end=plan[1],
        )  # fmt: skip
        factories.action(
            project, opened_on=date(2025, 9, 1), planned=(date(2026, 1, 5), date(2026, 12, 31)), group_id=groups[1].id,
            theme_id=theme.id,
        )  # fmt: skip
        stopped = factories.action(project, opened_on=date(2025, 9, 1), planned=None, group_id=None, entities=[])
        factories.update(stopped, date(2026, 1, 5), status=ActionStatus.STOPPED, health=Health.NOT_APPLICABLE)
        return {
            "project": project.id,
            "agent": factories.user(programme=project),
            "steering": factories.user(Role.STEERING, programme=project),
            "late": late.id,
        }


@pytest.fixture
def agent(client: CheckedClient, world: dict[str, Any]) -> CheckedClient:
    return client.login(world["agent"])


def keys(answer: Any) -> dict[str, str]:
    return {
        key.select_one(".key-label").get_text(strip=True): key.select_one(".key-value").get_text(strip=True)
        for key in answer.select(".key")
    }


def spec(answer: Any, figure_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.select(f"#donnees-{figure_id}")[0].string)
    return found


def test_counts_come_first_in_one_sentence(agent: CheckedClient) -> None:
    page = agent.get(BOARD)
    assert page.select(".lead")[0].get_text() == "1 action réalisée sur 4, 1 en retard, 1 sans nouvelles."
    assert keys(page)["personnes consultées"] == "1\N{NARROW NO-BREAK SPACE}870"
    assert keys(page)["personnes ayant proposé"] == "2"
    assert keys(page)["proposition retenue"] == "1", "in the singular"
    assert keys(page)["avancement moyen"] == "50 %"
    assert "2 actions mesurées, 1 arrêtée, non comptée, 1 sans mesure" in page
    assert "poids" not in page


def test_every_figure_has_its_finding_date_count_reading_table_and_file(agent: CheckedClient) -> None:
    page = agent.get(BOARD)
    assert [figure["id"].removeprefix("figure-") for figure in page.select("figure")] == list(FIGURES)
    for figure in page.select("figure"):
        assert figure.select_one(".figure-title").get_text(strip=True)
        assert "arrêtés au 16 mars 2026" in figure.select_one(".figure-subtitle").get_text()
        assert "4 actions comptées" in figure.select_one(".figure-subtitle").get_text()
        assert figure.select_one(".figure-reading").get_text(strip=True)
        assert figure.select("details[open] table tbody tr"), "without JavaScript the table shows"
        assert figure.select_one("a[download]")


@pytest.mark.parametrize("figure_id", FIGURES)
def test_each_table_is_a_file_under_the_same_filters(agent: CheckedClient, figure_id: str) -> None:
    answer = agent.get(f"{BOARD}/{figure_id}.csv?groupe=un&au=2026-01-31")
    assert answer.response.mimetype == "text/csv"
    assert f"{figure_id}-2026-01-31.csv" in answer.response.headers["Content-Disposition"]
    data = answer.response.get_data()
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").splitlines()
    assert len(lines) > 1
    assert ";" in lines[0]


def test_an_unknown_figure_is_not_found(agent: CheckedClient) -> None:
    agent.get(f"{BOARD}/inconnue.csv", expected=404)


def test_the_board_is_as_of_any_day_of_the_project(agent: CheckedClient) -> None:
    page = agent.get(f"{BOARD}?au=2025-11-30")
    assert "aucune en retard" in page.select(".lead")[0].get_text()
    assert keys(page)["action réalisée"] == "0"
    assert page.select("#moment-au")[0]["value"] == "2025-11-30"
    points = spec(page, "statuts-par-mois")["data"][0]["x"]
    assert (points[0], points[-1]) == ("2025-01-01", "2025-11-01")
    assert spec(page, "avancement")["data"][2]["x"][-1] == "2025-11-30", "the actual line stops at the day"
    assert spec(page, "avancement")["data"][0]["x"][-1] == "2027-12-31", "plans run to the end"


@pytest.mark.parametrize(
    ("asked", "shown", "said"),
    [
        ("2019-05-01", "2025-01-01", "Le projet commence le 1er janvier 2025"),
        ("2027-05-01", "2026-03-16", "jusqu'au 16 mars 2026"),
        ("2026-02-30", "2026-02-28", "n'existe pas"),
        ("2026-99-99", "2026-03-16", "jusqu'au 16 mars 2026"),
        ("hier", "2026-03-16", "n'est pas une date"),
        ("0000-01-01", "2026-03-16", "n'est pas une date"),
        ("99999999999-01-01", "2026-03-16", "n'est pas une date"),
        ("<b>", "2026-03-16", "n'est pas une date"),
    ],
)
def test_a_day_that_cannot_be_shown_gives_the_nearest_with_a_sentence(
    agent: CheckedClient, asked: str, shown: str, said: str
) -> None:
    page = agent.get(BOARD, query_string={"au": asked})
    assert page.select("#moment-au")[0]["value"] == shown
    assert said in page


def test_a_past_project_shows_its_last_day(agent: CheckedClient, clock, world) -> None:
    clock.set(factories.noon(date(2028, 2, 1)))
    agent.login(world["agent"])
    assert agent.get(BOARD).select("#moment-au")[0]["value"] == "2027-12-31"


def test_filters_leave_what_they_say_and_the_bucket_without(agent: CheckedClient) -> None:
    def total(**args: str) -> str:
        page = agent.get(BOARD, query_string=args)
        return page.select(".lead")[0].get_text()

    assert "sur 2" in total(groupe="un")
    assert total(groupe="sans").startswith("0 action réalisée sur 1")
    assert total(employeur="ville").startswith("1 action réalisée sur 3")
    assert total(employeur="agglo").startswith("0 action réalisée sur 2")
    assert total(employeur="sans").startswith("0 action réalisée sur 1")
    assert total(theme="accueil").startswith("0 action réalisée sur 1")
    assert total(theme="inconnu") == total(), "what is unknown is ignored"


def test_totals_by_employer_do_not_add_up_and_the_page_says_so(agent: CheckedClient) -> None:
    assert "ne s'additionnent pas" in agent.get(BOARD)


def test_a_name_not_displayed_is_left_out_of_employer_filters(agent: CheckedClient) -> None:
    page = agent.get(f"{BOARD}?employeur=ville")
    assert keys(page)["personne ayant proposé"] == "1", "in the singular"
    assert "nom n'est pas affiché" in page


def test_groups_are_sorted_by_need_with_the_bucket_without(agent: CheckedClient) -> None:
    rows = agent.get(BOARD).select("#figure-statuts-par-groupe tbody tr")
    assert [row.th.get_text() for row in rows] == ["Un", "Deux", "sans groupe"]


def test_what_hurts_is_told_by_group_and_action_never_by_person(agent: CheckedClient) -> None:
    page = agent.get(BOARD)
    first = page.select(".board-needs tbody tr")[0]
    assert "orage" in first.get_text()
    assert "en retard" in first.get_text()
    assert "Prénom" not in page.select(".board-needs")[0].get_text()


def test_numbers_and_drawings_lead_to_lists_with_the_same_filters(agent: CheckedClient) -> None:
    page = agent.get(f"{BOARD}?groupe=un&theme=sans&au=2026-01-31")
    for link in page.select(".key a, .board-statuses a"):
        target = urlsplit(link["href"])
        if target.path == "/actions":
            args = parse_qs(target.query)
            assert (args["groupe"], args["theme"], args["au"]) == (["un"], ["sans"], ["2026-01-31"])
    drawn = spec(page, "statuts-par-mois")["data"][0]["customdata"][-1]
    assert parse_qs(urlsplit(drawn).query)["groupe"] == ["un"]


@pytest.mark.parametrize("day", ["2026-03-16", "2025-11-30", "2026-01-31"])
def test_a_number_is_that_of_the_list_it_leads_to(agent: CheckedClient, day: str) -> None:
    page = agent.get(f"{BOARD}?au={day}")
    for link in page.select(".board-statuses a"):
        told = int(link.get_text().split()[0])
        shown = agent.get(link["href"])
        assert int(shown.select(".result-count strong")[0].get_text()) == told, link.get_text()


def test_decisions_not_published_are_told_to_the_committee_beside_the_figures(
    client: CheckedClient, world: dict[str, Any]
) -> None:
    said = "1 décision prise, non publiée"
    assert said not in client.login(world["agent"]).get(BOARD)
    page = client.login(world["steering"]).get(BOARD)
    assert said in page
    assert "retenues" in page


def test_the_letter_of_the_quarter_is_linked_once_published(agent: CheckedClient, world, writing) -> None:
    assert "Lire la lettre" not in agent.get(f"{BOARD}?au=2025-06-30")
    with writing():
        at = factories.noon(date(2025, 7, 8))
        frozen = factories.add(
            Frozen(
                kind=FrozenKind.LETTER,
                programme_id=world["project"],
                schema_version=1,
                as_of=date(2025, 6, 30),
                known_at=at,
                content="{}",
                sha256="0" * 64,
                recorded_at=at,
            )
        )
        factories.add(
            Letter(
                programme_id=world["project"], number=3, quarter="2025-T2", title="La lettre", state=LetterState.SENT,
                as_of=date(2025, 6, 30), known_at=at, published_at=at, frozen_id=frozen.id,
            )
        )  # fmt: skip
    link = agent.get(f"{BOARD}?au=2025-06-30").select(".board-notes a")[0]
    assert link.get_text() == "Lire la lettre du 2ᵉ trimestre 2025"
    assert link["href"] == "/lettres/3"


def test_a_correction_written_later_changes_what_is_known_now_not_what_was_known(
    agent: CheckedClient, world, writing
) -> None:
    with writing():
        action = db.session.get(Action, world["late"])
        last = action.updates[-1]
        factories.update(
            action, last.effective_on, kind=UpdateKind.CORRECTION, supersedes_id=last.id, rank_at=last.rank_at,
            recorded_at=factories.noon(date(2026, 3, 10)), status=ActionStatus.DONE,
        )  # fmt: skip
        history.bump(world["project"])
    assert keys(agent.get(f"{BOARD}?au=2026-03-01"))["actions réalisées"] == "2"
    then = agent.get(f"{BOARD}?au=2026-03-01&connu=2026-03-05")
    assert keys(then)["action réalisée"] == "1"
    assert "connaissait le 5 mars 2026" in then


def test_an_empty_project_says_what_to_do(client: CheckedClient, writing) -> None:
    with writing():
        project = factories.programme()
        user = factories.user(programme=project)
    page = client.login(user).get(BOARD)
    assert "Aucune action à cette date" in page
    assert not page.select("figure")


def test_a_visitor_must_log_in(client: CheckedClient, world) -> None:
    client.get(BOARD, expected=302)
    client.get(f"{BOARD}/avancement.csv", expected=302)


# --- Cost ---------------------------------------------------------------------------------------------------


def many(project: Programme, n: int) -> None:
    groups = [factories.group(project) for _ in range(10)]
    for index in range(n):
        on = date(2025, 1, 6) + timedelta(days=index % 300)
        action = factories.action(
            project, opened_on=on, group_id=groups[index % 10].id, milestones=(("Étape", date(2026, 1, 5)),)
        )
        factories.update(action, on + timedelta(days=30), planned_start=on, planned_end=on + timedelta(days=200))


def test_a_thousand_actions_weigh_little_and_are_kept(client: CheckedClient, writing, count_sql) -> None:
    with writing():
        project = factories.programme()
        many(project, 1000)
        user = factories.user(Role.STEERING, programme=project)
    client.login(user)
    with count_sql() as cold:
        page = client.get(BOARD)
    assert len(cold) <= 10
    with count_sql() as warm:
        client.get(BOARD)
    assert len(warm) <= 3, "kept for every reader until something changes"
    assert len(gzip.compress(page.text.encode())) < 60_000


# --- 304 ----------------------------------------------------------------------------------------------------


def tag_of(client: CheckedClient, path: str = BOARD) -> str:
    tag = client.get(path).response.headers["ETag"]
    assert tag.startswith('W/"')
    return tag


def asks(client: CheckedClient, tag: str, expected: int, path: str = BOARD) -> Any:
    return client.get(path, headers={"If-None-Match": tag}, expected=expected)


def test_an_unchanged_page_is_not_sent_again(agent: CheckedClient, count_sql) -> None:
    tag = tag_of(agent)
    with count_sql() as statements:
        answer = asks(agent, tag, 304)
    assert answer.text == ""
    assert len(statements) <= 2, "before the page's own queries"
    assert answer.response.headers["ETag"] == tag
    assert "Cookie" in answer.response.headers["Vary"]
    assert answer.response.headers["Cache-Control"] == "private, no-cache"


def test_a_write_to_the_project_or_the_instance_changes_the_tag(agent: CheckedClient, world) -> None:
    for of in (world["project"], None):
        tag = tag_of(agent)
        with write_transaction():
            history.bump(of)
        assert asks(agent, tag, 200).response.headers["ETag"] != tag


def test_a_vote_does_not_change_the_tag(agent: CheckedClient, world, writing) -> None:
    tag = tag_of(agent)
    with writing():
        db.session.execute(db.text("UPDATE proposal SET support_count = support_count + 1"))
    asks(agent, tag, 304)


def test_another_person_visit_query_or_day_is_another_page(agent: CheckedClient, world, clock) -> None:
    tag = tag_of(agent)
    asks(agent, tag, 200, path=f"{BOARD}?groupe=un")
    agent.login(world["agent"])
    asks(agent, tag, 200)
    agent.login(world["steering"])
    asks(agent, tag, 200)
    agent.login(world["agent"])
    tag = tag_of(agent)
    clock.advance(hours=14)
    agent.login(world["agent"])
    asks(agent, tag, 200)


def test_filters_that_leave_nothing_say_so_and_can_be_taken_off(agent: CheckedClient) -> None:
    page = agent.get(f"{BOARD}?employeur=ville&groupe=deux&theme=sans&au=2026-02-10")
    assert page.select(".lead")[0].get_text(strip=True) == (
        "Aucune action ne répond à « Ville, sans thème, Deux » à cette date."
    )
    [link] = page.select(".empty a")
    assert (link.get_text(), link["href"]) == ("Retirer les filtres", f"{BOARD}?au=2026-02-10")
    assert "1 action réalisée sur 4" in agent.get(link["href"])
    early = agent.get(f"{BOARD}?au=2025-05-10")
    assert "Aucune action n'est encore lancée à cette date." in early


def test_a_waiting_message_is_shown_and_never_kept(agent: CheckedClient) -> None:
    tag = tag_of(agent)
    with agent.http.session_transaction() as cookie:
        cookie["_flashes"] = [("success", "Point publié.")]
    answer = asks(agent, tag, 200)
    assert "Point publié." in answer
    assert "ETag" not in answer.response.headers
    asks(agent, tag, 304)


def test_the_build_is_part_of_the_tag(agent: CheckedClient, monkeypatch) -> None:
    from tracker.views import conditional

    tag = tag_of(agent)
    monkeypatch.setattr(conditional, "build_id", lambda: "another")
    asks(agent, tag, 200)
