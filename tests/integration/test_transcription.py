"""Proposals told on paper or in a workshop: in whose name, by whom, and what the trace tells."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pypdf
import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tracker.enums import Origin, ProposalState, Role
from tracker.errors import Forbidden
from tracker.extensions import db, end_transaction
from tracker.models import Authorship, Event, Matricule, Proposal, RoleGrant, Site, User, Workshop
from tracker.queries import people
from tracker.services.proposals import Text, new_key
from tracker.services.transcription import Gathering, write_down

PAPER = "/propositions/papier"


class Town:
    def __init__(self) -> None:
        self.project = factories.programme()
        self.campaign = factories.open_campaign(self.project)
        self.depot = factories.add(Site(slug="depot", name="Dépôt"))
        self.hall = factories.add(Site(slug="mairie", name="Mairie"))
        self.relay = factories.user(first_name="Rémi", last_name="Passeur", site_id=self.depot.id)
        factories.add(
            RoleGrant(user_id=self.relay.id, role=Role.RELAY, site_id=self.depot.id, starts_on=factories.FIRST_DAY)
        )
        self.moderator = factories.user(Role.MODERATOR)
        self.agent = factories.user(site_id=self.depot.id, entity_id=self.project.entities[0].id)
        self.shy = factories.sealed_user(site_id=self.depot.id)
        self.elsewhere = factories.user(login="lointaine", site_id=self.hall.id)
        factories.add(Matricule(entity_id=self.project.entities[0].id, number="A123", user_id=self.agent.id))


@pytest.fixture
def town(writing: Any) -> Town:
    with writing():
        return Town()


def told(**changed: str) -> dict[str, str]:
    fields = {
        "key": new_key(), "body": "Un banc devant le dépôt pour attendre le bus.", "source": "personne",
        "identifier": "A123", "agreed": "y", "name": "affiche", **changed,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


def proposals() -> list[Proposal]:
    end_transaction(commit=False)
    return list(db.session.scalars(select(Proposal)))


def last_event() -> Event:
    end_transaction(commit=False)
    return db.session.scalars(select(Event).where(Event.verb == "proposal:transcribe")).one()


def test_a_relais_writes_for_somebody_of_the_site(client: CheckedClient, town: Town) -> None:
    client.login(town.relay).post(PAPER, told())
    (proposal,) = proposals()
    assert (proposal.state, proposal.origin) == (ProposalState.SUBMITTED, Origin.PAPER)
    author = db.session.scalars(select(Authorship)).one()
    assert (author.user_id, author.sealed, author.entity_id) == (town.agent.id, False, town.agent.entity_id)
    assert last_event().actor_id == town.relay.id
    assert "Un banc" in CheckedClient(client.app).login(town.agent).get("/propositions/mes-propositions")


def test_it_is_read_again_before_it_is_sent_and_nothing_is_kept_meanwhile(client: CheckedClient, town: Town) -> None:
    fields, name, login = told(title="Un banc"), town.agent.name, town.shy.login
    page = client.login(town.relay).post(PAPER, {**fields, "geste": "apercu"}, expected=200)
    assert name in page
    assert proposals() == []
    hidden = {str(one["name"]): str(one["value"]) for one in page.select("main form input[type=hidden]")}
    back = client.post(PAPER, {**hidden, "geste": "corriger"}, expected=200)
    assert back.select("#title")[0]["value"] == "Un banc"
    assert back.select("#identifier")[0]["value"] == "A123"
    sealed = {**fields, "identifier": login, "name": "non-affiche"}
    assert login in client.post(PAPER, {**sealed, "geste": "apercu"}, expected=200)
    client.post(PAPER, {**sealed, "geste": "apercu", "agreed": ""}, expected=422)
    client.post(PAPER, {**hidden, "geste": "envoyer"})
    assert [one.title for one in proposals()] == ["Un banc"]


def test_what_was_typed_by_mistake_is_taken_back_the_same_day_by_who_typed_it(
    client: CheckedClient, town: Town, clock: Clock, writing: Any
) -> None:
    client.login(town.relay).post(PAPER, told(title="Un banc"))
    first = proposals()[0].id
    act = {"geste": "reprendre", "proposition": str(first)}
    assert "écrite par erreur ?" in client.post(PAPER, act, expected=200)
    other = CheckedClient(client.app).login(town.moderator)
    other.post(PAPER, {**act, "confirmed": "yes"}, expected=403)
    with writing():
        db.session.get_one(Proposal, first).support_count = 1
    assert "soutient déjà" in client.submit(PAPER, {**act, "confirmed": "yes"})
    with writing():
        db.session.get_one(Proposal, first).support_count = 0
    assert "Un banc" in client.get(PAPER)
    assert "est retirée" in client.submit(PAPER, {**act, "confirmed": "yes"})
    assert proposals()[0].state is ProposalState.WITHDRAWN
    trace = db.session.scalars(select(Event).where(Event.verb == "proposal:take_back")).one()
    assert (trace.actor_id, trace.subject_id) == (town.relay.id, first)
    assert "Un banc" not in client.get(PAPER)
    client.post(PAPER, told(title="Une table"))
    clock.advance(days=1)
    late = {"geste": "reprendre", "proposition": str(proposals()[1].id), "confirmed": "yes"}
    client.login(town.relay).post(PAPER, late, expected=403)


def test_a_name_not_displayed_leaves_no_trace_of_who_typed(client: CheckedClient, town: Town) -> None:
    client.login(town.relay).post(PAPER, told(identifier=town.shy.login, name="non-affiche", thanks="y"))
    event = last_event()
    assert event.actor_id is None
    assert town.relay.name not in event.actor_label
    assert event.changes == {}
    author = db.session.scalars(select(Authorship)).one()
    assert author.sealed
    assert not author.thanks_consent
    client.login(town.moderator).get(f"/moderation/{proposals()[0].id}")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"agreed": ""}, "Cochez cette case"),
        ({"name": ""}, "affiché ou non"),
        ({"name": "", "agreed": ""}, "Cochez cette case"),
        ({"identifier": ""}, "de qui il s'agit"),
        ({"identifier": "personne.du.tout"}, "Personne de votre site n'a"),
        ({"identifier": "lointaine"}, "Personne de votre site n'a"),
        ({"body": ""}, "Écrivez l'idée"),
        ({"source": ""}, "qui a eu cette idée"),
        ({"key": "court"}, "Rouvrez la page"),
    ],
)
def test_what_is_missing_or_out_of_reach_is_refused_and_nothing_is_lost(
    client: CheckedClient, town: Town, changed: dict[str, str], words: str
) -> None:
    answer = client.login(town.relay).post(PAPER, told(title="Un banc", **changed), expected=422)
    assert words in answer
    assert answer.select("input[name=title]")[0]["value"] == "Un banc"
    assert not proposals()


def test_a_moderator_writes_for_anybody_an_agent_for_nobody(client: CheckedClient, town: Town) -> None:
    client.login(town.moderator).post(PAPER, told(identifier="lointaine"))
    assert len(proposals()) == 1
    client.login(town.agent).get(PAPER, expected=403)
    client.post(PAPER, told(), expected=403)


def test_sent_twice_it_is_one_and_nobody_s_draft_is_taken(client: CheckedClient, town: Town, writing: Any) -> None:
    fields = told()
    client.login(town.relay)
    client.post(PAPER, fields)
    client.post(PAPER, fields)
    assert len(proposals()) == 1
    with writing():
        draft = factories.proposal(town.project, author=town.agent, state=ProposalState.DRAFT, draft_key=new_key())
        key = draft.draft_key
    client.post(PAPER, told(key=key), expected=422)


def test_a_workshop_is_written_once_with_its_number_apart(client: CheckedClient, town: Town) -> None:
    atelier = {
        "source": "atelier", "identifier": "", "agreed": "", "name": "", "workshop_title": "Atelier des ateliers",
        "held_on": "2026-03-10", "place": "Salle 2", "declared_count": "14",
    }  # fmt: skip
    client.login(town.relay).post(PAPER, told(**atelier))
    end_transaction(commit=False)
    workshop = db.session.scalars(select(Workshop)).one()
    assert (workshop.title, workshop.declared_count) == ("Atelier des ateliers", 14)
    client.post(PAPER, told(source="atelier", identifier="", workshop=str(workshop.id)))
    end_transaction(commit=False)
    assert {p.workshop_id for p in proposals()} == {db.session.scalars(select(Workshop.id)).one()}
    assert not db.session.scalars(select(Authorship)).all()
    for proposal, offered in zip(proposals(), (1, 0), strict=True):  # it is offered as long as one of them stands
        client.post(PAPER, {"geste": "reprendre", "proposition": str(proposal.id), "confirmed": "yes"})
        assert client.get(PAPER).text.count("Atelier des ateliers (10/03/2026)") == offered
    for changed in ({"held_on": "2026-03-17"}, {"declared_count": "0"}, {"declared_count": ""}, {"workshop_title": ""}):
        client.post(PAPER, told(**{**atelier, **changed}), expected=422)


def test_a_workshop_is_written_by_who_has_a_duty_in_that_project(
    client: CheckedClient, town: Town, writing: Any, clock: Clock
) -> None:
    with writing():
        stranger = factories.user(Role.MODERATOR, programme=factories.programme())
    actor = people.actor_by_login(stranger.login, now=clock.now)
    assert actor is not None
    fields = told(
        source="atelier", identifier="", agreed="", name="", workshop_title="Atelier des ateliers",
        held_on="2026-03-10", place="Salle 2", declared_count="14",
    )  # fmt: skip
    assert "Aucune consultation" in client.login(stranger).get(PAPER)
    client.post(PAPER, fields, expected=409)
    with pytest.raises(Forbidden), writing():
        write_down(
            actor=actor, key=new_key(), campaign_id=town.campaign.id, text=Text("", "Un banc devant le dépôt."),
            source=Gathering(title="Atelier", held_on=date(2026, 3, 10), declared_count=14), now=clock.now,
        )  # fmt: skip
    assert not proposals()


def test_outside_a_step_that_receives_ideas_nothing_is_written(client: CheckedClient, town: Town, clock: Clock) -> None:
    clock.advance(days=30)
    assert "Aucune consultation" in client.login(town.relay).get(PAPER)
    assert "ne reçoit pas" in client.post(PAPER, told(), expected=409)
    assert not proposals()


@pytest.mark.parametrize(("size", "width"), [("a4", 595), ("a3", 842)])
def test_a_poster_has_one_page_of_its_size_and_tags(
    client: CheckedClient, town: Town, drawn_here: None, size: str, width: int
) -> None:
    agent = db.session.get_one(User, town.agent.id)
    answer = client.login(agent).get(f"/consultations/{town.campaign.id}/affiche.pdf?format={size}")
    paper = pypdf.PdfReader(io.BytesIO(answer.response.get_data()))
    root: Any = paper.trailer["/Root"]
    assert len(paper.pages) == 1
    assert round(float(paper.pages[0].mediabox.width)) == width
    assert (root["/Lang"], bool(root["/MarkInfo"]["/Marked"])) == ("fr", True)
    words = " ".join(paper.pages[0].extract_text().split())
    for said in (town.campaign.title, "31 mars 2026", f"127.0.0.1:8000/consultations/{town.campaign.id}", "relais"):
        assert said in words, said
