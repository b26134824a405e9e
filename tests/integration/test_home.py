"""Home answers the agent, the pilote and the committee first."""

from __future__ import annotations

from datetime import date

from flask import Flask
from flask_babel import ngettext

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tracker.enums import ActionStatus, Outcome, ProposalState, ReviewAdvice, Role, TextKind
from tracker.models import Redaction, Review, RoleGrant, Site


def test_nought_is_singular_in_french(app: Flask) -> None:
    with app.test_request_context():
        assert [ngettext("%(num)s soutien", "%(num)s soutiens", n) for n in (0, 1, 2)] == [
            "0 soutien", "1 soutien", "2 soutiens",
        ]  # fmt: skip


def test_an_agent_sees_answers_and_finished_actions(client: CheckedClient, writing, clock) -> None:
    with writing():
        programme = factories.programme()
        user = factories.user(programme=programme)
        proposal = factories.proposal(programme, author=user, title="Un banc dans la cour")
        factories.decision(proposal, taken_on=date(2026, 3, 12))
        done = factories.action(programme, title="Poser le banc", proposals=(proposal,))
        factories.update(done, date(2026, 3, 14), status=ActionStatus.DONE)
    answer = client.login(user).get("/")
    assert "Proposition n° 1 : Un banc dans la cour" in answer
    assert "Action n° 1 : Poser le banc" in answer
    assert "1 action" in answer


def test_an_action_reopened_since_is_no_longer_told_as_done(client: CheckedClient, writing) -> None:
    with writing():
        programme = factories.programme()
        user = factories.user(programme=programme)
        action = factories.action(programme, title="Rouverte depuis")
        factories.update(action, date(2026, 3, 2), status=ActionStatus.DONE)
        factories.update(action, date(2026, 3, 9), status=ActionStatus.IN_PROGRESS)
    assert "Rouverte depuis" not in client.login(user).get("/")


def test_a_pilote_finds_late_actions_first_with_one_button(client: CheckedClient, writing, count_sql) -> None:
    with writing():
        programme = factories.programme()
        user = factories.user(programme=programme)
        factories.action(programme, title="À l'heure", pilot_id=user.id, planned=(date(2026, 2, 1), date(2026, 9, 1)))
        late = factories.action(programme, title="En retard", pilot_id=user.id)
        factories.update(late, date(2026, 2, 2), planned_start=date(2026, 2, 1), planned_end=date(2026, 3, 1))
        factories.action(programme, title="À une autre")
    client.login(user)
    with count_sql() as statements:
        answer = client.get("/")
    titles = [a.get_text() for a in answer.select("section[aria-labelledby=mes-actions] li a")]
    assert titles == ["n° 2 · En retard", "n° 1 · À l'heure"]
    assert "Dire où en sont mes actions" in answer
    assert len(statements) <= 8


def test_home_and_the_round_list_the_same_actions_those_of_an_ended_project_last(
    client: CheckedClient, writing
) -> None:
    with writing():
        ended = factories.programme(starts_on=date(2015, 1, 1), ends_on=date(2020, 12, 31))
        running = factories.programme(is_principal=False)
        user = factories.user(programme=running)
        group = factories.group(running)
        factories.add(RoleGrant(user_id=user.id, role=Role.GROUP_LEAD, group_id=group.id, starts_on=date(2026, 1, 1)))
        factories.action(ended, pilot_id=user.id, opened_on=date(2019, 1, 5), planned=(date(2019, 2, 1),) * 2)
        factories.action(running, pilot_id=user.id)
        factories.action(running, group_id=group.id)
        factories.action(running, title="À une autre")
    client.login(user)
    home = [a["href"] for a in client.get("/").select("section[aria-labelledby=mes-actions] li a")]
    told = [a["href"] for a in client.get("/actions/mon-tour").select(".round-title a")]
    assert len(told) == 3
    assert told[-1] == "/actions/1"
    assert home == told


def test_the_committee_finds_what_waits_in_the_running_project(client: CheckedClient, writing, count_sql) -> None:
    with writing():
        factories.programme(starts_on=date(2015, 1, 1), ends_on=date(2020, 12, 31))
        running = factories.programme(is_principal=False)
        user = factories.user(Role.STEERING)
        factories.proposal(running)
        studied = factories.proposal(running, state=ProposalState.UNDER_REVIEW)
        factories.add(
            Review(
                proposal_id=studied.id, advice=ReviewAdvice.FAVOURABLE, text="Simple à faire.",
                effective_on=date(2026, 3, 10), recorded_at=factories.noon(date(2026, 3, 10)),
            )
        )  # fmt: skip
        taken = factories.proposal(running)
        factories.decision(taken, published=False, outcome=Outcome.RETAINED)
        factories.action(running)
        factories.meeting(running, held_on=date(2026, 3, 25), title="Réunion de mars")
    client.login(user)
    with count_sql() as statements:
        answer = client.get("/")
    assert "2 à décider : 1 prête (avis rendu), 1 sans avis" in answer
    assert "1 décision prise, non publiée" in answer
    assert "Réunion de mars" in answer
    assert answer.select(f'a[href="/a-decider?projet={running.slug}"]')
    assert len(statements) <= 8


def test_a_moderator_and_a_relais_find_what_is_expected_of_them(client: CheckedClient, writing, count_sql) -> None:
    with writing():
        project = factories.programme()
        over = factories.programme(is_principal=False, closed_at=NOON)
        for where in (project, project, over):
            factories.proposal(where, state=ProposalState.SUBMITTED)
        moderator, agent = factories.user(Role.MODERATOR), factories.user()
        depot = factories.add(Site(slug="depot", name="Dépôt des Sables"))
        relay = factories.user()
        factories.add(RoleGrant(user_id=relay.id, role=Role.RELAY, site_id=depot.id, starts_on=factories.FIRST_DAY))
    client.login(moderator)
    with count_sql() as statements:
        page = client.get("/")
    assert "2 propositions à publier" in page
    assert len(statements) <= 8
    assert client.login(relay).get("/").select("main a[href='/relais']")
    assert "Ce que l'on attend de vous" not in client.login(agent).get("/")


def test_a_withdrawal_waits_for_the_committee_and_for_another_moderator(client: CheckedClient, writing) -> None:
    with writing():
        project = factories.programme(is_principal=True)
        asks, agrees, steers = (factories.user(role) for role in (Role.MODERATOR, Role.MODERATOR, Role.STEERING))
        agent, elsewhere = factories.user(), factories.programme()
        others = [factories.user(role, programme=elsewhere) for role in (Role.MODERATOR, Role.STEERING)]
        point = factories.update(factories.action(project), factories.FIRST_DAY)
        for answered in (None, NOON):
            factories.add(Redaction(kind=TextKind.UPDATE, target_id=point.id, reason="Un nom y est.", asked_at=NOON,
                                    asked_by_id=asks.id, refused_at=answered))  # fmt: skip
    for one in (agrees, steers):
        page = client.login(one).get("/")
        assert "1 retrait de texte demandé, qui attend votre accord" in page
        assert page.select("main a[href='/reglages/retraits']")
    for one in (asks, agent, *others):
        assert "retrait de texte" not in client.login(one).get("/")
