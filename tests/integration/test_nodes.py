"""Two production servers, each on a port of its own, share one PostgreSQL and one folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from tests import databases, factories
from tests.client import CheckedClient
from tests.conftest import SECRET
from tests.integration.test_moving import application
from tracker.config import ROOT
from tracker.enums import PhaseKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Proposal, RollEntry, UserSession, Vote

pytestmark = pytest.mark.postgresql
PEOPLE, PROPOSALS = 6, 3


@dataclass(frozen=True, slots=True)
class Node:
    address: str
    process: subprocess.Popen[bytes]


class Person:
    """Somebody with a browser, whom either node may answer."""

    def __init__(self, app: Flask, user: Any) -> None:
        client = CheckedClient(app).login(user)
        self._token = client.csrf_token()
        cookie = client.http.get_cookie("tracker")
        assert cookie is not None
        self._cookie = f"tracker={cookie.value}"

    def get(self, node: Node, path: str) -> requests.Response:
        return requests.get(node.address + path, headers={"Cookie": self._cookie}, allow_redirects=False, timeout=30)

    def post(self, node: Node, path: str) -> int:
        return requests.post(
            node.address + path, data={"csrf_token": self._token}, headers={"Cookie": self._cookie},
            allow_redirects=False, timeout=30,
        ).status_code  # fmt: skip


@contextmanager
def node(folder: Path, url: str, name: str) -> Iterator[Node]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "TRACKER_MODE": "test", "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(folder),
        "DATABASE_URL": url, "PORT": str(port),
    }  # fmt: skip
    environment.pop("FLASK_RUN_FROM_CLI", None)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip
        found = Node(f"http://127.0.0.1:{port}", server)
        try:
            wait_for(found, log)
            yield found
            assert "Traceback" not in log.read_text("utf-8")
        finally:
            end(found)


def wait_for(found: Node, log: Path) -> None:
    for _ in range(300):
        assert found.process.poll() is None, log.read_text("utf-8")
        try:
            assert requests.get(f"{found.address}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text("utf-8"))


def end(found: Node) -> None:
    """At once, workers too, as when a machine loses its power."""
    if found.process.poll() is None:
        os.killpg(found.process.pid, signal.SIGKILL)
        found.process.wait(timeout=30)


@pytest.fixture
def town(shared_app: Flask, bases: Any, tmp_path: Path) -> Iterator[Flask]:
    """A vote is open; the clock is the real one, as servers read it."""
    base = bases("nodes")
    base.put_back("empty")
    app = application(tmp_path, base.url)
    with app.app_context():
        with write_transaction():
            project = factories.programme()
            today = datetime.now(UTC).date()
            campaign = factories.campaign(project, (PhaseKind.VOTING, today - timedelta(1), today + timedelta(9)))
            for _ in range(PROPOSALS):
                factories.proposal(project, campaign_id=campaign.id)
        app.config["PROJECT"] = project
        yield app
    databases.let_go(app)


def test_two_nodes_count_each_support_once_and_show_the_same(town: Flask, tmp_path: Path) -> None:
    with write_transaction():
        users = [factories.user(programme=town.config["PROJECT"]) for _ in range(PEOPLE)]
    people = [Person(town, user) for user in users]
    numbers = list(db.session.scalars(select(Proposal.number).order_by(Proposal.number)))
    end_transaction(commit=False)
    url = str(town.config["SQLALCHEMY_DATABASE_URI"])
    with ExitStack() as both:
        first, second = (both.enter_context(node(tmp_path, url, name)) for name in ("first", "second"))
        clicks = [
            (person, one, f"/propositions/{number}/soutien")
            for person in people
            for number in numbers
            for one in (first, second, first)  # a double click, that each node gets
        ]
        with ThreadPoolExecutor(8) as browsers:
            answers = list(browsers.map(lambda click: click[0].post(click[1], click[2]), clicks))
        assert set(answers) == {303}
        assert counted() == ([PEOPLE] * PROPOSALS, PEOPLE * PROPOSALS, PEOPLE)

        page = f"/propositions/{numbers[0]}"
        assert people[0].post(first, f"{page}/retrait-soutien") == 303
        assert "dont le vôtre" not in people[0].get(second, page).text, "what one node changed, the other shows"
        assert "dont le vôtre" in people[1].get(second, page).text

        with write_transaction():
            db.session.scalars(
                select(UserSession).where(UserSession.user_id == users[1].id)
            ).one().ended_at = datetime.now(UTC)
        assert people[1].get(first, page).status_code == people[1].get(second, page).status_code == 302

        end(first)
        assert people[0].post(second, f"{page}/soutien") == 303, "the other goes on"
        assert counted() == ([PEOPLE] * PROPOSALS, PEOPLE * PROPOSALS, PEOPLE)


def counted() -> tuple[list[int], int, int]:
    """Supports of each proposal as they are shown, votes, people who took part."""
    shown = list(db.session.scalars(select(Proposal.support_count)))
    votes = db.session.scalar(select(func.count()).select_from(Vote))
    took_part = db.session.scalar(select(func.count()).where(RollEntry.took_part))
    end_transaction(commit=False)
    return shown, votes or 0, took_part or 0
