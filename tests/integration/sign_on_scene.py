"""A provider in a process of its own, an agent it knows, and the way through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories, openid_provider
from tests.client import Answer, CheckedClient
from tests.openid_provider import Provider
from tracker.extensions import db, end_transaction
from tracker.models import Matricule, Setting, User
from tracker.providers import TWO_FACTORS, OpenIdProvider

START, BACK, ENTER = "/connexion/unique", "/connexion/unique/retour", "/connexion/unique/entrer"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with openid_provider.running() as found:
        yield found


@pytest.fixture
def configured(app: Flask, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    asked = OpenIdProvider(provider.issuer, "tracker", "secret", two_factors=frozenset(TWO_FACTORS.split()))
    monkeypatch.setitem(app.config, "OPENID", asked)
    yield
    provider.tell()


@pytest.fixture
def claire(writing: Any, configured: None) -> User:
    """An agent of the register; the manager's rule is the e-mail."""
    with writing():
        town = factories.entity(slug="ville", name="Ville")
        project = factories.programme(entities=[town])
        factories.add(Setting(key="single_sign_on", value={"rule": "email", "label": "ProConnect", "sirens": {}}))
        person = factories.user(
            programme=project, login="cmartin", email="claire@exemple.fr", first_name="Claire", last_name="Martin"
        )
        factories.add(Matricule(entity_id=town.id, number="A042", user_id=person.id))
        return person


def leave(client: CheckedClient, **fields: str) -> str:
    """Press the button of the login page; the provider's address that the browser is led to."""
    page = client.post(START, fields, expected=200)
    address = page.response.headers["Refresh"].removeprefix("0; url=")
    assert page.select("main a")[0]["href"] == address, "without the header, a link"
    return address


def come_back(client: CheckedClient, address: str, expected: int = 303) -> Answer:
    """The browser sent back by the provider."""
    parts = urlsplit(address)
    assert parts.path == BACK
    return client.get(f"{parts.path}?{parts.query}", expected=expected)


def arrive(client: CheckedClient, provider: Provider, sub: str, *, expected: int = 200, **fields: str) -> Answer:
    """Log in at the provider; the page that says who was recognised."""
    answer = come_back(client, provider.log_in(leave(client, **fields), sub))
    assert answer.location == ENTER, client.get(answer.location).words
    return client.get(ENTER, expected=expected)


def flashed(client: CheckedClient, answer: Answer) -> str:
    """What the login page says after a refusal."""
    assert answer.location.startswith("/connexion")
    return client.get(answer.location).words


def bound() -> tuple[str | None, str | None]:
    end_transaction(commit=False)
    issuer, subject = db.session.execute(select(User.issuer, User.subject).where(User.login == "cmartin")).one()
    return issuer, subject
