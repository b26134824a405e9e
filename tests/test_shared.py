"""Pages that readers share: each person is served the very page that would have been made for that person alone."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from tests.client import CheckedClient
from tests.effort import THOROUGH
from tracker.extensions import db, end_transaction
from tracker.models import Action, ActionUpdate, Authorship, Campaign, Proposal, RoleGrant, User, action_proposal
from tracker.queries import kept
from tracker.views import shared
from tracker.workflow import SUPPORTABLE

pytestmark = pytest.mark.demo
ROLES = ("agent", "pilote", "etude", "moderation", "copil", "redaction", "admin")
TOKEN = re.compile(r'(name="csrf_token" value=")[^"]*')


class Readers:
    """The accounts of the demonstration, people tied to what is shown, and a visitor."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        running = select(Campaign.id).order_by(Campaign.id.desc()).limit(1).scalar_subquery()
        written = select(Authorship.user_id, Proposal.number).join(Proposal, Proposal.id == Authorship.proposal_id)
        published = written.where(Proposal.number.is_not(None), Authorship.user_id.is_not(None)).order_by(Proposal.id)
        sealed = db.session.execute(published.where(Authorship.sealed.is_(True))).first()
        named = db.session.execute(published.where(Authorship.sealed.is_(False))).first()
        asked = db.session.execute(
            published.where(
                Proposal.campaign_id == running, Authorship.sealed.is_(True), Proposal.state.in_(SUPPORTABLE)
            )
        ).first()
        acting = db.session.execute(
            select(Authorship.user_id, Action.number)
            .join(action_proposal, action_proposal.c.proposal_id == Authorship.proposal_id)
            .join(Action, Action.id == action_proposal.c.action_id)
            .where(Authorship.sealed.is_(True), Authorship.user_id.is_not(None))
        ).first()
        piloting = db.session.execute(
            select(Action.pilot_id, Action.number).where(Action.pilot_id.is_not(None))
        ).first()
        telling = db.session.execute(
            select(ActionUpdate.author_id, Action.number)
            .join(Action, Action.id == ActionUpdate.action_id)
            .where(ActionUpdate.author_id.is_not(None), ActionUpdate.author_id != Action.pilot_id)
        ).first()
        assert None not in (sealed, named, asked, acting, piloting, telling)
        leads = db.session.scalar(select(RoleGrant.user_id).where(RoleGrant.group_id.is_not(None)))
        numbers = [pair[1] for pair in (sealed, named, asked)]
        self.paths = [
            "/", "/propositions", "/propositions?page=2", "/propositions?projet=mieux-travailler-ensemble",
            "/propositions?projet=tous&q=travail", "/propositions?tri=soutenues", "/propositions?mes=1",
            "/propositions?soutien=1", "/actions", "/actions?retard=1", "/actions?projet=mieux-travailler-ensemble",
            "/tableau-de-bord", "/lettres", "/lettres/9", "/lettres/404", "/consultations/1", "/consultations/5",
            "/groupes", "/groupes/budget-commandes", "/reunions", "/reunions/1", "/propositions/9999",
            *(f"/propositions/{number}" for number in numbers),
            *(f"/actions/{pair[1]}" for pair in (acting, piloting, telling)),
        ]  # fmt: skip
        self.own = {f"/propositions/{number}": key for key, number in (sealed, named, asked)}
        self.own |= {f"/actions/{number}": key for key, number in (acting, piloting, telling)}
        ties = {pair[0] for pair in (sealed, named, asked, acting, piloting, telling)} | {leads}
        people = {login: db.session.scalar(select(User).where(User.login == login)) for login in ROLES}
        people |= {f"person {key}": db.session.get(User, key) for key in sorted(ties)}
        self.clients = {name: CheckedClient(app).login(person) for name, person in people.items() if person}
        self.clients["visitor"] = CheckedClient(app)
        self.asked = asked[1]

    def of(self, path: str) -> list[str]:
        """Those who open an address, in one order: whom it is about and half of the others, all in `make torture`."""
        others = list(self.clients)
        met = others if THOROUGH else random.Random(path).sample(others, len(others) // 2)
        return [name for name in others if name in met or name == f"person {self.own.get(path)}"]

    def serve(self, name: str, path: str) -> str:
        with self.app.app_context():  # a request of its own, as when a server serves it
            response = self.clients[name].http.get(path)
        text = TOKEN.sub(r"\1", response.get_data(as_text=True))
        return f"{response.status_code} {response.headers.get('Location', '')}\n{text}"


@pytest.fixture
def readers(fresh_demo: Flask) -> Iterator[Readers]:
    yield Readers(fresh_demo)
    end_transaction(commit=False)


def test_each_person_gets_the_page_made_for_that_person_alone(readers: Readers) -> None:
    readers.clients["agent"].post(f"/propositions/{readers.asked}/soutien")
    readers.clients["agent"].post(f"/propositions/{readers.asked}/suivi", data={"suivre": "1"})
    readers.serve("agent", "/aide")  # takes the message of the act away
    alone = {}
    for path in readers.paths:
        for name in readers.of(path):
            kept.forget()
            alone[path, name] = readers.serve(name, path)
    # whoever opens a page first, what the others are served is theirs
    for way in (1, -1):
        kept.forget()
        for path in readers.paths:
            for name in readers.of(path)[::way]:
                assert readers.serve(name, path) == alone[path, name], f"{path} as {name}"


def test_a_vote_is_counted_at_once_on_a_page_that_is_kept(readers: Readers) -> None:
    path = f"/propositions/{readers.asked}"

    def count() -> int:
        found = re.search(
            r'class="support-count">(?:<svg.*?</svg>)?\s*(\d+) soutien', readers.serve("copil", path), re.DOTALL
        )
        assert found
        return int(found[1])

    before = count()
    assert count() == before
    readers.clients["agent"].post(f"{path}/soutien")
    assert count() == before + 1
    readers.clients["agent"].post(f"{path}/retrait-soutien")
    assert count() == before


def test_a_page_is_made_once_for_all_who_share_it(readers: Readers) -> None:
    kept.forget()
    readers.serve("agent", "/actions")
    weight = shared._kept.weight
    readers.serve("person " + next(n for n in readers.clients if n.startswith("person"))[7:], "/actions")
    assert shared._kept.weight == weight


def test_a_piece_of_many_pages_can_have_no_hole(demo: Flask) -> None:
    with demo.test_request_context("/"), pytest.raises(RuntimeError, match="no holes"):
        shared.lasting("a piece", make=lambda: shared.hole("name"))


def test_typed_text_cannot_look_like_a_hole(demo: Flask) -> None:
    with demo.test_request_context("/"):
        assert shared._split("avant 0; après 12:3;", []) == ("avant 0; après 12:3;",)
