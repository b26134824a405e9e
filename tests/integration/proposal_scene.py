"""A town with an open consultation and a reader: what the tests of the pages of proposals stand on."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.client import CheckedClient
from tracker.enums import (
    ProposalState,
)
from tracker.models import (
    Proposal,
)
from tracker.queries import kept

S = ProposalState


@pytest.fixture(autouse=True)
def forget() -> None:
    kept.forget()


class Town:
    """A project with an open consultation, an agent, and whatever a test adds."""

    def __init__(self, writing: Any) -> None:
        with writing():
            self.employer = factories.entity(slug="ville", short_name="Ville")
            self.project = factories.programme(entities=[self.employer])
            self.theme = factories.theme(self.project, slug="outils", name="Outils de travail")
            self.campaign = factories.open_campaign(self.project)
            self.agent = factories.user(programme=self.project)
            self.other = factories.user(programme=self.project)

    def proposal(self, **values: Any) -> Proposal:
        return factories.proposal(
            self.project, **{"campaign_id": self.campaign.id, "theme_id": self.theme.id, **values}
        )


@pytest.fixture
def town(app: Flask, writing: Any) -> Town:
    return Town(writing)


@pytest.fixture
def agent(client: CheckedClient, town: Town) -> CheckedClient:
    return client.login(town.agent)
