"""Codes on paper: who prints them for whom, what a sheet says, what stops working."""

from __future__ import annotations

import io
import re
from typing import Any

import pypdf
import pytest
from sqlalchemy import func, select, update

from tests import factories
from tests.client import Answer, CheckedClient
from tests.conftest import Clock
from tracker.enums import Role
from tracker.errors import Unavailable
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import ActivationCode, Department, Event, RoleGrant, Site, User
from tracker.queries import activation as activation_queries
from tracker.services import activation
from tracker.views import papers

CODE = re.compile(rf"[{activation.ALPHABET}]{{4}} [{activation.ALPHABET}]{{4}} [{activation.ALPHABET}]{{4}}")
YES = {"confirmed": "yes"}


class Town:
    """Two sites; the depot has a relais, nine people without account and one with."""

    def __init__(self) -> None:
        factories.programme()
        self.depot = factories.add(Site(slug="depot", name="Dépôt des Sables", address="1 rue du Port"))
        self.hall = factories.add(Site(slug="mairie", name="Hôtel de ville"))
        self.roads = factories.add(Department(slug="voirie", name="Voirie"))
        self.manager = factories.user(Role.ADMIN, password_hash="x")
        self.relay = factories.user(last_name="Relais", site_id=self.depot.id, password_hash="x")
        factories.add(
            RoleGrant(user_id=self.relay.id, role=Role.RELAY, site_id=self.depot.id, starts_on=factories.FIRST_DAY)
        )
        self.new = [factories.user(site_id=self.depot.id, department_id=self.roads.id, email=None) for _ in range(9)]
        self.elsewhere = factories.user(site_id=self.hall.id, last_name="Lointaine", email=None)
        self.nowhere = factories.user(last_name="Sanssite", email=None)


@pytest.fixture
def on_paper(monkeypatch: Any) -> list[str]:
    """The pages that would be made into PDF; making them takes a second each."""
    pages: list[str] = []

    def made(html: str) -> bytes:
        end_transaction(commit=False)
        pages.append(html)
        return b"%PDF-"

    monkeypatch.setattr(papers, "made", made)
    return pages


def codes(person: User) -> list[ActivationCode]:
    end_transaction(commit=False)
    query = select(ActivationCode).where(ActivationCode.user_id == person.id).order_by(ActivationCode.id)
    return list(db.session.scalars(query))


def read(answer: Answer) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(answer.response.get_data()))


def test_a_sheet_tells_each_person_what_to_do_and_whom_to_ask(
    client: CheckedClient, town: Town, drawn_here: None
) -> None:
    answer = client.login(town.relay).post("/relais", YES, expected=200)
    assert answer.response.mimetype == "application/pdf"
    assert answer.response.headers["Cache-Control"] == "no-store"
    assert answer.response.headers["Content-Disposition"].startswith("attachment")
    paper = read(answer)
    root: Any = paper.trailer["/Root"]
    assert len(paper.pages) == 2, "eight to a sheet"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "fr"
    assert paper.metadata is not None
    assert paper.metadata.title == "9 codes pour ouvrir un compte"
    words = " ".join(" ".join(page.extract_text() for page in paper.pages).split())
    for person in town.new:
        assert person.name in words
        assert person.login in words
    for said in (
        "Dépôt des Sables",
        "Voirie",
        "127.0.0.1:8000/activer",
        town.relay.name,
        "15 avril 2026",
        "dites vos idées",
    ):
        assert said in words, said
    printed = set(CODE.findall(words))
    assert len(printed) == 9
    end_transaction(commit=False)
    kept = set(db.session.scalars(select(ActivationCode.code_hash)))
    assert kept == {activation.code_hash(code) for code in printed}


def test_printing_asks_first_and_its_trace_counts_people_without_codes(
    client: CheckedClient, town: Town, on_paper: list[str]
) -> None:
    client.login(town.manager)
    asked = client.post("/reglages/codes", {}, expected=200)
    assert "n'ouvriront plus rien" in asked
    assert not on_paper
    client.post("/reglages/codes", YES, expected=200)
    end_transaction(commit=False)
    assert db.session.scalars(select(Event.changes).where(Event.verb == "code:print")).all() == [{"people": 11}]
    assert "déjà un compte ou un code" in client.post("/reglages/codes", YES, expected=409)


def test_thousands_are_written_as_elsewhere(client: CheckedClient, town: Town, monkeypatch: Any) -> None:
    monkeypatch.setattr(activation_queries, "count_invitable", lambda *_filters, **_now: 1641)
    monkeypatch.setattr(activation_queries, "invitable", lambda *_filters, **_now: tuple(range(1641)))
    page = client.login(town.manager).get("/reglages/codes")
    assert "Ici, 1\u202f641 personnes ont" in page.text
    assert "1\u202f641 personnes recevront" in client.post("/reglages/codes", {"act": "invite"}, expected=200).text


