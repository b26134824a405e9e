"""Two production servers, each on a port of its own, share one PostgreSQL and one folder."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.integration.test_auth import HASH, PASSWORD
from tests.servers import Node, Person, running, shared
from tracker.enums import PhaseKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Proposal, RollEntry, UserSession, Vote
from tracker.services import accounts

pytestmark = pytest.mark.postgresql
PEOPLE, PROPOSALS = 6, 3


@pytest.fixture
def town(shared_app: Flask, bases: Any, tmp_path: Path) -> Iterator[Flask]:
    """A vote is open."""
    with shared(bases("nodes"), tmp_path) as app:
        with write_transaction():
            project = factories.programme()
            today = datetime.now(UTC).date()
            campaign = factories.campaign(project, (PhaseKind.VOTING, today - timedelta(1), today + timedelta(9)))
            for _ in range(PROPOSALS):
                factories.proposal(project, campaign_id=campaign.id)
        app.config["PROJECT"] = project
        yield app


@pytest.fixture
def nodes(town: Flask, tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    url = str(town.config["SQLALCHEMY_DATABASE_URI"])
    with ExitStack() as both:
        first, second = (both.enter_context(running(tmp_path, url, name=name)) for name in ("first", "second"))
        yield first, second


def test_who_guesses_a_password_over_two_nodes_has_the_tries_of_one(town: Flask, nodes: tuple[Node, Node]) -> None:
    with write_transaction():
        login = factories.user(programme=town.config["PROJECT"], password_hash=HASH).login
    guesser = Person(town)
    typed = [f"essai {number}" for number in range(accounts.LIMIT_ACCOUNT)]
    statuses = [
        guesser.post(nodes[number % 2], "/connexion", {"login": login, "password": one}).status
        for number, one in enumerate([*typed, PASSWORD, PASSWORD])
    ]
    assert statuses == [422] * accounts.LIMIT_ACCOUNT + [429, 429], "each node counts what the other saw"


def test_two_nodes_count_each_support_once_and_show_the_same(town: Flask, nodes: tuple[Node, Node]) -> None:
    with write_transaction():
        users = [factories.user(programme=town.config["PROJECT"]) for _ in range(PEOPLE)]
    people = [Person(town, user) for user in users]
    numbers = list(db.session.scalars(select(Proposal.number).order_by(Proposal.number)))
    end_transaction(commit=False)
    first, second = nodes
    clicks = [
        (person, one, f"/propositions/{number}/soutien")
        for person in people
        for number in numbers
        for one in (first, second, first)  # a double click, that each node gets
    ]
    with ThreadPoolExecutor(8) as browsers:
        answers = list(browsers.map(lambda click: click[0].post(click[1], click[2]).status, clicks))
    assert set(answers) == {303}
    assert counted() == ([PEOPLE] * PROPOSALS, PEOPLE * PROPOSALS, PEOPLE)

    page = f"/propositions/{numbers[0]}"
    assert people[0].post(first, f"{page}/retrait-soutien").status == 303
    assert "dont le vôtre" not in people[0].get(second, page).text, "what one node changed, the other shows"
    assert "dont le vôtre" in people[1].get(second, page).text

    with write_transaction():
        db.session.scalars(select(UserSession).where(UserSession.user_id == users[1].id)).one().ended_at = datetime.now(
            UTC
        )
    assert people[1].get(first, page).status == people[1].get(second, page).status == 302

    first.end()
    assert people[0].post(second, f"{page}/soutien").status == 303, "the other goes on"
    assert counted() == ([PEOPLE] * PROPOSALS, PEOPLE * PROPOSALS, PEOPLE)


def counted() -> tuple[list[int], int, int]:
    """Supports of each proposal as they are shown, votes, people who took part."""
    shown = list(db.session.scalars(select(Proposal.support_count)))
    votes = db.session.scalar(select(func.count()).select_from(Vote))
    took_part = db.session.scalar(select(func.count()).where(RollEntry.took_part))
    end_transaction(commit=False)
    return shown, votes or 0, took_part or 0
