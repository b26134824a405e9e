"""Changing one's password: strong enough, known to its owner, and every visit ends."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import Answer, CheckedClient
from tests.conftest import Clock
from tests.integration.test_auth import HASH, PASSWORD, attempt
from tracker.extensions import db, end_transaction
from tracker.models import Event, User, UserSession
from tracker.services import accounts


@pytest.fixture
def agent(writing: Any) -> User:
    with writing():
        factories.programme()
        return factories.user(login="agente", email="agente@exemple.fr", password_hash=HASH)


def change(
    client: CheckedClient, new: str, expected: int = 422, current: str = PASSWORD, repeat: str | None = None
) -> Answer:
    return client.post(
        "/compte/mot-de-passe",
        {"current_password": current, "new_password": new, "repeat_password": new if repeat is None else repeat},
        expected=expected,
    )


NEW = "le héron attend au bord du canal"


def test_a_changed_password_ends_every_visit_this_one_included(client: CheckedClient, agent: User) -> None:
    elsewhere = CheckedClient(client.app).login(agent)
    client.login(agent)
    change(client, NEW, expected=303)
    assert "Mot de passe changé" in client.get("/connexion")
    client.get("/", expected=302)
    elsewhere.get("/", expected=302)
    end_transaction(commit=False)
    assert all(db.session.scalars(select(UserSession.ended_at)))
    attempt(client, expected=422)
    attempt(client, password=NEW)


def test_a_change_of_password_is_traced_without_the_password(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    change(client, NEW, expected=303)
    end_transaction(commit=False)
    event = db.session.scalars(select(Event)).one()
    assert (event.verb, event.actor_id, event.changes) == ("password:change", agent.id, {})


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("trop court", "12 caractères au moins"),
        ("aaaaaaaaaaaaaaaa", "suite trop simple"),
        ("motdepasse2026!", "vite deviné"),
        ("agente-agente-agente", "vite deviné"),
        ("projet-administration", "vite deviné"),
        ("é" * 201, "200 caractères au plus"),
    ],
)
def test_a_weak_password_is_refused_with_what_to_do(client: CheckedClient, agent: User, new: str, said: str) -> None:
    client.login(agent)
    answer = change(client, new)
    assert said in answer.select("#new_password-erreur")[0].get_text()
    assert new not in answer.text
    end_transaction(commit=False)
    assert db.session.get_one(User, agent.id).password_hash == HASH


@pytest.mark.parametrize("new", ["Blois2026Blois!", "agglopolys-2026", "Agglopolys & Blois", "blois-agente-cias"])
def test_the_words_of_the_town_make_no_password(
    client: CheckedClient, agent: User, writing: Any, monkeypatch: pytest.MonkeyPatch, new: str
) -> None:
    client.login(agent)
    with writing():
        factories.entity(short_name="Agglopolys")
        factories.entity(short_name="CIAS")
    monkeypatch.setitem(client.app.config, "SITE_NAME", "Le projet de Blois")
    assert "vite deviné" in change(client, new).select("#new_password-erreur")[0].get_text()
    change(client, "une canne oubliée à Blois", expected=303)


def test_both_new_passwords_must_be_the_same(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    assert "différentes" in change(client, NEW, repeat=NEW + "!")


def test_the_present_password_is_asked_and_its_guesses_are_throttled(
    client: CheckedClient, agent: User, clock: Clock
) -> None:
    client.login(agent)
    for _ in range(accounts.LIMIT_ACCOUNT):
        assert "pas votre mot de passe actuel" in change(client, NEW, current="faux")
    assert "Trop d'essais" in change(client, NEW, expected=429)
    clock.advance(minutes=16)
    change(client, NEW, expected=303)


def test_nobody_can_lock_that_form_from_the_login_page(client: CheckedClient, agent: User) -> None:
    visitor = CheckedClient(client.app)
    for typed in ("agente", str(agent.id)):
        for _ in range(accounts.LIMIT_ACCOUNT):
            attempt(visitor, typed, "faux", expected=422)
    client.login(agent)
    change(client, NEW, expected=303)
