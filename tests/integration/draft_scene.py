"""A town with an open consultation, an author and a moderator: what the tests of drafts stand on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tracker.enums import ProposalState, Role
from tracker.extensions import db, end_transaction
from tracker.models import Event, Proposal
from tracker.services import proposals as service

S = ProposalState
IDEA = "Installer un abri à vélos devant chaque école. Nous serions plus nombreux à venir sans voiture."


class Town:
    def __init__(self, writing: Any) -> None:
        with writing():
            self.employer = factories.entity(slug="ville", short_name="Ville")
            self.project = factories.programme(entities=[self.employer])
            self.theme = factories.theme(self.project, name="Déplacements")
            self.unknown = factories.theme(self.project, name="Je ne sais pas", is_unknown=True)
            self.campaign = factories.open_campaign(self.project)
            self.campaign.answer_by = date(2026, 9, 30)
            self.campaign.elsewhere = "Un cas de harcèlement se dit à la cellule d'écoute, au 1234."
            self.author = factories.user(programme=self.project, first_name="Camille", last_name="Discrète")
            self.moderator = factories.user(Role.MODERATOR, programme=self.project)
            self.other = factories.user(programme=self.project)
            self.author_name = self.author.name


@pytest.fixture(autouse=True)
def names() -> Iterator[None]:
    before = set(factories.SEALED_NAMES)
    yield
    factories.SEALED_NAMES.intersection_update(before)


@pytest.fixture
def town(app: Flask, writing: Any) -> Town:
    return Town(writing)


@pytest.fixture
def author(client: CheckedClient, town: Town) -> CheckedClient:
    client.login(town.author)
    client.user_name = town.author_name
    return client


@pytest.fixture
def moderator(client: CheckedClient, town: Town) -> CheckedClient:
    return CheckedClient(client.app).login(town.moderator)


def only() -> Proposal:
    end_transaction(commit=False)
    return db.session.scalars(select(Proposal).order_by(Proposal.id.desc())).first()  # type: ignore[return-value]


def count(table: Any) -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def typed(**values: str) -> dict[str, str]:
    return {
        "key": service.new_key(),
        "body": IDEA,
        "title": "",
        "theme": "",
        "name": "affiche",
        "geste": "envoyer",
        **values,
    }


def write(author: CheckedClient, **values: str) -> Proposal:
    if values.get("name") == "non-affiche":
        factories.SEALED_NAMES.add(author.user_name)  # from here on, the clients of the others look for it
    author.post("/propositions/nouvelle", typed(**values))
    return only()


# --- The name -----------------------------------------------------------------------------------------------------


def names_kept() -> str:
    """Everything the trace keeps about who did what."""
    end_transaction(commit=False)
    rows = db.session.execute(select(Event.actor_id, Event.actor_label, Event.changes, Event.verb))
    return repr([tuple(row) for row in rows])
