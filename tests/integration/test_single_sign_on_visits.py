"""A visit begun by a provider: second code, logout, an ended visit, no password here."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tests.integration.sign_on_scene import ENTER, arrive
from tests.openid_provider import Provider
from tracker.enums import Role
from tracker.extensions import db, end_transaction
from tracker.models import SecondFactor, Setting, User, UserSession
from tracker.queries import directory
from tracker.records import paris_day
from tracker.services import accounts


def test_the_second_code_is_asked_unless_the_provider_has_asked_two_factors(
    client: CheckedClient, app: Flask, provider: Provider, claire: User, clock: Clock, writing: Any
) -> None:
    secret = pyotp.random_base32()
    with writing():
        factories.add(SecondFactor(user_id=claire.id, secret=secret, confirmed_at=clock.now))
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1", suite="/actions")
    assert client.post(ENTER, {}).location == "/connexion/code"
    client.get("/actions", expected=302)
    assert client.post("/connexion/code", {"code": pyotp.TOTP(secret).at(clock.now)}).location == "/actions"
    assert "fermer votre visite" in client.post("/deconnexion", expected=200), "the provider's logout is still known"

    for claims in ({"amr": ["pwd", "mfa"]}, {"acr": "https://proconnect.gouv.fr/assurance/self-asserted-2fa"}):
        provider.tell(claims=claims)
        other = CheckedClient(app)
        arrive(other, provider, "sub-1")
        assert other.post(ENTER, {}).location == "/"
    provider.tell(claims={"amr": ["pwd"], "acr": "eidas1"})
    other = CheckedClient(app)
    arrive(other, provider, "sub-1")
    assert other.post(ENTER, {}).location == "/connexion/code"


def test_who_must_have_a_second_code_sets_it_up_unless_the_provider_asks_it(
    client: CheckedClient, app: Flask, provider: Provider, writing: Any, claire: User
) -> None:
    with writing():
        factories.user(Role.ADMIN, login="gestion", email="gestion@exemple.fr")
        factories.add(Setting(key="second_factor_required", value=True))
    provider.knows("sub-4", email="gestion@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-4")
    client.post(ENTER, {})
    assert client.get("/reglages", expected=302).location == "/mon-compte/second-facteur"
    provider.tell(claims={"amr": ["mfa"]})
    other = CheckedClient(app)
    arrive(other, provider, "sub-4")
    other.post(ENTER, {})
    other.get("/reglages")


def test_logging_out_ends_the_visit_here_then_leads_to_the_provider(
    client: CheckedClient, provider: Provider, claire: User
) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1")
    client.post(ENTER, {})
    page = client.post("/deconnexion", expected=200)
    asked = parse_qs(urlsplit(page.response.headers["Refresh"].removeprefix("0; url=")).query)
    assert asked["post_logout_redirect_uri"] == ["http://127.0.0.1:8000/connexion"]
    assert asked["id_token_hint"][0].count(".") == 2
    client.get("/actions", expected=302)
    end_transaction(commit=False)
    assert db.session.scalars(select(UserSession.ended_at)).one() is not None


def test_a_local_login_goes_on_and_logs_out_here_alone(client: CheckedClient, writing: Any, claire: User) -> None:
    with writing():
        db.session.get_one(User, claire.id).password_hash = accounts.hash_password("quatre mots sans rapport")
    client.post("/connexion", {"login": "cmartin", "password": "quatre mots sans rapport"})
    client.get("/actions")
    assert client.post("/deconnexion").location == "/connexion"


def test_what_was_typed_when_the_visit_ended_waits_while_the_person_comes_back_by_the_provider(
    client: CheckedClient, provider: Provider, claire: User, clock: Clock
) -> None:
    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1")
    client.post(ENTER, {"shared": "1"})
    clock.advance(minutes=20)
    typed = {"csrf_token": client.csrf_token(), "title": "Des vélos", "_resume_target": "/propositions/nouvelle"}
    ended = client.post(
        "/reprise", {**typed, "_resume_login": ""}, expected=401, headers={"Origin": "http://localhost"}
    )
    assert "pas encore de retour" in ended
    assert ended.select("main button[formnovalidate]")
    arrive(client, provider, "sub-1")  # in another tab
    client.post(ENTER, {"shared": "1"})
    back = client.post("/reprise", typed, expected=400, headers={"Origin": "http://localhost"})
    assert "un clic l'envoie" in back
    assert back.select("main input[name=title], main textarea[name=title]")


def test_who_enters_by_a_provider_has_an_account_and_no_password_to_write(
    client: CheckedClient, provider: Provider, claire: User, clock: Clock
) -> None:
    def without_account() -> list[str]:
        end_transaction(commit=False)
        wanted = directory.PeopleFilter(state="sans-compte")
        return [line.login for line in directory.people(wanted, today=paris_day(clock.now), page=1).items]

    provider.knows("sub-1", email="claire@exemple.fr", email_verified=True)
    arrive(client, provider, "sub-1")
    assert without_account() == ["cmartin"]
    client.post(ENTER, {})
    assert without_account() == [], "no code is printed for them"
    wanted = "quatre mots sans rapport"
    fields = {"current_password": "x", "new_password": wanted, "repeat_password": wanted}
    assert "Mot de passe oublié" in client.post("/compte/mot-de-passe", fields, expected=422)
