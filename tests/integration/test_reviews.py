"""The study: taking a proposal, giving an opinion, bringing two proposals together."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tracker.enums import LineageKind, Outcome, ProposalState, ReviewAdvice, Role
from tracker.errors import Forbidden, IllegalTransition, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Event, Proposal, ProposalLineage, ProposalTransition, Review, User, Vote
from tracker.queries import people, reviews, supports
from tracker.records import Actor
from tracker.services import lineage
from tracker.services import reviews as service

SENTENCE = "Le service est d'accord et le coût est nul."
S = ProposalState


class Study:
    """A project, somebody in charge of the study, and proposals in the states asked."""

    def __init__(self, *states: ProposalState) -> None:
        with write_transaction():
            project = factories.programme()
            self.project_id = project.id
            self.people = {
                "agent": factories.user(programme=project),
                "etude": factories.user(Role.REVIEWER, programme=project),
                "copil": factories.user(Role.STEERING, programme=project),
                "moderation": factories.user(Role.MODERATOR, programme=project),
                "redaction": factories.user(Role.EDITOR, programme=project),
                "admin": factories.user(Role.ADMIN),
            }
            self.logins = {name: user.login for name, user in self.people.items()}
            self.rows = [factories.proposal(project, state=state) for state in states]
            self.ids = [row.id for row in self.rows]
            self.numbers = [row.number for row in self.rows]

    def actor(self, name: str) -> Actor:
        found = people.actor_by_login(self.logins[name], now=NOON)
        end_transaction(commit=False)
        assert found is not None
        return found

    def user(self, name: str) -> User:
        user = db.session.scalar(select(User).where(User.login == self.logins[name]))
        assert user is not None
        return user

    def state(self, n: int = 0) -> ProposalState:
        db.session.expire_all()
        found = db.session.scalar(select(Proposal.state).where(Proposal.id == self.ids[n]))
        assert found is not None
        return found

    def do(self, act: Any, **values: Any) -> Any:
        with write_transaction():
            return act(now=NOON, **values)


def count(model: Any) -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.usefixtures("app")
class TestRules:
    def test_taking_a_published_proposal_puts_it_under_review(self) -> None:
        study = Study(S.PUBLISHED)
        study.do(service.take, proposal_id=study.ids[0], actor=study.actor("etude"))
        assert study.state() is S.UNDER_REVIEW
        move = db.session.scalars(select(ProposalTransition).order_by(ProposalTransition.id.desc())).first()
        assert move is not None
        assert (move.from_state, move.to_state, move.effective_on) == (S.PUBLISHED, S.UNDER_REVIEW, date(2026, 3, 16))

    def test_a_deferred_proposal_may_be_studied_again(self) -> None:
        study = Study(S.DEFERRED)
        study.do(service.take, proposal_id=study.ids[0], actor=study.actor("etude"))
        assert study.state() is S.UNDER_REVIEW

    @pytest.mark.parametrize("state", [S.SUBMITTED, S.UNDER_REVIEW, S.RETAINED, S.DECLINED, S.REDIRECTED, S.WITHDRAWN])
    def test_no_other_state_can_be_taken(self, state: ProposalState) -> None:
        study = Study(state)
        with pytest.raises(IllegalTransition):
            study.do(service.take, proposal_id=study.ids[0], actor=study.actor("etude"))
        assert study.state() is state

    @pytest.mark.parametrize("name", ["agent", "copil", "moderation", "redaction", "admin"])
    def test_only_those_in_charge_of_the_study_take_and_write(self, name: str) -> None:
        study = Study(S.PUBLISHED)
        with pytest.raises(Forbidden):
            study.do(service.take, proposal_id=study.ids[0], actor=study.actor(name))
        with pytest.raises(Forbidden):
            study.do(
                service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE,
                actor=study.actor(name),
            )  # fmt: skip
        assert count(Review) == 0
        assert study.state() is S.PUBLISHED

    def test_writing_an_opinion_takes_what_nobody_had_taken(self) -> None:
        study = Study(S.PUBLISHED)
        study.do(
            service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE,
            actor=study.actor("etude"),
        )  # fmt: skip
        assert study.state() is S.UNDER_REVIEW
        assert count(Review) == 1

    def test_the_latest_opinion_counts_and_the_former_is_kept(self) -> None:
        study = Study(S.UNDER_REVIEW)
        for advice in (ReviewAdvice.UNFAVOURABLE, ReviewAdvice.FAVOURABLE_IF):
            study.do(service.write, proposal_id=study.ids[0], advice=advice, text=SENTENCE, actor=study.actor("etude"))
        found = reviews.opinions(study.ids[0])
        assert [record.advice for record in found] == [ReviewAdvice.UNFAVOURABLE, ReviewAdvice.FAVOURABLE_IF]

    def test_an_opinion_needs_a_sentence(self) -> None:
        study = Study(S.UNDER_REVIEW)
        with pytest.raises(Refused):
            study.do(
                service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text="Oui.",
                actor=study.actor("etude"),
            )  # fmt: skip

    def test_no_opinion_once_it_is_answered(self) -> None:
        study = Study(S.RETAINED)
        with pytest.raises(IllegalTransition):
            study.do(
                service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE,
                actor=study.actor("etude"),
            )  # fmt: skip

    def test_each_act_leaves_one_event_without_the_text(self) -> None:
        study = Study(S.UNDER_REVIEW)
        study.do(
            service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE,
            actor=study.actor("etude"),
        )  # fmt: skip
        events = db.session.scalars(select(Event)).all()
        assert [event.verb for event in events] == ["review:write"]
        assert SENTENCE not in str(events[0].changes)


@pytest.mark.usefixtures("app")
class TestMerging:
    @pytest.mark.parametrize("name", ["etude", "copil"])
    def test_the_study_and_the_committee_bring_two_proposals_together(self, name: str) -> None:
        study = Study(S.PUBLISHED, S.UNDER_REVIEW)
        study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=study.actor(name))
        assert study.state(0) is S.MERGED
        assert study.state(1) is S.UNDER_REVIEW
        line = db.session.scalars(select(ProposalLineage)).one()
        assert (line.from_id, line.to_id, line.kind, line.undone_at) == (
            study.ids[0], study.ids[1], LineageKind.MERGED, None
        )  # fmt: skip

    def test_supports_are_never_copied(self) -> None:
        study = Study(S.PUBLISHED, S.PUBLISHED)
        with write_transaction():
            db.session.get_one(Proposal, study.ids[0]).support_count = 4
        study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=study.actor("etude"))
        counts = db.session.scalars(select(Proposal.support_count).order_by(Proposal.id)).all()
        assert counts == [4, 0]

    def test_a_person_who_supports_two_of_them_counts_once(self) -> None:
        study = Study(S.PUBLISHED, S.PUBLISHED, S.PUBLISHED)
        with write_transaction():
            campaign = factories.open_campaign(db.session.get_one(Proposal, study.ids[0]).programme).id
            for key, tags in zip(study.ids, ("ab", "bc", "cd"), strict=True):
                db.session.add_all(Vote(campaign_id=campaign, proposal_id=key, tag=tag) for tag in tags)
        actor = study.actor("etude")
        study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=actor)
        study.do(lineage.merge, proposal_id=study.ids[1], into_number=study.numbers[2], actor=actor)
        assert supports.united(study.ids) == {study.ids[1]: 3, study.ids[2]: 4}
        end_transaction(commit=False)
        study.do(lineage.undo_merge, proposal_id=study.ids[0], actor=actor)
        assert supports.united(study.ids) == {study.ids[2]: 3}

    @pytest.mark.parametrize(
        ("before", "after"),
        [(S.PUBLISHED, S.PUBLISHED), (S.UNDER_REVIEW, S.UNDER_REVIEW), (S.DEFERRED, S.UNDER_REVIEW)],
    )
    def test_a_merge_can_be_undone(self, before: ProposalState, after: ProposalState) -> None:
        study = Study(before, S.PUBLISHED)
        actor = study.actor("etude")
        study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=actor)
        study.do(lineage.undo_merge, proposal_id=study.ids[0], actor=actor)
        assert study.state(0) is after
        assert db.session.scalars(select(ProposalLineage.undone_at)).one() == NOON

    def test_undoing_what_is_not_merged_is_refused(self) -> None:
        study = Study(S.PUBLISHED)
        with pytest.raises(IllegalTransition):
            study.do(lineage.undo_merge, proposal_id=study.ids[0], actor=study.actor("etude"))

    @pytest.mark.parametrize("name", ["agent", "moderation", "redaction", "admin"])
    def test_nobody_else_may(self, name: str) -> None:
        study = Study(S.PUBLISHED, S.PUBLISHED)
        with pytest.raises(Forbidden):
            study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=study.actor(name))
        assert count(ProposalLineage) == 0

    def test_not_with_itself_nor_another_project_nor_an_unknown_number(self) -> None:
        study = Study(S.PUBLISHED)
        with write_transaction():
            other = factories.proposal(factories.programme()).number
        for number in (study.numbers[0], other, 9999, None):
            with pytest.raises(Refused):
                study.do(lineage.merge, proposal_id=study.ids[0], into_number=number, actor=study.actor("etude"))

    @pytest.mark.parametrize("state", [S.MERGED, S.WITHDRAWN, S.DECLINED, S.REDIRECTED])
    def test_not_into_one_that_is_closed(self, state: ProposalState) -> None:
        study = Study(S.PUBLISHED, state)
        with pytest.raises(Refused):
            study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=study.actor("etude"))

    def test_an_answered_proposal_keeps_its_answer(self) -> None:
        study = Study(S.DECLINED, S.PUBLISHED)
        with pytest.raises(IllegalTransition):
            study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=study.actor("etude"))

    def test_not_while_a_decision_waits_to_be_published(self) -> None:
        study = Study(S.UNDER_REVIEW, S.PUBLISHED)
        with write_transaction():
            factories.decision(db.session.get_one(Proposal, study.ids[0]), published=False)
        with pytest.raises(Refused):
            study.do(lineage.merge, proposal_id=study.ids[0], into_number=study.numbers[1], actor=study.actor("copil"))


class TestPages:
    def test_the_list_shows_what_has_no_opinion_first(self, client: CheckedClient) -> None:
        study = Study(S.UNDER_REVIEW, S.PUBLISHED, S.RETAINED, S.SUBMITTED)
        study.do(
            service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE,
            actor=study.actor("etude"),
        )  # fmt: skip
        page = client.login(study.user("etude")).get("/etudes")
        shown = [row.get_text(" ", strip=True) for row in page.select("tbody th")]
        assert len(shown) == 2
        assert shown[0].startswith(f"n° {study.numbers[1]} ")
        assert "favorable" in page

    def test_the_filters_of_the_list(self, client: CheckedClient) -> None:
        study = Study(S.UNDER_REVIEW, S.PUBLISHED)
        study.do(service.take, proposal_id=study.ids[1], actor=study.actor("etude"))
        client.login(study.user("etude"))
        assert len(client.get("/etudes?mes=1").select("tbody tr")) == 1
        assert len(client.get("/etudes?etape=sans-avis").select("tbody tr")) == 2
        assert "Aucune proposition ne répond" in client.get("/etudes?etape=avec-avis")
        assert len(client.get("/etudes?theme=sans&tri=numero").select("tbody tr")) == 2
        assert len(client.get(f"/etudes?q={study.numbers[0]}").select("tbody tr")) == 1
        assert len(client.get("/etudes?q=idée").select("tbody tr")) == 2
        for odd in ("etape=nimporte", "tri=x", "page=zzz", "theme=x", "q=%22%27*", "page=99999"):
            client.get(f"/etudes?{odd}")

    def test_nothing_to_study_says_so(self, client: CheckedClient) -> None:
        study = Study()
        assert "Rien à étudier" in client.login(study.user("etude")).get("/etudes")

    def test_from_taking_to_opinion_by_the_pages(self, client: CheckedClient) -> None:
        study = Study(S.PUBLISHED)
        client.login(study.user("etude"))
        number = study.numbers[0]
        page = client.submit(f"/etudes/{number}/prendre")
        assert "vous en êtes chargé·e" in page
        page = client.submit(f"/etudes/{number}", {"advice": "favourable_if", "text": SENTENCE})
        assert SENTENCE in page
        assert "Revoir l'avis" in page

    def test_a_refused_opinion_keeps_what_was_typed(self, client: CheckedClient) -> None:
        study = Study(S.PUBLISHED)
        client.login(study.user("etude"))
        page = client.post(f"/etudes/{study.numbers[0]}", {"advice": "favourable", "text": "Oui oui"}, expected=422)
        assert page.select("textarea[name=text]")[0].get_text(strip=True) == "Oui oui"
        assert page.select("input[name=advice][value=favourable][checked]")
        assert count(Review) == 0
        page = client.post(f"/etudes/{study.numbers[0]}", {"advice": "pas-un-avis", "text": SENTENCE}, expected=422)
        assert page.select("textarea[name=text]")[0].get_text(strip=True) == SENTENCE

    def test_merging_and_undoing_by_the_pages(self, client: CheckedClient) -> None:
        study = Study(S.PUBLISHED, S.PUBLISHED)
        client.login(study.user("etude"))
        first, second = study.numbers
        wrong = client.post(f"/etudes/{first}/regrouper", {"into": "77777"}, expected=422)
        assert wrong.select("input[name=into]")[0]["value"] == "77777"
        client.post(f"/etudes/{first}/regrouper", {"into": "beaucoup"}, expected=422)
        assert f"regroupée avec la n° {second}" in client.submit(f"/etudes/{first}/regrouper", {"into": str(second)})
        assert "a de nouveau sa propre vie" in client.submit(f"/etudes/{first}/separer")
        assert study.state() is S.PUBLISHED

    def test_unknown_and_huge_numbers_are_not_found(self, client: CheckedClient) -> None:
        study = Study(S.PUBLISHED)
        client.login(study.user("etude"))
        for number in ("4242", "0", "99999999999999999999"):
            client.get(f"/etudes/{number}", expected=404)
            client.post(f"/etudes/{number}/prendre", expected=404)

    @pytest.mark.parametrize("name", ["agent", "copil", "moderation", "redaction", "admin"])
    def test_every_address_is_reserved_to_the_study(self, client: CheckedClient, name: str) -> None:
        study = Study(S.PUBLISHED, S.PUBLISHED)
        client.login(study.user(name))
        number = study.numbers[0]
        client.get("/etudes", expected=403)
        client.get(f"/etudes/{number}", expected=403)
        client.post(f"/etudes/{number}", {"advice": "favourable", "text": SENTENCE}, expected=403)
        client.post(f"/etudes/{number}/prendre", expected=403)
        client.post(f"/etudes/{number}/regrouper", {"into": str(study.numbers[1])}, expected=403)
        client.post(f"/etudes/{number}/separer", expected=403)
        assert count(Review) == 0
        assert count(ProposalLineage) == 0
        assert study.state() is S.PUBLISHED

    def test_a_role_in_another_project_opens_nothing_here(self, client: CheckedClient) -> None:
        study = Study(S.PUBLISHED)
        with write_transaction():
            other = factories.user(Role.REVIEWER, programme=factories.programme())
            login = other.login
        user = db.session.scalar(select(User).where(User.login == login))
        assert user is not None
        client.login(user)
        client.get("/etudes", expected=403)
        client.get(f"/etudes/{study.numbers[0]}", expected=403)
        client.post(f"/etudes/{study.numbers[0]}/prendre", expected=403)
        assert study.state() is S.PUBLISHED

    def test_the_list_asks_the_same_number_of_questions_of_ten_rows_and_of_three_hundred(
        self, client: CheckedClient, count_sql: Any
    ) -> None:
        study = Study(*[S.PUBLISHED] * 5, *[S.UNDER_REVIEW] * 5)
        client.login(study.user("etude"))
        with count_sql() as few:
            client.get("/etudes")
        with write_transaction():
            project = db.session.get_one(Proposal, study.ids[0]).programme
            for _ in range(290):
                row = factories.proposal(project, state=S.UNDER_REVIEW)
                db.session.add(
                    Review(
                        proposal_id=row.id, advice=ReviewAdvice.FAVOURABLE, text=SENTENCE, recorded_at=NOON,
                        effective_on=date(2026, 3, 16),
                    )
                )  # fmt: skip
        with count_sql() as many:
            client.get("/etudes")
        assert len(few) == len(many) <= 8
        with count_sql() as one:
            client.get(f"/etudes/{study.numbers[0]}")
        assert len(one) <= 8

    def test_an_opinion_given_before_the_last_answer_is_no_longer_fresh(self, client: CheckedClient) -> None:
        study = Study(S.UNDER_REVIEW)
        study.do(
            service.write, proposal_id=study.ids[0], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE,
            actor=study.actor("etude"),
        )  # fmt: skip
        with write_transaction():
            row = db.session.get_one(Proposal, study.ids[0])
            factories.decision(row, outcome=Outcome.DEFERRED, taken_on=date(2026, 3, 18), review_on=date(2026, 4, 1))
        study.do(service.take, proposal_id=study.ids[0], actor=study.actor("etude"))
        client.login(study.user("etude"))
        assert len(client.get("/etudes?etape=sans-avis").select("tbody tr")) == 1
