"""A proposal taken back by its author: read by nobody else, and nothing waits on it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.test_decision_pages import FORM, preview_fields
from tests.integration.test_decisions import Committee
from tests.integration.test_reviews import count
from tracker.enums import ProposalState, Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Authorship, Decision, DecisionCondition, Event, Proposal
from tracker.queries import decisions as queries
from tracker.queries import people
from tracker.services import proposals

S = ProposalState
TEXT = "Texte que je retire pour de bon."


class Author(Committee):
    """A committee whose proposals have an author who may take them back."""

    def __init__(self, *states: ProposalState, sealed: bool = False) -> None:
        super().__init__(*states)
        with write_transaction():
            rows = [db.session.get_one(Proposal, key) for key in self.ids]
            author = factories.user(programme=rows[0].programme, last_name="Quinquandon")
            for row in rows:
                row.body = TEXT
                db.session.add(Authorship(proposal_id=row.id, user_id=author.id, sealed=sealed, accepted_at=NOON))
            self.login, self.name = author.login, author.name

    def withdraw(self, n: int = 0) -> None:
        actor = people.actor_by_login(self.login, now=NOON)
        end_transaction(commit=False)
        assert actor is not None
        self.do(proposals.withdraw, actor=actor, proposal_id=self.ids[n])


@pytest.mark.parametrize(("who", "root"), [("etude", "/etudes"), ("copil", "/a-decider")])
def test_a_withdrawn_proposal_is_studied_and_decided_by_nobody(client: CheckedClient, who: str, root: str) -> None:
    case = Author(S.UNDER_REVIEW)
    path = f"{root}/{case.numbers[0]}"
    assert TEXT in client.login(case.user(who)).get(path)
    case.withdraw()
    page = client.get(path, expected=404)
    assert TEXT not in page.text
    client.post(path, FORM | {"advice": "favourable", "text": "Une phrase tout entière."}, expected=404)
    assert not count(Decision)


def test_a_withdrawn_proposal_gives_no_action_and_tells_no_title(client: CheckedClient) -> None:
    case = Author(S.UNDER_REVIEW)
    with write_transaction():
        db.session.get_one(Proposal, case.ids[0]).title = "Un titre que je retire"
    case.withdraw()
    page = client.login(case.user("copil")).get(f"/actions/nouvelle?proposition={case.numbers[0]}", expected=404)
    assert "Un titre que je retire" not in page.text


def test_the_page_that_asks_to_withdraw_a_text_does_not_tell_one_taken_back(client: CheckedClient) -> None:
    case = Author(S.UNDER_REVIEW)
    page = f"/reglages/retraits/demander?type=proposal&de={case.ids[0]}"
    with write_transaction():
        moderator = factories.user(Role.MODERATOR)
    assert TEXT in client.login(moderator).get(page)
    case.withdraw()
    told = client.get(page)
    assert TEXT not in told.text
    assert "Voir le texte à sa place" not in told


def test_a_decision_that_waits_goes_with_the_proposal_taken_back(client: CheckedClient) -> None:
    case = Author(S.UNDER_REVIEW, S.UNDER_REVIEW)
    case.take(0)
    kept = case.take(1)
    case.withdraw(0)
    end_transaction(commit=False)
    assert list(db.session.scalars(select(Decision.id))) == [kept]
    assert not list(db.session.scalars(select(DecisionCondition)))
    event = db.session.scalars(select(Event).where(Event.verb == "decision:discard")).one()
    assert event.changes["proposal"] == case.numbers[0]
    # the other one is published as if nothing had happened
    client.login(case.user("copil"))
    page = client.get(f"/a-decider/publier?apercu=1&decision={kept}")
    client.post("/a-decider/publier", {"decision": preview_fields(page)})
    assert case.state(1) is S.RETAINED


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.usefixtures("app")
def test_the_trace_of_the_decision_forgotten_names_no_author(sealed: bool) -> None:
    case = Author(S.UNDER_REVIEW, sealed=sealed)
    case.take()
    case.withdraw()
    end_transaction(commit=False)
    event = db.session.scalars(select(Event).where(Event.verb == "decision:discard")).one()
    assert (event.actor_id, event.actor_label) == (None, "")
    assert case.name not in str(event.changes)


@pytest.mark.usefixtures("app")
def test_a_withdrawal_refused_forgets_no_decision() -> None:
    case = Author(S.RETAINED)
    case.take()
    with pytest.raises(Exception, match="ne peut pas devenir"):
        case.withdraw()
    assert count(Decision) == 1


def test_a_decision_left_on_a_withdrawn_proposal_blocks_no_publication(client: CheckedClient) -> None:
    """Rows written before the rule: they are neither counted nor offered."""
    case = Author(S.UNDER_REVIEW, S.UNDER_REVIEW)
    left, kept = case.take(0), case.take(1)
    with write_transaction():
        db.session.get_one(Proposal, case.ids[0]).state = S.WITHDRAWN
    end_transaction(commit=False)
    assert queries.unpublished_count_of_project(case.project_id) == 1
    page = client.login(case.user("copil")).get("/a-decider/publier")
    assert [str(box["value"]) for box in page.select("input[name=decision]")] == [str(kept)]
    page = client.get(f"/a-decider/publier?apercu=1&decision={left}&decision={kept}")
    assert [field.partition(":")[0] for field in preview_fields(page)] == [str(kept)]
