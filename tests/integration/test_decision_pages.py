"""The committee's pages: what is to settle, one decision, what agents will read, conditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.integration.test_decisions import CONDITION, TODAY, WHY, YES, Committee, one
from tests.integration.test_reviews import count
from tracker.enums import Outcome, ProposalState, ReviewAdvice, Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Decision, Proposal, ProposalLineage, Review, User

S = ProposalState
FORM = {
    "outcome": "retained", "motive": "feasible", "reason": WHY, "taken_on": "2026-03-16", "meeting_id": "", "seen": "",
    "review_on": "", "redirected_to": "",
    **{f"conditions-{n}-{part}": "" for n in range(4) for part in ("kind", "label")},
}  # fmt: skip


def blocks(page: Any) -> list[str]:
    return [tag.get_text(" ", strip=True) for tag in page.select(".settle-title")]


def preview_fields(page: Any) -> list[str]:
    return [str(tag["value"]) for tag in page.select("form[method=post] input[name=decision]")]


class TestList:
    def test_each_proposal_is_one_block_with_what_is_needed_to_settle(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        with write_transaction():
            row = db.session.get_one(Proposal, case.ids[0])
            row.support_count = 12
            row.theme_id = factories.theme(row.programme, name="Télétravail").id
            db.session.add(
                Review(
                    proposal_id=row.id, advice=ReviewAdvice.FAVOURABLE_IF, text="Possible à partir de l'automne.",
                    effective_on=TODAY, recorded_at=factories.noon(TODAY),
                )
            )  # fmt: skip
            title, body = row.title, row.body
        page = client.login(case.user("copil")).get("/a-decider")
        for words in (title, body, "Télétravail", "12 soutiens", "favorable sous conditions", "Possible à partir"):
            assert words in page, words
        assert page.select(f"a[href='/a-decider/{case.numbers[0]}']")
        assert "1 prête (avis rendu), 0 sans avis, 0 à revoir" in page

    def test_decisions_not_published_are_counted_beside(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        case.take()
        page = client.login(case.user("copil")).get("/a-decider")
        assert "1 décision prise, non publiée" in page
        assert len(blocks(page)) == 1

    def test_filters_sorts_and_empty_states(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW, S.PUBLISHED)
        with write_transaction():
            db.session.get_one(Proposal, case.ids[1]).support_count = 5
        client.login(case.user("copil"))
        assert str(case.numbers[1]) in blocks(client.get("/a-decider?tri=soutenues"))[0]
        assert str(case.numbers[0]) in blocks(client.get("/a-decider?tri=numero"))[0]
        assert len(blocks(client.get(f"/a-decider?q=n°{case.numbers[0]}"))) == 1
        assert "Aucune proposition à décider ne répond" in client.get("/a-decider?raison=a-revoir")
        for odd in ("raison=x", "tri=x", "page=-3", "page=99999", "theme=rien", "q=%22OR%22", "q=s%27engage"):
            client.get(f"/a-decider?{odd}")
        client.get("/a-decider?projet=inconnu", expected=404)

    def test_nothing_to_settle_says_so(self, client: CheckedClient) -> None:
        case = Committee(S.RETAINED)
        assert "Rien à décider" in client.login(case.user("copil")).get("/a-decider")

    def test_sixteen_blocks_a_page(self, client: CheckedClient) -> None:
        case = Committee(*[S.PUBLISHED] * 20)
        client.login(case.user("copil"))
        assert len(blocks(client.get("/a-decider"))) == 16
        assert len(blocks(client.get("/a-decider?page=2"))) == 4
        assert "Imprimer la liste" in client.get("/a-decider")
        whole = client.get("/a-decider?imprimer=1")
        assert len(blocks(whole)) == 20
        assert "aucune réunion du comité n'est encore datée" in whole


class TestDeciding:
    def test_a_decision_by_the_page(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        number = case.numbers[0]
        client.login(case.user("copil"))
        page = client.get(f"/a-decider/{number}")
        assert page.select(f"select[name=meeting_id] option[value='{case.meeting_id}']:not([selected])")
        fields = {
            **FORM, "meeting_id": str(case.meeting_id), "conditions-0-kind": "credits",
            "conditions-0-label": "vote des crédits", "conditions-2-kind": "order", "conditions-2-label": "arrêté",
        }  # fmt: skip
        assert "pas encore publiée" in client.submit(f"/a-decider/{number}", fields)
        record = one(db.session.scalars(select(Decision.id)).one())
        assert [c.label for c in record.conditions] == ["vote des crédits", "arrêté"]
        assert record.taken_on == date(2026, 3, 12)

    def test_only_meetings_of_the_committee_of_the_last_year_are_offered(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        with write_transaction():
            project = db.session.get_one(Proposal, case.ids[0]).programme
            factories.meeting(project, held_on=date(2025, 3, 1))
            factories.meeting(project, kind="seminar")
            factories.meeting(project, held_on=date(2026, 3, 20))
        page = client.login(case.user("copil")).get(f"/a-decider/{case.numbers[0]}")
        offered = [str(tag["value"]) for tag in page.select("select[name=meeting_id] option")]
        assert offered == ["", str(case.meeting_id)]
        assert page.select("input[name=taken_on]")[0]["value"] == TODAY.isoformat()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"reason": "Trop court"},
            {"outcome": "deferred"},
            {"outcome": "redirected"},
            {"outcome": "declined", "conditions-1-kind": "order", "conditions-1-label": "un arrêté"},
            {"conditions-1-kind": "order"},
            {"conditions-1-label": "un arrêté"},
            {"outcome": "nimporte"},
            {"motive": ""},
            {"taken_on": "2026-03-17"},
            {"taken_on": ""},
            {"taken_on": "pas une date"},
            {"meeting_id": "99999"},
            {"review_on": "2026-13-45"},
        ],
    )
    def test_a_refusal_keeps_all_that_was_typed(self, client: CheckedClient, wrong: dict[str, str]) -> None:
        case = Committee(S.UNDER_REVIEW)
        client.login(case.user("copil"))
        fields = {**FORM, "conditions-3-kind": "credits", "conditions-3-label": "des crédits", **wrong}
        if wrong.get("outcome") == "declined":
            fields["conditions-3-kind"] = fields["conditions-3-label"] = ""
        page = client.post(f"/a-decider/{case.numbers[0]}", fields, expected=422)
        assert page.select(".error-summary li")
        assert page.select("textarea[name=reason]")[0].get_text(strip=True) == fields["reason"]
        assert page.select("input[name=conditions-3-label]")[0]["value"] == fields["conditions-3-label"]
        for name in ("conditions-1-label", "taken_on", "review_on"):
            assert page.select(f"input[name='{name}']")[0]["value"] == fields.get(name, "")
        if fields["motive"]:
            assert page.select(f"select[name=motive] option[value={fields['motive']}][selected]")
        assert count(Decision) == 0

    def test_changing_then_discarding_before_publication(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, conditions=(CONDITION,)))
        number = case.numbers[0]
        client.login(case.user("copil"))
        page = client.get(f"/a-decider/{number}")
        seen = page.select("input[name=seen]")[0]["value"]
        assert page.select("input[name=conditions-0-label]")[0]["value"] == CONDITION[1]
        client.post(f"/a-decider/{number}", {**FORM, "seen": seen, "reason": "Une autre raison, plus claire."})
        assert one(key).reason == "Une autre raison, plus claire."
        assert one(key).conditions == ()
        stale = client.post(f"/a-decider/{number}", {**FORM, "seen": seen}, expected=409)
        assert "entre-temps" in stale
        assert stale.select("textarea[name=reason]")[0].get_text(strip=True) == WHY
        again = stale.select("input[name=seen]")[0]["value"]
        client.post(f"/a-decider/{number}", {**FORM, "seen": again})
        assert one(key).reason == WHY
        assert "sera perdu" in client.post(f"/a-decider/{number}/abandonner", expected=200)
        assert "est supprimée" in client.submit(f"/a-decider/{number}/abandonner", {"confirmed": "yes"})
        assert count(Decision) == 0
        client.post(f"/a-decider/{number}/abandonner", expected=409)

    def test_another_decision_than_that_of_the_page_is_not_discarded(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        here, other = (case.take(position) for position in range(2))
        seen = f"{other}:{one(other).digest}"
        client.login(case.user("copil"))
        for sent in ({}, {"confirmed": "yes"}):
            path = f"/a-decider/{case.numbers[0]}/abandonner"
            client.post(path, {"seen": seen, **sent}, expected=409)
        assert (one(here).id, one(other).id) == (here, other)

    def test_a_second_decision_typed_meanwhile_is_not_lost(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        client.login(case.user("copil"))
        case.take()
        page = client.post(f"/a-decider/{case.numbers[0]}", {**FORM, "reason": WHY + " Vraiment."}, expected=409)
        assert "déjà prise" in page
        assert page.select("textarea[name=reason]")[0].get_text(strip=True) == WHY + " Vraiment."
        assert count(Decision) == 1

    def test_merging_from_the_committees_page(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED, S.PUBLISHED)
        client.login(case.user("copil"))
        first, second = case.numbers
        client.post(f"/a-decider/{first}/regrouper", {"into": ""}, expected=422)
        assert "est regroupée" in client.submit(f"/a-decider/{first}/regrouper", {"into": str(second)})
        assert case.state() is S.MERGED
        client.post(f"/a-decider/{first}", FORM, expected=409)
        client.submit(f"/a-decider/{first}/separer")
        assert case.state() is S.PUBLISHED

    def test_unknown_and_huge_numbers_are_not_found(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        client.login(case.user("copil"))
        for number in ("4242", "0", "99999999999999999999"):
            client.get(f"/a-decider/{number}", expected=404)
        client.post("/reponses/conditions/99999999999999999999", {"met_on": ""}, expected=404)
        client.post("/reponses/conditions/4242", {"met_on": "2026-03-01"}, expected=404)


class TestPublishing:
    def test_choose_preview_publish(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        keys = [
            case.take(0, replace(YES, meeting_id=case.meeting_id, conditions=(CONDITION,))),
            case.take(1, replace(YES, outcome=Outcome.DECLINED, reason="Le statut ne le permet pas, hélas.")),
        ]
        client.login(case.user("copil"))
        page = client.get("/a-decider/publier")
        assert len(page.select("input[name=decision]")) == 2
        page = client.get(f"/a-decider/publier?apercu=1&decision={keys[0]}&decision={keys[1]}")
        for words in (
            "Retenue sous réserve", WHY, CONDITION[1], "Le comité de pilotage, réunion du 12 mars 2026",
            "Non retenue", "Le statut ne le permet pas", "Le comité de pilotage, le 16 mars 2026",
        ):  # fmt: skip
            assert words in page, words
        assert case.user("copil").last_name not in page.select(".answers")[0].get_text()
        assert one(keys[0]).published_on is None
        done = client.submit("/a-decider/publier", {"decision": preview_fields(page)})
        assert "2 réponses publiées" in done
        assert case.state(0) is S.RETAINED
        assert case.state(1) is S.DECLINED

    def test_the_same_preview_sent_by_two_people_publishes_once(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        client.login(case.user("copil"))
        fields = preview_fields(client.get(f"/a-decider/publier?apercu=1&decision={key}"))
        client.post("/a-decider/publier", {"decision": fields})
        with write_transaction():
            second = factories.user(Role.STEERING)
        client.login(second)
        assert "déjà publiée" in client.post("/a-decider/publier", {"decision": fields}, expected=409)

    def test_a_decision_changed_since_the_preview_is_shown_again(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        client.login(case.user("copil"))
        fields = preview_fields(client.get(f"/a-decider/publier?apercu=1&decision={key}"))
        with write_transaction():
            db.session.get_one(Decision, key).reason = "Une autre raison, bien différente."
        page = client.post("/a-decider/publier", {"decision": fields}, expected=409)
        assert "a changé depuis l'aperçu" in page
        assert "Une autre raison, bien différente." in page
        assert one(key).published_on is None

    def test_odd_choices(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        case.take()
        client.login(case.user("copil"))
        assert "Choisissez au moins une" in client.get("/a-decider/publier?apercu=1")
        client.get("/a-decider/publier?apercu=1&decision=abc&decision=99999999999999999999")
        client.post("/a-decider/publier", {"decision": ["abc", "99999999999999999999:x"]}, expected=409)
        client.post("/a-decider/publier", {}, expected=409)
        client.post("/a-decider/publier", {"decision": "4242:x"}, expected=409)

    def test_retained_proposals_without_action_wait_there(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        case.publish(case.take(0), case.take(1))
        with write_transaction():
            first = db.session.get_one(Proposal, case.ids[0])
            factories.action(first.programme, proposals=(first,))
            titles = [first.title, db.session.get_one(Proposal, case.ids[1]).title]
        page = client.login(case.user("copil")).get("/a-decider/publier")
        assert titles[0] not in page
        assert titles[1] in page

    def test_a_committee_of_one_project_publishes_nothing_in_another(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        fields = [f"{key}:{one(key).digest}"]
        with write_transaction():
            other = factories.programme(is_principal=False)
            stranger, slug = factories.user(Role.STEERING, programme=other), other.slug
            login = stranger.login
        user = db.session.scalar(select(User).where(User.login == login))
        assert user is not None
        client.login(user)
        for path in ("/a-decider", f"/a-decider/{case.numbers[0]}", "/a-decider/publier", "/reponses/conditions"):
            client.get(path, expected=403)
        client.post(f"/a-decider/publier?projet={slug}", {"decision": fields}, expected=403)
        client.post(f"/a-decider/{case.numbers[0]}/abandonner", expected=403)
        assert one(key).published_on is None


class TestConditions:
    def test_mark_a_condition_met_then_take_it_back(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, conditions=(CONDITION,)))
        case.publish(key)
        condition = one(key).conditions[0].id
        client.login(case.user("copil"))
        assert CONDITION[1] in client.get("/reponses/conditions")
        page = client.post(f"/reponses/conditions/{condition}", {"met_on": "2026-03-20"}, expected=422)
        assert "à venir" in page
        assert page.select("input[name=met_on]")[0]["value"] == "2026-03-20"
        client.post(f"/reponses/conditions/{condition}", {"met_on": "le 3 mars"}, expected=422)
        assert "remplie le 10 mars" in client.submit(f"/reponses/conditions/{condition}", {"met_on": "2026-03-10"})
        assert "Aucune condition n'est attendue" in client.get("/reponses/conditions")
        assert CONDITION[1] in client.get("/reponses/conditions?etat=remplies")
        client.submit(f"/reponses/conditions/{condition}?etat=remplies", {"met_on": ""})
        assert one(key).conditions[0].met_on is None

    def test_empty_states(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        client.login(case.user("copil"))
        assert "Aucune condition n'est attendue" in client.get("/reponses/conditions")
        assert "Aucune condition n'est encore remplie" in client.get("/reponses/conditions?etat=remplies")
        assert "ne répond à cette recherche" in client.get("/reponses/conditions?q=rien")


@pytest.mark.parametrize("name", ["agent", "etude", "moderation", "redaction", "admin"])
def test_every_address_is_reserved_to_the_committee(client: CheckedClient, name: str) -> None:
    case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
    key = case.take(answer=replace(YES, conditions=(CONDITION,)))
    first, second = case.numbers
    condition = one(key).conditions[0].id
    client.login(case.user(name))
    for path in ("/a-decider", f"/a-decider/{first}", "/a-decider/publier", "/reponses/conditions"):
        client.get(path, expected=403)
    client.post(f"/a-decider/{second}", FORM, expected=403)
    client.post(f"/a-decider/{first}/abandonner", expected=403)
    client.post(f"/a-decider/{first}/regrouper", {"into": str(second)}, expected=403)
    client.post(f"/a-decider/{first}/separer", expected=403)
    client.post("/a-decider/publier", {"decision": f"{key}:{one(key).digest}"}, expected=403)
    client.post(f"/reponses/conditions/{condition}", {"met_on": "2026-03-01"}, expected=403)
    assert count(Decision) == 1
    assert count(ProposalLineage) == 0
    assert one(key).published_on is None
    assert one(key).conditions[0].met_on is None


def test_a_visitor_is_sent_to_login(client: CheckedClient) -> None:
    Committee(S.PUBLISHED)
    for path in ("/a-decider", "/a-decider/1", "/a-decider/publier", "/reponses/conditions", "/etudes", "/reunions"):
        client.get(path, expected=302)


@pytest.mark.parametrize("name", ["agent", "etude", "moderation", "redaction", "admin"])
def test_nobody_else_reads_a_decision_before_its_publication(client: CheckedClient, app: Flask, name: str) -> None:
    case = Committee(S.UNDER_REVIEW)
    key = case.take(answer=replace(YES, meeting_id=case.meeting_id, conditions=(CONDITION,)))
    end_transaction(commit=False)
    client.login(case.user(name))
    paths = ["/", "/reunions", f"/reunions/{case.meeting_id}"]
    if "proposals.show" in app.view_functions:
        paths += ["/propositions", f"/propositions/{case.numbers[0]}"]
    if name == "etude":
        paths += ["/etudes", f"/etudes/{case.numbers[0]}"]
    for path in paths:
        page = client.get(path)
        for secret in (WHY, CONDITION[1], "Retenue", "non publiée"):
            assert secret not in page.text, (path, secret)
    case.publish(key)
    assert WHY in client.get(f"/reunions/{case.meeting_id}")
