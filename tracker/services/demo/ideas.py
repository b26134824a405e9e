"""From the idea to the answer: proposals with their authors, texts, moves, opinions and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from tracker import validation, workflow
from tracker.enums import LineageKind, Outcome, ProposalState, ReviewAdvice
from tracker.models import (
    Decision,
    DecisionCondition,
    Proposal,
    ProposalLineage,
    ProposalTransition,
    ProposalVersion,
    Review,
    proposal_entity,
)
from tracker.records import paris_day
from tracker.services.bulk import Batch
from tracker.services.demo.content import Answer, Idea
from tracker.services.demo.days import after, next_workday, office_time
from tracker.services.demo.project import Project
from tracker.services.demo.town import Person, Town
from tracker.services.demo.traces import trace

S = ProposalState
ADVICE = {
    Outcome.RETAINED: ReviewAdvice.FAVOURABLE,
    Outcome.DECLINED: ReviewAdvice.UNFAVOURABLE,
    Outcome.DEFERRED: ReviewAdvice.TO_COMPLETE,
    Outcome.REDIRECTED: ReviewAdvice.TO_COMPLETE,
}
LATE_DAYS = 75  # a few answers were published long after they were taken


@dataclass(slots=True)
class Told:
    """A proposal as it was written: what supports, authors and actions need of it afterwards."""

    id: int
    idea: Idea
    submitted_at: datetime
    campaign_id: int
    workshop_id: int | None
    published_on: date | None = None
    published_at: datetime | None = None
    state: ProposalState = S.DRAFT
    moved_on: date | None = None
    number: int | None = None
    retained_on: date | None = None
    moves: list[dict[str, object]] = field(default_factory=list)

    def move(
        self, to: ProposalState, on: date, at: datetime, *, decision_id: int | None = None, reason: str | None = None
    ) -> None:
        """Take the next step through the same gate as a typed one."""
        workflow.check_proposal_move(self.state, to)
        if self.moved_on and on < self.moved_on:
            raise ValueError(f"{self.idea.key}: {to} on {on} comes before {self.state} on {self.moved_on}")
        self.moves.append(
            {
                "proposal_id": self.id, "from_state": self.state, "to_state": to, "effective_on": on,
                "recorded_at": at, "decision_id": decision_id, "reason": reason,
            }
        )  # fmt: skip
        self.state, self.moved_on = to, on


class Story:
    """Writes all the proposals of a project; `openings`: per meeting, the day its first action began.

    `until`: the last day on which something may have happened, in a project that still runs.
    """

    def __init__(
        self,
        batch: Batch,
        rng: Random,
        town: Town,
        project: Project,
        ideas: Sequence[Idea],
        *,
        openings: Mapping[date, date],
        until: date = date.max,
    ) -> None:
        self.batch, self.rng, self.town, self.project = batch, rng, town, project
        self.openings = openings
        self.until = until
        self.told: dict[str, Told] = {}
        self._ideas = sorted(ideas, key=lambda idea: (idea.sent_on, idea.key))
        self._late = self._late_answers()
        self._moderator = town.accounts["moderation"]
        self._committee = town.accounts["copil"]

    def write(self) -> dict[str, Told]:
        """Every proposal through its whole life; gives them by their key in the seeds."""
        for idea in self._ideas:
            self.told[idea.key] = self._send(idea)
        for told in self.told.values():
            self._publish(told)
        for told in self.told.values():
            if told.idea.state not in {"merged", "withdrawn", "returned", "submitted"}:
                self._study_and_answer(told)
        for told in self.told.values():
            if told.idea.merged_into:
                self._merge(told, self.told[told.idea.merged_into])
            elif told.idea.state == "withdrawn" and told.published_on is not None:
                self._withdraw(told)
        return self.told

    def rows(self, first_number: int) -> int:
        """Number what was published, in the order of publication, and keep the rows; gives the last number."""
        published = sorted(
            (told for told in self.told.values() if told.published_at), key=lambda t: (t.published_at, t.idea.key)
        )
        for number, told in enumerate(published, first_number):
            told.number = number
        for told in self.told.values():
            self._rows_of(told)
        return first_number + len(published) - 1

    # --- Sent, published, returned --------------------------------------------------------------------------

    def _send(self, idea: Idea) -> Told:
        told = Told(
            id=self.batch.reserve(Proposal),
            idea=idea,
            submitted_at=office_time(self.rng, idea.sent_on),
            campaign_id=self.project.consultation_on(idea.sent_on).id,
            workshop_id=self._workshop(idea),
        )
        told.move(S.SUBMITTED, paris_day(told.submitted_at), told.submitted_at)
        return told

    def _workshop(self, idea: Idea) -> int | None:
        if idea.origin != "workshop":
            return None
        opens_on = self.project.consultation_on(idea.sent_on).opens_on
        held = [key for day, key in self.project.workshops if opens_on <= day <= idea.sent_on]
        return held[-1] if len(held) < 2 or self.rng.random() < 0.7 else held[-2]

    def _publish(self, told: Told) -> None:
        idea = told.idea
        sent = paris_day(told.submitted_at)
        delay = self.rng.choice((1, 1, 2, 2, 3, 4, 5))
        if idea.state == "submitted":
            return
        day = min(after(sent, delay), self.until)
        at = office_time(self.rng, day)
        if idea.state == "returned":
            told.move(S.DRAFT, day, at, reason=validation.reason(idea.return_reason))
            return
        if idea.state == "withdrawn" and self.rng.random() < 0.2:
            told.move(S.WITHDRAWN, day, at)
            return
        told.published_on, told.published_at = day, at
        told.move(S.PUBLISHED, day, at)
        self._trace(told, at, self._moderator, "proposal:publish", state=[S.SUBMITTED.value, S.PUBLISHED.value])

    # --- Studied and answered -------------------------------------------------------------------------------

    def _study_and_answer(self, told: Told) -> None:
        idea = told.idea
        waiting = not idea.answers or idea.answers[0].held_back
        if waiting and idea.state == "under_review":
            self._study(told, idea.opinion, ADVICE[Outcome.RETAINED], before=None)
        for position, answer in enumerate(idea.answers):
            opinion = answer.opinion or (idea.opinion if position == 0 else "")
            studied = position == 0 and self.rng.random() < 0.6
            if (opinion or studied) and not answer.held_back:
                advice = ADVICE[answer.outcome]
                if answer.conditions:
                    advice = ReviewAdvice.FAVOURABLE_IF
                self._study(told, opinion, advice, before=answer.taken_on)
            self._answer(told, answer)

    def _study(self, told: Told, opinion: str, advice: ReviewAdvice, *, before: date | None) -> None:
        """Under review, then the opinion, all of it before the meeting that decided."""
        start = told.moved_on or told.idea.sent_on
        last = before - timedelta(days=4) if before else start + timedelta(days=24)
        room = max((last - start).days, 1)
        begin = min(next_workday(start + timedelta(days=max(1, room - self.rng.randrange(20, 60)))), self.until)
        reviewer = self.rng.choice(self.project.reviewers)
        at = office_time(self.rng, begin)
        told.move(S.UNDER_REVIEW, begin, at)
        self._trace(told, at, reviewer, "review:take", state=[S.PUBLISHED.value, S.UNDER_REVIEW.value])
        if not opinion:
            return
        wait = self.rng.randrange(1, max(2, (last - begin).days + 1))
        day = min(next_workday(begin + timedelta(days=wait)), self.until)
        if before and day >= before:
            day = begin
        at = max(office_time(self.rng, day), at + timedelta(minutes=20))
        self.batch.add(
            Review,
            proposal_id=told.id,
            reviewer_id=reviewer.id,
            advice=advice,
            text=validation.reason(opinion),
            recorded_at=at,
            effective_on=day,
        )
        self._trace(told, at, reviewer, "review:write", advice=[None, advice.value])

    def _answer(self, told: Told, answer: Answer) -> None:
        workflow.check_proposal_move(told.state, answer.outcome.state)
        taken_at = office_time(self.rng, answer.taken_on)
        published_on = None if answer.held_back else self._published_on(told.idea, answer)
        published_at = office_time(self.rng, published_on) if published_on else None
        key = self.batch.add(
            Decision,
            proposal_id=told.id,
            meeting_id=self.project.steering_meeting(answer.taken_on),
            outcome=answer.outcome,
            motive=answer.motive,
            reason=answer.reason,
            taken_on=answer.taken_on,
            published_on=published_on,
            published_at=published_at,
            review_on=answer.review_on,
            redirected_to=answer.redirected_to,
            recorded_at=taken_at,
        )
        for condition in answer.conditions:
            self.batch.add(
                DecisionCondition, decision_id=key, kind=condition.kind, label=condition.label, met_on=condition.met_on
            )
        trace(
            self.batch, at=taken_at, programme_id=self.project.id, person=self._committee.signature,
            verb="decision:take", subject="decision", subject_id=key, outcome=[None, answer.outcome.value],
        )  # fmt: skip
        if published_on is None or published_at is None:
            return
        before = told.state
        told.move(answer.outcome.state, published_on, published_at, decision_id=key)
        if answer.outcome is Outcome.RETAINED:
            told.retained_on = published_on
        trace(
            self.batch, at=published_at, programme_id=self.project.id, person=self._committee.signature,
            verb="decision:publish", subject="decision", subject_id=key, state=[before.value, told.state.value],
        )  # fmt: skip

    def _published_on(self, idea: Idea, answer: Answer) -> date:
        """With the other answers of the meeting, a week or so later and before its first action begins."""
        if answer.published_on:
            return answer.published_on
        if (idea.key, answer.taken_on) in self._late:
            return after(answer.taken_on, LATE_DAYS + len(idea.key))
        day = after(answer.taken_on, 7)
        return min(day, self.openings.get(answer.taken_on, day))

    def _late_answers(self) -> set[tuple[str, date]]:
        """One answer a year that waited for months in a drawer: none that an action depends on."""
        last: dict[int, list[tuple[str, date]]] = {}
        for idea in self._ideas:
            if idea.answers and idea.retained_on is None and idea.answers[-1].published_on is None:
                taken = idea.answers[-1].taken_on
                last.setdefault(taken.year, []).append((idea.key, taken))
        return {self.rng.choice(sorted(keys)) for _year, keys in sorted(last.items())}

    # --- Regrouped, withdrawn -------------------------------------------------------------------------------

    def _merge(self, told: Told, target: Told) -> None:
        decided = target.idea.retained_on
        if decided is None or told.published_on is None or target.published_on is None:
            raise ValueError(f"{told.idea.key} cannot join {target.idea.key}")
        first = max(told.published_on, target.published_on) + timedelta(days=7)
        day = min(next_workday(max(first, decided - timedelta(days=self.rng.randrange(3, 40)))), self.until)
        reviewer = self.rng.choice(self.project.reviewers)
        at = office_time(self.rng, day)
        told.move(S.MERGED, day, at)
        self.batch.add(
            ProposalLineage, from_id=told.id, to_id=target.id, kind=LineageKind.MERGED, recorded_at=at, effective_on=day
        )
        self._trace(told, at, reviewer, "proposal:merge", state=[S.PUBLISHED.value, S.MERGED.value])

    def _withdraw(self, told: Told) -> None:
        day = min(after(told.moved_on or told.idea.sent_on, self.rng.randrange(9, 60)), self.until)
        told.move(S.WITHDRAWN, day, office_time(self.rng, day))

    # --- Rows -----------------------------------------------------------------------------------------------

    def _rows_of(self, told: Told) -> None:
        idea, batch = told.idea, self.batch
        returned = idea.state == "returned"
        sent = paris_day(told.submitted_at)
        batch.add(
            Proposal,
            id=told.id,
            programme_id=self.project.id,
            campaign_id=told.campaign_id,
            number=told.number,
            draft_key=draft_key(self.rng),
            theme_id=self.project.themes[idea.theme],
            title=idea.title,
            body=idea.body,
            state=told.state,
            origin=idea.origin,
            workshop_id=told.workshop_id,
            created_on=sent,
            submitted_on=None if returned else sent,
            published_on=told.published_on,
        )
        batch.add(
            ProposalVersion, proposal_id=told.id, position=1, title=idea.title, body=idea.body,
            recorded_at=told.submitted_at,
        )  # fmt: skip
        for employer in idea.entities:
            batch.add(proposal_entity, proposal_id=told.id, entity_id=self.town.entities[employer])
        for move in told.moves:
            batch.add(ProposalTransition, **move)

    def _trace(self, told: Told, at: datetime, person: Person, verb: str, **changes: object) -> None:
        trace(
            self.batch, at=at, programme_id=self.project.id, person=person.signature, verb=verb, subject="proposal",
            subject_id=told.id, **changes,
        )  # fmt: skip


def draft_key(rng: Random) -> str:
    return f"{rng.getrandbits(192):048x}"[:32]


def openings(ideas: Iterable[Idea], opened: Mapping[str, date]) -> dict[date, date]:
    """Per meeting, the first day on which an action began for a proposal it retained; `opened`: by proposal."""
    first: dict[date, date] = {}
    for idea in ideas:
        taken, day = idea.retained_on, opened.get(idea.key)
        if taken and day:
            first[taken] = min(day, first.get(taken, day))
    return first
