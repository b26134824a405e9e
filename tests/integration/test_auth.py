"""Logging in and out, changing one's password, the throttle, and where one may be sent."""

from __future__ import annotations

import threading
import unicodedata
from typing import Any

import pytest
from flask import Flask, session
from sqlalchemy import func, select

from tests import factories
from tests.client import Answer, CheckedClient
from tests.conftest import Clock
from tracker.extensions import db, end_transaction
from tracker.models import LoginFailure, Matricule, User, UserSession
from tracker.services import accounts

PASSWORD = "quatre mots sans rapport"
HASH = accounts.hash_password(PASSWORD)


@pytest.fixture
def agent(writing: Any) -> User:
    with writing():
        factories.programme()
        return factories.user(login="agente", email="agente@exemple.fr", password_hash=HASH)


def attempt(
    client: CheckedClient, login: str = "agente", password: str = PASSWORD, expected: int = 303, **fields: str
) -> Answer:
    fields = {"login": login, "password": password, **{k: v for k, v in fields.items() if k != "address"}}
    return client.post("/connexion", fields, expected=expected)


def count(model: Any) -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# --- Login -------------------------------------------------------------------------------------------------


def test_login_page_opens_and_asks_whether_the_device_is_shared(client: CheckedClient) -> None:
    answer = client.get("/connexion")
    assert "Cet appareil est partagé" in answer
    assert answer.select("input[name=shared]")[0].has_attr("checked")


def test_the_page_says_whom_to_ask_and_shows_no_demo_account(client: CheckedClient) -> None:
    answer = client.get("/connexion")
    assert "la direction des ressources humaines" in answer
    assert "démonstration" not in answer
    assert "projet-administration" not in answer.text


def test_demo_accounts_are_buttons_in_demo_mode_alone(trial: Any) -> None:
    answer = CheckedClient(trial(mode="demo")).get("/connexion")
    labels = [button.get_text(strip=True) for button in answer.select(".demo-accounts button")]
    assert labels == [
        "Agent", "Animateur·rice", "Chargé·e de l'étude", "Modération", "Comité de pilotage", "Rédaction",
        "Gestionnaire de l'outil",
    ]  # fmt: skip


def test_the_demo_password_opens_nothing_in_production(trial: Any) -> None:
    app = trial(mode="production")
    from tracker.extensions import write_transaction

    with write_transaction():
        factories.user(login="copil", password_hash=accounts.hash_password("projet-administration"))
        factories.user(login="agente", password_hash=HASH)
    http = app.test_client()
    page = http.get("/connexion", base_url="https://localhost").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    for login, password, status in (("copil", "projet-administration", 422), ("agente", PASSWORD, 303)):
        fields = {"csrf_token": token, "login": login, "password": password}
        assert http.post("/connexion", data=fields, base_url="https://localhost").status_code == status


def test_a_visitor_is_sent_to_login_then_back(client: CheckedClient, agent: User) -> None:
    client.user_name = agent.name
    first = client.get("/?projet=x&q=é", expected=302)
    assert first.location == "/connexion?suite=/?projet%3Dx%26q%3D%C3%A9" or "suite=" in first.location
    form = client.get(first.location)
    suite = form.select("input[name=suite]")[0]["value"]
    assert attempt(client, suite=suite).location in {"/?projet=x&q=é", "/?projet=x&q=%C3%A9"}
    answer = attempt(client, suite="/aide", shared="1")
    assert answer.location == "/aide"
    assert agent.name in client.get("/aide").text


@pytest.mark.parametrize("typed", ["agente", " AGENTE ", "agente@exemple.fr", "Agente@Exemple.FR"])
def test_login_or_email_in_any_case_is_accepted(client: CheckedClient, agent: User, typed: str) -> None:
    attempt(client, typed)


