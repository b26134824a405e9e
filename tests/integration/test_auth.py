"""Logging in, out, and coming back."""

from __future__ import annotations

from tests import factories
from tests.client import CheckedClient
from tracker.services import accounts

PASSWORD = "quatre mots sans rapport"


def test_login_page_opens_and_asks_whether_the_device_is_shared(client: CheckedClient) -> None:
    answer = client.get("/connexion")
    assert "Cet appareil est partagé" in answer


def test_a_visitor_is_sent_to_login_then_back(client: CheckedClient, writing) -> None:
    with writing():
        factories.programme()
        user = factories.user(login="agente", password_hash=accounts.hash_password(PASSWORD))
        name = user.name
    client.user_name = name
    first = client.get("/", expected=302)
    assert "suite=" in first.location
    answer = client.post("/connexion", {"login": "agente", "password": PASSWORD, "suite": "/aide", "shared": "1"})
    assert answer.location == "/aide"
    assert name in client.get("/aide").text


def test_a_wrong_password_says_so_and_keeps_the_login(client: CheckedClient, writing) -> None:
    with writing():
        factories.user(login="agente", password_hash=accounts.hash_password(PASSWORD))
    answer = client.post("/connexion", {"login": "agente", "password": "autre chose"}, expected=422)
    assert "inconnu" in answer
    assert answer.select("input[name=login]")[0]["value"] == "agente"
