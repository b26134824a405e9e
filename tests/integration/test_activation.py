"""Coming in by a printed code or a link: single use, its end, guesses, two at once, lost and replaced."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.client import Answer, CheckedClient
from tests.conftest import Clock
from tracker.enums import CodeChannel, Role
from tracker.errors import Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import ActivationCode, Event, OutboxMessage, User, UserSession
from tracker.queries.people import actor_by_login
from tracker.services import accounts, activation

PASSWORD = "quatre mots sans rapport"


@pytest.fixture
def person(writing: Any) -> User:
    with writing():
        factories.programme()
        factories.user(Role.ADMIN, login="gestion")
        return factories.user(login="marie.durand", first_name="Marie", password_hash=None)


def slip(person: User, clock: Clock) -> str:
    """A code on paper, as the manager prints it."""
    code, key = activation.new_code(), person.id
    admin = actor_by_login("gestion", now=clock.now)
    assert admin is not None
    with write_transaction():
        activation.keep_printed({key: code}, actor=admin, now=clock.now)
    return code


def choose(client: CheckedClient, code: str, expected: int = 303, password: str = PASSWORD) -> Answer:
    fields = {"code": code, "new_password": password, "repeat_password": password}
    return client.post("/activer", fields, expected=expected)


def only(column: Any) -> Any:
    end_transaction(commit=False)
    return db.session.scalars(select(column)).one()


def test_a_code_shows_a_first_name_then_opens_an_account(client: CheckedClient, person: User, clock: Clock) -> None:
    code = slip(person, clock)
    assert "Marie" not in client.get("/activer").text
    client.user_name = person.name
    answer = client.post("/activer", {"code": activation.grouped(code).lower()}, expected=200)
    assert "Bonjour Marie" in answer
    assert answer.response.headers["Cache-Control"] == "no-store"
    assert answer.response.headers["Referrer-Policy"] == "no-referrer"
    assert choose(client, code).location == "/"
    assert "marie.durand" in client.get("/aide").text, "the login to remember is said"
    end_transaction(commit=False)
    stored = db.session.scalar(select(User.password_hash).where(User.login == "marie.durand"))
    assert accounts.verify_password(stored, PASSWORD)


def test_a_weak_password_is_refused_and_leaves_the_code_good(client: CheckedClient, person: User, clock: Clock) -> None:
    code = slip(person, clock)
    assert "trop" in choose(client, code, 422, "aaaaaaaaaaaaaaa")
    assert "différentes" in client.post(
        "/activer", {"code": code, "new_password": PASSWORD, "repeat_password": "autre"}, expected=422
    )
    choose(client, code)


def test_a_code_serves_once(client: CheckedClient, app: Flask, person: User, clock: Clock) -> None:
    code = slip(person, clock)
    choose(client, code)
    other = CheckedClient(app)
    assert "a déjà servi" in other.post("/activer", {"code": code}, expected=422)
    assert "a déjà servi" in choose(other, code, 422, "une tout autre phrase")
    assert only(UserSession.id)


def test_a_code_ends_after_thirty_days(client: CheckedClient, person: User, clock: Clock) -> None:
    code = slip(person, clock)
    clock.advance(days=30)
    answer = client.post("/activer", {"code": code}, expected=422)
    assert "trop ancien" in answer
    assert "relais de votre site" in answer
    assert "Marie" not in answer.text


def test_a_lost_slip_replaced_opens_nothing_any_more(client: CheckedClient, person: User, clock: Clock) -> None:
    lost, found = slip(person, clock), slip(person, clock)
    assert "remplacé" in client.post("/activer", {"code": lost}, expected=422)
    choose(client, found)


def test_a_leaver_s_code_opens_nothing(client: CheckedClient, person: User, clock: Clock, writing: Any) -> None:
    code = slip(person, clock)
    with writing():
        db.session.get_one(User, person.id).is_active = False
    choose(client, code, 422)


def test_of_two_who_type_the_same_code_at_once_one_wins(app: Flask, person: User, clock: Clock) -> None:
    code = slip(person, clock)
    now = clock.now
    holder = activation.find(code, now=now)
    assert holder is not None
    end_transaction(commit=False)
    together, said = threading.Barrier(2), []

    def type_it(new_hash: str) -> None:
        with app.app_context():
            together.wait()
            try:
                with write_transaction():
                    activation.redeem(holder, new_hash=new_hash, now=now)
                said.append("in")
            except Refused as refusal:
                said.append(refusal.message)
            db.session.remove()

    both = [threading.Thread(target=type_it, args=(name,)) for name in ("hash-a", "hash-b")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(said, key=len)[0] == "in"
    assert "vient de servir" in sorted(said, key=len)[1]


def test_a_forgotten_password_is_replaced_and_every_visit_ends(
    client: CheckedClient, app: Flask, person: User, clock: Clock
) -> None:
    choose(client, slip(person, clock))
    code = slip(person, clock)
    elsewhere = CheckedClient(app)
    answer = elsewhere.post("/activer", {"code": code}, expected=200)
    assert "nouveau mot de passe" in answer
    choose(elsewhere, code, password="encore une autre phrase")
    client.get("/", expected=302)
    end_transaction(commit=False)
    verbs = list(db.session.scalars(select(Event.verb).where(Event.verb.in_(["account:activate", "password:replace"]))))
    assert verbs == ["account:activate", "password:replace"]


# --- Guesses ---------------------------------------------------------------------------------------------------


def test_guesses_are_counted_slowed_and_told(
    client: CheckedClient, person: User, clock: Clock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(activation, "LIMIT_ADDRESS", 4)
    monkeypatch.setattr(activation, "ALARM", 3)
    for _ in range(4):
        assert "pas un code" in client.post("/activer", {"code": "AAAA BBBB CCCC"}, expected=422)
    code = slip(person, clock)
    answer = client.post("/activer", {"code": code}, expected=429)
    assert "Trop d'essais" in answer
    assert answer.response.headers["Retry-After"] == "900"
    choose(client, code, 429)
    end_transaction(commit=False)
    told = db.session.scalars(select(Event.changes).where(Event.verb == "activation:attempts")).all()
    assert told == [{"failures": 3}], "told once"
    admin = CheckedClient(client.app).login(db.session.scalars(select(User).where(User.login == "gestion")).one())
    assert "codes faux" in admin.get("/reglages")
    clock.advance(minutes=16)
    choose(client, code)


def test_all_addresses_together_are_slowed_too(client: CheckedClient, person: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(activation, "LIMIT_TOTAL", 3)
    for n in range(3):
        client.post("/activer", {"code": "22223333"}, expected=422, environ_base={"REMOTE_ADDR": f"10.0.0.{n}"})
    client.post("/activer", {"code": "22223333"}, expected=429, environ_base={"REMOTE_ADDR": "10.9.9.9"})


def test_no_code_stands_in_any_table(client: CheckedClient, person: User, clock: Clock) -> None:
    code = slip(person, clock)
    client.post("/activer", {"code": "2" * 12}, expected=422)
    choose(client, code)
    end_transaction(commit=False)
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert code not in str(tuple(row)), table.name
            assert "2" * 12 not in str(tuple(row)), table.name


# --- Links -----------------------------------------------------------------------------------------------------


def test_a_link_is_sent_to_those_with_an_address_and_the_answer_is_the_same(
    client: CheckedClient, person: User, clock: Clock, writing: Any
) -> None:
    with writing():
        factories.user(login="sans.adresse", email=None)
    pages = {
        client.post("/mot-de-passe-oublie", {"login": login}, expected=200).words
        for login in ("marie.durand", "sans.adresse", "personne.du.tout")
    }
    assert len(pages) == 1
    end_transaction(commit=False)
    row = db.session.scalars(select(OutboxMessage)).one()
    told = activation.link_mail(row)
    assert told is not None
    code = told[1].split("/activer#")[1].split()[0]
    assert code not in str(row.params), "the outbox does not hold it"
    end_transaction(commit=False)
    choose(client, code)
    assert activation.link_mail(only(OutboxMessage)) is None, "nothing to send once used"


def test_without_a_mail_server_no_link_is_promised(
    client: CheckedClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MODE", "production")
    page = client.get("/mot-de-passe-oublie")
    assert "n'envoie pas encore de courriels" in page
    assert "Recevoir un lien par courriel" not in page
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://courriel.exemple")
    assert "Recevoir un lien par courriel" in client.get("/mot-de-passe-oublie")


def test_a_link_ends_after_a_day_and_a_new_one_replaces_it_but_no_slip(
    client: CheckedClient, person: User, clock: Clock
) -> None:
    printed = slip(person, clock)
    for _ in range(2):
        client.post("/mot-de-passe-oublie", {"login": person.login}, expected=200)
    end_transaction(commit=False)
    first, second = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    assert activation.link_mail(first) is None
    code = activation.code_in_mail(second.params["seed"])
    clock.advance(hours=24)
    assert "trop ancien" in client.post("/activer", {"code": code}, expected=422)
    told = client.post("/activer", {"code": code}, expected=422, headers={"Accept-Language": "en"})
    assert "the human resources department" in told
    choose(client, printed)


def test_links_asked_again_and_again_fill_nobody_s_mailbox(client: CheckedClient, person: User) -> None:
    for _ in range(accounts.LIMIT_ACCOUNT):
        client.post("/mot-de-passe-oublie", {"login": person.login}, expected=200)
    client.post("/mot-de-passe-oublie", {"login": person.login}, expected=429)
    end_transaction(commit=False)
    sent = db.session.scalar(select(func.count()).select_from(ActivationCode))
    assert sent == activation.MAILS_PER_HOUR


def test_codes_have_no_look_alikes_and_enough_of_them() -> None:
    codes = {activation.new_code() for _ in range(200)}
    assert len(codes) == 200
    assert not set("0O1IL") & set("".join(codes))
    assert len(activation.ALPHABET) ** activation.LENGTH > 2**59
    assert activation.LIFE[CodeChannel.MAIL] == timedelta(hours=24)
