"""Inviting by mail those who have an address: who gets one, how often, what it says, what it opens."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock, counting
from tracker.enums import Role
from tracker.errors import Forbidden
from tracker.extensions import db, end_transaction, speaking, write_transaction
from tracker.models import ActivationCode, Event, OutboxMessage, RoleGrant, Site, User
from tracker.queries.people import actor_by_login
from tracker.services import activation, invitations

ASK, YES = {"act": "invite"}, {"act": "invite", "confirmed": "yes"}
CODES = "/reglages/codes"


class Town:
    """Three people to invite, two at the depot; the others have an account, no address, a provider's account, left."""

    def __init__(self) -> None:
        factories.programme()
        self.depot = factories.add(Site(slug="depot", name="Dépôt des Sables"))
        self.hall = factories.add(Site(slug="mairie", name="Hôtel de ville"))
        self.manager = factories.user(Role.ADMIN, login="gestion", password_hash="x")
        self.relay = factories.user(login="relais", site_id=self.depot.id, password_hash="x")
        factories.add(
            RoleGrant(user_id=self.relay.id, role=Role.RELAY, site_id=self.depot.id, starts_on=factories.FIRST_DAY)
        )
        self.marie = factories.user(login="marie", first_name="Marie", site_id=self.depot.id)
        self.paul = factories.user(login="paul", site_id=self.depot.id, locale="en")
        self.far = factories.user(login="lointaine", site_id=self.hall.id)
        for values in ({"email": None}, {"issuer": "https://id.exemple", "subject": "1"}, {"is_active": False}):
            factories.user(site_id=self.depot.id, **values)


@pytest.fixture
def town(writing: Any) -> Town:
    with writing():
        return Town()


