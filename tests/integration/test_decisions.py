"""Answers of the committee (design 4.5): taken, published, counted from then; never read before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import NOON
from tests.integration.test_reviews import Study, count
from tracker.enums import ConditionKind, Motive, Outcome, ProposalState, Role
from tracker.errors import Conflict, Forbidden, IllegalTransition, NotFound, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Decision, DecisionCondition, Event, Proposal, ProposalTransition
from tracker.queries import decisions as queries
from tracker.queries import people, settling
from tracker.services import decisions as service
from tracker.services.decisions import AnswerInput

S = ProposalState
WHY = "La mesure est simple et ne coûte rien à personne."
TODAY = date(2026, 3, 16)
YES = AnswerInput(outcome=Outcome.RETAINED, motive=Motive.FEASIBLE, reason=WHY, taken_on=TODAY)
CONDITION = (ConditionKind.CREDITS, "vote des crédits au budget de 2027")


class Committee(Study):
    """A study whose committee has met on 12 March."""

    def __init__(self, *states: ProposalState) -> None:
        super().__init__(*states)
        with write_transaction():
            project = db.session.get_one(Proposal, self.ids[0]).programme if self.ids else None
            self.meeting_id = factories.meeting(project, title="Comité de mars").id if project else 0

    def take(self, n: int = 0, answer: AnswerInput = YES, *, by: str = "copil") -> int:
        decision = self.do(service.take, proposal_id=self.ids[n], answer=answer, actor=self.actor(by))
        key: int = decision.id
        return key

    def publish(self, *keys: int, by: str = "copil") -> None:
        seen = {record.id: record.digest for record in queries.by_ids(keys)}
        end_transaction(commit=False)
        self.do(service.publish, seen=seen, actor=self.actor(by))


def one(key: int) -> queries.AnswerRecord:
    end_transaction(commit=False)
    return queries.by_ids([key])[0]


@pytest.mark.usefixtures("app")
class TestTaking:
    def test_a_decision_taken_leaves_the_proposal_as_it_is(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        assert case.state() is S.UNDER_REVIEW
        assert one(key).published_on is None

    def test_a_published_proposal_may_be_decided_without_opinion(self) -> None:
        case = Committee(S.PUBLISHED)
        case.take()
        assert count(Decision) == 1

    @pytest.mark.parametrize("outcome", list(Outcome))
    def test_every_outcome_needs_a_sentence(self, outcome: Outcome) -> None:
        case = Committee(S.UNDER_REVIEW)
        extra: dict[str, Any] = {
            Outcome.DEFERRED: {"review_on": date(2026, 9, 1)},
            Outcome.REDIRECTED: {"redirected_to": "la direction des systèmes d'information"},
        }.get(outcome, {})
        for text in ("", "Oui.", "Non non non"):
            with pytest.raises(Refused) as refusal:
                case.take(answer=replace(YES, outcome=outcome, reason=text, **extra))
            assert refusal.value.field == "reason"
        case.take(answer=replace(YES, outcome=outcome, **extra))

    def test_deferred_needs_its_review_date_after_the_decision(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        for day in (None, TODAY, date(2026, 3, 1)):
            with pytest.raises(Refused) as refusal:
                case.take(answer=replace(YES, outcome=Outcome.DEFERRED, review_on=day))
            assert refusal.value.field == "review_on"

    def test_redirected_says_where(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        with pytest.raises(Refused) as refusal:
            case.take(answer=replace(YES, outcome=Outcome.REDIRECTED))
        assert refusal.value.field == "redirected_to"

    @pytest.mark.parametrize(
        ("extra", "field"),
        [
            ({"conditions": (CONDITION,)}, "conditions"),
            ({"review_on": date(2026, 9, 1)}, "review_on"),
            ({"redirected_to": "la DSI"}, "redirected_to"),
        ],
    )
    def test_what_does_not_go_with_the_outcome_is_refused_not_dropped(self, extra: dict[str, Any], field: str) -> None:
        case = Committee(S.UNDER_REVIEW)
        with pytest.raises(Refused) as refusal:
            case.take(answer=replace(YES, outcome=Outcome.DECLINED, **extra))
        assert refusal.value.field == field

    def test_a_day_to_come_or_before_the_proposal_is_refused(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        for day in (TODAY + timedelta(days=1), date(2026, 3, 1), None):
            with pytest.raises(Refused):
                case.take(answer=replace(YES, taken_on=day))
        assert count(Decision) == 0

    def test_the_day_is_the_meetings_when_there_is_one(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, meeting_id=case.meeting_id))
        assert one(key).taken_on == date(2026, 3, 12)
        assert one(key).signature == "Le comité de pilotage, réunion du 12 mars 2026"

    def test_a_meeting_to_come_or_of_another_project_is_refused(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        with write_transaction():
            project = db.session.get_one(Proposal, case.ids[0]).programme
            later = factories.meeting(project, held_on=date(2026, 3, 20)).id
            elsewhere = factories.meeting(factories.programme()).id
        for key in (later, elsewhere, 4242):
            with pytest.raises(Refused) as refusal:
                case.take(answer=replace(YES, meeting_id=key))
            assert refusal.value.field == "meeting_id"

    def test_one_decision_at_a_time_waits_to_be_published(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        case.take()
        case.take()  # the same words again are the same decision
        with pytest.raises(Conflict):
            case.take(answer=replace(YES, motive=Motive.COST))
        assert count(Decision) == 1

    @pytest.mark.parametrize("state", [S.SUBMITTED, S.MERGED, S.WITHDRAWN])
    def test_some_states_take_no_decision(self, state: ProposalState) -> None:
        case = Committee(state)
        with pytest.raises(IllegalTransition):
            case.take()

    @pytest.mark.parametrize("name", ["agent", "etude", "moderation", "redaction", "admin"])
    def test_only_the_committee_takes_changes_discards_and_publishes(self, name: str) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        key = case.take()
        with pytest.raises(Forbidden):
            case.take(1, by=name)
        actor = case.actor(name)
        with pytest.raises(Forbidden):
            case.do(service.edit, decision_id=key, answer=YES, seen="", actor=actor)
        with pytest.raises(Forbidden):
            case.do(service.discard, decision_id=key, actor=actor)
        with pytest.raises(Forbidden):
            case.publish(key, by=name)
        assert count(Decision) == 1
        assert one(key).published_on is None

    def test_the_trace_has_who_and_the_outcome_but_not_the_text(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        case.take()
        event = db.session.scalars(select(Event)).one()
        assert event.verb == "decision:take"
        assert event.actor_id == case.actor("copil").id
        assert WHY not in str(event.changes)


@pytest.mark.usefixtures("app")
class TestChangingBeforePublication:
    def test_it_may_be_changed_with_its_conditions(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, conditions=(CONDITION, CONDITION)))
        new = replace(YES, reason="Une autre raison, plus claire.", conditions=(CONDITION,))
        case.do(service.edit, decision_id=key, answer=new, seen=one(key).digest, actor=case.actor("copil"))
        assert one(key).reason == "Une autre raison, plus claire."
        assert count(DecisionCondition) == 1

    def test_what_somebody_else_changed_is_not_written_over(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        seen = one(key).digest
        first = replace(YES, reason="Une première correction de la raison.")
        case.do(service.edit, decision_id=key, answer=first, seen=seen, actor=case.actor("copil"))
        with pytest.raises(Conflict):
            case.do(service.edit, decision_id=key, answer=YES, seen=seen, actor=case.actor("copil"))
        assert one(key).reason == first.reason

    def test_it_may_be_discarded(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, conditions=(CONDITION,)))
        case.do(service.discard, decision_id=key, actor=case.actor("copil"))
        assert count(Decision) == count(DecisionCondition) == 0
        with pytest.raises(NotFound):
            case.do(service.discard, decision_id=key, actor=case.actor("copil"))
        case.take()

    def test_once_published_it_neither_changes_nor_goes(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        case.publish(key)
        with pytest.raises(Conflict):
            case.do(service.edit, decision_id=key, answer=YES, seen=one(key).digest, actor=case.actor("copil"))
        with pytest.raises(Conflict):
            case.do(service.discard, decision_id=key, actor=case.actor("copil"))


@pytest.mark.usefixtures("app")
class TestPublishing:
    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            (YES, S.RETAINED),
            (replace(YES, outcome=Outcome.DECLINED), S.DECLINED),
            (replace(YES, outcome=Outcome.DEFERRED, review_on=date(2026, 9, 1)), S.DEFERRED),
            (replace(YES, outcome=Outcome.REDIRECTED, redirected_to="la DSI"), S.REDIRECTED),
        ],
    )
    def test_publication_makes_the_move_on_its_day(self, answer: AnswerInput, state: ProposalState) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(answer, taken_on=date(2026, 3, 10)))
        case.publish(key)
        assert case.state() is state
        move = db.session.scalars(select(ProposalTransition).where(ProposalTransition.decision_id == key)).one()
        assert (move.effective_on, one(key).published_on) == (TODAY, TODAY)
        assert one(key).taken_on == date(2026, 3, 10)

    def test_several_are_published_by_one_act(self) -> None:
        case = Committee(S.UNDER_REVIEW, S.PUBLISHED, S.DEFERRED)
        keys = [case.take(n) for n in range(3)]
        case.publish(*keys)
        assert [case.state(n) for n in range(3)] == [S.RETAINED] * 3

    def test_all_or_none(self) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        keys = [case.take(n) for n in range(2)]
        with write_transaction():
            db.session.get_one(Proposal, case.ids[1]).state = S.MERGED
        with pytest.raises(IllegalTransition):
            case.publish(*keys)
        assert case.state(0) is S.UNDER_REVIEW
        assert one(keys[0]).published_on is None

    def test_none_chosen_is_refused(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        with pytest.raises(Refused):
            case.publish()

    def test_the_same_decision_is_never_published_twice(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        case.publish(key)
        case.publish(key)  # the button pressed twice
        with write_transaction():
            other = factories.user(Role.STEERING).login
        seen = {record.id: record.digest for record in queries.by_ids([key])}
        with pytest.raises(Conflict):
            case.do(service.publish, seen=seen, actor=people.actor_by_login(other, now=NOON))
        moves = db.session.scalars(select(ProposalTransition).where(ProposalTransition.decision_id == key)).all()
        assert len(moves) == 1

    def test_only_what_was_previewed_is_published(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take()
        seen = {key: one(key).digest}
        new = replace(YES, reason="Une autre raison, plus claire.")
        case.do(service.edit, decision_id=key, answer=new, seen=one(key).digest, actor=case.actor("copil"))
        with pytest.raises(Conflict):
            case.do(service.publish, seen=seen, actor=case.actor("copil"))
        assert one(key).published_on is None

    def test_a_new_decision_may_follow_a_published_one(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        case.publish(case.take(answer=replace(YES, outcome=Outcome.DEFERRED, review_on=date(2026, 3, 30))))
        case.publish(case.take())
        assert case.state() is S.RETAINED
        answers = queries.published_answers(case.ids[0])
        assert [answer.outcome for answer in answers] == [Outcome.DEFERRED, Outcome.RETAINED]

    def test_answers_are_counted_from_their_publication(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, taken_on=date(2026, 3, 10)))
        between = {"after": date(2026, 3, 1), "until": TODAY}
        project = case.project_id
        assert queries.answers_between(project, **between) == ()
        end_transaction(commit=False)
        case.publish(key)
        assert [a.id for a in queries.answers_between(project, **between)] == [key]
        assert queries.answers_between(project, after=date(2026, 3, 1), until=date(2026, 3, 15)) == ()
        assert [a.id for a in queries.published_answers(case.ids[0])] == [key]


@pytest.mark.usefixtures("app")
class TestConditions:
    def _retained(self) -> tuple[Committee, int, list[int]]:
        case = Committee(S.UNDER_REVIEW)
        conditions = (CONDITION, (ConditionKind.OPINION_CT, "avis du comité technique"))
        key = case.take(answer=replace(YES, conditions=conditions))
        case.publish(key)
        return case, key, [c.id for c in one(key).conditions]

    def test_retained_under_condition_until_all_are_met(self) -> None:
        case, key, conditions = self._retained()
        assert one(key).words(TODAY) == "Retenue sous réserve"
        for condition in conditions:
            assert one(key).has_reserve(TODAY)
            case.do(service.meet_condition, condition_id=condition, met_on=date(2026, 3, 16), actor=case.actor("copil"))
        assert one(key).words(TODAY) == "Retenue"

    def test_a_condition_counts_from_the_day_it_was_met(self) -> None:
        case, key, conditions = self._retained()
        for condition in conditions:
            case.do(service.meet_condition, condition_id=condition, met_on=date(2026, 3, 14), actor=case.actor("copil"))
        assert one(key).has_reserve(date(2026, 3, 13))
        assert not one(key).has_reserve(date(2026, 3, 14))

    def test_never_on_a_day_to_come_and_a_mistake_can_be_mended(self) -> None:
        case, key, conditions = self._retained()
        actor = case.actor("copil")
        with pytest.raises(Refused):
            case.do(service.meet_condition, condition_id=conditions[0], met_on=date(2026, 3, 17), actor=actor)
        case.do(service.meet_condition, condition_id=conditions[0], met_on=TODAY, actor=actor)
        case.do(service.meet_condition, condition_id=conditions[0], met_on=None, actor=actor)
        assert one(key).conditions[0].met_on is None
        verbs = [event.verb for event in db.session.scalars(select(Event))]
        assert verbs.count("decision:condition") == 2

    def test_not_before_the_publication_nor_by_somebody_else(self) -> None:
        case, _key, conditions = self._retained()
        for name in ("agent", "etude", "moderation", "redaction", "admin"):
            with pytest.raises(Forbidden):
                case.do(service.meet_condition, condition_id=conditions[0], met_on=TODAY, actor=case.actor(name))
        waiting = case.take(answer=replace(YES, conditions=(CONDITION,)))
        with pytest.raises(Refused):
            case.do(
                service.meet_condition, condition_id=one(waiting).conditions[0].id, met_on=TODAY,
                actor=case.actor("copil"),
            )  # fmt: skip

    def test_only_the_answer_that_holds_has_conditions_to_follow(self) -> None:
        case, _key, _conditions = self._retained()
        assert settling.condition_counts(case.project_id, q="") == (2, 0)
        end_transaction(commit=False)
        case.publish(case.take())
        assert settling.condition_counts(case.project_id, q="") == (0, 0)


@pytest.mark.usefixtures("app")
class TestWhatIsToSettle:
    def numbers(self, case: Committee, **wanted: Any) -> list[int]:
        end_transaction(commit=False)
        page = settling.settle_page(case.project_id, settling.SettleFilter(**wanted), today=TODAY, page=1, total=99)
        return [item.number for item in page.items]

    def test_pending_proposals_with_the_opinion_ready_first(self) -> None:
        case = Committee(S.PUBLISHED, S.UNDER_REVIEW, S.RETAINED, S.DECLINED, S.MERGED)
        with write_transaction():
            from tests.integration.test_reviews import SENTENCE
            from tracker.enums import ReviewAdvice
            from tracker.models import Review

            db.session.add(
                Review(
                    proposal_id=case.ids[1], advice=ReviewAdvice.FAVOURABLE, text=SENTENCE, effective_on=TODAY,
                    recorded_at=factories.noon(TODAY),
                )
            )  # fmt: skip
        assert self.numbers(case) == [case.numbers[1], case.numbers[0]]
        counts = settling.settle_counts(case.project_id, settling.SettleFilter(), today=TODAY)
        assert (counts.ready, counts.without_opinion, counts.revisit) == (1, 1, 0)

    def test_a_deferred_one_comes_back_on_its_date_only(self) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        with write_transaction():
            for key, review_on in zip(case.ids, (TODAY, TODAY + timedelta(days=1)), strict=True):
                row = db.session.get_one(Proposal, key)
                factories.decision(row, outcome=Outcome.DEFERRED, taken_on=date(2026, 3, 5), review_on=review_on)
        assert self.numbers(case) == [case.numbers[0]]
        assert self.numbers(case, bucket=settling.SettleBucket.REVISIT) == [case.numbers[0]]

    def test_the_date_is_that_of_the_last_answer(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        with write_transaction():
            row = db.session.get_one(Proposal, case.ids[0])
            for taken, review in ((date(2026, 3, 3), date(2026, 3, 10)), (date(2026, 3, 11), date(2026, 9, 1))):
                factories.decision(row, outcome=Outcome.DEFERRED, taken_on=taken, review_on=review)
        assert self.numbers(case) == []

    def test_what_is_decided_and_not_published_is_beside_not_inside(self) -> None:
        case = Committee(S.UNDER_REVIEW, S.UNDER_REVIEW)
        case.take()
        assert self.numbers(case) == [case.numbers[1]]
        assert queries.unpublished_count_of_project(case.project_id) == 1