def test_a_wrong_password_says_so_and_keeps_the_login(client: CheckedClient, agent: User) -> None:
    answer = attempt(client, password="autre chose", expected=422)
    assert "inconnu" in answer
    assert answer.select("input[name=login]")[0]["value"] == "agente"
    assert not answer.select("input[name=password]")[0].get("value")
    assert "autre chose" not in answer.text


def test_the_answer_never_tells_whether_the_account_exists(client: CheckedClient, agent: User, writing: Any) -> None:
    with writing():
        factories.user(login="partie", password_hash=HASH, is_active=False)
        factories.user(login="nouvelle", password_hash=None)
    expected = str(attempt(client, "agente", "faux", expected=422).select("form")[0].find(class_="error-summary"))
    for login, password in (("inconnue", "faux"), ("partie", PASSWORD), ("nouvelle", ""), ("nouvelle", "faux")):
        answer = attempt(client, login, password or "x", expected=422)
        assert str(answer.select("form")[0].find(class_="error-summary")) == expected


def test_an_unknown_account_takes_as_long_as_a_known_one(client: CheckedClient, agent: User, monkeypatch: Any) -> None:
    verified: list[str | None] = []
    real = accounts._hasher.verify
    monkeypatch.setattr(
        accounts, "_hasher", type("H", (), {"verify": lambda _self, h, p: verified.append(h) or real(h, p)})()
    )
    attempt(client, "agente", "faux", expected=422)
    attempt(client, "personne", "faux", expected=422)
    assert len(verified) == 2
    assert all(h and h.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for h in verified)


def test_a_password_is_the_same_however_its_accents_are_typed() -> None:
    kept = accounts.hash_password(unicodedata.normalize("NFC", "été à la récré 12"))
    assert accounts.verify_password(kept, unicodedata.normalize("NFD", "été à la récré 12"))
    assert not accounts.verify_password(kept, "ete a la recre 12")
    assert not accounts.verify_password(None, "quoi que ce soit")
    assert not accounts.verify_password("pas un condense", "quoi que ce soit")