def mails() -> list[OutboxMessage]:
    end_transaction(commit=False)
    return list(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def receivers() -> list[str]:
    end_transaction(commit=False)
    logins = select(User.login).join(OutboxMessage, OutboxMessage.user_id == User.id).order_by(OutboxMessage.id)
    return list(db.session.scalars(logins))


def test_it_asks_first_with_the_exact_count_then_sends_one_mail_each(client: CheckedClient, town: Town) -> None:
    client.login(town.manager)
    assert "Ici, 3 personnes ont une adresse" in client.get(CODES)
    assert "3 personnes recevront un courriel" in client.post(CODES, ASK, expected=200)
    assert not mails()
    client.post(CODES, YES)
    assert receivers() == ["marie", "paul", "lointaine"]
    assert "3 personnes invitées" in client.get(CODES)
    end_transaction(commit=False)
    traces = db.session.execute(select(Event.subject, Event.changes).where(Event.verb == "code:invite")).all()
    assert traces == [("instance", {"people": 3})]


def test_a_second_click_or_a_second_manager_sends_nothing_twice(
    client: CheckedClient, town: Town, clock: Clock
) -> None:
    keys = [town.marie.id, town.paul.id]
    manager = actor_by_login("gestion", now=clock.now)
    assert manager is not None
    client.login(town.manager).post(CODES, YES)
    client.post(CODES, YES)
    with write_transaction():  # the other manager had read the list before
        assert invitations.send(invitations.prepare(keys), actor=manager, now=clock.now) == 0
    assert len(mails()) == 3
    assert len(set(db.session.scalars(select(ActivationCode.user_id)))) == 3
    assert db.session.scalars(select(Event.changes).where(Event.verb == "code:invite")).all() == [{"people": 3}]


def test_once_the_link_is_over_a_new_one_may_be_sent(client: CheckedClient, town: Town, clock: Clock) -> None:
    client.login(town.manager).post(CODES, YES)
    clock.advance(days=7)
    assert all(invitations.mail(row) is None for row in mails()), "what is over is not sent any more"
    client.login(town.manager).post(f"{CODES}?q=marie", YES)
    assert receivers() == ["marie", "paul", "lointaine", "marie"]


def test_the_mail_says_what_it_is_how_long_it_lasts_and_whom_to_ask(
    client: CheckedClient, town: Town, app: Flask
) -> None:
    client.login(town.manager).post(CODES, YES)
    marie, paul, *_rest = mails()
    with speaking("fr"):
        told = invitations.mail(marie)
    assert told is not None
    subject, text = told
    code = text.split("/activer#")[1].split()[0]
    for said in ("Bonjour Marie", "dans les 7 jours", "Votre identifiant : marie", "relais de votre site"):
        assert said in text, said
    assert "Ouvrir votre compte" in subject
    assert code not in str(marie.params), "the outbox does not hold it"
    with speaking("en"):
        english = invitations.mail(paul)
    assert english is not None
    assert "within 7 days" in english[1]
    other = CheckedClient(app)
    other.user_name = town.marie.name
    fields = {"code": code, "new_password": "quatre mots sans rapport", "repeat_password": "quatre mots sans rapport"}
    other.post("/activer", fields)
    assert invitations.mail(mails()[0]) is None, "nothing to send once the account is open"


def test_a_relais_invites_for_one_site_alone(client: CheckedClient, town: Town, clock: Clock) -> None:
    client.login(town.relay).post(f"/relais?site={town.hall.id}", YES)
    client.post(CODES, YES, expected=403)
    client.post(f"/reglages/personnes/{town.marie.id}/invitation", YES, expected=403)
    assert not mails()
    client.post("/relais", YES)
    assert receivers() == ["marie", "paul"]
    relay, far = actor_by_login("relais", now=clock.now), town.far.id
    assert relay is not None
    with pytest.raises(Forbidden), write_transaction():
        invitations.send(invitations.prepare([far]), actor=relay, now=clock.now)


def test_one_person_is_invited_from_their_page(client: CheckedClient, town: Town) -> None:
    page = f"/reglages/personnes/{town.marie.id}"
    client.login(town.manager)
    assert client.get(page).select(f"form[action='{page}/invitation']")
    assert not client.get(f"/reglages/personnes/{town.relay.id}").select("form[action$='/invitation']")
    assert "1 personne recevra un courriel" in client.post(f"{page}/invitation", {}, expected=200)
    assert client.post(f"{page}/invitation", YES).location == page
    client.post(f"{page}/invitation", YES)
    assert receivers() == ["marie"]


def test_an_address_corrected_makes_the_link_sent_to_the_other_one_vain(client: CheckedClient, town: Town) -> None:
    page = f"/reglages/personnes/{town.marie.id}"
    client.login(town.manager).post(f"{page}/invitation", YES)
    code = activation.code_in_mail(mails()[0].params["seed"])
    seen = client.get(f"{page}/modifier").select("#seen")[0]["value"]
    fields = {"first_name": "Marie", "last_name": "Juste", "email": "juste@exemple.fr", "seen": seen}
    client.post(f"{page}/modifier", fields)
    assert "remplacé" in CheckedClient(client.app).post("/activer", {"code": code}, expected=422)
    client.post(f"{page}/invitation", YES)
    assert [row.address for row in mails()][1:] == ["juste@exemple.fr"]


def test_without_a_mail_server_the_page_leads_to_paper(
    client: CheckedClient, town: Town, app: Flask, monkeypatch: Any
) -> None:
    monkeypatch.setitem(app.config, "MODE", "production")
    client.login(town.manager)
    for path in (CODES, f"/reglages/personnes/{town.marie.id}"):
        page = client.get(path)
        assert "code imprimé" in page
        assert "Inviter par courriel" not in page
    client.post(CODES, YES, expected=409)
    assert not mails()


def test_a_large_town_is_invited_in_one_act_of_few_statements(
    client: CheckedClient, town: Town, writing: Any, clock: Clock
) -> None:
    with writing():
        db.session.add_all(
            User(login=f"a{n}", email=f"a{n}@exemple.fr", first_name="A", last_name=f"{n}", created_at=clock.now)
            for n in range(1200)
        )
    client.login(town.manager)
    with counting() as statements:
        client.post(CODES, YES)
    assert len(mails()) == 1203
    assert len({row.dedupe_key for row in mails()}) == 1203
    assert len(statements) < 30, "three for each five hundred people"


def test_the_login_page_tells_a_first_visit_which_way_to_go(client: CheckedClient, town: Town) -> None:
    page = client.get("/connexion")
    assert "Première visite ?" in page
    assert [link["href"] for link in page.select("main a[href*='premiere=oui'], main a[href='/activer']")] == [
        "/activer",
        "/mot-de-passe-oublie?premiere=oui",
    ]
    assert "first-link" not in page, "there are accounts"
    (title,) = client.get("/mot-de-passe-oublie?premiere=oui").select("h1")
    assert title.get_text(strip=True) == "Première visite"


def test_while_nobody_has_an_account_the_login_page_says_where_the_first_link_stands(client: CheckedClient) -> None:
    assert "flask users first-link" in client.get("/connexion")
