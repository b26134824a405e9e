"""Single sign-on against a provider in a process of its own: who enters, who does not, and what is left behind."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories, openid_provider
from tests.client import CheckedClient
from tests.conftest import Clock
from tests.integration.sign_on_scene import BACK, ENTER, START, arrive, bound, come_back, flashed, leave
from tests.openid_provider import Provider
from tracker.extensions import db, end_transaction, write_options
from tracker.identity import openid
from tracker.models import Event, LoginFailure, Matricule, Setting, User, UserSession
from tracker.providers import OpenIdProvider
from tracker.services import accounts


def test_a_person_of_the_register_enters_and_stays_who_they_are_when_the_address_changes(
    client: CheckedClient, app: Flask, provider: Provider, claire: User
) -> None:
    provider.knows("sub-1", email="Claire@exemple.fr", email_verified=True, usual_name="Martin")
    login = client.get("/connexion?suite=/actions")
    assert "Se connecter avec ProConnect" in login
    page = arrive(client, provider, "sub-1", suite="/actions")
    assert "Vous êtes Claire Martin, Ville." in page
    assert page.response.headers["Cache-Control"] == "no-store"
    assert bound() == (None, None), "nothing is written before the person enters"
    assert client.post(ENTER, {}).location == "/actions"
    client.get("/actions")
    assert bound() == (provider.issuer, "sub-1")
    row = db.session.scalars(select(UserSession)).one()
    assert (row.user_id, row.shared) == (claire.id, False)
    assert db.session.scalars(select(Event.verb)).all() == ["account:bind"]

    provider.knows("sub-1", email="autre@exemple.fr", email_verified=True)
    again = CheckedClient(app)
    arrive(again, provider, "sub-1")
    assert again.post(ENTER, {"shared": "1"}).location == "/"
    assert again.get("/aide").response.headers["Cache-Control"] == "no-store", "a shared device"


def test_nobody_is_created_when_the_register_has_no_match(
    client: CheckedClient, provider: Provider, claire: User
) -> None:
    provider.knows("sub-9", email="inconnue@exemple.fr", email_verified=True)
    page = arrive(client, provider, "sub-9", expected=403)
    assert "pas été retrouvé" in page
    assert "relais de votre site, ou à la direction des ressources humaines" in page
    assert "inconnue@exemple.fr" in page
    client.post(ENTER, {}, expected=403)
    end_transaction(commit=False)
    assert db.session.scalars(select(User.login)).all() == ["cmartin"]
    assert db.session.scalars(select(LoginFailure.id)).all(), "counted, as a failed login is"
    client.get("/actions", expected=302)


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}, {"email_verified": "true"}])
def test_an_address_that_the_provider_has_not_verified_matches_nobody(
    client: CheckedClient, provider: Provider, claire: User, claims: dict[str, Any]
) -> None:
    provider.knows("sub-2", email="claire@exemple.fr", **claims)
    arrive(client, provider, "sub-2", expected=403)


def test_an_address_counts_when_the_provider_vouches_for_each(
    client: CheckedClient, app: Flask, provider: Provider, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = OpenIdProvider(provider.issuer, "tracker", "secret", emails_verified=True)
    monkeypatch.setitem(app.config, "OPENID", asked)
    provider.knows("sub-2", email="claire@exemple.fr")
    arrive(client, provider, "sub-2")


@pytest.mark.parametrize(
    ("number", "siret", "status"),
    [("A042", "21410018800019", 200), ("a042", "214 100 188 00019", 200), ("A042", "99999999900019", 403),
     ("A043", "21410018800019", 403), ("A042", "", 403), ("", "21410018800019", 403)],
)  # fmt: skip
def test_the_number_counts_at_the_employer_of_the_siret_alone(
    client: CheckedClient, provider: Provider, claire: User, writing: Any, number: str, siret: str, status: int
) -> None:
    with writing():
        other = factories.entity(slug="agglo")
        namesake = factories.user(login="autre")
        factories.add(Matricule(entity_id=other.id, number="A042", user_id=namesake.id))
        rule = {"rule": "number", "label": "", "sirens": {"ville": "214100188"}}
        db.session.merge(Setting(key="single_sign_on", value=rule))
    provider.knows("sub-3", uid=number, siret=siret, email="claire@exemple.fr", email_verified=True)
    page = arrive(client, provider, "sub-3", expected=status)
    assert ("Vous êtes Claire Martin" in page) == (status == 200)


def test_no_rule_lets_nobody_new_in(client: CheckedClient, provider: Provider, claire: User, writing: Any) -> None:
    with writing():
        db.session.delete(db.session.get_one(Setting, "single_sign_on"))
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1", expected=403)


def test_a_deactivated_person_is_refused_bound_or_not(
    client: CheckedClient, app: Flask, provider: Provider, claire: User, writing: Any
) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1")
    with writing():
        db.session.get_one(User, claire.id).is_active = False
    assert "désactivé" in client.post(ENTER, {}, expected=403), "deactivated while the page was open"
    assert bound() == (None, None)
    with writing():
        row = db.session.get_one(User, claire.id)
        row.issuer, row.subject = provider.issuer, "sub-1"
    assert "désactivé" in arrive(CheckedClient(app), provider, "sub-1", expected=403)


def test_an_address_given_to_somebody_else_does_not_open_the_account_of_the_first(
    client: CheckedClient, provider: Provider, claire: User, writing: Any
) -> None:
    with writing():
        row = db.session.get_one(User, claire.id)
        row.issuer, row.subject = provider.issuer, "sub-first"
    provider.knows("sub-second", email="claire@exemple.fr", email_verified=True)
    assert "déjà par un autre compte" in arrive(client, provider, "sub-second", expected=403)


def test_what_comes_back_with_another_state_or_too_late_or_twice_is_refused(
    client: CheckedClient, app: Flask, provider: Provider, claire: User, clock: Clock
) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    elsewhere = "a commencé ailleurs, ou il y a trop longtemps"
    back = provider.log_in(leave(client), "sub-1")
    stranger = CheckedClient(app)
    assert elsewhere in flashed(stranger, come_back(stranger, back)), "begun in another browser"
    wrong = back.replace("state=", "state=x")
    assert elsewhere in flashed(client, come_back(client, wrong))
    assert elsewhere in flashed(client, come_back(client, back)), "a state serves once, though wrong"

    back = provider.log_in(leave(client), "sub-1")
    clock.advance(minutes=5)
    assert elsewhere in flashed(client, come_back(client, back))

    back = provider.log_in(leave(client), "sub-1")
    assert come_back(client, back).location == ENTER
    assert elsewhere in flashed(client, come_back(client, back)), "the same address again"
    clock.advance(minutes=5)
    assert elsewhere in flashed(client, client.post(ENTER, {})), "and it does not wait for ever"
    assert db.session.scalars(select(UserSession.id)).all() == []


def test_a_code_serves_once_and_only_with_its_verifier(client: CheckedClient, provider: Provider, claire: User) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    used = parse_qs(urlsplit(provider.log_in(leave(client), "sub-1")).query)["code"][0]
    fresh = provider.log_in(leave(client), "sub-1")
    mine = parse_qs(urlsplit(fresh).query)["code"][0]
    said = "n'a pas abouti"
    assert said in flashed(client, come_back(client, fresh.replace(mine, used))), "a code stolen from another start"
    back = provider.log_in(leave(client), "sub-1")
    assert come_back(client, back).location == ENTER
    again = provider.log_in(leave(client), "sub-1")
    codes = [parse_qs(urlsplit(one).query)["code"][0] for one in (again, back)]
    assert said in flashed(client, come_back(client, again.replace(*codes))), "a code already exchanged"


@pytest.mark.parametrize(
    "lie",
    [
        {"claims": {"nonce": "another"}},
        {"claims": {"aud": "another-tool"}},
        {"claims": {"iss": "https://ailleurs.exemple"}},
        {"claims": {"exp": 1_500_000_000}},
        {"claims": {"sub": "somebody-else"}},
        {"claims": {"sub": ""}},
        {"forge": True},
        {"signed": "another-tool"},
    ],
    ids=str,
)
def test_what_the_provider_did_not_sign_for_us_now_is_not_believed(
    client: CheckedClient, provider: Provider, claire: User, lie: dict[str, Any]
) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    back = provider.log_in(leave(client), "sub-1")
    provider.tell(**lie)
    assert "n'a pas abouti" in flashed(client, come_back(client, back))
    client.get(ENTER, expected=303)


def test_what_is_said_of_the_person_may_be_signed_as_proconnect_does(
    client: CheckedClient, provider: Provider, claire: User
) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    provider.tell(signed="tracker")
    assert "Claire Martin" in arrive(client, provider, "sub-1")


def test_a_person_who_gives_up_at_the_provider_is_back_at_the_login_page(
    client: CheckedClient, provider: Provider, claire: User
) -> None:
    state = parse_qs(urlsplit(leave(client, suite="/actions")).query)["state"][0]
    answer = client.get(f"{BACK}?error=access_denied&state={state}", expected=303)
    assert answer.location == "/connexion?suite=/actions"
    assert "pas allé·e au bout" in flashed(client, answer)


def test_a_provider_that_is_away_leaves_the_local_form(
    client: CheckedClient, app: Flask, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = OpenIdProvider(f"http://127.0.0.1:{openid_provider.free_port()}", "tracker", "secret")
    monkeypatch.setitem(app.config, "OPENID", nobody)
    answer = client.post(START, {"suite": "/actions"})
    assert answer.location == "/connexion?suite=/actions"
    page = client.get(answer.location)
    assert "Cette connexion ne répond pas : ProConnect." in page
    assert page.select("input[name=password]")


def test_a_provider_that_stops_between_the_two_steps_leaves_the_local_form(
    client: CheckedClient, app: Flask, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with openid_provider.running() as passing:
        passing.knows("sub-1", email="claire@exemple.fr", email_verified=True)
        monkeypatch.setitem(app.config, "OPENID", OpenIdProvider(passing.issuer, "tracker", "secret"))
        back = passing.log_in(leave(client), "sub-1")
    assert "ne répond pas" in flashed(client, come_back(client, back))


def test_the_provider_is_asked_outside_any_transaction(
    client: CheckedClient, app: Flask, provider: Provider, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def then(name: str) -> Any:
        real = getattr(openid, name)

        def call(*args: Any, **options: Any) -> Any:
            asked.append(name)
            assert not db.session().in_transaction()
            with db.engine.connect().execution_options(**write_options(db.engine)) as other:
                assert other.scalar(select(1)) == 1, "somebody else writes meanwhile"
            return real(*args, **options)

        return call

    for name in ("depart", "identify", "farewell"):
        monkeypatch.setattr(openid, name, then(name))
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1")
    client.post(ENTER, {})
    client.post("/deconnexion", expected=200)
    assert asked == ["depart", "identify", "farewell"]


@pytest.mark.parametrize("target", ["https://ailleurs.exemple/", "//ailleurs.exemple", "/\\ailleurs", "javascript:1"])
def test_no_target_leads_out_of_the_tool(client: CheckedClient, provider: Provider, claire: User, target: str) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1", suite=target)
    assert client.post(ENTER, {}).location == "/"


def test_another_account_may_be_chosen_at_the_provider(client: CheckedClient, provider: Provider, claire: User) -> None:
    assert "prompt=login" in leave(client, autre="1")
    assert "prompt" not in leave(client)


def test_an_address_that_fails_too_often_is_slowed(
    client: CheckedClient, provider: Provider, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.knows("sub-9", email="inconnue@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-9", expected=403)
    for _ in range(accounts.LIMIT_ACCOUNT):
        client.post(ENTER, {}, expected=403)
    assert "Trop d'essais" in client.post(ENTER, {}, expected=429)
    monkeypatch.setattr(accounts, "LIMIT_ADDRESS", accounts.LIMIT_ACCOUNT)
    assert "Trop d'essais" in flashed(client, client.post(START, {}))


def test_without_a_provider_there_is_no_button_and_no_page(
    client: CheckedClient, app: Flask, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "OPENID", None)
    assert "Se connecter avec" not in client.get("/connexion")
    for path in (BACK, ENTER):
        client.get(path, expected=404)
    client.post(START, {}, expected=404)


def test_a_login_page_left_open_for_long_says_so_and_leads_back(client: CheckedClient, claire: User) -> None:
    headers = {"Origin": "http://localhost"}
    page = client.post(START, {"csrf_token": "old", "suite": "/actions"}, expected=400, headers=headers)
    assert "restée ouverte longtemps" in page
    assert page.select("main a")[0]["href"] == "/connexion?suite=/actions"