def test_passwords_are_argon2id_with_the_parameters_of_the_design() -> None:
    assert HASH.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_at_most_two_hashes_run_at_once(monkeypatch: Any) -> None:
    running, most, gate = 0, 0, threading.Lock()

    def slow(_self: Any, _password: str) -> str:
        nonlocal running, most
        with gate:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.05)
        with gate:
            running -= 1
        return "x"

    monkeypatch.setattr(accounts, "_hasher", type("H", (), {"hash": slow})())
    threads = [threading.Thread(target=accounts.hash_password, args=("mot de passe",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


@pytest.mark.parametrize(
    "fields", [{}, {"login": ""}, {"login": "x" * 300, "password": "y"}, {"login": "a", "password": "p" * 2000}]
)
def test_an_incomplete_login_says_what_to_write(client: CheckedClient, fields: dict[str, str]) -> None:
    answer = client.post("/connexion", fields, expected=422)
    assert answer.select(".error-summary")


def test_strange_texts_are_refused_without_failing(client: CheckedClient, agent: User) -> None:
    for login in ("\x00", "agente\x00", "' OR 1=1 --", "９９", "é" * 254, "1" * 254):
        attempt(client, login, "\x00\ufffe", expected=422)
    client.post("/connexion", {"login": "a1", "password": "x", "employer": "9" * 40}, expected=422)
    client.post("/connexion", {"login": "a1", "password": "x", "employer": "²"}, expected=422)


# --- Register numbers --------------------------------------------------------------------------------------


@pytest.fixture
def numbered(writing: Any) -> tuple[int, int]:
    """Two people who have the same register number, each at an employer; the first has a second one of her own."""
    with writing():
        project = factories.programme()
        town, region = factories.entity(short_name="Ville"), factories.entity(short_name="Agglo")
        one = factories.user(login="agente", password_hash=HASH, programme=project)
        two = factories.user(login="autre", password_hash=accounts.hash_password("un tout autre secret"))
        for entity, number, person in ((town, "0042", one), (region, "0042", two), (region, "A77", one)):
            db.session.add(Matricule(entity_id=entity.id, number=number, user_id=person.id))
        return town.id, region.id


def test_an_unambiguous_register_number_is_a_login(client: CheckedClient, numbered: tuple[int, int]) -> None:
    attempt(client, "A77")
    attempt(client, "a77 ")


def test_an_ambiguous_register_number_needs_the_employer(client: CheckedClient, numbered: tuple[int, int]) -> None:
    town, region = numbered
    answer = attempt(client, "0042", expected=422)
    options = [option.get_text() for option in answer.select("select[name=employer] option")]
    assert options[0] == "Je ne sais pas"
    assert {"Ville", "Agglo"} <= set(options)
    attempt(client, "0042", employer=str(region), expected=422)
    kept = attempt(client, "0042", "faux", employer=str(town), expected=422)
    assert kept.select("select[name=employer] option[selected]")[0]["value"] == str(town)
    attempt(client, "0042", employer=str(town))


def test_asking_for_the_employer_does_not_tell_whether_the_account_exists(
    client: CheckedClient, numbered: tuple[int, int]
) -> None:
    for number in ("0042", "A77", "9999"):
        assert attempt(client, number, "faux", expected=422).select("select[name=employer]")
    for name in ("agente", "inconnue", "x1@exemple.fr"):
        assert not attempt(client, name, "faux", expected=422).select("select[name=employer]")


def test_a_login_that_looks_like_somebody_s_number_keeps_its_owner(
    client: CheckedClient, numbered: tuple[int, int], writing: Any
) -> None:
    with writing():
        factories.user(login="a77", password_hash=accounts.hash_password("celui du login a77"))
    attempt(client, "A77", "celui du login a77")
    attempt(client, "A77", expected=422)
    attempt(client, "A77", employer=str(numbered[1]))


# --- Throttle ----------------------------------------------------------------------------------------------


def test_too_many_failures_of_one_account_are_refused_even_with_the_right_password(
    client: CheckedClient, agent: User, clock: Clock
) -> None:
    for _ in range(accounts.LIMIT_ACCOUNT):
        attempt(client, password="faux", expected=422)
    answer = attempt(client, expected=429)
    assert "Trop d'essais" in answer
    assert int(answer.response.headers["Retry-After"]) == 900
    assert answer.select("input[name=login]")[0]["value"] == "agente"
    clock.advance(minutes=16)
    attempt(client)


def test_unknown_accounts_are_throttled_alike(client: CheckedClient, agent: User) -> None:
    for _ in range(accounts.LIMIT_ACCOUNT):
        attempt(client, "fantôme", "faux", expected=422)
    attempt(client, "fantôme", "faux", expected=429)
    attempt(client, " FANTÔME ", "faux", expected=429)


def test_only_failures_count_and_a_success_forgets_them(client: CheckedClient, agent: User) -> None:
    for _ in range(accounts.LIMIT_ACCOUNT * 2):
        attempt(client)
    assert count(LoginFailure) == 0
    for _ in range(accounts.LIMIT_ACCOUNT - 1):
        attempt(client, password="faux", expected=422)
    attempt(client)
    attempt(client, password="faux", expected=422)
    attempt(client)


def test_a_refused_attempt_is_not_one_more_failure(client: CheckedClient, agent: User) -> None:
    for _ in range(accounts.LIMIT_ACCOUNT):
        attempt(client, password="faux", expected=422)
    before = count(LoginFailure)
    attempt(client, expected=429)
    assert count(LoginFailure) == before


def test_one_address_may_fail_often_since_a_town_hall_is_one_address(
    client: CheckedClient, writing: Any, clock: Clock
) -> None:
    keys = accounts.throttle_keys(client.app.config["SECRET_KEY"], account="x", address="127.0.0.1")
    assert accounts.LIMIT_ADDRESS >= 200
    with writing():
        db.session.add_all([LoginFailure(key=keys[1], at=clock.now) for _ in range(accounts.LIMIT_ADDRESS - 1)])
    attempt(client, "a", "faux", expected=422)
    attempt(client, "b", "faux", expected=429)


def test_neither_account_nor_address_is_kept_in_clear(client: CheckedClient, agent: User) -> None:
    attempt(client, password="faux", expected=422)
    end_transaction(commit=False)
    for key in db.session.scalars(select(LoginFailure.key)):
        assert len(key) == 64
        assert "agente" not in key


def _failures_of(app: Flask, address: str) -> int:
    end_transaction(commit=False)
    key = accounts.throttle_keys(app.config["SECRET_KEY"], account="", address=address)[1]
    return db.session.scalar(select(func.count()).where(LoginFailure.key == key)) or 0


@pytest.mark.parametrize(("proxies", "counted"), [("0", "127.0.0.1"), ("1", "10.0.0.7")])
def test_forwarded_addresses_are_believed_only_from_configured_proxies(trial: Any, proxies: str, counted: str) -> None:
    app = trial(TRACKER_TRUSTED_PROXIES=proxies)
    client = CheckedClient(app)
    client.post(
        "/connexion", {"login": "x", "password": "y"}, expected=422, headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.7"}
    )
    assert _failures_of(app, counted) == 1
    assert _failures_of(app, "6.6.6.6") == 0


# --- Logout ------------------------------------------------------------------------------------------------


def test_logout_ends_the_row_and_empties_the_cookie(client: CheckedClient, agent: User) -> None:
    attempt(client)
    with client.http.session_transaction() as cookie:
        old = dict(cookie)
    assert client.post("/deconnexion").location == "/connexion"
    assert "déconnecté" in client.get("/connexion")
    end_transaction(commit=False)
    assert db.session.scalars(select(UserSession.ended_at)).one() is not None
    with client.http.session_transaction() as cookie:
        assert set(cookie) <= {"csrf_token"}
        cookie.update(old)  # somebody kept a copy of the cookie
    client.get("/", expected=302)


def test_logging_out_needs_a_post_and_a_token(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    client.get("/deconnexion", expected=405)
    client._open("POST", "/deconnexion", 400)
    client.get("/")


def test_a_visitor_who_logs_out_is_simply_at_the_login_page(client: CheckedClient) -> None:
    assert client.post("/deconnexion").location == "/connexion"


# --- Forms left open ---------------------------------------------------------------------------------------


def test_the_login_page_of_an_ended_visit_says_so(client: CheckedClient, agent: User, clock: Clock) -> None:
    client.login(agent, shared=True)
    clock.advance(minutes=20)
    away = client.get("/", expected=302)
    assert "Votre visite s'est terminée" in client.get(away.location)


def test_a_stale_login_form_is_shown_again_with_what_was_typed(client: CheckedClient, agent: User) -> None:
    fields = {"login": "agente", "password": PASSWORD, "suite": "/aide", "csrf_token": "périmé"}
    answer = client._open("POST", "/connexion", 400, data=fields, headers={"Origin": "http://localhost"})
    assert "restée ouverte longtemps" in answer
    assert answer.select("input[name=login]")[0]["value"] == "agente"
    assert answer.select("input[name=suite]")[0]["value"] == "/aide"
    assert PASSWORD not in answer.text
    assert count(UserSession) == 0
    answer = client._open("POST", "/connexion", 400, data=fields, headers={"Origin": "https://evil.example"})
    assert "csrf_token" not in answer.text
    assert "agente" not in answer.text


def test_a_new_login_renews_the_form_token(client: CheckedClient, agent: User) -> None:
    client.get("/connexion")
    before = client.csrf_token()
    attempt(client)
    assert client.csrf_token() != before
    with client.app.test_request_context():
        assert "csrf_token" not in session
