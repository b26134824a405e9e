"""Lists that grow with the years are paged, and numbers that grow too long are no numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests import factories
from tests.client import CheckedClient
from tests.integration.test_decision_pages import FORM, preview_fields
from tests.integration.test_decisions import TODAY, Committee
from tests.integration.test_reviews import SENTENCE
from tracker.enums import Motive, Outcome, ProposalState
from tracker.extensions import db, write_transaction
from tracker.models import Authorship, Decision, Programme, Proposal
from tracker.queries import moderation, proposals

S = ProposalState
MANY = 65
LONG = "9" * 5000


def rows_of(case: Committee, state: ProposalState) -> list[Proposal]:
    project = db.session.get_one(Programme, case.project_id)
    return [factories.proposal(project, state=state, title=f"Proposition du rang {n:03}") for n in range(MANY)]


def titles(page: Any) -> list[str]:
    return [tag.get_text(" ", strip=True) for tag in page.select("main .card-title")]


def test_the_queue_of_the_moderation_is_paged_and_reads_beginnings_only(client: CheckedClient, count_sql: Any) -> None:
    case = Committee(S.PUBLISHED)
    with write_transaction():
        for row in rows_of(case, S.SUBMITTED):
            row.body = "Début de l'idée. " + "x" * 5000 + " fin lointaine"
    client.login(case.user("moderation"))
    page = client.get("/moderation")
    assert "65 propositions attendent" in page
    assert len(titles(page)) == 30
    assert "Page 1 sur 3" in page
    with count_sql() as statements:
        client.get("/moderation?page=2")
    assert len(statements) <= 8
    waiting = moderation.waiting([case.project_id], actor=case.actor("moderation"), page=1)
    assert {len(item.body) for item in waiting.items} == {proposals.EXCERPT}
    seen = {title for n in (1, 2, 3) for title in titles(client.get(f"/moderation?page={n}"))}
    assert len(seen) == MANY
    assert len(titles(client.get("/moderation?page=99"))) == MANY - 60


def test_one_s_own_proposals_are_paged_drafts_first(client: CheckedClient) -> None:
    case = Committee(S.PUBLISHED)
    with write_transaction():
        user = case.user("agent")
        for n, row in enumerate(rows_of(case, S.PUBLISHED)):
            db.session.add(Authorship(proposal_id=row.id, user_id=user.id))
            row.created_on = TODAY - timedelta(days=n)
    client.login(case.user("agent"))
    pages = [titles(client.get(f"/propositions/mes-propositions?page={n}")) for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [30, 30, 5]
    assert len({title for page in pages for title in page}) == MANY


def test_decisions_to_publish_are_paged_and_a_choice_of_another_page_is_kept(client: CheckedClient) -> None:
    case = Committee(S.PUBLISHED)
    with write_transaction():
        rows = rows_of(case, S.UNDER_REVIEW)
        for row in rows:
            db.session.add(
                Decision(
                    proposal_id=row.id, outcome=Outcome.RETAINED, motive=Motive.FEASIBLE, reason=SENTENCE,
                    taken_on=TODAY, recorded_at=factories.noon(TODAY),
                )
            )  # fmt: skip
        last = rows[-1].id
    client.login(case.user("copil"))
    page = client.get("/a-decider/publier")
    assert "65 décisions prises, non publiées" in page
    assert len(page.select("input[name=decision]")) == 30
    boxes = client.get("/a-decider/publier?page=3").select("input[name=decision]")
    assert len(boxes) == 5
    page = client.get(f"/a-decider/publier?apercu=1&decision={boxes[-1]['value']}")
    client.post("/a-decider/publier", {"decision": preview_fields(page)})
    with write_transaction():
        assert db.session.get_one(Proposal, last).state is S.RETAINED


def test_long_digits_in_fields_are_no_number_and_no_failure(client: CheckedClient) -> None:
    case = Committee(S.UNDER_REVIEW)
    number = case.numbers[0]
    client.login(case.user("copil"))
    client.post("/a-decider/publier", {"decision": f"{LONG}:x"}, expected=409)
    client.get("/a-decider/publier", query_string={"apercu": "1", "decision": LONG[:3000]})
    client.post(f"/a-decider/{number}", FORM | {"seen": f"{LONG}:x"}, expected=409)
    for path in ("/a-decider", "/reunions", "/actions", "/propositions"):
        client.get(path, query_string={"page": LONG[:3000], "q": LONG[:300], "annee": LONG[:3000]})


def test_a_rewriting_that_names_no_version_is_refused_not_failed(client: CheckedClient) -> None:
    case = Committee(S.PUBLISHED)
    with write_transaction():
        project = db.session.get_one(Programme, case.project_id)
        campaign = factories.open_campaign(project, first=date(2026, 3, 1), end=date(2026, 5, 1))
        row = db.session.get_one(Proposal, case.ids[0])
        row.campaign_id = campaign.id
        db.session.add(Authorship(proposal_id=row.id, user_id=case.user("agent").id))
    client.login(case.user("agent"))
    form = {"title": "Un autre titre", "body": "Un autre texte pour la même idée.", "base_version": LONG}
    page = client.post(f"/propositions/{case.numbers[0]}/texte", form, expected=409)
    assert "comparez les versions" in page


@pytest.mark.parametrize("root", ["/etudes", "/a-decider", "/propositions", "/actions", "/reunions", "/consultations"])
def test_a_number_too_long_for_an_address_is_not_found(client: CheckedClient, root: str) -> None:
    case = Committee(S.PUBLISHED)
    client.login(case.user("etude" if root == "/etudes" else "copil"))
    for number in ("999999999", "2147483648", LONG[:2000]):
        client.get(f"{root}/{number}", expected=404)
