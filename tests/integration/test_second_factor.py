"""The second code: set up, asked once the password is right, each code once, required of some, lost."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.client import Answer, CheckedClient
from tests.conftest import Clock
from tracker.enums import Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Event, RecoveryCode, SecondFactor, User, UserSession
from tracker.services import accounts, activation

PASSWORD = "quatre mots sans rapport"
HASH = accounts.hash_password(PASSWORD)
MINE = "/mon-compte/second-facteur"


@pytest.fixture
def chief(writing: Any) -> User:
    with writing():
        factories.programme()
        factories.user(login="agente", password_hash=HASH)
        factories.user(Role.ADMIN, login="gestion", password_hash=HASH)
        return factories.user(Role.STEERING, login="cheffe", password_hash=HASH)


def code_now(clock: Clock, login: str = "cheffe") -> str:
    end_transaction(commit=False)
    secret = db.session.scalars(select(SecondFactor.secret).join(User).where(User.login == login)).one()
    return pyotp.TOTP(secret).at(clock.now)


def set_up(client: CheckedClient, clock: Clock) -> list[str]:
    """Put a second code in place; its recovery codes."""
    client.post(MINE, {"geste": "commencer"})
    answer = client.post(MINE, {"geste": "confirmer", "code": code_now(clock)}, expected=200)
    assert answer.response.headers["Cache-Control"] == "no-store"
    return [one.get_text() for one in answer.select("main code")]


def password(client: CheckedClient, login: str = "cheffe", suite: str = "") -> Answer:
    return client.post("/connexion", {"login": login, "password": PASSWORD, "suite": suite})


def second(client: CheckedClient, code: str, expected: int = 303) -> Answer:
    return client.post("/connexion/code", {"code": code}, expected=expected)


@pytest.fixture
def protected(client: CheckedClient, app: Flask, chief: User, clock: Clock) -> tuple[CheckedClient, list[str]]:
    """A fresh browser for somebody who has a second code, and the recovery codes."""
    codes = set_up(client.login(chief), clock)
    clock.advance(seconds=60)
    return CheckedClient(app), codes


def test_it_counts_only_once_a_first_code_is_typed(client: CheckedClient, chief: User, clock: Clock) -> None:
    client.login(chief).post(MINE, {"geste": "commencer"})
    page = client.get(MINE)
    assert page.select(".qr-box svg")
    assert "pas le code affiché" in client.post(MINE, {"geste": "confirmer", "code": "000000"}, expected=422)
    assert password(CheckedClient(client.app)).location == "/", "not asked yet"
    codes = set_up(client, clock)
    assert len(set(codes)) == 8
    assert not client.get(MINE).select(".qr-box svg"), "the secret is shown no more"
    assert password(CheckedClient(client.app)).location == "/connexion/code"


def test_the_password_alone_opens_nothing_and_the_code_leads_on(
    protected: tuple[CheckedClient, list[str]], clock: Clock
) -> None:
    client, _codes = protected
    assert password(client, suite="/actions").location == "/connexion/code"
    client.get("/actions", expected=302)
    assert "pas le bon code" in second(client, "000000", 422)
    assert second(client, code_now(clock)).location == "/actions"
    client.get("/actions")


def test_each_code_serves_once(protected: tuple[CheckedClient, list[str]], app: Flask, clock: Clock) -> None:
    client, _codes = protected
    code = code_now(clock)
    password(client)
    second(client, code)
    other = CheckedClient(app)
    password(other)
    second(other, code, 422)
    clock.advance(seconds=60)
    second(other, code_now(clock))


def test_half_a_login_lasts_five_minutes(protected: tuple[CheckedClient, list[str]], clock: Clock) -> None:
    client, _codes = protected
    password(client)
    clock.advance(minutes=5)
    assert second(client, code_now(clock)).location == "/connexion"
    assert CheckedClient(client.app).get("/connexion/code", expected=303).location == "/connexion"


def test_guesses_of_the_code_are_slowed(protected: tuple[CheckedClient, list[str]], clock: Clock) -> None:
    client, _codes = protected
    password(client)
    for _ in range(accounts.LIMIT_ACCOUNT):
        second(client, "000000", 422)
    second(client, code_now(clock), 429)


def test_a_recovery_code_serves_once_and_is_kept_hashed(protected: tuple[CheckedClient, list[str]], app: Flask) -> None:
    client, codes = protected
    password(client)
    second(client, codes[0].lower())
    assert "7 codes de secours" in client.get(MINE)
    other = CheckedClient(app)
    password(other)
    second(other, codes[0], 422)
    end_transaction(commit=False)
    assert codes[1].replace(" ", "") not in str(db.session.execute(select(RecoveryCode.code_hash)).all())


def test_a_printed_code_replaces_the_password_not_the_second_code(
    protected: tuple[CheckedClient, list[str]], chief: User, clock: Clock, writing: Any
) -> None:
    client, _codes = protected
    from tracker.queries.people import actor_by_login

    printed, key = activation.new_code(), chief.id
    admin = actor_by_login("gestion", now=clock.now)
    assert admin is not None
    with writing():
        activation.keep_printed({key: printed}, actor=admin, now=clock.now)
    new = "encore une autre phrase"
    fields = {"code": printed, "new_password": new, "repeat_password": new}
    assert client.post("/activer", fields).location == "/connexion/code"
    client.get("/", expected=302)
    second(client, code_now(clock))
    client.get("/")


def test_switching_off_asks_the_password(client: CheckedClient, chief: User, clock: Clock) -> None:
    set_up(client.login(chief), clock)
    client.post(MINE, {"geste": "retirer", "current_password": "faux"}, expected=422)
    client.post(MINE, {"geste": "codes", "current_password": PASSWORD}, expected=200)
    client.post(MINE, {"geste": "retirer", "current_password": PASSWORD})
    end_transaction(commit=False)
    assert not db.session.scalars(select(SecondFactor)).all()
    assert not db.session.scalars(select(RecoveryCode)).all()
    assert password(CheckedClient(client.app)).location == "/"


def test_who_has_no_password_proves_it_by_a_code(client: CheckedClient, chief: User, clock: Clock) -> None:
    codes = set_up(client.login(chief), clock)
    with write_transaction():
        db.session.execute(
            update(User).where(User.login == "cheffe").values(password_hash=None, issuer="https://idp", subject="s-1")
        )
    page = client.get(MINE)
    assert not page.select("[name=current_password]")
    assert "vous n'avez pas de mot de passe" in page
    assert "déjà servi" in client.post(MINE, {"geste": "codes", "code": code_now(clock)}, expected=422)
    clock.advance(minutes=1)
    renewed = client.post(MINE, {"geste": "codes", "code": code_now(clock)}, expected=200)
    fresh = [one.get_text() for one in renewed.select("main code")]
    assert "déjà servi" in client.post(MINE, {"geste": "retirer", "code": codes[0]}, expected=422), "replaced"
    assert "n'est plus demandé" in client.submit(MINE, {"geste": "retirer", "code": fresh[0]})


def test_when_required_managers_and_committee_set_it_up_before_anything_else(
    client: CheckedClient, app: Flask, chief: User, clock: Clock
) -> None:
    end_transaction(commit=False)
    manager = CheckedClient(app).login(db.session.scalars(select(User).where(User.login == "gestion")).one())
    manager.post("/reglages/second-facteur", {"required": "1"})
    password(client)
    assert client.get("/", expected=302).location == MINE
    client.post("/propositions/nouvelle", {"body": "Une idée"}, expected=403)
    client.post("/mon-compte/second-facteur", {"geste": "retirer", "current_password": PASSWORD}, expected=422)
    set_up(client, clock)
    client.get("/")
    client.post(MINE, {"geste": "retirer", "current_password": PASSWORD}, expected=422)
    agent = CheckedClient(app)
    assert password(agent, "agente").location == "/"
    agent.get("/")


def test_who_must_have_one_enters_only_once_it_is_kept(client: CheckedClient, chief: User, clock: Clock) -> None:
    def full(_connection: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    manager = CheckedClient(client.app).login(db.session.scalars(select(User).where(User.login == "gestion")).one())
    manager.post("/reglages/second-facteur", {"required": "1"})
    password(client)
    client.post(MINE, {"geste": "commencer"})
    code = code_now(clock)
    event.listen(db.engine, "commit", full)
    try:
        client.post(MINE, {"geste": "confirmer", "code": code}, expected=503)
    finally:
        event.remove(db.engine, "commit", full)
    assert client.get("/", expected=302).location == MINE


def test_the_manager_takes_away_a_lost_one_after_a_question(
    protected: tuple[CheckedClient, list[str]], app: Flask, chief: User
) -> None:
    client, _codes = protected
    key = str(chief.id)
    end_transaction(commit=False)
    manager = CheckedClient(app).login(db.session.scalars(select(User).where(User.login == "gestion")).one())
    assert "Retirer le second code" in manager.post("/reglages/second-facteur", {"person": key}, expected=200)
    manager.post("/reglages/second-facteur", {"person": key, "confirmed": "yes"})
    assert password(client).location == "/"
    end_transaction(commit=False)
    assert "second_factor:reset" in db.session.scalars(select(Event.verb)).all()


def test_an_ended_visit_resumes_with_the_second_code(protected: tuple[CheckedClient, list[str]], clock: Clock) -> None:
    client, _codes = protected
    password(client)
    second(client, code_now(clock))
    clock.advance(days=31)
    typed = {"_resume_target": "/x", "_resume_login": "cheffe", "_resume_password": PASSWORD}
    headers = {"Origin": "http://localhost"}
    assert "Il manque le second code" in client.post("/reprise", typed, expected=401, headers=headers)
    client.post("/reprise", {**typed, "_resume_second": code_now(clock)}, expected=200, headers=headers)
    end_transaction(commit=False)
    assert len(db.session.scalars(select(UserSession.id)).all()) == 3
