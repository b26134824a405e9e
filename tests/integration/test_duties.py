"""Rights and duties: the legal pages, one's own data, requests, and the texts of two people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tracker.enums import CodeChannel, RequestState, Role
from tracker.extensions import db, end_transaction
from tracker.models import ActivationCode, DataRequest, Event, RollEntry, User


@pytest.fixture
def manager(app: Any, writing: Any) -> CheckedClient:
    with writing():
        factories.programme()
        person = factories.user(Role.ADMIN, login="gestion")
    return CheckedClient(app).login(person)


@pytest.fixture
def agent(app: Any, writing: Any) -> CheckedClient:
    with writing():
        person = factories.user(login="agente", first_name="Odile", last_name="Martin-Duroc")
    return CheckedClient(app).login(person)


def foot(client: CheckedClient) -> str:
    """What the foot of a page says of accessibility."""
    return str(client.get("/aide").select("footer a[href='/accessibilite']")[0].get_text())


def test_the_footer_says_non_conforme_until_an_audit_is_recorded(manager, client) -> None:
    page = "/reglages/accessibilite"
    assert foot(client) == "Accessibilité : non conforme"
    refused = manager.post(page, {"audited_on": "2026-02-02", "rate": "", "auditor": "", "stated_on": ""}, expected=422)
    assert "Donnez le taux" in refused
    form = {"audited_on": "2026-02-02", "rate": "72.5", "auditor": "Cabinet Rive", "stated_on": "2026-02-10"}
    manager.submit(page, form)
    assert foot(client) == "Accessibilité : partiellement conforme"
    told = client.get("/accessibilite")
    assert "Cabinet Rive" in told
    assert "72,5 %" in told
    assert "10 février 2029" in told
    manager.submit(page, {**form, "rate": "100"})
    assert foot(client) == "Accessibilité : totalement conforme"


def test_a_statement_of_three_years_is_said_to_be_made_again(manager, client, clock) -> None:
    form = {"audited_on": "2026-02-02", "rate": "72.5", "auditor": "Cabinet Rive", "stated_on": "2026-02-10"}
    manager.submit("/reglages/accessibilite", form)
    assert "plus de trois ans" not in client.get("/accessibilite")
    assert "plus de trois ans" not in manager.get("/reglages")
    clock.advance(days=3 * 366)
    assert "plus de trois ans" in client.get("/accessibilite")
    manager.login(_person("gestion"))
    assert "plus de trois ans" in manager.get("/reglages")


def test_the_page_of_personal_data_says_what_is_set_and_the_durations_applied(manager, client) -> None:
    assert "n'a pas encore confirmées" in client.get("/donnees-personnelles")
    form = {
        "controller": "Ville de **Brume**",
        "officer": "dpo@brume.fr",
        "purposes": "",
        "legal_basis": "",
        "recipients": "",
        "leavers": "7",
        "authors": "24",
        "security": "6",
        "drafts": "12",
        "requests": "12",
    }
    manager.post("/reglages/donnees-personnelles", {**form, "leavers": "0"}, expected=422)
    assert "ne se retrouve pas" in manager.post("/reglages/donnees-personnelles", form, expected=200)
    assert "n'a pas encore confirmées" in client.get("/donnees-personnelles")
    manager.submit("/reglages/donnees-personnelles", {**form, "confirmed": "yes"})
    manager.submit("/reglages/donnees-personnelles", {**form, "officer": "dpd@brume.fr", "leavers": "8"})
    manager.post("/reglages/donnees-personnelles", form, expected=200)
    manager.submit("/reglages/donnees-personnelles", {**form, "confirmed": "yes"})
    told = client.get("/donnees-personnelles")
    assert told.select("strong")[0].get_text() == "Brume"
    assert "7 mois après son départ" in told
    assert "n'a pas encore confirmées" not in told


def test_one_s_data_are_downloaded_and_nobody_else_s(agent, app, writing) -> None:
    with writing():
        project = db.session.scalars(select(User)).first() and factories.programme()
        me = db.session.scalar(select(User).where(User.login == "agente"))
        factories.proposal(project, author=me, title="Mon idée à moi")
        factories.proposal(project, author=factories.user(), title="Idée d'une autre")
        asked = factories.campaign(project, title="Consultation d'essai")
        factories.add(RollEntry(campaign_id=asked.id, user_id=me.id, is_manager=False, took_part=True))
        made = factories.noon(factories.FIRST_DAY)
        code = ActivationCode(user_id=me.id, code_hash="x", channel=CodeChannel.SLIP, made_at=made, expires_at=made)
        factories.add(code)
    told = agent.get("/mon-compte/donnees.json")
    assert told.response.headers["Cache-Control"] == "no-store"
    assert told.json["compte"][0]["nom"] == "Martin-Duroc"
    assert [one["titre"] for one in told.json["propositions"]] == ["Mon idée à moi"]
    assert "Idée d'une autre" not in told.text
    assert told.json["participations"] == [{"consultation": "Consultation d'essai", "a soutenu": True}]
    assert told.json["codes"][0]["servi le"] is None
    page = agent.get("/mon-compte/donnees.html")
    assert "Martin-Duroc" in page.text
    assert "Idée d'une autre" not in page.text


def test_a_request_is_due_a_month_later_and_its_answer_is_read(agent, manager) -> None:
    agent.post("/mon-compte/donnees", {"kind": "correction", "text": ""}, expected=422)
    agent.submit("/mon-compte/donnees", {"kind": "correction", "text": "Mon nom s'écrit autrement."})
    again = agent.post("/mon-compte/donnees", {"kind": "correction", "text": "Encore."}, expected=409)
    assert "déjà enregistrée" in again
    end_transaction(commit=False)
    row = db.session.scalars(select(DataRequest)).one()
    assert (row.due_on, row.state) == (date(2026, 4, 16), RequestState.OPEN)
    assert "à répondre le 16 avril 2026" in manager.get("/reglages/demandes")
    page, asker = f"/reglages/demandes/{row.id}", row.user_id
    assert "ce qui a été fait" in manager.post(page, {"outcome": "done", "answer": "oui"}, expected=422)
    assert f"/reglages/personnes/{asker}/modifier" in manager.get(page).text
    assert "1 demande sur les données attend sa réponse" in manager.get("/reglages")
    manager.submit(page, {"outcome": "done", "answer": "Votre nom est corrigé depuis ce matin."})
    assert "corrigé depuis ce matin" in agent.get("/mon-compte/donnees")
    trace = agent.get("/mon-compte/donnees.json").json["evenements"][-1]
    assert trace["acte"] == "demande sur les données"
    assert trace["changements"] == "genre : rectification ; état : à traiter"
    manager.post(page, {"outcome": "refused", "answer": "Finalement ce n'est pas possible."}, expected=409)


def test_late_requests_come_first_and_say_so(agent, manager, clock) -> None:
    agent.submit("/mon-compte/donnees", {"kind": "erasure", "text": ""})
    clock.advance(days=40)
    agent.login(_person("agente"))
    manager.login(_person("gestion"))
    assert "en retard depuis le 16 avril 2026" in manager.get("/reglages/demandes")
    assert "1 demande sur les données est en retard" in manager.get("/reglages")


def test_a_request_on_paper_is_due_from_the_day_it_came_and_is_traced(manager, app, writing) -> None:
    with writing():
        gone = factories.user(first_name="Jean", last_name="Parti", is_active=False).id
    page = f"/reglages/personnes/{gone}/demande"
    assert page in manager.get(f"/reglages/personnes/{gone}").text
    asked = {"kind": "access", "received_on": "2026-03-02", "text": ""}
    assert "le délai part de là" in manager.post(page, {**asked, "received_on": ""}, expected=422)
    assert "est à venir" in manager.post(page, {**asked, "received_on": "2026-03-17"}, expected=422)
    manager.submit(page, asked)
    assert "attend déjà sa réponse" in manager.post(page, {**asked, "text": "Encore."}, expected=409)
    end_transaction(commit=False)
    row = db.session.scalars(select(DataRequest)).one()
    assert (row.user_id, row.received_on, row.due_on) == (gone, date(2026, 3, 2), date(2026, 4, 2))
    trace = db.session.scalars(select(Event).where(Event.verb == "request:record")).one()
    assert (trace.subject_id, trace.actor_label) == (row.id, _person("gestion").name)
    assert "reçue par écrit le 2 mars 2026" in manager.get("/reglages/demandes")
    told = manager.submit(f"/reglages/demandes/{row.id}", {"outcome": "done", "answer": "La copie est partie."})
    assert "envoyez-la aussi à la personne" in told


def test_no_event_tells_what_a_request_says(agent) -> None:
    agent.submit("/mon-compte/donnees", {"kind": "correction", "text": "Un secret à moi."})
    end_transaction(commit=False)
    assert all("secret" not in str(event.changes) for event in db.session.scalars(select(Event)))


def _person(login: str) -> User:
    end_transaction(commit=False)
    return db.session.scalars(select(User).where(User.login == login)).one()