def test_a_lost_batch_is_replaced_in_one_act_within_reach(
    client: CheckedClient, town: Town, on_paper: list[str], clock: Clock
) -> None:
    client.login(town.manager).post("/reglages/codes", YES, expected=200)
    used = codes(town.new[0])[0].code_hash
    with write_transaction():
        db.session.execute(update(ActivationCode).where(ActivationCode.code_hash == used).values(used_at=clock()))
    clock.advance(hours=1)
    alone = client.login(town.manager).post("/reglages/codes", {**YES, "person": str(town.nowhere.id)}, expected=200)
    assert alone.response.mimetype == "application/pdf"
    clock.advance(hours=1)
    page = client.login(town.relay).get("/relais")
    assert page.select("#lots li")[0].get_text().count("8 codes") == 1, "of eleven: one used, two out of reach"
    batch = {"batch": page.select("#lots input[name=batch]")[0]["value"]}
    assert "Remplacer 8 codes perdus" in client.post("/relais", batch, expected=200)
    before = {person.id: codes(person)[0].code_hash for person in (*town.new, town.elsewhere)}
    client.post("/relais", {**YES, **batch}, expected=200)
    assert len(CODE.findall(on_paper[-1])) == 8
    live = {person.id: [one.code_hash for one in codes(person) if not one.used_at and not one.revoked_at]
            for person in (*town.new, town.elsewhere)}  # fmt: skip
    assert live.pop(town.new[0].id) == []
    assert live.pop(town.elsewhere.id) == [before[town.elsewhere.id]], "of another site: not theirs to replace"
    assert all(len(hashes) == 1 and hashes[0] != before[person] for person, hashes in live.items())
    trace = db.session.scalars(select(Event).where(Event.verb == "code:replace")).one()
    assert (trace.actor_id, trace.changes) == (town.relay.id, {"people": 8})
    refused = client.post("/relais", {"batch": "0"}, expected=409)
    assert "rien à remplacer" in refused


def test_the_list_shows_who_has_none_by_site_and_service(client: CheckedClient, town: Town) -> None:
    page = client.login(town.manager).get(f"/reglages/codes?site={town.depot.id}&service={town.roads.id}")
    assert "Imprimer 9 codes" in page
    assert "Lointaine" not in page
    assert "Sanssite" in client.get("/reglages/codes?q=sanss")
    assert town.relay.name in client.get("/reglages/codes?etat=tous&adresse=tous")


def test_paper_is_first_for_those_whom_no_mail_reaches(
    client: CheckedClient, town: Town, writing: Any, monkeypatch: Any
) -> None:
    with writing():
        factories.user(last_name="Joignable", site_id=town.depot.id)
    client.login(town.manager)
    page = client.get("/reglages/codes")
    assert "Joignable" not in page
    assert "Imprimer 11 codes" in page
    assert "Imprimer 12 codes" in client.get("/reglages/codes?adresse=tous")
    assert "Joignable" in client.get("/reglages/codes?q=joignable&adresse=sans"), "a name looked for is found"
    monkeypatch.setitem(client.app.config, "MODE", "production")
    assert "Imprimer 12 codes" in client.get("/reglages/codes"), "no mail leaves: everybody needs paper"


def test_a_relais_sees_and_prints_for_one_site_alone(client: CheckedClient, town: Town, on_paper: list[str]) -> None:
    client.login(town.relay)
    for query in ("", "?etat=tous", f"?site={town.hall.id}", f"?etat=tous&site={town.hall.id}", "?q=Lointaine"):
        page = client.get("/relais" + query)
        assert "Lointaine" not in page
        assert "Sanssite" not in page
    for stranger in (town.elsewhere, town.nowhere):
        client.post("/relais", {"person": str(stranger.id), **YES}, expected=404)
        assert not codes(stranger)
    client.post(f"/relais?site={town.hall.id}", YES, expected=409)
    client.get("/reglages/codes", expected=403)
    client.post("/reglages/codes", YES, expected=403)
    client.post("/relais", YES, expected=200)
    assert not codes(town.elsewhere)
    assert not codes(town.nowhere)
    assert "Lointaine" not in "".join(on_paper)


def test_a_relais_whose_time_is_over_prints_no_more(
    client: CheckedClient, town: Town, clock: Clock, writing: Any
) -> None:
    with writing():
        grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == town.relay.id)).one()
        grant.ends_on = clock.now.date()
    client.login(town.relay).get("/relais")
    clock.advance(days=1)
    client.get("/relais", expected=403)


def test_an_agent_prints_nothing(client: CheckedClient, town: Town) -> None:
    client.login(town.new[0]).get("/relais", expected=403)
    client.post("/relais", YES, expected=403)


def test_a_lost_slip_is_replaced_for_one_person(client: CheckedClient, town: Town, on_paper: list[str]) -> None:
    person = town.new[0]
    client.login(town.relay)
    client.post("/relais", {"person": str(person.id), **YES}, expected=200)
    (lost,) = codes(person)
    assert lost.revoked_at is None
    assert "Remplacer le code perdu" in client.get("/relais?etat=sans-compte")
    client.post("/relais", {"person": str(person.id), **YES}, expected=200)
    states = [code.revoked_at is None for code in codes(person)]
    assert states == [False, True]
    assert len({CODE.findall(page)[0] for page in on_paper}) == 2
    end_transaction(commit=False)
    told = db.session.execute(
        select(Event.subject, Event.subject_id, Event.changes).where(Event.verb == "code:print")
    ).all()
    assert told == [("user", person.id, {"people": 1})] * 2


def test_without_a_pdf_older_codes_go_on_working(client: CheckedClient, town: Town, monkeypatch: Any) -> None:
    def fail(_html: str) -> bytes:
        raise Unavailable("Pas de PDF cette fois.", advice="Recommencez.")

    client.login(town.manager)
    monkeypatch.setattr(papers, "made", fail)
    client.post("/reglages/codes", YES, expected=503)
    end_transaction(commit=False)
    assert db.session.scalar(select(func.count()).select_from(ActivationCode)) == 0


def test_nobody_is_told_to_ask_themselves(client: CheckedClient, town: Town, on_paper: list[str]) -> None:
    asked = {**YES, "person": str(town.relay.id)}
    someone = {**YES, "person": str(town.new[0].id)}
    client.login(town.manager)
    for person in (asked, someone):
        client.post("/reglages/codes", person, expected=200)
    assert ["Votre relais" in page for page in on_paper] == [False, True]
